/*
 * Stampede: all ask for one key, whose value expires under them. No include guard: one file, one
 * contestant. The file has
 *     struct table
 *     stampede_open(s), stampede_close(s)  an empty cache whose values live for one turn of the
 *                          clock; 0 or -errno
 *     stampede_get(s, w)   the value in the worker's `value`, loaded where need be: 0 or -errno
 *     STAMPEDE_ONE         1 if each expiry is followed by exactly one load
 *     stampede_count(s, counts, loads)  what the cache says; false: nothing
 *
 * The clock stands still but for the first worker, who moves it on between two of its gets, so the
 * value is there from each expiry until the next, from the first worker's next get on at the
 * latest: the expiries are known exactly, and so are the loads of a cache that has one per expiry.
 */

#include "base/atomic.h"
#include "harness/work.h"

enum { STAMPEDE_BYTES = 64, STAMPEDE_GETS = 64, STAMPEDE_KEY = 7 };

struct stampede {
        struct cache_window window;
        struct table table;
        CT_ALIGN_PAIR ct_atomic_u64 clock; /* of the cache: one is the life of a value */
        CT_ALIGN_PAIR uint64_t loads;
};

enum { STAMPEDE_BEGINS = 1 };
static const char stampede_key[] = {'u', 's', 'e', 'r', ':', '7'};

static int stampede_open(struct stampede *s);
static void stampede_close(struct stampede *s);
static int stampede_get(struct stampede *s, struct worker *w);
static bool stampede_count(struct stampede *s, struct cache_counts *counts, uint64_t *loads);

/* The value says when it was loaded. */
static void stampede_load(struct stampede *s, struct worker *w, uint64_t *value)
{
        cache_add(&s->loads, 1);
        work_spin(w->hold_turns);
        cache_value_fill(value, STAMPEDE_BYTES, STAMPEDE_KEY, ct_load_u64_acquire(&s->clock));
}

static int init_stampede(void *self, const struct params *p, unsigned threads)
{
        struct stampede *s = self;

        (void)p;
        (void)threads;
        ct_store_u64_relaxed(&s->clock, STAMPEDE_BEGINS);
        return stampede_open(s);
}

static void fini_stampede(void *self)
{
        stampede_close(self);
}

static uint64_t run_stampede(void *self, struct worker *w, uint64_t n)
{
        struct stampede *s = self;
        struct cache_worker *l = w->local;

        for (uint64_t i = 0; i < n; i++) {
                uint64_t began;

                if (w->index == 0 && ++w->cursor % STAMPEDE_GETS == 0)
                        ct_add_u64_acq_rel(&s->clock, 1);
                began = ct_load_u64_acquire(&s->clock);
                /* A value that had expired when the get began is as wrong as another key's. */
                l->tally.wrong += stampede_get(s, w) != 0 ||
                                  !cache_value_right(l->value, STAMPEDE_BYTES, STAMPEDE_KEY) ||
                                  cache_value_stamp(l->value[0]) < began;
        }
        l->tally.gets += n;
        return n;
}

static int check_stampede(const void *self, const struct totals *t, double *metrics)
{
        struct stampede *s = (struct stampede *)self; /* asking it for its counts takes its locks */
        uint64_t gets = s->window.tally.gets, loads;
        uint64_t expiries = ct_load_u64_relaxed(&s->clock) - STAMPEDE_BEGINS + (gets > 0);
        struct cache_counts counts;
        int rc = cache_check_window(&s->window, t, metrics);

        metrics[M_HIT_RATIO] = NAN;
        if (expiries)
                metrics[M_LOADS_PER_EXPIRY] = (double)s->loads / (double)expiries;
        if (STAMPEDE_ONE ? s->loads != expiries : s->loads < expiries)
                rc = -EBADMSG;
        if (stampede_count(s, &counts, &loads) &&
            (loads != s->loads || counts.hits + counts.misses != gets || counts.entries > 1))
                rc = -EBADMSG;
        return rc;
}
