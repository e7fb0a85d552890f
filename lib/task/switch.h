/*
 * The switch: from one stack to another of the same OS thread.
 *
 * ct_switch_jump_() saves where the caller is in from->context and goes on where `to` was saved, or
 * at ct_task_main_ for a new stack. It returns when somebody jumps back, possibly on another OS
 * thread, hence with that thread's driver. Preserved: what the ABI says a call preserves, but
 * neither the rounding mode nor the x87 control word, which stay the carrier's.
 *
 * On x86-64 the code is our own, in line: bench_task's `switch` shows 4.7 ns on Zen 4 where
 * Boost.Context's jump takes 5.6, which saves all callee-saved registers (the compiler knows which
 * ones are live here) and both floating-point control words. Elsewhere, and under the sanitizers,
 * it is Boost.Context's.
 *
 * Each switch is announced to ThreadSanitizer and AddressSanitizer. For ThreadSanitizer it orders
 * what was before it with what comes after, as it does in fact: it is one OS thread.
 */
#ifndef CT_TASK_SWITCH_H
#define CT_TASK_SWITCH_H

#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define CT_TASK_TSAN_ 1
#elif defined(__SANITIZE_ADDRESS__)
#define CT_TASK_ASAN_ 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CT_TASK_TSAN_ 1
#elif __has_feature(address_sanitizer)
#define CT_TASK_ASAN_ 1
#endif
#endif
#if defined(__x86_64__) && !defined(CT_TASK_TSAN_) && !defined(CT_TASK_ASAN_) &&                   \
        !defined(CT_TASK_FCONTEXT)
#define CT_TASK_OWN_SWITCH_ 1
#endif

struct ct_task_;
struct ct_driver_;

/* Lays out a stack so that the first jump to it enters ct_task_main_. */
void *ct_switch_make_(void *top, size_t size);

/* Where a new stack begins. */
_Noreturn void ct_task_main_(struct ct_driver_ *d);

/* A task is about to be made on a stack, or its stack to be free again. */
#if defined(CT_TASK_TSAN_) || defined(CT_TASK_ASAN_)
void ct_switch_born_(struct ct_task_ *t);
void ct_switch_gone_(struct ct_task_ *t);
void ct_switch_adopt_thread_(struct ct_task_ *scheduler); /* the calling thread's own stack */
void ct_switch_leave_(struct ct_task_ *from, struct ct_task_ *to, int for_good);
void ct_switch_arrive_(struct ct_task_ *self);
void ct_switch_slab_(void *base, size_t size);
void ct_switch_slab_gone_(void *base, size_t size);
#else
static inline void ct_switch_born_(struct ct_task_ *t)
{
        (void)t;
}
static inline void ct_switch_gone_(struct ct_task_ *t)
{
        (void)t;
}
static inline void ct_switch_adopt_thread_(struct ct_task_ *scheduler)
{
        (void)scheduler;
}
static inline void ct_switch_leave_(struct ct_task_ *from, struct ct_task_ *to, int for_good)
{
        (void)from, (void)to, (void)for_good;
}
static inline void ct_switch_arrive_(struct ct_task_ *self)
{
        (void)self;
}
static inline void ct_switch_slab_(void *base, size_t size)
{
        (void)base, (void)size;
}
static inline void ct_switch_slab_gone_(void *base, size_t size)
{
        (void)base, (void)size;
}
#endif

#ifdef CT_TASK_OWN_SWITCH_

#ifdef __AVX512F__
#define CT_SWITCH_MORE_CLOBBERS_                                                                   \
        , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",         \
                "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3",   \
                "k4", "k5", "k6", "k7"
#else
#define CT_SWITCH_MORE_CLOBBERS_
#endif

/* Jumps to `to`, saving the own place in *save. What is live in any register but rbp, the compiler
   saves. The 128 bytes are the red zone, which a leaf function may use below its stack pointer. */
static inline __attribute__((always_inline)) struct ct_driver_ *
ct_switch_jump_(void **save, void *to, struct ct_driver_ *d)
{
        __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                         "leaq 1f(%%rip), %%rax\n\t"
                         "pushq %%rbp\n\t"
                         "pushq %%rax\n\t"
                         "movq %%rsp, (%[save])\n\t"
                         "movq %[to], %%rsp\n\t"
                         "popq %%rax\n\t"
                         "popq %%rbp\n\t"
                         "jmp *%%rax\n"
                         "1:\n\t"
                         "leaq 128(%%rsp), %%rsp\n\t"
                         : "+D"(d), [save] "+S"(save), [to] "+d"(to)
                         :
                         : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                           "r15", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                           "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                           "xmm14", "xmm15", "st" CT_SWITCH_MORE_CLOBBERS_);
        return d;
}

#else

/* Boost.Context's, whose header is C++: `data` arrives at the other side together with where the
   jumper can be resumed. */
struct ct_transfer_ {
        void *context, *data;
};

extern struct ct_transfer_ jump_fcontext(void *to, void *data);

/* The place where the jumper stopped is known only on the other side: it is stored through what is
   carried along. */
struct ct_switch_carry_ {
        struct ct_driver_ *driver;
        void **save;
};

static inline struct ct_driver_ *ct_switch_landed_(struct ct_transfer_ t)
{
        struct ct_switch_carry_ *carry = t.data;

        *carry->save = t.context; /* the jumper's frame, and carry with it, stands still */
        return carry->driver;
}

static inline struct ct_driver_ *ct_switch_jump_(void **save, void *to, struct ct_driver_ *d)
{
        struct ct_switch_carry_ carry = {d, save};

        return ct_switch_landed_(jump_fcontext(to, &carry));
}

#endif

#endif
