/*
 * Channels and selects under the workloads of Go's own tests, in each placement: selects that must
 * not miss what is ready "in one moment", many consumers, and a select against everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "chan_kinds.h"

#include <string.h>

/* ---- one moment ---- */

#define FEWER(n) ROUNDS(ROUNDS(n)) /* for what needs many: the square of the usual cut */
#define BATCH 100
#define PAIRS_MOST 8

/*
 * In each round a value is in c1, then one is sent to c2 (or c2 is closed), and only then c1 is
 * emptied. At every moment one of them is ready to receive, so a select over both must not fall
 * through, however the other context's two steps lie between its looks.
 */
struct pair {
        struct ct_chan *c1[BATCH], *c2[BATCH];
        ct_atomic_u32 at[2]; /* the round that each is in */
        ct_atomic_u32 met;
        unsigned meetings[2];
        const struct chan_kind *kind;
        unsigned rounds;
        bool closes;
};

static void meet(struct pair *p, unsigned me)
{
        uint32_t all = ++p->meetings[me] * 2;

        ct_add_u32_acq_rel(&p->met, 1);
        CONTEXT_UNTIL(ct_load_u32_acquire(&p->met) >= all);
}

/* Waits a little for the other, so that they often are in the same round, but not for long: it may
   not be running. */
static void come_alongside(struct pair *p, unsigned me, uint32_t round)
{
        ct_store_u32_relaxed(&p->at[me], round);
        for (int i = 0; i < 40 && ct_load_u32_relaxed(&p->at[1 - me]) < round; i++)
                ct_pause();
}

static void set_up(struct pair *p)
{
        for (int i = 0; i < BATCH; i++) {
                if (!p->c1[i]) {
                        p->c1[i] = make_ints(p->kind, 1);
                        p->c2[i] = make_ints(p->kind, 1);
                } else if (p->closes) {
                        ct_chan_free(p->c2[i]);
                        p->c2[i] = make_ints(p->kind, p->kind->least);
                }
                (void)try_get(p->c1[i]);
                if (!p->closes)
                        (void)try_get(p->c2[i]);
                put(p->c1[i], 1);
        }
}

static void moment_body(void *shared, unsigned index)
{
        struct pair *p = (struct pair *)shared + index / 2;
        unsigned me = index % 2;

        for (uint32_t done = 0; done < p->rounds; done += BATCH) {
                if (me == 0)
                        set_up(p);
                meet(p, me);
                for (uint32_t i = 0; i < BATCH; i++) {
                        struct ct_select_case k[] = {recv_case(p->c1[i], NULL),
                                                     recv_case(p->c2[i], NULL)};

                        come_alongside(p, me, done + i);
                        if (me == 1) {
                                CONTEXT_CHECK(ct_try_select(k, 2) >= 0);
                                continue;
                        }
                        if (p->closes)
                                ct_chan_close(p->c2[i]);
                        else
                                put(p->c2[i], 1);
                        if (p->kind->many)
                                (void)ct_try_select(k, 1);
                }
                meet(p, me);
        }
}

static void moment_scene(void **state, const struct stress_placement *p, bool closes)
{
        FOR_EACH_KIND(kind)
        {
                static struct pair pairs[PAIRS_MOST];
                unsigned n = p->threads / 2;

                memset(pairs, 0, sizeof pairs);
                for (unsigned i = 0; i < n; i++) {
                        pairs[i].kind = kind;
                        pairs[i].closes = closes;
                        pairs[i].rounds = FEWER(100000) / n;
                }
                run_contexts(state, 2 * n, moment_body, pairs);
                for (unsigned i = 0; i < n; i++) {
                        for (int k = 0; k < BATCH; k++) {
                                ct_chan_free(pairs[i].c1[k]);
                                ct_chan_free(pairs[i].c2[k]);
                        }
                }
        }
}

static void send_scene(void **state, const struct stress_placement *p)
{
        moment_scene(state, p, false);
}

static void close_scene(void **state, const struct stress_placement *p)
{
        moment_scene(state, p, true);
}

static void a_select_sees_the_value_or_the_next(void **state)
{
        everywhere(state, send_scene);
}

static void a_select_sees_the_value_or_the_close(void **state)
{
        everywhere(state, close_scene);
}

/* ---- many consumers ---- */

#define WORKERS 23

struct consumers {
        struct ct_chan *work, *results;
        ct_atomic_u32 left;
        uint32_t items;
        uint64_t expected, sum, n; /* plain: context 0's and 1's, ordered by the channels */
};

static void consumer_body(void *shared, unsigned index)
{
        struct consumers *c = shared;
        struct ct_rng rng;
        int v;

        if (index == 0) {
                ct_rng_seed(&rng, 271828);
                for (uint32_t i = 0; i < c->items; i++) {
                        v = (int)ct_rng_below(&rng, 1000);
                        c->expected += (uint64_t)v;
                        put(c->work, v);
                }
                ct_chan_close(c->work);
                return;
        }
        if (index == 1) {
                while ((v = get(c->results)) >= 0) {
                        c->sum += (uint64_t)v;
                        c->n++;
                }
                return;
        }
        while ((v = get(c->work)) >= 0) {
                if (v % 97 == (int)index)
                        ct_yield(); /* so that they do not stay in step */
                put(c->results, v);
        }
        if (ct_sub_u32_acq_rel(&c->left, 1) == 1)
                ct_chan_close(c->results);
}

static void consumer_scene(void **state, const struct stress_placement *p)
{
        struct consumers c = {.left = WORKERS, .items = FEWER(271828)};

        (void)p;
        c.work = make_ints(CHAN_KINDS, WORKERS * 3);
        c.results = make_ints(CHAN_KINDS, WORKERS * 3);
        run_contexts(state, WORKERS + 2, consumer_body, &c);
        assert_int_equal(c.n, c.items);
        assert_int_equal(c.sum, c.expected);
        ct_chan_free(c.work);
        ct_chan_free(c.results);
}

static void twenty_three_consumers(void **state)
{
        everywhere(state, consumer_scene);
}

/* ---- a select against everything ---- */

/* Two rendezvous and two buffers. On each channel one context sends and one receives; one more
   sends by selects over all four, and one receives so. Ten contexts, n values by each way. */
struct melee {
        struct ct_chan *c[4];
        int n;
        uint64_t sent[10], got[10]; /* by each context; plain */
};

static void select_all(struct melee *m, bool sends, uint64_t *sum)
{
        int left[4] = {m->n, m->n, m->n, m->n}, out = 0, v = 1;

        for (int rest = 4 * m->n; rest > 0; rest--) {
                struct ct_select_case k[4];
                int fired;

                for (int i = 0; i < 4; i++) {
                        struct ct_chan *c = left[i] ? m->c[i] : NULL;

                        k[i] = sends ? send_case(c, &v) : recv_case(c, &out);
                }
                fired = ct_select(k, 4);
                CONTEXT_CHECK(fired >= 0 && left[fired] > 0);
                CONTEXT_CHECK(sends || k[fired].open);
                left[fired]--;
                *sum += (uint64_t)(sends ? v : out);
                v = v % 1000 + 1;
                if (rest % 64 == 0)
                        ct_checkpoint();
        }
}

static void melee_body(void *shared, unsigned index)
{
        struct melee *m = (struct melee *)shared + index / 10;
        unsigned me = index % 10;

        if (me >= 8) {
                select_all(m, me == 8, me == 8 ? &m->sent[me] : &m->got[me]);
                return;
        }
        for (int i = 0; i < m->n; i++) {
                int v = i % 777;

                if (me < 4)
                        put(m->c[me], v);
                else
                        v = get(m->c[me - 4]);
                CONTEXT_CHECK(v >= 0);
                *(me < 4 ? &m->sent[me] : &m->got[me]) += (uint64_t)v;
        }
}

static void melee_scene(void **state, const struct stress_placement *p)
{
        static const size_t capacities[] = {0, 0, 2, 3};
        unsigned copies = p->threads > 10 ? 2 : 1;
        int n = FEWER(both_exec(state) == EXEC_TASK ? 100000 : 10000) / (int)copies;
        struct melee m[2] = {{.n = n}, {.n = n}};

        for (unsigned k = 0; k < copies; k++)
                for (int i = 0; i < 4; i++)
                        m[k].c[i] = make_ints(CHAN_KINDS, capacities[i]);
        run_contexts(state, copies * 10, melee_body, m);
        for (unsigned k = 0; k < copies; k++) {
                uint64_t balance = 0;

                for (int i = 0; i < 10; i++)
                        balance += m[k].sent[i] - m[k].got[i];
                assert_int_equal(balance, 0);
                for (int i = 0; i < 4; i++) {
                        assert_int_equal(ct_chan_len(m[k].c[i]), 0);
                        assert_int_equal(queued(m[k].c[i], TO_SEND), 0);
                        assert_int_equal(queued(m[k].c[i], TO_RECEIVE), 0);
                        ct_chan_free(m[k].c[i]);
                }
        }
}

static void selects_and_plain_operations_on_four_channels(void **state)
{
        everywhere(state, melee_scene);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_select_sees_the_value_or_the_next),
                BOTH_WAYS(a_select_sees_the_value_or_the_close),
                BOTH_WAYS(twenty_three_consumers),
                BOTH_WAYS(selects_and_plain_operations_on_four_channels),
        };

        if (argc > 1) /* only tests that match */
                cmocka_set_test_filter(argv[1]);
        setenv("CT_WATCHDOG_S", "120", 0); /* long also when right: sanitizers, one CPU */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
