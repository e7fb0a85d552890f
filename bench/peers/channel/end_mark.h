/*
 * How a queue without a close ends: with a value that no sender sends. Whoever receives it puts it
 * back for the next one, so that it ends every receiver however many there are; it always finds the
 * place that it was taken from. Values are never 0 (channel.h), so those of a queue of pointers can
 * stand in the pointers themselves.
 */
#ifndef CT_BENCH_PEERS_CHANNEL_END_MARK_H
#define CT_BENCH_PEERS_CHANNEL_END_MARK_H

#include <stdint.h>

#define END_MARK UINTPTR_MAX

#endif
