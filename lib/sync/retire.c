/*
 * Deferred frees.
 *
 * Retired objects go to one of CT_RETIRED_STRIPES lists, chosen by slot to stay off each other's
 * lines. In each stripe:
 *      fresh    retired since the last collection; at most CT_RETIRED_LIMIT, but for sections
 *      pending  unlinked before the fence; waits for the sections in `seen`
 *      busy     one context collects; pending, seen and the frees are its alone
 * Free functions run inside a section, which is how a ct_retire in them knows that it must not
 * wait.
 *
 * Invariants: an object's retirement happens before the fence that precedes the scan which frees
 * it; `pending` is empty or `seen` is not.
 *
 * The tempting wrong version: to take objects into `pending` after the look at the readers, since
 * they are unlinked by then. A section that began and found them between the two was not seen.
 */
#include "base/guard.h"
#include "sync/reclaim_grace.h"

struct list {
        struct ct_retired *head, **tail; /* tail is valid when head is not NULL */
        unsigned n;
};

static struct stripe {
        CT_ALIGN_PAIR struct ct_guard guard; /* protects fresh, busy and count */
        bool busy;
        struct list fresh;
        size_t count; /* retired and not freed yet */
        struct list pending;
        struct ct_read_sections_ seen;
} stripes[CT_RETIRED_STRIPES];

static void list_append(struct list *to, struct list *from)
{
        if (!from->head)
                return;
        if (to->head)
                *to->tail = from->head;
        else
                to->head = from->head;
        to->tail = from->tail;
        to->n += from->n;
        *from = (struct list){0};
}

static void list_add(struct list *l, struct ct_retired *r)
{
        struct list one = {.head = r, .tail = &r->next, .n = 1};

        r->next = NULL;
        list_append(l, &one);
}

/* Becomes the one that collects; false if somebody is at it. */
static bool collect_begin(struct stripe *s)
{
        bool mine;

        ct_guard_lock(&s->guard);
        mine = !s->busy;
        s->busy = true;
        ct_guard_unlock(&s->guard);
        return mine;
}

static void collect_end(struct stripe *s, size_t freed)
{
        ct_guard_lock(&s->guard);
        s->busy = false;
        s->count -= freed;
        ct_guard_unlock(&s->guard);
}

static void take_fresh(struct stripe *s)
{
        ct_guard_lock(&s->guard);
        list_append(&s->pending, &s->fresh);
        ct_guard_unlock(&s->guard);
}

static size_t free_pending(struct stripe *s)
{
        struct list l = s->pending;
        struct ct_reading r = ct_read_begin(); /* makes ct_retire in a free function not wait */

        s->pending = (struct list){0};
        while (l.head) {
                struct ct_retired *next = l.head->next;

                l.head->free(l.head);
                l.head = next;
        }
        ct_read_end(r);
        return l.n;
}

/* Frees what can be freed without waiting. */
static void collect(struct stripe *s)
{
        size_t freed = 0;

        if (!collect_begin(s))
                return;
        if (s->pending.head && ct_read_all_ended_(&s->seen))
                freed += free_pending(s);
        if (!s->pending.head) {
#ifdef CT_PLANT_reclaim_scans_before_it_takes
                ct_read_note_open_(&s->seen);
                take_fresh(s);
#else
                take_fresh(s);
                ct_read_note_open_(&s->seen);
#endif
                if (ct_read_all_ended_(&s->seen))
                        freed += free_pending(s);
        }
        collect_end(s, freed);
}

static struct stripe *stripe_here(void)
{
        return &stripes[ct_slot() % CT_RETIRED_STRIPES];
}

void ct_retire(struct ct_retired *r, void (*free_it)(struct ct_retired *))
{
        struct ct_read_patience_ p = {.nap = 0};
        struct stripe *s = stripe_here();
        bool may_wait = !ct_reading_here();
        unsigned n;

        r->free = free_it;
        ct_guard_lock(&s->guard);
        while (may_wait && s->fresh.n >= CT_RETIRED_LIMIT) {
                ct_guard_unlock(&s->guard);
                collect(s);
                ct_read_be_patient_(&p);
                ct_guard_lock(&s->guard);
        }
        list_add(&s->fresh, r);
        s->count++;
        n = s->fresh.n;
        ct_guard_unlock(&s->guard);
        if (n >= CT_RETIRED_BATCH && n % (CT_RETIRED_BATCH / 2) == 0)
                collect(s);
}

static void drain(struct stripe *s)
{
        struct ct_read_patience_ p = {.nap = 0};
        size_t freed;

        while (!collect_begin(s))
                ct_read_be_patient_(&p);
        take_fresh(s);
        ct_read_note_open_(&s->seen); /* anew: covers what was pending, too */
        while (!ct_read_all_ended_(&s->seen))
                ct_read_be_patient_(&p);
        freed = free_pending(s);
        collect_end(s, freed);
}

void ct_retired_drain(void)
{
        ct_read_panic_inside_("ct_retired_drain");
        for (unsigned i = 0; i < CT_RETIRED_STRIPES; i++)
                drain(&stripes[i]);
}

size_t ct_retired_count(void)
{
        size_t count = 0;

        for (unsigned i = 0; i < CT_RETIRED_STRIPES; i++) {
                ct_guard_lock(&stripes[i].guard);
                count += stripes[i].count;
                ct_guard_unlock(&stripes[i].guard);
        }
        return count;
}
