/*
 * What the operations of one schedule on one cache were, and whether there is an order of them that
 * explains what they returned: each took effect at one moment between its begin and its end, as on
 * a map in which entries expire, and in a bounded cache go at any moment.
 *
 * Not seen by the simulator: writing it down neither switches tasks nor races.
 */
#ifndef CT_TESTS_SIM_CACHE_HISTORY_H
#define CT_TESTS_SIM_CACHE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

enum { CACHE_KEYS = 6, CACHE_EVENTS = 32, CACHE_ABSENT = 0 };

enum cache_event_kind { CACHE_SAW, CACHE_SET, CACHE_DELETED, CACHE_CLEARED, CACHE_SAW_ALL };

struct cache_event {
        uint8_t kind, key;
        uint8_t version;         /* that was set or seen; CACHE_DELETED: whether it was there */
        uint8_t all[CACHE_KEYS]; /* CACHE_SAW_ALL */
        unsigned begin, end;     /* when, by a count of begins and ends */
        int64_t since, until;    /* the same by the clock */
        int64_t ttl;             /* of a set; 0: for ever */
};

struct cache_history {
        struct cache_event event[CACHE_EVENTS];
        unsigned events, stamps;
        bool evicts; /* entries go at any moment */
};

/* An operation begins; what it did is told at its end. */
struct cache_event cache_event_begin(struct cache_history *h);
void cache_event_end(struct cache_history *h, struct cache_event e);

/* Fails the schedule if the history has no such order, and says what it is. */
void cache_history_check(const struct cache_history *h);

#endif
