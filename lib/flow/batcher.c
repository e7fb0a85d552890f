/*
 * The batcher.
 *
 * Source: see batcher.h; own code.
 *
 * State, all under `lock`: queue + 1 slots, each of which is free, the open one, sealed (in the
 * line, in the order of sealing) or out (with a taker). `busy` counts those sealed and out, at most
 * `queue`, so there is always one to be open. `wish` says why the open batch is to be sealed though
 * it is not full; it stays until that is done, which takes room in the queue. A wish is only ever
 * made of a batch with items.
 *
 * Age: `due` is when the open batch will be too old, set with its first item. The timer is armed
 * for no later than that while the batch has items. It is not set back when a batch is sealed
 * early: then it fires for nothing, at most once for each age_ns, and is armed again for the batch
 * that is open by then. So whether a firing means this batch is asked of the clock, not of the
 * firing. On a clock of the caller's the firing is inside ct_timers_advance, so every add that
 * returns before the advance to `due` begins is in the batch, and none that begins after it ends.
 *
 * Locks: `lock` is held while the timer is set, never the other way round; the timer service calls
 * without its own lock.
 *
 * The tempting wrong versions: to seal whatever is open when the timer fires, when a batch that was
 * sealed by size in between makes the next one leave too early; and to hand the batch over before
 * it is taken out, when a flush that comes at the same time hands it over again.
 */
#include "flow/batcher.h"

#include "base/clock.h"
#include "base/panic.h"
#include "sync/cond.h"
#include "sync/mutex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char object[] = "ct_batcher";

struct slot {
        char *items;
        size_t n;
        enum ct_batch_why why;
        bool out; /* with a taker */
};

struct ct_batcher {
        struct ct_batcher_config config;
        struct ct_mutex lock;
        struct ct_cond room, ready;
        struct ct_timer *timer; /* NULL: no age */
        int64_t due;            /* of the open batch; CT_FOREVER: it has no items, or no age */
        int64_t armed;          /* the timer's deadline; CT_FOREVER: none */
        bool closed, wished;
        enum ct_batch_why wish;
        size_t open, busy;        /* a slot; a number */
        size_t first, sealed;     /* of the line: where it begins in it, how many */
        size_t *line;             /* queue slots, a ring */
        size_t *unused, unused_n; /* free slots, a stack */
        struct slot *slot;        /* queue + 1 */
        char *space;
        struct ct_batcher_stats stats;
};

/* ---- under the lock ---- */

static struct slot *open_slot(struct ct_batcher *b)
{
        return &b->slot[b->open];
}

/* Seals the open batch if it is full or somebody has wished so, and there is room. */
static void seal_if_due(struct ct_batcher *b)
{
        struct slot *s = open_slot(b);
        bool full = s->n == b->config.most;

        if ((!full && !b->wished) || b->busy == b->config.queue)
                return;
        s->why = b->wished ? b->wish : CT_BATCH_SIZE;
        b->stats.batches[s->why]++;
        b->line[(b->first + b->sealed) % b->config.queue] = b->open;
        b->sealed++;
        b->busy++;
        b->open = b->unused[--b->unused_n];
        b->wished = false;
        b->due = CT_FOREVER;
        ct_cond_signal(&b->ready);
}

static void wish(struct ct_batcher *b, enum ct_batch_why why)
{
        if (!open_slot(b)->n)
                return;
        if (!b->wished)
                b->wish = open_slot(b)->n == b->config.most ? CT_BATCH_SIZE : why;
        b->wished = true;
        seal_if_due(b);
}

/* ---- age ---- */

static void arm(struct ct_batcher *b)
{
        if (b->armed <= b->due)
                return; /* it fires before, and is armed again then */
        b->armed = b->due;
        (void)ct_timer_reset(b->timer, b->armed);
}

static void first_item(struct ct_batcher *b)
{
        if (!b->timer)
                return;
        if (__builtin_add_overflow(ct_timers_now(b->config.timers), b->config.age_ns, &b->due))
                b->due = CT_FOREVER;
        arm(b);
}

/* The timer's function. */
static void fired(void *arg)
{
        struct ct_batcher *b = arg;

        ct_mutex_lock(&b->lock);
        b->armed = CT_FOREVER;
#ifdef CT_PLANT_batcher_stale_timer
        wish(b, CT_BATCH_AGE);
#else
        if (b->due <= ct_timers_now(b->config.timers))
                wish(b, CT_BATCH_AGE);
        else
                arm(b);
#endif
        ct_mutex_unlock(&b->lock);
}

/* ---- making ---- */

static int make(struct ct_batcher *b)
{
        size_t n = b->config.queue + 1, bytes;
        int r;

        if (__builtin_mul_overflow(b->config.most, b->config.element_size, &bytes))
                return -EOVERFLOW;
        if (!n || __builtin_mul_overflow(n, sizeof *b->slot, &(size_t){0}))
                return -EOVERFLOW;
        /* Each batch as aligned as malloc's memory. */
        if (bytes > SIZE_MAX - _Alignof(max_align_t))
                return -EOVERFLOW;
        bytes = (bytes + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
        if (__builtin_mul_overflow(n, bytes, &(size_t){0}))
                return -EOVERFLOW;
        b->slot = calloc(n, sizeof *b->slot);
        b->line = calloc(n, sizeof *b->line);
        b->unused = calloc(n, sizeof *b->unused);
        b->space = malloc(n * bytes);
        if (!b->slot || !b->line || !b->unused || !b->space)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                b->slot[i].items = b->space + i * bytes;
        for (size_t i = 1; i < n; i++)
                b->unused[b->unused_n++] = i;
        b->due = b->armed = CT_FOREVER;
        if (b->config.age_ns == CT_FOREVER)
                return 0;
        if (!b->config.timers)
                b->config.timers = ct_timers_default();
        r = ct_timer_new_func(&b->timer, b->config.timers, CT_FOREVER, fired, b);
        if (r)
                b->timer = NULL;
        return r;
}

static void unmake(struct ct_batcher *b)
{
        ct_timer_free(b->timer); /* waits for its function */
        free(b->space);
        free(b->unused);
        free(b->line);
        free(b->slot);
        free(b);
}

int ct_batcher_new(struct ct_batcher **out, const struct ct_batcher_config *config)
{
        struct ct_batcher *b;
        int r;

        *out = NULL;
        if (!config->element_size || !config->most || config->age_ns < 1 || !config->queue)
                return -EINVAL;
        b = calloc(1, sizeof *b);
        if (!b)
                return -ENOMEM;
        b->config = *config;
        r = make(b);
        if (r)
                unmake(b);
        else
                *out = b;
        return r;
}

static void discard(const struct ct_batcher *b, const struct slot *s)
{
        for (size_t i = 0; b->config.discard && i < s->n; i++)
                b->config.discard(b->config.arg, s->items + i * b->config.element_size);
}

void ct_batcher_free(struct ct_batcher *b)
{
        if (!b)
                return;
        if (b->busy != b->sealed)
                ct_panic(object, b, "freed while %zu batches are out", b->busy - b->sealed);
        for (; b->sealed; b->sealed--, b->first++)
                discard(b, &b->slot[b->line[b->first % b->config.queue]]);
        discard(b, open_slot(b));
        unmake(b);
}

/* ---- adding ---- */

static bool is_blocked(struct ct_batcher *b)
{
        return open_slot(b)->n == b->config.most && !b->closed;
}

/* There is room, or it is closed. Opens the lock. */
static int add_and_unlock(struct ct_batcher *b, const void *item)
{
        struct slot *s = open_slot(b);

        if (b->closed) {
                ct_mutex_unlock(&b->lock);
                return -ESHUTDOWN;
        }
        memcpy(s->items + s->n * b->config.element_size, item, b->config.element_size);
        b->stats.items++;
        if (s->n++ == 0)
                first_item(b);
        if (s->n == b->config.most)
                seal_if_due(b);
        ct_mutex_unlock(&b->lock);
        return 0;
}

int ct_batcher_add(struct ct_batcher *b, const void *item)
{
        return ct_batcher_add_until(b, item, CT_FOREVER);
}

int ct_batcher_add_until(struct ct_batcher *b, const void *item, int64_t deadline)
{
        ct_mutex_lock(&b->lock);
        while (is_blocked(b)) {
                if (ct_cond_wait_until(&b->room, &b->lock, deadline) && is_blocked(b)) {
                        ct_mutex_unlock(&b->lock);
                        return -ETIMEDOUT;
                }
        }
        return add_and_unlock(b, item);
}

bool ct_batcher_try_add(struct ct_batcher *b, const void *item)
{
        ct_mutex_lock(&b->lock);
        if (!is_blocked(b))
                return add_and_unlock(b, item) == 0;
        ct_mutex_unlock(&b->lock);
        return false;
}

void ct_batcher_flush(struct ct_batcher *b)
{
        ct_mutex_lock(&b->lock);
        wish(b, CT_BATCH_FLUSH);
        ct_mutex_unlock(&b->lock);
}

void ct_batcher_close(struct ct_batcher *b)
{
        ct_mutex_lock(&b->lock);
        if (b->closed)
                ct_panic(object, b, "closed a second time");
        b->closed = true;
        wish(b, CT_BATCH_CLOSE);
        ct_cond_broadcast(&b->room);
        ct_cond_broadcast(&b->ready);
        ct_mutex_unlock(&b->lock);
}

/* ---- taking ---- */

/* What is open when it is closed has been sealed, or will be with a release. */
static bool is_over(struct ct_batcher *b)
{
        return b->closed && !b->sealed && !open_slot(b)->n;
}

int ct_batcher_take_until(struct ct_batcher *b, struct ct_batch *out, int64_t deadline)
{
        struct slot *s;
        size_t i;

        ct_mutex_lock(&b->lock);
        while (!b->sealed) {
                bool over = is_over(b);

                if (over || (ct_cond_wait_until(&b->ready, &b->lock, deadline) && !b->sealed &&
                             !is_over(b))) {
                        ct_mutex_unlock(&b->lock);
                        return over ? -EPIPE : -ETIMEDOUT;
                }
        }
        i = b->line[b->first];
#ifndef CT_PLANT_batcher_taken_twice
        b->first = (b->first + 1) % b->config.queue;
        b->sealed--;
#endif
        s = &b->slot[i];
        s->out = true;
        b->stats.taken += s->n;
        *out = (struct ct_batch){.items = s->items, .n = s->n, .why = s->why, .slot = i};
#ifndef CT_PLANT_batcher_end_untold
        if (is_over(b))
                ct_cond_broadcast(&b->ready); /* others that wait: this was the last one */
#endif
        ct_mutex_unlock(&b->lock);
        return 0;
}

bool ct_batcher_take(struct ct_batcher *b, struct ct_batch *out)
{
        return ct_batcher_take_until(b, out, CT_FOREVER) == 0;
}

void ct_batcher_release(struct ct_batcher *b, struct ct_batch *batch)
{
        struct slot *s = &b->slot[batch->slot];

        ct_mutex_lock(&b->lock);
        if (!s->out)
                ct_panic(object, b, "a batch is released that is not out");
        s->out = false;
        s->n = 0;
        b->unused[b->unused_n++] = batch->slot;
        b->busy--;
#ifdef CT_PLANT_batcher_wish_forgotten
        if (open_slot(b)->n == b->config.most)
#endif
                seal_if_due(b);
        ct_cond_broadcast(&b->room);
        ct_mutex_unlock(&b->lock);
}

int ct_batcher_run(struct ct_batcher *b, int (*sink)(void *arg, void *items, size_t n), void *arg)
{
        struct ct_batch batch;

        while (ct_batcher_take(b, &batch)) {
                int r = sink(arg, batch.items, batch.n);

                ct_batcher_release(b, &batch);
                if (r)
                        return r;
        }
        return 0;
}

void ct_batcher_stats(struct ct_batcher *b, struct ct_batcher_stats *out)
{
        ct_mutex_lock(&b->lock);
        *out = b->stats;
        out->open = open_slot(b)->n;
        out->sealed = b->busy;
        ct_mutex_unlock(&b->lock);
}
