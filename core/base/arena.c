/* arena.c: regions, chunk copies and keyframes; arena.h has the picture. */
#include "base/arena.h"

#include <assert.h>
#include <string.h>

enum { HOT_REGION_BYTES = 64 * 1024, HOT_ALIGN = 16 };

struct la_chunk {
    uint32_t refs;
    unsigned char bytes[LA_CHUNK_BYTES];
};

struct la_group {
    uint32_t refs;
    struct la_chunk *chunk[LA_GROUP_CHUNKS]; /* NULL = zero */
};

struct la_arena {
    const struct la_host *host;
    struct la_region *first, **last_next;
    struct la_region *hot;             /* the hot region that still has room */
    uint64_t bytes, limit_bytes, keyframe_bytes;
    uint32_t nr_regions;               /* all in the list */
    uint32_t nr_live;                  /* the first ones; those behind were undone by a restore */
};

/* What a keyframe keeps of one region. */
struct region_picture {
    struct la_group **group; /* nr_groups, each counted */
    uint32_t nr_groups;
    uint32_t used_bytes;
};

struct la_keyframe {
    struct la_region *hot;
    uint32_t nr_regions;
    struct region_picture picture[];
};

struct la_arena *la_arena_new(const struct la_host *host, uint64_t limit_bytes)
{
    struct la_arena *arena = la_host_alloc(host, sizeof *arena);

    if (!arena)
        return NULL;
    arena->host = host;
    arena->limit_bytes = limit_bytes;
    arena->last_next = &arena->first;
    return arena;
}

const struct la_host *la_arena_host(const struct la_arena *arena)
{
    return arena->host;
}

/* ---- chunk copies and groups, counted ---- */

static void chunk_put(struct la_arena *arena, struct la_chunk *chunk)
{
    if (!chunk || --chunk->refs)
        return;
    la_host_free(arena->host, chunk, sizeof *chunk);
    arena->keyframe_bytes -= sizeof *chunk;
}

static void group_put(struct la_arena *arena, struct la_group *group)
{
    if (!group || --group->refs)
        return;
    for (uint32_t i = 0; i < LA_GROUP_CHUNKS; i++)
        chunk_put(arena, group->chunk[i]);
    la_host_free(arena->host, group, sizeof *group);
    arena->keyframe_bytes -= sizeof *group;
}

static struct la_group *group_get(struct la_group *group)
{
    if (group)
        group->refs++;
    return group;
}

static struct la_chunk *chunk_new(struct la_arena *arena, const unsigned char *bytes)
{
    struct la_chunk *chunk = arena->host->resize(arena->host->ctx, NULL, 0, sizeof *chunk);

    if (!chunk)
        return NULL;
    chunk->refs = 1;
    memcpy(chunk->bytes, bytes, LA_CHUNK_BYTES);
    arena->keyframe_bytes += sizeof *chunk;
    return chunk;
}

/* The region's own version of group @g, not shared with a keyframe; NULL when memory is out. */
static struct la_group *group_unshare(struct la_region *region, uint32_t g)
{
    struct la_arena *arena = region->arena;
    struct la_group *old = region->synced[g];

    if (old && old->refs == 1)
        return old;
    struct la_group *group = la_host_alloc(arena->host, sizeof *group);

    if (!group)
        return NULL;
    arena->keyframe_bytes += sizeof *group;
    group->refs = 1;
    for (uint32_t i = 0; old && i < LA_GROUP_CHUNKS; i++) {
        group->chunk[i] = old->chunk[i];
        if (group->chunk[i])
            group->chunk[i]->refs++;
    }
    group_put(arena, old);
    region->synced[g] = group;
    return group;
}

/* ---- regions ---- */

static void region_free(struct la_region *region)
{
    const struct la_host *host = region->arena->host;

    for (uint32_t g = 0; region->synced && g < region->nr_groups; g++)
        group_put(region->arena, region->synced[g]);
    la_host_free(host, region->synced, region->nr_groups * sizeof *region->synced);
    la_host_free(host, region->dirty, (size_t)region->nr_groups * LA_GROUP_CHUNKS);
    la_host_free(host, region->base, (size_t)region->nr_chunks * LA_CHUNK_BYTES);
    la_host_free(host, region, sizeof *region);
}

/*
 * Running again after a restore asks for the same regions again: the undone one is zero and can
 * serve.  When history took another turn, the undone regions go (no keyframe shows them then:
 * the timeline drops the keyframes of a future it leaves).
 */
static struct la_region *region_reuse(struct la_arena *arena, uint64_t rounded, uint32_t tag, bool hot)
{
    struct la_region **link = &arena->first, *region;

    if (arena->nr_live == arena->nr_regions)
        return NULL;
    for (uint32_t n = 0; n < arena->nr_live; n++)
        link = &(*link)->next;
    region = *link;
    if (region->hot == hot && (uint64_t)region->nr_chunks << LA_CHUNK_SHIFT == rounded) {
        region->tag = tag;
        arena->nr_live++;
        return region;
    }
    arena->last_next = link;
    *link = NULL;
    for (struct la_region *next; region; region = next) {
        next = region->next;
        arena->bytes -= (uint64_t)region->nr_chunks << LA_CHUNK_SHIFT;
        arena->nr_regions--;
        region_free(region);
    }
    return NULL;
}

static struct la_region *region_new(struct la_arena *arena, uint64_t bytes, uint32_t tag, bool hot)
{
    uint64_t nr_chunks = (bytes + LA_CHUNK_BYTES - 1) >> LA_CHUNK_SHIFT;
    uint64_t rounded = nr_chunks << LA_CHUNK_SHIFT;
    struct la_region *undone = region_reuse(arena, rounded, tag, hot);

    if (undone)
        return undone;
    if (bytes == 0 || rounded > UINT32_MAX || rounded > arena->limit_bytes - arena->bytes)
        return NULL;
    struct la_region *region = la_host_alloc(arena->host, sizeof *region);

    if (!region)
        return NULL;
    region->arena = arena;
    region->tag = tag;
    region->hot = hot;
    region->nr_chunks = (uint32_t)nr_chunks;
    region->nr_groups = (uint32_t)((nr_chunks + LA_GROUP_CHUNKS - 1) / LA_GROUP_CHUNKS);
    region->base = la_host_alloc(arena->host, (size_t)rounded);
    region->dirty = la_host_alloc(arena->host, (size_t)region->nr_groups * LA_GROUP_CHUNKS);
    region->synced = la_host_alloc(arena->host, region->nr_groups * sizeof *region->synced);
    if (!region->base || !region->dirty || !region->synced) {
        region_free(region);
        return NULL;
    }
    *arena->last_next = region;
    arena->last_next = &region->next;
    arena->bytes += rounded;
    arena->nr_regions++;
    arena->nr_live++;
    return region;
}

void la_arena_free(struct la_arena *arena)
{
    if (!arena)
        return;
    for (struct la_region *region = arena->first, *next; region; region = next) {
        next = region->next;
        region_free(region);
    }
    assert(arena->keyframe_bytes == 0);
    la_host_free(arena->host, arena, sizeof *arena);
}

void *la_arena_hot(struct la_arena *arena, uint32_t bytes)
{
    uint32_t need = (bytes + HOT_ALIGN - 1) & ~(uint32_t)(HOT_ALIGN - 1);
    struct la_region *region = arena->hot;

    if (need < bytes)
        return NULL;
    if (!region || region->nr_chunks * (uint32_t)LA_CHUNK_BYTES - region->used_bytes < need) {
        region = region_new(arena, need > HOT_REGION_BYTES ? need : HOT_REGION_BYTES, 0, true);
        if (!region)
            return NULL;
        arena->hot = region;
    }
    void *ptr = region->base + region->used_bytes;

    region->used_bytes += need;
    return ptr;
}

struct la_region *la_arena_region(struct la_arena *arena, uint64_t bytes, uint32_t tag)
{
    return region_new(arena, bytes, tag, false);
}

/* ---- save ---- */

static uint32_t group_chunks(const struct la_region *region, uint32_t g)
{
    uint32_t left = region->nr_chunks - g * LA_GROUP_CHUNKS;

    return left < LA_GROUP_CHUNKS ? left : LA_GROUP_CHUNKS;
}

static bool group_dirty(const struct la_region *region, uint32_t g)
{
    uint64_t words[LA_GROUP_CHUNKS / 8], any = 0;

    memcpy(words, region->dirty + (size_t)g * LA_GROUP_CHUNKS, sizeof words);
    for (uint32_t i = 0; i < LA_GROUP_CHUNKS / 8; i++)
        any |= words[i];
    return any != 0;
}

static const unsigned char zero_chunk[LA_CHUNK_BYTES];

static const unsigned char *synced_bytes(const struct la_group *group, uint32_t i)
{
    return group && group->chunk[i] ? group->chunk[i]->bytes : zero_chunk;
}

/* Bring chunk @i of group @g into the synced copies if it changed. */
static bool sync_chunk(struct la_region *region, uint32_t g, uint32_t i)
{
    const unsigned char *bytes = region->base + ((size_t)g * LA_GROUP_CHUNKS + i) * LA_CHUNK_BYTES;

    if (memcmp(bytes, synced_bytes(region->synced[g], i), LA_CHUNK_BYTES) == 0)
        return true;
    struct la_chunk *chunk = chunk_new(region->arena, bytes);
    struct la_group *group = chunk ? group_unshare(region, g) : NULL;

    if (!group) {
        chunk_put(region->arena, chunk);
        return false;
    }
    chunk_put(region->arena, group->chunk[i]);
    group->chunk[i] = chunk;
    return true;
}

static bool sync_region(struct la_region *region)
{
    uint32_t hot_chunks = (region->used_bytes + LA_CHUNK_BYTES - 1) >> LA_CHUNK_SHIFT;

    if (region->hot)
        memset(region->dirty, 1, hot_chunks);
    for (uint32_t g = 0; g < region->nr_groups; g++) {
        uint8_t *dirty = region->dirty + (size_t)g * LA_GROUP_CHUNKS;

        if (!group_dirty(region, g))
            continue;
        for (uint32_t i = 0; i < LA_GROUP_CHUNKS; i++) {
            if (dirty[i] && !sync_chunk(region, g, i))
                return false;
            dirty[i] = 0;
        }
    }
    return true;
}

static bool take_picture(struct la_region *region, struct region_picture *picture)
{
    size_t bytes = region->nr_groups * sizeof *picture->group;

    if (!sync_region(region))
        return false;
    picture->group = region->arena->host->resize(region->arena->host->ctx, NULL, 0, bytes);
    if (!picture->group)
        return false;
    region->arena->keyframe_bytes += bytes;
    picture->nr_groups = region->nr_groups;
    picture->used_bytes = region->used_bytes;
    for (uint32_t g = 0; g < region->nr_groups; g++)
        picture->group[g] = group_get(region->synced[g]);
    return true;
}

static size_t keyframe_size(uint32_t nr_regions)
{
    return sizeof(struct la_keyframe) + nr_regions * sizeof(struct region_picture);
}

struct la_keyframe *la_arena_save(struct la_arena *arena)
{
    struct la_keyframe *keyframe = la_host_alloc(arena->host, keyframe_size(arena->nr_live));
    struct la_region *region = arena->first;

    if (!keyframe)
        return NULL;
    arena->keyframe_bytes += keyframe_size(arena->nr_live);
    keyframe->nr_regions = arena->nr_live;
    keyframe->hot = arena->hot;
    for (uint32_t n = 0; n < arena->nr_live; n++, region = region->next) {
        if (!take_picture(region, &keyframe->picture[n])) {
            la_keyframe_free(arena, keyframe);
            return NULL;
        }
    }
    return keyframe;
}

void la_keyframe_free(struct la_arena *arena, struct la_keyframe *keyframe)
{
    if (!keyframe)
        return;
    for (uint32_t n = 0; n < keyframe->nr_regions; n++) {
        struct region_picture *picture = &keyframe->picture[n];
        size_t bytes = picture->nr_groups * sizeof *picture->group;

        for (uint32_t g = 0; g < picture->nr_groups; g++)
            group_put(arena, picture->group[g]);
        la_host_free(arena->host, picture->group, bytes);
        arena->keyframe_bytes -= bytes;
    }
    arena->keyframe_bytes -= keyframe_size(keyframe->nr_regions);
    la_host_free(arena->host, keyframe, keyframe_size(keyframe->nr_regions));
}

/* ---- restore ---- */

struct restore {
    void (*changed)(void *ctx, const struct la_region *region, uint32_t offset, uint32_t bytes);
    void *ctx;
};

/* Put the chunks of group @g back that are dirty or belong to another version. */
static void restore_group(struct la_region *region, uint32_t g, struct la_group *to, const struct restore *how)
{
    struct la_group *from = region->synced[g];
    uint8_t *dirty = region->dirty + (size_t)g * LA_GROUP_CHUNKS;

    for (uint32_t i = 0; i < group_chunks(region, g); i++) {
        struct la_chunk *old = from ? from->chunk[i] : NULL, *new = to ? to->chunk[i] : NULL;
        uint32_t offset = (g * LA_GROUP_CHUNKS + i) << LA_CHUNK_SHIFT;

        if (!dirty[i] && old == new)
            continue;
        memcpy(region->base + offset, synced_bytes(to, i), LA_CHUNK_BYTES);
        dirty[i] = 0;
        if (how->changed && !region->hot)
            how->changed(how->ctx, region, offset, LA_CHUNK_BYTES);
    }
    group_get(to);
    group_put(region->arena, from);
    region->synced[g] = to;
}

static void restore_region(struct la_region *region, const struct region_picture *picture, const struct restore *how)
{
    /* a region made after the keyframe reads as zero again */
    if (region->hot)
        memset(region->dirty, 1, (region->used_bytes + LA_CHUNK_BYTES - 1) >> LA_CHUNK_SHIFT);
    for (uint32_t g = 0; g < region->nr_groups; g++) {
        struct la_group *to = picture ? picture->group[g] : NULL;

        if (region->synced[g] != to || group_dirty(region, g))
            restore_group(region, g, to, how);
    }
    region->used_bytes = picture ? picture->used_bytes : 0;
}

void la_arena_restore(struct la_arena *arena, const struct la_keyframe *keyframe,
                      void (*changed)(void *ctx, const struct la_region *region, uint32_t offset, uint32_t bytes),
                      void *ctx)
{
    const struct restore how = {changed, ctx};
    uint32_t n = 0;

    for (struct la_region *region = arena->first; region; region = region->next, n++)
        restore_region(region, n < keyframe->nr_regions ? &keyframe->picture[n] : NULL, &how);
    arena->hot = keyframe->hot;
    arena->nr_live = keyframe->nr_regions;
}

/* ---- figures ---- */

uint64_t la_arena_bytes(const struct la_arena *arena)
{
    return arena->bytes;
}

uint64_t la_arena_keyframe_bytes(const struct la_arena *arena)
{
    return arena->keyframe_bytes;
}

const void *la_arena_find_untouched(const struct la_arena *arena)
{
    for (const struct la_region *region = arena->first; region; region = region->next) {
        for (uint32_t c = 0; !region->hot && c < region->nr_chunks; c++) {
            const unsigned char *bytes = region->base + (size_t)c * LA_CHUNK_BYTES;
            const struct la_group *group = region->synced[c / LA_GROUP_CHUNKS];

            if (!region->dirty[c] && memcmp(bytes, synced_bytes(group, c % LA_GROUP_CHUNKS), LA_CHUNK_BYTES) != 0)
                return bytes;
        }
    }
    return NULL;
}
