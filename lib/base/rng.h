/*
 * A small seeded generator: splitmix64 to seed, xoshiro256** to draw.
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2021).
 * Not thread-safe: one per thread. Same seed, same draws, on every machine.
 */
#ifndef CT_BASE_RNG_H
#define CT_BASE_RNG_H

#include <stdint.h>

struct ct_rng {
        uint64_t s[4];
};

static inline uint64_t ct_splitmix64(uint64_t *state)
{
        uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

static inline void ct_rng_seed(struct ct_rng *r, uint64_t seed)
{
        for (int i = 0; i < 4; i++)
                r->s[i] = ct_splitmix64(&seed);
}

static inline uint64_t ct_rng_next(struct ct_rng *r)
{
        uint64_t *s = r->s, x = s[1] * 5, out = ((x << 7) | (x >> 57)) * 9, t = s[1] << 17;

        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = (s[3] << 45) | (s[3] >> 19);
        return out;
}

/* Uniform in [0, n), n > 0, without modulo bias (Lemire 2019). */
static inline uint64_t ct_rng_below(struct ct_rng *r, uint64_t n)
{
        __extension__ typedef unsigned __int128 u128;
        u128 m = (u128)ct_rng_next(r) * n;

        if ((uint64_t)m < n) {
                uint64_t floor = (0 - n) % n;

                while ((uint64_t)m < floor)
                        m = (u128)ct_rng_next(r) * n;
        }
        return (uint64_t)(m >> 64);
}

/* Uniform in [0, 1). */
static inline double ct_rng_unit(struct ct_rng *r)
{
        return (double)(ct_rng_next(r) >> 11) * 0x1.0p-53;
}

#endif
