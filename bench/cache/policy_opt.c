/*
 * What no policy can beat: evicts the key that is asked for again last. It needs the future, so it
 * is the ceiling of the hit ratios, not a policy.
 * Source: Belady, "A study of replacement algorithms for a virtual-storage computer" (1966).
 */
#include "cache/trace_run.h"

#define NEVER UINT32_MAX
_Static_assert(TRACE_MOST < NEVER, "a place in a trace is a number below NEVER");

/* The keys in the cache as a heap: the one that is asked for again last is at the top. */
struct heap {
        uint32_t *key;  /* n of them, from 1 on */
        uint32_t *at;   /* by key: its place in the heap; 0: not in it */
        uint32_t *next; /* by key: when it is asked for again */
        uint32_t n;
};

static void put(struct heap *h, uint32_t at, uint32_t key)
{
        h->key[at] = key;
        h->at[key] = at;
}

/* The key has its place at `at` or nearer to the top. */
static void rise(struct heap *h, uint32_t at, uint32_t key)
{
        for (; at > 1 && h->next[h->key[at / 2]] < h->next[key]; at /= 2)
                put(h, at, h->key[at / 2]);
        put(h, at, key);
}

static void take_top(struct heap *h)
{
        uint32_t key = h->key[h->n--], at = 1, child;

        h->at[h->key[1]] = 0;
        if (!h->n)
                return;
        for (; (child = 2 * at) <= h->n; at = child) {
                child += child < h->n && h->next[h->key[child + 1]] > h->next[h->key[child]];
                if (h->next[h->key[child]] <= h->next[key])
                        break;
                put(h, at, h->key[child]);
        }
        put(h, at, key);
}

/* When each request's key is asked for again. */
static uint32_t *next_requests(const struct trace *t)
{
        uint32_t *next = malloc(t->n * sizeof *next), *seen = malloc(t->keys * sizeof *seen);

        for (uint32_t key = 0; seen && key < t->keys; key++)
                seen[key] = NEVER;
        for (size_t i = t->n; next && seen && i-- > 0;) {
                next[i] = seen[t->key[i]];
                seen[t->key[i]] = (uint32_t)i;
        }
        free(seen);
        if (!seen) {
                free(next);
                next = NULL;
        }
        return next;
}

static void go_through(struct heap *h, const struct trace *t, const uint32_t *next, size_t capacity,
                       struct trace_pass *out)
{
        for (size_t i = 0; i < t->n; i++) {
                uint32_t key = t->key[i];

                if (h->at[key]) {
                        out->hits++;
                } else {
                        if (h->n == capacity) {
                                take_top(h);
                                out->evicted++;
                        }
                        h->at[key] = ++h->n;
                }
                h->next[key] = next[i]; /* later than it was */
                rise(h, h->at[key], key);
        }
        out->left = h->n;
}

static int pass(const struct trace *t, size_t capacity, const struct params *p,
                struct trace_pass *out)
{
        struct heap h = {.at = calloc(t->keys, sizeof *h.at),
                         .key = malloc((t->keys + (size_t)1) * sizeof *h.key),
                         .next = malloc(t->keys * sizeof *h.next)};
        uint32_t *next = next_requests(t);
        int rc = h.at && h.key && h.next && next ? 0 : -ENOMEM;

        (void)p;
        if (!rc)
                go_through(&h, t, next, capacity, out);
        free(h.at);
        free(h.key);
        free(h.next);
        free(next);
        return rc;
}

TRACE_MEASURE_ALL(pass)

extern const struct contestant cache_policy_opt;
const struct contestant cache_policy_opt = {
        .name = "policy_opt",
        .source = "the optimum, which knows the future (Belady, 1966)",
        .caps = CAP_BASELINE,
        .measure = {TRACE_MEASURES},
};
