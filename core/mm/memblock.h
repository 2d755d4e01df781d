/*
 * memblock.h: memory before there is an allocator: two lists of ranges.
 *
 *     memory     | 0 ................ 64M |        what exists
 *     reserved     | kernel |   | buffer |         what is taken
 *     free       = memory minus reserved, byte by byte
 *
 * Nothing here touches the memory itself; addresses are physical.
 * Source: Linux 6.1.192 mm/memblock.c, include/linux/memblock.h.
 */
#ifndef LA_MM_MEMBLOCK_H
#define LA_MM_MEMBLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { LA_MEMBLOCK_REGIONS = 128, LA_MEMBLOCK_NO_NODE = -1, LA_MEMBLOCK_ANY_NODE = 64 /* MAX_NUMNODES */ };

#define LA_MEMBLOCK_MAX        UINT64_MAX /* PHYS_ADDR_MAX */
#define LA_MEMBLOCK_ACCESSIBLE UINT64_C(0)

struct la_memblock_region {
    uint64_t base, size;
    uint32_t flags;
    int32_t nid;
};

/* Sorted, not overlapping.  Empty: one region of size 0. */
struct la_memblock_type {
    uint32_t cnt;
    uint64_t total_size;
    struct la_memblock_region region[LA_MEMBLOCK_REGIONS];
};

struct la_memblock {
    bool bottom_up;
    uint64_t current_limit;
    struct la_memblock_type memory, reserved;
};

void la_memblock_init(struct la_memblock *mb);
/** memblock_add_node, memblock_add, memblock_reserve: false when the list of regions is full. */
bool la_memblock_add_node(struct la_memblock *mb, uint64_t base, uint64_t size, int32_t nid, uint32_t flags);
bool la_memblock_add(struct la_memblock *mb, uint64_t base, uint64_t size);
bool la_memblock_reserve(struct la_memblock *mb, uint64_t base, uint64_t size);
/** memblock_remove, memblock_phys_free: cut @base..@base+@size out; what is not there is ignored. */
bool la_memblock_remove(struct la_memblock *mb, uint64_t base, uint64_t size);
bool la_memblock_free(struct la_memblock *mb, uint64_t base, uint64_t size);
/** memblock_trim_memory: every range of memory begins and ends at @align, or goes. */
void la_memblock_trim_memory(struct la_memblock *mb, uint64_t align);
/** memblock_find_in_range_node: a free place, or 0.  @end LA_MEMBLOCK_ACCESSIBLE: up to the limit. */
uint64_t la_memblock_find(const struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t start, uint64_t end,
                          int32_t nid);
/** memblock_alloc_range_nid: find on @nid, then (not @exact) anywhere, and reserve; 0 when there is none. */
uint64_t la_memblock_alloc_range(struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t start, uint64_t end,
                                 int32_t nid, bool exact);
/** memblock_alloc_try_nid: as above, and without the lower limit if nothing lies above it. */
uint64_t la_memblock_alloc_try_nid(struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t min, uint64_t max,
                                   int32_t nid);
/** The @n-th free range of @nid from below; false when there are fewer. */
bool la_memblock_free_range(const struct la_memblock *mb, int32_t nid, uint32_t n, uint64_t *start, uint64_t *end);

#endif
