/*
 * Go's sync.Map as a cache.
 *
 * Source: Go's sync.Map, for what it is made of; own code.
 *
 * The map's words are addresses of values. A value never changes. It has one reference of the map's
 * and one for each pin; whoever removes it from the map retires it, and when the readers of that
 * time are gone the map's reference is let go of.
 *
 * Invariants:
 *      a value in the map has the map's reference, and so has one that a read section found there,
 *      until the section ends: a pin may be taken by a plain add inside a section;
 *      whoever took a value's word out of the map is the only one to retire it.
 *
 * The tempting wrong version lets go of the map's reference at once: a reader that has just loaded
 * the word pins what is being freed.
 */
#include "cache/syncmap_private.h"

#include <stdlib.h>

#include "base/hash.h"

static const char object[] = CT_SYNCMAP_OBJECT_;

static struct ct_syncmap_value_ *value_new(const void *bytes, size_t size, int64_t expires)
{
        struct ct_syncmap_value_ *v = malloc(sizeof *v + size);

        if (!v)
                return NULL;
        v->expires = expires;
        ct_store_u32_relaxed(&v->refs, 1);
        v->size = (uint32_t)size;
        ct_cache_copy_(v->bytes, bytes, size);
        return v;
}

static void let_go(struct ct_syncmap_value_ *v)
{
        /* The release pairs with the acquire of whoever frees: all reads are before. */
        if (ct_sub_u32_acq_rel(&v->refs, 1) == 1)
                free(v);
}

static void let_go_retired(struct ct_retired *r)
{
        let_go((struct ct_syncmap_value_ *)r);
}

/* It is no longer in the map. */
void ct_syncmap_retire_(struct ct_syncmap_value_ *v)
{
#ifdef CT_PLANT_cache_syncmap_frees_at_once
        let_go_retired(&v->retired);
#else
        ct_retire(&v->retired, let_go_retired);
#endif
}

/* ---- life ---- */

int ct_syncmap_cache_init(struct ct_syncmap_cache *c, const struct ct_cache_options *o)
{
        int rc;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, o, "options");
        rc = ct_cache_check_options_(o, 1);
        if (!rc && o->policy != CT_CACHE_KEEP)
                rc = -ENOTSUP;
        if (rc)
                return rc;
        memset((void *)c, 0, sizeof *c);
        c->time = ct_cache_time_of_(o);
        rc = ct_cache_counts_init_(&c->counts);
        if (rc)
                return rc;
        rc = ct_map_init(&c->map, CT_MAP_BYTES, o->seed);
        if (rc)
                ct_cache_counts_fini_(&c->counts);
        return rc;
}

static bool free_one(void *context, const void *key, size_t key_size, uint64_t word)
{
        (void)context, (void)key, (void)key_size;
        let_go(ct_syncmap_value_of_(word));
        return true;
}

void ct_syncmap_cache_destroy(struct ct_syncmap_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        ct_map_range(&c->map, free_one, NULL);
        ct_map_fini(&c->map);
        ct_cache_counts_fini_(&c->counts);
}

/* ---- looking ---- */

static int look(struct ct_syncmap_cache *c, const void *key, size_t key_size, void *value,
                size_t room, size_t *value_size)
{
        struct ct_reading r = ct_read_begin();
        struct ct_syncmap_value_ *v = ct_syncmap_find_(c, key, key_size);
        int rc = v ? ct_cache_give_(v->bytes, v->size, value, room, value_size) : -ENOENT;

        ct_read_end(r);
        return rc;
}

static void count_look(struct ct_syncmap_cache *c, bool hit)
{
        ct_cache_count_(&c->counts, hit ? CT_COUNT_HITS_ : CT_COUNT_MISSES_, 1);
}

int ct_syncmap_cache_get(struct ct_syncmap_cache *c, const void *key, size_t key_size, void *value,
                         size_t room, size_t *value_size)
{
        int rc;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_room_(object, c, value, room, value_size);
        rc = look(c, key, key_size, value, room, value_size);
        count_look(c, rc != -ENOENT);
        return rc;
}

int ct_syncmap_cache_pin(struct ct_syncmap_cache *c, const void *key, size_t key_size,
                         struct ct_cache_pin *pin)
{
        struct ct_reading r;
        struct ct_syncmap_value_ *v;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_(object, c, pin, "pin");
        r = ct_read_begin();
        v = ct_syncmap_find_(c, key, key_size);
#ifdef CT_PLANT_cache_syncmap_pins_late
        ct_read_end(r);
        if (v)
                ct_add_u32_relaxed(&v->refs, 1);
        r = ct_read_begin();
#else
        if (v)
                ct_add_u32_relaxed(&v->refs, 1); /* there is one, so it cannot go meanwhile */
#endif
        ct_read_end(r);
        count_look(c, v);
        if (!v)
                return -ENOENT;
        *pin = (struct ct_cache_pin){v->bytes, v->size, v};
        return 0;
}

void ct_syncmap_cache_unpin(struct ct_syncmap_cache *c, struct ct_cache_pin *pin)
{
        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, pin, "pin");
        ct_cache_need_(object, c, pin->entry, "entry of the pin (unpinned twice?)");
        let_go(pin->entry);
        *pin = (struct ct_cache_pin){0};
}

/* ---- changing ---- */

static int put(struct ct_syncmap_cache *c, const void *key, size_t key_size, const void *value,
               size_t value_size, int64_t expires)
{
        size_t charge = ct_cache_charge_(key_size, value_size);
        struct ct_syncmap_value_ *v;
        uint64_t old;
        int rc;

        if (ct_cache_too_big_(key_size, value_size))
                return -E2BIG;
        v = value_new(value, value_size, expires);
        if (!v)
                return -ENOMEM;
        /* Counted first: whoever removes the value may do so at once. */
        ct_cache_count_(&c->counts, CT_COUNT_CAME_, charge);
        rc = ct_map_store_bytes(&c->map, key, key_size, (uintptr_t)v, &old);
        if (rc < 0) {
                ct_cache_count_(&c->counts, CT_COUNT_WENT_, charge);
                let_go(v);
                return rc;
        }
        if (rc) {
                ct_syncmap_count_gone_(
                        c, ct_cache_charge_(key_size, ct_syncmap_value_of_(old)->size),
                        ct_cache_expired_(&c->time, ct_syncmap_value_of_(old)->expires));
                ct_syncmap_retire_(ct_syncmap_value_of_(old));
        }
        return 0;
}

int ct_syncmap_cache_set_for(struct ct_syncmap_cache *c, const void *key, size_t key_size,
                             const void *value, size_t value_size, int64_t ttl_ns)
{
        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_value_(object, c, value, value_size);
        if (ct_cache_too_big_(key_size, value_size)) /* before anything is read */
                return -E2BIG;
        if (ttl_ns < 0)
                return -EINVAL;
        return put(c, key, key_size, value, value_size, ct_cache_expires_(&c->time, ttl_ns));
}

int ct_syncmap_cache_set(struct ct_syncmap_cache *c, const void *key, size_t key_size,
                         const void *value, size_t value_size)
{
        ct_cache_need_(object, c, c, "cache");
        return ct_syncmap_cache_set_for(c, key, key_size, value, value_size, c->time.ttl_ns);
}

/* The clock is asked before the value is taken out. Tempting: after; if the value's time comes in
   between, it is taken from those who would still have found it, and said not to have been there.
 */
bool ct_syncmap_cache_delete(struct ct_syncmap_cache *c, const void *key, size_t key_size)
{
        struct ct_reading r;
        struct ct_syncmap_value_ *v;
        bool expired = false;

        ct_cache_need_key_(object, c, key, key_size);
        r = ct_read_begin();
        while ((v = ct_syncmap_there_(c, key, key_size))) {
                expired = ct_cache_expired_(&c->time, v->expires);
                if (ct_map_compare_and_delete_bytes(&c->map, key, key_size, (uintptr_t)v))
                        break; /* else another was quicker, with a new value or a delete */
        }
        ct_read_end(r);
        if (!v)
                return false;
        ct_syncmap_count_gone_(c, ct_cache_charge_(key_size, v->size), expired);
        ct_syncmap_retire_(v);
        return !expired;
}

/* ---- loading ---- */

static int look_again(const struct ct_flight_call_ *f)
{
        return look(f->cache, f->key, f->key_size, f->value, f->room, f->value_size);
}

static int put_loaded(const struct ct_flight_call_ *f, const void *value, size_t size,
                      int64_t ttl_ns)
{
        struct ct_syncmap_cache *c = f->cache;

        return put(c, f->key, f->key_size, value, size, ct_cache_expires_(&c->time, ttl_ns));
}

int ct_syncmap_cache_get_or_load(struct ct_syncmap_cache *c, const void *key, size_t key_size,
                                 const struct ct_cache_loader *loader, int64_t deadline_ns,
                                 void *value, size_t room, size_t *value_size)
{
        struct ct_flight_call_ f = {.object = object,
                                    .cache = c,
                                    .key = key,
                                    .key_size = key_size,
                                    .loader = loader,
                                    .deadline_ns = deadline_ns,
                                    .value = value,
                                    .room = room,
                                    .value_size = value_size,
                                    .look = look_again,
                                    .put = put_loaded};
        int rc;

        ct_cache_need_loader_(object, c, loader);
        ct_cache_need_key_(object, c, key, key_size);
        if (ct_cache_too_big_(key_size, 0))
                return -E2BIG;
        rc = ct_syncmap_cache_get(c, key, key_size, value, room, value_size);
        if (rc != -ENOENT)
                return rc;
        f.hash = ct_hash(key, key_size, c->map.seed);
        f.ttl_ns = c->time.ttl_ns;
        return ct_flight_load_(&c->flights, &f);
}
