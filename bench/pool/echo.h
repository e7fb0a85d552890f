/*
 * The other end of a wait: a thread that answers each request over loopback TCP when a fixed time
 * has passed since it came.
 */
#ifndef CT_BENCH_POOL_ECHO_H
#define CT_BENCH_POOL_ECHO_H

#include <stdbool.h>
#include <stdint.h>

struct echo;

/* Whichever connection is free; the caller sees to it that one is. */
#define ECHO_ANY UINT32_MAX

/* 0 or -errno: -EMFILE where the process may not have two descriptors for each connection. */
int echo_start(struct echo **out, unsigned connections, int64_t delay_ns);

/* Asks and waits in the kernel; one at a time on a connection. True: answered with what was sent.
 */
bool echo_ask(struct echo *e, uint32_t connection);

/* Nobody asks any more. NULL is fine. */
void echo_stop(struct echo *e);

#endif
