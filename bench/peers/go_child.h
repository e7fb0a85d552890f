/*
 * The Go program beside the block: started at its first window on the block's CPUs, ended with the
 * block's process. bench/peers/go/main.go is its side of the protocol.
 */
#ifndef CT_BENCH_GO_CHILD_H
#define CT_BENCH_GO_CHILD_H

#include "harness/outside.h"

/* Where a goroutine waits it gives its P away, so both ways of running are Go's own. The runtime
   has threads beside those of the workers. */
#define GO_CAPS (CAP_BASELINE | CAP_SECTION | CAP_PARKS | CAP_THREADS)
#define GO_SOURCE "Go " PEER_VERSION_go " "

/* The contestant go:X asks the program for X in the family and workload of the spec. */
int go_child_window(const struct outside_spec *, struct outside_answer *);

/* The same with one worker that uses all CPUs, in a program of its own: what Go keeps of goroutines
   that have ended would be the next window's. */
int go_child_on_all_pus(const struct outside_spec *, struct outside_answer *);

#endif
