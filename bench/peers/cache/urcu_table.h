/*
 * liburcu's lock-free hash table. Its readers announce after each operation that they hold nothing
 * (QSBR, the flavour whose read side costs least). What is done to replace a value is the file's
 * that includes this: it defines struct entry's `value` and table_get(), table_set().
 * The library has no hash of its own: it gets ours. The table has the buckets that its keys need
 * from the beginning, as its users who know their keys give it.
 */
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-qsbr.h>

#include <urcu/call-rcu.h>
#include <urcu/rculfhash.h>

#include <sched.h>
#include <unistd.h>

#include "base/hash.h"
#include "cache/workload.h"

#include "peers/peer.h"

struct table {
        struct cds_lfht *entries;
};

static inline unsigned long hash_of(const struct cache_key *key)
{
        return ct_hash(key->text, key->size, 1);
}

static int is_key(struct cds_lfht_node *node, const void *wanted)
{
        const struct cache_key *key = wanted;
        const struct entry *e = caa_container_of(node, struct entry, node);

        return e->key.size == key->size && memcmp(e->key.text, key->text, key->size) == 0;
}

static inline struct entry *find(struct table *t, const struct cache_key *key, unsigned long hash)
{
        struct cds_lfht_iter at;
        struct cds_lfht_node *node;

        cds_lfht_lookup(t->entries, hash, is_key, key, &at);
        node = cds_lfht_iter_get_node(&at);
        return node ? caa_container_of(node, struct entry, node) : NULL;
}

static struct entry *entry_of(const struct cache_key *key, const void *from, size_t bytes)
{
        struct entry *e = calloc(1, sizeof *e + bytes);

        if (!e)
                return NULL;
        cds_lfht_node_init(&e->node);
        e->key = *key;
        memcpy(e->value, from, bytes);
        return e;
}

/* The library's thread would stand on the CPU of whoever needs it first, a worker's, for ever. */
static int start_reclaimer(void)
{
        cpu_set_t mine, all;

        if (sched_getaffinity(0, sizeof mine, &mine) ||
            sched_getaffinity(getpid(), sizeof all, &all) || sched_setaffinity(0, sizeof all, &all))
                return -errno;
        (void)urcu_qsbr_get_default_call_rcu_data();
        return sched_setaffinity(0, sizeof mine, &mine) ? -errno : 0;
}

static int table_init(struct table *t, const struct cache_setup *s)
{
        unsigned long buckets = 1;
        int rc = start_reclaimer();

        if (rc)
                return rc;
        while (buckets < s->expected)
                buckets *= 2;
        t->entries = cds_lfht_new_flavor(buckets, 1, 0, 0, &urcu_qsbr_flavor, NULL);
        return t->entries ? 0 : -ENOMEM;
}

/* The thread that fills, looks after a window and destroys is alone then, and not registered: as a
   reader that never says that it holds nothing it would keep everything from being freed. */
static void table_destroy(struct table *t)
{
        struct cds_lfht_iter at;
        struct cds_lfht_node *node;

        cds_lfht_for_each(t->entries, &at, node)
        {
                cds_lfht_del(t->entries, node);
                free(caa_container_of(node, struct entry, node));
        }
        cds_lfht_destroy(t->entries, NULL);
}

/* A worker may be the thread that has filled the table, unregistered. */
static void enter(void)
{
        urcu_qsbr_thread_offline();
        urcu_qsbr_register_thread();
}

/* When the last worker has left, what was replaced is freed, and the oracle reads alone. */
static void leave(void)
{
        urcu_qsbr_unregister_thread();
        urcu_qsbr_barrier();
}

#define WORKER_BEGIN(c) enter()
#define WORKER_END(c) leave()
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_THREADS)
#define TABLE_FREE_WAITING() urcu_qsbr_barrier()
#define HASH "ct_hash"
