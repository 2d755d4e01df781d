/*
 * arena.h: one place that holds everything a simulated machine is, and can go back in time.
 *
 * The arena is a list of regions that never move, so pointers between them stay right when an
 * older content is put back.  A keyframe is a cheap picture of all regions: it shares every
 * 4 KiB chunk that did not change with the keyframe before it.
 *
 *     region   |chunk|chunk|chunk| … |chunk|        bytes the machine works on
 *     dirty    |  0  |  1  |  0  | … |  0  |        1 = written since the last save or restore
 *     synced    [group of 64]-> chunk copies         what the clean chunks are known to equal
 *                   ^   ^
 *     keyframe 1 ---'   |                            groups and chunk copies are shared and
 *     keyframe 2 -------'                            counted; NULL is "all zero"
 *
 * Invariant: a chunk that is not dirty equals its synced copy.
 * Cost: save and restore touch the chunks that changed and one pointer a group (256 KiB).
 *
 * Two ways to hold state:
 *   hot       small state that is written everywhere: compared byte by byte at each save
 *   regions   large state: the writer says what it wrote, la_region_touch()
 * A forgotten touch breaks going back; la_arena_find_untouched() finds one, tests call it.
 */
#ifndef LA_BASE_ARENA_H
#define LA_BASE_ARENA_H

#include "base/host.h"

#include <stdbool.h>
#include <stdint.h>

enum { LA_CHUNK_SHIFT = 12, LA_CHUNK_BYTES = 1 << LA_CHUNK_SHIFT, LA_GROUP_CHUNKS = 64 };

struct la_arena;
struct la_keyframe;
struct la_group;

struct la_region {
    struct la_arena *arena;
    struct la_region *next;
    unsigned char *base;         /* page-sized chunks, zeroed at first; never moves */
    uint8_t *dirty;              /* one byte a chunk */
    struct la_group **synced;    /* one a group; NULL = 64 zero chunks */
    uint32_t nr_chunks;          /* a multiple of LA_GROUP_CHUNKS only in dirty[] and synced[] */
    uint32_t nr_groups;
    uint32_t used_bytes;         /* hot regions: bytes handed out; part of a keyframe */
    uint32_t tag;                /* the creator's, handed to la_arena_restore's callback */
    bool hot;
};

/** A new arena that may hold at most @limit_bytes of state (keyframes not counted), or NULL. */
struct la_arena *la_arena_new(const struct la_host *host, uint64_t limit_bytes);
/** Free the arena and all its regions.  Keyframes must have been freed before. */
void la_arena_free(struct la_arena *arena);
/** The host the arena takes memory from. */
const struct la_host *la_arena_host(const struct la_arena *arena);

/** Zeroed memory of @bytes for small, often written state; 16-byte aligned; NULL at the limit. */
void *la_arena_hot(struct la_arena *arena, uint32_t bytes);

/**
 * A region of @bytes (rounded up to chunks), zeroed, whose writers call la_region_touch().
 * NULL at the limit.  @tag is yours.  A region made after a keyframe is undone when that is
 * restored; asking for the same again hands it out again, zeroed.
 */
struct la_region *la_arena_region(struct la_arena *arena, uint64_t bytes, uint32_t tag);

/** Say that the bytes @ptr..@ptr+@len of @region were or will be written before the next save. */
static inline void la_region_touch(struct la_region *region, const void *ptr, uint32_t len)
{
    uint32_t offset = (uint32_t)((const unsigned char *)ptr - region->base);
    uint32_t end = (offset + len + LA_CHUNK_BYTES - 1) >> LA_CHUNK_SHIFT; /* the chunk after the last one; len may be 0 */

    for (uint32_t c = offset >> LA_CHUNK_SHIFT; c < end; c++)
        region->dirty[c] = 1;
}

/** Remember the content now.  NULL when host memory is out.  Free with la_keyframe_free. */
struct la_keyframe *la_arena_save(struct la_arena *arena);

/**
 * Put the content of @keyframe back.  @changed (may be NULL) is called for each chunk of a
 * region (not of hot state) whose bytes were put back: region, first byte, length.
 */
void la_arena_restore(struct la_arena *arena, const struct la_keyframe *keyframe,
                      void (*changed)(void *ctx, const struct la_region *region, uint32_t offset, uint32_t bytes),
                      void *ctx);

/** Forget a keyframe.  NULL is allowed. */
void la_keyframe_free(struct la_arena *arena, struct la_keyframe *keyframe);

/** Bytes of state, and bytes of chunk copies that keyframes hold. */
uint64_t la_arena_bytes(const struct la_arena *arena);
uint64_t la_arena_keyframe_bytes(const struct la_arena *arena);

/** A chunk that is marked clean but differs from its synced copy (a forgotten touch), or NULL. */
const void *la_arena_find_untouched(const struct la_arena *arena);

#endif
