/*
 * Pools of every kind for tests that need no scene: a pool's begin and end, and jobs that keep a
 * ledger.
 */
#ifndef CT_TESTS_POOL_LEDGER_H
#define CT_TESTS_POOL_LEDGER_H

#include "sync/semaphore.h"

#include "both.h"
#include "pool_kinds.h"

/* A plain pool with so many places, as far as the kind has them, but dynamic starts with 1 worker
   and lets them go. */
static inline struct ct_pool_config pool_config(void **state, const struct pool_kind *k,
                                                unsigned workers, size_t queue)
{
        enum ct_spawn spawn = both_exec(state) == EXEC_TASK ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
        struct ct_pool_config config =
                plain_config(k, spawn, workers, queue || k->traits & HANDS_OVER ? queue : 1);

        if (k->kind == CT_POOL_DYNAMIC) {
                config.workers_min = 1;
                config.idle_ns = 100 * CT_NS_PER_MS;
        }
        return config;
}

/* Tasks need a runtime for as long as the pool lives. */
static inline struct ct_pool *pool_begin(void **state, const struct ct_pool_config *config)
{
        struct ct_pool *p = NULL;
        int r;

        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_start(NULL), 0);
        r = ct_pool_start(&p, config);
        if (r)
                fail_msg("kind %d: start says %d", (int)config->kind, r);
        assert_non_null(p);
        return p;
}

/* After the shutdown. */
static inline void pool_end(void **state, struct ct_pool *p)
{
        ct_pool_free(p);
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_stop(), 0);
}

/* ---- jobs ---- */

struct pool_ledger;

struct pool_note {
        struct pool_ledger *ledger;
        uint32_t number;
        ct_atomic_u32 ran;       /* how often */
        ct_atomic_u32 discarded; /* how often */
        int error;               /* to return */
};

struct pool_ledger {
        ct_atomic_u32 begun, over, discarded;
        struct ct_semaphore *gate;       /* each job takes a permit; NULL: none needed */
        ct_atomic_u32 sequence[1 << 16]; /* numbers in the order of their start, the first ones */
};

static int pool_note_job(void *arg, void *local)
{
        struct pool_note *n = arg;
        struct pool_ledger *l = n->ledger;
        uint32_t at = ct_add_u32_acq_rel(&l->begun, 1);

        (void)local;
        if (at < sizeof l->sequence / sizeof *l->sequence)
                ct_store_u32_relaxed(&l->sequence[at], n->number);
        ct_add_u32_relaxed(&n->ran, 1);
        if (l->gate)
                ct_semaphore_acquire(l->gate, 1);
        ct_add_u32_acq_rel(&l->over, 1);
        return n->error;
}

/* For config.discard. */
static inline void pool_note_discard(void *ctx, void *arg)
{
        struct pool_note *n = arg;

        (void)ctx;
        ct_add_u32_relaxed(&n->discarded, 1);
        ct_add_u32_relaxed(&n->ledger->discarded, 1);
}

/* n notes, numbered; free() them. */
static inline struct pool_note *pool_notes(struct pool_ledger *l, uint32_t n)
{
        struct pool_note *notes = calloc(n, sizeof *notes);

        if (!notes)
                abort();
        for (uint32_t i = 0; i < n; i++) {
                notes[i].ledger = l;
                notes[i].number = i;
        }
        return notes;
}

/* How many of n have run, or were discarded, other than once in all. */
static inline uint32_t pool_notes_wrong(struct pool_note *notes, uint32_t n)
{
        uint32_t wrong = 0;

        for (uint32_t i = 0; i < n; i++)
                wrong += ct_load_u32_relaxed(&notes[i].ran) +
                                 ct_load_u32_relaxed(&notes[i].discarded) !=
                         1;
        return wrong;
}

#endif
