/*
 * The run queue's slow operations.
 *
 * Source: Go's runqputslow and runqgrab (runtime/proc.go), as an algorithm; own code.
 *
 * Invariants: a slot's task is read before the CAS that moves head past it, and used only if the
 * CAS succeeds. So a slot that is overwritten in between was not ours.
 *
 * The tempting wrong version moves head first and reads the slots afterwards: the owner may have
 * pushed anew into them by then, and one task runs twice while another never does.
 */
#include "task/ring.h"

#include "task/internal.h"

bool ct_ring_shed_(struct ct_ring_ *r, struct ct_tasks_ *to)
{
        struct ct_task_ *taken[CT_RING_SIZE / 2];
        uint32_t head = ct_load_u32_relaxed(&r->head), tail = ct_load_u32_relaxed(&r->tail);

        if (tail - head != CT_RING_SIZE)
                return false;
        for (uint32_t i = 0; i < CT_RING_SIZE / 2; i++)
                taken[i] = ct_load_ptr_relaxed(&r->slot[(head + i) % CT_RING_SIZE]);
        if (!ct_cas_u32_acq_rel(&r->head, &head, head + CT_RING_SIZE / 2))
                return false;
#ifdef CT_PLANT_task_overflow_drops_one
        for (uint32_t i = 1; i < CT_RING_SIZE / 2; i++)
#else
        for (uint32_t i = 0; i < CT_RING_SIZE / 2; i++)
#endif
                ct_tasks_push_(to, taken[i]);
        return true;
}

struct ct_task_ *ct_ring_steal_(struct ct_ring_ *to, struct ct_ring_ *from)
{
        uint32_t mine = ct_load_u32_relaxed(&to->tail);

        for (;;) {
                uint32_t head = ct_load_u32_acquire(&from->head); /* pairs with the CASes */
                uint32_t tail = ct_load_u32_acquire(&from->tail); /* pairs with push */
                uint32_t n = tail - head, take = n - n / 2;
                struct ct_task_ *first;

                if (!n)
                        return NULL;
                if (n > CT_RING_SIZE)
                        continue; /* head moved between the two loads */
                first = ct_load_ptr_relaxed(&from->slot[head % CT_RING_SIZE]);
                for (uint32_t i = 1; i < take; i++)
                        ct_store_ptr_relaxed(
                                &to->slot[(mine + i - 1) % CT_RING_SIZE],
                                ct_load_ptr_relaxed(&from->slot[(head + i) % CT_RING_SIZE]));
                /* The acquire is for what comes with the tasks; the release tells the owner that
                   the slots have been read. */
                if (!ct_cas_u32_acq_rel(&from->head, &head, head + take))
                        continue;
                ct_store_u32_release(&to->tail, mine + take - 1); /* pairs with the next thief */
#ifdef CT_PLANT_task_steal_loses_one
                if (take > 2)
                        ct_store_u32_release(&to->tail, mine + take - 2);
#endif
                return first;
        }
}
