/*
 * call_mempool.c: memory pools (part 3 of the notes).
 *
 * The kernel's own pairs of functions (mempool_alloc_slab …) are recognised by their address and
 * run in core/mm; functions of the program are called back.
 *
 * Deviations: (a) mempool_resize takes the third argument of 2.6 too; on a machine of 6.1 it means nothing;
 * (b) mempool_free_later is not of the kernel: it lets another task give an element back later.
 *
 * Source: Linux 6.1.192 include/linux/mempool.h, mm/mempool.c; Linux 2.6.11 mm/mempool.c.
 */
#include "lang/bytecode.h"
#include "lang/call_slab.h"
#include "lang/interp.h"
#include "mm/internal.h"

#include <string.h>

enum { POOL_WAIT_TICKS = 5 * LA_HZ };

/* The name of the kernel call at @addr, or "". */
static const char *kernel_name(const struct la_call *call, uint64_t addr)
{
    uint64_t offset = addr - call->interp->image_base;
    uint32_t nr;
    const struct la_api *api = la_api_table(&nr);

    if (offset < LA_IMG_NATIVES || offset >= LA_IMG_END || (offset - LA_IMG_NATIVES) / LA_FUNCTION_STRIDE >= nr)
        return "";
    return api[(offset - LA_IMG_NATIVES) / LA_FUNCTION_STRIDE].name;
}

static bool kind_of(const struct la_call *call, struct la_pool_functions *fn)
{
    static const struct {
        const char *alloc, *free;
        enum la_pool_kind kind;
    } pairs[] = {{"mempool_alloc_slab", "mempool_free_slab", LA_POOL_SLAB},
                 {"mempool_kmalloc", "mempool_kfree", LA_POOL_KMALLOC},
                 {"mempool_alloc_pages", "mempool_free_pages", LA_POOL_PAGES}};
    const char *alloc = kernel_name(call, fn->alloc_fn), *free = kernel_name(call, fn->free_fn);

    fn->kind = LA_POOL_CUSTOM;
    if (*alloc == '\0' && *free == '\0')
        return true;
    for (uint32_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (strcmp(alloc, pairs[i].alloc) != 0 || strcmp(free, pairs[i].free) != 0)
            continue;
        fn->kind = pairs[i].kind;
        return true;
    }
    return false;
}

/* The pool at @address, or with 0 a new one; returns its address, 0 = no memory. */
static uint64_t create(struct la_call *call, uint64_t address, int32_t min_nr, struct la_pool_functions *fn)
{
    if (fn->kind == LA_POOL_SLAB && la_call_cache(call, fn->pool_data) == LA_NO_CACHE)
        return 0;
    if (fn->kind == LA_POOL_PAGES && fn->pool_data >= LA_MAX_ORDER)
        fn->pool_data = LA_MAX_ORDER;
    struct la_kmem_hooks before = la_call_hooks_on(call);

    if (address == 0)
        address = la_mempool_create(call->mm, min_nr, fn);
    else if (!la_mempool_init(call->mm, address, min_nr, fn))
        address = 0;
    la_call_hooks_off(call, before);
    return address;
}

/* @address as above; the functions and their data begin at argument @first. */
static uint64_t create_by_functions(struct la_call *call, uint64_t address, int32_t min_nr, uint32_t first)
{
    struct la_pool_functions fn = {LA_POOL_CUSTOM, call->arg[first], call->arg[first + 1], call->arg[first + 2]};

    if (fn.alloc_fn == 0 || fn.free_fn == 0) {
        la_call_die(call, "BUG: kernel NULL pointer dereference: a memory pool without its functions",
                    "A pool needs an allocation function and a free function.");
        return 0;
    }
    if (!kind_of(call, &fn)) {
        la_call_die(call, "memory pool: these two functions do not belong together",
                    "Use mempool_alloc_slab with mempool_free_slab, mempool_kmalloc with mempool_kfree, "
                    "mempool_alloc_pages with "
                    "mempool_free_pages, or two functions of your own.");
        return 0;
    }
    return create(call, address, min_nr, &fn);
}

LA_NATIVE(mempool_create)
{
    return create_by_functions(call, 0, (int32_t)call->arg[0], 1);
}

LA_NATIVE(mempool_init)
{
    if (call->arg[0] == 0) {
        la_call_die(call, "BUG: kernel NULL pointer dereference: the memory pool is NULL",
                    "mempool_init() fills a mempool_t that is there already; mempool_create() makes one.");
        return 0;
    }
    return create_by_functions(call, call->arg[0], (int32_t)call->arg[1], 2) != 0 ? 0 : la_call_error(LA_ENOMEM);
}

/* The address that the name of a kernel call stands for. */
static uint64_t address_of(const struct la_call *call, const char *name)
{
    uint32_t nr;
    const struct la_api *api = la_api_table(&nr);

    for (uint32_t i = 0; i < nr; i++)
        if (strcmp(api[i].name, name) == 0)
            return call->interp->image_base + LA_IMG_NATIVES + (uint64_t)i * LA_FUNCTION_STRIDE;
    return 0;
}

static uint64_t create_kind(struct la_call *call, enum la_pool_kind kind, const char *alloc, const char *free)
{
    struct la_pool_functions fn = {kind, address_of(call, alloc), address_of(call, free), call->arg[1]};

    return create(call, 0, (int32_t)call->arg[0], &fn);
}

LA_NATIVE(mempool_create_slab_pool)
{
    return create_kind(call, LA_POOL_SLAB, "mempool_alloc_slab", "mempool_free_slab");
}

LA_NATIVE(mempool_create_kmalloc_pool)
{
    return create_kind(call, LA_POOL_KMALLOC, "mempool_kmalloc", "mempool_kfree");
}

LA_NATIVE(mempool_create_page_pool)
{
    return create_kind(call, LA_POOL_PAGES, "mempool_alloc_pages", "mempool_free_pages");
}

static struct la_mempool *pool_of(struct la_call *call, uint64_t addr)
{
    struct la_mempool *pool = la_mempool_at(call->mm, addr);

    if (pool)
        return pool;
    la_call_die(call,
                addr == 0 ? "BUG: kernel NULL pointer dereference: the memory pool is NULL"
                          : "use after free: this is not a memory pool, or it was destroyed",
                addr == 0 ? "Check what mempool_create returned."
                          : "The real kernel does not notice: it works on freed memory. An element that is still out "
                            "when its pool is "
                            "destroyed cannot be given back.");
    return NULL;
}

LA_NATIVE(mempool_alloc)
{
    struct la_mempool *pool = pool_of(call, call->arg[0]);

    if (!pool)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);
    bool threads = la_sched_matters(call->interp) && la_sched_can_wait(call->interp), must_wait = false;
    uint64_t element = la_mempool_alloc_or_wait(call->mm, pool, (la_gfp_t)call->arg[1], threads ? &must_wait : NULL);

    la_call_hooks_off(call, before);
    if (must_wait)
        (void)la_sched_wait(call, LA_WAIT_POOL, call->arg[0], call->mm->kmem->classic ? 0 : POOL_WAIT_TICKS, false);
    if (call->mm->hung) {
        call->mm->hung = false;
        la_call_stuck(
            call,
            "mempool_alloc would sleep for ever: the pool is empty, its allocation function gives nothing, and nobody "
            "is going to give an element back (mempool_free_later lets another task do it)");
    }
    return element;
}

LA_NATIVE(mempool_free)
{
    struct la_mempool *pool;
    struct la_kmem_hooks before;

    if (call->arg[0] == 0 && !call->mm->kmem->classic)
        return 0;
    pool = pool_of(call, call->arg[1]);
    if (!pool)
        return 0;
    before = la_call_hooks_on(call);
    la_mempool_free(call->mm, pool, call->arg[0]);
    la_call_hooks_off(call, before);
    return 0;
}

LA_NATIVE(mempool_free_later)
{
    struct la_mempool *pool = pool_of(call, call->arg[1]);

    if (pool && call->arg[0] != 0 && !la_mempool_free_later(call->mm, pool, call->arg[0], (uint32_t)call->arg[2]))
        la_call_die(call, "mempool_free_later: too many elements are on their way",
                    "At most 8 elements of a pool can be.");
    return 0;
}

LA_NATIVE(mempool_resize)
{
    struct la_mempool *pool = pool_of(call, call->arg[0]);
    int32_t min_nr = (int32_t)call->arg[1], result;

    if (!pool)
        return 0;
    if (call->nr > 2 && !call->mm->kmem->classic)
        la_then_now(call->mm, "mempool_resize(pool, n, gfp)", "the mask was used to fill the pool.",
                    "two arguments; it always fills with GFP_KERNEL");
    if (min_nr <= 0) {
        la_call_die(call, "kernel BUG at mm/mempool.c:324!",
                    "BUG_ON(new_min_nr <= 0): a pool cannot be resized to nothing; destroy it.");
        return 0;
    }
    struct la_kmem_hooks before = la_call_hooks_on(call);

    result = la_mempool_resize(call->mm, pool, (uint32_t)min_nr, call->nr > 2 ? (la_gfp_t)call->arg[2] : LA_GFP_KERNEL);
    la_call_hooks_off(call, before);
    return (uint64_t)(int64_t)result;
}

LA_NATIVE(mempool_destroy)
{
    struct la_mempool *pool;
    struct la_kmem_hooks before;

    if (call->arg[0] == 0 && !call->mm->kmem->classic)
        return 0;
    pool = pool_of(call, call->arg[0]);
    if (!pool)
        return 0;
    before = la_call_hooks_on(call);
    bool gone = la_mempool_destroy(call->mm, pool);

    la_call_hooks_off(call, before);
    if (!gone)
        la_call_killed(call);
    return 0;
}

/* A pool that was never initialised, or ended before, is all zeroes: nothing happens, as in the kernel. */
LA_NATIVE(mempool_exit)
{
    struct la_mempool *pool = call->arg[0] == 0 ? pool_of(call, 0) : la_mempool_at(call->mm, call->arg[0]);

    if (!pool)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);

    la_mempool_exit(call->mm, pool);
    la_call_hooks_off(call, before);
    return 0;
}

/* ---- the kernel's pairs, when they are called directly ---- */

LA_NATIVE(mempool_alloc_slab)
{
    uint32_t cache = la_call_cache(call, call->arg[1]);

    if (cache == LA_NO_CACHE)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);
    uint64_t object = la_kmem_cache_alloc(call->mm, cache, (la_gfp_t)call->arg[0], LA_NO_NODE);

    la_call_hooks_off(call, before);
    return object;
}

LA_NATIVE(mempool_free_slab)
{
    uint32_t cache = la_call_cache(call, call->arg[1]);

    if (cache == LA_NO_CACHE)
        return 0;
    struct la_kmem_hooks before = la_call_hooks_on(call);

    la_kmem_cache_free(call->mm, cache, call->arg[0]);
    la_call_hooks_off(call, before);
    return 0;
}

LA_NATIVE(mempool_kmalloc)
{
    return la_kmalloc(call->mm, call->arg[1], (la_gfp_t)call->arg[0], LA_NO_NODE);
}

LA_NATIVE(mempool_kfree)
{
    la_kfree(call->mm, call->arg[0]);
    return 0;
}

LA_NATIVE(mempool_alloc_pages)
{
    uint32_t pfn = la_alloc_pages(call->mm, (la_gfp_t)call->arg[0], (uint32_t)call->arg[1], LA_NO_NODE);

    return pfn == LA_NO_PFN ? 0 : la_pfn_to_page(call->mm, pfn);
}

LA_NATIVE(mempool_free_pages)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_free_pages(call->mm, pfn, (uint32_t)call->arg[1]);
    return 0;
}
