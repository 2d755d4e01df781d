/*
 * hash.h: the rolling hash of a timeline: 64 bits that depend on every value fed, in order.
 *
 * Not cryptographic.  One multiply and one shift-xor a word, so that a step costs next to
 * nothing; equal on every build because it sees values, never memory.
 */
#ifndef LA_BASE_HASH_H
#define LA_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define LA_HASH_START UINT64_C(0xCBF29CE484222325)

/** Feed one 64-bit value. */
static inline uint64_t la_hash_u64(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9FB21C651E98DF25);
    return hash ^ (hash >> 32);
}

/** Feed @len bytes. */
static inline uint64_t la_hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++) {
        word = word << 8 | p[i];
        if ((i & 7) == 7) {
            hash = la_hash_u64(hash, word);
            word = 0;
        }
    }
    return la_hash_u64(la_hash_u64(hash, word), len);
}

#endif
