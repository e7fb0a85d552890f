/*
 * The checker itself: accepts histories that a sequential channel has made, rejects ones that no
 * channel can make, and both in numbers.
 *
 *      linear_checker [--seed S] [--histories N]
 *
 * Exit codes: 0 right about all of them, 1 wrong about one, 2 usage.
 */
#include "arguments.h"
#include "history.h"

#include <inttypes.h>
#include <stdlib.h>

#define BAD_OF_A_KIND 100
#define MOST_TRIES 200000

static void right_history(struct history *h, struct ct_rng *r)
{
        struct program p;

        program_generate(&p, r, false);
        reference_run(h, &p, r);
}

static bool accepts_right_ones(struct checker *c, struct ct_rng *r, uint64_t n)
{
        unsigned ends[3] = {0};

        for (uint64_t i = 0; i < n; i++) {
                struct history h;

                right_history(&h, r);
                ends[h.ending]++;
                if (checker_accepts(c, &h))
                        continue;
                printf("rejected, though a sequential channel made it:\n");
                history_print(stdout, &h);
                return false;
        }
        printf("accepted %" PRIu64 " right histories: %u to the end, %u that wait for ever, %u "
               "panics; %.0f states each\n",
               n, ends[END_ALL], ends[END_STUCK], ends[END_PANIC],
               (double)checker_nodes(c) / (double)n);
        return true;
}

static bool rejects_wrong_ones(struct checker *c, struct ct_rng *r)
{
        for (unsigned kind = 0; kind < mutation_kinds; kind++) {
                unsigned found = 0;

                for (unsigned tries = 0; tries < MOST_TRIES && found < BAD_OF_A_KIND; tries++) {
                        struct history h;

                        right_history(&h, r);
                        if (!mutate(&h, kind, r))
                                continue;
                        found++;
                        if (!checker_accepts(c, &h))
                                continue;
                        printf("accepted, though it is wrong (%s):\n", mutations[kind]);
                        history_print(stdout, &h);
                        return false;
                }
                printf("rejected %3u wrong histories: %s\n", found, mutations[kind]);
                if (found < BAD_OF_A_KIND)
                        return false;
        }
        printf("rejected %u wrong histories of %u kinds\n", BAD_OF_A_KIND * mutation_kinds,
               mutation_kinds);
        return true;
}

int main(int argc, char **argv)
{
        struct arguments a = {.seed = 1, .histories = 20000};
        struct checker *c = checker_new();
        struct ct_rng r;
        bool right;

        (void)argc;
        if (!c || !arguments_read(&a, argv))
                return 2;
        printf("seed %" PRIu64 "\n", a.seed);
        ct_rng_seed(&r, a.seed);
        right = accepts_right_ones(c, &r, a.histories) && rejects_wrong_ones(c, &r);
        checker_free(c);
        return !right;
}
