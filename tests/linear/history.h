/*
 * Histories of channel operations, and whether a sequential channel could have answered like that.
 *
 * A program is what each task shall do; a history is that with what came of it and when. Moments
 * are a counter that goes up when an operation returns: one that returned at moment m came before
 * all that were invoked at m or later.
 *
 * The sequential channel holds at most `capacity` values, first in first out. A send that finds
 * room puts its value, a receive takes the first; at capacity 0 a send and a receive that are both
 * under way happen together. A try gives up only where it would have had to wait; what timed out
 * has not happened at all. After a close, receives take what is left and then get "closed"; sends
 * and closes panic. A select is one of its cases; it gives up where each of them would.
 *
 * A history is right if its operations can be put into one order that obeys time and the sequential
 * channel (Herlihy and Wing 1990), and if those that wait for ever at its end have reason to: in
 * the state at the end of that order none of them could go on (the "stuck histories" of Burckhardt
 * et al., "Line-Up", PLDI 2010). So a lost wake-up is no right history.
 */
#ifndef CT_TESTS_LINEAR_HISTORY_H
#define CT_TESTS_LINEAR_HISTORY_H

#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TASKS 4
#define TASK_OPS 8
#define MOST_OPS 32 /* bits of a set */
#define CHANNELS 2
#define MOST_CAPACITY 3
#define CASES 2
#define NO_VALUE 127 /* nobody sends it */
#define NEVER UINT32_MAX

enum what { OP_CASES, OP_CLOSE, OP_LEN };
enum mode { MODE_WAIT, MODE_TRY, MODE_UNTIL };

struct alternative {
        bool send;
        uint8_t chan;
        uint8_t value; /* to send: no two sends of a program have the same */
};

enum outcome {
        OUT_PENDING, /* has not returned */
        OUT_DONE,    /* case `fired` was done, or the close, or the length is known */
        OUT_NOTHING  /* a try that failed, a time-out */
};

struct op {
        enum what what;
        enum mode mode;
        uint8_t task;
        uint8_t chan;  /* of a close or a length */
        uint8_t cases; /* 1: a plain send or receive; or a select */
        bool select;   /* also one with a single case */
        struct alternative alternative[CASES];

        enum outcome outcome;
        uint8_t fired;
        bool open;      /* a receive has got a value */
        uint8_t value;  /* ... this one */
        uint8_t length; /* of a length */
        uint32_t invoked, returned;
};

enum ending {
        END_ALL,   /* every operation has returned, or was not begun */
        END_STUCK, /* those that are pending wait for ever */
        END_PANIC  /* one of those that are pending has panicked */
};

struct history {
        unsigned channels;
        uint8_t capacity[CHANNELS];
        bool spsc[CHANNELS];
        unsigned n;
        struct op op[MOST_OPS]; /* each task's in their order */
        enum ending ending;
};

/* program.c: what the tasks shall do. Polite programs do not panic and do not wait for ever. */
struct program {
        struct history plan; /* nothing has been invoked */
        unsigned tasks;
        bool polite;
};

void program_generate(struct program *p, struct ct_rng *r, bool polite);

/* check.c */
struct checker; /* memory for one check at a time */

struct checker *checker_new(void);
void checker_free(struct checker *c);
bool checker_accepts(struct checker *c, const struct history *h);
uint64_t checker_nodes(const struct checker *c); /* states that were looked at, all together */

/* reference.c: a history that is right since it was made by a sequential channel. */
void reference_run(struct history *h, const struct program *p, struct ct_rng *r);

/* mutate.c: turns a right history into one that no channel can have; false where it has nothing
   that mutation `kind` could change. */
extern const char *const mutations[];
extern const unsigned mutation_kinds;
bool mutate(struct history *h, unsigned kind, struct ct_rng *r);

/* print.c */
void history_print(FILE *f, const struct history *h);

#endif
