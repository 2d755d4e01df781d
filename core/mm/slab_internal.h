/* slab_internal.h: what slab*.c share: slots and lists of slabs, bytes of slabs, debugging. */
#ifndef LA_MM_SLAB_INTERNAL_H
#define LA_MM_SLAB_INTERNAL_H

#include "mm/internal.h"
#include "mm/slab.h"

/* ---- slab_table.c: slabs, lists, bytes ---- */

/** Slab @index for writing (marks it changed for keyframes). */
static inline struct la_slab *la_slab_write(struct la_mm *mm, uint32_t index)
{
    struct la_region *region = mm->kmem->region[index / LA_SLAB_REGION];
    uint32_t i = index % LA_SLAB_REGION;

    region->dirty[i * sizeof(struct la_slab) >> LA_CHUNK_SHIFT] = 1;
    return (struct la_slab *)(void *)region->base + i;
}
/** A free slot for a slab, or LA_NO_SLAB. */
uint32_t la_slab_slot_get(struct la_mm *mm);
void la_slab_slot_put(struct la_mm *mm, uint32_t index);
/** A slab joins a list, at its head or @tail, and leaves it. */
void la_slab_chain_add(struct la_mm *mm, struct la_slab_chain *chain, uint32_t index, bool tail);
void la_slab_chain_del(struct la_mm *mm, struct la_slab_chain *chain, uint32_t index);
/** A new slab gets its id and is counted among all slabs of @s; and the other way round. */
void la_slab_count(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index);
void la_slab_uncount(struct la_mm *mm, struct la_kmem_cache *s, const struct la_slab *slab);
/** add_partial / remove_partial: the node's list. */
void la_add_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool tail);
void la_remove_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index);
/** Virtual address of slot 0. */
uint64_t la_slab_address(const struct la_mm *mm, const struct la_slab *slab);
/** get_freepointer, set_freepointer by slots: the free pointer of object @i as it lies in memory, and writing it. */
uint64_t la_get_freepointer(const struct la_mm *mm, const struct la_slab *slab, uint32_t i);
void la_set_freepointer(struct la_mm *mm, const struct la_slab *slab, uint32_t i, uint16_t next);
/** Bytes of the direct map, across pages. */
void la_mem_read(const struct la_mm *mm, uint64_t addr, void *buf, uint32_t len);
void la_mem_write(struct la_mm *mm, uint64_t addr, const void *buf, uint32_t len);
void la_mem_fill(struct la_mm *mm, uint64_t addr, uint8_t byte, uint32_t len);
/** The number of @bytes (1..8) bytes at @addr, and writing one. */
uint64_t la_mem_load(const struct la_mm *mm, uint64_t addr, uint32_t bytes);
void la_mem_store(struct la_mm *mm, uint64_t addr, uint64_t number, uint32_t bytes);
/** get_info_end: where in an object what follows it begins: behind the free pointer where that lies outside. */
static inline uint32_t la_info_end(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    return s->offset >= s->inuse ? s->inuse + mm->layout.pointer_bytes : s->inuse;
}

static inline struct la_kmem_cache *la_cache(struct la_mm *mm, uint32_t cache)
{
    return &mm->kmem->cache[cache];
}

static inline uint32_t la_cache_index(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    return (uint32_t)(s - mm->kmem->cache);
}

/** The only writer of s->size (at least a pointer): keeps what la_slot_of() multiplies with instead of dividing. */
static inline void la_cache_set_size(struct la_kmem_cache *s, uint32_t size)
{
    s->size = size;
    s->reciprocal = (uint32_t)(((UINT64_C(1) << 32) + size - 1) / size);
}

/** Address of object @i of @slab, a slab of @s. */
static inline uint64_t la_object_at(const struct la_kmem_cache *s, const struct la_slab *slab, uint32_t i)
{
    return slab->first + (uint64_t)i * s->size;
}

/**
 * The slot of the object at @object; LA_NO_OBJECT: no object of @slab starts there.
 * For a multiple of the size the product is the quotient; whatever it is for other offsets, the check fails.
 */
static inline uint32_t la_slot_of(const struct la_kmem_cache *s, const struct la_slab *slab, uint64_t object)
{
    uint64_t offset = object - slab->first, slot = offset * s->reciprocal >> 32;

    return slot < slab->objects && slot * s->size == offset ? (uint32_t)slot : LA_NO_OBJECT;
}

/** check_valid_pointer: @object is NULL or the start of an object of @slab; then @i is its slot (LA_NO_OBJECT). */
static inline bool la_check_valid_pointer(const struct la_mm *mm, const struct la_slab *slab, uint64_t object,
                                          uint16_t *i)
{
    *i = (uint16_t)la_slot_of(&mm->kmem->cache[slab->cache], slab, object);
    return *i != LA_NO_OBJECT || object == 0;
}

/** The slab of @addr; LA_NO_SLAB when in none. */
static inline uint32_t la_slab_of(const struct la_mm *mm, uint64_t addr)
{
    uint32_t pfn = la_virt_to_pfn(mm, addr);

    if (pfn == LA_NO_PFN)
        return LA_NO_SLAB;
    const struct la_frame *head = &mm->frame[la_frame_head(mm, pfn)];

    return head->kind == LA_FRAME_SLAB ? head->use : LA_NO_SLAB;
}

/* ---- who allocated an object ---- */

static inline struct la_object_owner *la_owner_of(const struct la_mm *mm, uint64_t object)
{
    return &mm->kmem->owner[(object >> 3) % LA_OBJECT_OWNERS];
}

/** Remember that the running statement allocated @object. */
static inline void la_slab_set_owner(struct la_mm *mm, uint64_t object)
{
    *la_owner_of(mm, object) = (struct la_object_owner){(uint32_t)(object >> 3), mm->owner};
}

/** Remember that @object was not taken back. */
static inline void la_slab_set_lost(struct la_mm *mm, uint64_t object)
{
    *la_owner_of(mm, object) = (struct la_object_owner){(uint32_t)(object >> 3), LA_OBJECT_LOST};
}

/* ---- free pointers, as they lie in the page ---- */

/** The pointer at @at, wherever that lies in the direct map. */
LA_RARE uint64_t la_freepointer_read_far(const struct la_mm *mm, uint64_t at);

/** Where in its page the free pointer of the object at @object of @s lies, when that is the object's first page. */
static inline uint32_t la_freepointer_in_page(const struct la_kmem_cache *s, uint64_t object)
{
    return ((uint32_t)object & (LA_PAGE_SIZE - 1)) + s->offset;
}

/** The content of the page of the direct map that @addr lies in; NULL: nobody wrote to it. */
static inline const unsigned char *la_page_of(const struct la_mm *mm, uint64_t addr)
{
    uint32_t content = mm->frame[(addr - mm->layout.page_offset) >> LA_PAGE_SHIFT].content;

    return content != 0 ? la_content_at(mm, content) : NULL;
}

/** get_freepointer: what follows the free object at @object of @s. */
static inline uint64_t la_freepointer_read(const struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    uint32_t in_page = la_freepointer_in_page(s, object);
    const unsigned char *page = la_page_of(mm, object);

    if (!page || in_page > LA_PAGE_SIZE - 8)
        return la_freepointer_read_far(mm, object + s->offset);
    return la_load_le(page + in_page, mm->layout.pointer_bytes);
}

/** set_freepointer: @next (0: none) follows the free object at @object of @s. */
void la_freepointer_write(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint64_t next);

/* ---- slab_cache.c: the list of caches ---- */

/** A live cache without slabs at the head of slab_caches; LA_NO_CACHE when there are too many. */
uint32_t la_cache_add(struct la_mm *mm, const char *name);
/** Put a cache at the head of slab_caches, as if it were the newest. */
void la_cache_to_front(struct la_mm *mm, uint32_t cache);
/** Take a cache without slabs off the list; its slot is free. */
void la_cache_remove(struct la_mm *mm, uint32_t cache);

/* ---- slab.c, slab_free.c, slab_new.c ---- */

/** kmem_cache_alloc of @s. */
uint64_t la_slab_alloc(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid);
/** kmem_cache_free of @object in @slab (number @index, for writing) of @s; @content: la_frame.content of its page. */
void la_slab_free(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index, uint32_t content,
                  uint64_t object);
/** A slab with all objects free, on no list; LA_NO_SLAB when there are no pages. */
uint32_t la_new_slab(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid);
/** put_cpu_partial: @slab, whose number is @index, joins this CPU's partial list; @drain: a full list moves to the nodes. */
void la_put_cpu_partial(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index, bool drain);

/** Empty the CPU's slab and partial list of @s (flush_all for one CPU). */
void la_flush_cpu_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t cpu);
/** Give a slab that is on no list back to the page allocator. */
void la_discard_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index);

/* ---- slab_debug.c ---- */

/** init_object: red zones with @red, poison when free. */
void la_init_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint8_t red);
/** alloc_debug_processing / free_consistency_checks; false: the report was made. */
bool la_alloc_debug_processing(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t i);
bool la_free_debug_checks(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object);
/** set_track: who allocated (@freed false) or freed the object. */
void la_set_track(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, bool freed);
/** Checks before the pages of a slab go back. */
void la_check_before_free(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index);
/** on_freelist: is @search (LA_NO_OBJECT: nothing) on the slab's list; mends broken lists and counts. */
bool la_on_freelist(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t search);

/* ---- slab_report.c: the kernel's words ---- */

/** slab_err / object_err: a report about a slab, and about an object of it. */
void la_slab_err(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, const char *reason);
void la_object_err(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object, const char *reason);
/** The bytes @fault..@end-1 should all be @value: report as "<what> overwritten". */
void la_bytes_err(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object, const char *what,
                  uint64_t fault, uint64_t end, uint8_t value);
/** slab_fix: "FIX <cache>: …". */
void la_slab_fix(struct la_mm *mm, const struct la_kmem_cache *s, const char *what);
/** Objects that kmem_cache_destroy found in use. */
void la_list_slab_objects(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index);

/** Width of an address in hex digits. */
static inline int la_digits(const struct la_mm *mm)
{
    return (int)mm->layout.pointer_bytes * 2;
}

#endif
