/*
 * frames.c: frames as runs of equal blocks.
 *
 *     pfn    0 1 2 3 4 5 6 7 8
 *            |K|K|K|F|F    |K      K = order 0, kernel; F = free
 *     runs   [0,3,0,K] [3,1,0,F] [4,1,1,F]…
 *
 * A run is cut where order, kind, migratetype or flags change, and at zone borders.
 */
#include "view/view.h"

#include <stdlib.h>

enum { FLAG_PFMEMALLOC = 1, FLAG_KMAP = 2, FLAG_BAD = 4 };

struct runs {
    const struct la_mm *mm;
    struct la_json *w;
    struct la_run run; /* the one being extended; blocks 0 = none */
    uint32_t done;     /* frames below this one are written: ranges may share a large block */
};

static void write_run(struct runs *r)
{
    const struct la_run *run = &r->run;

    if (run->blocks == 0)
        return;
    la_json_arr(r->w);
    la_json_uint(r->w, run->pfn);
    la_json_uint(r->w, run->blocks);
    la_json_uint(r->w, run->order);
    la_json_uint(r->w, run->kind);
    la_json_uint(r->w, run->mt);
    la_json_uint(r->w, run->flags);
    la_json_end(r->w);
    r->run.blocks = 0;
}

static struct la_run describe(const struct la_mm *mm, uint32_t pfn)
{
    const struct la_frame *frame = &mm->frame[pfn];
    uint32_t flags = (frame->flags & LA_FRAME_F_PFMEMALLOC ? FLAG_PFMEMALLOC : 0u) | (frame->pkmap ? FLAG_KMAP : 0u) |
                     (frame->kind == LA_FRAME_BAD ? FLAG_BAD : 0u);
    uint32_t mt = frame->kind == LA_FRAME_FREE || frame->kind == LA_FRAME_PCP ? frame->migratetype
                                                                               : (uint32_t)la_pageblock_type(mm, pfn);

    return (struct la_run){pfn, 1, frame->order, frame->kind, mt, flags};
}

static void add_block(struct runs *r, uint32_t pfn)
{
    struct la_run block = describe(r->mm, pfn), *run = &r->run;
    bool alike = run->blocks && run->pfn + (run->blocks << run->order) == pfn && run->order == block.order &&
                 run->kind == block.kind && run->mt == block.mt && run->flags == block.flags;

    if (alike) {
        run->blocks++;
        return;
    }
    write_run(r);
    *run = block;
}

/* The blocks that cover @from..@to-1, a part of one zone. */
static void add_range(struct runs *r, uint32_t from, uint32_t to)
{
    uint32_t pfn = from < r->done ? r->done : la_frame_head(r->mm, from);

    while (pfn < to) {
        add_block(r, pfn);
        pfn += 1u << r->mm->frame[pfn].order;
        r->done = pfn;
    }
}

/* The parts of @from..@to-1 that lie in zones. */
static void add_frames(struct runs *r, uint32_t from, uint32_t to)
{
    for (uint32_t z = 0; z < r->mm->nr_zones; z++) {
        const struct la_zone *zone = &r->mm->zone[z];
        uint32_t a = from > zone->start_pfn ? from : zone->start_pfn;
        uint32_t b = to < la_zone_end(zone) ? to : la_zone_end(zone);

        if (a < b)
            add_range(r, a, b);
        write_run(r);
    }
}

void la_view_all_frames(const struct la_mm *mm, struct la_json *w)
{
    struct runs r = {.mm = mm, .w = w};

    la_json_arr(w);
    add_frames(&r, 0, mm->nr_frames);
    la_json_end(w);
}

static int by_pfn(const void *a, const void *b)
{
    const struct la_frame_note *x = a, *y = b;

    return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

void la_view_some_frames(const struct la_mm *mm, struct la_frame_note *range, uint32_t nr, struct la_json *w)
{
    struct runs r = {.mm = mm, .w = w};

    qsort(range, nr, sizeof *range, by_pfn);
    la_json_arr(w);
    for (uint32_t i = 0; i < nr;) {
        uint32_t from = range[i].pfn, to = from + range[i].nr;

        for (i++; i < nr && range[i].pfn <= to; i++)
            to = range[i].pfn + range[i].nr > to ? range[i].pfn + range[i].nr : to;
        add_frames(&r, from, to < mm->nr_frames ? to : mm->nr_frames);
    }
    la_json_end(w);
}
