/*
 * call_bulk.c: many objects by one call.
 *
 *     kmem_cache_alloc_bulk(cache, gfp, 3, p)     p[0], p[1], p[2]: all of them, or none and 0
 *     kmem_cache_free_bulk(cache, 3, p)           from the last to the first, so that p[0] is handed out next
 *
 * Deviations: (a) 6.1 frees neighbours of one slab together, looking three places ahead: where objects of several
 * slabs alternate, the order on their freelists may differ; (b) at most BULK_MAX objects at once.
 *
 * Source: Linux 6.1.192 mm/slub.c: kmem_cache_alloc_bulk, kmem_cache_free_bulk, build_detached_freelist.
 */
#include "lang/call_slab.h"
#include "lang/interp.h"
#include "mm/mempool.h"

enum { BULK_MAX = 4096 };

static bool size_is_good(struct la_call *call, uint64_t nr)
{
    if (nr <= BULK_MAX)
        return true;
    la_call_die(call, "more than 4096 objects at once", "This machine takes at most so many; the kernel has no limit.");
    return false;
}

/* Pointer @i of the array at @array; false: the program oopsed. */
static bool read_pointer(struct la_call *call, uint64_t array, uint64_t i, uint64_t *object)
{
    uint32_t word = call->mm->layout.pointer_bytes;
    unsigned char bytes[8];

    if (!la_call_read(call, array + i * word, bytes, word))
        return false;
    *object = la_load_le(bytes, word);
    return true;
}

static bool write_pointer(struct la_call *call, uint64_t array, uint64_t i, uint64_t object)
{
    uint32_t word = call->mm->layout.pointer_bytes;
    unsigned char bytes[8];

    la_store_le(bytes, word, object);
    return la_call_write(call, array + i * word, bytes, word);
}

/* @cache: LA_NO_CACHE for kfree_bulk. */
static void free_bulk(struct la_call *call, uint32_t cache, uint64_t nr, uint64_t array)
{
    struct la_kmem_hooks before = la_call_hooks_on(call);
    uint64_t object;

    while (nr-- > 0 && read_pointer(call, array, nr, &object)) {
        if (cache == LA_NO_CACHE)
            la_kfree(call->mm, object);
        else if (object != 0)
            la_kmem_cache_free(call->mm, cache, object);
    }
    la_call_hooks_off(call, before);
}

LA_NATIVE(kmem_cache_alloc_bulk)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);
    uint64_t nr = call->arg[2], array = call->arg[3], got = 0;

    if (cache == LA_NO_CACHE || !size_is_good(call, nr))
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);

    while (got < nr) {
        uint64_t object = la_kmem_cache_alloc(call->mm, cache, (la_gfp_t)call->arg[1], LA_NO_NODE);

        if (object == 0 || !write_pointer(call, array, got, object))
            break;
        got++;
    }
    la_call_hooks_off(call, before);
    if (got == nr)
        return nr;
    free_bulk(call, cache, got, array);
    return 0;
}

LA_NATIVE(kmem_cache_free_bulk)
{
    uint32_t cache = la_call_cache(call, call->arg[0]);

    if (cache != LA_NO_CACHE && size_is_good(call, call->arg[1]))
        free_bulk(call, cache, call->arg[1], call->arg[2]);
    return 0;
}

LA_NATIVE(kfree_bulk)
{
    if (size_is_good(call, call->arg[0]))
        free_bulk(call, LA_NO_CACHE, call->arg[0], call->arg[1]);
    return 0;
}
