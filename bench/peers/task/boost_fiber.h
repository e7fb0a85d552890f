/*
 * Boost.Fiber behind C: each call does a whole batch, so that its hot path is C++ as for any user.
 * Fibers stay on the thread that made them; a scheduler is the calling thread's own.
 */
#ifndef CT_BENCH_PEERS_BOOST_FIBER_H
#define CT_BENCH_PEERS_BOOST_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint64_t boost_fiber_spawn_join(uint64_t n); /* how many have run */
void boost_fiber_yield(uint64_t n);

/* Two channels and who answers on them: a fiber of the calling thread, or, with `across`, the main
   fiber of the thread that calls _serve. NULL: no memory. */
struct boost_partner;
struct boost_partner *boost_partner_start(bool across);
void *boost_partner_serve(void *partner); /* until _close */
void boost_partner_close(struct boost_partner *);
void boost_partner_ping_pong(struct boost_partner *, uint64_t n);
/* When nobody serves any more: how often it has answered. */
uint64_t boost_partner_stop(struct boost_partner *);

#ifdef __cplusplus
}
#endif

#endif
