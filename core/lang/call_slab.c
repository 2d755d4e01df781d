/*
 * call_slab.c: caches of objects (part 2 of the notes).
 *
 * Thin: a struct kmem_cache pointer becomes a cache, core/mm does the work.  What the program
 * reads behind the pointer (cache->object_size) is written here when a cache is made or shared.
 *
 * kmem_cache_create with six arguments is that of 2.6; check_assign.c tells the two apart.
 *
 * Deviation: (a) kmem_cache_destroy has the result of 2.6 (0, or 1 when objects remain), so that
 * lines of that time run; in 6.1 it returns nothing.
 *
 * Source: Linux 6.1.192 include/linux/slub_def.h: struct kmem_cache; include/linux/slab.h.
 */
#include "lang/call_slab.h"
#include "lang/interp.h"
#include "mm/internal.h"
#include "mm/slab26.h"

#include <stdio.h>
#include <string.h>

enum { NAME_AT = 192 };

/* ---- calls back into the program ---- */

static bool call_program(void *ctx, uint64_t fn, const uint64_t *args, uint32_t nr, uint64_t *result)
{
    return la_interp_call(ctx, fn, args, nr, result);
}

static void write_program(void *ctx, uint64_t addr, const void *bytes, uint32_t len)
{
    struct la_interp *interp = ctx;

    (void)la_mmu_write(interp->machine, addr, bytes, len);
}

struct la_kmem_hooks la_call_hooks_on(struct la_call *call)
{
    struct la_kmem_hooks before = call->mm->kmem->hooks;

    call->mm->kmem->hooks = (struct la_kmem_hooks){call->interp, call_program, write_program};
    call->mm->kmem->callback_failed = false;
    call->mm->kmem->no_storage = false;
    return before;
}

void la_call_hooks_off(struct la_call *call, struct la_kmem_hooks before)
{
    call->mm->kmem->hooks = before;
    if (call->mm->kmem->callback_failed)
        la_call_killed(call);
    else if (call->mm->kmem->no_storage)
        la_call_stuck(call, "the program has written to more pages than this computer can keep (64 MiB)");
}

/* ---- struct kmem_cache as the program sees it ---- */

struct picture {
    unsigned char bytes[LA_CACHE_STRUCT];
    uint32_t at, word;
};

static void field(struct picture *p, uint64_t value, uint32_t size)
{
    p->at = (p->at + size - 1) & ~(size - 1);
    for (uint32_t b = 0; b < size; b++)
        p->bytes[p->at++] = (unsigned char)(value >> 8 * b);
}

/* The members in the order of the prelude's struct kmem_cache. */
static void show_cache(struct la_call *call, uint32_t cache)
{
    const struct la_kmem_cache *s = &call->mm->kmem->cache[cache];
    struct picture p = {.word = call->mm->layout.pointer_bytes};
    uint64_t address = la_cache_address(call->mm, cache);

    field(&p, 0, p.word); /* cpu_slab */
    field(&p, s->flags, 4);
    field(&p, s->min_partial, p.word);
    field(&p, s->size, 4);
    field(&p, s->object_size, 4);
    field(&p, s->offset, 4);
    field(&p, s->cpu_partial, 4);
    field(&p, s->cpu_partial_slabs, 4);
    field(&p, s->order << 16 | s->objects, 4);
    field(&p, s->min_order << 16 | s->min_objects, 4);
    field(&p, s->order ? LA_GFP_COMP : 0, 4);
    field(&p, (uint32_t)s->refcount, 4);
    field(&p, s->ctor, p.word);
    field(&p, s->inuse, 4);
    field(&p, s->align, 4);
    field(&p, s->red_left_pad, 4);
    field(&p, address + NAME_AT, p.word);
    memcpy(p.bytes + NAME_AT, s->name, sizeof s->name);
    (void)la_mmu_write(call->machine, address, p.bytes, sizeof p.bytes);
}

uint32_t la_call_cache(struct la_call *call, uint64_t addr)
{
    uint32_t cache = la_cache_at(call->mm, addr);

    if (cache == LA_NO_CACHE)
        la_call_bad_pointer(call, addr,
                            addr == 0 ? "The cache pointer is NULL: check what kmem_cache_create returned."
                                      : "This is not a cache, or it was destroyed already.");
    return cache;
}

/* ---- the calls ---- */

/* Six arguments, the last a destructor: on a machine of 6.1 nobody calls it. */
static uint32_t create_2_6(struct la_call *call, const char *name, uint32_t size)
{
    if (call->mm->kmem->classic)
        return la_slab26_create(call->mm, name, size, (uint32_t)call->arg[2], (uint32_t)call->arg[3], call->arg[4],
                                call->arg[5]);
    la_then_now(call->mm, "kmem_cache_create(..., ctor, dtor)",
                "the destructor was called for every object of a slab that went.",
                "five arguments since 2.6.23: no destructor, and since 2.6.27 the constructor gets the object only");
    return la_kmem_cache_create(call->mm, name, size, (uint32_t)call->arg[2], (uint32_t)call->arg[3], call->arg[4]);
}

LA_NATIVE(kmem_cache_create)
{
    struct la_buf name;
    uint32_t cache = LA_NO_CACHE;
    uint64_t size = call->arg[1], align = call->arg[2];

    la_buf_init(&name, la_arena_host(call->machine->arena));
    if (call->arg[0] == 0)
        la_call_die(call, "kmem_cache_create((null)) integrity check failed",
                    "A cache needs a name: /proc/slabinfo shows it.");
    else if (!la_call_string(call, call->arg[0], LA_CACHE_NAME, &name))
        return 0;
    else if (align > LA_PAGE_SIZE || (align & (align - 1)) != 0)
        la_call_die(call, "kmem_cache_create: the alignment must be a power of two, at most a page",
                    "align is the alignment of each object, not an offset. The real kernel checks nothing and computes "
                    "nonsense.");
    else if (call->nr == 6)
        cache = create_2_6(call, la_buf_str(&name), size > UINT32_MAX ? UINT32_MAX : (uint32_t)size);
    else
        cache = la_kmem_cache_create(call->mm, la_buf_str(&name), size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
                                     (uint32_t)align, (uint32_t)call->arg[3], call->arg[4]);
    la_buf_free(&name);
    if (cache == LA_NO_CACHE)
        return 0;
    show_cache(call, cache);
    return la_cache_address(call->mm, cache);
}

static uint64_t cache_alloc(struct la_call *call, la_gfp_t gfp, int32_t nid)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    if (cache == LA_NO_CACHE)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);
    uint64_t object = la_kmem_cache_alloc(call->mm, cache, gfp, nid);

    la_call_hooks_off(call, before);
    return object;
}

LA_NATIVE(kmem_cache_alloc)
{
    return cache_alloc(call, (la_gfp_t)call->arg[1], LA_NO_NODE);
}

LA_NATIVE(kmem_cache_zalloc)
{
    return cache_alloc(call, (la_gfp_t)call->arg[1] | LA_GFP_ZERO, LA_NO_NODE);
}

LA_NATIVE(kmem_cache_alloc_node)
{
    int32_t nid = (int32_t)call->arg[2];

    if (nid < LA_NO_NODE || nid >= call->mm->nr_nodes) {
        la_call_die(call, "BUG: unable to handle page fault: this node does not exist",
                    "NUMA_NO_NODE means the node of this CPU.");
        return 0;
    }
    return cache_alloc(call, (la_gfp_t)call->arg[1], nid);
}

LA_NATIVE(kmem_cache_free)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    if (cache == LA_NO_CACHE)
        return 0;
    if (call->arg[1] == 0) {
        la_call_die(call, "BUG: kernel NULL pointer dereference, address: kmem_cache_free(cache, NULL)",
                    "kfree(NULL) is allowed, kmem_cache_free(cache, NULL) is not.");
        return 0;
    }
    struct la_kmem_hooks before = la_call_hooks_on(call);

    la_kmem_cache_free(call->mm, cache, call->arg[1]);
    la_call_hooks_off(call, before);
    return 0;
}

LA_NATIVE(kmem_cache_destroy)
{
    bool nothing = call->arg[0] == 0 && !call->mm->kmem->classic; /* 2.6 stops with BUG() */
    uint32_t cache = nothing ? LA_NO_CACHE : la_call_cache(call, call->arg[0]);

    if (cache == LA_NO_CACHE)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);
    bool gone = la_kmem_cache_destroy(call->mm, cache);

    la_call_hooks_off(call, before);

    if (call->mm->kmem->cache[cache].live)
        show_cache(call, cache);
    return !gone;
}

LA_NATIVE(kmem_cache_shrink)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    if (cache == LA_NO_CACHE)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);
    int left = la_kmem_cache_shrink(call->mm, cache);

    la_call_hooks_off(call, before);
    return (uint64_t)left;
}

LA_NATIVE(kmem_cache_size)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    return cache == LA_NO_CACHE ? 0 : call->mm->kmem->cache[cache].object_size;
}

LA_NATIVE(validate_slab_cache)
{
    uint32_t cache = la_call_cache(call, call->arg[0]), before = call->mm->kmem->slab_errors;

    if (cache == LA_NO_CACHE)
        return 0;
    (void)la_validate_slab_cache(call->mm, cache);
    return call->mm->kmem->slab_errors - before;
}

/* ---- probes ---- */

LA_NATIVE(nr_slabs)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    return cache == LA_NO_CACHE ? 0 : la_cache_nr_slabs(&call->mm->kmem->cache[cache]);
}

LA_NATIVE(nr_active)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    return cache == LA_NO_CACHE ? 0 : la_cache_active_objs(call->mm, &call->mm->kmem->cache[cache]);
}

LA_NATIVE(nr_live)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    return cache == LA_NO_CACHE ? 0 : call->mm->kmem->cache[cache].nr_live;
}
