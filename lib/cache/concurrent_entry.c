/* Entries of ct_concurrent_cache: made, read, set in place, dropped. concurrent.c explains. */
#include <stdlib.h>

#include "base/pause.h"
#include "cache/concurrent_private.h"

#ifdef CT_SIM
enum { SET_TRIES = 1 };
#else
enum { SET_TRIES = 64 }; /* pauses: a set in place takes 10 ns once its line is there */
#endif

static bool is_timed(const struct ct_concurrent_cache *c, const struct ct_cc_value_ *v)
{
        return c->time.ttl_ns || v->expires != CT_CACHE_NEVER_;
}

static bool is_word(size_t size, bool timed)
{
        return size <= 8 && !timed;
}

static size_t entry_bytes(size_t key_size, size_t size, bool timed)
{
        size_t room = ct_cc_filled_(size) + (timed ? 8 : 0);

        if (is_word(size, timed))
                return sizeof(struct ct_cc_entry_) + key_size;
        return sizeof(struct ct_cc_entry_) + ct_cc_filled_(key_size) + sizeof(ct_atomic_u64) +
               (size <= CT_CONCURRENT_IN_PLACE ? 2 * room : room);
}

size_t ct_cc_entry_cell_(const struct ct_concurrent_cache *c, size_t key_size,
                         const struct ct_cc_value_ *v)
{
        return (ct_cc_bounded_(c) ? sizeof(struct ct_cc_before_) : 0) +
               entry_bytes(key_size, v->size, is_timed(c, v));
}

static void make_large(struct ct_cc_entry_ *e, const struct ct_cc_value_ *v, bool timed)
{
        bool rooms = v->size <= CT_CONCURRENT_IN_PLACE;
        uint64_t control = (timed ? CT_CC_TIMED_ : 0) | (rooms ? CT_CC_ROOMS_ : 0) |
                           (uint64_t)v->size << CT_CC_SIZE_;
        ct_atomic_u64 *room;

        e->small = CT_CC_LARGE_;
        ct_store_u64_relaxed(&e->word, control);
        ct_store_u64_relaxed(ct_cc_refs_(e), 1);
        room = ct_cc_room_(e, control, 0);
        if (timed)
                ct_store_u64_relaxed(room++, (uint64_t)v->expires);
        if (rooms)
                ct_cc_copy_in_(room, v->bytes, v->size);
        else
                memcpy(room, v->bytes, v->size);
}

struct ct_cc_entry_ *ct_cc_entry_make_(const struct ct_concurrent_cache *c, void *cell,
                                       const struct ct_cc_key_ *k, const struct ct_cc_value_ *v)
{
        struct ct_cc_entry_ *e = cell;
        struct ct_cc_before_ *before = cell;

        if (ct_cc_bounded_(c)) {
                before->node.hash = k->hash;
                before->node.bytes = ct_cache_charge_(k->size, v->size);
                ct_store_u32_relaxed(&before->node.mark, 0);
                before->linked = false;
                e = ct_cc_entry_of_(&before->node);
        }
        e->key_size = (uint32_t)k->size;
        if (k->size)
                memcpy(e->key, k->bytes, k->size);
        if (is_word(v->size, is_timed(c, v))) {
                e->small = (uint32_t)v->size;
                ct_store_u64_relaxed(&e->word, ct_cc_bytes_in_(v->bytes, v->size));
        } else {
                make_large(e, v, is_timed(c, v));
        }
        return e;
}

void ct_cc_entry_drop_(struct ct_cc_cells_ *cells, struct ct_cc_entry_ *e)
{
        size_t bytes =
                cells->before + entry_bytes(e->key_size, ct_cc_value_size_(e), ct_cc_is_timed_(e));

        /* acq_rel: all use of the entry before the free */
        if (ct_cc_is_word_(e) || ct_sub_u64_acq_rel(ct_cc_refs_(e), 1) == 1)
                ct_cc_cell_free_(cells, (char *)e - cells->before, bytes);
}

static int read_word(const struct ct_cc_entry_ *e, void *value, size_t room, size_t *value_size)
{
        *value_size = e->small;
        if (e->small > room)
                return -ENOBUFS;
        ct_cc_bytes_out_(ct_load_u64_seq(&e->word), value, e->small); /* pairs with set, put */
        return 0;
}

int ct_cc_read_(const struct ct_cc_entry_ *e, const struct ct_cache_time_ *time, void *value,
                size_t room, size_t *value_size)
{
        uint64_t control, now;

        if (ct_cc_is_word_(e))
                return read_word(e, value, room, value_size);
        control = ct_load_u64_seq(&e->word); /* pairs with the end of a set */
        for (;; control = now) {
                const ct_atomic_u64 *from = ct_cc_room_(e, control, 0);
                int64_t expires = CT_CACHE_NEVER_;
                int rc = 0;

                *value_size = ct_cc_size_(control);
                if (control & CT_CC_TIMED_)
                        expires = (int64_t)ct_load_u64_acquire(from++); /* as the value */
                if (__builtin_expect(*value_size > room, 0))
                        rc = -ENOBUFS;
                else if (control & CT_CC_ROOMS_)
                        ct_cc_copy_out_(from, value, *value_size);
                else
                        memcpy(value, from, *value_size);
                /* Ordered by the acquires of what was read. The second set after the one that
                   filled the room writes to it again. */
                now = ct_load_u64_acquire(&e->word);
#ifdef CT_PLANT_concurrent_no_second_look
                now = control;
#endif
                if (__builtin_expect(now == control, 1) ||
                    ct_cc_version_(now) - (ct_cc_version_(control) & ~UINT64_C(1)) <= 2)
                        return ct_cache_expired_(time, expires) ? -ENOENT : rc;
        }
}

/* ---- set in place ---- */

/* Becomes the one who may write: true and *control, the word from before; false if the entry cannot
   take this value in place. */
static bool begin_to_write(const struct ct_concurrent_cache *c, struct ct_cc_entry_ *e,
                           const struct ct_cc_value_ *v, uint64_t *control)
{
        uint64_t now = ct_load_u64_acquire(&e->word); /* pairs with the end of a set */
        unsigned tries = 0;

        if (!(now & CT_CC_ROOMS_) || ct_cc_size_(now) != v->size ||
            (v->expires != CT_CACHE_NEVER_ && !(now & CT_CC_TIMED_)))
                return false;
        for (;;) {
                if (now & CT_CC_WRITING_) {
                        if (++tries >= SET_TRIES)
                                return false;
                        ct_pause();
                        now = ct_load_u64_acquire(&e->word); /* as above */
                        continue;
                }
                if (ct_cache_expired_(&c->time, ct_cc_expires_(ct_cc_room_(e, now, 0), now)))
                        return false;
                *control = now;
                /* seq: pairs with pin: it sees this, or we see its reference */
                if (ct_cas_u64_seq(&e->word, &now, now + CT_CC_WRITING_))
                        return true;
        }
}

bool ct_cc_set_room_(const struct ct_concurrent_cache *c, struct ct_cc_entry_ *e,
                     const struct ct_cc_value_ *v)
{
        uint64_t control;
        ct_atomic_u64 *room;

        if (!begin_to_write(c, e, v, &control))
                return false;
#ifndef CT_PLANT_concurrent_pinned_room_written
        /* seq: as above, and pairs with unpin: what was read from this room was read before */
        if (ct_load_u64_seq(ct_cc_refs_(e)) != 1) {
                ct_store_u64_release(&e->word, control);
                return false;
        }
#endif
#ifdef CT_PLANT_concurrent_writes_current_room
        room = ct_cc_room_(e, control, 0);
#else
        room = ct_cc_room_(e, control, 1);
#endif
#ifdef CT_PLANT_concurrent_publishes_before_copy
        ct_store_u64_release(&e->word, control + 2 * CT_CC_WRITING_);
#endif
        if (control & CT_CC_TIMED_)
                ct_store_u64_release(room++, (uint64_t)v->expires); /* pairs with read */
        ct_cc_copy_in_(room, v->bytes, v->size);
        /* seq: pairs with read; as in ct_cc_set_in_place_ */
        ct_store_u64_seq(&e->word, control + 2 * CT_CC_WRITING_);
        return true;
}

bool ct_cc_seize_expired_(const struct ct_cache_time_ *time, struct ct_cc_entry_ *e)
{
        uint64_t control;

        if (ct_cc_is_word_(e))
                return false;
        control = ct_load_u64_acquire(&e->word); /* pairs with the end of a set */
        do {
                if (!ct_cache_expired_(time, ct_cc_expires_(ct_cc_room_(e, control, 0), control)))
                        return false;
                if (!(control & CT_CC_ROOMS_))
                        return true;
                if (control & CT_CC_WRITING_)
                        return false; /* a set is about to revive it */
#ifdef CT_PLANT_concurrent_expired_not_seized
                return true;
#endif
        } while (!ct_cas_u64_acquire(&e->word, &control, control + CT_CC_WRITING_));
        return true;
}

/* ---- pins ---- */

/* A word is pinned as a copy, whose address is marked. */
static int pin_word(const struct ct_cc_entry_ *e, struct ct_cache_pin *pin)
{
        uint64_t *copy = malloc(sizeof *copy);

        if (!copy)
                return -ENOMEM;
        *copy = ct_load_u64_acquire(&e->word); /* pairs with set and put */
        *pin = (struct ct_cache_pin){copy, e->small, (char *)copy + 1};
        return 0;
}

/* 0, -ENOENT if it has expired, -ENOMEM. In a read section. */
static int pin_entry(const struct ct_concurrent_cache *c, struct ct_cc_entry_ *e,
                     struct ct_cache_pin *pin)
{
        ct_atomic_u64 *room;
        uint64_t control;

        if (ct_cc_is_word_(e))
                return pin_word(e, pin);
        /* seq, both: a set that begins to write from now on sees the reference and leaves the room
           alone; one that began before shows in the control */
        ct_add_u64_seq(ct_cc_refs_(e), 1);
        control = ct_load_u64_seq(&e->word);
        room = ct_cc_room_(e, control, 0);
        if (ct_cache_expired_(&c->time, ct_cc_expires_(room, control))) {
                (void)ct_sub_u64_acq_rel(ct_cc_refs_(e), 1); /* not the last: the table's */
                return -ENOENT;
        }
        *pin = (struct ct_cache_pin){room + !!(control & CT_CC_TIMED_), ct_cc_size_(control), e};
        return 0;
}

int ct_cc_pin_(struct ct_concurrent_cache *c, const struct ct_cc_key_ *k, struct ct_cache_pin *pin)
{
        struct ct_reading r = ct_read_begin();
        struct ct_cc_entry_ *e;
        uint64_t word;
        int rc = -ENOENT;

        do {
                e = ct_cc_lookup_(c, k->hash, k->bytes, k->size);
                if (!e)
                        break;
                word = ct_load_u64_acquire(&e->word); /* pairs with the end of a set */
                rc = pin_entry(c, e, pin);
        } while (rc == -ENOENT && !ct_cc_unchanged_(c, k, e, word));
        if (!rc)
                ct_cc_hit_(c, k->hash, e);
        ct_read_end(r);
        if (e && rc == -ENOENT)
                ct_cc_expel_(c, k);
        return rc;
}

void ct_concurrent_cache_unpin(struct ct_concurrent_cache *c, struct ct_cache_pin *pin)
{
        uintptr_t at;

        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        ct_cache_need_(CT_CC_NAME_, c, pin, "pin");
        ct_cache_need_(CT_CC_NAME_, c, pin->entry, "entry of the pin (unpinned twice?)");
        at = (uintptr_t)pin->entry;
        if (at & 1)
                free((void *)(at - 1));
        else
                ct_cc_unpin_(c, pin->entry);
        *pin = (struct ct_cache_pin){0};
}
