/*
 * ct_percpu_counter: one cell per CPU, added to with plain instructions (pattern A1).
 *
 * Where kernel, C library and CPU allow it (Linux 4.18, glibc 2.35, x86-64), an add is a
 * restartable sequence: the kernel restarts it if the thread is preempted, migrated or gets a
 * signal before its last instruction, the add to memory. So a CPU's cell is only ever added to by
 * one thread at a time and needs no locked instruction. Elsewhere, under ThreadSanitizer and in the
 * simulator it is an atomic add to the cell of the CPU that the thread was on a moment ago: as
 * right, not as cheap.
 *
 * Compared with counter_slots.h: as many cells as CPUs, however many threads; and threads that come
 * and go leave nothing behind.
 *
 * Blocks and wakes: nobody. Order: none. Overflow wraps. Any thread or task may add.
 * Sum: exact once the adds that it should include happened before it; during adds some value
 *      between the sums at its start and its end.
 * Ownership: a cell per configured CPU and one more, from init to fini.
 * Cost on Zen 4: an add 0.6 ns by restartable sequence, 2.8 by atomic add.
 *
 * Source: rseq(2) (Desnoyers, 2018); per-CPU counters of the Linux kernel. Own code.
 */
#ifndef CT_SYNC_COUNTER_PERCPU_H
#define CT_SYNC_COUNTER_PERCPU_H

#include "base/slot.h"
#include "sync/counter.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define CT_NO_RSEQ_ 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CT_NO_RSEQ_ 1
#endif
#endif
#if !defined(CT_NO_RSEQ_) && !defined(CT_SIM) && defined(__x86_64__) && defined(__LP64__) &&       \
        defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 35)
#define CT_RSEQ_ 1
#include <sys/rseq.h>
#endif
#endif

struct ct_percpu_counter {
        struct ct_counter *cell; /* private: one per CPU, and a last one for what has no cell */
        unsigned cpus;
};

/* 0, or -ENOMEM. */
int ct_percpu_counter_init(struct ct_percpu_counter *c);
void ct_percpu_counter_fini(struct ct_percpu_counter *c);

/* Whether adds by the calling thread are restartable sequences. */
bool ct_percpu_counter_restartable(void);

/* The other kind of add, to measure the gain. One counter takes one kind of add only. */
static inline void ct_percpu_counter_add_atomic(struct ct_percpu_counter *c, uint64_t n)
{
#ifdef CT_SIM
        unsigned cpu = ct_slot();
#else
        unsigned cpu = (unsigned)sched_getcpu(); /* -1, where it fails, has no cell */
#endif
        ct_add_u64_relaxed(&c->cell[cpu < c->cpus ? cpu : c->cpus].value, n);
}

#ifdef CT_RSEQ_

_Static_assert(sizeof(struct ct_counter) == 128, "the assembly below shifts by 7");

/* True: added. False: the CPU has no cell, or the thread is not registered for restarts.
   The thread's struct rseq is addressed through %fs in every instruction: a pointer to it that the
   compiler keeps would be another thread's after a task has moved. */
static inline bool ct_percpu_add_restartable_(struct ct_percpu_counter *c, uint64_t n)
{
        __asm__ __volatile__ goto(
                /* struct rseq_cs: version, flags, start, length, where to go when interrupted */
                ".pushsection __rseq_cs, \"aw\"\n\t"
                ".balign 32\n\t"
                "3: .long 0, 0\n\t"
                ".quad 1f, 2f - 1f, 4f\n\t"
                ".popsection\n\t"
                "5: leaq 3b(%%rip), %%rax\n\t"
                "movq %%rax, %%fs:%c[cs](%[rseq])\n\t"
                "1: movl %%fs:%c[cpu_id](%[rseq]), %%eax\n\t"
                "cmpl %[cpus], %%eax\n\t"
                "jae %l[no_cell]\n\t"
                "shlq $7, %%rax\n\t"
#ifdef CT_PLANT_counter_percpu_one_cell
                "xorl %%eax, %%eax\n\t"
#endif
                "addq %[n], (%[cell], %%rax)\n\t"
                "2:\n\t"
                /* out of line; the kernel demands the signature before the address it jumps to */
                ".pushsection __rseq_failure, \"ax\"\n\t"
                ".byte 0x0f, 0xb9, 0x3d\n\t" /* makes the signature part of an undefined opcode */
                ".long %c[signature]\n\t"
#ifdef CT_PLANT_counter_rseq_gives_up
                "4: jmp 2b\n\t"
#else
                "4: jmp 5b\n\t"
#endif
                ".popsection\n\t"
                :
                : [rseq] "r"(__rseq_offset), [cell] "r"(c->cell), [cpus] "r"(c->cpus), [n] "r"(n),
                  [cs] "i"(offsetof(struct rseq, rseq_cs)),
                  [cpu_id] "i"(offsetof(struct rseq, cpu_id)), [signature] "i"(RSEQ_SIG)
                : "rax", "memory", "cc"
                : no_cell);
        return true;
no_cell:
        return false;
}

static inline void ct_percpu_counter_add(struct ct_percpu_counter *c, uint64_t n)
{
        if (__builtin_expect(!ct_percpu_add_restartable_(c, n), 0))
                ct_add_u64_relaxed(&c->cell[c->cpus].value, n);
}

#else

static inline void ct_percpu_counter_add(struct ct_percpu_counter *c, uint64_t n)
{
        ct_percpu_counter_add_atomic(c, n);
}

#endif

uint64_t ct_percpu_counter_sum(const struct ct_percpu_counter *c);

#endif
