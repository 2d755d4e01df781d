/*
 * bootmem.h: the boot phase: memory before mem_init(), by the bitmap of 2.6 and by memblock.
 *
 *     machine made with "boot": true      la_boot_begin    all memory reserved, both lists set up
 *        alloc_bootmem, memblock_alloc …  la_boot_alloc    out of the same memory
 *     mem_init()                          la_boot_end      the rest goes to the buddy, for good
 *
 * Source: Linux 2.6.11 mm/bootmem.c, include/linux/bootmem.h; Linux 6.1.192 mm/memblock.c.
 */
#ifndef LA_MM_BOOTMEM_H
#define LA_MM_BOOTMEM_H

#include "mm/memblock.h"
#include "mm/mm.h"

/* The bitmap of one node: a set bit is a reserved page.  Low memory only, from pfn 0 on. */
struct la_bootmem {
    uint32_t low_pfn;      /* one past the last page */
    uint32_t last_pos;     /* page the last allocation ended in */
    uint32_t last_offset;  /* bytes of it in use; 0 = all */
    uint64_t last_success; /* address where the last search found room */
    uint64_t *map;
    struct la_region *region;
};

enum la_boot_status { LA_BOOT_OK, LA_BOOT_NULL, LA_BOOT_BUG, LA_BOOT_PANIC, LA_BOOT_TOO_LATE };

struct la_boot {
    bool over; /* mem_init has run: nothing here may be called any more */
    uint32_t reserved_pages;
    struct la_bootmem bootmem;
    struct la_memblock memblock;
};

/* ==== the bitmap by itself ==== */

/** init_bootmem for @pages, all reserved.  @map: (pages + 63) / 64 words in @region. */
void la_bootmem_init(struct la_bootmem *b, struct la_region *region, uint64_t *map, uint32_t pages);
bool la_bootmem_is_reserved(const struct la_bootmem *b, uint32_t pfn);
/** Does the bitmap have a bit for every page around @addr..@addr+@size, which is not empty? */
bool la_bootmem_covers(const struct la_bootmem *b, uint64_t addr, uint64_t size);
/** reserve_bootmem: whole pages around @addr..@addr+@size.  False: BUG(). */
bool la_bootmem_reserve(struct la_bootmem *b, uint64_t addr, uint64_t size);
/** free_bootmem: whole pages inside; partial ones stay reserved.  False: BUG(), one was free already. */
bool la_bootmem_free(struct la_bootmem *b, uint64_t addr, uint64_t size);
/**
 * __alloc_bootmem: @size bytes at a multiple of @align, from @goal on if possible, else below.
 * Return: LA_BOOT_OK and *@addr (physical), LA_BOOT_BUG or LA_BOOT_NULL.
 */
enum la_boot_status la_bootmem_alloc(struct la_bootmem *b, uint64_t size, uint64_t align, uint64_t goal,
                                     uint64_t *addr);

/* ==== the boot phase of a machine ==== */

/** Begin: all of memory reserved, @reserved pages of it for the kernel image. */
bool la_boot_begin(struct la_mm *mm, uint32_t reserved);
/** True while boot-time allocators may be used. */
bool la_booting(const struct la_mm *mm);
/** alloc_bootmem and its sisters; reports BUG, panic and "too late".  *@addr is physical; memory is zeroed. */
enum la_boot_status la_boot_alloc(struct la_mm *mm, uint64_t size, uint64_t align, uint64_t goal, uint64_t *addr);
enum la_boot_status la_boot_free(struct la_mm *mm, uint64_t addr, uint64_t size);
enum la_boot_status la_boot_reserve(struct la_mm *mm, uint64_t addr, uint64_t size);
/** memblock_alloc_try_nid; 0 when there is no room.  Not zeroed when @raw. */
enum la_boot_status la_boot_memblock_alloc(struct la_mm *mm, uint64_t size, uint64_t align, uint64_t min, uint64_t max,
                                           bool raw, uint64_t *addr);
/** memblock_reserve: any range, also where no memory is (nothing happens there); LA_BOOT_NULL when the list is full. */
enum la_boot_status la_boot_memblock_reserve(struct la_mm *mm, uint64_t addr, uint64_t size);
/** memblock_phys_free: what is not reserved, or not there, is ignored; LA_BOOT_NULL when the list is full. */
enum la_boot_status la_boot_memblock_free(struct la_mm *mm, uint64_t addr, uint64_t size);
/** free_all_bootmem: what neither list holds goes to the buddy; how many pages. */
uint32_t la_boot_end(struct la_mm *mm);
/** Check the invariants of both lists; one line per problem to @out.  Return: number of problems. */
uint32_t la_boot_check(const struct la_mm *mm, struct la_buf *out);

#endif
