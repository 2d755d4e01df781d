/*
 * slab.h: caches of objects of one size (SLUB), kmalloc, and what both need of a machine.
 *
 *     kmem_cache "foo"      cpu[0]  slab 4, its freelist         node[0]  partial: 1, 7
 *                             |     partial: 6, 3                full slabs are on no list
 *                             v
 *     slab 4 = 2^order frames:  [slot 0][slot 1][slot 2]...[waste]
 *     slot   = [left red zone][object, free pointer inside or behind][right red zone][tracks][padding]
 *
 * Free pointers, poison and red zones really lie in the simulated page contents, so a program can
 * read and damage them.  What is kept beside them is what the kernel keeps in struct slab (freelist
 * head, inuse, frozen), and one bit per object that the kernel does not have: the program holds it.
 *
 * Invariants: see la_slab_check().  Addresses are virtual addresses of the machine, 0 is NULL.
 * Source: Linux 6.1.192 mm/slub.c, mm/slab_common.c, include/linux/slab.h, slub_def.h.
 */
#ifndef LA_MM_SLAB_H
#define LA_MM_SLAB_H

#include "base/prng.h"
#include "mm/mm.h"

enum {
    LA_MAX_CACHES = 128,
    LA_CACHE_NAME = 32,
    LA_SLAB_OBJECTS = 512, /* a page of 8-byte objects */
    LA_SLAB_REGION = 1024, /* slabs in one region */
    LA_SLAB_REGIONS = 1024,
    LA_CACHE_STRUCT = 256, /* struct kmem_cache i lies in the image window at LA_CACHES_AT + 256 i */
    LA_CACHES_AT = 0x360000,
    LA_CACHE_ALIASES = 4,
    LA_MAX_POOLS = 64,
    LA_KMALLOC_SMALL = 1024, /* bytes: up to here kmalloc looks its cache up in one table */
    LA_OBJECT_OWNERS = 4096  /* who allocated an object is remembered for about that many */
};

#define LA_NO_SLAB       UINT32_MAX
#define LA_NO_OBJECT     UINT16_MAX
#define LA_NO_CACHE      UINT32_MAX
#define LA_ZERO_SIZE_PTR UINT64_C(16)
#define LA_OBJECT_LOST   UINT32_MAX /* instead of a step: its free was refused */

/* LA_SLAB_POISON = 0x800 and so on, as in 6.1 and in 2.6; values of both overlap. */
enum {
#define LA_SLAB_FLAG(name, value, group, help) LA_##name = (value),
#define LA_SLAB_OLD(name, value, help) LA_##name = (value),
#include "mm/slab_flag.def"
};

#define LA_SLAB_KMALLOC        0x1000u     /* a kmalloc cache; this and the next two are mm/slub.c's own */
#define LA_SLAB_CMPXCHG_DOUBLE 0x40000000u
#define LA_SLAB_OBJECT_POISON  0x80000000u
/* What a constructor of 2.6 is told. */
#define LA_SLAB_CTOR_CONSTRUCTOR   1u
#define LA_SLAB_CTOR_ATOMIC        2u
#define LA_SLAB_CTOR_VERIFY        4u
#define LA_SLAB_DEBUG_FLAGS                                                                                            \
    (LA_SLAB_RED_ZONE | LA_SLAB_POISON | LA_SLAB_STORE_USER | LA_SLAB_TRACE | LA_SLAB_CONSISTENCY_CHECKS)
#define LA_SLAB_CREATE_MASK                                                                                            \
    (LA_SLAB_DEBUG_FLAGS | LA_SLAB_KMALLOC | LA_SLAB_HWCACHE_ALIGN | LA_SLAB_CACHE_DMA | LA_SLAB_CACHE_DMA32 |         \
     LA_SLAB_RECLAIM_ACCOUNT | LA_SLAB_PANIC | LA_SLAB_TYPESAFE_BY_RCU | LA_SLAB_MEM_SPREAD | LA_SLAB_NOLEAKTRACE |    \
     LA_SLAB_ACCOUNT | LA_SLAB_NO_USER_FLAGS)

/* Bytes that mark memory (include/linux/poison.h). */
enum {
    LA_SLUB_RED_INACTIVE = 0xbb,
    LA_SLUB_RED_ACTIVE = 0xcc,
    LA_POISON_INUSE = 0x5a,
    LA_POISON_FREE = 0x6b,
    LA_POISON_END = 0xa5
};

/* What the geometry of caches depends on besides the cache. */
struct la_slab_rules {
    uint32_t nr_cpus;
    uint32_t min_objects; /* slub_min_objects; 0 = from the number of CPUs */
    uint32_t min_order, max_order;
    uint32_t cache_line;
    uint32_t pointer_bytes;
    uint32_t debug;       /* slub_debug=: flags added to every cache */
    bool nomerge;         /* slub_nomerge */
    bool classic;         /* the SLAB of 2.6 (slab26.h) instead of SLUB */
    bool freelist_random; /* CONFIG_SLAB_FREELIST_RANDOM */
};

enum la_slab_list { LA_SLAB_FULL, LA_SLAB_CPU, LA_SLAB_CPU_PARTIAL, LA_SLAB_PARTIAL, LA_SLAB_FREE /* 2.6 only */ };

/* What the fast paths touch comes first: one line of the host's cache. */
struct la_slab {
    uint64_t first; /* address of object 0 */
    uint32_t pfn;
    uint32_t cache;    /* LA_NO_CACHE: the slot is free */
    uint16_t freelist; /* first free object that no CPU holds; LA_NO_OBJECT = none */
    uint16_t inuse, objects;
    uint16_t slabs; /* on a CPU's partial list: slabs from here on */
    uint8_t order, node, list, cpu;
    bool frozen;
    bool damaged; /* the program wrote over a free pointer, or a list was found broken: objects may be lost */
    uint32_t used[LA_SLAB_OBJECTS / 32]; /* bit: the program (or a pool) holds the object */
    uint32_t next, prev;                 /* on its list; free slots chain through next */
    uint32_t all_next, all_prev;         /* all slabs of the cache, newest first */
    uint32_t id;                         /* in order of appearance in its cache */
    uint32_t start;                      /* 2.6: offset of slot 0 */
    uint64_t management;                 /* 2.6: address of struct slab */
};

_Static_assert(sizeof(struct la_slab) == 128, "a slab lies in one chunk of its region: la_slab_write()");

struct la_kmem_cache_cpu {
    uint32_t slab; /* LA_NO_SLAB = none */
    uint32_t partial;
    uint16_t freelist;
};

/* A list of slabs; the links lie in the slabs on it. */
struct la_slab_chain {
    uint32_t head, tail, nr;
};

struct la_kmem_cache_node {
    struct la_slab_chain partial;
    uint32_t nr_slabs, total_objects;
};

struct la_kmem_cache {
    char name[LA_CACHE_NAME];
    char alias[LA_CACHE_ALIASES][LA_CACHE_NAME];
    bool live; /* the slot is taken */
    bool boot, dead;
    uint32_t nr_aliases;
    uint32_t flags, size; /* size: la_cache_set_size() */
    uint32_t reciprocal;  /* ceil(2^32 / size): offset / size without a division */
    uint32_t offset;      /* of the free pointer in an object */
    uint32_t nr_live;     /* objects with the program */
    uint32_t object_size, inuse, align, red_left_pad;
    uint32_t order, objects, min_order, min_objects;
    uint32_t cpu_partial, cpu_partial_slabs, min_partial;
    uint32_t usersize;
    int32_t refcount;
    uint64_t ctor;       /* address of the constructor, 0 = none */
    uint32_t next, prev; /* slab_caches: newest first */
    uint32_t all_slabs;  /* head of all its slabs */
    uint32_t next_id;
    uint16_t *random_seq; /* NULL = in ascending order */
    struct la_kmem_cache_cpu cpu[LA_MAX_CPUS];
    struct la_kmem_cache_node node[LA_MAX_NODES];
};

/* Who allocated an object. */
struct la_object_owner {
    uint32_t object; /* address / 8 */
    uint32_t step;
};

struct la_mempool;
struct la_kmem26;

/* Calls back into the program (constructors, functions of pools); set while a call runs. */
struct la_kmem_hooks {
    void *ctx;
    bool (*call)(void *ctx, uint64_t fn, const uint64_t *args, uint32_t nr, uint64_t *result);
    /* stores into a variable of the program; where it cannot, nothing happens */
    void (*write)(void *ctx, uint64_t addr, const void *bytes, uint32_t len);
};

struct la_kmem {
    struct la_slab_rules rules;
    struct la_kmem26 *classic; /* the SLAB of 2.6; NULL: SLUB */
    struct la_prng prng;
    struct la_kmem_hooks hooks; /* NULL between calls */
    uint32_t first, last;       /* slab_caches */
    uint32_t nr_slab_slots, free_slot;
    uint32_t kmalloc[4][14];                     /* by type and index: caches */
    uint8_t kmalloc_small[LA_KMALLOC_SMALL / 8]; /* by (size - 1) / 8: the normal cache; LA_MAX_CACHES: none */
    uint32_t slab_errors;                        /* reports and fixes, as lib/slub_kunit.c counts them */
    int32_t next_pos;   /* replay: where the next new slab starts in random_seq; -1 = by chance */
    bool quiet_reports; /* count errors only */
    bool tainted;
    bool no_storage;      /* the host's limit on written pages was hit */
    bool callback_failed; /* a constructor oopsed: the call must stop */
    uint32_t fail_tick;
    struct la_object_owner *owner; /* LA_OBJECT_OWNERS of them, by address / 8: an object may push another one out */
    struct la_region *region[LA_SLAB_REGIONS];
    struct la_kmem_cache cache[LA_MAX_CACHES];
    struct la_mempool *pool; /* LA_MAX_POOLS of them */
};

/** What a machine needs for caches, in its arena; kmalloc caches are made when @boot_caches.  False: no memory. */
bool la_kmem_init(struct la_mm *mm, const struct la_slab_rules *rules, uint64_t seed, bool boot_caches);

/* ==== flags (slab_cache.c) ==== */

/* One row of slab_flag.def. */
struct la_slab_flag {
    const char *name;
    uint32_t value;
    const char *group; /* "debug", …; "old" for flags of 2.6 only */
    const char *help;
};

/** All rows of slab_flag.def, those of 2.6 last; static storage. */
const struct la_slab_flag *la_slab_flags(uint32_t *nr);

/* ==== geometry (slab_geometry.c) ==== */

/** calculate_alignment: what @align and HWCACHE_ALIGN come to for objects of @size bytes. */
uint32_t la_calculate_alignment(const struct la_slab_rules *rules, uint32_t flags, uint32_t align, uint32_t size);
/** calculate_sizes: object_size, align (already calculated), flags and ctor of @s give all other numbers; false: impossible. */
bool la_calculate_sizes(const struct la_slab_rules *rules, struct la_kmem_cache *s);
/** kmem_cache_debug(): a debugging flag is set. */
static inline bool la_cache_debug(const struct la_kmem_cache *s)
{
    return (s->flags & LA_SLAB_DEBUG_FLAGS) != 0;
}
/** Bytes of one struct track. */
uint32_t la_track_bytes(const struct la_slab_rules *rules);
/** ksize() of an object of @s. */
uint32_t la_slab_ksize(const struct la_kmem_cache *s);

/* One stretch of a slot; the parts cover it from 0 to size. */
enum la_slot_what {
    LA_SLOT_LEFT_REDZONE,
    LA_SLOT_OBJECT,
    LA_SLOT_ALIGNMENT,
    LA_SLOT_RIGHT_REDZONE,
    LA_SLOT_FREE_POINTER,
    LA_SLOT_TRACK_ALLOC,
    LA_SLOT_TRACK_FREE,
    LA_SLOT_PADDING
};
enum { LA_SLOT_PARTS = 12 };
struct la_slot_part {
    enum la_slot_what what;
    uint32_t offset, bytes;
};
/** The parts of a slot of @s, in order; returns how many (at most LA_SLOT_PARTS). */
uint32_t la_slot_parts(const struct la_slab_rules *rules, const struct la_kmem_cache *s, struct la_slot_part *part);
/** "left_redzone", "object", … */
const char *la_slot_what_name(enum la_slot_what what);

/* ==== caches (slab_cache.c) ==== */

/**
 * kmem_cache_create: a cache, perhaps one that exists already (merging).
 * Return: its index or LA_NO_CACHE (the kernel's report was made).
 */
uint32_t la_kmem_cache_create(struct la_mm *mm, const char *name, uint32_t size, uint32_t align, uint32_t flags,
                              uint64_t ctor);
/** kmem_cache_destroy: false when objects are still in use: the cache stays, leaked. */
bool la_kmem_cache_destroy(struct la_mm *mm, uint32_t cache);
/** kmem_cache_shrink: give empty slabs back; 0 when no slab is left, else 1. */
int la_kmem_cache_shrink(struct la_mm *mm, uint32_t cache);
/** Address of struct kmem_cache @cache, and back (LA_NO_CACHE: not a cache that lives). */
uint64_t la_cache_address(const struct la_mm *mm, uint32_t cache);
uint32_t la_cache_at(const struct la_mm *mm, uint64_t address);
/** Slabs, and objects that are active as /proc/slabinfo counts them. */
uint32_t la_cache_nr_slabs(const struct la_kmem_cache *s);
uint32_t la_cache_num_objs(const struct la_kmem_cache *s);
uint32_t la_cache_active_objs(const struct la_mm *mm, const struct la_kmem_cache *s);

/* ==== objects (slab.c) ==== */

/** kmem_cache_alloc on @nid (LA_NO_NODE: the node of this CPU).  0 = NULL. */
uint64_t la_kmem_cache_alloc(struct la_mm *mm, uint32_t cache, la_gfp_t gfp, int32_t nid);
/** kmem_cache_free: @object of @cache; misuse is reported in the kernel's words where it would notice. */
void la_kmem_cache_free(struct la_mm *mm, uint32_t cache, uint64_t object);
/** The slab that @addr lies in, and the slot there (@slot may be NULL); LA_NO_SLAB when in none. */
uint32_t la_virt_to_slab(const struct la_mm *mm, uint64_t addr, uint32_t *slot);
/** Slab @index; the slot must be in use. */
static inline const struct la_slab *la_slab_at(const struct la_mm *mm, uint32_t index)
{
    const unsigned char *base = mm->kmem->region[index / LA_SLAB_REGION]->base;

    return (const struct la_slab *)(const void *)base + index % LA_SLAB_REGION;
}
/** Address of object @i of a slab. */
static inline uint64_t la_slab_object(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    return slab->first + (uint64_t)i * mm->kmem->cache[slab->cache].size;
}
/** True when the program holds object @i of @slab. */
static inline bool la_slab_used(const struct la_slab *slab, uint32_t i)
{
    return slab->used[i / 32] >> (i % 32) & 1;
}
/**
 * Somebody who does not own the free pointers wrote @len bytes at @offset of frame @pfn (a store of the program): when
 * a free pointer of a free object was among them, the slab is damaged from now on.
 */
void la_slab_note_store(struct la_mm *mm, uint32_t pfn, uint32_t offset, uint32_t len);
/**
 * The objects of a freelist from @first on, next to be handed out first; at most @max go to @out.
 * @cpu_list: the list of a CPU.  Returns how many; stops at a broken pointer.
 */
uint32_t la_slab_freelist(const struct la_mm *mm, const struct la_slab *slab, uint16_t first, uint16_t *out,
                          uint32_t max);
/**
 * The id (la_mm.owner, a step) under which the object at @object was allocated; 0 = not known any more;
 * LA_OBJECT_LOST: a check refused to take it back, so it is neither with the program nor free.
 */
uint32_t la_slab_owner(const struct la_mm *mm, uint64_t object);
/** SLUB's validate interface: check all slabs of a cache; returns the number of slabs looked at. */
uint32_t la_validate_slab_cache(struct la_mm *mm, uint32_t cache);

/* ==== kmalloc (kmalloc.c) ==== */

enum la_kmalloc_type { LA_KMALLOC_NORMAL, LA_KMALLOC_DMA, LA_KMALLOC_CGROUP, LA_KMALLOC_RECLAIM, LA_NR_KMALLOC_TYPES };
enum { LA_KMALLOC_INDEXES = 14, LA_KMALLOC_MAX_CACHE = 8192, LA_KMALLOC_MAX = 4 << 20 };

/** The boot caches kmalloc-8 … kmalloc-8k and their dma-, cg- and rcl- twins. */
bool la_create_kmalloc_caches(struct la_mm *mm);
/** The cache that serves @size bytes with @gfp; LA_NO_CACHE for 0 and for whole pages. */
uint32_t la_kmalloc_slab(const struct la_mm *mm, uint64_t size, la_gfp_t gfp);
/** kmalloc; ZERO_SIZE_PTR for 0 bytes, 0 = NULL. */
uint64_t la_kmalloc(struct la_mm *mm, uint64_t size, la_gfp_t gfp, int32_t nid);
/** kfree: NULL and ZERO_SIZE_PTR are allowed. */
void la_kfree(struct la_mm *mm, uint64_t addr);
/** ksize: bytes really there; 0 for NULL and ZERO_SIZE_PTR. */
uint64_t la_ksize(struct la_mm *mm, uint64_t addr);
/** kmalloc_size_roundup: what kmalloc(@size) would give. */
uint64_t la_kmalloc_size_roundup(const struct la_mm *mm, uint64_t size);
/** krealloc; the old memory stays when NULL comes back. */
uint64_t la_krealloc(struct la_mm *mm, uint64_t addr, uint64_t size, la_gfp_t gfp);

/* ==== checking (slab_check.c) ==== */

/** Check every invariant of caches and slabs; one line per problem to @out.  Return: number of problems. */
uint32_t la_slab_check(const struct la_mm *mm, struct la_buf *out);

#endif
