/* What all contestants share around their streams: the source, the worker's desk, the oracle. */
#include <stdlib.h>

#include "base/clock.h"
#include "flow/guard.h"

/* ---- the source ---- */

int flow_source_init(struct flow_source *s)
{
        *s = (struct flow_source){0};
        return ct_chan_new(&s->gate, 0, 0);
}

void flow_source_fini(struct flow_source *s)
{
        ct_chan_free(s->gate);
}

bool flow_source_take(struct flow_source *s, struct flow_item *item)
{
        if (!s->begun)
                ct_chan_recv(s->gate, NULL);
        s->begun = true;
        if (ct_load_u32_acquire(&s->stop)) /* pairs with stream_fini() */
                return false;
        *item = (struct flow_item){.id = s->made, .result = s->made};
        s->made++;
        if (item->id % FLOW_SAMPLE_EVERY == 0)
                item->born = ct_now_ns();
        return true;
}

/* ---- the oracle ---- */

void flow_tally_add(struct flow_tally *t, const struct flow_plan *plan, struct flow_item *item)
{
        uint64_t number = item->id + 1;

        t->count++;
        t->squares += number * number;
        t->reordered += number < t->highest;
        t->highest = number > t->highest ? number : t->highest;
#ifndef CT_PLANT_flow_oracle_believes_results
        t->wrong += !flow_item_right(plan, item);
#else
        (void)flow_item_right(plan, item);
#endif
}

/* Of 1 .. n, modulo 2^64. */
static uint64_t squares_to(uint64_t n)
{
        unsigned __int128 all = (unsigned __int128)n * (n + 1) / 2; /* exact below 2^64 items */

        /* n (n + 1) (2n + 1) / 6, where all x (2n + 1) is a multiple of 3 */
        if (all % 3 == 0)
                return (uint64_t)(all / 3) * (2 * n + 1);
        return (uint64_t)all * ((2 * n + 1) / 3);
}

int flow_tally_check(const struct flow_tally *t, uint64_t made, bool in_order)
{
        bool once = t->count == made && t->squares == squares_to(made);

#ifdef CT_PLANT_flow_oracle_only_counts
        once = t->count == made;
#endif
#ifdef CT_PLANT_flow_oracle_blind_to_order
        in_order = false;
#endif
        return once && !t->wrong && !(in_order && t->reordered) ? 0 : -EBADMSG;
}

/* ---- the desk ---- */

int flow_desk_new(struct flow_desk **out, const struct worker *w)
{
        struct flow_desk *d = calloc(1, sizeof *d);
        int rc;

        if (!d)
                return -ENOMEM;
        rc = flow_plan_make(&d->plan, w);
        if (!rc)
                rc = flow_source_init(&d->source);
        if (rc)
                free(d);
        else
                *out = d;
        return rc;
}

void flow_desk_open(struct flow_desk *d)
{
        d->open = true;
        ct_chan_close(d->source.gate);
}

void flow_desk_take(struct flow_desk *d, struct worker *w, struct flow_item *item)
{
        int64_t took = item->born ? ct_now_ns() - item->born : 0;

        if (item->born)
                ct_histogram_record(w->latency, took > 0 ? (uint64_t)took : 0);
        flow_tally_add(&d->tally, &d->plan, item);
}

void flow_desk_end(struct flow_desk *d, struct flow_hall *h)
{
        h->streams = true;
        h->tally = d->tally;
        h->made = d->source.made;
        h->in_order = d->plan.in_order;
        flow_source_fini(&d->source);
        free(d);
}

/* The function behind a guard was called as often as the draws asked for. */
static bool called_right(const struct flow_hall *h, const struct totals *t)
{
        uint64_t called = ct_load_u64_relaxed(&h->called);

#ifdef CT_PLANT_flow_oracle_ignores_calls
        called = guard_is_open(t->params) ? 0 : t->ops + ct_load_u64_relaxed(&h->failed);
#endif
        if (ct_load_u32_relaxed(&h->guard) == RETRY)
                return called == t->ops + ct_load_u64_relaxed(&h->failed);
        return called == (guard_is_open(t->params) ? 0 : t->ops);
}

int flow_check(const void *self, const struct totals *t, double *metrics)
{
        const struct flow_hall *h = self;

        if (h->streams && h->tally.count)
                metrics[M_REORDERED_PCT] =
                        100 * (double)h->tally.reordered / (double)h->tally.count;
        if (h->batches) {
                metrics[M_BATCH_MEAN_ITEMS] = (double)h->items / (double)h->batches;
                metrics[M_AGED_PCT] = 100 * (double)h->aged / (double)h->batches;
        }
        if (h->wrong || t->effects != t->ops)
                return -EBADMSG;
        if (ct_load_u32_relaxed(&h->guard))
                return called_right(h, t) ? 0 : -EBADMSG;
        return h->streams ? flow_tally_check(&h->tally, h->made, h->in_order) : 0;
}
