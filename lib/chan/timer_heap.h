/*
 * The queue of a timer service: a 4-ary heap in an array, the earliest first, equal ones in the
 * order of their starts. Not for users.
 *
 * Insertion, removal and change are O(log n); most timers start later than those that run and stop
 * long before they fire, so that both usually move an entry or two. Deadlines stand in the array
 * and not in the timers: a comparison touches one cache line for four children.
 * Order and exclusion: none of its own; every function needs the service's guard.
 */
#ifndef CT_CHAN_TIMER_HEAP_H
#define CT_CHAN_TIMER_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct ct_timer;

struct ct_timer_entry_ {
        int64_t when;
        uint64_t order; /* of the start */
        struct ct_timer *timer;
};

struct ct_timer_heap_ {
        struct ct_timer_entry_ *entry;
        size_t size, room;
};

#define CT_TIMER_NOT_QUEUED_ SIZE_MAX

/* There must be room. Sets the timer's index, as everything here does that moves it. */
void ct_timer_heap_insert_(struct ct_timer_heap_ *h, struct ct_timer_entry_ e);
void ct_timer_heap_remove_(struct ct_timer_heap_ *h, size_t index);

/* The first entry's deadline becomes a later one. */
void ct_timer_heap_delay_first_(struct ct_timer_heap_ *h, int64_t when);

#endif
