/*
 * view.h: the machine's state as JSON, whole or only what changed.
 *
 * A snapshot has sections.  The view remembers, for one machine, the version of each section; a
 * caller who names the versions he has gets the sections that differ.
 *
 *     small sections    written each time, hashed: another hash is another version
 *     frames            the allocators note what they change; the notes are kept with the version
 *                       they made, and a delta shows the blocks around the noted frames
 *
 *       version   41      42           43
 *       notes     [8,1]   [64,4][9,1]  [0,64]     since 41: frames 9, 64..67, 0..63
 *
 * Notes older than the ring reach back no further: then all frames are sent.
 * Cost: small sections are bounded (zones x orders, shown list heads, variables); frames cost what
 * changed.  Nothing here depends on how large the machine is, except the first snapshot.
 */
#ifndef LA_VIEW_VIEW_H
#define LA_VIEW_VIEW_H

#include "base/jsonw.h"
#include "timeline/timeline.h"

enum la_view_section {
    LA_VIEW_MACHINE, LA_VIEW_ZONES, LA_VIEW_FRAMES, LA_VIEW_BUDDY, LA_VIEW_PCP, LA_VIEW_CACHES, LA_VIEW_POOLS,
    LA_VIEW_VMALLOC, LA_VIEW_PAGETABLES, LA_VIEW_PERCPU, LA_VIEW_BOOT, LA_VIEW_CONTEXT, LA_VIEW_PROGRAM,
    LA_VIEW_CONSOLE, LA_VIEW_NR
};

enum { LA_VIEW_NOTES_MAX = 1 << 14, LA_VIEW_LIST_HEADS = 24, LA_VIEW_CONSOLE_LINES = 200, LA_VIEW_VARS_MAX = 400 };

struct la_view_note {
    uint32_t version, pfn, nr;
};

struct la_view {
    const struct la_host *host;
    uint32_t version[LA_VIEW_NR];
    uint64_t hash[LA_VIEW_NR];
    struct la_view_note *note;      /* ring */
    uint32_t first_note, nr_notes;
    uint32_t oldest;                /* frames: a delta can start at this version or later */
    struct la_buf scratch;          /* a section being written */
};

/* The versions a caller has; 0 = none (versions start at 1). */
struct la_view_since {
    uint32_t version[LA_VIEW_NR];
};

/** Get @view ready; false when memory is out. */
bool la_view_init(struct la_view *view, const struct la_host *host);
void la_view_free(struct la_view *view);
/** Take over the change notes of the timeline's trace; call after running and before writing. */
void la_view_collect(struct la_view *view, struct la_trace *trace);
/** Write {section: …} with the sections that differ from @since. */
void la_view_snapshot(struct la_view *view, const struct la_timeline *timeline, const struct la_view_since *since,
                      struct la_json *w);
/** The name of a section: "machine", "zones", … */
const char *la_view_section_name(enum la_view_section section);

/* frames.c */
/* A run of equal blocks, as the protocol's FrameRuns has it. */
struct la_run {
    uint32_t pfn, blocks, order, kind, mt, flags;
};
/** Write all frames of the machine as runs: [[pfn, blocks, order, kind, migratetype, flags], …]. */
void la_view_all_frames(const struct la_mm *mm, struct la_json *w);
/** Write the runs for the frames in @range (sorted or not; it is sorted and merged in place). */
void la_view_some_frames(const struct la_mm *mm, struct la_frame_note *range, uint32_t nr, struct la_json *w);

/* caches.c */
void la_view_caches(const struct la_timeline *timeline, struct la_json *w);
/** The name of the program's or kernel's function at @addr as member @key; "" for 0. */
void la_view_function_name(const struct la_timeline *timeline, uint64_t addr, struct la_json *w, const char *key);

struct la_slab;
struct la_kmem_cache;

/* caches26.c: members of a cache, of a CPU's part of it and of a slab, on machines with the SLAB of 2.6 */
void la_view_cache26(const struct la_timeline *timeline, uint32_t cache, struct la_json *w);
void la_view_array26(const struct la_mm *mm, uint32_t cache, uint32_t cpu, struct la_json *w);
/** The slabs to show, from the heads of partial, free and full; how many (at most @max). */
uint32_t la_view_pick26(const struct la_mm *mm, const struct la_kmem_cache *cache, uint32_t *shown, uint32_t max);
void la_view_slab26(const struct la_mm *mm, const struct la_slab *slab, struct la_json *w);
void la_view_pools(const struct la_timeline *timeline, struct la_json *w);

/* vmalloc.c */
void la_view_vmalloc(const struct la_timeline *timeline, struct la_json *w);
void la_view_pagetables(const struct la_timeline *timeline, struct la_json *w);
/** Write the way from the top page table to @addr, level by level; also for an address that leads nowhere. */
bool la_view_inspect_walk(const struct la_timeline *timeline, uint64_t addr, struct la_json *w);

/* boot.c */
void la_view_boot(const struct la_timeline *timeline, struct la_json *w);

/* percpu.c */
void la_view_percpu(const struct la_timeline *timeline, struct la_json *w);

/* program.c */
void la_view_program(const struct la_timeline *timeline, struct la_json *w);
void la_view_console(const struct la_timeline *timeline, struct la_json *w);
void la_view_context(const struct la_timeline *timeline, struct la_json *w);

/* step.c */
/** Write the step just run as the protocol's Step. */
void la_view_step(struct la_timeline *timeline, struct la_json *w);
/** Write the protocol's Next: the statement to come, or null. */
void la_view_next(const struct la_timeline *timeline, struct la_json *w);

/* inspect.c */
/** Write what frame @pfn is; false when there is no such frame. */
bool la_view_inspect_frame(const struct la_timeline *timeline, uint32_t pfn, struct la_json *w);
/** Write what zone @index is; false when there is none. */
bool la_view_inspect_zone(const struct la_timeline *timeline, uint32_t index, struct la_json *w);
/** Write what lies at @addr: an object of a slab with every byte named, or its frame; false when no memory does. */
bool la_view_inspect_address(const struct la_timeline *timeline, uint64_t addr, struct la_json *w);
/** Write what variable @name is; false when none is in scope. */
bool la_view_inspect_variable(const struct la_timeline *timeline, const char *name, struct la_json *w);

#endif
