/*
 * What the harness measures: families, their contestants, and the points of a sweep.
 *
 * A family is one benchmark binary and one CSV file. A contestant is one way of doing the family's
 * work; it is bound at compile time: its hot path is static inline and the family's measured loop
 * is included once per contestant, so that no indirect call stands inside the loop. The
 * descriptor's function pointers are called once per batch.
 *
 * The harness owns the contestant's storage (size, align), so that its placement is the harness's
 * choice, and starts every window from storage of zero bytes followed by init().
 */
#ifndef CT_HARNESS_CONTESTANT_H
#define CT_HARNESS_CONTESTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cacheline.h"
#include "base/rng.h"

enum {
        MAX_PARAMS = 8,   /* p_ columns of a family */
        MAX_METRICS = 12, /* the family's own metric columns */
        MAX_WORKLOADS = 16,
        MAX_ROLES = 4,
        PARAM_UNSET = -1, /* the parameter does not apply: an empty cell */
};

enum caps {
        CAP_LOSSY = 1u << 0,        /* may fail its oracle; what it lost is a metric */
        CAP_FIFO = 1u << 1,         /* serves waiters in the order of their arrival */
        CAP_PARKS = 1u << 2,        /* a waiter sleeps in the kernel */
        CAP_SPINS = 1u << 3,        /* a waiter never gives up its CPU */
        CAP_BASELINE = 1u << 4,     /* what others offer: measured against, never "ours" */
        CAP_FLOOR = 1u << 5,        /* does nothing: the cost of the loop itself */
        CAP_SECTION = 1u << 6,      /* has a critical section that can be lengthened */
        CAP_SHARDED = 1u << 7,      /* is split into parts, how many is a parameter */
        CAP_THREADS = 1u << 8,      /* has threads of its own, which need CPUs too */
        CAP_THREADS_ONLY = 1u << 9, /* a waiter blocks its OS thread: no tasks */
        CAP_TASKS_ONLY = 1u << 10,  /* is about tasks */
        CAP_BUFFERED = 1u << 11,    /* a channel or queue that holds a value, at least one */
        CAP_PAIR = 1u << 12,        /* serves one sender and one receiver, not more */
        CAP_UNBOUNDED = 1u << 13,   /* takes values without an end: nobody waits for room */
        CAP_WORDS = 1u << 14,       /* takes values of one word */
        CAP_BATCHES = 1u << 15,     /* has a call for many operations at once */
};

/* What a worker is: an OS thread of its own, or a task on a carrier thread (exec in the CSV). */
enum exec_kind { BY_THREADS, BY_TASKS, EXEC_KINDS };

extern const char *const exec_names[EXEC_KINDS]; /* "thread", "task" */

/* Values of the family's parameters, in the order of family->params. */
struct params {
        int64_t value[MAX_PARAMS];
};

struct ct_histogram; /* histogram.h */

/* One worker, thread or task, as a contestant sees it. Only it touches this in a window. */
struct worker {
        CT_ALIGN_PAIR unsigned index; /* 0 .. threads-1 */
        unsigned threads;             /* workers in this window */
        struct ct_rng rng;            /* seeded by (run seed, index) */
        unsigned role;                /* see family->role */
        unsigned workload;            /* index into family->workloads */
        const struct params *params;
        uint64_t hold_turns;  /* work_spin() turns inside and outside the */
        uint64_t think_turns; /* critical section */
        const uint8_t *draws; /* DRAWS prepared decisions, see family->draw */
        uint64_t cursor;      /* position in draws, kept between batches */
        void *local;          /* the contestant's own, from worker_init() */
        /* For latencies that lie between two workers, in ns: what it records here, instead of the
           harness's timing of its operations, fills the latency columns. */
        struct ct_histogram *latency;
};

enum { DRAWS = 4096 }; /* a power of two; 4 KiB stays in L1 beside the contestant */

/* What all workers did in one window, exact (not the snapshot that the rate is computed from). */
struct totals {
        uint64_t ops;     /* operations */
        uint64_t effects; /* sum of what run() returned: for a counter, its increments */
        unsigned threads;
        const struct params *params;
};

struct topology;
struct measurement;  /* record.h */
struct outside_spec; /* outside.h */
struct outside_answer;

/* n operations without reading a clock; returns how many had an effect the oracle can count. */
typedef uint64_t run_fn(void *self, struct worker *, uint64_t n);

/* Fills what it measured into *m (all NAN before) and sets m->verified; 0 or -errno. */
typedef int measure_fn(const struct topology *, const struct params *, int64_t window_ns,
                       struct measurement *m);

struct contestant {
        const char *name;   /* CSV key: never renamed, only retired */
        const char *source; /* guide, paper or library the algorithm is from */
        unsigned caps;
        const char *word; /* in the family's word column; NULL: an empty cell */
        size_t size, align;
        int (*init)(void *self, const struct params *,
                    unsigned threads); /* 0 or -errno; NULL: zero bytes do */
        run_fn *run[MAX_WORKLOADS];    /* by workload index; NULL: does not do this workload */
        /* The oracle, untimed, after the last worker has stopped: 0, or -errno when the result is
           wrong. `metrics` are the family's metric columns, NAN = not measured. */
        int (*check)(const void *self, const struct totals *, double *metrics);
        void (*fini)(void *self);
        /* Once per worker and window, on the worker's own thread or task: after init(), for what it
           should touch first or prepare (its rng is seeded, its draws are ready) and keep in local;
           0 or -errno. And after its last operation, before check(). NULL: nothing to do. */
        int (*worker_init)(void *self, struct worker *);
        void (*worker_fini)(void *self, struct worker *);
        /* By each worker right after its last operation, while others may still be in theirs: lets
           those go that would wait for it. NULL: nobody waits for anybody. */
        void (*worker_leave)(void *self, struct worker *);
        /* Instead of run: measures by itself, with threads or a runtime that it places itself. */
        measure_fn *measure[MAX_WORKLOADS];
        /* Instead of run: another program runs the window (outside.h). */
        int (*outside[MAX_WORKLOADS])(const struct outside_spec *, struct outside_answer *);
};

/* Over how many threads a point is measured, unless --threads says otherwise. */
enum thread_set {
        THREADS_SWEEP,     /* 1, 2 .. cores, cores + 1, 2 x cores, 4 x cores */
        THREADS_KEY,       /* 1, cores, 2 x cores */
        THREADS_ONE,       /* 1, always */
        THREADS_TWO,       /* 2, always: measures between two CPUs */
        THREADS_CORES,     /* cores */
        THREADS_CONTENDED, /* cores, 2 x cores; 2 and 4 with one core */
};

/* One point of the sweep before thread counts are applied. */
struct point {
        unsigned workload; /* index into family->workloads */
        struct params params;
        enum thread_set threads;
        unsigned needs;   /* contestants without all these caps sit it out (0: any) */
        unsigned without; /* contestants with any of these caps sit it out */
        /* Measured in the blocks of the point before it, interleaved with its contestants, because
           they are to be compared; workload and thread counts are that point's. */
        bool joins;
        /* Measured with tasks too where nothing is said about it: a long sweep has every point both
           ways, a quick one those that say so, at the key thread counts. */
        bool tasks;
        bool threads_only; /* never with tasks */
        bool tasks_only;   /* never with threads */
        unsigned workers;  /* exactly so many, always; 0: as `threads` says */
};

struct point_list {
        struct point *points;
        size_t n, capacity;
};

void point_list_add(struct point_list *, const struct point *);

struct family {
        const char *name;
        const char *summary;                         /* one line for --help */
        unsigned caps;                               /* that all its contestants have */
        const struct contestant *const *contestants; /* NULL-terminated */
        const char *workloads[MAX_WORKLOADS];
        const char *params[MAX_PARAMS];   /* "p_read_pct", ... NULL-terminated if fewer */
        const char *metrics[MAX_METRICS]; /* the family's own columns */
        const char *word;         /* a column that says something of a contestant, or NULL: none */
        const char *sample_param; /* the parameter that asks for latency sampling, or NULL */
        const char *hold_param, *think_param; /* in ns, calibrated into worker turns, or NULL */
        /* Takes the file of --trace before points() is asked: 0, or -errno and one line in `why`
           (WHY_SIZE bytes). NULL: the family has no such option. */
        int (*trace)(const char *path, char *why);
        /* The family's points; `full` asks for the long sweep. */
        void (*points)(const struct topology *, bool full, struct point_list *);
        /* Fills a worker's DRAWS prepared decisions for these params, or NULL. */
        void (*draw)(uint8_t *draws, const struct params *, struct ct_rng *);
        /* Where workers do different things: which, by a number below MAX_ROLES. The operations of
           role 0 are the window's, its fairness is that of the role that has least of it. `pus` is
           how many run at a time: worker i runs where i + pus does. NULL: all do the same. */
        unsigned (*role)(unsigned workload, const struct params *, unsigned index, unsigned threads,
                         unsigned pus);
};

int family_param_index(const struct family *, const char *name); /* -1: none */

/* Other people's libraries have a colon in their names, and are measured where it is asked for. */
bool contestant_is_peer(const struct contestant *);

/* False where a waiting worker would keep its carrier from running the one it waits for. */
bool contestant_runs_by(const struct family *, const struct contestant *, enum exec_kind);

#endif
