/* Boost.Fiber's channels between fibers, in a window of their own: it knows only fibers of threads
   that it schedules itself. */
#ifndef CT_BENCH_PEERS_CHANNEL_BOOST_FIBERS_H
#define CT_BENCH_PEERS_CHANNEL_BOOST_FIBERS_H

#include "harness/outside.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All fibers on one thread; or shared by as many threads as there are CPUs. */
int boost_fibers_on_one(const struct outside_spec *, struct outside_answer *);
int boost_fibers_on_all(const struct outside_spec *, struct outside_answer *);

#ifdef __cplusplus
}
#endif

#endif
