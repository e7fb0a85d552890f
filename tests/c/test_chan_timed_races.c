/*
 * Time-outs that race with deliveries and closes, at the same instant: the one who waits gives up
 * at a deadline, and the other one comes about then: a little later after each round in which they
 * met, and a little earlier after each in which they did not, so that half of the rounds are won
 * by either. Whatever the outcome is, both sides must tell the same one, and the value is in one
 * place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "chan_kinds.h"

#include <sys/prctl.h>

#define AHEAD 1500 /* ns from the set-up of a round to its deadline */
#define STEP 100
#define LATE_MOST 50000

/* What the waiter does, and what the other one does to it. */
enum waiter { RECEIVES, SENDS, SELECTS_RECEIVE, SELECTS_SEND };
enum other { PLAINLY, BY_SELECT, IN_TIME_TOO, CLOSES };

struct race {
        const struct chan_kind *kind;
        enum waiter waiter;
        enum other other;
        unsigned rounds;
        struct ct_chan *c, *idle[2]; /* each side its own to wait for in vain */
        ct_atomic_u64 deadline;      /* of this round; 0 between two rounds */
        ct_atomic_u32 met;
        unsigned meetings[2];
        bool met_there, met_here; /* each side's story: the operation took place */
        int64_t late;             /* when the other one comes, from the deadline on, ns */
        unsigned took_place, timed_out;
};

static void meet(struct race *r, unsigned me)
{
        uint32_t all = ++r->meetings[me] * 2;

        ct_add_u32_acq_rel(&r->met, 1);
        CONTEXT_UNTIL(ct_load_u32_acquire(&r->met) >= all);
}

static bool sends(const struct race *r)
{
        return r->waiter == SENDS || r->waiter == SELECTS_SEND;
}

static bool wait_until(struct race *r, int64_t deadline, int value)
{
        bool open = r->other != CLOSES;
        int got = -5;
        struct ct_select_case k[2] = {recv_case(r->idle[0], NULL), recv_case(r->c, &got)};
        bool done;

        switch (r->waiter) {
        case RECEIVES:
                done = ct_chan_recv_until(r->c, &got, &open, deadline) == 0;
                break;
        case SENDS:
                return ct_chan_send_until(r->c, &value, deadline) == 0;
        case SELECTS_SEND:
                k[1] = send_case(r->c, &value);
                return ct_select_until(k, 2, deadline) == 1;
        default:
                k[1].open = open;
                done = ct_select_until(k, 2, deadline) == 1;
                open = k[1].open;
        }
        if (r->other == CLOSES)
                CONTEXT_CHECK(done ? !open && got == 0 : got == -5);
        else
                CONTEXT_CHECK(done ? open && got == value : got == -5);
        return done;
}

/* What the other side does in its instant: true if it met the waiter. */
static bool come(struct race *r, int64_t deadline, int value)
{
        int got = value;
        struct ct_select_case k[2] = {recv_case(r->idle[1], NULL), recv_case(r->c, &got)};
        bool done;

        if (r->other == CLOSES) {
                ct_chan_close(r->c);
                return true;
        }
        if (!sends(r))
                k[1] = send_case(r->c, &value);
        if (r->other == PLAINLY)
                done = sends(r) ? ct_chan_try_recv(r->c, &got, NULL) : try_put(r->c, value);
        else if (r->other == BY_SELECT)
                done = ct_try_select(k, 2) == 1;
        else
                done = ct_select_until(k, 2, deadline + 300) == 1;
        CONTEXT_CHECK(got == value);
        return done;
}

/* Makes the channel such that the waiter waits: empty to receive, and full to send. */
static void set_up(struct race *r)
{
        if (r->other == CLOSES) {
                ct_chan_free(r->c);
                r->c = make_ints(r->kind, r->kind->least);
        }
}

/* On a rendezvous both tell the same story. With a buffer, what was sent and not received is in
   it. */
static void judge(struct race *r, int value)
{
        size_t left = ct_chan_len(r->c);

        CONTEXT_CHECK(queued(r->c, TO_RECEIVE) + queued(r->c, TO_SEND) == 0);
        CONTEXT_CHECK(queued(r->idle[0], TO_RECEIVE) + queued(r->idle[1], TO_RECEIVE) == 0);
        r->took_place += r->met_here;
        r->timed_out += !r->met_here;
        if (r->met_here && r->late < LATE_MOST)
                r->late += STEP;
        if (!r->met_here && r->late > -LATE_MOST)
                r->late -= STEP;
        if (r->other == CLOSES)
                return;
        CONTEXT_CHECK((size_t)r->met_there ==
                      (size_t)r->met_here + (sends(r) ? 0 : left) - (sends(r) ? left : 0));
        if (left)
                CONTEXT_CHECK(try_get(r->c) == value);
}

/* Two threads on one CPU would never be at the same instant, and the kernel's usual slack of 50 us
   would make each round that long. */
static void keep_apart(unsigned me)
{
        cpu_set_t set;

        if (ct_in_task() || usable_cpus() < 2)
                return;
        CPU_ZERO(&set);
        CPU_SET(crew_cpu(me, 2), &set);
        CONTEXT_CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
        CONTEXT_CHECK(prctl(PR_SET_TIMERSLACK, 1) == 0);
}

static void race_body(void *shared, unsigned me)
{
        struct race *r = shared;
        struct ct_rng rng;

        keep_apart(me);
        ct_rng_seed(&rng, 13 + me);
        for (unsigned i = 0; i < r->rounds; i++) {
                int64_t deadline;

                if (me == 0) {
                        set_up(r);
                        ct_store_u64_relaxed(&r->deadline, (uint64_t)ct_now_ns() + AHEAD);
                }
                meet(r, me);
                deadline = (int64_t)ct_load_u64_relaxed(&r->deadline);
                if (me == 0) {
                        r->met_here = wait_until(r, deadline, (int)i);
                } else {
                        int64_t instant = deadline + r->late + (int64_t)ct_rng_below(&rng, STEP);

                        while (ct_now_ns() < instant)
                                ct_pause();
                        r->met_there = come(r, deadline, (int)i);
                }
                meet(r, me);
                if (me == 0)
                        judge(r, (int)i);
                if (i % 16 == 0)
                        ct_checkpoint();
        }
}

static void race(void **state, enum waiter waiter, enum other other)
{
        FOR_EACH_KIND(kind)
        {
                struct race r = {.kind = kind,
                                 .waiter = waiter,
                                 .other = other,
                                 .rounds = ROUNDS(1000),
                                 .c = make_ints(kind, kind->least),
                                 .idle = {make_ints(kind, 1), make_ints(kind, 1)}};

                if (kind->least && sends(&r)) { /* a buffer would always have room for it */
                        ct_chan_free(r.c);
                        ct_chan_free(r.idle[0]);
                        ct_chan_free(r.idle[1]);
                        continue;
                }
                run_contexts(state, 2, race_body, &r);
                print_message("%s: in %u rounds of %u they met, in %u the time was over\n",
                              kind->name, r.took_place, r.rounds, r.timed_out);
                ct_chan_free(r.c);
                ct_chan_free(r.idle[0]);
                ct_chan_free(r.idle[1]);
        }
}

#define RACE(waiter, other)                                                                        \
        static void waiter##_##other(void **state)                                                 \
        {                                                                                          \
                race(state, waiter, other);                                                        \
        }

RACE(RECEIVES, PLAINLY)
RACE(RECEIVES, BY_SELECT)
RACE(RECEIVES, IN_TIME_TOO)
RACE(RECEIVES, CLOSES)
RACE(SENDS, PLAINLY)
RACE(SENDS, BY_SELECT)
RACE(SENDS, IN_TIME_TOO)
RACE(SELECTS_RECEIVE, PLAINLY)
RACE(SELECTS_RECEIVE, BY_SELECT)
RACE(SELECTS_RECEIVE, IN_TIME_TOO)
RACE(SELECTS_RECEIVE, CLOSES)
RACE(SELECTS_SEND, PLAINLY)
RACE(SELECTS_SEND, BY_SELECT)
RACE(SELECTS_SEND, IN_TIME_TOO)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(RECEIVES_PLAINLY),
                BOTH_WAYS(RECEIVES_BY_SELECT),
                BOTH_WAYS(RECEIVES_IN_TIME_TOO),
                BOTH_WAYS(RECEIVES_CLOSES),
                BOTH_WAYS(SENDS_PLAINLY),
                BOTH_WAYS(SENDS_BY_SELECT),
                BOTH_WAYS(SENDS_IN_TIME_TOO),
                BOTH_WAYS(SELECTS_RECEIVE_PLAINLY),
                BOTH_WAYS(SELECTS_RECEIVE_BY_SELECT),
                BOTH_WAYS(SELECTS_RECEIVE_IN_TIME_TOO),
                BOTH_WAYS(SELECTS_RECEIVE_CLOSES),
                BOTH_WAYS(SELECTS_SEND_PLAINLY),
                BOTH_WAYS(SELECTS_SEND_BY_SELECT),
                BOTH_WAYS(SELECTS_SEND_IN_TIME_TOO),
        };

        if (argc > 1)
                cmocka_set_test_filter(argv[1]);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
