/*
 * A whole bounded cache on the traces: get, and on a miss set. Keys are the four bytes of the
 * number, values eight. After table.h; TRACE_MEASURES then goes into the descriptor.
 */

#include "cache/trace_run.h"

static uint64_t trace_value(uint32_t key)
{
        return key ^ UINT64_C(0x7472616365) << 24;
}

static int trace_request(struct table *table, uint32_t key, struct trace_pass *out)
{
        uint64_t value;
        size_t size;
        int rc = OP(_get)(&table->cache, &key, sizeof key, &value, sizeof value, &size);

        if (!rc) {
                out->hits++;
                return size == sizeof value && value == trace_value(key) ? 0 : -EBADMSG;
        }
        if (rc != -ENOENT)
                return rc;
        value = trace_value(key);
        return OP(_set)(&table->cache, &key, sizeof key, &value, sizeof value);
}

static int trace_pass(const struct trace *t, size_t capacity, const struct params *p,
                      struct trace_pass *out)
{
        struct cache_setup setup = {.expected = capacity, .capacity = capacity};
        struct cache_counts counts;
        struct table table;
        int rc;

        setup.shards = p->value[P_SHARDS] > 0 ? (unsigned)p->value[P_SHARDS] : 0;
        rc = table_init(&table, &setup);
        if (rc)
                return rc;
        for (size_t i = 0; i < t->n && !rc; i++)
                rc = trace_request(&table, t->key[i], out);
        TABLE_COUNTS(&table, &counts);
        out->evicted = counts.evicted;
        out->left = counts.entries;
        if (!rc && (counts.hits != out->hits || counts.misses != t->n - out->hits))
                rc = -EBADMSG;
        table_destroy(&table);
        return rc;
}

TRACE_MEASURE_ALL(trace_pass)
