/*
 * Ordered batches.
 *
 * Source: own code.
 *
 * Workers draw indexes in ascending order from a counter, `grain` at a time. The first error lowers
 * `stop` to its index; another lowers it further if its index is lower. A worker does every index
 * that it has drawn and that is below `stop` at that moment.
 *
 * Why that is the sequential run: stop only falls, and every index below its last value was drawn
 * (indexes are drawn in order, and stop itself was) and was below it when its turn came, so it was
 * done, and without an error, or stop would be lower. A cancel counts as an error at the index that
 * its finder would have done next.
 *
 * The tempting wrong version keeps the error that came first, which is anybody's.
 */
#include "base/atomic.h"
#include "flow/crew.h"
#include "flow/guarded.h"
#include "flow/ordered.h"
#include "sync/mutex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct batch {
        struct ct_ordered_batch b;
        struct ct_crew_ crew;
        ct_atomic_u64 drawn, stop;
        struct ct_mutex lock; /* of the error that goes with stop */
        int error;
        unsigned char *made; /* of each index: its result is there */
};

struct worker {
        struct batch *all;
        uint64_t index; /* in hand */
};

static void stop_at(struct batch *all, uint64_t index, int error)
{
        ct_mutex_lock(&all->lock);
#ifdef CT_PLANT_ordered_batch_first_error
        if (!all->error) {
#else
        if (index < ct_load_u64_relaxed(&all->stop)) {
#endif
                ct_store_u64_relaxed(&all->stop, index);
                all->error = error;
        }
        ct_mutex_unlock(&all->lock);
}

/* False: it is over. */
static bool do_one(struct worker *w, uint64_t index)
{
        struct batch *all = w->all;
        const struct ct_ordered_batch *b = &all->b;
        void *out = b->out ? (char *)b->out + index * b->out_size : NULL;
        int error;

        if (index >= ct_load_u64_relaxed(&all->stop)) /* relaxed: looked at again at the end */
                return false;
        w->index = index;
        error = b->context ? ct_context_err(b->context) : 0;
        if (!error) {
                error = b->work(b->arg, (size_t)index, out);
                all->made[index] = !error;
        }
        if (error)
                stop_at(all, index, error);
        return !error;
}

static int work(void *arg)
{
        struct worker *w = arg;
        struct batch *all = w->all;
        uint64_t grain = all->b.grain ? all->b.grain : 1, n = all->b.n;

        for (;;) {
                uint64_t first = ct_add_u64_relaxed(&all->drawn, grain);
                uint64_t after = first < n && grain < n - first ? first + grain : n;

                if (first >= n)
                        return 0;
                for (uint64_t i = first; i < after; i++)
                        if (!do_one(w, i))
                                return 0;
        }
}

static int worker_main(void *arg)
{
        struct worker *w = arg;
        int error = ct_guarded(NULL, work, w);

        if (error) /* work failed and did not return */
                stop_at(w->all, w->index, error);
        return 0;
}

/* Starts the contexts and waits for them. */
static int run(struct batch *all)
{
        unsigned n = all->b.workers;
        struct worker *worker = calloc(n, sizeof *worker);
        int r;

        if (!worker)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                worker[i].all = all;
        if (n == 1) {
                (void)worker_main(worker);
                free(worker);
                return 0;
        }
        r = ct_crew_begin_(&all->crew, all->b.spawn, NULL);
        if (!r) {
                for (unsigned i = 0; i < n && !r; i++)
                        r = ct_crew_go_(&all->crew, worker_main, &worker[i]);
                if (r)
                        stop_at(all, 0, r);
                ct_crew_end_(&all->crew);
        }
        free(worker);
        return r;
}

static void discard_from(struct batch *all, uint64_t from)
{
        const struct ct_ordered_batch *b = &all->b;

        for (uint64_t i = from; i < b->n; i++)
                if (all->made[i] && b->discard)
                        b->discard(b->arg, b->out ? (char *)b->out + i * b->out_size : NULL);
}

int ct_ordered_batch_run(const struct ct_ordered_batch *b, size_t *good)
{
        struct batch all = {.b = *b};
        size_t ignored;
        int r;

        good = good ? good : &ignored;
        *good = 0;
        if (!b->workers || !b->work || (b->out_size && !b->out))
                return -EINVAL;
        all.made = calloc(b->n + 1, 1);
        if (!all.made)
                return -ENOMEM;
        ct_store_u64_relaxed(&all.stop, b->n);
        r = run(&all);
        *good = r ? 0 : (size_t)ct_load_u64_relaxed(&all.stop);
        discard_from(&all, *good);
        free(all.made);
        return r ? r : all.error;
}
