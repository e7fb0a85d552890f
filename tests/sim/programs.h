/*
 * The client programs. Each file defines <name>_programs, ended by one without a name; one line
 * here brings it into every test of the simulator.
 */
#ifndef CT_TESTS_SIM_PROGRAMS_H
#define CT_TESTS_SIM_PROGRAMS_H

#include "sim/sim.h"

#define SIM_FILES(X)                                                                               \
        X(parker)                                                                                  \
        X(mutex)                                                                                   \
        X(mutex_asym)                                                                              \
        X(rwmutex)                                                                                 \
        X(rwmutex_slots)                                                                           \
        X(waitgroup)                                                                               \
        X(latch)                                                                                   \
        X(once)                                                                                    \
        X(cond)                                                                                    \
        X(semaphore)                                                                               \
        X(value)                                                                                   \
        X(objpool)                                                                                 \
        X(map)                                                                                     \
        X(chan)                                                                                    \
        X(chan_close)                                                                              \
        X(chan_spsc)                                                                               \
        X(select)                                                                                  \
        X(timer)                                                                                   \
        X(context)                                                                                 \
        X(actor)                                                                                   \
        X(reorder)                                                                                 \
        X(ordered)                                                                                 \
        X(pipeline)                                                                                \
        X(batcher)                                                                                 \
        X(breaker)                                                                                 \
        X(deque)                                                                                   \
        X(injector)                                                                                \
        X(pool)                                                                                    \
        X(pool_live)                                                                               \
        X(pool_line)                                                                               \
        X(pool_line_staff)                                                                         \
        X(cache_value)                                                                             \
        X(cache_inline)                                                                            \
        X(cache_table)                                                                             \
        X(cache_bound)                                                                             \
        X(cache_load)                                                                              \
        X(cache_locked)                                                                            \
        X(key_counters)

#define SIM_DECLARE(name) extern const struct sim_program name##_programs[];
SIM_FILES(SIM_DECLARE)
#undef SIM_DECLARE

#endif
