/* ct_waitgroup's way out of the one atomic addition: releasing, and misuse. countdown.c has the
   algorithm. */
#include "sync/waitgroup.h"

#include "base/panic.h"

static _Noreturn void add_with_wait(const struct ct_waitgroup *wg)
{
        ct_panic("ct_waitgroup", wg, "add at zero concurrent with wait");
}

void ct_waitgroup_add_slow_(struct ct_waitgroup *wg, int32_t delta, uint64_t after)
{
        int32_t count = ct_countdown_count_(after);

        if (ct_countdown_is_over_(count))
                ct_panic("ct_waitgroup", wg, "used after fini");
        if (count < 0)
                ct_panic("ct_waitgroup", wg, "add(%d) makes the counter %d", (int)delta,
                         (int)count);
        if (count > 0) /* it was zero, and the waiters of that zero are still here */
                add_with_wait(wg);
        if (!ct_countdown_release_(&wg->tasks, after))
                add_with_wait(wg);
}
