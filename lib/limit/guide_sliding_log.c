/*
 * E5: the times of the last grants, and a grant only while fewer than `limit` of them are young.
 *
 * Invariants, under the mutex: the ring holds `count` times that never decrease from `oldest` on;
 * the last of them is not after last_ns. As in the guide a grant that is exactly window_ns old
 * still counts, so even the closed interval of that length holds no more than the limit.
 *
 * The guide's slice is cut at the front and appended to at the end, so it is copied to a new array
 * each time its capacity is used up; a ring of `limit` times never is.
 */
#include "limit/limiter.h"

#include <errno.h>
#include <stdlib.h>

int ct_guide_sliding_log_init(struct ct_guide_sliding_log *l, int64_t limit, int64_t window_ns,
                              int64_t now_ns)
{
        int rc;

        if (limit < 0 || window_ns < 1)
                return -EINVAL;
        *l = (struct ct_guide_sliding_log){
                .limit = limit, .window_ns = window_ns, .last_ns = now_ns};
        l->grant_ns = calloc(limit ? (size_t)limit : 1, sizeof *l->grant_ns);
        if (!l->grant_ns)
                return -ENOMEM;
        rc = pthread_mutex_init(&l->mutex, NULL);
        if (rc)
                free(l->grant_ns);
        return -rc;
}

void ct_guide_sliding_log_fini(struct ct_guide_sliding_log *l)
{
        pthread_mutex_destroy(&l->mutex);
        free(l->grant_ns);
}

static void forget_old(struct ct_guide_sliding_log *l, int64_t now_ns)
{
#if defined CT_PLANT_limit_log_forgets_early
        const int64_t too_old = l->window_ns - 1;
#elif defined CT_PLANT_limit_log_keeps_expired
        const int64_t too_old = l->window_ns + 1;
#else
        const int64_t too_old = l->window_ns;
#endif
        while (l->count && now_ns - l->grant_ns[l->oldest] > too_old) {
                l->oldest = l->oldest + 1 < l->limit ? l->oldest + 1 : 0;
                l->count--;
        }
}

/* *retry_ns: when the oldest grant will have aged out. */
static bool take(struct ct_guide_sliding_log *l, int64_t now_ns, int64_t *retry_ns)
{
        bool ok;

        pthread_mutex_lock(&l->mutex);
        if (now_ns < l->last_ns)
                now_ns = l->last_ns; /* else the ring would not stay sorted */
        l->last_ns = now_ns;
        forget_old(l, now_ns);
        ok = l->count < l->limit;
        if (ok) {
                int64_t end = l->oldest + l->count;

                l->grant_ns[end < l->limit ? end : end - l->limit] = now_ns;
                l->count++;
        }
        if (!l->count || __builtin_add_overflow(l->grant_ns[l->oldest], l->window_ns + 1, retry_ns))
                *retry_ns = CT_FOREVER;
        pthread_mutex_unlock(&l->mutex);
        return ok;
}

bool ct_guide_sliding_log_allow(struct ct_guide_sliding_log *l, int64_t now_ns)
{
        int64_t retry_ns;

        return take(l, now_ns, &retry_ns);
}

int ct_guide_sliding_log_wait_until(struct ct_guide_sliding_log *l, int64_t deadline_ns)
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

size_t ct_guide_sliding_log_memory(const struct ct_guide_sliding_log *l)
{
        return sizeof *l + (l->limit ? (size_t)l->limit : 1) * sizeof *l->grant_ns;
}
