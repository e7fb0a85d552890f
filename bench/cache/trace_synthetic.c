#include "cache/trace_synthetic.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { REQUESTS_PER_KEY = 20, FEWEST_KEYS = 100, SHIFT_SETS = 5, LOOP_PASSES = 10 };

struct maker {
        struct trace *t;
        uint32_t keys;
        struct ct_rng rng;
        uint64_t *below; /* by rank from 0: the sum of the weights up to it; zipf's */
        uint32_t *stack; /* the key used last first; recency's */
};

/* In whole numbers, so that a draw does not depend on how a machine adds up. */
static int weigh(struct maker *m)
{
        uint64_t sum = 0;

        m->below = malloc(m->keys * sizeof *m->below);
        if (!m->below)
                return -ENOMEM;
        for (uint32_t rank = 0; rank < m->keys; rank++) {
                sum += (uint64_t)(0x1p40 / pow(rank + 1.0, 0.99));
                m->below[rank] = sum;
        }
        return 0;
}

static uint32_t zipf_rank(struct maker *m)
{
        uint64_t x = ct_rng_below(&m->rng, m->below[m->keys - 1]);
        uint32_t low = 0, high = m->keys - 1, middle;

        while (low < high) {
                middle = low + (high - low) / 2;
                if (x < m->below[middle])
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

static void make_zipf(struct maker *m)
{
        for (size_t i = 0; i < m->t->n; i++)
                m->t->key[i] = zipf_rank(m);
}

static void make_scan(struct maker *m)
{
        size_t draws = m->keys / 2, scan = m->keys / 4;

        for (size_t i = 0; i < m->t->n; i++)
                m->t->key[i] = i % (draws + scan) < draws ? zipf_rank(m) : m->t->keys++;
}

static void make_loop(struct maker *m)
{
        size_t i = 0;

        while (i < m->t->n) {
                size_t length = (size_t)(m->keys / pow(1000, ct_rng_unit(&m->rng)));
                size_t first = ct_rng_below(&m->rng, m->keys);

                for (size_t left = length * LOOP_PASSES; left && i < m->t->n; left--)
                        m->t->key[i++] = (uint32_t)((first + left % length) % m->keys);
        }
}

/* A step that shares no factor of note with the keys, so that no popular set comes back. */
static void make_shift(struct maker *m)
{
        size_t step = (size_t)(m->keys * 0.382), stretch = m->t->n / SHIFT_SETS;

        for (size_t i = 0; i < m->t->n; i++)
                m->t->key[i] = (uint32_t)((zipf_rank(m) + i / stretch * step) % m->keys);
}

static void make_recency(struct maker *m)
{
        double mean = m->keys / 100.0, scale = 1 / log1p(-1 / (mean + 1));
        double deep;
        size_t depth;
        uint32_t key;

        for (size_t i = 0; i < m->t->n; i++) {
                deep = floor(log1p(-ct_rng_unit(&m->rng)) * scale);
                depth = deep < m->keys ? (size_t)deep : m->keys - 1;
                key = m->stack[depth];
                memmove(m->stack + 1, m->stack, depth * sizeof *m->stack);
                m->stack[0] = m->t->key[i] = key;
        }
}

static int make(struct maker *m, enum trace_kind kind)
{
        static void (*const makers[])(struct maker *) = {
                [TRACE_ZIPF] = make_zipf,       [TRACE_SCAN] = make_scan,
                [TRACE_LOOP] = make_loop,       [TRACE_SHIFT] = make_shift,
                [TRACE_RECENCY] = make_recency,
        };
        int rc = weigh(m);

        m->stack = malloc(m->keys * sizeof *m->stack);
        if (rc || !m->stack)
                return -ENOMEM;
        for (uint32_t key = 0; key < m->keys; key++)
                m->stack[key] = key;
        makers[kind](m);
        return 0;
}

int trace_make(struct trace *t, enum trace_kind kind, uint32_t keys, uint64_t seed)
{
        struct maker m = {.t = t, .keys = keys};
        int rc;

        *t = (struct trace){0};
        if (keys < FEWEST_KEYS || keys > TRACE_MOST / REQUESTS_PER_KEY)
                return -EINVAL;
        t->keys = keys;
        t->n = (size_t)keys * REQUESTS_PER_KEY;
        t->key = malloc(t->n * sizeof *t->key);
        if (!t->key)
                return -ENOMEM;
        ct_rng_seed(&m.rng, seed);
        rc = make(&m, kind);
        free(m.below);
        free(m.stack);
        if (rc)
                trace_free(t);
        return rc;
}

void trace_free(struct trace *t)
{
        free(t->key);
        *t = (struct trace){0};
}
