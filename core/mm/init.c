/*
 * init.c: from an empty arena to free lists full of memory.
 *
 *     la_mm_new        zones and the frame table; every frame belongs to nobody yet
 *     la_mm_reserve    ranges the allocator never gets (kernel image)
 *     la_mm_release    the rest: largest aligned blocks, each to the tail of its list
 *     la_mm_start      zonelists, marks, per-CPU lists; from here on la_alloc_pages works
 *
 *     pfn 0      6         8                    16 ...
 *         [resvd][order 1 ][ order 3           ][ order 4 ...
 *
 * Invariant: afterwards every frame is covered by one head, and managed + reserved = present.
 * Cost: one step per block of up to 4 MiB, so that a 4 GiB machine boots in a moment.
 *
 * Deviations:
 *  A. Zones have no holes: spanned = present.  Real PCs lose pages to firmware and devices.
 *  B. Pages come to the buddy in one go; the recorded kernel (DEFERRED_STRUCT_PAGE_INIT) hands
 *     the top of memory over later.
 *
 * Source: Linux 6.1.192 mm/memblock.c: memblock_free_all, __free_memory_core;
 * mm/page_alloc.c: free_area_init, memmap_init_range, __free_pages_core.
 */
#include "mm/init.h"

#include "mm/internal.h"

#include <string.h>

enum { TAG_FRAMES = 1, TAG_BLOCKS = 2 };

static void init_zone(struct la_mm *mm, const struct la_zone_setup *setup)
{
    struct la_zone *zone = &mm->zone[mm->nr_zones];

    zone->index = mm->nr_zones++;
    zone->type = (uint8_t)setup->type;
    zone->node = (uint8_t)setup->node;
    zone->start_pfn = setup->start_pfn;
    zone->spanned = zone->present = setup->pages;
    la_list_init(&zone->lru);
    for (uint32_t order = 0; order < LA_MAX_ORDER; order++)
        for (uint32_t mt = 0; mt < LA_NR_MIGRATETYPES; mt++)
            la_list_init(&zone->free_area[order].list[mt]);
    for (uint32_t cpu = 0; cpu < LA_MAX_CPUS; cpu++) {
        zone->pcp[cpu].batch = 1;
        for (uint32_t i = 0; i < LA_NR_PCP_LISTS; i++)
            la_list_init(&zone->pcp[cpu].list[i]);
    }
}

static void init_nodes(struct la_mm *mm, const struct la_mm_setup *setup)
{
    mm->nr_nodes = (uint8_t)setup->nr_nodes;
    mm->nr_cpus = (uint8_t)setup->nr_cpus;
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        for (uint32_t m = 0; m < mm->nr_nodes; m++)
            mm->node[n].distance[m] = n == m ? 10 : 20;
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        struct la_context *context = &mm->context[cpu];

        mm->cpu_node[cpu] = setup->cpu_node[cpu];
        mm->node[mm->cpu_node[cpu]].nr_cpus++;
        context->pid = 100 + cpu;
        memcpy(context->comm, "insmod", sizeof "insmod");
    }
}

static bool init_tables(struct la_mm *mm)
{
    uint32_t blocks = (mm->nr_frames >> mm->pageblock_order) + 1;

    mm->frame_region = la_arena_region(mm->arena, (uint64_t)mm->nr_frames * sizeof(struct la_frame), TAG_FRAMES);
    mm->block_region = la_arena_region(mm->arena, blocks, TAG_BLOCKS);
    if (!mm->frame_region || !mm->block_region)
        return false;
    mm->frame = (struct la_frame *)(void *)mm->frame_region->base;
    mm->block_type = mm->block_region->base;
    memset(mm->block_type, LA_MT_MOVABLE, blocks);
    la_region_touch(mm->block_region, mm->block_type, blocks);
    return true;
}

struct la_mm *la_mm_new(struct la_arena *arena, struct la_trace *trace, const struct la_mm_setup *setup)
{
    static const uint32_t ratio[LA_NR_ZONE_TYPES] = {256, 256, 32, 0, 0, 0};
    struct la_mm *mm = la_arena_hot(arena, sizeof *mm);

    if (!mm)
        return NULL;
    mm->arena = arena;
    mm->trace = trace;
    mm->layout = setup->layout;
    mm->nr_frames = setup->nr_frames;
    mm->pageblock_order = (uint8_t)setup->pageblock_order;
    mm->pcp_enabled = setup->pcp;
    mm->thp = setup->thp;
    mm->user_min_free_kbytes = -1;
    mm->watermark_scale_factor = 10;
    mm->watermark_boost_factor = 15000;
    memcpy(mm->lowmem_reserve_ratio, ratio, sizeof ratio);
    mm->gfp_allowed_mask =
        LA_GFP_6_1_BITS & ~(la_gfp_t)(LA_GFP_DIRECT_RECLAIM | LA_GFP_KSWAPD_RECLAIM | LA_GFP_IO | LA_GFP_FS);
    mm->kind = LA_FRAME_KERNEL;
    init_nodes(mm, setup);
    for (uint32_t z = 0; z < setup->nr_zones; z++) {
        mm->zone_types |= (uint8_t)(1u << setup->zone[z].type);
        init_zone(mm, &setup->zone[z]);
    }
    return init_tables(mm) ? mm : NULL;
}

/* The largest aligned block that starts at @pfn and ends at or before @end. */
static uint32_t fitting_order(uint32_t pfn, uint32_t end)
{
    uint32_t order = 0;

    while (order < LA_MAX_ORDER - 1 && (pfn & ((2u << order) - 1)) == 0 && pfn + (2u << order) <= end)
        order++;
    return order;
}

void la_mm_reserve(struct la_mm *mm, uint32_t pfn, uint32_t end)
{
    while (pfn < end) {
        const struct la_zone *zone = la_page_zone(mm, pfn);
        uint32_t order = fitting_order(pfn, end < la_zone_end(zone) ? end : la_zone_end(zone));
        struct la_frame *frame = la_frame_write(mm, pfn);

        frame->kind = LA_FRAME_RESERVED;
        frame->order = (uint8_t)order;
        frame->zone = zone->index;
        frame->refcount = 1;
        la_note_block(mm, pfn, order);
        pfn += 1u << order;
    }
}

void la_mm_release(struct la_mm *mm, uint32_t pfn, uint32_t end)
{
    while (pfn < end) {
        struct la_zone *zone = la_page_zone(mm, pfn);
        uint32_t order = fitting_order(pfn, end < la_zone_end(zone) ? end : la_zone_end(zone));

        zone->managed += 1u << order;
        la_free_one_page(mm, zone, pfn, order, la_pageblock_type(mm, pfn), true);
        pfn += 1u << order;
    }
}

/*
 * With less than one pageblock for each type, grouping by mobility would only scatter: the kernel
 * gives it up.  Pageblocks were marked movable before that, so the first requests still take
 * movable blocks over.  Source: Linux 6.1.192 mm/page_alloc.c: build_all_zonelists.
 */
static bool too_small_for_mobility(const struct la_mm *mm)
{
    uint64_t managed = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        managed += mm->zone[z].managed;
    return managed < (uint64_t)LA_NR_MIGRATETYPES << mm->pageblock_order;
}

void la_mm_start(struct la_mm *mm)
{
    la_build_zonelists(mm);
    mm->mobility_off = too_small_for_mobility(mm);
    la_init_min_free_kbytes(mm);
    mm->gfp_allowed_mask = LA_GFP_6_1_BITS;
}

/* ---- what fills the memory of a machine that has been running for a while ---- */

uint32_t la_mm_fill_cache(struct la_mm *mm, uint32_t pages, bool dirty)
{
    uint32_t got = 0, owner = mm->owner;
    uint8_t kind = mm->kind;

    mm->owner = 0;
    mm->kind = LA_FRAME_PAGE_CACHE;
    while (got < pages) {
        uint32_t pfn = la_alloc_pages(mm, (LA_GFP_HIGHUSER_MOVABLE | LA_GFP_NOWARN) & ~(la_gfp_t)0xC00, 0, LA_NO_NODE);

        if (pfn == LA_NO_PFN)
            break;
        struct la_frame *frame = la_frame_write(mm, pfn);
        struct la_zone *zone = &mm->zone[frame->zone];

        frame->flags |= (uint8_t)(LA_FRAME_F_LRU | (dirty ? LA_FRAME_F_DIRTY : 0));
        la_list_add_head(mm, &zone->lru, pfn);
        zone->nr_file++;
        zone->nr_dirty += dirty;
        got++;
    }
    mm->owner = owner;
    mm->kind = kind;
    return got;
}

struct la_process *la_mm_add_process(struct la_mm *mm, const char *name, uint32_t pages)
{
    struct la_process *process = &mm->process[mm->nr_processes];
    uint32_t owner = mm->owner;
    uint8_t kind = mm->kind;
    size_t len = strlen(name);

    if (mm->nr_processes == LA_MAX_PROCESSES)
        return NULL;
    memcpy(process->name, name, len < sizeof process->name ? len : sizeof process->name - 1);
    process->pid = 1000 + mm->nr_processes;
    process->alive = true;
    la_list_init(&process->frames);
    mm->owner = 0;
    mm->kind = LA_FRAME_PROCESS;
    while (process->pages < pages) {
        uint32_t pfn = la_alloc_pages(mm, (LA_GFP_HIGHUSER_MOVABLE | LA_GFP_NOWARN) & ~(la_gfp_t)0xC00, 0, LA_NO_NODE);

        if (pfn == LA_NO_PFN)
            break;
        struct la_frame *frame = la_frame_write(mm, pfn);

        frame->use = mm->nr_processes;
        frame->flags |= LA_FRAME_F_LRU;
        la_list_add_tail(mm, &process->frames, pfn);
        mm->zone[frame->zone].nr_anon++;
        process->pages++;
    }
    mm->nr_processes++;
    mm->owner = owner;
    mm->kind = kind;
    return process;
}
