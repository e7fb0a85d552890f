/*
 * ct_concurrent_cache.
 *
 * Sources: buckets of one line with tags and a count of those who passed are F14's (Bronson and
 * Shi, 2019); reading what was found under read sections is RCU's; two rooms of which the reader
 * takes the one that is not being written, and looks at the version afterwards, is Lamport's
 * ("Concurrent Reading and Writing", 1977). Own code.
 *
 * The cache is CT_CC_SEGMENTS_ segments by the hash's highest bits, each with a mutex, a policy, a
 * table and its memory. A table is an array of buckets of 7 slots, which point to entries. Entries
 * never move from one slot to another; a key's entry is replaced in its slot. All of that happens
 * under the segment's mutex. Readers, and sets in place, take a read section instead.
 *
 * Invariants, while the mutex is open:
 *      a key has at most one entry, in its home bucket or, past buckets that all count it, further
 *      on; a slot's tag is that of its entry's hash; 0 is the tag of an empty slot;
 *      an entry's key, form and size never change; what is unlinked stays until no section has it.
 * At every moment: a slot's entry is there only after its tag is, and goes only after it has gone.
 *
 * Growing copies the pointers into a new table under the mutex, publishes it, and retires the old
 * one. It stays as it was: readers in it began before, and what they find was there then.
 *
 * Sets in place. An entry of form word is set by one store. Who found it before it was
 * unlinked is concurrent with that: the set is ordered just before the unlinking, and who still
 * reads the entry as well. That holds since nothing takes a value out of an entry and puts it into
 * the cache again: a pin of a word is a private copy, and growing moves pointers, not values.
 * Entries of form rooms are set by whoever makes the version odd, in the room that is not current;
 * one that is stuck half way keeps nobody: readers have the current room, and another set replaces
 * the entry. To remove what has expired takes the same right for good (seize), since a set that
 * revived it meanwhile would be lost, and there is nothing before which it could have been.
 *
 * The store that ends a set in place, and the loads of a get, are sequentially consistent. With a
 * release store, two threads that each set a key and then get the other's could both miss it, as if
 * each set had come after it had returned. On x86-64
 * only the store costs anything for it.
 *
 * The tempting wrong versions. To store the slot before the tag: see put. To let pin move a word
 * into an entry that can be pinned: a set that has found the word and stores then is lost. To look
 * at the version before the copy only: the second set after it writes to the room that is being
 * read. To free an expired entry after a look at its time: see seize.
 *
 * What was tried, in ns an operation (100,000 keys "user:%d", 8-byte values, 90 % gets, uniform,
 * T=1, Zen 4 whose L3 others used, tbb::concurrent_hash_map beside it 130):
 *      two rooms for all, entries by malloc, get 315 instructions     130
 *      words set by one store, cells of 32 bytes in huge pages, 190    50
 *      get's common case on its own, 155                               44
 *      as many buckets as it takes, not a power of two (2 -> 1.2 MB)   43
 * What counts is how many lines an operation touches that are not in L2: two. Cells of 64 bytes,
 * aligned, with huge pages or without, gave nothing as long as there were two rooms. With 1000 keys
 * a get is 17. Then a set in place cost what a get does, of a new key about 100; that was before
 * its store was sequentially consistent.
 */
#include <stdlib.h>

#include "cache/concurrent_private.h"

/* ---- init, destroy ---- */

static unsigned parts_for(size_t bound, size_t each)
{
        unsigned parts = 1;

        while (parts < CT_CC_SEGMENTS_ && bound / each >= 2 * parts)
                parts *= 2;
        return parts;
}

static unsigned segments_for(const struct ct_cache_options *o)
{
        unsigned by_entries = CT_CC_SEGMENTS_, by_bytes = CT_CC_SEGMENTS_;

        if (o->shards)
                return o->shards;
        if (o->max_entries)
                by_entries = parts_for(o->max_entries, 1000);
        if (o->max_bytes)
                by_bytes = parts_for(o->max_bytes, 1u << 20);
        return by_entries < by_bytes ? by_entries : by_bytes;
}

static int init_segment(struct ct_concurrent_cache *c, unsigned i, const struct ct_cache_options *o)
{
        struct ct_cc_segment_ *s = &c->segment[i];
        size_t entries = o->max_entries ? ct_cache_share_(o->max_entries, c->segments, i) : 0;
        size_t bytes = o->max_bytes ? ct_cache_share_(o->max_bytes, c->segments, i) : 0;
        size_t expected;
        uint64_t table;
        int rc = ct_policy_init_(&s->policy, o->policy, entries, bytes);

        if (rc)
                return rc;
        rc = ct_cc_cells_init_(&s->cells, &c->pages,
                               ct_cc_bounded_(c) ? sizeof(struct ct_cc_before_) : 0);
        if (rc)
                return rc;
        expected = o->expected / c->segments;
        if (expected <= SIZE_MAX / 2)
                expected += expected / 16; /* they are not spread evenly */
        table = ct_cc_table_new_(&c->pages, ct_cc_buckets_for_(expected));
        ct_store_u64_relaxed(&c->table[i], table); /* whoever shares c publishes it */
        return table ? 0 : -ENOMEM;
}

static int init_segments(struct ct_concurrent_cache *c, const struct ct_cache_options *o)
{
        size_t words = (c->segments * sizeof *c->table + CT_CACHE_LINE - 1) / CT_CACHE_LINE;
        int rc = 0;

        c->segment = aligned_alloc(CT_CACHE_PAIR, c->segments * sizeof *c->segment);
        if (c->segment)
                memset(c->segment, 0, c->segments * sizeof *c->segment);
        c->table = aligned_alloc(CT_CACHE_LINE, words * CT_CACHE_LINE);
        if (c->table)
                memset(c->table, 0, words * CT_CACHE_LINE);
        c->tally = aligned_alloc(CT_CACHE_PAIR, (CT_SLOTS + 1) * sizeof *c->tally);
        if (!c->segment || !c->table || !c->tally)
                return -ENOMEM;
        memset(c->tally, 0, (CT_SLOTS + 1) * sizeof *c->tally);
        for (unsigned i = 0; !rc && i < c->segments; i++)
                rc = init_segment(c, i, o);
        return rc;
}

int ct_concurrent_cache_init(struct ct_concurrent_cache *c, const struct ct_cache_options *o)
{
        int rc;

        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        ct_cache_need_(CT_CC_NAME_, c, o, "options");
        memset(c, 0, sizeof *c);
        c->segments = segments_for(o);
        rc = ct_cache_check_options_(o, c->segments);
        if (rc)
                return rc;
        c->policy = o->policy;
        c->time = ct_cache_time_of_(o);
        rc = ct_cache_seed_(o, &c->seed);
        if (!rc)
                rc = init_segments(c, o);
        if (rc)
                ct_concurrent_cache_destroy(c);
        return rc;
}

static void destroy_segment(struct ct_concurrent_cache *c, unsigned i)
{
        struct ct_cc_segment_ *s = &c->segment[i];
        uint64_t table = c->table ? ct_cc_table_of_(c, i) : 0;
        struct ct_cc_entry_ *e;

        for (size_t b = 0; table && b < ct_cc_count_(table); b++)
                for (unsigned j = 0; j < CT_CC_SLOTS_; j++) {
                        e = ct_load_ptr_relaxed(&ct_cc_buckets_(table)[b].slot[j]);
                        if (e)
                                ct_cc_entry_drop_(&s->cells, e);
                }
        if (table)
                ct_cc_table_free_(table);
        ct_cc_cells_fini_(&s->cells);
        ct_policy_fini_(&s->policy);
        ct_mutex_fini(&s->lock);
}

void ct_concurrent_cache_destroy(struct ct_concurrent_cache *c)
{
        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        for (unsigned i = 0; c->segment && i < c->segments; i++)
                destroy_segment(c, i);
        ct_cc_pages_free_(&c->pages);
        free(c->segment);
        free(c->table);
        free(c->tally);
        c->segment = NULL;
        c->table = NULL;
        c->tally = NULL;
}

size_t ct_concurrent_cache_memory(struct ct_concurrent_cache *c)
{
        size_t bytes;

        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        ct_mutex_lock(&c->pages.lock);
        bytes = c->pages.bytes - (size_t)(c->pages.end - c->pages.at);
        ct_mutex_unlock(&c->pages.lock);
        return bytes;
}

/* ---- reading ---- */

static inline void count(struct ct_concurrent_cache *c, unsigned slot, bool hit)
{
        ct_atomic_u64 *n = &c->tally[slot].count[hit]; /* CT_SLOT_NONE is the last */

        if (__builtin_expect(slot < CT_SLOTS, 1)) /* nobody else writes it */
                ct_store_u64_release(n, ct_load_u64_relaxed(n) + 1);
        else
                ct_add_u64_release(n, 1);
}

/* get() but for what it counts, in the general case and to the end of the section. */
static __attribute__((noinline)) int look_in(struct ct_concurrent_cache *c, struct ct_reading r,
                                             const struct ct_cc_key_ *k, void *value, size_t room,
                                             size_t *value_size)
{
        struct ct_cc_entry_ *e;
        uint64_t word = 0;
        int rc = -ENOENT;

        do {
                e = ct_cc_lookup_(c, k->hash, k->bytes, k->size);
                if (!e)
                        break;
                word = ct_load_u64_acquire(&e->word); /* pairs with the end of a set */
                rc = ct_cc_read_(e, &c->time, value, room, value_size);
        } while (rc == -ENOENT && !ct_cc_unchanged_(c, k, e, word));
        if (rc != -ENOENT)
                ct_cc_hit_(c, k->hash, e);
        ct_read_end(r);
        if (e && rc == -ENOENT)
                ct_cc_expel_(c, k);
        return rc;
}

/* The same, begun with the case that is to be fast: a key of 8 to 16 bytes that stands in its
   bucket, first of those with its tag, with a value of 8 bytes, or no such tag. The rest is out of
   line, so that this needs few registers. */
static inline __attribute__((always_inline)) int look(struct ct_concurrent_cache *c,
                                                      const struct ct_cc_key_ *k, void *value,
                                                      size_t room, size_t *value_size)
{
        struct ct_reading r = ct_read_begin();
        uint64_t table = ct_cc_table_of_(c, ct_cc_segment_of_(c, k->hash)), tags, match, word;
        const struct ct_cc_bucket_ *b = &ct_cc_buckets_(table)[ct_cc_home_(table, k->hash)];
        const struct ct_cc_entry_ *e;

        tags = ct_load_u64_seq(&b->tags); /* as in find */
        match = ct_cc_match_(tags, ct_cc_tag_(k->hash));
        if (!match && !(tags >> CT_CC_PASSED_)) {
                ct_read_end(r);
                return -ENOENT;
        }
        e = match ? ct_load_ptr_seq(&b->slot[ct_cc_slot_of_(match)]) : NULL; /* as in find */
        if (__builtin_expect(e && room >= 8 && k->size - 8 <= 8 && e->key_size == k->size &&
                                     e->small == 8 && !ct_cc_bounded_(c) &&
                                     ct_cc_middle_key_is_(e, k->bytes, k->size),
                             1)) {
                word = ct_load_u64_seq(&e->word); /* pairs with set and put */
                memcpy(value, &word, 8);
                *value_size = 8;
                ct_read_end(r);
                return 0;
        }
        return look_in(c, r, k, value, room, value_size);
}

/* Which of them is missing, if any that is needed. */
static __attribute__((noinline, cold)) void need(const struct ct_concurrent_cache *c,
                                                 const void *key, size_t key_size,
                                                 const void *value, size_t room,
                                                 const size_t *value_size)
{
        ct_cache_need_key_(CT_CC_NAME_, c, key, key_size);
        ct_cache_need_room_(CT_CC_NAME_, c, value, room, value_size);
}

int ct_concurrent_cache_get(struct ct_concurrent_cache *c, const void *key, size_t key_size,
                            void *value, size_t room, size_t *value_size)
{
        struct ct_cc_key_ k;
        int rc;

        if (__builtin_expect(!c || !key || !value || !value_size, 0))
                need(c, key, key_size, value, room, value_size);
        k = (struct ct_cc_key_){ct_hash(key, key_size, c->seed), key, key_size};
        rc = look(c, &k, value, room, value_size);
        count(c, ct_slot(), rc != -ENOENT);
        return rc;
}

int ct_concurrent_cache_pin(struct ct_concurrent_cache *c, const void *key, size_t key_size,
                            struct ct_cache_pin *pin)
{
        struct ct_cc_key_ k = ct_cc_key_(c, key, key_size);
        int rc;

        ct_cache_need_(CT_CC_NAME_, c, pin, "pin");
        *pin = (struct ct_cache_pin){0};
        rc = ct_cc_pin_(c, &k, pin);
        count(c, ct_slot(), rc != -ENOENT);
        return rc;
}

/* ---- get_or_load ---- */

static int flight_look(const struct ct_flight_call_ *call)
{
        struct ct_cc_key_ k = {call->hash, call->key, call->key_size};

        return look_in(call->cache, ct_read_begin(), &k, call->value, call->room, call->value_size);
}

static int flight_put(const struct ct_flight_call_ *call, const void *value, size_t size,
                      int64_t ttl_ns)
{
        return ct_concurrent_cache_set_for(call->cache, call->key, call->key_size, value, size,
                                           ttl_ns);
}

int ct_concurrent_cache_get_or_load(struct ct_concurrent_cache *c, const void *key, size_t key_size,
                                    const struct ct_cache_loader *loader, int64_t deadline_ns,
                                    void *value, size_t room, size_t *value_size)
{
        int rc;

        ct_cache_need_key_(CT_CC_NAME_, c, key, key_size);
        ct_cache_need_room_(CT_CC_NAME_, c, value, room, value_size);
        ct_cache_need_loader_(CT_CC_NAME_, c, loader);
        if (ct_cache_too_big_(key_size, 0))
                return -E2BIG;
        rc = ct_concurrent_cache_get(c, key, key_size, value, room, value_size);
        if (rc != -ENOENT)
                return rc;
        return ct_flight_load_(&c->flights,
                               &(struct ct_flight_call_){.object = CT_CC_NAME_,
                                                         .cache = c,
                                                         .hash = ct_hash(key, key_size, c->seed),
                                                         .key = key,
                                                         .key_size = key_size,
                                                         .loader = loader,
                                                         .deadline_ns = deadline_ns,
                                                         .ttl_ns = c->time.ttl_ns,
                                                         .value = value,
                                                         .room = room,
                                                         .value_size = value_size,
                                                         .look = flight_look,
                                                         .put = flight_put});
}
