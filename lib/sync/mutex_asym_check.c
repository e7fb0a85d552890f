/*
 * ct_mutex_asym: what misuse is told.
 */
#include "sync/mutex_asym.h"

#include "base/panic.h"
#include "base/parker.h"

void ct_mutex_asym_not_locked_(struct ct_mutex_asym *m)
{
        ct_panic("ct_mutex_asym", m, "unlock of unlocked mutex");
}

void ct_mutex_asym_check_idle_(struct ct_mutex_asym *m)
{
        uint32_t waiters = ct_mutex_asym_waiters(m);

        if (waiters)
                ct_panic("ct_mutex_asym", m, "destroyed while %u wait for it", (unsigned)waiters);
        if (ct_load_u32_relaxed(&m->held))
                ct_panic("ct_mutex_asym", m, "destroyed while locked");
}

static uint64_t self_id(void)
{
        return ct_parker_ops_self()->self();
}

void ct_mutex_asym_check_lock_(struct ct_mutex_asym *m)
{
        char who[64];

        /* Only this context can have written its own id, so a match is never a race. */
        if (ct_load_u64_relaxed(&m->owner) != self_id())
                return;
        ct_parker_describe(self_id(), who, sizeof who);
        ct_panic("ct_mutex_asym", m, "locked twice by its owner, %s", who);
}

void ct_mutex_asym_set_owner_(struct ct_mutex_asym *m)
{
        ct_store_u64_relaxed(&m->owner, self_id()); /* read for equality with the reader's own id */
}

void ct_mutex_asym_check_unlock_(struct ct_mutex_asym *m)
{
        uint64_t owner = ct_load_u64_relaxed(&m->owner);
        char who[64], me[64];

        if (owner && owner != self_id()) {
                ct_parker_describe(owner, who, sizeof who);
                ct_parker_describe(self_id(), me, sizeof me);
                ct_panic("ct_mutex_asym", m, "unlock by %s of a mutex owned by %s", me, who);
        }
        ct_store_u64_relaxed(&m->owner, 0);
}
