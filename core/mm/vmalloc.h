/*
 * vmalloc.h: virtual addresses that are not the direct map: page tables, vmalloc, vmap, ioremap.
 *
 *     VMALLOC_START                                                        VMALLOC_END
 *     | area |g| area |g|lazy|   free   | ioremap  |g|          free            |
 *         |  guard page: never mapped
 *         `-- page tables (pgtable.c) -> frames anywhere in memory, or device addresses
 *
 * Nothing of this exists until the first call: a machine that never uses it pays nothing.
 * Sizes are bytes, addresses virtual unless called phys; a returned address 0 is NULL.
 * Source: Linux 6.1.192 mm/vmalloc.c, arch/x86/mm/ioremap.c, include/linux/vmalloc.h.
 */
#ifndef LA_MM_VMALLOC_H
#define LA_MM_VMALLOC_H

#include "mm/mm.h"

enum { LA_PT_MAX_LEVELS = 5, LA_VMAP_AREAS_MAX = 16384, LA_MEMTYPES_MAX = 256, LA_VFREE_DEFERRED_MAX = 16 };

/* ==== page tables (mm/pgtable.c) ==== */

/* bits of an entry, as x86 has them */
#define LA_PTE_PRESENT UINT64_C(0x001)
#define LA_PTE_PWT     UINT64_C(0x008)
#define LA_PTE_PCD     UINT64_C(0x010)
#define LA_PTE_LARGE   UINT64_C(0x080) /* above the lowest level: maps memory, not a table */
#define LA_PTE_KERNEL  UINT64_C(0x163)
#define LA_PTE_NX      (UINT64_C(1) << 63)

/* How a mapping may be cached: the bits that ioremap and its sisters put into the entry. */
enum la_cache_mode { LA_CACHE_WB, LA_CACHE_WC, LA_CACHE_UC_MINUS, LA_CACHE_UC, LA_NR_CACHE_MODES };

/* One step of a page-table walk. */
struct la_walk_step {
    uint32_t table; /* pfn of the table; LA_NO_PFN = the top table, which lies in the kernel image */
    uint32_t index; /* which of its entries */
    uint32_t shift; /* the address bits from here up chose it */
    uint64_t entry; /* what stands there */
};

struct la_walk {
    uint32_t nr; /* steps made, top table first */
    struct la_walk_step step[LA_PT_MAX_LEVELS];
    bool mapped;   /* the last entry leads to memory */
    uint64_t phys; /* then: the byte's physical address */
};

/** Walk from the top table to the byte at @addr.  Return: mapped.  Reports nothing, changes nothing. */
bool la_pt_walk(const struct la_mm *mm, uint64_t addr, struct la_walk *walk);
/**
 * Make @addr lead to physical page @phys; tables are made on the way.  @mode: caching.
 * Return: false when no page was left for a table.
 */
bool la_pt_map(struct la_mm *mm, uint64_t addr, uint64_t phys, enum la_cache_mode mode);
/** ioremap_page_range: @bytes from @addr to @phys, by large entries where both sides are aligned. */
bool la_pt_map_io(struct la_mm *mm, uint64_t addr, uint64_t phys, uint64_t bytes, enum la_cache_mode mode);
/** Clear all entries of @addr..@end-1.  Tables stay. */
void la_pt_unmap(struct la_mm *mm, uint64_t addr, uint64_t end);
/** "PGD", "P4D", "PUD", "PMD", "PTE": the level of step @i of a walk. */
const char *la_pt_level_name(const struct la_mm *mm, uint32_t i);
/** Tables made since the boot that still exist. */
uint32_t la_pt_nr_tables(const struct la_mm *mm);
/** How much one entry above the lowest maps when it is a large one: 2 MiB, or 4 MiB with 2 levels. */
uint64_t la_pt_large_bytes(const struct la_mm *mm);

/* ==== areas ==== */

enum la_vm_flags {
    LA_VM_IOREMAP = 0x1,
    LA_VM_ALLOC = 0x2,
    LA_VM_MAP = 0x4,
    LA_VM_PERCPU = 0x1000,
    LA_VM_HIDDEN = 0x10000 /* ours: an array of page pointers */
};

enum la_vmap_tree { LA_VMAP_UNUSED, LA_VMAP_FREE, LA_VMAP_BUSY, LA_VMAP_PURGE, LA_NR_VMAP_TREES };

/* A range of virtual addresses, in one of three red-black trees ordered by address. */
struct la_vmap_area {
    uint64_t start, end;          /* end includes the guard page */
    uint64_t subtree_max;         /* longest range at or below this node */
    uint64_t phys;                /* busy, ioremap: where it leads */
    uint64_t vm, pages;           /* busy: address of its vm_struct, and of its array of pages; 0 = none */
    uint32_t left, right, parent; /* numbers of areas, 0 = none */
    uint32_t nr_pages;            /* busy: data pages mapped */
    uint32_t flags;               /* busy: LA_VM_* */
    uint32_t owner;               /* busy: whose statement made it */
    uint8_t red, tree;
    uint8_t mode; /* busy: enum la_cache_mode */
};

struct la_memtype {
    uint64_t start, end;
    enum la_cache_mode mode;
};

struct la_vmap {
    struct la_region *area_region, *root_region;
    struct la_vmap_area *area; /* [1..LA_VMAP_AREAS_MAX]; change through la_vmap_write */
    uint32_t root[LA_NR_VMAP_TREES];
    uint32_t nr_areas, unused; /* ever used; chain of unused ones through .right */
    uint32_t nr_tables;
    uint32_t lazy_nr;   /* pages in the purge tree */
    uint32_t nr_purges; /* TLB flushes since the boot */
    uint32_t nr_memtypes;
    struct la_memtype memtype[LA_MEMTYPES_MAX];
    uint32_t nr_deferred;
    uint64_t deferred[LA_VFREE_DEFERRED_MAX];
    bool bug; /* the last call ended in BUG(): its task is gone */
};

/** The areas of @mm, made on first use; NULL when host memory is out. */
struct la_vmap *la_vmap_get(struct la_mm *mm);
/** True (once) when the last call below hit a BUG_ON: the kernel kills the task. */
bool la_vmap_take_bug(struct la_mm *mm);

/**
 * vmalloc: @bytes of memory, contiguous in virtual addresses only.
 * Return: address, or 0; messages are reported as the kernel prints them.
 */
uint64_t la_vmalloc(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp);
/** vfree: @addr must be page aligned; 0 is allowed.  In an interrupt it is done later. */
void la_vfree(struct la_mm *mm, uint64_t addr);
/** vmap: map @nr frames one after the other.  The frames stay the caller's. */
uint64_t la_vmap_pages(struct la_mm *mm, const uint32_t *pfn, uint32_t nr);
/** vunmap: undo vmap; the frames are not freed. */
void la_vunmap(struct la_mm *mm, uint64_t addr);
/** vmalloc_to_pfn: the frame behind @addr, LA_NO_PFN when there is none. */
uint32_t la_vmalloc_to_pfn(const struct la_mm *mm, uint64_t addr);
/** is_vmalloc_addr */
bool la_is_vmalloc_addr(const struct la_mm *mm, uint64_t addr);
/**
 * The second half of kvmalloc, after kmalloc said no to @bytes with @gfp: vmalloc, or NULL where
 * the kernel would not try (small, non-blocking, too big).  kvfree picks by la_is_vmalloc_addr.
 */
uint64_t la_kvmalloc_vmalloc(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp);
/** vm_unmap_aliases: give all lazily freed ranges back now, with one TLB flush. */
void la_vm_unmap_aliases(struct la_mm *mm);
/** lazy_max_pages: how many lazily freed pages may wait. */
uint32_t la_vmap_lazy_max(const struct la_mm *mm);
/** Do what vfree put off in interrupts (the kernel's worker). */
void la_vfree_deferred(struct la_mm *mm);
/** find_vm_area: the busy area that contains @addr, or NULL. */
const struct la_vmap_area *la_find_vm_area(const struct la_mm *mm, uint64_t addr);
/** Next area of @tree by address: 0 starts; 0 = no more. */
uint32_t la_vmap_next(const struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t after);

/* ==== ioremap (mm/ioremap.c) ==== */

/** ioremap and its sisters: @bytes of physical addresses from @phys on.  0 when refused. */
uint64_t la_ioremap(struct la_mm *mm, uint64_t phys, uint64_t bytes, enum la_cache_mode mode);
void la_iounmap(struct la_mm *mm, uint64_t addr);

/* ==== for percpu.c and replays ==== */

/** Give one page of the kernel's own (table, vmalloc data, per-CPU) back: it becomes an ordinary page first. */
void la_free_own_page(struct la_mm *mm, uint32_t pfn);

/** An area of exactly @bytes at the highest place that is aligned to @align; its number or 0. */
uint32_t la_vmap_top_area(struct la_mm *mm, uint64_t bytes, uint64_t align, uint32_t flags);
/** Make exactly @start..@end busy; its number, or 0 when not all of it is free. */
uint32_t la_vmap_take_exact(struct la_mm *mm, uint64_t start, uint64_t end, uint32_t flags);
/**
 * __get_vm_area_node: @bytes and a guard page, aligned to @align, with a vm_struct.
 * Return: the number of the area; 0 when there is no room, no memory, or the kernel stopped with BUG().
 */
uint32_t la_get_vm_area(struct la_mm *mm, uint64_t bytes, uint64_t align, uint32_t flags, la_gfp_t gfp);
/** remove_vm_area: the entries of area @i go, its addresses wait.  Return: its vm_struct, which the caller frees. */
uint64_t la_remove_vm_area(struct la_mm *mm, uint32_t i);
/** BUG() in a call about areas: @text is reported, and la_vmap_take_bug() tells of it. */
void la_vmap_bug(struct la_mm *mm, const char *text, const char *note);
/** Unmap and free a whole area and its vm_struct, as vunmap does. */
void la_vmap_release(struct la_mm *mm, uint32_t area);

/* ==== what the kernel keeps about an area (mm/vm_struct.c) ==== */

/** kzalloc of a vm_struct; @vm: its address, 0 where nothing is kept.  False: no memory. */
bool la_vm_struct_get(struct la_mm *mm, la_gfp_t gfp, uint64_t *vm);
/** Write all members of area @i's vm_struct. */
void la_vm_struct_set(struct la_mm *mm, uint32_t i);
/** kmalloc of the array of @nr (at most a page full of) pages of area @i.  False: no memory. */
bool la_vm_pages_get(struct la_mm *mm, uint32_t i, uint32_t nr, la_gfp_t gfp);
/** Write the array of area @i, wherever it lies. */
void la_vm_pages_set(struct la_mm *mm, uint32_t i, const struct la_list *list);
/** kfree of a vm_struct or an array; 0 is allowed. */
void la_vm_struct_put(struct la_mm *mm, uint64_t vm);

/* ==== checking ==== */

/** Trees, tables and sums; one line per problem to @out.  Return: number of problems. */
uint32_t la_vmalloc_check(const struct la_mm *mm, struct la_buf *out);

/* ==== the trees (mm/vmap_tree.c): internal ==== */

struct la_vmap_area *la_vmap_write(struct la_vmap *vmap, uint32_t i);
uint32_t la_vmap_new_area(struct la_vmap *vmap, uint64_t start, uint64_t end);
void la_vmap_drop_area(struct la_vmap *vmap, uint32_t i);
void la_vmap_insert(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t i);
void la_vmap_erase(struct la_vmap *vmap, uint32_t i);
/** The length of @i changed: correct subtree_max up to the root. */
void la_vmap_resized(struct la_vmap *vmap, uint32_t i);
/** The area of @tree that contains @addr, or 0. */
uint32_t la_vmap_find(const struct la_vmap *vmap, enum la_vmap_tree tree, uint64_t addr);
/** Put @i into @tree, melting it with neighbours it touches; the area it is part of now. */
uint32_t la_vmap_merge(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t i);
/** find_vmap_lowest_match: the free area to cut @size bytes from, or 0. */
uint32_t la_vmap_lowest_match(const struct la_vmap *vmap, uint64_t size, uint64_t align, uint64_t vstart, bool adjust);
/** Cut @start..@start+@size out of free area @i. */
bool la_vmap_cut(struct la_vmap *vmap, uint32_t i, uint64_t start, uint64_t size);

#endif
