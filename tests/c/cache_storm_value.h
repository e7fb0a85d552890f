/*
 * Keys and values for storms over caches: each value says which key it belongs to, who wrote it and
 * when, and every byte of it follows from these. So whoever gets one can tell a value of another
 * key, a torn one, and one that nobody ever wrote.
 */
#ifndef CT_TESTS_CACHE_STORM_VALUE_H
#define CT_TESTS_CACHE_STORM_VALUE_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { STORM_VALUE = 2048, STORM_KEY = 24, STORM_WRITERS = 16 };

/* Key number, writer and the writer's sequence number in one word: a value's first. */
static inline uint64_t storm_word(uint64_t key, unsigned writer, uint64_t sequence)
{
        return sequence << 24 | (uint64_t)writer << 20 | key;
}

static inline uint64_t storm_word_key(uint64_t word)
{
        return word & 0xfffff;
}

static inline unsigned storm_word_writer(uint64_t word)
{
        return word >> 20 & 0xf;
}

static inline uint64_t storm_word_sequence(uint64_t word)
{
        return word >> 24;
}

/* One word, which is overwritten in place; up to 64 bytes; around 64; anything. */
static inline size_t storm_size(uint64_t word)
{
        uint64_t h = ct_hash_u64(word, 1);

        switch (storm_word_key(word) % 4) {
        case 0:
                return 8;
        case 1:
                return 8 + h % 57;
        case 2:
                return h % 8 ? 60 + h / 8 % 8 : 8 + h / 8 % 400;
        default:
                return h % 8 ? 8 + h / 8 % 120 : 8 + h / 8 % 1993;
        }
}

static inline size_t storm_value(uint64_t *v, uint64_t word)
{
        size_t size = storm_size(word);

        for (size_t i = 0; i * 8 < size; i++)
                v[i] = word * (2 * i + 1);
        return size;
}

/* The value's first word; 0 if it is none. */
static inline uint64_t storm_read(const void *value, size_t size, uint64_t key)
{
        uint64_t right[STORM_VALUE / 8], word = 0;

        if (size < 8)
                return 0;
        memcpy(&word, value, 8);
        if (storm_word_key(word) != key || storm_size(word) != size)
                return 0;
        storm_value(right, word);
        return memcmp(right, value, size) ? 0 : word;
}

static inline size_t storm_key(char bytes[STORM_KEY], uint64_t key)
{
        memset(bytes, 'k', STORM_KEY);
        memcpy(bytes, &key, sizeof key);
        return 8 + key % 17;
}

#endif
