/* Tables of ct_map: made, freed, retired. */
#include "sync/map_table.h"

#include <stdlib.h>

/* Behind the buckets. */
struct trailer {
        struct ct_retired retired;
        void *table;
};

static struct trailer *trailer_of(uint64_t table)
{
        return (struct trailer *)(ct_map_bucket_(table, 0) + ct_map_buckets_(table));
}

uint64_t ct_map_table_new_(unsigned log2, unsigned odd)
{
        size_t buckets, bytes;
        void *table;

        if (log2 > CT_MAP_LOG2_ || log2 > 8 * sizeof(size_t) - 5)
                return 0;
        buckets = (size_t)1 << log2;
        bytes = buckets * sizeof(ct_atomic_ptr) + sizeof(struct trailer);
        bytes = (bytes + CT_MAP_TABLE_ALIGN_ - 1) & ~(size_t)(CT_MAP_TABLE_ALIGN_ - 1);
        table = aligned_alloc(CT_MAP_TABLE_ALIGN_, bytes);
        if (!table)
                return 0;
        memset(table, 0, bytes);
        return (uint64_t)(uintptr_t)table | (odd ? CT_MAP_ODD_ : 0) | log2;
}

void ct_map_table_free_(uint64_t table)
{
        free(ct_map_bucket_(table, 0));
}

static void free_table(struct ct_retired *r)
{
        free(((struct trailer *)r)->table);
}

void ct_map_table_retire_(uint64_t table)
{
        struct trailer *t = trailer_of(table);

        t->table = ct_map_bucket_(table, 0);
        ct_retire(&t->retired, free_table);
}
