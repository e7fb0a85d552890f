#include <stdio.h>
#include <string.h>

#include "cache/workload.h"

/*
 * Drawing a rank: Vose's alias method. Column r of n holds rank r up to its threshold and rank
 * alias[r] above it, so that one uniform column and one uniform height give the wanted
 * distribution in constant time.
 * Source: Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution"
 * (1991).
 */

static const uint64_t shuffle_seed = 0x6b657973; /* the same keys are popular in every run */

static struct cache_keys kept;

static void drop_draws(struct cache_keys *k)
{
        for (unsigned i = 0; i < k->workers; i++)
                free(k->worker[i]);
        free(k->worker);
        free(k->drawn_read_pct);
        k->worker = NULL;
        k->drawn_read_pct = NULL;
        k->workers = 0;
}

static void drop(struct cache_keys *k)
{
        drop_draws(k);
        free(k->key);
        free(k->of_rank);
        free(k->absent);
        free(k->alias);
        free(k->threshold);
        *k = (struct cache_keys){0};
}

static uint64_t as_threshold(double share)
{
        return share >= 1 ? UINT64_MAX : (uint64_t)ldexp(share, 64);
}

/* `share` is each rank's probability times n; it is used up. `todo` is room for n ranks. */
static void fill_alias(struct cache_keys *k, double *share, uint32_t *todo)
{
        size_t n = (size_t)k->n, low = 0,
               high = n; /* todo: small ones from below, large from above */

        for (size_t r = 0; r < n; r++)
                todo[share[r] < 1 ? low++ : --high] = (uint32_t)r;
        while (low > 0 && high < n) {
                uint32_t small = todo[--low], large = todo[high];

                k->threshold[small] = as_threshold(share[small]);
                k->alias[small] = large;
                share[large] -= 1 - share[small];
                if (share[large] < 1) {
                        high++;
                        todo[low++] = large;
                }
        }
        /* What is left has a share of 1, but for rounding. */
        while (low > 0)
                k->threshold[todo[--low]] = UINT64_MAX;
        while (high < n)
                k->threshold[todo[high++]] = UINT64_MAX;
}

static int make_distribution(struct cache_keys *k)
{
        size_t n = (size_t)k->n;
        double *share = malloc(n * sizeof *share), sum = 0;
        uint32_t *todo = malloc(n * sizeof *todo);

        if (share && todo) {
                for (size_t r = 0; r < n; r++)
                        sum += share[r] = pow((double)r + 1, -(double)k->skew / 100);
                for (size_t r = 0; r < n; r++) {
                        k->alias[r] = (uint32_t)r;
                        share[r] *= (double)n / sum;
                }
                fill_alias(k, share, todo);
        }
        free(share);
        free(todo);
        return share && todo ? 0 : -ENOMEM;
}

static void make_keys(struct cache_keys *k)
{
        struct ct_rng rng;

        ct_rng_seed(&rng, shuffle_seed);
        for (int64_t i = 0; i < k->n; i++) {
                char text[32];
                int size = snprintf(text, sizeof text, "user:%lld", (long long)i);

                memcpy(k->key[i].text, text, KEY_ROOM);
                k->key[i].size = (unsigned char)size;
                k->of_rank[i] = (uint32_t)i;
        }
        for (int64_t i = k->n - 1; i > 0; i--) {
                int64_t other = (int64_t)ct_rng_below(&rng, (uint64_t)i + 1);
                uint32_t t = k->of_rank[i];

                k->of_rank[i] = k->of_rank[other];
                k->of_rank[other] = t;
        }
        for (int64_t r = 0; r < k->n; r++)
                k->absent[k->of_rank[r]] = r % ABSENT_EVERY == ABSENT_EVERY - 1;
}

static int make(struct cache_keys *k, int64_t keys, int64_t skew)
{
        size_t n = (size_t)keys;

        *k = (struct cache_keys){
                .n = keys,
                .skew = skew,
                .key = aligned_alloc(CT_CACHE_PAIR, (n * sizeof *k->key + CT_CACHE_PAIR - 1) /
                                                            CT_CACHE_PAIR * CT_CACHE_PAIR),
                .of_rank = malloc(n * sizeof *k->of_rank),
                .absent = malloc(n * sizeof *k->absent),
                .alias = malloc(n * sizeof *k->alias),
                .threshold = malloc(n * sizeof *k->threshold)};
        if (!k->key || !k->of_rank || !k->absent || !k->alias || !k->threshold)
                return -ENOMEM;
        make_keys(k);
        return make_distribution(k);
}

/* Room for each worker's draws; they are made by the workers. */
static int make_draws(struct cache_keys *k, unsigned threads)
{
        k->draws = CACHE_DRAWS;
        while (k->draws > CACHE_DRAWS_LEAST && k->draws * threads > 64 * (uint64_t)CACHE_DRAWS)
                k->draws /= 2;
        k->worker = calloc(threads, sizeof *k->worker);
        k->drawn_read_pct = calloc(threads, sizeof *k->drawn_read_pct);
        if (!k->worker || !k->drawn_read_pct)
                return -ENOMEM;
        k->workers = threads;
        return 0;
}

static bool asks_for_nonsense(const struct params *p)
{
        int64_t n = p->value[P_KEYS], bytes = p->value[P_VALUE_BYTES];

        return n < ABSENT_EVERY || n > MAX_KEYS || p->value[P_SKEW] < 0 ||
               p->value[P_SKEW] > 1000 || p->value[P_READ_PCT] > 100 || bytes < 8 ||
               bytes > MAX_VALUE_BYTES || bytes % 8;
}

int cache_keys_prepare(const struct params *p, unsigned threads, const struct cache_keys **keys)
{
        int64_t n = p->value[P_KEYS], skew = p->value[P_SKEW];

        if (asks_for_nonsense(p))
                return -EINVAL;
        if (kept.n != n || kept.skew != skew) {
                drop(&kept);
                if (make(&kept, n, skew)) {
                        drop(&kept);
                        return -ENOMEM;
                }
        }
        if (kept.workers != threads) {
                drop_draws(&kept);
                if (make_draws(&kept, threads)) {
                        drop_draws(&kept);
                        return -ENOMEM;
                }
        }
        *keys = &kept;
        return 0;
}

uint32_t cache_keys_one(const struct cache_keys *k, struct ct_rng *rng)
{
        uint64_t column = ct_rng_below(rng, (uint64_t)k->n);

#ifdef CT_PLANT_cache_draws_flatter
        if (column > 1)
                return k->of_rank[column];
#endif
        if (k->skew && ct_rng_next(rng) > k->threshold[column])
                column = k->alias[column];
        return k->of_rank[column];
}

static void draw(const struct cache_keys *k, int64_t read_pct, struct ct_rng *rng,
                 cache_draw *draws)
{
        for (uint64_t i = 0; i < k->draws; i++) {
                bool set = read_pct >= 0 && (int64_t)ct_rng_below(rng, 100) >= read_pct;
                uint32_t key;

                do
                        key = cache_keys_one(k, rng);
                while (set && k->absent[key]);
                draws[i] = key | (set ? DRAW_SET : 0) | (k->absent[key] ? 0 : DRAW_PRESENT);
        }
}

const cache_draw *cache_keys_draws(const struct cache_keys *k, struct worker *w)
{
        int64_t read_pct = w->params->value[P_READ_PCT];
        cache_draw **draws = &k->worker[w->index];

        if (*draws && k->drawn_read_pct[w->index] == read_pct)
                return *draws;
        if (!*draws)
                *draws = aligned_alloc(CT_CACHE_PAIR, k->draws * sizeof **draws);
        if (!*draws)
                return NULL;
        draw(k, read_pct, &w->rng, *draws);
        k->drawn_read_pct[w->index] = read_pct;
        return *draws;
}
