/* slab_internal.h: what slab*.c share: slots and lists of slabs, bytes of slabs, debugging. */
#ifndef LA_MM_SLAB_INTERNAL_H
#define LA_MM_SLAB_INTERNAL_H

#include "mm/internal.h"
#include "mm/slab.h"

/* ---- slab_table.c: slabs, lists, bytes ---- */

/** Slab @index for writing (marks it changed for keyframes). */
struct la_slab *la_slab_write(struct la_mm *mm, uint32_t index);
/** A free slot for a slab, or LA_NO_SLAB. */
uint32_t la_slab_slot_get(struct la_mm *mm);
void la_slab_slot_put(struct la_mm *mm, uint32_t index);
/** add_partial / remove_partial: the node's list. */
void la_add_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool tail);
void la_remove_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index);
/** Virtual address of slot 0. */
uint64_t la_slab_address(const struct la_mm *mm, const struct la_slab *slab);
/** check_valid_pointer: @object is NULL or the start of an object of @slab; then @i is its slot (LA_NO_OBJECT). */
bool la_check_valid_pointer(const struct la_mm *mm, const struct la_slab *slab, uint64_t object, uint16_t *i);
/** The free pointer of object @i as it lies in memory, and writing it. */
uint64_t la_get_freepointer(const struct la_mm *mm, const struct la_slab *slab, uint32_t i);
void la_set_freepointer(struct la_mm *mm, const struct la_slab *slab, uint32_t i, uint16_t next);
/** Remember that the running statement allocated @object. */
void la_slab_set_owner(struct la_mm *mm, uint64_t object);
/** Bytes of the direct map, across pages. */
void la_mem_read(const struct la_mm *mm, uint64_t addr, void *buf, uint32_t len);
void la_mem_write(struct la_mm *mm, uint64_t addr, const void *buf, uint32_t len);
void la_mem_fill(struct la_mm *mm, uint64_t addr, uint8_t byte, uint32_t len);

static inline struct la_kmem_cache *la_cache(struct la_mm *mm, uint32_t cache)
{
    return &mm->kmem->cache[cache];
}

static inline uint32_t la_cache_index(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    return (uint32_t)(s - mm->kmem->cache);
}

/* ---- slab_cache.c: the list of caches ---- */

/** A live cache without slabs at the head of slab_caches; LA_NO_CACHE when there are too many. */
uint32_t la_cache_add(struct la_mm *mm, const char *name);
/** Take a cache without slabs off the list; its slot is free. */
void la_cache_remove(struct la_mm *mm, uint32_t cache);

/* ---- slab.c, slab_new.c ---- */

/** A slab with all objects free, on no list; LA_NO_SLAB when there are no pages. */
uint32_t la_new_slab(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid);
/** put_cpu_partial: @index joins this CPU's partial list; @drain: a full list moves to the nodes first. */
void la_put_cpu_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool drain);

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
