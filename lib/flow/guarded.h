/*
 * Guarded calls: a function that fails, however deep in its calls, ends its own work and not the
 * process. What Go code does with a deferred recover (safeGo).
 *
 *      static int work(void *arg) { ...; if (bad) ct_task_fail("no such user: %s", name); ... }
 *
 *      struct ct_failure why;
 *      if (ct_guarded(&why, work, &job))
 *              log("%s (%d)", why.message, why.code);
 *
 * ct_task_fail unwinds to the nearest ct_guarded of the calling thread or task. Guards nest; a
 * function may fail again in the caller of its guard. It is meant for what ends one job: a request,
 * an actor's message, a worker's item.
 *
 * Not released by unwinding, since C has no destructors: whatever the functions in between hold.
 * Memory, files, mutexes and semaphore permits, references (contexts), counts owed to a waitgroup
 * or an errgroup, open ct_blocking_begin and ct_read_begin sections. So: allocate before the guard
 * and free after it, or fail only where nothing is held.
 * Not allowed: to fail out of a function that the library calls (once, timer, pool, map), which
 * would leave the primitive half done, or across another language's frames; to leave a guarded
 * function by a longjmp of one's own.
 *
 * Not caught: crashes, ct_panic, exit.
 * Blocks on, wakes: nothing, nobody.
 * Who may call: any thread or task. Not from signal handlers.
 * Failure: ct_task_fail outside of any guard panics with its message.
 *
 * Source: own code, on setjmp and longjmp.
 */
#ifndef CT_FLOW_GUARDED_H
#define CT_FLOW_GUARDED_H

#include <stdbool.h>

#define CT_FAILURE_MESSAGE 256

struct ct_failure {
        int code; /* 0: did not fail */
        char message[CT_FAILURE_MESSAGE];
};

/* Calls fn(arg). What it returned, with failure->code 0; or, where it failed, the failure's code,
   which is never 0. `failure` may be NULL. */
int ct_guarded(struct ct_failure *failure, int (*fn)(void *arg), void *arg);

/* Ends the nearest guarded call with this message, cut to fit, and the code -ECANCELED. */
_Noreturn void ct_task_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with a code of the caller's; 0 becomes -ECANCELED. */
_Noreturn void ct_task_fail_code(int code, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Whether a guard would catch a failure here. */
bool ct_is_guarded(void);

#endif
