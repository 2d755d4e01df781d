/*
 * internal.h: what the files of core/mm share among themselves, and the list of frames.
 *
 * A list is a pair of pfns; the links lie in the frames on it.  All writes to frames go through
 * la_frame_write(), so that keyframes see them.
 *
 *     list.head -> frame 12 -> frame 40 -> frame 8 <- list.tail
 *
 * Source: Linux 6.1.192 mm/internal.h.
 */
#ifndef LA_MM_INTERNAL_H
#define LA_MM_INTERNAL_H

#include "base/bits.h"
#include "mm/mm.h"

/* How an allocation may use a zone (values as in 6.1 mm/internal.h). */
enum la_alloc_flags {
    LA_ALLOC_WMARK_MIN = LA_WMARK_MIN,
    LA_ALLOC_WMARK_LOW = LA_WMARK_LOW,
    LA_ALLOC_WMARK_HIGH = LA_WMARK_HIGH,
    LA_ALLOC_WMARK_MASK = 0x3,
    LA_ALLOC_NO_WATERMARKS = 0x4,
    LA_ALLOC_OOM = 0x8,
    LA_ALLOC_NON_BLOCK = 0x10,
    LA_ALLOC_MIN_RESERVE = 0x20,
    LA_ALLOC_CPUSET = 0x40,
    LA_ALLOC_NOFRAGMENT = 0x100,
    LA_ALLOC_HIGHATOMIC = 0x200,
    LA_ALLOC_KSWAPD = 0x800,
    LA_ALLOC_RESERVES = LA_ALLOC_NON_BLOCK | LA_ALLOC_MIN_RESERVE | LA_ALLOC_HIGHATOMIC | LA_ALLOC_OOM
};

enum { LA_COSTLY_ORDER = 3, LA_SWAP_CLUSTER_MAX = 32, LA_MAX_RECLAIM_RETRIES = 16, LA_HZ = 250 };

/* WARN_ON_ONCE sites: bits of la_mm.warned */
enum {
    LA_WARNED_ORDER = 1, LA_WARNED_ATOMIC_RECLAIM = 2, LA_WARNED_NOFAIL_ORDER = 4, LA_WARNED_NOFAIL_ATOMIC = 8,
    LA_WARNED_EXACT = 16, LA_WARNED_MOBILITY = 32, LA_WARNED_NOFAIL_MEMALLOC = 64,
    LA_WARNED_VMALLOC_ZERO = 1 << 16, LA_WARNED_PERCPU = 1 << 17, LA_WARNED_IORAM = 1 << 18,
    LA_WARNED_RCU_SWITCH = 1 << 19
};

/* One request on its way through the allocator. */
struct la_request {
    la_gfp_t gfp;
    uint32_t order;
    uint32_t alloc_flags;
    enum la_zone_type highest;       /* highest zone type allowed */
    enum la_migratetype migratetype;
    const struct la_zonelist *zonelist;
    struct la_zone *preferred;       /* first zone of the list that is allowed, or NULL */
};

/* ---- lists of frames ---- */

static inline void la_list_init(struct la_list *list)
{
    list->head = list->tail = LA_NO_PFN;
}

static inline bool la_list_empty(const struct la_list *list)
{
    return list->head == LA_NO_PFN;
}

static inline void la_list_add_head(struct la_mm *mm, struct la_list *list, uint32_t pfn)
{
    struct la_frame *frame = la_frame_write(mm, pfn);

    frame->prev = LA_NO_PFN;
    frame->next = list->head;
    if (list->head == LA_NO_PFN)
        list->tail = pfn;
    else
        la_frame_write(mm, list->head)->prev = pfn;
    list->head = pfn;
}

static inline void la_list_add_tail(struct la_mm *mm, struct la_list *list, uint32_t pfn)
{
    struct la_frame *frame = la_frame_write(mm, pfn);

    frame->next = LA_NO_PFN;
    frame->prev = list->tail;
    if (list->tail == LA_NO_PFN)
        list->head = pfn;
    else
        la_frame_write(mm, list->tail)->next = pfn;
    list->tail = pfn;
}

static inline void la_list_del(struct la_mm *mm, struct la_list *list, uint32_t pfn)
{
    const struct la_frame *frame = &mm->frame[pfn];

    if (frame->prev == LA_NO_PFN)
        list->head = frame->next;
    else
        la_frame_write(mm, frame->prev)->next = frame->next;
    if (frame->next == LA_NO_PFN)
        list->tail = frame->prev;
    else
        la_frame_write(mm, frame->next)->prev = frame->prev;
}

/* ---- contents of frames: page.c has the picture ---- */

/** The page behind la_frame.content, which must not be 0. */
static inline unsigned char *la_content_at(const struct la_mm *mm, uint32_t content)
{
    uint32_t slot = content - 1;

    return mm->content_region[slot / LA_CONTENT_SLOTS]->base + (slot % LA_CONTENT_SLOTS) * (size_t)LA_PAGE_SIZE;
}

/** The same for writing: marks it changed for keyframes. */
static inline unsigned char *la_content_write(const struct la_mm *mm, uint32_t content)
{
    _Static_assert((int)LA_PAGE_SIZE == (int)LA_CHUNK_BYTES, "a page is a chunk");
    const struct la_region *region = mm->content_region[(content - 1) / LA_CONTENT_SLOTS];
    uint32_t i = (content - 1) % LA_CONTENT_SLOTS;

    region->dirty[i] = 1;
    return region->base + i * (size_t)LA_PAGE_SIZE;
}

/* ---- buddy.c ---- */

/** Put the block @pfn on the free lists as type @mt, merging with its buddies; counts it free. */
void la_free_one_page(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order, enum la_migratetype mt,
                      bool to_tail);
/** Put a block on the tail of list @mt without merging (replays restore recorded lists); counts it free. */
void la_restore_free_block(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order, enum la_migratetype mt);
/** Take a block from list @mt of the smallest order that has one, split; LA_NO_PFN when none.  Not counted. */
uint32_t la_rmqueue_smallest(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt);
/** Move a free block to the tail of the list of type @mt (same order). */
void la_move_to_free_list(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, enum la_migratetype mt);
/** Take one particular free block off its list (compaction); counts it no longer free. */
void la_take_free_block(struct la_mm *mm, struct la_zone *zone, uint32_t pfn);

/* ---- fallback.c ---- */

/** Own type first, then other types: LA_NO_PFN when the zone has nothing.  Not counted. */
uint32_t la_rmqueue_types(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt,
                          uint32_t alloc_flags);
/** Turn the pageblock of @pfn, just given to an atomic request, into a HIGHATOMIC one, if there may be more. */
void la_reserve_highatomic(struct la_mm *mm, struct la_zone *zone, uint32_t pfn);
/** Give one HIGHATOMIC pageblock back to @request's type; true when free pages moved. */
bool la_unreserve_highatomic(struct la_mm *mm, const struct la_request *request, bool force);
/** Set the type of a pageblock and say so. */
void la_set_pageblock_type(struct la_mm *mm, uint32_t pfn, enum la_migratetype mt);

/* ---- pcp.c ---- */

/** True when blocks of @order go through the per-CPU lists of this machine. */
bool la_pcp_allowed(const struct la_mm *mm, uint32_t order);
/** A block from the running CPU's list, refilled if empty; LA_NO_PFN when the zone has none. */
uint32_t la_rmqueue_pcp(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt,
                        uint32_t alloc_flags, bool cold);
/** Put a block on the running CPU's list; gives some back to the buddy when it is full. */
void la_pcp_free(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order, bool cold);
/** Empty the lists of one CPU in one zone. */
void la_pcp_drain(struct la_mm *mm, struct la_zone *zone, uint32_t cpu);
/** Work batch and high out again from managed pages and the low mark. */
void la_pcp_setup(struct la_mm *mm, struct la_zone *zone);

/* ---- vmstat.c ---- */

/** NR_FREE_PAGES changes by @pages: exact count at once, the global counter when the CPU folds. */
void la_mod_free_pages(struct la_mm *mm, struct la_zone *zone, int32_t pages);
/** The same while kswapd runs (calculate_pressure_threshold). */
uint32_t la_pressure_stat_threshold(const struct la_mm *mm, const struct la_zone *zone);
/** Fold all CPUs' deltas into the zone's counter (vmstat_update). */
void la_fold_stats(struct la_mm *mm, struct la_zone *zone);

/* ---- watermark.c ---- */

/** min_free_kbytes from memory size, and what THP makes of it. */
void la_init_min_free_kbytes(struct la_mm *mm);
uint32_t la_calculate_min_free_kbytes(const struct la_mm *mm);
/** Recompute lowmem_reserve[] of all zones. */
void la_setup_lowmem_reserve(struct la_mm *mm);
/** The full check of __zone_watermark_ok on @free pages. */
bool la_watermark_ok(const struct la_zone *zone, uint32_t order, uint32_t mark, enum la_zone_type highest,
                     uint32_t alloc_flags, int64_t free);
/** zone_watermark_fast: may @request take from @zone now?  Reports the decision. */
bool la_watermark_fast(struct la_mm *mm, struct la_zone *zone, const struct la_request *request);
/** What must stay free in @zone: the mark after all adjustments, without lowmem_reserve. */
int64_t la_watermark_min(uint32_t mark, uint32_t alloc_flags);

/* ---- numa.c ---- */

/** Build the zonelists of all nodes. */
void la_build_zonelists(struct la_mm *mm);
/** Count where an allocation came from (numa_hit, …). */
void la_count_numa(struct la_mm *mm, struct la_zone *preferred, struct la_zone *zone);
/** The zonelist for @gfp as seen from @nid. */
const struct la_zonelist *la_node_zonelist(const struct la_mm *mm, uint32_t nid, la_gfp_t gfp);

/* ---- page_alloc.c ---- */

/** gfp_zone: the highest zone type a mask allows on this configuration. */
enum la_zone_type la_gfp_zone(const struct la_mm *mm, la_gfp_t gfp);
/** get_page_from_freelist: the first zone that passes its mark and has a block. */
uint32_t la_get_page_from_freelist(struct la_mm *mm, struct la_request *request);
/** prep_new_page: @pfn just left a list of @zone; it becomes @request's. */
void la_prep_new_page(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, const struct la_request *request);
/** Fill in what does not change during a request; false when the machine has no zone for it. */
bool la_prepare_request(struct la_mm *mm, struct la_request *request, la_gfp_t gfp, uint32_t order, uint32_t nid);
/**
 * alloc_pages_bulk (bulk.c): up to @nr single pages in one go, appended to @list.
 * Return: how many; at least one unless memory is really out.
 */
uint32_t la_alloc_pages_bulk(struct la_mm *mm, la_gfp_t gfp, uint32_t nr, struct la_list *list);
/** The slow path (slowpath.c). */
uint32_t la_alloc_pages_slowpath(struct la_mm *mm, struct la_request *request);

/* ---- page_free.c ---- */

/** Free a block whose refcount is already 0. */
void la_free_the_page(struct la_mm *mm, uint32_t pfn, uint32_t order, bool cold);
/** Drop a block that holds a page freed twice (refcount below 0); false when all its pages are sound. */
bool la_drop_bad_block(struct la_mm *mm, uint32_t pfn, uint32_t order);
/** BUG: Bad page state: report and drop the frame for good. */
void la_bad_page(struct la_mm *mm, uint32_t pfn, const char *reason);

/* ---- kswapd.c, reclaim.c, compaction.c, oom.c ---- */

void la_wake_all_kswapds(struct la_mm *mm, const struct la_request *request);
void la_wakeup_kswapd(struct la_mm *mm, const struct la_zone *zone, uint32_t order, enum la_zone_type highest);
/** One tick of kswapd on every node that is awake. */
void la_kswapd_tick(struct la_mm *mm);
/** Free up to @target page-cache pages of zones <= @highest on @node (LA_NO_NODE = all). */
uint32_t la_shrink_zones(struct la_mm *mm, int32_t node, enum la_zone_type highest, la_gfp_t gfp, uint32_t target,
                         uint32_t *scanned);
/** One round of direct reclaim; returns pages freed. */
uint32_t la_direct_reclaim(struct la_mm *mm, const struct la_request *request);
/** Pages that reclaim could free in @zone with this mask. */
uint32_t la_zone_reclaimable(const struct la_mm *mm, const struct la_zone *zone, la_gfp_t gfp);
enum la_compact_result { LA_COMPACT_SKIPPED, LA_COMPACT_FAILED, LA_COMPACT_SUCCESS };
/** Try to make one free block of the request's order by moving pages. */
enum la_compact_result la_compact(struct la_mm *mm, const struct la_request *request);
/** Kill a process; true when one was found. */
bool la_out_of_memory(struct la_mm *mm);
/** Report that there is nobody to kill and stop the program; returns true. */
bool la_no_killable(struct la_mm *mm);
/** Give all frames of a process back. */
void la_process_exit(struct la_mm *mm, struct la_process *process);

/* ---- reports (report.c) ---- */

/** A WARN of the kernel: @text is its words, @note what it means. */
void la_warning(struct la_mm *mm, const char *text, const char *note);
/** True the first time for @site (WARN_ON_ONCE). */
bool la_warn_once(struct la_mm *mm, uint32_t site);
/** warn_alloc: the page allocation failure report. */
void la_warn_alloc(struct la_mm *mm, const struct la_request *request);
/** Texts as fields of events; only to be called when mm->trace->on. */
void la_then_now(struct la_mm *mm, const char *name, const char *then, const char *now);

#endif
