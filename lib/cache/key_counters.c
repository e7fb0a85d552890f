/*
 * Per-key counters over ct_map.
 *
 * Source: own code.
 *
 * The map's words are addresses of counts. A count's word is 2 x count, plus 1 once it is closed.
 * Adds are plain atomic adds, also to what turns out to be closed: who does that has added to
 * nothing and starts the key anew. Delete closes, and the word from before is the final count.
 *
 * Invariants:
 *      a closed count stays closed, so the word that delete saw when it closed it is the last that
 *      means anything;
 *      a closed count is no key: get, snapshot and another delete pass over it. A key is created
 *      only where the map has none, so between the close and the removal from the map there is
 *      none;
 *      whoever meets a closed count removes it, so nobody waits for a deleter that has stopped
 *      half way; whose removal it was retires it;
 *      a count that a read section found in the map stays until the section ends.
 *
 * The tempting wrong version removes the key from the map and then reads its count: an add that had
 * found the count before, and comes to it after that, is in no count at all.
 */
#include "cache/key_counters.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/reclaim.h"

enum { CLOSED = 1, ONE = 2 };

struct count {
        struct ct_retired retired; /* first */
        ct_atomic_u64 word;
};

static struct count *count_of(uint64_t word)
{
        return (struct count *)(uintptr_t)word;
}

static struct count *count_new(uint64_t n)
{
        struct count *count = malloc(sizeof *count);

        if (count)
                ct_store_u64_relaxed(&count->word, n * ONE); /* the map publishes it */
        return count;
}

static void count_free(struct ct_retired *r)
{
        free(r);
}

/* ---- life ---- */

int ct_key_counters_init(struct ct_key_counters *c, uint64_t seed)
{
        return ct_map_init(&c->map, CT_MAP_BYTES, seed);
}

static bool free_one(void *context, const void *key, size_t key_size, uint64_t word)
{
        (void)context, (void)key, (void)key_size;
        free(count_of(word));
        return true;
}

void ct_key_counters_destroy(struct ct_key_counters *c)
{
        ct_map_range(&c->map, free_one, NULL);
        ct_map_fini(&c->map);
}

/* ---- one key ---- */

/* The key's count, closed or not; inside a read section. */
static struct count *find(const struct ct_key_counters *c, const void *key, size_t key_size)
{
        uint64_t word;

        return ct_map_load_bytes(&c->map, key, key_size, &word) ? count_of(word) : NULL;
}

/* Removes a closed count that was found in the section, and ends that. Its address means no other
   count: as long as the section lasts it is not freed, and so not used again. */
static void remove_and_end(struct ct_key_counters *c, const void *key, size_t key_size,
                           struct count *count, struct ct_reading r)
{
        bool mine = ct_map_compare_and_delete_bytes(&c->map, key, key_size, (uintptr_t)count);

#ifdef CT_PLANT_key_counters_frees_at_once
        if (mine)
                count_free(&count->retired);
        mine = false;
#endif
        ct_read_end(r); /* before retire, which outside of a section keeps its bound */
        if (mine)
                ct_retire(&count->retired, count_free);
}

static bool add_to_existing(struct ct_key_counters *c, const void *key, size_t key_size, uint64_t n)
{
        struct ct_reading r = ct_read_begin();
        struct count *count = find(c, key, key_size);

        /* relaxed: all changes of one word have one order, and counts order nothing else */
        if (count && ct_add_u64_relaxed(&count->word, n * ONE) & CLOSED) {
                remove_and_end(c, key, key_size, count, r);
                return false;
        }
        ct_read_end(r);
        return count;
}

/* 0: the count is the key's; 1: the key has another, which may be gone by now. */
static int create(struct ct_key_counters *c, const void *key, size_t key_size, struct count *fresh)
{
        uint64_t there;

#ifdef CT_PLANT_key_counters_create_replaces
        int rc = ct_map_store_bytes(&c->map, key, key_size, (uintptr_t)fresh, &there);

        if (rc == 1)
                ct_retire(&count_of(there)->retired, count_free);
        return rc < 0 ? rc : 0;
#else
        return ct_map_load_or_store_bytes(&c->map, key, key_size, (uintptr_t)fresh, &there);
#endif
}

/* Outside of a read section it creates, so that the map may grow. */
int ct_key_counters_add(struct ct_key_counters *c, const void *key, size_t key_size, uint64_t n)
{
        struct count *fresh = NULL;
        int rc;

        if (__builtin_expect(key_size > UINT32_MAX, 0))
                return -E2BIG;
        while (!add_to_existing(c, key, key_size, n)) {
                if (!fresh)
                        fresh = count_new(n);
                if (!fresh)
                        return -ENOMEM;
                rc = create(c, key, key_size, fresh);
                if (!rc)
                        return 0;
                if (rc < 0) {
                        free(fresh);
                        return rc;
                }
        }
        free(fresh);
        return 0;
}

uint64_t ct_key_counters_get(struct ct_key_counters *c, const void *key, size_t key_size)
{
        struct ct_reading r = ct_read_begin();
        struct count *count = find(c, key, key_size);
        uint64_t word = count ? ct_load_u64_relaxed(&count->word) : 0;

        ct_read_end(r);
        return word & CLOSED ? 0 : word / ONE;
}

bool ct_key_counters_delete(struct ct_key_counters *c, const void *key, size_t key_size,
                            uint64_t *last)
{
        struct ct_reading r = ct_read_begin();
        struct count *count = find(c, key, key_size);
        uint64_t word;

        if (!count) {
                ct_read_end(r);
                return false;
        }
#ifdef CT_PLANT_key_counters_delete_leaves_open
        word = ct_load_u64_relaxed(&count->word);
#else
        word = ct_or_u64_relaxed(&count->word, CLOSED); /* the one order of the word's changes */
#endif
        remove_and_end(c, key, key_size, count, r);
        if (word & CLOSED)
                return false;
        if (last)
                *last = word / ONE;
        return true;
}

/* ---- all keys ---- */

size_t ct_key_counters_keys(struct ct_key_counters *c)
{
        return ct_map_len(&c->map);
}

struct copying {
        struct ct_snapshot *out;
        int rc;
};

static bool copy_one(void *context, const void *key, size_t key_size, uint64_t at)
{
        struct copying *x = context;
        uint64_t word = ct_load_u64_relaxed(&count_of(at)->word), n = word / ONE;

        if (word & CLOSED)
                return true;
        x->rc = ct_snapshot_room_(x->out, 1, key_size + sizeof n);
        if (!x->rc)
                ct_snapshot_add_(x->out, key, key_size, &n, sizeof n);
        return !x->rc;
}

int ct_key_counters_snapshot(struct ct_key_counters *c, struct ct_snapshot *out)
{
        struct copying x = {.out = out};

        *out = (struct ct_snapshot){0};
        ct_map_range(&c->map, copy_one, &x);
        if (x.rc)
                ct_snapshot_free(out);
        return x.rc;
}
