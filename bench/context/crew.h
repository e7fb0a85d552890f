/*
 * Those who wait to be cancelled: n contexts of the worker's own kind, threads or tasks. Threads
 * may run on every CPU of the process, whatever the worker is bound to.
 */
#ifndef CT_BENCH_CONTEXT_CREW_H
#define CT_BENCH_CONTEXT_CREW_H

#include <stdbool.h>
#include <stdint.h>

struct crew;

/* wait(scene, index): waits for the end of this round; true if it came as it should. */
int crew_start(struct crew **, unsigned n, bool (*wait)(void *scene, unsigned index), void *scene);

/* Sends all to wait; returns once they do, and those that spin first are asleep. */
void crew_send(struct crew *);

/* When the last was back, in ns; 0: somebody's wait went wrong. */
int64_t crew_await(struct crew *);

void crew_stop(struct crew *);

#endif
