/*
 * The checker itself: accepts histories that a sequential cache has made, rejects ones that no
 * cache can make, and agrees on short ones, right or wrong, with one that tries every order.
 *
 *      linear_cache_checker [--seed S] [--histories N]
 *
 * Exit codes: 0 right about all of them, 1 wrong about one, 2 usage.
 */
#include "arguments.h"
#include "cache_history.h"

#include <inttypes.h>

#define BAD_OF_A_KIND 100
#define MOST_TRIES 400000

static struct cache_flavour some_flavour(struct ct_rng *r)
{
        return (struct cache_flavour){.may_evict = ct_rng_below(r, 2),
                                      .ttl = ct_rng_below(r, 2),
                                      .contexts = 3 + (unsigned)ct_rng_below(r, 2),
                                      .most_ops = CACHE_CONTEXT_OPS};
}

static bool wrong_about(const struct cache_history *h, const char *verdict)
{
        printf("%s:\n", verdict);
        cache_history_print(stdout, h);
        return false;
}

static bool accepts_right_ones(struct cache_checker *c, struct ct_rng *r, uint64_t n)
{
        struct cache_history h;
        uint64_t events = 0;

        for (uint64_t i = 0; i < n; i++) {
                cache_reference_run(&h, some_flavour(r), r);
                events += h.n;
                if (!cache_checker_accepts(c, &h))
                        return wrong_about(&h, "rejected, though a sequential cache made it");
        }
        printf("accepted %" PRIu64 " right histories, %.1f events and %.1f states each\n", n,
               (double)events / (double)n, (double)cache_checker_nodes(c) / (double)n);
        return true;
}

static bool rejects_wrong_ones(struct cache_checker *c, struct ct_rng *r)
{
        for (unsigned kind = 0; kind < cache_mutation_kinds; kind++) {
                unsigned found = 0;

                for (unsigned tries = 0; tries < MOST_TRIES && found < BAD_OF_A_KIND; tries++) {
                        struct cache_history h;

                        cache_reference_run(&h, some_flavour(r), r);
                        if (!cache_mutate(&h, kind, r))
                                continue;
                        found++;
                        if (!cache_checker_accepts(c, &h))
                                continue;
                        printf("%s: ", cache_mutations[kind]);
                        return wrong_about(&h, "accepted, though it is wrong");
                }
                printf("rejected %3u wrong histories: %s\n", found, cache_mutations[kind]);
                if (found < BAD_OF_A_KIND)
                        return false;
        }
        printf("rejected %u wrong histories of %u kinds\n", BAD_OF_A_KIND * cache_mutation_kinds,
               cache_mutation_kinds);
        return true;
}

/* Right or wrong afterwards, who knows. */
static void change_something(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = &h->event[ct_rng_below(r, h->n)];
        uint32_t shift = 1 + (uint32_t)ct_rng_below(r, 3);

        switch (ct_rng_below(r, 5)) {
        case 0:
                if (e->what == CACHE_LOOK)
                        e->value = (uint8_t)ct_rng_below(r, 4);
                break;
        case 1:
                e->found = !e->found;
                break;
        case 2:
                e->invoked += shift;
                e->returned += shift;
                break;
        case 3:
                e->clock_from += (int32_t)shift;
                e->clock_to += (int32_t)shift;
                break;
        case 4:
                if (e->invoked + shift < e->returned)
                        e->returned -= shift;
                break;
        }
}

static bool agrees_with_every_order(struct cache_checker *c, struct ct_rng *r, uint64_t n)
{
        uint64_t right = 0, wrong = 0;

        for (uint64_t i = 0; i < n; i++) {
                struct cache_flavour f = some_flavour(r);
                struct cache_history h;
                bool accepted;

                f.contexts = 2 + (unsigned)ct_rng_below(r, 2);
                f.most_ops = f.contexts == 2 ? 3 : 2;
                cache_reference_run(&h, f, r);
                for (uint64_t changes = ct_rng_below(r, 4); changes; changes--)
                        change_something(&h, r);
                accepted = cache_checker_accepts(c, &h);
                if (accepted != cache_slowly_accepts(&h))
                        return wrong_about(&h, accepted ? "accepted, though no order explains it"
                                                        : "rejected, though an order explains it");
                right += accepted;
                wrong += !accepted;
        }
        printf("agreed with a search without memory on %" PRIu64 " short histories: %" PRIu64
               " right, %" PRIu64 " wrong\n",
               n, right, wrong);
        return right > n / 10 && wrong > n / 10;
}

int main(int argc, char **argv)
{
        struct arguments a = {.seed = 1, .histories = 20000};
        struct cache_checker *c = cache_checker_new();
        struct ct_rng r;
        bool right;

        (void)argc;
        if (!c || !arguments_read(&a, argv))
                return 2;
        printf("seed %" PRIu64 "\n", a.seed);
        ct_rng_seed(&r, a.seed);
        right = accepts_right_ones(c, &r, a.histories) && rejects_wrong_ones(c, &r) &&
                agrees_with_every_order(c, &r, a.histories);
        cache_checker_free(c);
        return !right;
}
