/* Tables of ct_concurrent_cache: concurrent.c explains. All of this runs under the segment's lock,
   beside readers. */
#include "cache/concurrent_table.h"

#include <stdlib.h>

/* Before the buckets, on a line of its own. */
struct header {
        CT_ALIGN_LINE struct ct_retired retired;
        struct ct_cc_cells_ *cells; /* that get the memory */
        size_t bytes;
};

static struct header *header_of(uint64_t table)
{
        return (struct header *)ct_cc_buckets_(table) - 1;
}

uint64_t ct_cc_table_new_(struct ct_cc_pages_ *pages, size_t buckets)
{
        uint64_t mantissa = buckets, exponent = 0;
        size_t bytes;
        struct header *h;

        while (mantissa >> (64 - CT_CC_MANTISSA_)) {
                mantissa = (mantissa + 1) / 2;
                exponent++;
        }
        buckets = (size_t)mantissa << exponent;
        if (buckets > UINT32_MAX || buckets > SIZE_MAX / sizeof(struct ct_cc_bucket_) - 1)
                return 0;
        bytes = sizeof *h + buckets * sizeof(struct ct_cc_bucket_);
        h = ct_cc_pages_take_(pages, bytes);
        if (!h)
                return 0;
        h->bytes = bytes;
        return (uint64_t)(uintptr_t)(h + 1) | exponent | mantissa << CT_CC_MANTISSA_;
}

void ct_cc_table_free_(uint64_t table)
{
#ifdef CT_CC_NO_CELLS_
        free(header_of(table));
#else
        (void)table; /* goes with the pages */
#endif
}

static void give_table(struct ct_retired *r)
{
        struct header *h = (struct header *)r;
        struct ct_cc_cells_ *cells = h->cells;

        ct_cc_block_give_(cells, h, h->bytes);
        ct_sub_u64_release(&cells->waiting, 1); /* pairs with cells_fini: the last use of it */
}

void ct_cc_table_retire_(uint64_t table, struct ct_cc_cells_ *cells)
{
        struct header *h = header_of(table);

        h->cells = cells;
        ct_add_u64_relaxed(&cells->waiting, 1);
#ifdef CT_PLANT_concurrent_table_freed_at_once
        give_table(&h->retired);
#else
        ct_retire(&h->retired, give_table);
#endif
}

size_t ct_cc_buckets_for_(size_t entries)
{
        return entries / CT_CC_FULL_ * 2 +
               (entries % CT_CC_FULL_ * 2 + CT_CC_FULL_ - 1) / CT_CC_FULL_ + !entries;
}

/* The first empty slot of the bucket, or CT_CC_SLOTS_. */
static unsigned empty_slot(uint64_t tags)
{
        unsigned i = 0;

        while (i < CT_CC_SLOTS_ && (tags >> 8 * i & 0xff))
                i++;
        return i;
}

/* Counts one more, or one less, that passed the bucket. A full count stays: readers of misses then
   look further than they must, no more. */
static void pass(struct ct_cc_bucket_ *b, bool more)
{
        uint64_t tags = ct_load_u64_relaxed(&b->tags), one = UINT64_C(1) << CT_CC_PASSED_;

        if (tags >> CT_CC_PASSED_ != CT_CC_PASSED_MOST_)
                /* release: keeps what earlier puts published in this word */
                ct_store_u64_release(&b->tags, more ? tags + one : tags - one);
}

/* All buckets from the entry's home to before the one where it stands. */
static void pass_all(uint64_t table, uint64_t hash, size_t at, bool more)
{
        for (size_t b = ct_cc_home_(table, hash); b != at; b = ct_cc_next_(table, b))
                pass(&ct_cc_buckets_(table)[b], more);
}

bool ct_cc_table_put_(uint64_t table, uint64_t hash, struct ct_cc_entry_ *e)
{
        struct ct_cc_bucket_ *buckets = ct_cc_buckets_(table), *b;
        size_t at = ct_cc_home_(table, hash), left = ct_cc_count_(table);
        uint64_t tags;
        unsigned i;

        while ((i = empty_slot(ct_load_u64_relaxed(&buckets[at].tags))) == CT_CC_SLOTS_) {
                if (!--left)
                        return false;
                at = ct_cc_next_(table, at);
        }
#ifndef CT_PLANT_concurrent_passed_not_counted
        pass_all(table, hash, at, true);
#endif
        b = &buckets[at];
        tags = ct_load_u64_relaxed(&b->tags);
#ifdef CT_PLANT_concurrent_slot_before_tag
        ct_store_ptr_release(&b->slot[i], e);
#endif
        /* The tag first. The other way round, a reader that has loaded the tags when the key was
           there before would find the new entry through the slot, and the next reader nothing. */
        ct_store_u64_release(&b->tags, tags | ct_cc_tag_(hash) << 8 * i);
        ct_store_ptr_release(&b->slot[i], e); /* pairs with find */
        return true;
}

static struct ct_cc_place_ place(uint64_t table, uint64_t hash, const struct ct_cc_entry_ *e,
                                 size_t *at)
{
        struct ct_cc_bucket_ *buckets = ct_cc_buckets_(table);

        for (*at = ct_cc_home_(table, hash);; *at = ct_cc_next_(table, *at))
                for (unsigned i = 0; i < CT_CC_SLOTS_; i++)
                        if (ct_load_ptr_relaxed(&buckets[*at].slot[i]) == e)
                                return (struct ct_cc_place_){&buckets[*at], i};
}

struct ct_cc_place_ ct_cc_table_place_(uint64_t table, uint64_t hash, const struct ct_cc_entry_ *e)
{
        size_t at;

        return place(table, hash, e, &at);
}

void ct_cc_table_remove_(uint64_t table, uint64_t hash, const struct ct_cc_entry_ *e)
{
        size_t at;
        struct ct_cc_place_ p = place(table, hash, e, &at);
        uint64_t tags = ct_load_u64_relaxed(&p.bucket->tags);

        /* release: keeps what earlier puts published in this word */
        ct_store_u64_release(&p.bucket->tags, tags & ~(UINT64_C(0xff) << 8 * p.slot));
        ct_store_ptr_relaxed(&p.bucket->slot[p.slot], NULL); /* nothing is read through it */
        pass_all(table, hash, at, false);
}
