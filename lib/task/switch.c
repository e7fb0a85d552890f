/*
 * Laying out new stacks, and telling the sanitizers about switches.
 */
#include "task/switch.h"

#include "task/internal.h"

#include <stdint.h>

#ifdef CT_TASK_OWN_SWITCH_

/* What ct_switch_jump_ pops: where to go, and rbp. 0 there, and 0 as the return address of
   ct_task_main_, end the stack for unwinders. The stack pointer is 8 off a multiple of 16, as at
   the entry of any function. */
void *ct_switch_make_(void *top, size_t size)
{
        uintptr_t *sp = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15);

        (void)size;
        *--sp = 0; /* the return address */
        *--sp = 0; /* rbp */
        *--sp = (uintptr_t)ct_task_main_;
        return sp;
}

#else

extern void *make_fcontext(void *top, size_t size, void (*fn)(struct ct_transfer_));

static void enter(struct ct_transfer_ t)
{
        ct_task_main_(ct_switch_landed_(t));
}

void *ct_switch_make_(void *top, size_t size)
{
        return make_fcontext(top, size, enter);
}

#endif

#ifdef CT_TASK_TSAN_

#include <sanitizer/tsan_interface.h>

void ct_switch_born_(struct ct_task_ *t)
{
        t->fiber = __tsan_create_fiber(0);
}

void ct_switch_gone_(struct ct_task_ *t)
{
        __tsan_destroy_fiber(t->fiber);
}

void ct_switch_adopt_thread_(struct ct_task_ *scheduler)
{
        scheduler->fiber = __tsan_get_current_fiber();
}

void ct_switch_leave_(struct ct_task_ *from, struct ct_task_ *to, int for_good)
{
        (void)from, (void)for_good;
        __tsan_switch_to_fiber(to->fiber, 0);
}

void ct_switch_arrive_(struct ct_task_ *self)
{
        (void)self;
}

void ct_switch_slab_(void *base, size_t size)
{
        (void)base, (void)size;
}

void ct_switch_slab_gone_(void *base, size_t size)
{
        (void)base, (void)size;
}

#endif

#ifdef CT_TASK_ASAN_

#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

void ct_switch_born_(struct ct_task_ *t)
{
        t->fiber = NULL;
        t->bottom = t->low;
        t->size = (size_t)((char *)t - t->low);
        /* The stack's last user never returned: its frames are still marked. */
        __asan_unpoison_memory_region(t->bottom, t->size);
}

void ct_switch_gone_(struct ct_task_ *t)
{
        (void)t;
}

void ct_switch_adopt_thread_(struct ct_task_ *scheduler)
{
        pthread_attr_t attr;
        void *bottom = NULL;

        scheduler->size = 0;
        if (pthread_getattr_np(pthread_self(), &attr) == 0) {
                pthread_attr_getstack(&attr, &bottom, &scheduler->size);
                pthread_attr_destroy(&attr);
        }
        scheduler->bottom = bottom;
}

void ct_switch_leave_(struct ct_task_ *from, struct ct_task_ *to, int for_good)
{
        __sanitizer_start_switch_fiber(for_good ? NULL : &from->fiber, to->bottom, to->size);
}

void ct_switch_arrive_(struct ct_task_ *self)
{
        __sanitizer_finish_switch_fiber(self->fiber, NULL, NULL);
}

/* What only a parked task points to is not leaked. */
void ct_switch_slab_(void *base, size_t size)
{
        __lsan_register_root_region(base, size);
}

void ct_switch_slab_gone_(void *base, size_t size)
{
        __lsan_unregister_root_region(base, size);
        __asan_unpoison_memory_region(base, size);
}

#endif
