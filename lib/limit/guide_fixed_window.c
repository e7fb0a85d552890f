/*
 * E4: a count that starts anew when the window is over.
 *
 * Invariants, under the mutex: 0 <= count <= limit; count is what was admitted since begin_ns. As
 * in the guide a new window begins with the first request after the old one, not on a fixed grid.
 */
#include "limit/limiter.h"

#include <errno.h>

int ct_guide_fixed_window_init(struct ct_guide_fixed_window *l, int64_t limit, int64_t window_ns,
                               int64_t now_ns)
{
        if (limit < 0 || window_ns < 1)
                return -EINVAL;
        *l = (struct ct_guide_fixed_window){
                .limit = limit, .window_ns = window_ns, .begin_ns = now_ns};
        return -pthread_mutex_init(&l->mutex, NULL);
}

void ct_guide_fixed_window_fini(struct ct_guide_fixed_window *l)
{
        pthread_mutex_destroy(&l->mutex);
}

/* *retry_ns: when the window ends. */
static bool take(struct ct_guide_fixed_window *l, int64_t now_ns, int64_t *retry_ns)
{
        bool ok;

        pthread_mutex_lock(&l->mutex);
        /* A time before begin_ns gives a negative age: it belongs to this window. */
#if defined CT_PLANT_limit_window_resets_early
        if (now_ns - l->begin_ns >= l->window_ns - 1) {
#elif defined CT_PLANT_limit_window_never_resets
        if (now_ns < 0) {
#else
        if (now_ns - l->begin_ns >= l->window_ns) {
#endif
                l->count = 0;
                l->begin_ns = now_ns;
        }
        ok = l->count < l->limit;
        l->count += ok;
        if (__builtin_add_overflow(l->begin_ns, l->window_ns, retry_ns))
                *retry_ns = CT_FOREVER;
        pthread_mutex_unlock(&l->mutex);
        return ok;
}

bool ct_guide_fixed_window_allow(struct ct_guide_fixed_window *l, int64_t now_ns)
{
        int64_t retry_ns;

        return take(l, now_ns, &retry_ns);
}

int ct_guide_fixed_window_wait_until(struct ct_guide_fixed_window *l, int64_t deadline_ns)
{
        int64_t retry_ns;

        if (!l->limit)
                return -EINVAL;
        while (!take(l, ct_now_ns(), &retry_ns)) {
                if (retry_ns > deadline_ns)
                        return -ETIMEDOUT;
                ct_sleep_until(retry_ns);
        }
        return 0;
}
