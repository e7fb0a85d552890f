/*
 * The order of operations on different keys: two threads each set a key of their own, then get the
 * other's. Whoever set last must see the other's value. A store that is still on its way to memory
 * when set returns shows as both seeing the old ones ("store buffering").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pause.h"
#include "cache_kinds.h"
#include "watchdog.h"

#include <pthread.h>
#include <sched.h>

#ifdef WATCHDOG_SANITIZED
enum { ROUNDS = 2000 };
#else
enum { ROUNDS = 50000 };
#endif

static const int64_t most_ns = 100 * CT_NS_PER_MS; /* where the CPUs are taken: fewer rounds */
static const char *const key[2] = {"user:left", "user:right"};

struct side {
        CT_ALIGN_PAIR int index;
        size_t value_size;
        uint64_t got;
        ct_atomic_u64 *met;
        bool last; /* set by right before the second meeting of a round */
        struct any_cache *cache;
};

/* Both have come here `times` times. */
static void meet(ct_atomic_u64 *met, uint64_t times)
{
        unsigned turns = 0;

        ct_add_u64_seq(met, 1);
        while (ct_load_u64_acquire(met) < 2 * times)
                if (++turns % 256)
                        ct_pause();
                else
                        sched_yield(); /* the other one may need this CPU */
}

static void set_mine_get_yours(struct side *s, uint64_t round)
{
        char value[64] = {0};
        size_t size;
        const struct any_cache *c = s->cache;

        memcpy(value, &round, sizeof round);
        assert_int_equal(
                c->kind->set(s->cache, key[s->index], strlen(key[s->index]), value, s->value_size),
                0);
        assert_int_equal(c->kind->get(s->cache, key[!s->index], strlen(key[!s->index]), value,
                                      sizeof value, &size),
                         0);
        memcpy(&s->got, value, sizeof s->got);
}

static void *left(void *side)
{
        struct side *s = side;

        for (uint64_t round = 1; !s->last; round++) {
                meet(s->met, 2 * round - 1);
                set_mine_get_yours(s, round);
                meet(s->met, 2 * round);
        }
        return NULL;
}

static void run(struct any_cache *c, size_t value_size)
{
        static ct_atomic_u64 met;
        static struct side side[2];
        int64_t deadline = ct_deadline_after(most_ns);
        pthread_t thread;

        ct_store_u64_seq(&met, 0);
        for (int i = 0; i < 2; i++) {
                side[i] = (struct side){
                        .index = i, .value_size = value_size, .met = &met, .cache = c};
                assert_int_equal(c->kind->set(c, key[i], strlen(key[i]), (char[64]){0}, value_size),
                                 0);
        }
        assert_int_equal(pthread_create(&thread, NULL, left, &side[0]), 0);
        for (uint64_t round = 1; !side[0].last; round++) {
                meet(&met, 2 * round - 1);
                set_mine_get_yours(&side[1], round);
                side[0].last = round == ROUNDS || ct_now_ns() > deadline;
                meet(&met, 2 * round);
                if (side[0].got != round && side[1].got != round)
                        fail_msg("%s, %zu bytes: both missed the other's set in round %llu",
                                 c->kind->name, value_size, (unsigned long long)round);
        }
        pthread_join(thread, NULL);
}

static void the_later_set_sees_the_earlier(void **state)
{
        static const size_t sizes[] = {8, 24, 64};

        (void)state;
        FOR_EACH_KIND(k)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                struct any_cache c;

                assert_int_equal(any_init(&c, k, 16), 0);
                run(&c, sizes[i]);
                k->destroy(&c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {WATCHED(the_later_set_sees_the_earlier)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
