/*
 * The parker: the one way in which anything in lib/ waits.
 *
 * A primitive that must block puts a struct ct_waiter into its queue and parks on it; whoever makes
 * the condition true takes the waiter out of the queue and unparks it. A waiter is a binary
 * semaphore: unpark gives the permit, park takes it, in either order. The waiter carries its
 * back-end's operations, so the same queue may hold OS threads and, with another back-end, anything
 * else that can be suspended: a primitive never knows who waits.
 *
 *      struct ct_waiter w;
 *      ct_waiter_init(&w);
 *      ... put w where the waker finds it ...
 *      if (ct_park_until(&w, deadline, CT_PARK_SPIN) == -ETIMEDOUT) {
 *              ... lock the queue: still in it? take w out, time out. Not in it any more? The
 *              unpark is on its way: ct_park(&w), and the wait has succeeded ...
 *      }
 *
 * Blocks on: the waiter's own word; OS threads spin for a bounded time, then sleep in the kernel.
 * Wakes: ct_unpark wakes the one context that parks on the waiter.
 * Order: what the waker did before ct_unpark, the parked context sees after ct_park returns 0.
 * Who may call: ct_park* only the context that called ct_waiter_init; ct_unpark anyone, once for
 *      each park that returns or will return 0. Never from a signal handler.
 * Ownership: the waiter is the caller's, usually on its stack. It must stay until no unpark can
 *      come any more; ct_park returning 0 for the only unpark is such a moment.
 * Failure: -ETIMEDOUT only.
 * Units: ns; deadlines are absolute ct_now_ns() times, CT_FOREVER for none.
 *
 * Source: the park/unpark permit of java.util.concurrent's LockSupport; Go's gopark and goready.
 */
#ifndef CT_BASE_PARKER_H
#define CT_BASE_PARKER_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/pause.h"

#include <stddef.h>
#include <stdint.h>

struct ct_waiter;

/* Whether a park may burn CPU before it sleeps. */
enum ct_park_how {
        CT_PARK_SPIN, /* the unpark may be about to come: spin within the budget first */
        CT_PARK_SLEEP /* the caller has spun already, or knows that it will be long */
};

/* What a spin waits for. */
enum ct_spin_for {
        CT_SPIN_FOR_EVENT, /* something that a context has yet to come and do */
        CT_SPIN_FOR_OWNER  /* whoever holds a lock: inside already, so most likely running */
};

/*
 * What a back-end supplies. A context is what can be suspended: an OS thread, a task.
 *
 * init      makes the waiter the calling context's: word EMPTY, place, context.
 * here      names the place where the caller runs: a place runs one context at a time, so two
 *           contexts at one place cannot both be running. CT_PLACE_ANY where a woken context may
 *           come up anywhere.
 * yield     lets others run that wait for this place.
 * may_spin  false where spinning only keeps away whoever would end the wait.
 * self      the calling context's number: never 0, and no other living context's. Back-ends other
 *           than the OS threads' set CT_SELF_TASK in it.
 */
struct ct_parker_ops {
        void (*init)(struct ct_waiter *w);
        int (*park)(struct ct_waiter *w, int64_t deadline, enum ct_park_how how);
        void (*unpark)(struct ct_waiter *w);
        uint32_t (*here)(void);
        void (*yield)(void);
        bool (*may_spin)(enum ct_spin_for what);
        uint64_t (*self)(void);
};

#define CT_PLACE_ANY UINT32_MAX
/* A place with this bit set: a woken context comes up where its waker runs. */
#define CT_PLACE_WAKER (UINT32_C(1) << 31)
#define CT_SELF_TASK (UINT64_C(1) << 63)

struct ct_waiter {
        const struct ct_parker_ops *ops; /* the back-end that knows how to wake this context */
        void *context;                   /* the back-end's: whom to wake */
        ct_atomic_u32 word;              /* the back-end's; see enum ct_waiter_word_ */
        uint32_t place;                  /* ops->here() at init: where it will run when woken */
};

enum ct_waiter_word_ { CT_WAITER_EMPTY_, CT_WAITER_PERMIT_, CT_WAITER_PARKED_ };

extern const struct ct_parker_ops ct_parker_thread_ops;

/* The back-end of what runs on this OS thread: its own, until something that runs other contexts
   on it says otherwise. */
extern _Thread_local const struct ct_parker_ops *ct_parker_self_;

/* The back-end of the calling context. */
static inline const struct ct_parker_ops *ct_parker_ops_self(void)
{
        return ct_parker_self_;
}

/* Makes w the calling context's, without a permit. */
static inline void ct_waiter_init(struct ct_waiter *w)
{
        w->ops = ct_parker_ops_self();
        w->ops->init(w); /* what publishes the waiter publishes this: the queue's guard */
}

/* Takes the permit; returns 0 once it has it, -ETIMEDOUT if none came before the deadline. The two
   exclude each other: after -ETIMEDOUT a late permit stays in w for the next park. A deadline that
   has passed takes the permit if it is there and never sleeps. Signals do not extend the wait. */
static inline int ct_park_until(struct ct_waiter *w, int64_t deadline, enum ct_park_how how)
{
        return w->ops->park(w, deadline, how);
}

static inline void ct_park(struct ct_waiter *w)
{
        (void)w->ops->park(w, CT_FOREVER, CT_PARK_SPIN); /* cannot time out */
}

/* Gives the permit. A second one before the first is taken is lost, so one park, one unpark. */
static inline void ct_unpark(struct ct_waiter *w)
{
        w->ops->unpark(w);
}

/* "thread 17 (worker)" or "task 12": who self() named, for messages. */
void ct_parker_describe(uint64_t self, char *out, size_t size);

/* Where the context behind w comes up if the caller wakes it. */
static inline uint32_t ct_waiter_comes_up_at(const struct ct_waiter *w)
{
        uint32_t here;

        if (!(w->place & CT_PLACE_WAKER))
                return w->place;
        here = ct_parker_ops_self()->here();
        return here & CT_PLACE_WAKER ? here : CT_PLACE_ANY;
}

/* True when a context that last parked at this place could only run after the caller stops. */
static inline bool ct_parker_behind_caller(uint32_t place)
{
        return place != CT_PLACE_ANY && place == ct_parker_ops_self()->here();
}

/*
 * Calibration. Spinning pays as long as it costs less than the sleep and wake that it saves, so the
 * budget is this machine's own wake-up cost. It is measured by ct_parker_calibrate(), which every
 * program that measures calls at start-up; until then, and where it fails, the budget is
 * CT_PARKER_DEFAULT_WAKE_NS and only the CPU count and the length of a pause are taken from the
 * machine, on first use. With one usable CPU the budget is always 0.
 */
#define CT_PARKER_DEFAULT_WAKE_NS 10000

struct ct_parker_calibration {
        unsigned cpus;   /* usable CPUs */
        double pause_ns; /* one ct_pause() */
        int64_t wake_ns; /* unpark to running, across cores; the default until measured */
        int64_t spin_ns; /* longest spin before a sleep; 0 = never spin */
        bool measured;   /* wake_ns is a measurement */
};

/* Measures, in about 5 ms, with two short-lived threads on two CPUs. 0, or -errno of the thread
   creation or pinning that failed; then the defaults stand. Call it before the threads that use
   the library start. Cheap and without threads where only one CPU is usable. */
int ct_parker_calibrate(void);

struct ct_parker_calibration ct_parker_calibration(void);

/* Usable CPUs: the main thread's affinity mask when first asked, or what was set last. */
unsigned ct_parker_cpus(void);

/* For whoever confines all threads to fewer CPUs than the process may use. n >= 1. */
void ct_parker_set_cpus(unsigned n);

/*
 * A bounded spin, for primitives that compete for a word instead of waiting for an unpark.
 * start: takes the budget, cut to the deadline. wait: pauses, a little longer each time up to
 * max_step_ns, and returns false once the budget is used up. end: tells whether it paid; a thread
 * whose spins keep failing (as they do when more threads run than CPUs) spins ever less, down to
 * 1/32, and returns to the full budget as soon as they pay again; every 32nd failure is followed by
 * one with the full budget, to find out.
 */
struct ct_spin {
        uint32_t left; /* pauses; 0: the budget is used up */
        uint32_t step,
                max_step; /* pauses; who competes for a word may set step back to be prompt */
};

void ct_spin_start(struct ct_spin *s, enum ct_spin_for what, int64_t deadline,
                   uint32_t max_step_ns);
void ct_spin_end(struct ct_spin *s, bool paid);

static inline bool ct_spin_wait(struct ct_spin *s)
{
        uint32_t n = s->step < s->left ? s->step : s->left;

        if (!n)
                return false;
        s->left -= n;
        s->step = s->step < s->max_step / 2 ? s->step * 2 : s->max_step;
#ifdef CT_SIM
        n = 1; /* nothing changes between two pauses but at the first */
#endif
        while (n--)
                ct_pause();
        return true;
}

#endif
