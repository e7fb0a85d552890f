/*
 * The atomics of atomic.h on the simulator; included by it where CT_SIM is defined. Same names,
 * same orders: atomic.h is the contract.
 */
#ifndef CT_BASE_ATOMIC_SIM_H
#define CT_BASE_ATOMIC_SIM_H

#include "base/sim.h"

/* clang-format off */
#define CT_SIM_LOAD_(sfx, A, T, name, order)                                                       \
static inline T ct_load_##sfx##_##name(const A *p) { return (T)(uintptr_t)ct_sim_load_((const void *)p, sizeof(T), order); }
#define CT_SIM_STORE_(sfx, A, T, name, order)                                                      \
static inline void ct_store_##sfx##_##name(A *p, T v) { ct_sim_store_((void *)p, sizeof(T), (uintptr_t)v, order); }
#define CT_SIM_RMW_(sfx, A, T, op, name, code, order)                                              \
static inline T ct_##op##_##sfx##_##name(A *p, T v) { return (T)(uintptr_t)ct_sim_rmw_((void *)p, sizeof(T), code, (uintptr_t)v, order); }
#define CT_SIM_CAS_(sfx, A, T, cas, name, success, failure, weak)                                  \
static inline bool ct_##cas##_##sfx##_##name(A *p, T *expected, T v)                               \
{                                                                                                  \
        uint64_t seen = (uintptr_t)*expected;                                                      \
        bool done = ct_sim_cas_((void *)p, sizeof(T), &seen, (uintptr_t)v, success, failure, weak);        \
        if (!done)                                                                                 \
                *expected = (T)(uintptr_t)seen;                                                    \
        return done;                                                                               \
}
#define CT_SIM_RMW_ORDERS_(sfx, A, T, op, code)                                                    \
CT_SIM_RMW_(sfx, A, T, op, relaxed, code, CT_SIM_RELAXED)                                          \
CT_SIM_RMW_(sfx, A, T, op, acquire, code, CT_SIM_ACQUIRE)                                          \
CT_SIM_RMW_(sfx, A, T, op, release, code, CT_SIM_RELEASE)                                          \
CT_SIM_RMW_(sfx, A, T, op, acq_rel, code, CT_SIM_ACQ_REL)                                          \
CT_SIM_RMW_(sfx, A, T, op, seq, code, CT_SIM_SEQ)
#define CT_ATOMIC_LOAD_STORE(sfx, A, T)                                                            \
CT_SIM_LOAD_(sfx, A, T, relaxed, CT_SIM_RELAXED)                                                   \
CT_SIM_LOAD_(sfx, A, T, acquire, CT_SIM_ACQUIRE)                                                   \
CT_SIM_LOAD_(sfx, A, T, seq, CT_SIM_SEQ)                                                           \
CT_SIM_STORE_(sfx, A, T, relaxed, CT_SIM_RELAXED)                                                  \
CT_SIM_STORE_(sfx, A, T, release, CT_SIM_RELEASE)                                                  \
CT_SIM_STORE_(sfx, A, T, seq, CT_SIM_SEQ)                                                          \
CT_SIM_RMW_ORDERS_(sfx, A, T, exchange, CT_SIM_EXCHANGE)                                           \
CT_SIM_CAS_(sfx, A, T, cas, relaxed, CT_SIM_RELAXED, CT_SIM_RELAXED, false)                        \
CT_SIM_CAS_(sfx, A, T, cas, acquire, CT_SIM_ACQUIRE, CT_SIM_RELAXED, false)                        \
CT_SIM_CAS_(sfx, A, T, cas, release, CT_SIM_RELEASE, CT_SIM_RELAXED, false)                        \
CT_SIM_CAS_(sfx, A, T, cas, acq_rel, CT_SIM_ACQ_REL, CT_SIM_ACQUIRE, false)                        \
CT_SIM_CAS_(sfx, A, T, cas, seq, CT_SIM_SEQ, CT_SIM_SEQ, false)                                    \
CT_SIM_CAS_(sfx, A, T, cas_weak, relaxed, CT_SIM_RELAXED, CT_SIM_RELAXED, true)                    \
CT_SIM_CAS_(sfx, A, T, cas_weak, acquire, CT_SIM_ACQUIRE, CT_SIM_RELAXED, true)                    \
CT_SIM_CAS_(sfx, A, T, cas_weak, acq_rel, CT_SIM_ACQ_REL, CT_SIM_ACQUIRE, true)                    \
CT_SIM_CAS_(sfx, A, T, cas_weak, seq, CT_SIM_SEQ, CT_SIM_SEQ, true)
/* clang-format on */

#define CT_ATOMIC_RMW(sfx, A, T, op, fn) CT_SIM_RMW_ORDERS_(sfx, A, T, op, CT_SIM_RMW_CODE_##op)
#define CT_SIM_RMW_CODE_add CT_SIM_ADD
#define CT_SIM_RMW_CODE_sub CT_SIM_SUB
#define CT_SIM_RMW_CODE_or CT_SIM_OR
#define CT_SIM_RMW_CODE_and CT_SIM_AND

#endif
