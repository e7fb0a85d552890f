/*
 * What a bounded cache evicts: one interface, five policies, shared by all caches here.
 *
 *   CT_CACHE_FIFO    the oldest
 *   CT_CACHE_LRU     the one that was used longest ago; the baseline
 *   CT_CACHE_CLOCK   FIFO with a second chance: what was used since the hand last came by stays
 *   CT_CACHE_SIEVE   CLOCK whose hand goes on where it was, and new ones come in at the head (Zhang
 *                    and others, "SIEVE is Simpler than LRU", NSDI 2024)
 *   CT_CACHE_S3FIFO  a small queue for new ones, a main queue for those used again, and a memory of
 *                    what left the small one (Yang and others, "FIFO queues are all you need for
 *                    cache eviction", SOSP 2023)
 *
 * Which to take: S3FIFO. On made-up traces (bench/cache/trace_synthetic.h) with room for 0.1, 1 and
 * 10 % of the keys it has at least LRU's hit ratio on all but the one where nothing but recency
 * counts. SIEVE is as good where the popular keys stay the same, and behind LRU where they change.
 *
 * S3-FIFO's constants are the paper's: the small queue has 10 % of the capacity, who was used twice
 * there moves over, marks count to 3, and as many hashes are remembered as the main queue's 90 %.
 * Measured beside: moving over after one use, +0.3 % hits where the popular keys change and with
 * scans, -0.04 % on Zipf's law, but it lets in whatever is asked for twice at one time; a small
 * queue of 4 or 5 %, up to 2 % less. With a bound in bytes the queues' shares are in bytes, too;
 * with both, they are in what there is too much of.
 *
 * A cache puts a struct ct_cache_node_ into each entry. Everything but ct_policy_hit_ is called
 * under the lock of the part that the policy belongs to. The policy knows neither keys nor values:
 * a hash, a size in bytes, and the order of calls. So the same calls give the same victims.
 *
 * Memory: none for each entry, but the node. S3-FIFO remembers hashes at 14 to 16 bytes each: room
 * for them is made by init where the entries are bounded (to a million; for more, and with a bound
 * in bytes, it doubles as there are more entries; without memory it stays as it is).
 * Time: all are O(1) but the search for a victim, which visits each node at most as often as marks
 * count: O(1) a victim on average.
 *
 * Private to lib/cache; own code.
 */
#ifndef CT_CACHE_POLICY_H
#define CT_CACHE_POLICY_H

#include "base/atomic.h"
#include "cache/cache.h"

struct ct_cache_node_ {
        struct ct_cache_node_ *prev, *next; /* the policy's, like all here but hash and bytes */
        uint64_t hash;                      /* of the key; set before insert */
        size_t bytes;                       /* that count against max_bytes; set before insert */
        ct_atomic_u32 mark;                 /* used since ...; also written by readers */
        uint32_t queue;
};

struct ct_cache_queue_ {
        struct ct_cache_node_ *head, *tail; /* newest, oldest */
        size_t entries, bytes;
};

struct ct_cache_ghosts_; /* hashes of what was evicted lately */

struct ct_policy_ {
        enum ct_cache_policy kind;
        size_t max_entries, max_bytes; /* SIZE_MAX: not bounded by it */
        size_t entries, bytes;         /* that are in; kept for CT_CACHE_KEEP as well */
        struct ct_cache_queue_ queue[2];
        struct ct_cache_node_ *hand;
        struct ct_cache_ghosts_ *ghosts;
};

/* Options that cache.h calls meaningless are -EINVAL; max_* are this part's share, 0: not bounded
   by it. 0 or -errno. */
int ct_policy_init_(struct ct_policy_ *p, enum ct_cache_policy kind, size_t max_entries,
                    size_t max_bytes);
void ct_policy_fini_(struct ct_policy_ *p); /* nodes are the cache's */

/* Whether an entry of so many bytes can ever be held. */
bool ct_policy_admits_(const struct ct_policy_ *p, size_t bytes);

/*
 * Room for one more node of `bytes`: NULL if there is, else the next victim, which is no longer in
 * the policy; the caller unlinks it from its map and asks again.
 */
struct ct_cache_node_ *ct_policy_victim_(struct ct_policy_ *p, size_t bytes);

/* The same for a node of `bytes` in the place of `was`, which is never the victim. */
struct ct_cache_node_ *ct_policy_victim_for_(struct ct_policy_ *p, const struct ct_cache_node_ *was,
                                             size_t bytes);

/* A new node, for which there is room. */
void ct_policy_insert_(struct ct_policy_ *p, struct ct_cache_node_ *n);

/* The entry goes for another reason: deleted, expired. */
void ct_policy_remove_(struct ct_policy_ *p, struct ct_cache_node_ *n);

/* All nodes go at once, unvisited; what was evicted before is forgotten as well. */
void ct_policy_clear_(struct ct_policy_ *p);

/* `now` takes the place of `was`, as the same entry with another value: it keeps its rank, counts
   as used, and may have other bytes (room was made by ct_policy_victim_for_()). */
void ct_policy_replace_(struct ct_policy_ *p, struct ct_cache_node_ *was,
                        struct ct_cache_node_ *now);

/* The node was used, and its part's lock is held. */
void ct_policy_touch_(struct ct_policy_ *p, struct ct_cache_node_ *n);

/* Whether a hit must take the lock and touch: LRU. For the others ct_policy_hit_ is enough. */
static inline bool ct_policy_moves_(const struct ct_policy_ *p)
{
        return p->kind == CT_CACHE_LRU;
}

enum { CT_CACHE_MARK_MOST_ = 3 };

/* The node was used; by readers that hold no lock, at the same time as anything. Writes only where
   that changes something, so that a popular entry's line stays shared. */
static inline void ct_policy_hit_(const struct ct_policy_ *p, struct ct_cache_node_ *n)
{
        uint32_t most = p->kind == CT_CACHE_S3FIFO ? CT_CACHE_MARK_MOST_ : 1, mark;

        if (p->kind == CT_CACHE_KEEP || p->kind == CT_CACHE_FIFO || p->kind == CT_CACHE_LRU)
                return;
        mark = ct_load_u32_relaxed(&n->mark);
        if (mark < most) /* two at once may count as one */
                ct_store_u32_relaxed(&n->mark, mark + 1);
}

#endif
