/* Inside of ct_concurrent_cache: segments and their tables. Not for users; concurrent.c explains.
 */
#ifndef CT_CACHE_CONCURRENT_TABLE_H
#define CT_CACHE_CONCURRENT_TABLE_H

#include "cache/concurrent_entry.h"
#include "cache/concurrent_memory.h"
#include "sync/mutex.h"

#ifdef CT_SIM /* small, so that short programs fill buckets and make tables grow */
enum { CT_CC_SLOTS_ = 2, CT_CC_FULL_ = 2, CT_CC_SEGMENTS_ = 1 };
#else
enum { CT_CC_SLOTS_ = 7, CT_CC_FULL_ = 11, CT_CC_SEGMENTS_ = 64 };
#endif

/* One cache line. Byte i of tags belongs to slot i: 0, or 0x80 and 7 bits of the hash. The highest
   byte counts the entries that found no slot here and stand in a bucket further on. */
struct ct_cc_bucket_ {
        CT_ALIGN_LINE ct_atomic_u64 tags;
        ct_atomic_ptr slot[CT_CC_SLOTS_];
};

/* A table holds as many entries as half of CT_CC_FULL_ for each of its buckets. Its word: the
   address of the buckets, and in the bits that it leaves free how many there are, m << e: e in the
   lowest bits, m in the highest. Not only powers of two, since every line counts that is not there.
 */
enum { CT_CC_EXPONENT_ = CT_CACHE_LINE - 1, CT_CC_MANTISSA_ = 48 };
enum { CT_CC_PASSED_ = 56, CT_CC_PASSED_MOST_ = 255 };

struct ct_cc_segment_ {
        CT_ALIGN_PAIR struct ct_mutex lock; /* protects all that changes but values in place */
        struct ct_policy_ policy;
        uint64_t evicted, expired;
        size_t timed; /* entries that may expire */
        size_t sweep; /* the bucket that is looked at next */
        struct ct_cc_cells_ cells;
};

struct ct_cc_tally_ {
        CT_ALIGN_PAIR ct_atomic_u64 count[2]; /* misses, hits */
};

static inline struct ct_cc_bucket_ *ct_cc_buckets_(uint64_t table)
{
        return (struct ct_cc_bucket_ *)(uintptr_t)(table & ((UINT64_C(1) << CT_CC_MANTISSA_) - 1) &
                                                   ~(uint64_t)CT_CC_EXPONENT_);
}

/* How many buckets. */
static inline size_t ct_cc_count_(uint64_t table)
{
        return (size_t)(table >> CT_CC_MANTISSA_) << (table & CT_CC_EXPONENT_);
}

/* The bucket where an entry stands if there is a slot, else in the first after it that has one.
   Buckets come from the hash's low 32 bits, tags from 7 above bit 48, segments from the highest 8.
 */
static inline size_t ct_cc_home_(uint64_t table, uint64_t hash)
{
        return (uint32_t)hash * (uint64_t)ct_cc_count_(table) >> 32;
}

static inline size_t ct_cc_next_(uint64_t table, size_t bucket)
{
        return bucket + 1 == ct_cc_count_(table) ? 0 : bucket + 1;
}

static inline unsigned ct_cc_segment_of_(const struct ct_concurrent_cache *c, uint64_t hash)
{
        return (unsigned)(hash >> 56) & (c->segments - 1);
}

static inline uint64_t ct_cc_tag_(uint64_t hash)
{
        return (hash >> 48 & 0x7f) | 0x80;
}

/* A bit set at the top of each of the 7 bytes that is the tag's. A byte above one that is may be
   marked too without being it. */
static inline uint64_t ct_cc_match_(uint64_t tags, uint64_t tag)
{
        uint64_t x = tags ^ tag * UINT64_C(0x01010101010101);

        return (x - UINT64_C(0x01010101010101)) & ~x & UINT64_C(0x80808080808080);
}

static inline unsigned ct_cc_slot_of_(uint64_t match)
{
        return (unsigned)__builtin_ctzll(match) / 8;
}

/* The key's entry: in a read section, or under the lock. */
static inline __attribute__((always_inline)) struct ct_cc_entry_ *
ct_cc_find_(uint64_t table, uint64_t hash, const void *key, size_t size)
{
        uint64_t tag = ct_cc_tag_(hash), tags, match;
        size_t at = ct_cc_home_(table, hash), left = ct_cc_count_(table);
        struct ct_cc_entry_ *e;

        do {
                struct ct_cc_bucket_ *b = &ct_cc_buckets_(table)[at];

                tags = ct_load_u64_seq(&b->tags); /* pairs with put and pass */
                for (match = ct_cc_match_(tags, tag); match; match &= match - 1) {
                        /* pairs with put and replace */
                        e = ct_load_ptr_seq(&b->slot[ct_cc_slot_of_(match)]);
                        if (__builtin_expect(e && ct_cc_key_is_(e, key, size), 1))
                                return e;
                }
                at = ct_cc_next_(table, at);
        } while (__builtin_expect(tags >> CT_CC_PASSED_, 0) && --left);
        return NULL;
}

/* ---- under the segment's lock ---- */

/* Where an entry stands. */
struct ct_cc_place_ {
        struct ct_cc_bucket_ *bucket;
        unsigned slot;
};

/* The word of a new, empty table; 0 without memory. */
uint64_t ct_cc_table_new_(struct ct_cc_pages_ *pages, size_t buckets);
void ct_cc_table_free_(uint64_t table); /* nobody has seen it, or nobody is left */

/* Frees it later, since readers may be in it, or gives its memory to the cells. */
void ct_cc_table_retire_(uint64_t table, struct ct_cc_cells_ *cells);

/* How many buckets it takes for so many entries. */
size_t ct_cc_buckets_for_(size_t entries);

/* Adds the entry: false where every slot is taken. */
bool ct_cc_table_put_(uint64_t table, uint64_t hash, struct ct_cc_entry_ *e);

/* Where the entry, which is in the table, stands. */
struct ct_cc_place_ ct_cc_table_place_(uint64_t table, uint64_t hash, const struct ct_cc_entry_ *e);

/* Takes the entry out. */
void ct_cc_table_remove_(uint64_t table, uint64_t hash, const struct ct_cc_entry_ *e);

#endif
