/*
 * Client programs about caches: a kind of cache, its options, what is in it at first, and for each
 * task a list of operations. What they return is written down (cache_history.h); a value is checked
 * word by word; the end looks at what is there, at the statistics and at the memory.
 *
 * A value is a version, which no two sets have in common, spread over as many words as it is long;
 * so a torn one and one of another key are seen. sim_saw(v) is said of each version v that a task
 * sees, sim_saw(0) of a key that is not there: for must_see.
 */
#ifndef CT_TESTS_SIM_CACHE_PROGRAMS_H
#define CT_TESTS_SIM_CACHE_PROGRAMS_H

#include "cache_history.h"
#include "programs.h"

#include "cache/cache.h"
#include "cache/concurrent.h"
#include "cache/rw_sharded.h"
#include "cache/sharded.h"
#include "cache/syncmap.h"

enum { CACHE_STEPS = 6, CACHE_TASKS = 3, CACHE_LOADED = 11 /* the first version of a loader */ };

enum { A, B, C, D, E, F }; /* keys */

/* Bits of sim_saw() beside the versions. */
enum { SAW_TIMED_OUT = 20, SAW_FAILED, SAW_LED, SAW_JOINED };

union cache_any {
        struct ct_concurrent_cache concurrent;
        struct ct_sharded_cache sharded;
        struct ct_rw_sharded_cache rw_sharded;
        struct ct_syncmap_cache syncmap;
};

struct cache_ops {
        bool whole_snapshots; /* of one moment */
        int (*init)(union cache_any *, const struct ct_cache_options *);
        void (*destroy)(union cache_any *);
        int (*get)(union cache_any *, const void *, size_t, void *, size_t, size_t *);
        int (*set_for)(union cache_any *, const void *, size_t, const void *, size_t, int64_t);
        bool (*delete)(union cache_any *, const void *, size_t);
        int (*snapshot)(union cache_any *, struct ct_snapshot *);
        void (*clear)(union cache_any *);
        void (*stats)(union cache_any *, struct ct_cache_stats *);
        int (*load)(union cache_any *, const void *, size_t, const struct ct_cache_loader *,
                    int64_t, void *, size_t, size_t *);
        int (*pin)(union cache_any *, const void *, size_t, struct ct_cache_pin *);
        void (*unpin)(union cache_any *, struct ct_cache_pin *);
        size_t (*expire)(union cache_any *);
};

extern const struct cache_ops cache_concurrent, cache_sharded, cache_rw_sharded, cache_syncmap;

void cache_fill(uint64_t *value, unsigned words, unsigned key, unsigned version);

/* The version of a value that somebody set for this key, as a whole. */
uint8_t cache_version(const uint64_t *value, size_t size, unsigned key);

enum cache_step_kind {
        CACHE_NOTHING,
        CACHE_GET,
        CACHE_SET_FOR,
        CACHE_DELETE,
        CACHE_PIN, /* held until the task's UNPIN */
        CACHE_UNPIN,
        CACHE_LOAD,
        CACHE_LOAD_FAILS,
        CACHE_LOAD_BREAKS, /* the loader does not return */
        CACHE_LOAD_TIMED,
        CACHE_SNAPSHOT,
        CACHE_CLEAR,
        CACHE_EXPIRE,
        CACHE_STATS,
        CACHE_PASS /* time */
};

struct cache_step {
        uint8_t kind, key, version, words; /* words: of a set's value; 0: the script's */
        int64_t ns;                        /* a set's TTL; what passes */
};

#define CACHE_STEP(...)                                                                            \
        {                                                                                          \
                __VA_ARGS__                                                                        \
        }
#define CACHE_KEYED(what, k) CACHE_STEP(.kind = what, .key = k)
#define GET(k) CACHE_KEYED(CACHE_GET, k)
#define SET(k, v) CACHE_STEP(.kind = CACHE_SET_FOR, .key = k, .version = v)
#define SET_WORDS(k, v, w) CACHE_STEP(.kind = CACHE_SET_FOR, .key = k, .version = v, .words = w)
#define SET_FOR(k, v, ttl) CACHE_STEP(.kind = CACHE_SET_FOR, .key = k, .version = v, .ns = ttl)
#define DELETE(k) CACHE_KEYED(CACHE_DELETE, k)
#define PIN(k) CACHE_KEYED(CACHE_PIN, k)
#define UNPIN CACHE_KEYED(CACHE_UNPIN, 0)
#define LOAD(k) CACHE_KEYED(CACHE_LOAD, k)
#define LOAD_FAILS(k) CACHE_KEYED(CACHE_LOAD_FAILS, k)
#define LOAD_BREAKS(k) CACHE_KEYED(CACHE_LOAD_BREAKS, k)
#define LOAD_TIMED(k) CACHE_KEYED(CACHE_LOAD_TIMED, k)
#define SNAPSHOT CACHE_KEYED(CACHE_SNAPSHOT, 0)
#define CLEAR CACHE_KEYED(CACHE_CLEAR, 0)
#define EXPIRE CACHE_KEYED(CACHE_EXPIRE, 0)
#define STATS CACHE_KEYED(CACHE_STATS, 0)
#define PASS(t) CACHE_STEP(.kind = CACHE_PASS, .ns = t)

struct cache_script {
        const struct cache_ops *ops;
        struct ct_cache_options options;
        struct cache_step first[CACHE_STEPS]; /* before the tasks begin */
        struct cache_step task[CACHE_TASKS][CACHE_STEPS];
        unsigned loads; /* at most so many loaders run; 0: none */
        uint8_t words;  /* of values; 0: 2 */
};

struct cache_loading {
        struct cache_state *state;
        uint8_t task, key, how; /* how: the step's kind */
        uint8_t version;        /* that it gave; 0: it did not run, or failed */
        bool ran;
        uint64_t value[2];
};

struct cache_state {
        const struct cache_script *script;
        union cache_any cache;
        struct cache_history history;
        ct_atomic_u32 told[CACHE_TASKS + 1];
        struct cache_loading loading[CACHE_TASKS + 1];
        unsigned gets, hits, misses; /* told by gets and pins; gets: also loads, begun */
        unsigned gets_ended, loads;
        bool asked;                    /* for statistics, while tasks run */
        uint8_t under_way[CACHE_KEYS]; /* loaders */
};

void cache_setup(struct cache_state *s, const struct cache_script *script);
void cache_task(void *state, unsigned self);
void cache_check(void *state);

/* A program's script, and its setup. */
#define CACHE_SCRIPT(name, ...)                                                                    \
        static const struct cache_script name = {__VA_ARGS__};                                     \
        static void name##_setup(void *state)                                                      \
        {                                                                                          \
                cache_setup(state, &name);                                                         \
        }

/* Of n tasks; CACHE_LATE: with stores that come late. */
#define CACHE_ANY(script, n, what_)                                                                \
        .name = "cache_" #script, .what = what_, .tasks = n, .size = sizeof(struct cache_state),   \
        .setup = script##_setup, .task = cache_task, .check = cache_check
#define CACHE_PROGRAM(script, n, what_)                                                            \
        CACHE_ANY(script, n, what_), .faults = -1, .asymmetric = true
#define CACHE_LATE(script, n, what_)                                                               \
        CACHE_ANY(script, n, what_), .bound = 2, .faults = 1, .asymmetric = true

#define SEEN(bit) (UINT32_C(1) << (bit))

#endif
