/* What the policies' files share. Not for users; policy.h has the contract. */
#ifndef CT_CACHE_POLICY_PRIVATE_H
#define CT_CACHE_POLICY_PRIVATE_H

#include "cache/policy.h"

enum { CT_QUEUE_ONE = 0, CT_QUEUE_SMALL = 0, CT_QUEUE_MAIN = 1 };

/* At the head: the newest. */
void ct_cache_queue_push_(struct ct_policy_ *p, uint32_t queue, struct ct_cache_node_ *n);
/* Out of the queue it is in; the entry stays in the policy's counts. */
void ct_cache_queue_take_(struct ct_policy_ *p, struct ct_cache_node_ *n);

/* The oldest of a queue that is not `keep`, or NULL. */
static inline struct ct_cache_node_ *ct_cache_queue_oldest_(const struct ct_cache_queue_ *q,
                                                            const struct ct_cache_node_ *keep)
{
        struct ct_cache_node_ *n = q->tail;

        return n && n == keep ? n->prev : n;
}

/* 0 or -ENOMEM. */
int ct_s3fifo_init_(struct ct_policy_ *p);
/* S3-FIFO: the next victim, still in its queue; `by_bytes`: it is bytes that there are too many of.
   There is one that is not `keep`. */
struct ct_cache_node_ *ct_s3fifo_victim_(struct ct_policy_ *p, const struct ct_cache_node_ *keep,
                                         bool by_bytes);
void ct_s3fifo_insert_(struct ct_policy_ *p, struct ct_cache_node_ *n);

/* Room to remember `at_once` hashes (if that is not absurd), and later up to `most` (>= 1). NULL
   without memory. */
struct ct_cache_ghosts_ *ct_cache_ghosts_new_(size_t at_once, size_t most);
void ct_cache_ghosts_free_(struct ct_cache_ghosts_ *g);
/* Remembers the hash. The oldest is forgotten when as many as there is room for have come since;
   that is `wanted` at least, if there is memory. */
void ct_cache_ghosts_add_(struct ct_cache_ghosts_ *g, uint64_t hash, size_t wanted);
/* Whether the hash is remembered; no longer, from now on. */
bool ct_cache_ghosts_take_(struct ct_cache_ghosts_ *g, uint64_t hash);
void ct_cache_ghosts_clear_(struct ct_cache_ghosts_ *g);

#endif
