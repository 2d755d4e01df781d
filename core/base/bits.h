/* bits.h: bits and bytes of numbers, and what the compiler should know about a function. */
#ifndef LA_BASE_BITS_H
#define LA_BASE_BITS_H

#include <stdint.h>
#include <string.h>

/* A function for the rare case: it stays out of the code of its callers, who expect not to call it. */
#define LA_RARE __attribute__((cold, noinline))
/* A function for the long way: a fast path that only jumps there needs no stack. */
#define LA_APART __attribute__((noinline))

/** fls: the number of the highest bit that is set, counted from 1; 0 for 0. */
static inline uint32_t la_fls(uint32_t value)
{
    return value == 0 ? 0 : 32 - (uint32_t)__builtin_clz(value);
}

/** The lowest multiple of @align, a power of two, that is not below @value. */
static inline uint64_t la_align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/** The lowest multiple of @step, which is any number but 0, that is not below @value. */
static inline uint32_t la_round_up(uint32_t value, uint32_t step)
{
    return (value + step - 1) / step * step;
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

/** The little-endian number of @size bytes (1..8) at @bytes: the order of the simulated machines. */
static inline uint64_t la_load_le(const unsigned char *bytes, uint32_t size)
{
    uint64_t value = 0;

    if (size == 8)
        memcpy(&value, bytes, 8); /* sizes the compiler knows are one instruction */
    else if (size == 4)
        memcpy(&value, bytes, 4);
    else
        memcpy(&value, bytes, size);
    return la_le64(value);
}

/** Write the lowest @size bytes (1..8) of @number to @bytes. */
static inline void la_store_le(unsigned char *bytes, uint32_t size, uint64_t number)
{
    uint64_t value = la_le64(number);

    if (size == 8)
        memcpy(bytes, &value, 8);
    else if (size == 4)
        memcpy(bytes, &value, 4);
    else
        memcpy(bytes, &value, size);
}

#endif
