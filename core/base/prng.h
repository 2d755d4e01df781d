/*
 * prng.h: the core's only source of chance: SplitMix64 on a seed the lesson gives.
 *
 * Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
 */
#ifndef LA_BASE_PRNG_H
#define LA_BASE_PRNG_H

#include <stdint.h>

struct la_prng {
    uint64_t state;
};

/** The next 64 random bits. */
static inline uint64_t la_prng_next(struct la_prng *prng)
{
    uint64_t z = prng->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/** A number in 0..@n-1; @n must not be 0.  The bias of n/2^64 does not matter here. */
static inline uint32_t la_prng_below(struct la_prng *prng, uint32_t n)
{
    return (uint32_t)(la_prng_next(prng) % n);
}

#endif
