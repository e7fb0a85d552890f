/*
 * Contexts that simulated code starts for itself: ct_task_start(), ct_go() and ct_thread_start_()
 * hand the function to a spare task of the program, and ct_guarded() is a plain setjmp. What they
 * really do has tests of its own.
 *
 *      static void task(void *state, unsigned self)
 *      {
 *              if (spawn_spare(self))          // runs what the others start
 *                      return;
 *              ... ct_pool_start() ...
 *              spawn_dismiss();                // the spare ones may end
 *      }
 */
#ifndef CT_TESTS_SIM_SPAWN_H
#define CT_TESTS_SIM_SPAWN_H

#include <stdbool.h>

/* In a program's setup: tasks first to last are spare. */
void spawn_setup(unsigned first, unsigned last);

/* True once the program is over: the caller was a spare task. */
bool spawn_spare(unsigned self);

void spawn_dismiss(void);

/* The n-th start from now, 1 the next, finds no memory; 0: none. */
void spawn_refuse(unsigned n);

/* How many started functions have not returned. */
unsigned spawn_running(void);

#endif
