/*
 * The dynamic pool's law: when one more worker comes and when one goes. Pure functions of a moment.
 * Not for users.
 *
 * One more comes when a job has nobody to go to and the queue backs up: more jobs wait than there
 * are workers, or than fit in the queue. So a burst that the present workers will have begun within
 * one job each makes nobody come, and a rendezvous (queue 0) grows with the first job that finds
 * everybody busy. They come one at a time: the next is decided when the one before has arrived and
 * the queue still backs up, since its arrival changes what the decision rests on. After one that
 * did not come (no thread, or its worker_init failed) nobody is tried for a while, or each submit
 * would pay for a failure.
 *
 * One goes when it has had nothing to do for idle_ns, unless fewer than workers_min would be left.
 * Those that wait for jobs are woken last in, first out, so that what the load does not need stays
 * idle and goes.
 */
#ifndef CT_FLOW_POOL_DYNAMIC_LAW_H
#define CT_FLOW_POOL_DYNAMIC_LAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_pool_staff_ {
        unsigned workers; /* at work or idle, and whoever is about to come */
        unsigned idle;    /* of these, have no job */
        unsigned going;   /* beside these, are to go and have not gone yet: their place is taken */
        unsigned coming;  /* of the workers, have been started and have not arrived yet */
        unsigned least, most;
};

/* `waiting` jobs have nobody yet: those in the queue, those of submitters that wait for room, and
   one that was just refused. */
static inline bool ct_pool_backs_up_(uint64_t waiting, unsigned workers, size_t queue)
{
        return waiting > (workers < queue ? workers : queue);
}

static inline bool ct_pool_one_more_(const struct ct_pool_staff_ *s, uint64_t waiting, size_t queue)
{
#ifdef CT_PLANT_pool_dynamic_past_most
        return !s->idle && !s->coming && ct_pool_backs_up_(waiting, s->workers, queue);
#endif
        return s->workers + s->going < s->most && !s->idle && !s->coming &&
               ct_pool_backs_up_(waiting, s->workers, queue);
}

/* For a worker that has idled for idle_ns. One that is coming may yet fail to, so it does not
   count: else the last worker could go for its sake. */
static inline bool ct_pool_one_fewer_(const struct ct_pool_staff_ *s)
{
#ifdef CT_PLANT_pool_dynamic_below_least
        return true;
#endif
#ifdef CT_PLANT_pool_dynamic_counts_the_coming
        return s->workers > s->least;
#endif
        return s->workers - s->coming > s->least;
}

#endif
