/*
 * Inside of lib/sim: the running schedule. One OS thread, so nothing here is atomic.
 *
 * engine.c     tasks, switching, blocking, one schedule from setup to check
 * choose.c     the strategies: who runs next
 * schedule.c   what was chosen, as text; replay
 * explore.c    schedule after schedule
 * memory.c     atomic operations, store buffers
 * clocks.c     happens-before, races
 * instrument.c the compiler's calls before plain loads and stores
 * globals.c    lib/'s globals, put back after each schedule
 * heap.c       malloc for what is simulated
 * backend.c    parker, futex, clock, slot, spin, panic
 * report.c     words
 */
#ifndef CT_SIM_ENGINE_H
#define CT_SIM_ENGINE_H

#include "base/parker.h"
#include "base/sim.h"
#include "sim/sim.h"

#define STACK_BYTES (64u << 10)
#define STATE_BYTES (64u << 10)
#define ARENA_BYTES (1u << 20)
#define MAX_STEPS 20000u
#define MAX_IDLE_ROUNDS 48u /* everybody spins and nothing changes: longest wait 2^40 ns */
#define FREE_ROUNDS 8u      /* ... before deadlines come first */
#define MAX_POLLS 2u        /* time-outs of one task while the others stand still */
#define MAX_DECISIONS (2 * MAX_STEPS)
#define STORE_BUFFER 8

enum state { READY, PARKED, FUTEX, ASLEEP, DONE };

/* Why a task runs on. */
enum cause { RUN, TIMEOUT, SPURIOUS };

struct clock {
        uint32_t at[8]; /* SIM_TASKS, rounded up to whole vectors */
};

struct buffered {
        void *p;
        uint64_t v;
        unsigned size;
        bool release;
        struct clock clock;
};

struct task {
        void *context; /* of Boost.Context; also its stack pointer while it does not run */
        unsigned number;
        enum state state;
        enum cause cause;
        const void *on; /* what it waits for: a waiter or a futex word */
        int64_t deadline;
        bool yielded;         /* spins: not to run before something has changed ... */
        uint64_t yielded_at;  /* ... since this many changes */
        uint64_t own_changes; /* of sim.changes */
        uint64_t polled_at;   /* others' changes at its last time-out ... */
        unsigned polls;       /* ... and its time-outs since they came to that */
        uint64_t queued_at;   /* futex queues are FIFO */
        int priority;         /* PCT */
        struct clock clock;
        struct buffered buffer[STORE_BUFFER];
        unsigned buffered;
        const char *at;
        const void *called_from;
};

struct engine {
        struct task task[SIM_TASKS];
        struct task main; /* the explorer's own context */
        struct task *current;
        const struct sim_program *program;
        unsigned tasks;
        uint64_t steps, decisions, changes;
        unsigned idle_rounds;  /* in which everybody span, since ... */
        uint64_t idle_changes; /* ... so many changes */
        int64_t now;
        uint64_t hash;
        uint32_t seen;
        enum sim_verdict verdict;
        bool trace;
        bool running; /* from a schedule's setup to its check */
        bool calm;    /* see sim_calm() */
        char message[1024];
        const char *module; /* addresses are relative to it in hashes and reports */
        char *region;       /* state, arena, stacks */
        char *arena, *stacks, *end;
};

extern struct engine sim;

/* engine.c */
void sim_start(void);                      /* once per process */
void sim_run(const struct sim_program *p); /* one schedule: sim.verdict */
void sim_point(const char *what, const void *p, const void *called_from);
void sim_block(enum state state, const void *on, int64_t deadline);
void sim_wake(struct task *t);
void sim_fail(enum sim_verdict v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool sim_inside(void)
{
        return sim.current != &sim.main;
}
static inline void sim_mix(uint64_t x)
{
        sim.hash = (sim.hash ^ x) * UINT64_C(0x9e3779b97f4a7c15);
        sim.hash ^= sim.hash >> 29;
}
static inline void sim_changed(void)
{
        sim.changes++;
        sim.current->own_changes++;
}
uint64_t sim_offset(const void *p);
void sim_touch(const void *p); /* fails where p is memory that is gone */

/* choose.c */
struct chooser {
        enum sim_strategy strategy;
        bool replaying;
        int bound, faults;     /* exhaustive */
        int preemptions, used; /* by this schedule so far; `used` faults */
        uint64_t rng;
        uint32_t stay;      /* random: chance of staying, of 2^32 */
        uint64_t change[2]; /* PCT: the steps of the two priority changes */
        int lowest;         /* PCT: the next priority below all others */
        uint64_t length;    /* PCT: how long this program's schedules are */
};
extern struct chooser chooser;
void choose_start(uint64_t seed, uint64_t index);
struct task *choose_next(bool current_can_run); /* NULL: nobody can */
bool choose_fault(void);
unsigned choose_value(unsigned n);
bool choose_backtrack(void); /* exhaustive: false when there is nothing left */
void choose_reset_search(void);

/* schedule.c */
struct departure { /* of a decision from its default */
        uint32_t decision;
        char kind; /* r(un), t(imeout), s(purious wake), f(ault), v(alue) */
        uint8_t value;
};
void schedule_start(bool replaying);
void schedule_note(char kind, unsigned value);    /* the present decision is none of the default */
const struct departure *schedule_departure(void); /* replay: the present decision's, or NULL */
void schedule_misfit(void);
bool schedule_fits(void);
void schedule_write(char *out, size_t size);
bool schedule_read(const char *text);

/* clocks.c */
void clocks_reset(void);
void clocks_store(const void *p, const struct clock *c, bool release); /* tick after a release */
void clocks_load(const void *p, bool acquire);
void clocks_rmw(const void *p, bool acquire, bool release);
void clocks_plain(const void *p, bool write, const char *name, const void *from);
void clocks_tick(void); /* what the current task does from now on is not released yet */

/* globals.c */
void globals_start(void);
void globals_save(const void *p, size_t size);
void globals_restore(void);
static inline void sim_will_write(const void *p, size_t size)
{
        const char *c = p;

        if (c < sim.region || c >= sim.end)
                globals_save(p, size);
}

/* memory.c */
void memory_drain(struct task *t);

/* heap.c */
void heap_reset(void);
unsigned heap_blocks(void);
bool heap_live(const void *p);

/* backend.c */
extern const struct ct_parker_ops ct_parker_sim_ops, ct_parker_sim_thread_ops;

/* report.c */
void report_deadlock(void);
const char *report_place(const void *p, char *out, size_t size);
void report_step(const char *what, const void *p, const void *called_from);

#endif
