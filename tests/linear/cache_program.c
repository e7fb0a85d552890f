/* Random programs: 3 or 4 contexts, 3 to 8 steps each, on one or two keys of a cache with random
   options. */
#include "cache_perform.h"

#include "base/hash.h"

struct maker {
        const struct cache_stage *s;
        struct ct_rng *r;
        unsigned keys, reads;  /* of 100 steps */
        unsigned loads, value; /* yet allowed to the context; the last one given out */
};

static unsigned below(struct maker *m, unsigned n)
{
        return (unsigned)ct_rng_below(m->r, n);
}

/* Seldom something that concerns more than the key. */
static enum cache_verb rare_verb(struct maker *m)
{
        static const enum cache_verb verbs[] = {VERB_FILL,   VERB_ADVANCE, VERB_FILL,
                                                VERB_EXPIRE, VERB_ADVANCE, VERB_FILL,
                                                VERB_YIELD,  VERB_FILL,    VERB_ADVANCE};
        unsigned x = below(m, 400);

        return x == 0  ? VERB_CLEAR
               : x < 5 ? VERB_SNAPSHOT
                       : verbs[x % (sizeof verbs / sizeof *verbs)];
}

static enum cache_verb key_verb(struct maker *m)
{
        unsigned x = below(m, 100);

        if (x < m->reads)
                return x < m->reads / 5 ? VERB_PIN : VERB_GET;
        x = below(m, 100);
        return x < 10 ? VERB_LOAD : x < 30 ? VERB_DELETE : x < 45 ? VERB_SET_FOR : VERB_SET;
}

static enum cache_verb make_verb(struct maker *m)
{
        const struct cache_kind *k = m->s->cache.kind;
        enum cache_verb verb = below(m, 10) ? key_verb(m) : rare_verb(m);

        switch (verb) {
        case VERB_ADVANCE:
        case VERB_EXPIRE:
                return m->s->ttl ? verb : VERB_FILL;
        case VERB_SET_FOR:
                return m->s->ttl ? verb : VERB_SET;
        case VERB_PIN:
                return k->pin ? verb : VERB_GET;
        case VERB_LOAD:
                return k->get_or_load && m->loads && m->loads-- ? verb : VERB_SET;
        default:
                return verb;
        }
}

static void make_step(struct maker *m, struct cache_step *step)
{
        *step = (struct cache_step){.verb = (uint8_t)make_verb(m),
                                    .key = (uint8_t)below(m, m->keys)};
        if (step->verb == VERB_SET || step->verb == VERB_SET_FOR || step->verb == VERB_LOAD)
                step->value = (uint8_t)++m->value;
        if (m->s->ttl)
                step->ttl = (uint8_t)below(m, 4);
        if (step->verb == VERB_LOAD) {
                step->fails = !below(m, 8);
                step->impatient = !below(m, 8);
        }
        step->parks = !below(m, 8);
}

/* What all contexts of a history have in common follows from its keys. */
void cache_plan_batch(struct cache_stage *s, unsigned self)
{
        static const unsigned reads[] = {20, 45, 70};

        for (unsigned h = 0; h < CACHE_BATCH; h++) {
                struct cache_plan *p = &s->performer[self].plan[h];
                uint64_t facts = ct_hash_u64(s->serial + h, 3);
                struct maker m = {.s = s,
                                  .r = &s->performer[self].rng,
                                  .keys = facts % 3 ? 1 : CACHE_KEYS,
                                  .reads = reads[facts / 3 % 3],
                                  .loads = 2,
                                  .value = self * 16};

                p->steps = self < 3 + facts / 9 % 2 ? 3 + below(&m, CACHE_CONTEXT_OPS - 2) : 0;
                for (unsigned i = 0; i < p->steps; i++)
                        make_step(&m, &p->step[i]);
        }
}

static enum ct_cache_policy some_policy(unsigned among, struct ct_rng *r)
{
        enum ct_cache_policy p;

        do
                p = (enum ct_cache_policy)ct_rng_below(r, CT_CACHE_POLICIES);
        while (!(among >> p & 1) || p == CT_CACHE_KEEP);
        return p;
}

struct ct_cache_options cache_stage_options(struct cache_stage *s, const struct cache_kind *k,
                                            struct ct_rng *r)
{
        struct ct_cache_options o = {.shards = k->shards};
        size_t each = 1 + ct_rng_below(r, 3);

        s->bounded = k->policies >> CT_CACHE_FIFO && ct_rng_below(r, 2);
        s->ttl = k->ttl && ct_rng_below(r, 2);
        if (s->ttl)
                o.ttl_ns = (int64_t)ct_rng_below(r, 4);
        s->ttl_of_set = (int32_t)o.ttl_ns;
        if (!s->bounded)
                return o;
        if (!o.shards)
                o.shards = 1u << ct_rng_below(r, 3);
        o.policy = some_policy(k->policies, r);
        if (ct_rng_below(r, 4)) /* else: by bytes, of which the largest value must fit */
                o.max_entries = o.shards * each;
        else
                o.max_bytes = o.shards * (CACHE_ROOM + 100) * each;
        return o;
}
