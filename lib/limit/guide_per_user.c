/*
 * E7: a token bucket for each user, in a hash table under a readers-writer lock.
 *
 * The guide's map sits under one mutex; here, as its own chapter on per-key counters has it,
 * looking a user up takes the read lock, and only making one takes the write lock, under which the
 * user is looked up AGAIN. The tempting wrong version leaves that out: two first requests then make
 * two buckets, and the user gets a burst from each.
 *
 * Invariants: a user is in the chain of slot[hash % n_slots], once; a bucket is used under the lock
 * in either mode, so whoever holds it for writing can free users. Waiters sleep without the lock:
 * their reservation is made, and a bucket with one ahead is not full, so it is not expired.
 */
#include "limit/limiter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct ct_guide_user {
        struct ct_guide_user *next;
        uint64_t hash;
        size_t bytes;
        struct ct_guide_token_bucket bucket;
        char name[];
};

enum { FIRST_SLOTS = 64 };

int ct_guide_per_user_init(struct ct_guide_per_user *l, double rate_per_s, int64_t burst,
                           int64_t idle_ns, int64_t now_ns)
{
        int rc;

        if (!(rate_per_s >= 0) || burst < 0 || idle_ns < 0)
                return -EINVAL;
        *l = (struct ct_guide_per_user){
                .n_slots = FIRST_SLOTS,
                /* Names come from outside: whoever knows the seed can put them all in one chain. */
                .seed = ct_hash_u64((uint64_t)(uintptr_t)l, ct_tsc()),
                .rate = rate_per_s,
                .burst = burst,
                .idle_ns = idle_ns,
                .swept_ns = now_ns,
        };
        l->slot = calloc(l->n_slots, sizeof *l->slot);
        if (!l->slot)
                return -ENOMEM;
        rc = pthread_rwlock_init(&l->lock, NULL);
        if (rc)
                free(l->slot);
        return -rc;
}

static void free_user(struct ct_guide_per_user *l, struct ct_guide_user *u)
{
        l->n_users--;
        l->bytes -= u->bytes;
        ct_guide_token_bucket_fini(&u->bucket);
        free(u);
}

void ct_guide_per_user_fini(struct ct_guide_per_user *l)
{
        for (size_t i = 0; i < l->n_slots; i++)
                while (l->slot[i]) {
                        struct ct_guide_user *u = l->slot[i];

                        l->slot[i] = u->next;
                        free_user(l, u);
                }
        free(l->slot);
        pthread_rwlock_destroy(&l->lock);
}

static struct ct_guide_user *find(const struct ct_guide_per_user *l, const char *name,
                                  uint64_t hash)
{
#ifdef CT_PLANT_limit_users_share_one_bucket
        (void)name;
        return l->slot[hash & (l->n_slots - 1)];
#else
        struct ct_guide_user *u = l->slot[hash & (l->n_slots - 1)];

        while (u && (u->hash != hash || strcmp(u->name, name) != 0))
                u = u->next;
        return u;
#endif
}

static bool is_idle(const struct ct_guide_per_user *l, struct ct_guide_user *u, int64_t now_ns)
{
        if (now_ns - u->bucket.last_ns < l->idle_ns)
                return false;
#ifdef CT_PLANT_limit_users_expire_in_debt
        return true;
#else
        return ct_guide_token_bucket_tokens(&u->bucket, now_ns) >= (double)l->burst;
#endif
}

static size_t sweep(struct ct_guide_per_user *l, int64_t now_ns)
{
        size_t before = l->n_users;

        l->swept_ns = now_ns;
        for (size_t i = 0; i < l->n_slots; i++) {
                struct ct_guide_user **p = &l->slot[i], *u;

                while ((u = *p) != NULL) {
                        if (is_idle(l, u, now_ns)) {
                                *p = u->next;
                                free_user(l, u);
                        } else {
                                p = &u->next;
                        }
                }
        }
        return before - l->n_users;
}

/* Twice the slots; if there is no memory for them the chains grow instead. */
static void grow(struct ct_guide_per_user *l)
{
        size_t n = l->n_slots * 2;
        struct ct_guide_user **slot = calloc(n, sizeof *slot);

        if (!slot)
                return;
        for (size_t i = 0; i < l->n_slots; i++)
                while (l->slot[i]) {
                        struct ct_guide_user *u = l->slot[i];

                        l->slot[i] = u->next;
                        u->next = slot[u->hash & (n - 1)];
                        slot[u->hash & (n - 1)] = u;
                }
        free(l->slot);
        l->slot = slot;
        l->n_slots = n;
}

static struct ct_guide_user *create(struct ct_guide_per_user *l, const char *name, uint64_t hash,
                                    int64_t now_ns)
{
        size_t length = strlen(name) + 1, bytes = sizeof(struct ct_guide_user) + length;
        struct ct_guide_user *u, **slot;

        if (now_ns < l->swept_ns)
                now_ns = l->swept_ns; /* what was forgotten then was full then, not earlier */
        if (l->idle_ns != CT_FOREVER && now_ns - l->swept_ns >= l->idle_ns)
                sweep(l, now_ns);
        if (l->n_users >= l->n_slots)
                grow(l);
        u = malloc(bytes);
        if (!u)
                return NULL;
        if (ct_guide_token_bucket_init(&u->bucket, l->rate, l->burst, now_ns)) {
                free(u);
                return NULL;
        }
        u->hash = hash;
        u->bytes = bytes;
        memcpy(u->name, name, length);
        slot = &l->slot[hash & (l->n_slots - 1)];
        u->next = *slot;
        *slot = u;
        l->n_users++;
        l->bytes += bytes;
        return u;
}

/* The user's bucket, with the lock held in one mode or the other; NULL and no lock: no memory. */
static struct ct_guide_token_bucket *bucket_of(struct ct_guide_per_user *l, const char *name,
                                               int64_t now_ns)
{
        uint64_t hash = ct_hash(name, strlen(name), l->seed);
        struct ct_guide_user *u;

        pthread_rwlock_rdlock(&l->lock);
        u = find(l, name, hash);
        if (u)
                return &u->bucket;
        pthread_rwlock_unlock(&l->lock);
        pthread_rwlock_wrlock(&l->lock);
#ifndef CT_PLANT_limit_users_no_second_look
        u = find(l, name, hash); /* somebody may have made it between the two locks */
#endif
        if (!u)
                u = create(l, name, hash, now_ns);
        if (u)
                return &u->bucket;
        pthread_rwlock_unlock(&l->lock);
        return NULL;
}

bool ct_guide_per_user_allow(struct ct_guide_per_user *l, const char *user, int64_t now_ns)
{
        struct ct_guide_token_bucket *bucket = bucket_of(l, user, now_ns);
        bool ok;

        if (!bucket)
                return false;
        ok = ct_guide_token_bucket_allow(bucket, now_ns);
        pthread_rwlock_unlock(&l->lock);
        return ok;
}

int ct_guide_per_user_wait_until(struct ct_guide_per_user *l, const char *user, int64_t deadline_ns)
{
        int64_t now = ct_now_ns(), max_wait = CT_FOREVER;
        struct ct_guide_token_bucket *bucket = bucket_of(l, user, now);
        struct ct_guide_reservation r;

        if (!bucket)
                return -ENOMEM;
        if (deadline_ns != CT_FOREVER)
                max_wait = deadline_ns < now ? -1 : deadline_ns - now;
        r = ct_guide_token_bucket_reserve(bucket, now, 1, max_wait);
        pthread_rwlock_unlock(&l->lock);
        if (!r.ok) /* without a deadline it is never: burst 0, or rate 0 and all spent */
                return deadline_ns == CT_FOREVER ? -EINVAL : -ETIMEDOUT;
        if (r.act_ns > now)
                ct_sleep_until(r.act_ns);
        return 0;
}

size_t ct_guide_per_user_expire(struct ct_guide_per_user *l, int64_t now_ns)
{
        size_t n;

        pthread_rwlock_wrlock(&l->lock);
        n = sweep(l, now_ns);
        pthread_rwlock_unlock(&l->lock);
        return n;
}

size_t ct_guide_per_user_count(struct ct_guide_per_user *l)
{
        size_t n;

        pthread_rwlock_rdlock(&l->lock);
        n = l->n_users;
        pthread_rwlock_unlock(&l->lock);
        return n;
}

size_t ct_guide_per_user_memory(struct ct_guide_per_user *l)
{
        size_t n;

        pthread_rwlock_rdlock(&l->lock);
        n = sizeof *l + l->n_slots * sizeof *l->slot + l->bytes;
        pthread_rwlock_unlock(&l->lock);
        return n;
}
