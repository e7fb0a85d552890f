/*
 * ct_hash(): 64-bit seeded hash of bytes, for tables and file checks inside this library. Not
 * cryptographic; the seed makes chosen collisions impractical only while it is secret.
 * Source: the multiply-fold step of wyhash (Wang Yi, public domain algorithm), own code.
 */
#ifndef CT_BASE_HASH_H
#define CT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t ct_hash_mix(uint64_t a, uint64_t b)
{
        __extension__ typedef unsigned __int128 u128;
        u128 m = (u128)a * b;

        return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Twice, the seed in both: after one multiplication keys that collide under one seed still tend to
   collide under others (of 200 such keys 10 or more met in one chain under 26 of 20,000 seeds). */
static inline uint64_t ct_hash_u64(uint64_t x, uint64_t seed)
{
        uint64_t h =
                ct_hash_mix(x ^ seed ^ UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db));

        return ct_hash_mix(h ^ UINT64_C(0x8ebc6af09c88c6e3), seed ^ UINT64_C(0x589965cc75374cc3));
}

static inline uint64_t ct_hash(const void *data, size_t len, uint64_t seed)
{
        const unsigned char *p = data;
        uint64_t h = seed ^ UINT64_C(0xa0761d6478bd642f), word;
        size_t left = len;

        for (; left >= 8; left -= 8, p += 8) {
                memcpy(&word, p, 8);
                h = ct_hash_mix(h ^ word, UINT64_C(0xe7037ed1a0b428db));
        }
        word = 0;
        if (left)
                memcpy(&word, p, left);
        h = ct_hash_mix(h ^ word, UINT64_C(0x8ebc6af09c88c6e3));
        return ct_hash_mix(h ^ len, UINT64_C(0x589965cc75374cc3));
}

#endif
