#include "cache/cache_private.h"

#include <stdlib.h>
#include <sys/random.h>

#include "cache/slot_counts.h"

int ct_cache_check_options_(const struct ct_cache_options *o, unsigned parts)
{
        bool bounded = o->max_entries || o->max_bytes;

        if ((unsigned)o->policy >= CT_CACHE_POLICIES || bounded != (o->policy != CT_CACHE_KEEP))
                return -EINVAL;
        if (o->ttl_ns < 0 || o->shards > CT_CACHE_MAX_SHARDS || o->shards & (o->shards - 1))
                return -EINVAL;
        if (o->max_entries && o->max_entries < parts)
                return -EINVAL;
        if (o->max_bytes && o->max_bytes / parts < CT_CACHE_ENTRY_BYTES)
                return -EINVAL;
        return 0;
}

int ct_cache_check_plain_(const struct ct_cache_options *o)
{
        return o->policy != CT_CACHE_KEEP || o->ttl_ns ? -ENOTSUP : 0;
}

int ct_cache_seed_(const struct ct_cache_options *o, uint64_t *seed)
{
        for (*seed = o->seed; !*seed;)
                if (getrandom(seed, sizeof *seed, 0) < 0 && errno != EINTR)
                        return -errno;
        return 0;
}

void ct_cache_null_panic_(const char *object, const void *c, const char *what)
{
        ct_panic(object, c, "%s is NULL", what);
}

int ct_cache_counts_init_(struct ct_cache_counts_ *c)
{
        size_t size = (CT_SLOTS + 1) * sizeof *c->cell;

        c->cell = aligned_alloc(CT_CACHE_PAIR, size);
        if (!c->cell)
                return -ENOMEM;
        memset((void *)c->cell, 0, size);
        return 0;
}

void ct_cache_counts_fini_(struct ct_cache_counts_ *c)
{
        free(c->cell);
        c->cell = NULL;
}

uint64_t ct_cache_counted_(const struct ct_cache_counts_ *c, enum ct_cache_count_ what)
{
        /* The acquires pair with the releases of the adds. */
        uint64_t sum = ct_load_u64_acquire(&c->cell[CT_SLOTS].n[what]);

        for (unsigned i = 0, used = ct_slots_used(); i < used; i++)
                sum += ct_load_u64_acquire(&c->cell[i].n[what]);
        return sum;
}
