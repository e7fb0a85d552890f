#include "limit/guide_waitline.h"

#include <errno.h>

#include "base/clock.h"

int ct_waitline_condition(pthread_cond_t *c)
{
        pthread_condattr_t attr;
        int rc = pthread_condattr_init(&attr);

        if (rc)
                return -rc;
        rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        if (!rc)
                rc = pthread_cond_init(c, &attr);
        pthread_condattr_destroy(&attr);
        return -rc;
}

int ct_waitline_sleep(pthread_cond_t *c, pthread_mutex_t *mutex, int64_t deadline_ns)
{
        struct timespec t = ct_timespec(deadline_ns);

        if (deadline_ns == CT_FOREVER)
                return -pthread_cond_wait(c, mutex);
        return -pthread_cond_timedwait(c, mutex, &t);
}

static void leave(struct ct_waitline *line, struct ct_waitline_place *place)
{
        struct ct_waitline_place **p = &line->first;

        while (*p != place)
                p = &(*p)->next;
        *p = place->next;
        if (line->end == &place->next)
                line->end = p;
        line->n--;
}

int ct_waitline_wait(struct ct_waitline *line, pthread_mutex_t *mutex, uint64_t ticket,
                     int64_t deadline_ns)
{
        struct ct_waitline_place place = {.ticket = ticket};
        int rc = ct_waitline_condition(&place.turn);

        if (rc)
                return rc;
        if (!line->end)
                line->end = &line->first;
#ifdef CT_PLANT_limit_line_is_a_stack
        place.next = line->first;
        line->first = &place;
        if (!place.next)
                line->end = &place.next;
#else
        *line->end = &place;
        line->end = &place.next;
#endif
        line->n++;
        while (!place.served && !rc)
                rc = ct_waitline_sleep(&place.turn, mutex, deadline_ns);
        if (place.served) /* perhaps just as the time was up: it is ours all the same */
                rc = 0;
        else
                leave(line, &place);
        pthread_cond_destroy(&place.turn);
        return rc;
}

bool ct_waitline_serve(struct ct_waitline *line)
{
        struct ct_waitline_place *first = line->first;

        if (!first)
                return false;
        line->first = first->next;
        if (!line->first)
                line->end = &line->first;
        line->n--;
        first->served = true;
        /* Under the mutex: once it is free the waiter may return, and its condition be gone. */
        pthread_cond_signal(&first->turn);
        return true;
}
