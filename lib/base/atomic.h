/*
 * Atomics with the memory order in the name.
 *
 * Every operation says how it orders other memory: _relaxed (atomicity only), _acquire (later
 * accesses stay after it), _release (earlier accesses stay before it), _acq_rel (both), _seq (both,
 * and one total order with every other _seq operation). A function without a suffix does not exist.
 * There are no bare fences: ThreadSanitizer cannot see them, so order belongs on the operation.
 *
 * Shapes: ct_atomic_u32, ct_atomic_u64, ct_atomic_ptr. Zero bytes are a valid zero.
 * Source: C11 <stdatomic.h>; the naming follows mimalloc's atomic.h.
 */
#ifndef CT_BASE_ATOMIC_H
#define CT_BASE_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic(uint32_t) ct_atomic_u32;
typedef _Atomic(uint64_t) ct_atomic_u64;
typedef _Atomic(void *) ct_atomic_ptr;

#ifdef CT_SIM
#include "base/atomic_sim.h" /* the same operations, each a scheduling point of lib/sim */
#else

/* clang-format off */
#define CT_ATOMIC_LOAD_STORE(sfx, A, T)                                                            \
static inline T ct_load_##sfx##_relaxed(const A *p) { return atomic_load_explicit((A *)p, memory_order_relaxed); } \
static inline T ct_load_##sfx##_acquire(const A *p) { return atomic_load_explicit((A *)p, memory_order_acquire); } \
static inline T ct_load_##sfx##_seq(const A *p) { return atomic_load_explicit((A *)p, memory_order_seq_cst); }     \
static inline void ct_store_##sfx##_relaxed(A *p, T v) { atomic_store_explicit(p, v, memory_order_relaxed); }      \
static inline void ct_store_##sfx##_release(A *p, T v) { atomic_store_explicit(p, v, memory_order_release); }      \
static inline void ct_store_##sfx##_seq(A *p, T v) { atomic_store_explicit(p, v, memory_order_seq_cst); }          \
static inline T ct_exchange_##sfx##_relaxed(A *p, T v) { return atomic_exchange_explicit(p, v, memory_order_relaxed); } \
static inline T ct_exchange_##sfx##_acquire(A *p, T v) { return atomic_exchange_explicit(p, v, memory_order_acquire); } \
static inline T ct_exchange_##sfx##_release(A *p, T v) { return atomic_exchange_explicit(p, v, memory_order_release); } \
static inline T ct_exchange_##sfx##_acq_rel(A *p, T v) { return atomic_exchange_explicit(p, v, memory_order_acq_rel); } \
static inline T ct_exchange_##sfx##_seq(A *p, T v) { return atomic_exchange_explicit(p, v, memory_order_seq_cst); }     \
/* Strong compare-and-swap: true and *p = v if *p was *expected, else false and *expected = *p. */  \
static inline bool ct_cas_##sfx##_relaxed(A *p, T *expected, T v) { return atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_relaxed, memory_order_relaxed); } \
static inline bool ct_cas_##sfx##_acquire(A *p, T *expected, T v) { return atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_acquire, memory_order_relaxed); } \
static inline bool ct_cas_##sfx##_release(A *p, T *expected, T v) { return atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_release, memory_order_relaxed); } \
static inline bool ct_cas_##sfx##_acq_rel(A *p, T *expected, T v) { return atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_acq_rel, memory_order_acquire); } \
static inline bool ct_cas_##sfx##_seq(A *p, T *expected, T v) { return atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_seq_cst, memory_order_seq_cst); }     \
/* Weak compare-and-swap: may fail spuriously; for loops. */                                        \
static inline bool ct_cas_weak_##sfx##_relaxed(A *p, T *expected, T v) { return atomic_compare_exchange_weak_explicit(p, expected, v, memory_order_relaxed, memory_order_relaxed); } \
static inline bool ct_cas_weak_##sfx##_acquire(A *p, T *expected, T v) { return atomic_compare_exchange_weak_explicit(p, expected, v, memory_order_acquire, memory_order_relaxed); } \
static inline bool ct_cas_weak_##sfx##_acq_rel(A *p, T *expected, T v) { return atomic_compare_exchange_weak_explicit(p, expected, v, memory_order_acq_rel, memory_order_acquire); } \
static inline bool ct_cas_weak_##sfx##_seq(A *p, T *expected, T v) { return atomic_compare_exchange_weak_explicit(p, expected, v, memory_order_seq_cst, memory_order_seq_cst); }

/* Read-modify-write; each returns the value from before. Integers only. */
#define CT_ATOMIC_RMW(sfx, A, T, op, fn)                                                            \
static inline T ct_##op##_##sfx##_relaxed(A *p, T v) { return fn(p, v, memory_order_relaxed); }     \
static inline T ct_##op##_##sfx##_acquire(A *p, T v) { return fn(p, v, memory_order_acquire); }     \
static inline T ct_##op##_##sfx##_release(A *p, T v) { return fn(p, v, memory_order_release); }     \
static inline T ct_##op##_##sfx##_acq_rel(A *p, T v) { return fn(p, v, memory_order_acq_rel); }     \
static inline T ct_##op##_##sfx##_seq(A *p, T v) { return fn(p, v, memory_order_seq_cst); }
/* clang-format on */

#endif

/* clang-format off */
CT_ATOMIC_LOAD_STORE(u32, ct_atomic_u32, uint32_t)
CT_ATOMIC_LOAD_STORE(u64, ct_atomic_u64, uint64_t)
CT_ATOMIC_LOAD_STORE(ptr, ct_atomic_ptr, void *)
CT_ATOMIC_RMW(u32, ct_atomic_u32, uint32_t, add, atomic_fetch_add_explicit)
CT_ATOMIC_RMW(u32, ct_atomic_u32, uint32_t, sub, atomic_fetch_sub_explicit)
CT_ATOMIC_RMW(u32, ct_atomic_u32, uint32_t, or, atomic_fetch_or_explicit)
CT_ATOMIC_RMW(u32, ct_atomic_u32, uint32_t, and, atomic_fetch_and_explicit)
CT_ATOMIC_RMW(u64, ct_atomic_u64, uint64_t, add, atomic_fetch_add_explicit)
CT_ATOMIC_RMW(u64, ct_atomic_u64, uint64_t, sub, atomic_fetch_sub_explicit)
CT_ATOMIC_RMW(u64, ct_atomic_u64, uint64_t, or, atomic_fetch_or_explicit)
CT_ATOMIC_RMW(u64, ct_atomic_u64, uint64_t, and, atomic_fetch_and_explicit)
/* clang-format on */

#endif
