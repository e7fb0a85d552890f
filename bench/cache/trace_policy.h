/*
 * A policy alone, with an array for a map: what it costs to keep the order, and its hit ratio. No
 * include guard: one file, one contestant. The file defines CONTESTANT, NAME, SOURCE and POLICY.
 */

#include "cache/policy.h"
#include "cache/trace_run.h"

struct place {
        struct ct_cache_node_ node;
        bool in;
};

static void make_room(struct ct_policy_ *policy, struct trace_pass *out)
{
        struct ct_cache_node_ *victim;

        while ((victim = ct_policy_victim_(policy, 1))) {
                ((struct place *)victim)->in = false;
                out->evicted++;
        }
}

static int pass(const struct trace *t, size_t capacity, const struct params *p,
                struct trace_pass *out)
{
        struct place *places = calloc(t->keys, sizeof *places);
        struct ct_policy_ policy;
        int rc = places ? ct_policy_init_(&policy, POLICY, capacity, 0) : -ENOMEM;

        (void)p;
        if (rc) {
                free(places);
                return rc;
        }
        for (size_t i = 0; i < t->n; i++) {
                struct place *place = &places[t->key[i]];

                if (place->in) {
                        ct_policy_touch_(&policy, &place->node);
                        out->hits++;
                        continue;
                }
                make_room(&policy, out);
                place->node.hash = ct_hash_u64(t->key[i], 1);
                place->node.bytes = 1;
                place->in = true;
                ct_policy_insert_(&policy, &place->node);
        }
        out->left = policy.entries;
        ct_policy_fini_(&policy);
        free(places);
        return 0;
}

TRACE_MEASURE_ALL(pass)

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .measure = {TRACE_MEASURES},
};
