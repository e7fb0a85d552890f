/* Inside of ct_concurrent_cache: entries. Not for users; concurrent.c explains. */
#ifndef CT_CACHE_CONCURRENT_ENTRY_H
#define CT_CACHE_CONCURRENT_ENTRY_H

#include "base/hash.h"
#include "cache/concurrent.h"
#include "cache/policy.h"
#include "sync/reclaim.h"

/*
 * An entry, in one of three forms.
 *
 *   word    a value of up to 8 bytes without a time. `word` is the value. 32 bytes with a key
 * of 16. rooms   up to CT_CONCURRENT_IN_PLACE bytes. `word` is the control; after the key come the
 * count of references and two rooms, each with the time at which the value expires, if the entry is
 * TIMED, and the value, all filled up to 8 bytes. whole   larger ones: likewise, with one room,
 * which never changes.
 */
struct ct_cc_entry_ {
        uint32_t key_size;
        uint32_t small; /* the value's size in form word, else CT_CC_LARGE_ */
        ct_atomic_u64 word;
        unsigned char key[];
};

#define CT_CC_LARGE_ UINT32_MAX

/* With a policy this stands before the entry, in the same cell. */
struct ct_cc_before_ {
        struct ct_cache_node_ node;
        bool linked; /* in the table; under the segment's lock */
};

/*
 * The control word. With two rooms bit 0 of the version says that a set is writing; the rest of it,
 * how many have: its bit 0 is the current room. All else never changes.
 */
enum {
        CT_CC_ROOMS_ = 1,
        CT_CC_TIMED_ = 2,
        CT_CC_SIZE_ = 8,     /* of the value. Form rooms: 8 bits from here; whole: all */
        CT_CC_VERSION_ = 16, /* form rooms */
        CT_CC_WRITING_ = 1 << CT_CC_VERSION_,
};

static inline size_t ct_cc_filled_(size_t size)
{
        return (size + 7) & ~(size_t)7;
}

static inline bool ct_cc_is_word_(const struct ct_cc_entry_ *e)
{
        return e->small != CT_CC_LARGE_;
}

static inline size_t ct_cc_size_(uint64_t control)
{
        return control & CT_CC_ROOMS_ ? (uint8_t)(control >> CT_CC_SIZE_) : control >> CT_CC_SIZE_;
}

static inline uint64_t ct_cc_version_(uint64_t control)
{
        return control >> CT_CC_VERSION_;
}

/* Of all forms but word. */
static inline ct_atomic_u64 *ct_cc_refs_(const struct ct_cc_entry_ *e)
{
        return (ct_atomic_u64 *)(uintptr_t)(e->key + ct_cc_filled_(e->key_size));
}

/* The current room; `other` 1 for the other. */
static inline ct_atomic_u64 *ct_cc_room_(const struct ct_cc_entry_ *e, uint64_t control,
                                         unsigned other)
{
        size_t words = 0;

        if (control & CT_CC_ROOMS_ && ((ct_cc_version_(control) >> 1 ^ other) & 1))
                words = (ct_cc_size_(control) + 7) / 8 + (control & CT_CC_TIMED_ ? 1 : 0);
        return ct_cc_refs_(e) + 1 + words;
}

static inline int64_t ct_cc_expires_(const ct_atomic_u64 *room, uint64_t control)
{
        return control & CT_CC_TIMED_ ? (int64_t)ct_load_u64_acquire(room) : CT_CACHE_NEVER_;
}

static inline size_t ct_cc_value_size_(const struct ct_cc_entry_ *e)
{
        return ct_cc_is_word_(e) ? e->small : ct_cc_size_(ct_load_u64_relaxed(&e->word));
}

static inline bool ct_cc_is_timed_(const struct ct_cc_entry_ *e)
{
        return !ct_cc_is_word_(e) && ct_load_u64_relaxed(&e->word) & CT_CC_TIMED_;
}

/* Of 8 to 16 bytes: two words, which overlap. */
static inline __attribute__((always_inline)) bool ct_cc_middle_key_is_(const struct ct_cc_entry_ *e,
                                                                       const void *key, size_t size)
{
        uint64_t mine[2], theirs[2];

        memcpy(&mine[0], e->key, 8);
        memcpy(&mine[1], e->key + size - 8, 8);
        memcpy(&theirs[0], key, 8);
        memcpy(&theirs[1], (const char *)key + size - 8, 8);
        return !((mine[0] ^ theirs[0]) | (mine[1] ^ theirs[1]));
}

static inline __attribute__((always_inline)) bool ct_cc_key_is_(const struct ct_cc_entry_ *e,
                                                                const void *key, size_t size)
{
        if (e->key_size != size)
                return false;
        if (size < 8)
                return ct_hash_few_bytes_(e->key, size) == ct_hash_few_bytes_(key, size);
        return size <= 16 ? ct_cc_middle_key_is_(e, key, size) : !memcmp(e->key, key, size);
}

static inline void ct_cc_bytes_out_(uint64_t word, void *to, size_t size)
{
        const unsigned char *from = (const unsigned char *)&word;

        if (size == 8) {
                memcpy(to, &word, 8);
                return;
        }
        for (unsigned char *out = to; size; size--)
                *out++ = *from++;
}

static inline uint64_t ct_cc_bytes_in_(const void *from, size_t size)
{
        uint64_t word = 0;
        unsigned char *to = (unsigned char *)&word;

        if (size == 8) {
                memcpy(&word, from, 8);
                return word;
        }
        for (const unsigned char *in = from; size; size--)
                *to++ = *in++;
        return word;
}

/* Words of a room that a set may be writing again: the caller looks at the control afterwards. */
static inline void ct_cc_copy_out_(const ct_atomic_u64 *from, void *to, size_t size)
{
        unsigned char *out = to;
        uint64_t word;

        /* acquire: pairs with ct_cc_copy_in_: who has read a word of a later set sees, when it
           looks at the control again, that this set was under way */
        for (; size >= 8; size -= 8, out += 8) {
                word = ct_load_u64_acquire(from++);
                memcpy(out, &word, 8);
        }
        if (size)
                ct_cc_bytes_out_(ct_load_u64_acquire(from), out, size);
}

static inline void ct_cc_copy_in_(ct_atomic_u64 *to, const void *from, size_t size)
{
        const unsigned char *in = from;
        uint64_t word;

        for (; size >= 8; size -= 8, in += 8) {
                memcpy(&word, in, 8);
                ct_store_u64_release(to++, word); /* pairs with copy_out_ */
        }
        if (size)
                ct_store_u64_release(to, ct_cc_bytes_in_(in, size));
}

/* The value of any entry, or -ENOENT if it has expired. In a read section, or under the lock. */
int ct_cc_read_(const struct ct_cc_entry_ *e, const struct ct_cache_time_ *time, void *value,
                size_t room, size_t *value_size);

#endif
