/* Snapshots and figures of ct_concurrent_cache. */
#include "cache/concurrent_private.h"

/* The same moment for all entries of a segment. */
struct copying {
        struct ct_cache_time_ time;
        int64_t now;
        struct ct_snapshot *out;
};

static int64_t moment(void *now)
{
        return *(int64_t *)now;
}

static void append_entry(const struct copying *p, const struct ct_cc_entry_ *e)
{
        uint64_t copy[CT_CONCURRENT_IN_PLACE / 8], control = ct_load_u64_relaxed(&e->word);
        const ct_atomic_u64 *room;
        size_t size;

        if (ct_cc_is_word_(e) || control & CT_CC_ROOMS_) {
                if (!ct_cc_read_(e, &p->time, copy, sizeof copy, &size))
                        ct_snapshot_add_(p->out, e->key, e->key_size, copy, size);
                return;
        }
        room = ct_cc_room_(e, control, 0);
        if (!ct_cache_expired_(&p->time, ct_cc_expires_(room, control)))
                ct_snapshot_add_(p->out, e->key, e->key_size, room + !!(control & CT_CC_TIMED_),
                                 ct_cc_size_(control));
}

static int append_segment(struct ct_concurrent_cache *c, unsigned segment, struct copying *p)
{
        const struct ct_cc_segment_ *s = &c->segment[segment];
        size_t entries = s->policy.entries;
        uint64_t table = ct_cc_table_of_(c, segment);

        if (ct_snapshot_room_(p->out, entries, s->policy.bytes - entries * CT_CACHE_ENTRY_BYTES))
                return -ENOMEM;
        if (s->timed)
                p->now = ct_cache_now_(&c->time);
        for (size_t b = 0; b < ct_cc_count_(table); b++)
                for (unsigned i = 0; i < CT_CC_SLOTS_; i++) {
                        const struct ct_cc_entry_ *e =
                                ct_load_ptr_relaxed(&ct_cc_buckets_(table)[b].slot[i]);

                        if (e)
                                append_entry(p, e);
                }
        return 0;
}

int ct_concurrent_cache_snapshot(struct ct_concurrent_cache *c, struct ct_snapshot *out)
{
        struct copying p = {.out = out};
        int rc = 0;

        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        ct_cache_need_(CT_CC_NAME_, c, out, "snapshot");
        p.time = (struct ct_cache_time_){.now_ns = moment, .clock = &p.now};
        *out = (struct ct_snapshot){0};
        for (unsigned i = 0; !rc && i < c->segments; i++) {
                ct_mutex_lock(&c->segment[i].lock);
                rc = append_segment(c, i, &p);
                ct_mutex_unlock(&c->segment[i].lock);
        }
        if (rc)
                ct_snapshot_free(out);
        return rc;
}

static void add_tally(const struct ct_cc_tally_ *t, struct ct_cache_stats *out)
{
        /* acquire: pairs with count */
        out->misses += ct_load_u64_acquire(&t->count[false]);
        out->hits += ct_load_u64_acquire(&t->count[true]);
}

void ct_concurrent_cache_stats(struct ct_concurrent_cache *c, struct ct_cache_stats *out)
{
        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        ct_cache_need_(CT_CC_NAME_, c, out, "stats");
        *out = (struct ct_cache_stats){.loads = ct_flight_loads_(&c->flights)};
        for (unsigned i = 0, used = ct_slots_used(); i < used && i < CT_SLOTS; i++)
                add_tally(&c->tally[i], out);
        add_tally(&c->tally[CT_SLOTS], out); /* of those who have no slot */
        for (unsigned i = 0; i < c->segments; i++) {
                struct ct_cc_segment_ *s = &c->segment[i];

                ct_mutex_lock(&s->lock);
                out->entries += s->policy.entries;
                out->bytes += s->policy.bytes;
                out->evicted += s->evicted;
                out->expired += s->expired;
                ct_mutex_unlock(&s->lock);
        }
}
