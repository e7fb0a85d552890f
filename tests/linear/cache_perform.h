/*
 * Short programs for 3 or 4 contexts on 1 or 2 keys of a real cache, and their histories.
 *
 * A cache lives through some batches of histories. Each history has keys of its own, so each begins
 * with absent ones, while the table fills up, grows, and evicts behind it. Contexts go through a
 * batch without a barrier, two by two as close together as can be.
 */
#ifndef CT_TESTS_LINEAR_CACHE_PERFORM_H
#define CT_TESTS_LINEAR_CACHE_PERFORM_H

#include "cache_history.h"

#include "base/atomic.h"
#include "base/cacheline.h"

#include "cache_kinds.h"

enum { CACHE_BATCH = 256, CACHE_KEYS = 2, CACHE_ROOM = 320, CACHE_CONTEXT_EVENTS = 16 };

enum cache_verb {
        VERB_GET,
        VERB_SET,
        VERB_SET_FOR,
        VERB_DELETE,
        VERB_LOAD,
        VERB_PIN,
        VERB_SNAPSHOT,
        VERB_CLEAR,
        VERB_FILL,    /* other keys: growth, or eviction */
        VERB_ADVANCE, /* the clock */
        VERB_EXPIRE,
        VERB_YIELD,
};

struct cache_step {
        uint8_t verb; /* enum cache_verb */
        uint8_t key, value, ttl;
        bool fails, impatient; /* a load */
        bool parks;            /* a load, or the holder of a pin */
};

/* What one context shall do in one history. */
struct cache_plan {
        unsigned steps;
        struct cache_step step[CACHE_CONTEXT_OPS];
};

struct cache_load {
        uint8_t key;
        uint32_t begun, ended; /* moments: ended < begun is before */
};

/* What one context saw in one history. */
struct cache_log {
        unsigned n, loads;
        uint8_t key[CACHE_CONTEXT_EVENTS];
        struct cache_event event[CACHE_CONTEXT_EVENTS];
        struct cache_load load[CACHE_CONTEXT_OPS];
};

struct cache_performer {
        CT_ALIGN_PAIR uint64_t gets; /* that the statistics must have counted */
        uint64_t filled;
        unsigned clears;
        struct cache_event clear[CACHE_CONTEXT_OPS]; /* in this batch; of all its keys */
        struct cache_plan plan[CACHE_BATCH];
        struct cache_log log[CACHE_BATCH];
        struct ct_rng rng;
};

/* Two contexts that go through a batch together, and how many of them have come to each history. */
struct cache_pair {
        CT_ALIGN_PAIR ct_atomic_u32 came[CACHE_BATCH];
};

struct cache_stage {
        struct any_cache cache;
        bool bounded, ttl;
        int32_t ttl_of_set;
        uint64_t serial; /* of the batch's first key */
        struct cache_performer performer[CACHE_CONTEXTS];
        ct_atomic_u32 surprises; /* answers that no cache ever gives */
        CT_ALIGN_PAIR ct_atomic_u32 moment;
        CT_ALIGN_PAIR ct_atomic_u64 clock;
        CT_ALIGN_PAIR ct_atomic_u32 came_to_batch;
        struct cache_pair pair[CACHE_CONTEXTS / 2];
};

/* cache_program.c: what context `self` shall do in each history of the batch. */
void cache_plan_batch(struct cache_stage *s, unsigned self);

/* The options of the next life; sets what the stage says about them. */
struct ct_cache_options cache_stage_options(struct cache_stage *s, const struct cache_kind *k,
                                            struct ct_rng *r);

/* cache_perform.c: context `self` does its part of the batch. */
void cache_perform(struct cache_stage *s, unsigned self);

#endif
