/*
 * mm.h: the memory of one machine and the calls that allocate from it.
 *
 *     la_alloc_pages -> zonelist -> watermark -> per-CPU list -> buddy lists -> fallback
 *                          |  nothing fits
 *                          `-> slow path: kswapd, reclaim, compaction, OOM kill, retry
 *
 * Everything lives in the machine's arena: struct la_mm in hot memory, frames and page contents
 * in regions.  A simulated failure is a normal result (LA_NO_PFN); misuse by the program is
 * reported as an oops event and the machine goes on; broken invariants of ours assert.
 *
 * pfn arguments are page frame numbers of the machine; LA_NO_PFN is "no page" (NULL).
 * Source: Linux 6.1.192 mm/page_alloc.c, include/linux/gfp.h.
 */
#ifndef LA_MM_MM_H
#define LA_MM_MM_H

#include "base/arena.h"
#include "mm/context.h"
#include "mm/fail.h"
#include "mm/frame.h"
#include "mm/gfp.h"
#include "mm/zone.h"
#include "trace/trace.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LA_MAX_PROCESSES = 32,
    LA_NR_CONTENT_REGIONS = 64, /* of LA_CONTENT_SLOTS pages each: 64 MiB of written pages */
    LA_CONTENT_SLOTS = 256,
    LA_NR_PKMAP = 1024,
    LA_OOPS_TEXT = 160,
    LA_NO_NODE = -1
};

struct la_boot;
struct la_pcpu;
struct la_vmap;

/* Where things lie in the kernel's virtual addresses. */
struct la_layout {
    uint32_t pointer_bytes;        /* 4 or 8 */
    uint32_t struct_page_bytes;    /* 32 or 64 */
    uint64_t page_offset;          /* virtual address of pfn 0 (direct map) */
    uint64_t high_memory;          /* end of the direct map */
    uint64_t vmalloc_start, vmalloc_end;
    uint64_t mem_map;              /* virtual address of the struct page of pfn 0 */
    uint64_t image, image_bytes;   /* program globals, stacks, literals */
    uint64_t pkmap_base;           /* kmap slots; 0 = no high memory */
    uint32_t nr_pkmap;             /* slots: 1024, or 512 with PAE */
    uint32_t pt_levels;            /* of page tables: 2, 3 (PAE), 4 or 5 */
    uint64_t percpu; /* first chunk: the copies of CPU 0, then of CPU 1 ... */
};

/* The order in which the zones of a machine are tried for one highest zone, on one node. */
struct la_zonelist {
    uint8_t nr;
    uint8_t zone[LA_MAX_ZONES]; /* indexes in la_mm.zone[], best first, populated only */
};

struct la_node {
    uint8_t nr_cpus;
    bool has_memory;
    bool kswapd_awake;
    uint8_t kswapd_highest;        /* highest zone type asked for by the wakers */
    uint8_t kswapd_order;
    uint8_t kswapd_failures;       /* >= 16: kswapd has given up on this node */
    uint8_t distance[LA_MAX_NODES];
    struct la_zonelist fallback, nofallback;
};

struct la_process {
    char name[LA_TASK_COMM_LEN];
    uint32_t pid;
    uint32_t pages;                /* frames it holds now */
    struct la_list frames;         /* those frames, linked */
    int32_t oom_score_adj;         /* -1000 = never killed */
    uint32_t exits_at_tick;        /* 0 = stays */
    bool alive;
    bool victim;                   /* killed, memory not given back yet */
};

/* Counters of /proc/vmstat; the first two have one for each type of zone (page's zone, highest zone asked). */
enum la_vm_event {
    LA_VM_PGALLOC, LA_VM_PGALLOC_END = LA_VM_PGALLOC + LA_NR_ZONE_TYPES - 1,
    LA_VM_ALLOCSTALL, LA_VM_ALLOCSTALL_END = LA_VM_ALLOCSTALL + LA_NR_ZONE_TYPES - 1,
    LA_VM_PGFREE, LA_VM_KSWAPD_WAKE, LA_VM_PGSCAN, LA_VM_PGSTEAL, LA_VM_PGSCAN_KSWAPD, LA_VM_PGSTEAL_KSWAPD,
    LA_VM_COMPACT_STALL, LA_VM_COMPACT_SUCCESS, LA_VM_COMPACT_FAIL, LA_VM_OOM_KILL, LA_VM_RETRY, LA_VM_EXTFRAG,
    LA_NR_VM_EVENTS
};

/* A program's own page freed by "another task" at a tick (la_mm_free_later). */
enum { LA_MAX_DELAYED = 16 };
struct la_delayed_free {
    uint32_t pfn, order, at_tick;
};

struct la_kmem; /* caches, kmalloc, memory pools: mm/slab.h */

struct la_mm {
    /* fixed when the machine is made */
    struct la_kmem *kmem;          /* NULL in replays of pages */
    struct la_arena *arena;
    struct la_trace *trace;
    struct la_region *frame_region;
    struct la_frame *frame;        /* frame[0..nr_frames-1]; write through la_frame_write() */
    struct la_region *block_region;
    uint8_t *block_type;           /* migratetype of each pageblock */
    struct la_layout layout;
    uint32_t nr_frames;            /* one past the highest pfn */
    uint8_t nr_zones, nr_nodes, nr_cpus;
    uint8_t cpu_node[LA_MAX_CPUS];
    uint8_t pageblock_order;
    uint8_t zone_types;            /* bit t: zone type t exists in this configuration */
    bool pcp_enabled;
    bool mobility_off;             /* too little memory for grouping by mobility: all is unmovable */
    bool thp;                      /* transparent huge pages: raises min_free_kbytes, order-9 pcp lists */
    bool reclaim_counts_free;      /* quirk of this stable version, MODEL 2.10; off: deviation */

    /* sysctls */
    uint32_t min_free_kbytes;
    int64_t user_min_free_kbytes;  /* what was written last; -1 = never */
    uint32_t watermark_scale_factor, watermark_boost_factor;
    uint32_t lowmem_reserve_ratio[LA_NR_ZONE_TYPES];
    uint32_t pcp_high_fraction;    /* vm.percpu_pagelist_high_fraction */

    /* running state */
    la_gfp_t gfp_allowed_mask;     /* without RECLAIM|IO|FS during early boot */
    uint8_t cpu;                   /* whose statement runs */
    bool hung;                     /* an endless wait was cut short: the program cannot go on */
    uint32_t owner;                /* id given to frames allocated from now on */
    uint8_t kind;                  /* enum la_frame_kind given to them */
    uint32_t tick;                 /* simulated jiffies */
    uint32_t might_sleep_tick;     /* last "sleeping function" report + 1; 0 = never */
    uint32_t warn_alloc_tick;      /* last failure report + 1 */
    uint32_t warned;               /* bit per WARN_ON_ONCE site */
    uint32_t reported_pfn;         /* last page whose misuse was reported + 1 */
    uint32_t nr_misfreed;          /* frames whose refcount fell below 0: freed twice */
    uint32_t nr_oops;
    char last_oops[LA_OOPS_TEXT];
    uint32_t reclaim_rounds;       /* direct reclaim rounds of the last request */
    uint32_t compact_rounds;
    uint64_t vm_event[LA_NR_VM_EVENTS];
    struct la_context context[LA_MAX_CPUS];
    struct la_node node[LA_MAX_NODES];
    uint32_t nr_processes;
    struct la_process process[LA_MAX_PROCESSES];
    struct la_delayed_free delayed[LA_MAX_DELAYED];
    uint32_t nr_delayed;
    struct la_region *content_region[LA_NR_CONTENT_REGIONS];
    uint32_t nr_content, content_free; /* slots handed out ever; first free slot + 1 */
    uint32_t pkmap_pfn[LA_NR_PKMAP];
    uint16_t pkmap_count[LA_NR_PKMAP]; /* 0 unused, 1 unused but still mapped, n+1 = n users */
    uint16_t pkmap_last;
    struct la_vmap *vmap; /* vmalloc.h; NULL until first used */
    struct la_pcpu *pcpu; /* percpu.h; NULL until first used */
    struct la_boot *boot; /* bootmem.h; NULL: the machine booted by itself */
    struct la_fail fail;  /* allocations that fail on purpose */
    struct la_zone zone[LA_MAX_ZONES];
};

/** The context of the CPU that runs. */
static inline struct la_context *la_mm_current(struct la_mm *mm)
{
    return &mm->context[mm->cpu];
}

/* ==== allocating (mm/page_alloc.c) ==== */

/**
 * Allocate 2^@order contiguous frames.
 * @nid: node to prefer, LA_NO_NODE = the node of the running CPU.
 * Return: pfn of the first frame, or LA_NO_PFN when the simulated kernel would return NULL.
 * When it had to wait for ever mm->hung is set and LA_NO_PFN returned.
 */
uint32_t la_alloc_pages(struct la_mm *mm, la_gfp_t gfp, uint32_t order, int32_t nid);
/** __get_free_pages: as la_alloc_pages, but never high memory (the bit is cleared). */
uint32_t la_get_free_pages(struct la_mm *mm, la_gfp_t gfp, uint32_t order);
/** get_zeroed_page: one frame filled with zeroes. */
uint32_t la_get_zeroed_page(struct la_mm *mm, la_gfp_t gfp);
/**
 * alloc_pages_exact: ceil(@bytes / 4096) single pages in a row; the rest of the block goes back.
 * Return: first pfn or LA_NO_PFN.  Give back with la_free_pages_exact and the same @bytes.
 */
uint32_t la_alloc_pages_exact(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp);
void la_free_pages_exact(struct la_mm *mm, uint32_t pfn, uint64_t bytes);
/** get_order: the smallest order whose block holds @bytes; LA_MAX_ORDER or more: too big. */
uint32_t la_get_order(uint64_t bytes);

/* ==== freeing ==== */

/**
 * __free_pages: drop one reference; the block goes back when it was the last.
 * Misuse (double free, wrong order, a page that is not the program's) is reported as an oops
 * event that says what the real kernel does, and then done as the real kernel does it, except
 * where that would corrupt the lists (deviation A of page_free.c).
 */
void la_free_pages(struct la_mm *mm, uint32_t pfn, uint32_t order);
/** free_hot_page / free_cold_page of 2.6: one page to the head / the tail of the CPU's list. */
void la_free_hot_cold_page(struct la_mm *mm, uint32_t pfn, bool cold);
/** split_page: make an order-@order block into single pages that are freed one by one. */
void la_split_page(struct la_mm *mm, uint32_t pfn, uint32_t order);
/** Free @pfn of @order at @tick on behalf of another task.  False when the list is full. */
bool la_mm_free_later(struct la_mm *mm, uint32_t pfn, uint32_t order, uint32_t tick);

/* ==== looking at frames ==== */

/** The head of the block that contains @pfn (itself, if it is a head). */
static inline uint32_t la_frame_head(const struct la_mm *mm, uint32_t pfn)
{
    uint32_t head = pfn;

    for (uint32_t order = 1; mm->frame[head].kind == LA_FRAME_TAIL && order < LA_MAX_ORDER; order++)
        head = pfn & ~((1u << order) - 1);
    return head;
}
/** The frame behind the direct-map address @addr, or NULL when @addr is not one. */
static inline const struct la_frame *la_frame_at(const struct la_mm *mm, uint64_t addr)
{
    if (addr < mm->layout.page_offset || addr >= mm->layout.high_memory)
        return NULL;
    return &mm->frame[(addr - mm->layout.page_offset) >> LA_PAGE_SHIFT];
}
/** The zone of @pfn, or NULL when it lies in none. */
struct la_zone *la_page_zone(struct la_mm *mm, uint32_t pfn);
/** The migratetype of the pageblock of @pfn. */
enum la_migratetype la_pageblock_type(const struct la_mm *mm, uint32_t pfn);
/** Set what frames allocated from now on belong to: @owner (statement or step number), @kind. */
void la_mm_set_owner(struct la_mm *mm, uint32_t owner, enum la_frame_kind kind);
/** Change the kind, owner and use of the block at @pfn (a slab, a page table …). */
void la_mm_set_kind(struct la_mm *mm, uint32_t pfn, enum la_frame_kind kind, uint32_t use);

/** Get @pfn's frame for writing: marks it changed for keyframes (not for snapshots). */
static inline struct la_frame *la_frame_write(struct la_mm *mm, uint32_t pfn)
{
    mm->frame_region->dirty[(pfn * (uint64_t)sizeof(struct la_frame)) >> LA_CHUNK_SHIFT] = 1;
    return &mm->frame[pfn];
}

/** Tell the trace that the block at @pfn of @order looks different now. */
static inline void la_note_block(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    if (!mm->trace->all_frames_changed)
        la_trace_note_frames(mm->trace, pfn, 1u << order);
}

/** "vm stats threshold": how much of NR_FREE_PAGES a CPU of the real kernel may hold back in @zone. */
uint32_t la_normal_stat_threshold(const struct la_mm *mm, const struct la_zone *zone);

/* ==== addresses (include/linux/mm.h, arch page.h) ==== */

/** Direct-map address of @pfn; 0 for high memory. */
uint64_t la_pfn_to_virt(const struct la_mm *mm, uint32_t pfn);
/** page_address: direct map, or the kmap slot if the high page is mapped, or 0. */
uint64_t la_page_address(const struct la_mm *mm, uint32_t pfn);
/** virt_to_page: the pfn of a direct-map address, or LA_NO_PFN when @addr is not one. */
static inline uint32_t la_virt_to_pfn(const struct la_mm *mm, uint64_t addr)
{
    if (addr < mm->layout.page_offset || addr >= mm->layout.high_memory)
        return LA_NO_PFN;
    return (uint32_t)((addr - mm->layout.page_offset) >> LA_PAGE_SHIFT);
}
/** Address of the struct page of @pfn, and back (LA_NO_PFN: not a struct page of this machine). */
uint64_t la_pfn_to_page(const struct la_mm *mm, uint32_t pfn);
uint32_t la_page_to_pfn(const struct la_mm *mm, uint64_t page);
/** True when @pfn has no permanent kernel address. */
bool la_page_is_high(const struct la_mm *mm, uint32_t pfn);

/* ==== high memory (mm/highmem.c) ==== */

/** kmap: the page's address; a slot is taken for a high page.  0 when no slot will ever be free. */
uint64_t la_kmap(struct la_mm *mm, uint32_t pfn);
/** kunmap: drop one use of the slot; low pages: nothing. */
void la_kunmap(struct la_mm *mm, uint32_t pfn);
/** kmap_atomic / kunmap_atomic: as above, preemption off in between; never sleeps. */
uint64_t la_kmap_atomic(struct la_mm *mm, uint32_t pfn);
void la_kunmap_atomic(struct la_mm *mm, uint64_t addr);

/* ==== contents of frames ==== */

/** Read @len bytes at @offset of frame @pfn; must not pass its end. */
void la_frame_read(const struct la_mm *mm, uint32_t pfn, uint32_t offset, void *buf, uint32_t len);
/** Write; false when no content slot is left (host limit), nothing is changed then. */
bool la_frame_store(struct la_mm *mm, uint32_t pfn, uint32_t offset, const void *buf, uint32_t len);
/** Fill a whole frame with @byte; costs no slot. */
void la_frame_set_fill(struct la_mm *mm, uint32_t pfn, uint8_t byte);

/* ==== time and reports ==== */

/** Let @ticks pass: kswapd works, processes exit, delayed frees happen. */
void la_mm_tick(struct la_mm *mm, uint32_t ticks);
/**
 * Report a mistake of the program: @text is what the kernel prints (lines split by \n), @note
 * what else to know ("the real kernel stays silent").  Counts; never stops anything.
 */
void la_oops(struct la_mm *mm, const char *text, const char *note);
/** "Kernel panic - not syncing: @why", after an oops that was reported: no oops more, and last_oops stays. */
void la_panic(struct la_mm *mm, const char *why, const char *note);
/** "BUG: sleeping function called from invalid context", at most once a second; silent during early boot. */
void la_sleeping_in_atomic(struct la_mm *mm, const char *where);
/**
 * schedule() is called: the running task really sleeps, or gives way.  Where it must not, the kernel says so
 * ("BUG: scheduling while atomic") and goes on, with preemption and interrupts on.  A hardware interrupt stays counted.
 */
void la_schedule_debug(struct la_mm *mm);
/** might_sleep(): reports when the context must not sleep.  @where: "include/linux/sched/mm.h:274". */
static inline void la_might_sleep(struct la_mm *mm, const char *where)
{
    if (la_in_atomic(la_mm_current(mm)))
        la_sleeping_in_atomic(mm, where);
}

/* ==== settings that may change while the machine runs ==== */

/** Write vm.min_free_kbytes / recompute all marks, reserves and pcp sizes. */
void la_set_min_free_kbytes(struct la_mm *mm, uint32_t kbytes);
void la_setup_per_zone_wmarks(struct la_mm *mm);
/** drain_all_pages: every per-CPU list back to the buddy. */
void la_drain_all_pages(struct la_mm *mm);

/* ==== checking ==== */

/**
 * Check every invariant of the page allocator; cost grows with the machine.
 * Appends one line per problem to @out.  Return: number of problems.
 */
uint32_t la_mm_check(const struct la_mm *mm, struct la_buf *out);

#endif
