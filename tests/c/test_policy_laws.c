/* What holds for eviction policies whatever they do in detail: nobody beats Belady's optimum; what
   they are for; options; no bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "policy_pair.h"

static int next_use(const int *trace, int n, int from, int key)
{
        while (from < n && trace[from] != key)
                from++;
        return from;
}

/* Hits of the optimum: evicts whom nobody asks for longest. */
static int optimum(const int *trace, int n, int capacity)
{
        int in[64], entries = 0, hits = 0;

        for (int i = 0; i < n; i++) {
                int at = 0, last = 0, latest = -1;

                while (at < entries && in[at] != trace[i])
                        at++;
                if (at < entries) {
                        hits++;
                        continue;
                }
                if (entries < capacity) {
                        in[entries++] = trace[i];
                        continue;
                }
                for (int k = 0; k < entries; k++) {
                        int use = next_use(trace, n, i, in[k]);

                        if (use > latest) {
                                latest = use;
                                last = k;
                        }
                }
                in[last] = trace[i];
        }
        return hits;
}

static int hits_of(enum ct_cache_policy kind, const int *trace, int n, size_t capacity)
{
        struct pair p;
        struct mix m = {.most_bytes = 1};
        int hits = 0;

        start(&p, kind, capacity, 0);
        for (int i = 0; i < n; i++) {
                hits += ref_find(p.ref, trace[i]) != NULL;
                access_key(&p, &m, trace[i]);
        }
        end(&p);
        return hits;
}

static void nobody_beats_the_optimum(void **state)
{
        enum { N = 1500, FEW = 60 };
        static const size_t rooms[] = {1, 2, 3, 7, 20, 59};
        int trace[N];
        struct ct_rng rng;

        (void)state;
        for (int seed = 0; seed < 4; seed++) {
                ct_rng_seed(&rng, (uint64_t)seed);
                for (int i = 0; i < N; i++) {
                        double x = ct_rng_unit(&rng);

                        trace[i] = (int)((seed % 2 ? x * x : x) * FEW);
                }
                for (size_t c = 0; c < sizeof rooms / sizeof *rooms; c++) {
                        int best = optimum(trace, N, (int)rooms[c]);

                        FOR_EACH_POLICY(kind)
                        assert_in_range(hits_of(kind, trace, N, rooms[c]), 1, best);
                }
        }
}

/* What they are for: a scan does not empty S3-FIFO and SIEVE, and does empty LRU. */
static void a_scan_leaves_the_popular_ones(void **state)
{
        static const struct {
                enum ct_cache_policy kind;
                int left; /* of 20 */
        } expected[] = {
                {CT_CACHE_FIFO, 0}, {CT_CACHE_LRU, 0}, {CT_CACHE_SIEVE, 20}, {CT_CACHE_S3FIFO, 20}};
        enum { ROOM = 100, POPULAR = 20, SCAN = 150 };
        struct mix m = {.most_bytes = 1};

        (void)state;
        for (size_t e = 0; e < sizeof expected / sizeof *expected; e++) {
                struct pair p;
                int left = 0;

                start(&p, expected[e].kind, ROOM, 0);
                for (int i = 0; i < POPULAR * 4; i++)
                        access_key(&p, &m, i % POPULAR);
                for (int i = 0; i < SCAN; i++)
                        access_key(&p, &m, 1000 + i);
                for (int i = 0; i < POPULAR; i++)
                        left += entry_of(&p, i)->in;
                assert_int_equal(left, expected[e].left);
                end(&p);
        }
}

static void options_that_mean_nothing_are_refused(void **state)
{
        struct ct_policy_ p;

        (void)state;
        assert_int_equal(ct_policy_init_(&p, CT_CACHE_POLICIES, 1, 0), -EINVAL);
        assert_int_equal(ct_policy_init_(&p, (enum ct_cache_policy) - 1, 1, 0), -EINVAL);
        assert_int_equal(ct_policy_init_(&p, CT_CACHE_KEEP, 1, 0), -EINVAL);
        assert_int_equal(ct_policy_init_(&p, CT_CACHE_KEEP, 0, 1), -EINVAL);
        FOR_EACH_POLICY(kind)
        assert_int_equal(ct_policy_init_(&p, kind, 0, 0), -EINVAL);
        assert_int_equal(ct_policy_init_(&p, CT_CACHE_KEEP, 0, 0), 0);
        assert_true(ct_policy_admits_(&p, SIZE_MAX));
        ct_policy_fini_(&p);
}

static void absurd_capacities_cost_nothing_before_they_are_used(void **state)
{
        (void)state;
        FOR_EACH_POLICY(kind)
        {
                struct pair p;
                struct mix m = {.most_bytes = 3, .keys = 200};

                start(&p, kind, SIZE_MAX - 1, SIZE_MAX - 1);
                for (int i = 0; i < 500; i++)
                        access_key(&p, &m, draw_key(&p, &m));
                same_counts(&p);
                assert_int_equal(p.victims, 0);
                assert_true(ct_policy_admits_(&p.policy, SIZE_MAX - 1));
                assert_false(ct_policy_admits_(&p.policy, SIZE_MAX));
                end(&p);
        }
}

static void without_a_bound_it_only_counts(void **state)
{
        struct ct_cache_node_ a = {.bytes = 3}, b = {.bytes = 5}, c = {.bytes = 7};
        struct ct_policy_ p;

        (void)state;
        assert_int_equal(ct_policy_init_(&p, CT_CACHE_KEEP, 0, 0), 0);
        assert_null(ct_policy_victim_(&p, SIZE_MAX / 2));
        ct_policy_insert_(&p, &a);
        ct_policy_insert_(&p, &b);
        ct_policy_touch_(&p, &a);
        assert_null(ct_policy_victim_for_(&p, &b, SIZE_MAX / 2));
        ct_policy_replace_(&p, &b, &c);
        assert_int_equal(p.entries, 2);
        assert_int_equal(p.bytes, 10);
        ct_policy_remove_(&p, &a);
        assert_int_equal(p.bytes, 7);
        ct_policy_clear_(&p);
        assert_int_equal(p.entries + p.bytes, 0);
        ct_policy_fini_(&p);
}

/* ---- readers at the same time ---- */

enum { NODES = 64, ROOM = 48 };

struct crowd {
        struct ct_policy_ policy;
        struct ct_cache_node_ node[NODES];
        ct_atomic_u32 stop, laps;
};

static void *mark_all(void *arg)
{
        struct crowd *c = arg;

        while (!ct_load_u32_relaxed(&c->stop)) {
                for (int i = 0; i < NODES; i++)
                        ct_policy_hit_(&c->policy, &c->node[i]);
                ct_add_u32_relaxed(&c->laps, 1);
        }
        return NULL;
}

/* A reader marks anew whatever the hand has cleared: each search ends all the same, with a node
   that is in, and no mark counts further than it may. */
static void a_search_ends_though_all_is_marked_all_the_time(void **state)
{
        static struct crowd c;

        (void)state;
        FOR_EACH_POLICY(kind)
        {
                bool in[NODES] = {false};
                pthread_t reader;

                memset(&c, 0, sizeof c);
                assert_int_equal(ct_policy_init_(&c.policy, kind, ROOM, 0), 0);
                assert_int_equal(pthread_create(&reader, NULL, mark_all, &c), 0);
                while (!ct_load_u32_relaxed(&c.laps))
                        sched_yield();
                for (int i = 0; i < 20 * NODES; i++) {
                        int at = i % NODES;
                        struct ct_cache_node_ *victim;

                        if (in[at])
                                continue;
                        while ((victim = ct_policy_victim_(&c.policy, 1))) {
                                assert_true(in[victim - c.node]);
                                in[victim - c.node] = false;
                        }
                        c.node[at].hash = (uint64_t)at << 40;
                        c.node[at].bytes = 1;
                        ct_policy_insert_(&c.policy, &c.node[at]);
                        in[at] = true;
                        assert_true(c.policy.entries <= ROOM);
                }
                ct_store_u32_relaxed(&c.stop, 1);
                pthread_join(reader, NULL);
                for (int i = 0; i < NODES; i++)
                        assert_true(ct_load_u32_relaxed(&c.node[i].mark) <= CT_CACHE_MARK_MOST_);
                ct_policy_fini_(&c.policy);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nobody_beats_the_optimum),
                cmocka_unit_test(a_scan_leaves_the_popular_ones),
                cmocka_unit_test(options_that_mean_nothing_are_refused),
                cmocka_unit_test(absurd_capacities_cost_nothing_before_they_are_used),
                cmocka_unit_test(without_a_bound_it_only_counts),
                cmocka_unit_test(a_search_ends_though_all_is_marked_all_the_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
