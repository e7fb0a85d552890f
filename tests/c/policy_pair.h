/* A policy, with a map of numbers around it, and its reference beside it: each access goes to both,
   and the victims must be the same. For test_policy*.c; after cmocka.h. */
#ifndef CT_TESTS_POLICY_PAIR_H
#define CT_TESTS_POLICY_PAIR_H

#include "base/rng.h"
#include "cache/policy.h"
#include "policy_reference.h"

enum { KEYS = 3000 };

struct entry {
        struct ct_cache_node_ node;
        bool in;
        int key;
};

struct pair {
        struct ct_policy_ policy;
        struct ref *ref;
        struct entry *entry; /* two a key: replace needs another node */
        struct ct_rng rng;
        uint64_t victims;
};

static inline struct entry *entry_of(struct pair *p, int key)
{
        struct entry *e = &p->entry[2 * key];

        return e->in || !e[1].in ? e : e + 1;
}

static inline void start(struct pair *p, enum ct_cache_policy kind, size_t max_entries,
                         size_t max_bytes)
{
        *p = (struct pair){.ref = ref_new(kind, max_entries, max_bytes)};
        p->entry = calloc(2 * KEYS, sizeof *p->entry);
        ct_rng_seed(&p->rng, 7 + max_entries * 31 + max_bytes);
        assert_int_equal(ct_policy_init_(&p->policy, kind, max_entries, max_bytes), 0);
}

static inline void end(struct pair *p)
{
        ct_policy_fini_(&p->policy);
        ref_free(p->ref);
        free(p->entry);
}

/* What both evicted, or that neither did: true if one is gone. */
static inline bool same_victim(struct pair *p, struct ct_cache_node_ *victim, int expected)
{
        struct entry *e = (struct entry *)victim;

        assert_int_equal(e ? e->key : REF_NONE, expected);
        if (!e)
                return false;
        assert_true(e->in);
        e->in = false;
        p->victims++;
        return true;
}

static inline void fill_in(struct entry *e, int key, size_t bytes)
{
        e->key = key;
        e->in = true;
        e->node.hash = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) ^ 5;
        e->node.bytes = bytes;
}

static inline void insert(struct pair *p, int key, size_t bytes)
{
        struct entry *e = &p->entry[2 * key];

        while (same_victim(p, ct_policy_victim_(&p->policy, bytes), ref_victim(p->ref, bytes)))
                ;
        fill_in(e, key, bytes);
        ct_policy_insert_(&p->policy, &e->node);
        ref_insert(p->ref, key, bytes);
}

static inline void replace(struct pair *p, int key, size_t bytes)
{
        struct entry *was = entry_of(p, key);
        struct entry *now = was == &p->entry[2 * key] ? was + 1 : was - 1;

        while (same_victim(p, ct_policy_victim_for_(&p->policy, &was->node, bytes),
                           ref_victim_for(p->ref, key, bytes)))
                assert_true(was->in);
        fill_in(now, key, bytes);
        ct_policy_replace_(&p->policy, &was->node, &now->node);
        memset(was, 0xdd, sizeof *was);
        was->in = false;
        ref_replace(p->ref, key, bytes);
}

static inline void take_out(struct pair *p, int key)
{
        struct entry *e = entry_of(p, key);

        ct_policy_remove_(&p->policy, &e->node);
        memset(e, 0xdd, sizeof *e);
        e->in = false;
        ref_remove(p->ref, key);
}

static inline void clear(struct pair *p)
{
        ct_policy_clear_(&p->policy);
        for (int i = 0; i < 2 * KEYS; i++)
                p->entry[i].in = false;
        ref_clear(p->ref);
}

static inline void same_counts(const struct pair *p)
{
        const struct ct_policy_ *policy = &p->policy;

        assert_int_equal(policy->entries, ref_entries(p->ref));
        assert_int_equal(policy->bytes, ref_bytes(p->ref));
        assert_true(policy->entries <= policy->max_entries);
        assert_true(policy->bytes <= policy->max_bytes);
}

/* All that is left comes out in the same order, with something new for each. */
static inline void same_rest(struct pair *p)
{
        for (int key = 0; key < KEYS && ref_entries(p->ref) > 1; key++)
                if (ref_find(p->ref, key) && ct_rng_below(&p->rng, 8) == 0)
                        take_out(p, key);
        for (int key = KEYS - 100; key < KEYS; key++)
                if (!ref_find(p->ref, key))
                        insert(p, key, 1);
        same_counts(p);
}

enum { OUT_OF = 1000 };

/* How often what is done, of OUT_OF accesses. */
struct mix {
        unsigned removes, replaces;
        size_t most_bytes;
        int keys;
        bool clears;
};

/* Few keys often, many seldom. */
static inline int draw_key(struct pair *p, const struct mix *m)
{
        double x = ct_rng_unit(&p->rng);

        return (int)(x * x * x * m->keys);
}

static inline void access_key(struct pair *p, const struct mix *m, int key)
{
        unsigned what = (unsigned)ct_rng_below(&p->rng, OUT_OF);
        size_t bytes = 1 + ct_rng_below(&p->rng, m->most_bytes);

        if (m->clears && ct_rng_below(&p->rng, 2000) == 0)
                clear(p);
        if (!ref_find(p->ref, key)) {
                assert_false(entry_of(p, key)->in);
                insert(p, key, bytes);
        } else if (what < m->removes) {
                take_out(p, key);
        } else if (what < m->removes + m->replaces) {
                replace(p, key, bytes);
        } else {
                ct_policy_touch_(&p->policy, &entry_of(p, key)->node);
                ref_touch(p->ref, key);
        }
}

#define FOR_EACH_POLICY(k) for (enum ct_cache_policy k = CT_CACHE_FIFO; k < CT_CACHE_POLICIES; k++)

#endif
