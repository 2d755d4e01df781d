/*
 * percpu.h: memory of which every CPU has its own copy.
 *
 *     chunk      | unit 0: copy of CPU 0 | unit 1: copy of CPU 1 | ...   all units are the same size
 *                     ^ offset                ^ offset                   an allocation is one offset
 *
 *     first      static variables | modules | 20..28 KiB dynamic: lies in the kernel image
 *     others     areas at the top of vmalloc space, filled with pages when they are needed
 *
 * A per-CPU pointer is no address: la_per_cpu_ptr makes one, for a CPU.
 * Source: Linux 6.1.192 mm/percpu.c, percpu-internal.h, percpu-vm.c, include/linux/percpu.h.
 */
#ifndef LA_MM_PERCPU_H
#define LA_MM_PERCPU_H

#include "mm/mm.h"

enum {
    LA_PCPU_MIN_ALLOC = 4,                 /* one bit of a map */
    LA_PCPU_BLOCK_BITS = LA_PAGE_SIZE / 4, /* one block of hints a page */
    LA_PCPU_MIN_UNIT = 32 << 10,           /* also the largest allocation */
    LA_PCPU_MAX_PAGES = 512,               /* of a unit: 2 MiB */
    LA_PCPU_MAX_CHUNKS = 32,
    LA_PCPU_MAX_SLOTS = 24,
    LA_PCPU_EMPTY_LOW = 2,
    LA_PCPU_EMPTY_HIGH = 4
};

/* Where free bits lie: in one page, or (chunk_md) in the whole chunk.  Bit numbers. */
struct la_pcpu_block {
    uint32_t scan_hint, scan_hint_start;     /* a free run before the longest one; 0 = none known */
    uint32_t contig_hint, contig_hint_start; /* the longest free run */
    uint32_t left_free, right_free;          /* free at the beginning, at the end */
    uint32_t first_free;
    uint32_t nr_bits;
};

struct la_pcpu_chunk {
    bool used, immutable, listed;
    uint8_t slot;        /* of the list it is on */
    uint32_t next, prev; /* on that list: chunk number + 1; 0 = end */
    uint64_t base_addr;  /* unit 0 */
    uint32_t area;       /* vmap area; 0 = first chunk */
    uint32_t nr_pages, nr_populated;
    int32_t nr_empty_pop_pages;
    uint32_t free_bytes;
    struct la_pcpu_block chunk_md;
    struct la_region *region; /* the arrays below */
    struct la_pcpu_block *md; /* one a page */
    uint64_t *alloc_map;      /* bit set: in use */
    uint64_t *bound_map;      /* bit set: an allocation begins or ends here */
    uint64_t populated[LA_PCPU_MAX_PAGES / 64];
};

struct la_pcpu {
    uint64_t base_addr; /* of unit 0 of the first chunk, static variables included */
    uint32_t unit_size, nr_units, atom_size;
    uint32_t static_size, reserved_size, dyn_size;
    uint32_t free_slot;
    uint32_t list[LA_PCPU_MAX_SLOTS], tail[LA_PCPU_MAX_SLOTS]; /* chunk number + 1; 0 = empty */
    int32_t nr_empty_pop_pages;
    uint32_t nr_populated;
    uint32_t first;              /* number of the first chunk */
    bool atomic_failed, balance; /* the worker has something to do */
    bool no_worker;              /* replays: it never comes */
    uint32_t warnings_left;
    struct la_region *copies; /* storage of the first chunk's units: [cpu][first_bytes] */
    uint32_t first_bytes;     /* static + reserved + dynamic */
    struct la_pcpu_chunk chunk[LA_PCPU_MAX_CHUNKS];
};

/** The per-CPU memory of @mm, laid out on first use; NULL when host memory is out. */
struct la_pcpu *la_pcpu_get(struct la_mm *mm);
/**
 * __alloc_percpu_gfp: @size bytes on every CPU, zeroed.
 * Return: the per-CPU pointer, or 0.
 */
uint64_t la_alloc_percpu(struct la_mm *mm, uint64_t size, uint64_t align, la_gfp_t gfp);
/** free_percpu; 0 is allowed.  Misuse is reported. */
void la_free_percpu(struct la_mm *mm, uint64_t ptr);
/** per_cpu_ptr: the address of @cpu's copy. */
uint64_t la_per_cpu_ptr(const struct la_mm *mm, uint64_t ptr, uint32_t cpu);
/** The size of the allocation at @ptr, 0 when there is none. */
uint32_t la_percpu_size(const struct la_mm *mm, uint64_t ptr);
/** What the kernel's worker does when it comes: keep a few empty pages ready, free spare chunks. */
void la_pcpu_balance(struct la_mm *mm);
/**
 * Where @addr lies in the first chunk's storage: offset for la_pcpu.copies, *@left = bytes until the copy ends.
 * UINT32_MAX: not there.
 */
uint32_t la_pcpu_first_offset(const struct la_mm *mm, uint64_t addr, uint32_t *left);
/** Bytes of one copy, by the address of la_per_cpu_ptr; what has no page reads 0. */
void la_pcpu_read(const struct la_mm *mm, uint64_t addr, void *buf, uint32_t len);
void la_pcpu_write(struct la_mm *mm, uint64_t addr, const void *buf, uint32_t len);
/** Hints, maps, lists and sums; one line per problem.  Return: number of problems. */
uint32_t la_pcpu_check(const struct la_mm *mm, struct la_buf *out);

/* ==== for replays ==== */

/** pcpu_create_chunk: number + 1 of a new chunk without pages, or 0. */
uint32_t la_pcpu_create_chunk(struct la_mm *mm);
/** Pages @from..@end of every unit of @chunk get memory. */
bool la_pcpu_populate(struct la_mm *mm, uint32_t chunk, uint32_t from, uint32_t end);

/* ==== one chunk's map (mm/percpu_map.c): internal ==== */

/** An empty map of @bits; its arrays must be there. */
void la_pcpu_map_init(struct la_pcpu_chunk *chunk, uint32_t bits);
/** Take @bits aligned to @align bits; the first bit, or -1.  @pop_only: only where pages are. */
int64_t la_pcpu_map_alloc(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bits, uint32_t align,
                          bool pop_only);
/** Free what begins at @bit; how many bits. */
uint32_t la_pcpu_map_free(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bit);
/** Mark @bit..@bit+@bits allocated as part of setting up or replaying; hints follow. */
void la_pcpu_map_take(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bit, uint32_t bits);
/** The slot a chunk belongs to now. */
uint32_t la_pcpu_slot(const struct la_pcpu *pcpu, const struct la_pcpu_chunk *chunk);
/** fls(size) based slot of a size in bytes. */
uint32_t la_pcpu_size_to_slot(const struct la_pcpu *pcpu, uint32_t size);
/** Lists: take @chunk off its list; put it on @slot, at its head or tail. */
void la_pcpu_move(struct la_pcpu *pcpu, uint32_t chunk, uint32_t slot, bool front);
/** Put the chunk on the list its longest free run asks for; @old: where it was, UINT32_MAX = nowhere. */
void la_pcpu_relocate(struct la_pcpu *pcpu, uint32_t chunk, uint32_t old);

bool la_pcpu_bit(const uint64_t *map, uint32_t bit);
uint32_t la_pcpu_next_set(const uint64_t *map, uint32_t end, uint32_t from);
uint32_t la_pcpu_next_clear(const uint64_t *map, uint32_t end, uint32_t from);

#endif
