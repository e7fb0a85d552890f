/*
 * Threads that wait in a line, for the limiters in this folder: first come, first served.
 *
 * Each waiter brings a condition of its own on its stack, so that whoever serves the line wakes the
 * one whose turn it is and nobody else. One shared condition with pthread_cond_signal would wake
 * any of them. The line has no lock: its limiter's mutex is held around every call. Source: the
 * queue of waiting receivers in Go's channel.
 */
#ifndef CT_LIMIT_GUIDE_WAITLINE_H
#define CT_LIMIT_GUIDE_WAITLINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_waitline_place {
        struct ct_waitline_place *next;
        pthread_cond_t turn;
        uint64_t ticket; /* the limiter's own */
        bool served;
};

/* Zero bytes are an empty line. */
struct ct_waitline {
        struct ct_waitline_place *first, **end; /* end: NULL while nobody has ever waited */
        size_t n;
};

/* A condition whose deadlines are ct_now_ns() times. 0 or -errno. */
int ct_waitline_condition(pthread_cond_t *);

/* Sleeps on the condition until it is signalled or the deadline: 0 (perhaps for no reason) or
   -ETIMEDOUT. */
int ct_waitline_sleep(pthread_cond_t *, pthread_mutex_t *, int64_t deadline_ns);

/* Joins the end of the line and waits to be served: 0; or leaves it: -ETIMEDOUT, -errno. */
int ct_waitline_wait(struct ct_waitline *, pthread_mutex_t *, uint64_t ticket, int64_t deadline_ns);

/* Serves the first in the line, if there is one. */
bool ct_waitline_serve(struct ct_waitline *);

#endif
