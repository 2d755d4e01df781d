/*
 * page_free.c: giving pages back, and what happens when that is done wrong.
 *
 *     __free_pages(page, order)
 *        refcount 1 -> 0:  per-CPU list (orders 0..3, huge) or buddy lists
 *        refcount 2 -> 1:  someone else still uses it
 *        refcount 0 -> -1: freed twice.  The kernel says nothing now; when the page is next handed
 *                          from list to list it finds the count, prints and drops the page
 *
 * The frame table knows who owns every page, which the kernel does not: so every misuse is
 * reported at once, with what the real kernel would do about it.
 *
 * Invariant: la_mm.nr_misfreed counts the frames whose refcount is below 0.
 * Cost: constant, plus one frame per page when a misuse has to be looked into.
 *
 * Deviations:
 *  A. Where the real kernel would put the same page on two lists (second free of a block of order
 *     > 0, a free with a bigger order over pages that are on free lists), the lists stay sound
 *     here: the report says what would be corrupted.
 *  B. Bad-page reports are not limited to 60 a minute.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: __free_pages, free_unref_page, free_pages_prepare,
 * bad_page, check_new_page_bad, split_page, make_alloc_exact.
 */
#include "mm/internal.h"

#include <assert.h>

static const char silent[] = "The real kernel says nothing here.";

/* ---- bad pages ---- */

static void oops_on_page(struct la_mm *mm, const char *format, uint32_t pfn, const char *why, const char *note)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "%s", format);
    la_buf_printf(&text, "pfn:%05x", (unsigned)pfn);
    if (why)
        la_buf_printf(&text, "%s", why);
    la_oops(mm, la_buf_str(&text), note);
    la_buf_free(&text);
}

void la_bad_page(struct la_mm *mm, uint32_t pfn, const char *reason)
{
    struct la_buf text;
    struct la_frame *frame = la_frame_write(mm, pfn);

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "BUG: Bad page state in process %s  pfn:%05x\npage dumped because: %s",
                  la_mm_current(mm)->comm, (unsigned)pfn, reason);
    la_oops(mm, la_buf_str(&text), "The kernel prints this, never uses the page again and goes on (taint B).");
    la_buf_free(&text);
    if (frame->refcount < 0) {
        mm->nr_misfreed--;
        frame->refcount = 0;
    }
}

bool la_drop_bad_block(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    bool bad = false;

    for (uint32_t i = 0; i < 1u << order; i++) {
        if (mm->frame[pfn + i].refcount >= 0)
            continue;
        la_bad_page(mm, pfn + i, "nonzero _refcount");
        bad = true;
    }
    if (bad) {
        la_frame_write(mm, pfn)->kind = LA_FRAME_BAD;
        la_note_block(mm, pfn, order);
    }
    return bad;
}

/* ---- the normal way ---- */

void la_free_the_page(struct la_mm *mm, uint32_t pfn, uint32_t order, bool cold)
{
    struct la_zone *zone = &mm->zone[mm->frame[pfn].zone];

    mm->vm_event[LA_VM_PGFREE] += UINT64_C(1) << order;
    la_note_block(mm, pfn, order);
    if (la_pcp_allowed(mm, order))
        la_pcp_free(mm, zone, pfn, order, cold);
    else
        la_free_one_page(mm, zone, pfn, order, la_pageblock_type(mm, pfn), false);
}

/* ---- misuse ---- */

static void count_below_zero(struct la_mm *mm, uint32_t pfn)
{
    struct la_frame *frame = la_frame_write(mm, pfn);

    if (frame->refcount == 0) {
        frame->refcount = -1;
        mm->nr_misfreed++;
    }
    la_note_block(mm, pfn, 0);
}

static void freed_twice(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    oops_on_page(mm, "double free of page ", pfn, NULL,
                 order == 0
                     ? "The real kernel says nothing: the count goes from 0 to -1 and the page is not freed again. "
                       "When it next leaves its list: BUG: Bad page state, nonzero _refcount, and the page is lost."
                     : "The real kernel says nothing and frees the rest of the block again: the same pages are "
                       "then on the free lists twice. Here the lists are kept sound.");
    count_below_zero(mm, pfn);
}

/* Is @kind something that a program may give back with free_pages? */
static bool freeable(uint8_t kind)
{
    return kind == LA_FRAME_KERNEL || kind == LA_FRAME_POOL;
}

/* Only the first pages of a block: the others stay in use for ever, in pieces nobody knows. */
static void free_too_small(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    uint32_t real = mm->frame[pfn].order;

    oops_on_page(mm, "free of too small an order: ", pfn, ", the rest of the block leaks", silent);
    for (uint32_t o = order; o < real; o++) {
        struct la_frame *piece = la_frame_write(mm, pfn + (1u << o));

        piece->kind = mm->frame[pfn].kind;
        piece->order = (uint8_t)o;
        piece->zone = mm->frame[pfn].zone;
        piece->owner = mm->frame[pfn].owner;
        piece->flags = 0;
    }
    struct la_frame *frame = la_frame_write(mm, pfn);

    frame->order = (uint8_t)order;
    frame->refcount = 0;
    la_note_block(mm, pfn, real);
    la_free_the_page(mm, pfn, order, false);
}

/* The neighbours are freed along; what they are decides whether the kernel notices. */
static void free_too_big(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    uint32_t real = mm->frame[pfn].order, end = pfn + (1u << order);
    const struct la_zone *zone = &mm->zone[mm->frame[pfn].zone];
    bool noticed = (pfn & ((1u << order) - 1)) != 0;

    oops_on_page(mm, "free of too big an order: ", pfn, ", pages of others would be freed along",
                 "The real kernel frees the neighbours too, unless one of them looks in use.");
    for (uint32_t at = pfn + (1u << real); at < end && la_zone_contains(zone, at); at++) {
        if (mm->frame[at].refcount > 0 || mm->frame[at].kind == LA_FRAME_FREE) {
            la_bad_page(mm, at, mm->frame[at].kind == LA_FRAME_FREE ? "nonzero mapcount" : "nonzero _refcount");
            noticed = true;
        }
    }
    struct la_frame *frame = la_frame_write(mm, pfn);

    frame->refcount = 0;
    if (!noticed) {
        la_free_the_page(mm, pfn, real, false);
        return;
    }
    frame->kind = LA_FRAME_BAD;
    la_note_block(mm, pfn, real);
}

static void misuse(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    struct la_frame head;

    if (pfn >= mm->nr_frames || order >= LA_MAX_ORDER) {
        la_oops(mm, "free of something that is not a page of this machine",
                "The real kernel would follow a wild pointer: most likely a page fault oops.");
        return;
    }
    head = mm->frame[la_frame_head(mm, pfn)];
    if (head.kind == LA_FRAME_FREE || head.kind == LA_FRAME_PCP) {
        freed_twice(mm, pfn, order);
    } else if (head.kind == LA_FRAME_BAD) {
        oops_on_page(mm, "free of a page the kernel has given up: ", pfn, NULL, silent);
    } else if (head.kind == LA_FRAME_RESERVED) {
        la_bad_page(mm, pfn, "PAGE_FLAGS_CHECK_AT_FREE flag(s) set");
    } else if (!freeable(head.kind)) {
        oops_on_page(mm, "free of a page that is not yours: ", pfn, NULL,
                     "The real kernel drops a reference it does not own; the page's user then works on freed memory.");
    } else if (mm->frame[pfn].kind == LA_FRAME_TAIL || mm->frame[pfn].refcount <= 0) {
        oops_on_page(mm, "free of a page inside a block: ", pfn, NULL,
                     "The real kernel says nothing: the count of this page goes from 0 to -1. "
                     "A block is freed by its first page and its order.");
        count_below_zero(mm, pfn);
    } else if (order < head.order) {
        free_too_small(mm, pfn, order);
    } else {
        free_too_big(mm, pfn, order);
    }
}

/* ---- entries ---- */

static void free_pages(struct la_mm *mm, uint32_t pfn, uint32_t order, bool cold)
{
    if (pfn >= mm->nr_frames || mm->frame[pfn].order != order || !freeable(mm->frame[pfn].kind) ||
        mm->frame[pfn].refcount <= 0) {
        misuse(mm, pfn, order);
        return;
    }
    struct la_frame *frame = la_frame_write(mm, pfn);

    LA_TRACE(mm->trace, FREE_REQUEST, pfn, order, frame->zone);
    if (--frame->refcount == 0)
        la_free_the_page(mm, pfn, order, cold);
    else
        la_note_block(mm, pfn, order);
}

void la_free_pages(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    free_pages(mm, pfn, order, false);
}

void la_free_hot_cold_page(struct la_mm *mm, uint32_t pfn, bool cold)
{
    free_pages(mm, pfn, 0, cold);
}

void la_split_page(struct la_mm *mm, uint32_t pfn, uint32_t order)
{
    struct la_frame head = mm->frame[pfn];

    if (head.refcount != 1 || head.order != order || !freeable(head.kind)) {
        oops_on_page(mm, "split_page of something that is not a block of this order: ", pfn, NULL,
                     "VM_BUG_ON with CONFIG_DEBUG_VM; otherwise the real kernel sets the counts of wrong pages.");
        return;
    }
    LA_TRACE(mm->trace, SPLIT_PAGE, pfn, order);
    for (uint32_t i = 0; i < 1u << order; i++) {
        struct la_frame *frame = la_frame_write(mm, pfn + i);

        frame->kind = head.kind;
        frame->order = 0;
        frame->zone = head.zone;
        frame->owner = head.owner;
        frame->use = head.use;
        frame->refcount = 1;
        frame->flags = (uint8_t)((head.flags & ~LA_FRAME_F_COMPOUND) | LA_FRAME_F_SPLIT);
    }
    la_note_block(mm, pfn, order);
}

uint32_t la_alloc_pages_exact(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp)
{
    uint32_t order = la_get_order(bytes);
    uint32_t wanted = (uint32_t)((bytes + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT);

    if ((gfp & (LA_GFP_COMP | LA_GFP_HIGHMEM)) && la_warn_once(mm, LA_WARNED_EXACT))
        la_warning(mm, "WARNING: alloc_pages_exact with __GFP_COMP or __GFP_HIGHMEM", "Both bits are dropped.");
    gfp &= ~(la_gfp_t)(LA_GFP_COMP | LA_GFP_HIGHMEM);
    uint32_t pfn = la_alloc_pages(mm, gfp, order, LA_NO_NODE);

    if (pfn == LA_NO_PFN)
        return LA_NO_PFN;
    la_split_page(mm, pfn, order);
    for (uint32_t i = wanted; i < 1u << order; i++) {
        struct la_zone *zone = &mm->zone[mm->frame[pfn + i].zone];

        la_frame_write(mm, pfn + i)->refcount = 0;
        mm->vm_event[LA_VM_PGFREE]++;
        la_free_one_page(mm, zone, pfn + i, 0, la_pageblock_type(mm, pfn + i), true);
    }
    return pfn;
}

void la_free_pages_exact(struct la_mm *mm, uint32_t pfn, uint64_t bytes)
{
    for (uint32_t i = 0; i < (bytes + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT; i++)
        free_pages(mm, pfn + i, 0, false);
}
