#include "cache/entry.h"

struct ct_cache_entry_ *ct_entry_new_(bool bounded, uint64_t hash, const void *key, size_t key_size,
                                      const void *value, size_t value_size, int64_t expires)
{
        size_t before = bounded ? sizeof(struct ct_cache_node_) : 0;
        size_t after = ct_entry_value_at_(key_size) + value_size;
        struct ct_cache_entry_ *e;
        char *block;

        if (after < sizeof *e)
                after = sizeof *e;
        block = malloc(before + after);
        if (!block)
                return NULL;
        e = (struct ct_cache_entry_ *)(block + before);
        e->expires = expires;
        ct_store_u32_relaxed(&e->refs, bounded ? CT_ENTRY_BOUNDED_ + 1 : 1);
        e->key_size = (uint32_t)key_size;
        e->value_size = (uint32_t)value_size;
        ct_cache_copy_(e->bytes, key, key_size);
        ct_cache_copy_(ct_entry_value_(e), value, value_size);
        if (bounded) {
                ct_entry_node_(e)->hash = hash;
                ct_entry_node_(e)->bytes = ct_entry_charge_(e);
        }
        return e;
}

void ct_entry_free_(struct ct_cache_entry_ *e, bool bounded)
{
        if (bounded)
                free(ct_entry_node_(e));
        else
                free(e);
}
