/*
 * What a key is mapped to, and how a value is known to be right.
 *
 * Its first word is the key's number, a stamp that is another one in every value set at about the
 * same time, and a check over both; word i of a longer one is the first plus i. So a value of
 * another key is seen, and one that is put together from two: in a value of one word by the check
 * (one mixture in 65,536 has it right by accident), in a longer one since no two words of different
 * values fit together. All of a value is looked at; for 1024 bytes that is 128 additions.
 *
 * C and C++.
 */
#ifndef CT_BENCH_CACHE_VALUE_H
#define CT_BENCH_CACHE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        VALUE_KEY_BITS = 22,
        VALUE_STAMP_BITS = 26,
        VALUE_CHECK_AT = VALUE_KEY_BITS + VALUE_STAMP_BITS,
        MAX_VALUE_BYTES = 1024
};

/* The top bits of a product depend on all bits of what is multiplied. */
static inline uint64_t cache_value_check(uint64_t low)
{
        return low * UINT64_C(0x9e3779b97f4a7c15) >> VALUE_CHECK_AT;
}

static inline uint64_t cache_value_word(uint32_t key, uint64_t stamp)
{
        uint64_t low = key | (stamp << VALUE_KEY_BITS & ((UINT64_C(1) << VALUE_CHECK_AT) - 1));

        return low | cache_value_check(low) << VALUE_CHECK_AT;
}

static inline uint64_t cache_value_stamp(uint64_t word)
{
        return word >> VALUE_KEY_BITS & ((UINT64_C(1) << VALUE_STAMP_BITS) - 1);
}

/* `bytes` is a multiple of 8, and a constant where it is to be cheap. */
static inline void cache_value_fill(uint64_t *value, size_t bytes, uint32_t key, uint64_t stamp)
{
        uint64_t word = cache_value_word(key, stamp);

        for (size_t i = 0; i < bytes / 8; i++)
                value[i] = word + i;
}

static inline bool cache_value_right(const uint64_t *value, size_t bytes, uint32_t key)
{
        uint64_t word = value[0], low = word & ((UINT64_C(1) << VALUE_CHECK_AT) - 1);
        uint64_t wrong = (low & ((UINT64_C(1) << VALUE_KEY_BITS) - 1)) ^ key;

#ifdef CT_PLANT_cache_value_any_key
        wrong = 0;
#endif
#ifdef CT_PLANT_cache_value_first_word
        bytes = 8;
#endif
#ifndef CT_PLANT_cache_value_unchecked
        wrong |= cache_value_check(low) ^ word >> VALUE_CHECK_AT;
#endif
        for (size_t i = 1; i < bytes / 8; i++)
                wrong |= value[i] ^ (word + i);
        return !wrong;
}

#endif
