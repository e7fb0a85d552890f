/*
 * Storms over caches: what each key and context has, and whether what came out of the cache is
 * right. cache_storm.h says what is wrong.
 */
#ifndef CT_TESTS_CACHE_STORM_ORACLE_H
#define CT_TESTS_CACHE_STORM_ORACLE_H

#include "base/cacheline.h"
#include "base/rng.h"

#include "cache_kinds.h"
#include "cache_storm_value.h"

#include <stdio.h>

enum { STORM_KEYS = 4096, STORM_PINS = 2 };

struct storm_key {
        ct_atomic_u64 floor;   /* the owner's: its values before this sequence number are gone */
        ct_atomic_u32 loading; /* loaders under way */
        /* The owner's alone: its value, and between what clocks that expires. */
        uint64_t word; /* 0: none */
        int64_t not_before, not_after;
};

struct storm_pin {
        struct ct_cache_pin pin;
        uint64_t word, key;
};

struct storm_context {
        CT_ALIGN_PAIR ct_atomic_u64 written; /* sequence number, raised before each set */
        uint64_t gets, hits, calls, loads;   /* calls of get_or_load, and of the loader */
        unsigned pins;
        struct storm_pin pin[STORM_PINS];
        struct ct_rng rng;
};

struct storm {
        /* Given. */
        const struct cache_kind *kind;
        struct ct_cache_options options;
        unsigned contexts, reads; /* of 100 operations */
        uint64_t ops, keys, seed; /* ops of each context */
        bool clears;
        /* Found. */
        ct_atomic_u32 wrong;
        uint64_t gets, hits, evicted, expired, loads;
        /* Inside. */
        struct any_cache cache;
        size_t share;        /* bytes that an entry may have */
        ct_atomic_ptr given; /* a pin on its way to another context */
        CT_ALIGN_PAIR ct_atomic_u64 clock;
        struct storm_key key[STORM_KEYS];
        struct storm_context context[STORM_WRITERS];
};

static inline int64_t storm_clock(void *clock)
{
        return (int64_t)ct_load_u64_acquire(clock); /* pairs with whoever advances it */
}

static inline void storm_wrong(struct storm *s, const char *what, uint64_t key, uint64_t word)
{
        if (ct_add_u32_relaxed(&s->wrong, 1) < 5)
                fprintf(stderr, "%s: %s: key %llu, value %llx\n", s->kind->name, what,
                        (unsigned long long)key, (unsigned long long)word);
}

/* The owner, or `contexts` if the key has none, as every second four. */
static inline unsigned storm_owner(const struct storm *s, uint64_t key)
{
        return key & 4 ? s->contexts : (unsigned)((key / 8 * 4 + key % 4) % s->contexts);
}

/* ---- judging what was found ---- */

/* Before a get: values below this are gone. */
static inline uint64_t storm_floor(struct storm *s, uint64_t key)
{
        return ct_load_u64_acquire(&s->key[key].floor); /* pairs with storm_publish */
}

static inline void storm_publish(struct storm *s, uint64_t key, uint64_t sequence)
{
        ct_store_u64_release(&s->key[key].floor, sequence); /* pairs with storm_floor */
}

static inline uint64_t storm_judge(struct storm *s, uint64_t key, uint64_t floor, const void *value,
                                   size_t size)
{
        uint64_t word = storm_read(value, size, key);
        unsigned writer = storm_word_writer(word), owner = storm_owner(s, key);

        if (!word)
                storm_wrong(s, "torn, or of another key", key, size);
        else if (writer >= s->contexts || (owner != s->contexts && owner != writer) ||
                 storm_word_sequence(word) > ct_load_u64_relaxed(&s->context[writer].written))
                storm_wrong(s, "nobody has set this", key, word);
        else if (owner != s->contexts && storm_word_sequence(word) < floor)
                storm_wrong(s, "gone before the get began", key, word);
        return word;
}

/* What the owner has found, 0 for nothing, between the clocks `from` and `to`. */
static inline void storm_judge_own(struct storm *s, uint64_t key, uint64_t word, int64_t from,
                                   int64_t to)
{
        const struct storm_key *k = &s->key[key];

        if (word && word != k->word)
                storm_wrong(s, "the owner finds another value", key, word);
        else if (word && from >= k->not_after)
                storm_wrong(s, "expired, and found", key, word);
        else if (!word && k->word && to < k->not_before && !s->options.policy && !s->clears)
                storm_wrong(s, "lost", key, k->word);
}

static inline void storm_check_capacity(struct storm *s)
{
        struct ct_cache_stats now;

        s->kind->stats(&s->cache, &now);
        if (s->options.max_entries && now.entries > s->options.max_entries)
                storm_wrong(s, "too many entries", now.entries, s->options.max_entries);
        if (s->options.max_bytes && now.bytes > s->options.max_bytes)
                storm_wrong(s, "too many bytes", now.bytes, s->options.max_bytes);
}

#endif
