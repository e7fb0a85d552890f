/*
 * Source: own code, on setjmp and longjmp.
 *
 * Where the nearest guard of the calling context is: in a table from the context's number to the
 * innermost frame, because a thread-local variable would be the carrier's and not the task's. A
 * frame stands on its context's stack and is put in and taken out by that context alone; only the
 * list that it stands in is shared, and has a guard.
 *
 * longjmp goes up the same stack that setjmp was called on, whichever OS thread runs it by then:
 * what it restores are the registers that a call preserves. AddressSanitizer hears of it through
 * its own longjmp, and clears what it knows of the frames that are left.
 */
#include "flow/guarded.h"

#include "base/guard.h"
#include "base/hash.h"
#include "base/panic.h"
#include "base/parker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static const char object[] = "ct_guarded";

struct frame {
        struct frame *next, *prev; /* in the bucket; the innermost of a context comes first */
        uint64_t self;
        jmp_buf jump;
        struct ct_failure failure;
};

#define BUCKETS 256

static struct {
        struct ct_guard guard;
        struct frame *first;
        char apart[64 - sizeof(struct ct_guard) - sizeof(struct frame *)];
} buckets[BUCKETS];

static uint64_t self_id(void)
{
        return ct_parker_ops_self()->self();
}

static size_t bucket_of(uint64_t self)
{
        return ct_hash_u64(self, 0) % BUCKETS;
}

static void enter(struct frame *f)
{
        size_t b = bucket_of(f->self);

        f->prev = NULL;
        ct_guard_lock(&buckets[b].guard);
        f->next = buckets[b].first;
        if (f->next)
                f->next->prev = f;
        buckets[b].first = f;
        ct_guard_unlock(&buckets[b].guard);
}

static void leave(struct frame *f)
{
        size_t b = bucket_of(f->self);

        ct_guard_lock(&buckets[b].guard);
        if (f->prev)
                f->prev->next = f->next;
        else
                buckets[b].first = f->next;
        if (f->next)
                f->next->prev = f->prev;
        ct_guard_unlock(&buckets[b].guard);
}

static struct frame *innermost(void)
{
        uint64_t self = self_id();
        size_t b = bucket_of(self);
        struct frame *f;

        ct_guard_lock(&buckets[b].guard);
        for (f = buckets[b].first; f && f->self != self; f = f->next)
                ;
        ct_guard_unlock(&buckets[b].guard);
        return f;
}

bool ct_is_guarded(void)
{
        return innermost();
}

/* A function of its own, so that no variable of ct_guarded lives across the setjmp. True: it
   returned, with *result. */
static __attribute__((noinline)) bool returns(struct frame *f, int (*fn)(void *arg), void *arg,
                                              int *result)
{
        if (_setjmp(f->jump))
                return false;
        *result = fn(arg);
        return true;
}

int ct_guarded(struct ct_failure *failure, int (*fn)(void *arg), void *arg)
{
        struct frame f;
        int result;
        bool returned;

        f.self = self_id();
        enter(&f);
        returned = returns(&f, fn, arg, &result);
        leave(&f);
        if (returned)
                f.failure = (struct ct_failure){0};
        else
                result = f.failure.code;
        if (failure)
                *failure = f.failure;
        return result;
}

static _Noreturn void fail(int code, const char *format, va_list args)
{
        struct frame *f = innermost();

        if (!f) {
                struct ct_failure why;

                vsnprintf(why.message, sizeof why.message, format, args);
                ct_panic(object, NULL, "failed outside of any guard: %s", why.message);
        }
        f->failure.code = code ? code : -ECANCELED;
        vsnprintf(f->failure.message, sizeof f->failure.message, format, args);
        _longjmp(f->jump, 1);
}

void ct_task_fail(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fail(-ECANCELED, format, args); /* no va_end: nothing comes back */
}

void ct_task_fail_code(int code, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fail(code, format, args);
}
