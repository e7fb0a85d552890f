/* Each eviction policy against its slow reference, access by access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_pair.h"

static void compare(enum ct_cache_policy kind, size_t max_entries, size_t max_bytes,
                    const struct mix *m, int accesses)
{
        struct pair p;

        start(&p, kind, max_entries, max_bytes);
        for (int i = 0; i < accesses; i++) {
                access_key(&p, m, draw_key(&p, m));
                if (i % 64 == 0)
                        same_counts(&p);
        }
        assert_true(p.victims > 0);
        same_rest(&p);
        end(&p);
}

static const size_t capacities[] = {1, 2, 3, 4, 9, 10, 11, 20, 37, 100};
#define FOR_EACH_CAPACITY(c)                                                                       \
        for (const size_t *c = capacities; c < capacities + sizeof capacities / sizeof *c; c++)

static void same_victims_bound_by_entries(void **state)
{
        (void)state;
        FOR_EACH_POLICY(kind)
        {
                FOR_EACH_CAPACITY(c)
                {
                        struct mix reads = {.most_bytes = 1, .keys = (int)*c * 4 + 2};
                        struct mix all = {.most_bytes = 9,
                                          .keys = (int)*c * 4 + 2,
                                          .removes = 60,
                                          .replaces = 100,
                                          .clears = true};

                        compare(kind, *c, 0, &reads, 6000);
                        compare(kind, *c, 0, &all, 6000);
                }
                compare(kind, 700, 0, &(struct mix){.most_bytes = 1, .keys = 2900}, 15000);
        }
}

static void same_victims_bound_by_bytes(void **state)
{
        (void)state;
        FOR_EACH_POLICY(kind)
        {
                FOR_EACH_CAPACITY(c)
                {
                        struct mix all = {.most_bytes = *c < 50 ? *c : 50,
                                          .keys = (int)*c * 29 + 2,
                                          .removes = 60,
                                          .replaces = 200,
                                          .clears = true};

                        compare(kind, 0, *c, &all, 6000);
                        compare(kind, 0, *c * 10, &all, 6000);
                        compare(kind, *c, *c * 8, &all, 6000); /* now one, now the other */
                }
                /* Many small ones: the ghosts grow. */
                compare(kind, 0, 1000, &(struct mix){.most_bytes = 3, .keys = 2900}, 15000);
                compare(kind, 300, 100000, &(struct mix){.most_bytes = 3, .keys = 2900}, 10000);
        }
}

/* Few large ones first, so that the memory has gone round when many small ones make it grow. */
static void what_is_remembered_outlives_growth(void **state)
{
        struct mix large = {.most_bytes = 40, .keys = 500}, small = {.most_bytes = 3, .keys = 2900};
        struct pair p;

        (void)state;
        for (int seed = 0; seed < 4; seed++) {
                start(&p, CT_CACHE_S3FIFO, 0, 1000 + (size_t)seed);
                for (int i = 0; i < 3000; i++)
                        access_key(&p, &large, draw_key(&p, &large));
                for (int i = 0; i < 6000; i++)
                        access_key(&p, &small, draw_key(&p, &small));
                same_counts(&p);
                end(&p);
        }
}

/* Orders that have no chance in them: loops around the capacity, up and down again. */
static void same_victims_in_loops(void **state)
{
        struct mix m = {.most_bytes = 1};

        (void)state;
        FOR_EACH_POLICY(kind)
        {
                FOR_EACH_CAPACITY(c)
                {
                        for (int length = (int)*c - 1; length <= (int)*c * 2 + 3;
                             length += 1 + length / 3) {
                                struct pair p;

                                start(&p, kind, *c, 0);
                                for (int i = 0; i < length * 6; i++)
                                        access_key(&p, &m, i % length);
                                for (int i = 0; i < length * 6; i++) /* up and down */
                                        access_key(&p, &m,
                                                   i / length % 2 ? i % length
                                                                  : length - 1 - i % length);
                                same_counts(&p);
                                end(&p);
                        }
                }
        }
}

/* Taking out the node under SIEVE's hand, with the hand in every place. */
static void the_hand_survives_a_removal_under_it(void **state)
{
        enum { ROOM = 5 };

        (void)state;
        for (int steps = 0; steps < 2 * ROOM; steps++) {
                for (int key = 0; key < ROOM + steps; key++) {
                        struct mix m = {.most_bytes = 1};
                        struct pair p;

                        start(&p, CT_CACHE_SIEVE, ROOM, 0);
                        for (int i = 0; i < ROOM + steps; i++)
                                access_key(&p, &m, i);
                        if (ref_find(p.ref, key))
                                take_out(&p, key);
                        for (int i = 100; i < 100 + 2 * ROOM; i++)
                                access_key(&p, &m, i);
                        same_counts(&p);
                        end(&p);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(same_victims_bound_by_entries),
                cmocka_unit_test(same_victims_bound_by_bytes),
                cmocka_unit_test(what_is_remembered_outlives_growth),
                cmocka_unit_test(same_victims_in_loops),
                cmocka_unit_test(the_hand_survives_a_removal_under_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
