/*
 * The operations of cache.h on shards of stores: the body that sharded.c and rw_sharded.c have in
 * common. It is included once by each, after these:
 *
 *      SHARDS_(op)                   the cache's name with an operation's behind it
 *      CACHE_, SHARD_                the structs
 *      object                        "ct_sharded_cache", for panics
 *      begin_looks(c, o), end_looks  what the cache needs besides shards; 0 or -errno
 *      look_lock, look_unlock        for what finds only
 *      change_lock, change_unlock    for everything else
 *      used(c, s, e)                 a hit, under the look lock
 *      count_look(c, s, hit)         likewise: a get or a pin
 *      note_other(s)                 likewise: something else
 *      stats_of_shard(s, out)        likewise: adds hits and misses, if the shard has them,
 *      stats_of_looks(c, out)        or if the cache has them
 *
 * Invariant: a key lives in the shard that its hash picks, for as long as the cache lives. One hash
 * serves for the shard, in it for the slot and the tag, and for the flight; each takes other bits.
 *
 * A set allocates between two turns under the lock: the first overwrites where that will do, the
 * second finds anew whatever has become of the key meanwhile. Tempting: to remember in the first
 * where the entry was.
 */

static struct SHARD_ *pick(const struct CACHE_ *c, uint64_t hash)
{
        return &c->shard[(unsigned)(hash >> 40) & (c->shards - 1)]; /* slots: from bit 0 up */
}

unsigned SHARDS_(shard_of)(const struct CACHE_ *c, const void *key, size_t key_size)
{
        ct_cache_need_key_(object, c, key, key_size);
        return (unsigned)(pick(c, ct_hash(key, key_size, c->seed)) - c->shard);
}

/* ---- life ---- */

/* 256, or as few as leave each some entries to choose a victim from. */
static unsigned shards_for(const struct ct_cache_options *o)
{
        unsigned n = o->shards ? o->shards : CT_CACHE_MAX_SHARDS;

        if (o->shards)
                return n;
        while (n > 1 && ((o->max_entries && o->max_entries / n < 64) ||
                         (o->max_bytes && o->max_bytes / n < 65536)))
                n /= 2;
        return n;
}

void SHARDS_(destroy)(struct CACHE_ *c)
{
        ct_cache_need_(object, c, c, "cache");
        while (c->shards)
                ct_store_fini_(&c->shard[--c->shards].store);
        free(c->shard);
        c->shard = NULL;
        end_looks(c);
}

/* One shard more; its number is c->shards. */
static int begin_shard(struct CACHE_ *c, const struct ct_cache_options *o, unsigned shards)
{
        unsigned i = c->shards;
        memset((void *)&c->shard[i], 0, sizeof c->shard[i]);
        return ct_store_init_(&c->shard[i].store, c->seed, o->policy,
                              ct_cache_share_(o->max_entries, shards, i),
                              ct_cache_share_(o->max_bytes, shards, i), o->expected / shards);
}

int SHARDS_(init)(struct CACHE_ *c, const struct ct_cache_options *o)
{
        unsigned shards;
        int rc;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, o, "options");
        rc = ct_cache_check_options_(o, o->shards ? o->shards : 1);
        if (rc)
                return rc;
        shards = shards_for(o);
        memset((void *)c, 0, sizeof *c);
        c->policy = o->policy;
        c->time = ct_cache_time_of_(o);
        rc = ct_cache_seed_(o, &c->seed);
        if (!rc)
                rc = begin_looks(c, o);
        if (rc)
                return rc;
        c->shard = aligned_alloc(_Alignof(struct SHARD_), shards * sizeof *c->shard);
        rc = c->shard ? 0 : -ENOMEM;
        while (!rc && c->shards < shards) {
                rc = begin_shard(c, o, shards);
                c->shards += !rc;
        }
        if (rc)
                SHARDS_(destroy)(c);
        return rc;
}

/* ---- looking ---- */

/* A get. `counted`: as a hit or a miss. */
static inline int look(struct CACHE_ *c, uint64_t hash, const void *key, size_t key_size,
                       void *value, size_t room, size_t *value_size, bool counted)
{
        struct SHARD_ *s = pick(c, hash);
        struct ct_cache_entry_ *e;
        int rc = -ENOENT;

        ct_store_prefetch_(&s->store, hash);
        look_lock(s);
        e = ct_store_look_(&s->store, &c->time, hash, key, key_size);
        if (e) {
                used(c, s, e);
                rc = ct_cache_give_(ct_entry_value_(e), e->value_size, value, room, value_size);
        }
        if (counted)
                count_look(c, s, e);
        else
                note_other(s);
        look_unlock(s);
        return rc;
}

int SHARDS_(get)(struct CACHE_ *c, const void *key, size_t key_size, void *value, size_t room,
                 size_t *value_size)
{
        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_room_(object, c, value, room, value_size);
        return look(c, ct_hash(key, key_size, c->seed), key, key_size, value, room, value_size,
                    true);
}

int SHARDS_(pin)(struct CACHE_ *c, const void *key, size_t key_size, struct ct_cache_pin *pin)
{
        struct ct_cache_entry_ *e;
        struct SHARD_ *s;
        uint64_t hash;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_(object, c, pin, "pin");
        hash = ct_hash(key, key_size, c->seed);
        s = pick(c, hash);
        ct_store_prefetch_(&s->store, hash);
        look_lock(s);
        e = ct_store_look_(&s->store, &c->time, hash, key, key_size);
        if (e) {
                used(c, s, e);
#ifndef CT_PLANT_cache_pin_not_held
                ct_entry_hold_(e);
#endif
        }
        count_look(c, s, e);
        look_unlock(s);
        if (!e)
                return -ENOENT;
        *pin = (struct ct_cache_pin){ct_entry_value_(e), e->value_size, e};
        return 0;
}

void SHARDS_(unpin)(struct CACHE_ *c, struct ct_cache_pin *pin)
{
        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, pin, "pin");
        ct_cache_need_(object, c, pin->entry, "entry of the pin (unpinned twice?)");
        ct_entry_let_go_(pin->entry);
        *pin = (struct ct_cache_pin){0};
}

/* ---- changing ---- */

static int put(struct CACHE_ *c, uint64_t hash, const void *key, size_t key_size, const void *value,
               size_t value_size, int64_t expires)
{
        struct SHARD_ *s = pick(c, hash);
        struct ct_cache_garbage_ garbage = {0};
        struct ct_cache_entry_ *e;
        bool done;
        int rc;

        if (ct_cache_too_big_(key_size, value_size))
                return -E2BIG;
        if (!ct_policy_admits_(&s->store.policy, ct_cache_charge_(key_size, value_size)))
                return -EFBIG;
        ct_store_prefetch_(&s->store, hash);
        change_lock(s);
        done = ct_store_overwrite_(&s->store, &c->time, hash, key, key_size, value, value_size,
                                   expires);
        change_unlock(s);
        if (done)
                return 0;
        e = ct_entry_new_(c->policy != CT_CACHE_KEEP, hash, key, key_size, value, value_size,
                          expires);
        if (!e)
                return -ENOMEM;
        change_lock(s);
        rc = ct_store_put_(&s->store, &c->time, hash, e, &garbage);
        change_unlock(s);
        ct_garbage_free_(&garbage);
        if (rc)
                ct_entry_let_go_(e);
        return rc;
}

int SHARDS_(set_for)(struct CACHE_ *c, const void *key, size_t key_size, const void *value,
                     size_t value_size, int64_t ttl_ns)
{
        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_value_(object, c, value, value_size);
        if (ct_cache_too_big_(key_size, value_size)) /* before anything is read */
                return -E2BIG;
        if (ttl_ns < 0)
                return -EINVAL;
        return put(c, ct_hash(key, key_size, c->seed), key, key_size, value, value_size,
                   ct_cache_expires_(&c->time, ttl_ns));
}

int SHARDS_(set)(struct CACHE_ *c, const void *key, size_t key_size, const void *value,
                 size_t value_size)
{
        ct_cache_need_(object, c, c, "cache");
        return SHARDS_(set_for)(c, key, key_size, value, value_size, c->time.ttl_ns);
}

bool SHARDS_(delete)(struct CACHE_ *c, const void *key, size_t key_size)
{
        struct ct_cache_garbage_ garbage = {0};
        struct SHARD_ *s;
        uint64_t hash;
        bool was;

        ct_cache_need_key_(object, c, key, key_size);
        hash = ct_hash(key, key_size, c->seed);
        s = pick(c, hash);
        ct_store_prefetch_(&s->store, hash);
        change_lock(s);
        was = ct_store_delete_(&s->store, &c->time, hash, key, key_size, &garbage);
        change_unlock(s);
        ct_garbage_free_(&garbage);
        return was;
}

/* ---- loading ---- */

static int look_again(const struct ct_flight_call_ *f)
{
#ifdef CT_PLANT_cache_second_look_counts
        return look(f->cache, f->hash, f->key, f->key_size, f->value, f->room, f->value_size, true);
#endif
        return look(f->cache, f->hash, f->key, f->key_size, f->value, f->room, f->value_size,
                    false);
}

static int put_loaded(const struct ct_flight_call_ *f, const void *value, size_t size,
                      int64_t ttl_ns)
{
        struct CACHE_ *c = f->cache;

        return put(c, f->hash, f->key, f->key_size, value, size,
                   ct_cache_expires_(&c->time, ttl_ns));
}

int SHARDS_(get_or_load)(struct CACHE_ *c, const void *key, size_t key_size,
                         const struct ct_cache_loader *loader, int64_t deadline_ns, void *value,
                         size_t room, size_t *value_size)
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

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_room_(object, c, value, room, value_size);
        ct_cache_need_loader_(object, c, loader);
        if (ct_cache_too_big_(key_size, 0))
                return -E2BIG;
        f.hash = ct_hash(key, key_size, c->seed);
        f.ttl_ns = c->time.ttl_ns;
        rc = look(c, f.hash, key, key_size, value, room, value_size, true);
        return rc == -ENOENT ? ct_flight_load_(&c->flights, &f) : rc;
}

/* ---- all shards ---- */

int SHARDS_(snapshot)(struct CACHE_ *c, struct ct_snapshot *out)
{
        int rc = 0;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "snapshot");
        *out = (struct ct_snapshot){0};
        for (unsigned i = 0; !rc && i < c->shards; i++) {
                look_lock(&c->shard[i]);
                rc = ct_store_append_(&c->shard[i].store, &c->time, out);
                note_other(&c->shard[i]);
                look_unlock(&c->shard[i]);
        }
        if (rc)
                ct_snapshot_free(out);
        return rc;
}

void SHARDS_(clear)(struct CACHE_ *c)
{
        ct_cache_need_(object, c, c, "cache");
        for (unsigned i = 0; i < c->shards; i++) {
                struct ct_cache_garbage_ garbage = {0};

                change_lock(&c->shard[i]);
                ct_store_clear_(&c->shard[i].store, &garbage);
                change_unlock(&c->shard[i]);
                ct_garbage_free_(&garbage);
        }
}

size_t SHARDS_(expire)(struct CACHE_ *c)
{
        size_t n = 0;

        ct_cache_need_(object, c, c, "cache");
        for (unsigned i = 0; i < c->shards; i++) {
                struct ct_cache_garbage_ garbage = {0};

                change_lock(&c->shard[i]);
                n += ct_store_expire_(&c->shard[i].store, &c->time, &garbage);
                change_unlock(&c->shard[i]);
                ct_garbage_free_(&garbage);
        }
        return n;
}

void SHARDS_(stats)(struct CACHE_ *c, struct ct_cache_stats *out)
{
        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "stats");
        *out = (struct ct_cache_stats){.loads = ct_flight_loads_(&c->flights)};
        for (unsigned i = 0; i < c->shards; i++) {
                look_lock(&c->shard[i]);
                ct_store_add_stats_(&c->shard[i].store, out);
                stats_of_shard(&c->shard[i], out);
                note_other(&c->shard[i]);
                look_unlock(&c->shard[i]);
        }
        stats_of_looks(c, out);
}
