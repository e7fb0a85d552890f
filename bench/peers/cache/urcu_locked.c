/* Entries stay; a value is read and changed in place under the lock of its entry. A word needs no
   lock: it is stored and loaded whole. */
#include <urcu/urcu-qsbr.h>

#include <urcu/rculfhash.h>

#include "cache/workload.h"

struct entry {
        struct cds_lfht_node node;
        struct cache_key key;
        uint32_t lock, unused;
        unsigned char value[];
};

#include "peers/cache/urcu_table.h"

enum { SPINS = 256 }; /* then its holder may need this CPU */

static inline void entry_lock(struct entry *e)
{
        while (uatomic_xchg(&e->lock, 1)) {
                for (int i = 0; uatomic_read(&e->lock); i++) {
                        if (i < SPINS)
                                caa_cpu_relax();
                        else
                                sched_yield();
                }
        }
}

static inline void entry_unlock(struct entry *e)
{
        __atomic_store_n(&e->lock, 0, __ATOMIC_RELEASE); /* the library has none */
}

static inline void value_out(struct entry *e, void *out, size_t bytes)
{
        if (bytes == sizeof(uint64_t)) {
                uint64_t word = uatomic_read((uint64_t *)(void *)e->value);

                memcpy(out, &word, sizeof word);
                return;
        }
        entry_lock(e);
        memcpy(out, e->value, bytes);
        entry_unlock(e);
}

static inline void value_in(struct entry *e, const void *from, size_t bytes)
{
        if (bytes == sizeof(uint64_t)) {
                uint64_t word;

                memcpy(&word, from, sizeof word);
                uatomic_set((uint64_t *)(void *)e->value, word);
                return;
        }
        entry_lock(e);
        memcpy(e->value, from, bytes);
        entry_unlock(e);
}

static inline int table_get(struct table *t, const struct cache_key *key, cache_draw draw,
                            void *out, size_t bytes)
{
        struct entry *e;

        (void)draw;
        urcu_qsbr_read_lock();
        e = find(t, key, hash_of(key));
        if (e)
                value_out(e, out, bytes);
        urcu_qsbr_read_unlock();
        urcu_qsbr_quiescent_state();
        return e != NULL;
}

/* A new entry; *other where somebody else has made one meanwhile, and this one is not needed. */
static int add(struct table *t, const struct cache_key *key, unsigned long hash, const void *from,
               size_t bytes, struct entry **other)
{
        struct entry *e = entry_of(key, from, bytes);
        struct cds_lfht_node *there;

        if (!e)
                return -ENOMEM;
        there = cds_lfht_add_unique(t->entries, hash, is_key, key, &e->node);
        *other = NULL;
        if (there != &e->node) {
                *other = caa_container_of(there, struct entry, node);
                free(e);
        }
        return 0;
}

static inline int table_set(struct table *t, const struct cache_key *key, cache_draw draw,
                            const void *from, size_t bytes)
{
        unsigned long hash = hash_of(key);
        struct entry *e;
        int rc = 0;

        (void)draw;
        urcu_qsbr_read_lock();
        e = find(t, key, hash);
        if (!e)
                rc = add(t, key, hash, from, bytes, &e);
        if (e)
                value_in(e, from, bytes);
        urcu_qsbr_read_unlock();
        urcu_qsbr_quiescent_state();
        return rc;
}

#define CONTESTANT cache_urcu_locked
#define NAME "urcu:lfht_locked_entry"
#define SOURCE                                                                                     \
        "liburcu " PEER_VERSION_urcu " cds_lfht, QSBR: values changed in place, under a lock each"
#include "cache/kept.h"
