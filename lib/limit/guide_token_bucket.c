/*
 * E2: the token bucket of x/time/rate: a floating-point number of tokens under a mutex, brought up
 * to date by whoever comes; it may go below zero, which is how a reservation takes from the future.
 *
 * Invariants, under the mutex: level <= burst; last_ns never decreases; a refused request changes
 * nothing; last_event_ns is the time of the latest reservation that was not cancelled, or later.
 *
 * Exactness. x/time/rate counts in tokens and rounds waits down to whole ns, so it lets a request
 * through up to 1 ns early, and its sums carry rounding errors: over some intervals it admits one
 * more than burst + rate x t. Here the unit is 10^-9 token, so elapsed ns x rate needs no division:
 * with a whole rate and a burst up to nine million every level is a whole number below 2^53, which
 * a double holds exactly. With other rates sums are rounded down. Waits are always rounded up.
 *
 * Cancelling. x/time/rate lets the time of the latest event go back when a reservation acts before
 * one made earlier, which a cancel makes possible, and then gives back more than was reserved. Here
 * it only goes back when the latest is cancelled, and nothing below zero counts as reserved after.
 *
 * Time. x/time/rate sets `last` back when a caller brings an earlier time, and then credits the
 * stretch in between a second time. Callers read the clock before they get the mutex, so under
 * contention that happens all the time. Here an earlier time counts as last_ns.
 */
#include "limit/limiter.h"

#include <errno.h>
#include <math.h>

#include "base/panic.h"

static const double token = 1e9;
static const double whole_max = 0x1p53; /* every whole number up to here is a double */

static double level_full(const struct ct_guide_token_bucket *l)
{
#ifdef CT_PLANT_limit_bucket_overfills
        return (double)(l->burst + 1) * token;
#else
        return (double)l->burst * token;
#endif
}

/* a - b, rounded down: the rounding error of a difference is itself a double (Knuth's TwoSum). */
static double less(double a, double b)
{
        double s = a - b, bb = s - a, error = (a - (s - bb)) - (b + bb);

        return error < 0 ? nextafter(s, -INFINITY) : s;
}

static bool is_exact(double rate, int64_t burst)
{
        return rate == floor(rate) && (double)burst * token <= whole_max;
}

/* The level at now_ns >= last_ns. */
static double level_at(const struct ct_guide_token_bucket *l, int64_t now_ns)
{
        double elapsed = fmin((double)(now_ns - l->last_ns), whole_max), level = l->level;

        if (isinf(l->rate))
                return level_full(l);
        if (elapsed > 0) {
                level = fma(elapsed, l->rate, level);
                if (!l->exact) /* else inexact only above 2^53, which is above full */
                        level = nextafter(level, -INFINITY);
        }
        return fmin(level, level_full(l));
}

/* ns until a level below zero is back at zero, rounded up. */
static int64_t ns_to_repay(const struct ct_guide_token_bucket *l, double level)
{
#ifdef CT_PLANT_limit_bucket_rounds_waits_down
        double ns = floor(-level / l->rate);
#else
        double ns = ceil(-level / l->rate); /* infinite at rate 0 */
#endif

        if (!(ns < whole_max) || level < -whole_max)
                return CT_FOREVER;
#ifndef CT_PLANT_limit_bucket_rounds_waits_down
        if (fma(ns, l->rate, level) < 0) /* the quotient was rounded down to a whole number */
                ns++;
#endif
        return (int64_t)ns;
}

int ct_guide_token_bucket_init(struct ct_guide_token_bucket *l, double rate_per_s, int64_t burst,
                               int64_t now_ns)
{
        if (!(rate_per_s >= 0) || burst < 0)
                return -EINVAL;
        *l = (struct ct_guide_token_bucket){
                .rate = rate_per_s,
                .burst = burst,
                .last_ns = now_ns,
                .last_event_ns = now_ns,
                .exact = is_exact(rate_per_s, burst),
        };
        l->level = level_full(l);
        return -pthread_mutex_init(&l->mutex, NULL);
}

void ct_guide_token_bucket_fini(struct ct_guide_token_bucket *l)
{
        pthread_mutex_destroy(&l->mutex);
}

static int64_t not_before(int64_t now_ns, int64_t last_ns)
{
        return now_ns > last_ns ? now_ns : last_ns;
}

/* The one decision: n tokens within max_wait_ns? *act_ns: from when on. */
static bool take(struct ct_guide_token_bucket *l, int64_t now_ns, int64_t n, int64_t max_wait_ns,
                 int64_t *act_ns)
{
        double level;
        int64_t wait = 0, t;

        if (n < 0)
                ct_panic("ct_guide_token_bucket", l, "%lld tokens asked for", (long long)n);
#ifdef CT_PLANT_limit_bucket_believes_old_times
        t = now_ns;
        if (t < l->last_ns)
                l->last_ns = t;
#else
        t = not_before(now_ns, l->last_ns);
#endif
        *act_ns = t;
        if (isinf(l->rate))
                return true;
        level = less(level_at(l, t), (double)n * token);
        if (level < 0)
                wait = ns_to_repay(l, level);
        if (n > l->burst || wait > max_wait_ns || wait == CT_FOREVER ||
            __builtin_add_overflow(t, wait, act_ns))
                return false;
        l->level = level;
        l->last_ns = t;
        l->last_event_ns = not_before(*act_ns, l->last_event_ns);
        return true;
}

bool ct_guide_token_bucket_allow_n(struct ct_guide_token_bucket *l, int64_t now_ns, int64_t n)
{
        int64_t act_ns;
        bool ok;

        pthread_mutex_lock(&l->mutex);
        ok = take(l, now_ns, n, 0, &act_ns);
        pthread_mutex_unlock(&l->mutex);
        return ok;
}

bool ct_guide_token_bucket_allow(struct ct_guide_token_bucket *l, int64_t now_ns)
{
        return ct_guide_token_bucket_allow_n(l, now_ns, 1);
}

struct ct_guide_reservation ct_guide_token_bucket_reserve(struct ct_guide_token_bucket *l,
                                                          int64_t now_ns, int64_t n,
                                                          int64_t max_wait_ns)
{
        struct ct_guide_reservation r = {.bucket = l, .n = n};

        pthread_mutex_lock(&l->mutex);
        r.ok = take(l, now_ns, n, max_wait_ns, &r.act_ns);
        r.rate = l->rate;
        pthread_mutex_unlock(&l->mutex);
        return r;
}

int64_t ct_guide_reservation_delay(const struct ct_guide_reservation *r, int64_t now_ns)
{
        if (!r->ok)
                return CT_FOREVER;
        return r->act_ns > now_ns ? r->act_ns - now_ns : 0;
}

/* Tokens that were reserved after r, by how much later the latest one acts. Whole tokens: the times
   are rounded by less than a ns, so the nearest number is the right one. */
static int64_t reserved_after(const struct ct_guide_token_bucket *l,
                              const struct ct_guide_reservation *r)
{
#ifdef CT_PLANT_limit_cancel_gives_all_back
        (void)l;
        (void)r;
        return 0;
#else
        double tokens = (double)(l->last_event_ns - r->act_ns) * r->rate / token;

        return tokens <= 0 ? 0 : tokens < (double)r->n ? (int64_t)(tokens + 0.5) : r->n;
#endif
}

static void cancel(struct ct_guide_token_bucket *l, const struct ct_guide_reservation *r,
                   int64_t now_ns)
{
        int64_t t = not_before(now_ns, l->last_ns), give_back, before;

        if (isinf(r->rate) || isinf(l->rate) || r->act_ns < t)
                return;
        give_back = r->n - reserved_after(l, r);
        if (give_back <= 0)
                return;
        l->level = fmin(less(level_at(l, t), (double)-give_back * token), level_full(l));
        l->last_ns = t;
        if (r->act_ns != l->last_event_ns)
                return;
        /* It was the latest: the one before it is again. */
        before = r->act_ns - (int64_t)fmin((double)r->n * token / r->rate, whole_max);
        l->last_event_ns = not_before(before, t);
}

void ct_guide_reservation_cancel(struct ct_guide_reservation *r, int64_t now_ns)
{
        if (!r->ok || !r->n)
                return;
        pthread_mutex_lock(&r->bucket->mutex);
        cancel(r->bucket, r, now_ns);
        pthread_mutex_unlock(&r->bucket->mutex);
        r->n = 0; /* twice would give back twice */
}

int ct_guide_token_bucket_wait_until(struct ct_guide_token_bucket *l, int64_t n,
                                     int64_t deadline_ns)
{
        int64_t now = ct_now_ns(), max_wait = CT_FOREVER, act_ns;
        bool ok, never;

        if (deadline_ns != CT_FOREVER)
                max_wait = deadline_ns < now ? -1 : deadline_ns - now;
        pthread_mutex_lock(&l->mutex);
        never = n > l->burst && !isinf(l->rate);
        ok = take(l, now, n, max_wait, &act_ns);
        never |= !ok && deadline_ns == CT_FOREVER;
        pthread_mutex_unlock(&l->mutex);
        if (!ok)
                return never ? -EINVAL : -ETIMEDOUT;
        if (act_ns > now)
                ct_sleep_until(act_ns);
        return 0;
}

/* Brings the level up to date under the old values, so that the new ones begin now. */
static void settle(struct ct_guide_token_bucket *l, int64_t now_ns)
{
        int64_t t = not_before(now_ns, l->last_ns);

        l->level = level_at(l, t);
        l->last_ns = t;
}

int ct_guide_token_bucket_set_rate(struct ct_guide_token_bucket *l, int64_t now_ns,
                                   double rate_per_s)
{
        if (!(rate_per_s >= 0))
                return -EINVAL;
        pthread_mutex_lock(&l->mutex);
        settle(l, now_ns);
        l->rate = rate_per_s;
        l->exact = is_exact(rate_per_s, l->burst) && l->level == floor(l->level);
        pthread_mutex_unlock(&l->mutex);
        return 0;
}

int ct_guide_token_bucket_set_burst(struct ct_guide_token_bucket *l, int64_t now_ns, int64_t burst)
{
        if (burst < 0)
                return -EINVAL;
        pthread_mutex_lock(&l->mutex);
        settle(l, now_ns);
        l->burst = burst;
        l->exact = is_exact(l->rate, burst) && l->level == floor(l->level);
        l->level = fmin(l->level, level_full(l));
        pthread_mutex_unlock(&l->mutex);
        return 0;
}

double ct_guide_token_bucket_tokens(struct ct_guide_token_bucket *l, int64_t now_ns)
{
        double level;

        pthread_mutex_lock(&l->mutex);
        level = level_at(l, not_before(now_ns, l->last_ns));
        pthread_mutex_unlock(&l->mutex);
        return level / token;
}
