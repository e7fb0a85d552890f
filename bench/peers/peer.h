/*
 * What every peer's file starts with. A peer is another library's primitive, measured by the same
 * loop as ours: the family's loop text is included after the definitions of one of locks/.h, so
 * that what is inline for the library's users is inline here. Names are `library:thing`.
 *
 * PEER_VERSION_<library> are strings that CMake found out.
 */
#ifndef CT_BENCH_PEER_H
#define CT_BENCH_PEER_H

#include "harness/contestant.h"

/* Somebody else's locks know threads only: a task that blocks in one takes its carrier along. */
#define PEER_CAPS (CAP_BASELINE | CAP_SECTION | CAP_THREADS_ONLY)

#endif
