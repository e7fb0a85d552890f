/*
 * The deterministic back-end and its explorer: runs a small client program of lib/ under every
 * interleaving that a strategy asks for, in one OS thread.
 *
 * A program is a state, one to SIM_TASKS task bodies and a check. For each schedule the state is
 * zeroed, `setup` runs, the tasks run to their ends, `check` runs. Tasks are switched at every
 * atomic operation and parker call of lib/ (base/sim.h), so a program and the primitive under test
 * must be compiled with CT_SIM. What they write to globals is undone after each schedule.
 *
 * What a schedule may contain besides switches:
 *      time-outs    a context that waits with a deadline may time out whenever others could run
 *                   instead; time is virtual and jumps to the deadline then. Otherwise it moves
 *                   only by sim_advance() and while everybody spins.
 *      faults       at most `faults` of: a futex wait returns for no reason, a weak
 *                   compare-and-swap fails for no reason, a store (not _seq) stays in its task's
 *                   store buffer until that task's next read-modify-write, pause or park, or
 *                   another's membarrier.
 *
 * What ends a schedule badly (enum sim_verdict): a deadlock, which says where everybody waits; no
 * progress; a data race; a failed SIM_CHECK; a ct_panic; memory used after free or after its
 * function returned; memory left behind.
 *
 * Races: vector clocks. Release and acquire make order, relaxed does not, whatever the schedule.
 * Plain data is looked at where the program says SIM_READ or SIM_WRITE, and everywhere else where
 * it is compiled with -fsanitize=thread, whose calls lib/sim answers itself. Memory itself is
 * sequentially consistent but for the store buffers, so a bug that needs more (loads out of order,
 * stores out of order) shows only if it is also a race on plain data.
 *
 * Sources: Musuvathi and Qadeer, "Iterative Context Bounding" (PLDI 2007) and CHESS's fair
 * scheduling; Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding
 * Bugs" (PCT, ASPLOS 2010); Flanagan and Freund, "FastTrack" (PLDI 2009); Vyukov's relacy.
 */
#ifndef CT_SIM_SIM_H
#define CT_SIM_SIM_H

#include "base/atomic.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_TASKS 6
#define SIM_TIMEOUT_NS INT64_C(10000000) /* a usual time-out in programs; anything will do */

enum sim_park {
        SIM_PARK_DIRECT, /* a park is one step of the simulator: the smallest search */
        SIM_PARK_THREAD  /* the OS threads' back-end (parker_thread.c) on simulated futexes */
};

struct sim_program {
        const char *name;
        const char *what;                         /* one line for the table */
        unsigned tasks;                           /* 1 to SIM_TASKS */
        size_t size;                              /* of the state */
        void (*setup)(void *state);               /* may be NULL */
        void (*task)(void *state, unsigned self); /* self: 0 to tasks - 1 */
        void (*check)(void *state);               /* may be NULL */
        enum sim_park park;
        unsigned spins;    /* a spin budget is so many times 4 pauses; 0: nobody spins */
        bool asymmetric;   /* membarrier works: ct_asymmetric_ready() */
        bool one_place;    /* all tasks share one place, as tasks of one carrier do */
        int bound;         /* preemptions in the exhaustive search; 0: the runner's */
        int faults;        /* in the exhaustive search; -1: none, 0: the runner's */
        bool leaks;        /* memory may be left at the end */
        const char *panic; /* a schedule may end in a panic whose message contains this */
        uint32_t must_see; /* bits of sim_saw() that some schedule must have set */
};

enum sim_verdict {
        SIM_OK,
        SIM_DEADLOCK,
        SIM_LIVELOCK,
        SIM_RACE,
        SIM_CHECK_FAILED,
        SIM_PANIC,
        SIM_USE_AFTER_FREE,
        SIM_LEAK,
        SIM_CRASH,    /* a bad address */
        SIM_NOT_SEEN, /* no schedule did what must_see asks for */
        SIM_BROKEN    /* the replay does not fit the program */
};

const char *sim_verdict_name(enum sim_verdict v);

/* ---- for programs ---- */

#define SIM_CHECK(condition)                                                                       \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        sim_check_failed_(#condition, __FILE__, __LINE__);                         \
        } while (0)

/* Access to data that is no atomic: checked for races, no scheduling point. */
#define SIM_READ(lvalue) (*(sim_plain_(&(lvalue), false, #lvalue), &(lvalue)))
#define SIM_WRITE(lvalue, value)                                                                   \
        do {                                                                                       \
                sim_plain_(&(lvalue), true, #lvalue);                                              \
                (lvalue) = (value);                                                                \
        } while (0)

void sim_check_failed_(const char *condition, const char *file, int line);
void sim_plain_(const void *p, bool write, const char *name);

/* A scheduling point. */
void sim_step(void);

/* Lets virtual time pass, as if the caller had computed for that long. */
void sim_advance(int64_t ns);

/* One of 0 to n - 1; every one of them in an exhaustive search. */
unsigned sim_choose(unsigned n);

/* From here on nothing is tried but the default schedule, until it is said to be false: for what a
   program needs but is not about. */
void sim_calm(bool calm);

/* This schedule has seen case `bit`: see must_see. */
void sim_saw(unsigned bit);

/* What the calling task is about to do: shown where it waits in a report. */
void sim_at(const char *what);

/* ---- exploring ---- */

enum sim_strategy { SIM_EXHAUSTIVE, SIM_RANDOM, SIM_PCT };

const char *sim_strategy_name(enum sim_strategy s);

struct sim_options {
        enum sim_strategy strategy;
        uint64_t seed;      /* random and PCT */
        uint64_t first;     /* index of the first schedule: seed and index make a schedule */
        uint64_t schedules; /* at most so many */
        int bound;          /* preemptions; exhaustive */
        int faults;         /* exhaustive */
};

struct sim_result {
        enum sim_verdict verdict;
        uint64_t schedules;
        bool exhausted;     /* nothing is left to try within the bounds */
        uint64_t steps;     /* over all schedules */
        uint64_t longest;   /* steps of the longest schedule */
        uint64_t hash;      /* of all steps of all schedules */
        uint64_t index;     /* of the failing schedule */
        uint32_t seen;      /* bits of sim_saw() */
        char message[1024]; /* of the failing schedule */
        char choices[2048]; /* for sim_replay(); empty where they do not fit */
};

void sim_explore(const struct sim_program *p, const struct sim_options *o, struct sim_result *r);

/* Runs the one schedule that `choices` (of a sim_result) describes, printing each step on stderr
   where `trace` is set. */
void sim_replay(const struct sim_program *p, const struct sim_options *o, const char *choices,
                bool trace, struct sim_result *r);

#endif
