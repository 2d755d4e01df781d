/*
 * hash.h: the rolling hash of a timeline: 64 bits that depend on every value fed, in order.
 *
 * Not cryptographic.  One multiply and one shift-xor a word, so that a step costs next to
 * nothing; equal on every build because it sees values, never memory.
 */
#ifndef LA_BASE_HASH_H
#define LA_BASE_HASH_H

#include "base/bits.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LA_HASH_START UINT64_C(0xCBF29CE484222325)

/** Feed one 64-bit value. */
static inline uint64_t la_hash_u64(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9FB21C651E98DF25);
    return hash ^ (hash >> 32);
}

static inline uint64_t la_hash_word(const unsigned char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return la_be64(word);
}

/** Feed @len bytes, eight at a time: the first one counts most, whatever the host's byte order is. */
static inline uint64_t la_hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *p = bytes, *end = p + len;
    uint64_t rest = 0; /* the last 0..7 bytes */

    if (len >= 8)
        rest = la_hash_word(end - 8) & ((UINT64_C(1) << len % 8 * 8) - 1);
    for (; end - p >= 8; p += 8)
        hash = la_hash_u64(hash, la_hash_word(p));
    for (; len < 8 && p < end; p++)
        rest = rest << 8 | *p;
    return la_hash_u64(la_hash_u64(hash, rest), len);
}

#endif
