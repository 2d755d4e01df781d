/* bits.h: bits and bytes of numbers, and what the compiler should know about a function. */
#ifndef LA_BASE_BITS_H
#define LA_BASE_BITS_H

#include <stdint.h>

/* A function for the rare case: it stays out of the code of its callers, who expect not to call it. */
#define LA_RARE __attribute__((cold, noinline))
/* A function for the long way: a fast path that only jumps there needs no stack. */
#define LA_APART __attribute__((noinline))

/** fls: the number of the highest bit that is set, counted from 1; 0 for 0. */
static inline uint32_t la_fls(uint32_t value)
{
    return value == 0 ? 0 : 32 - (uint32_t)__builtin_clz(value);
}

/** A number from memory that is little-endian, or to it; and for big-endian memory. */
static inline uint64_t la_le64(uint64_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap64(value);
}

static inline uint64_t la_be64(uint64_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

#endif
