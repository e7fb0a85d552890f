/* Values are never changed: a set puts a new entry in place of the old one, which the library's
   thread frees when no reader has it any more. */
#include <urcu/urcu-qsbr.h>

#include <urcu/rculfhash.h>

#include "cache/workload.h"

struct entry {
        struct cds_lfht_node node;
        struct rcu_head head;
        struct cache_key key;
        unsigned char value[];
};

#include "peers/cache/urcu_table.h"

static void free_entry(struct rcu_head *head)
{
        free(caa_container_of(head, struct entry, head));
}

static inline int table_get(struct table *t, const struct cache_key *key, cache_draw draw,
                            void *out, size_t bytes)
{
        struct entry *e;

        (void)draw;
        urcu_qsbr_read_lock();
        e = find(t, key, hash_of(key));
        if (e)
                memcpy(out, e->value, bytes);
        urcu_qsbr_read_unlock();
        urcu_qsbr_quiescent_state();
        return e != NULL;
}

static inline int table_set(struct table *t, const struct cache_key *key, cache_draw draw,
                            const void *from, size_t bytes)
{
        struct entry *e = entry_of(key, from, bytes);
        struct cds_lfht_node *old;

        (void)draw;
        if (!e)
                return -ENOMEM;
        urcu_qsbr_read_lock();
        old = cds_lfht_add_replace(t->entries, hash_of(key), is_key, key, &e->node);
        urcu_qsbr_read_unlock();
        if (old)
                urcu_qsbr_call_rcu(&caa_container_of(old, struct entry, node)->head, free_entry);
        urcu_qsbr_quiescent_state();
        return 0;
}

#define CONTESTANT cache_urcu_replace
#define NAME "urcu:lfht"
#define SOURCE "liburcu " PEER_VERSION_urcu " cds_lfht, QSBR: add_replace and call_rcu"
#include "cache/kept.h"
