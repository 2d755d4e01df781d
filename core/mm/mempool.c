/*
 * mempool.c: memory pools; mempool.h has the picture.
 *
 * Invariant: 0 <= curr_nr <= min_nr.
 * Cost: that of the allocation functions, and one pointer in the array.
 *
 * Deviations:
 *  A. While no other thread lives, a caller that would sleep lets ticks pass until an element comes
 *     back (la_mempool_free_later) or the allocation function succeeds; when nothing is on its way
 *     the program is stopped as hung.
 *  B. Elements given out are counted, which the kernel does not do, and a pool that was destroyed
 *     is remembered as destroyed.
 *
 * Source: Linux 6.1.192 mm/mempool.c: mempool_create_node, mempool_alloc, mempool_free,
 * mempool_resize, mempool_exit; Linux 2.6.11 mm/mempool.c (see mempool26.c).
 */
#include "mm/mempool_internal.h"
#include "mm/slab_internal.h"

#include <string.h>

enum { WAIT_TICKS = 5 * LA_HZ, WAITS_MAX = 3 };

/* struct mempool_s: offsets of its members by word size */
enum { AT_MIN_NR = 4, AT_CURR_NR = 8 };

static uint32_t struct_bytes(const struct la_mm *mm)
{
    return mm->layout.pointer_bytes == 8 ? 72 : 40;
}

static void put(struct la_mm *mm, uint64_t addr, uint64_t value, uint32_t bytes)
{
    unsigned char b[8];

    la_store_le(b, bytes, value);
    if (la_virt_to_pfn(mm, addr) == LA_NO_PFN) { /* a pool in a variable of the program */
        if (mm->kmem->hooks.write)
            mm->kmem->hooks.write(mm->kmem->hooks.ctx, addr, b, bytes);
        return;
    }
    /* the program may have freed this memory under the pool */
    la_slab_note_store(mm, la_virt_to_pfn(mm, addr), (uint32_t)(addr & (LA_PAGE_SIZE - 1)), bytes);
    la_mem_write(mm, addr, b, bytes);
}

static void show_numbers(struct la_mm *mm, const struct la_mempool *pool)
{
    put(mm, pool->address + AT_MIN_NR, pool->min_nr, 4);
    put(mm, pool->address + AT_CURR_NR, pool->curr_nr, 4);
}

static void show_all(struct la_mm *mm, const struct la_mempool *pool)
{
    uint32_t word = mm->layout.pointer_bytes;
    uint64_t at = pool->address + (word == 8 ? 16 : 12);

    show_numbers(mm, pool);
    put(mm, at, pool->elements, word);
    put(mm, at + word, pool->fn.pool_data, word);
    put(mm, at + 2 * word, pool->fn.alloc_fn, word);
    put(mm, at + 3 * word, pool->fn.free_fn, word);
}

/* ---- elements ---- */

uint64_t la_mempool_element(const struct la_mm *mm, const struct la_mempool *pool, uint32_t i)
{
    uint32_t word = mm->layout.pointer_bytes;

    return la_mem_load(mm, pool->elements + (uint64_t)i * word, word);
}

/* Pages at rest in a pool look like that in the views. */
static void mark_pages(struct la_mm *mm, const struct la_mempool *pool, uint64_t element, enum la_frame_kind from,
                       enum la_frame_kind to)
{
    uint32_t pfn = pool->fn.kind == LA_POOL_PAGES ? la_page_to_pfn(mm, element) : LA_NO_PFN;

    if (pfn != LA_NO_PFN && mm->frame[pfn].kind == from)
        la_mm_set_kind(mm, pfn, to, 0);
}

static void add_element(struct la_mm *mm, struct la_mempool *pool, uint64_t element)
{
    put(mm, pool->elements + (uint64_t)pool->curr_nr * mm->layout.pointer_bytes, element, mm->layout.pointer_bytes);
    pool->curr_nr++;
    show_numbers(mm, pool);
    mark_pages(mm, pool, element, LA_FRAME_KERNEL, LA_FRAME_POOL);
}

static uint64_t remove_element(struct la_mm *mm, struct la_mempool *pool)
{
    uint64_t element = la_mempool_element(mm, pool, --pool->curr_nr);

    show_numbers(mm, pool);
    mark_pages(mm, pool, element, LA_FRAME_POOL, LA_FRAME_KERNEL);
    return element;
}

/* A function of the program; the pool may be gone or the task dead when it returns. */
static uint64_t call_program(struct la_mm *mm, uint64_t fn, uint64_t a, uint64_t b)
{
    const uint64_t args[2] = {a, b};
    uint64_t result = 0;

    if (mm->kmem->callback_failed)
        return 0;
    if (mm->kmem->hooks.call && !mm->kmem->hooks.call(mm->kmem->hooks.ctx, fn, args, 2, &result)) {
        mm->kmem->callback_failed = true;
        return 0;
    }
    return result;
}

static uint64_t call_alloc(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp)
{
    uint32_t cache, pfn;

    pool->alloc_calls++;
    switch (pool->fn.kind) {
    case LA_POOL_SLAB:
        cache = la_cache_at(mm, pool->fn.pool_data);
        return cache == LA_NO_CACHE ? 0 : la_kmem_cache_alloc(mm, cache, gfp, LA_NO_NODE);
    case LA_POOL_KMALLOC:
        return la_kmalloc(mm, pool->fn.pool_data, gfp, LA_NO_NODE);
    case LA_POOL_PAGES:
        pfn = la_alloc_pages(mm, gfp, (uint32_t)pool->fn.pool_data, LA_NO_NODE);
        return pfn == LA_NO_PFN ? 0 : la_pfn_to_page(mm, pfn);
    default:
        return call_program(mm, pool->fn.alloc_fn, gfp, pool->fn.pool_data);
    }
}

static void call_free(struct la_mm *mm, struct la_mempool *pool, uint64_t element)
{
    uint32_t cache, pfn;

    pool->free_calls++;
    switch (pool->fn.kind) {
    case LA_POOL_SLAB:
        cache = la_cache_at(mm, pool->fn.pool_data);
        if (cache != LA_NO_CACHE)
            la_kmem_cache_free(mm, cache, element);
        break;
    case LA_POOL_KMALLOC:
        la_kfree(mm, element);
        break;
    case LA_POOL_PAGES:
        pfn = la_page_to_pfn(mm, element);
        la_free_pages(mm, pfn, (uint32_t)pool->fn.pool_data);
        break;
    default:
        (void)call_program(mm, pool->fn.free_fn, element, pool->fn.pool_data);
        break;
    }
}

/* ---- create and destroy ---- */

struct la_mempool *la_mempool_at(const struct la_mm *mm, uint64_t address)
{
    for (uint32_t i = 0; mm->kmem && mm->kmem->pool && address != 0 && i < LA_MAX_POOLS; i++)
        if (mm->kmem->pool[i].address == address)
            return &mm->kmem->pool[i];
    return NULL;
}

static struct la_mempool *free_slot(struct la_mm *mm)
{
    for (uint32_t i = 0; i < LA_MAX_POOLS; i++)
        if (mm->kmem->pool[i].address == 0)
            return &mm->kmem->pool[i];
    return NULL;
}

/* The program freed the structure of a pool, or left its scope, and now the memory is somebody else's. */
static void forget_pool_at(struct la_mm *mm, uint64_t address)
{
    struct la_mempool *pool = la_mempool_at(mm, address);

    if (pool)
        memset(pool, 0, sizeof *pool);
}

void la_mempool_exit(struct la_mm *mm, struct la_mempool *pool)
{
    uint64_t address = pool->address;
    uint32_t outstanding = pool->outstanding;

    while (pool->curr_nr > 0)
        call_free(mm, pool, remove_element(mm, pool));
    la_kfree(mm, pool->elements);
    pool->elements = 0;
    if (pool->address == address) { /* else the program's free function has ended it already */
        show_all(mm, pool);
        LA_TRACE(mm->trace, POOL_DESTROY, address, outstanding);
    }
    memset(pool, 0, sizeof *pool);
}

/* Fill the reserve; false: an element was not to be had, or the program's function ended the pool. */
static bool fill(struct la_mm *mm, struct la_mempool *pool, uint64_t address)
{
    while (pool->curr_nr < pool->min_nr) {
        uint64_t element = call_alloc(mm, pool, LA_GFP_KERNEL);

        if (pool->address != address)
            return false;
        if (element == 0) {
            la_mempool_exit(mm, pool);
            return false;
        }
        add_element(mm, pool, element);
    }
    return true;
}

bool la_mempool_init(struct la_mm *mm, uint64_t address, int32_t min_nr, const struct la_pool_functions *fn)
{
    forget_pool_at(mm, address);
    struct la_mempool *pool = free_slot(mm);
    uint64_t bytes = (uint64_t)(uint32_t)min_nr * mm->layout.pointer_bytes;

    if (!pool || min_nr < 0 || min_nr > LA_POOL_MAX_NR)
        return false;
    *pool = (struct la_mempool){.fn = *fn, .min_nr = (uint32_t)min_nr};
    pool->elements = la_kmalloc(mm, bytes, LA_GFP_KERNEL, LA_NO_NODE);
    if (pool->elements == 0)
        return false;
    pool->address = address;
    show_all(mm, pool);
    if (!fill(mm, pool, address))
        return false;
    LA_TRACE(mm->trace, POOL_CREATE, address, pool->min_nr);
    return true;
}

uint64_t la_mempool_create(struct la_mm *mm, int32_t min_nr, const struct la_pool_functions *fn)
{
    if (!free_slot(mm) || min_nr < 0 || min_nr > LA_POOL_MAX_NR)
        return 0;
    uint64_t address = la_kmalloc(mm, struct_bytes(mm), LA_GFP_KERNEL | LA_GFP_ZERO, LA_NO_NODE);

    if (address == 0)
        return 0;
    if (la_mempool_init(mm, address, min_nr, fn))
        return address;
    la_kfree(mm, address);
    return 0;
}

bool la_mempool_destroy(struct la_mm *mm, struct la_mempool *pool)
{
    uint64_t address = pool->address;

    if (mm->kmem->classic && !la_mempool26_may_destroy(mm, pool))
        return false;
    if (pool->curr_nr != pool->min_nr)
        la_then_now(mm, "mempool_destroy", "BUG() when the pool held fewer elements than min_nr, as it does now.",
                    "no check at all; elements still out cannot be given back any more");
    la_mempool_exit(mm, pool);
    la_kfree(mm, address);
    return true;
}

/* ---- alloc ---- */

static uint64_t hand_out(struct la_mempool *pool, uint64_t element)
{
    pool->outstanding++;
    pool->waiting_since = 0;
    return element;
}

/* The pool's own functions destroyed it under our feet. */
static bool is_gone(struct la_mm *mm, const struct la_mempool *pool, uint64_t address)
{
    if (pool->address == address)
        return false;
    la_oops(mm, "use after free: a memory pool was destroyed by its own function",
            "The real kernel would go on with freed memory.");
    mm->kmem->callback_failed = true;
    return true;
}

uint64_t la_mempool_ask(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp)
{
    uint64_t address = pool->address, element = call_alloc(mm, pool, gfp);

    if (is_gone(mm, pool, address) || element == 0)
        return 0;
    LA_TRACE(mm->trace, POOL_ALLOC, pool->address, element, pool->curr_nr, pool->min_nr);
    return hand_out(pool, element);
}

uint64_t la_mempool_take(struct la_mm *mm, struct la_mempool *pool)
{
    uint64_t element = remove_element(mm, pool);

    LA_TRACE(mm->trace, POOL_TAKE, pool->address, element, pool->curr_nr, pool->min_nr);
    return hand_out(pool, element);
}

/* One try: the allocation function, then the reserve. */
static uint64_t try_alloc(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp)
{
    uint64_t element = la_mempool_ask(mm, pool, gfp);

    if (element != 0 || mm->kmem->callback_failed || pool->curr_nr == 0)
        return element;
    return la_mempool_take(mm, pool);
}

void la_mempool_tell_empty(struct la_mm *mm, const struct la_mempool *pool, const char *why)
{
    if (!mm->trace->on)
        return;
    uint64_t text = la_trace_text(mm->trace, why);

    LA_TRACE(mm->trace, POOL_EMPTY, pool->address, text);
}

uint32_t la_mempool_next_free(const struct la_mm *mm)
{
    uint32_t best = 0;

    for (uint32_t i = 0; i < LA_MAX_POOLS; i++) {
        const struct la_mempool *pool = &mm->kmem->pool[i];

        for (uint32_t n = 0; n < pool->nr_delayed; n++) {
            uint32_t ticks = pool->delayed[n].at_tick - mm->tick;

            best = best == 0 || ticks < best ? ticks : best;
        }
    }
    return best < WAIT_TICKS ? best : WAIT_TICKS;
}

uint64_t la_mempool_alloc_or_wait(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp, bool *must_wait)
{
    la_gfp_t light;

    if (mm->kmem->classic)
        return la_mempool26_alloc(mm, pool, gfp, must_wait);
    if (gfp & LA_GFP_ZERO)
        la_warning(mm, "WARNING: mempool_alloc with __GFP_ZERO",
                   "An element of the reserve would not be zeroed: the flag is not supported.");
    if (gfp & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "include/linux/sched/mm.h:274");
    gfp |= LA_GFP_NOMEMALLOC | LA_GFP_NORETRY | LA_GFP_NOWARN;
    light = gfp & ~(la_gfp_t)(LA_GFP_DIRECT_RECLAIM | LA_GFP_IO);
    for (uint32_t waits = 0; !mm->kmem->callback_failed;) {
        uint64_t element = try_alloc(mm, pool, light);

        if (element != 0 || mm->kmem->callback_failed)
            return element;
        if (light != gfp) {
            light = gfp; /* once more, now with reclaim */
            continue;
        }
        if (!(gfp & LA_GFP_DIRECT_RECLAIM)) {
            la_mempool_tell_empty(mm, pool, "this caller must not sleep, so it gets NULL");
            return 0;
        }
        uint32_t ticks = la_mempool_next_free(mm);

        if (ticks == 0 && !must_wait && ++waits == WAITS_MAX) {
            la_mempool_tell_empty(mm, pool, "the caller sleeps, and nobody is going to give an element back");
            mm->hung = true;
            return 0;
        }
        if (!pool->waiting_since)
            la_mempool_tell_empty(mm, pool,
                                  "the caller sleeps until an element comes back, at most five seconds at a time");
        pool->waiting_since = mm->tick + 1;
        if (must_wait) {
            *must_wait = true;
            return 0;
        }
        ticks = ticks ? ticks : WAIT_TICKS;
        la_schedule_debug(mm);
        LA_TRACE(mm->trace, WAIT, ticks);
        la_mm_tick(mm, ticks);
    }
    return 0;
}

uint64_t la_mempool_alloc(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp)
{
    return la_mempool_alloc_or_wait(mm, pool, gfp, NULL);
}

/* ---- free ---- */

void la_mempool_free(struct la_mm *mm, struct la_mempool *pool, uint64_t element)
{
    if (element == 0 && !mm->kmem->classic)
        return;
    pool->outstanding -= pool->outstanding != 0;
    if (pool->curr_nr < pool->min_nr) {
        add_element(mm, pool, element);
        LA_TRACE(mm->trace, POOL_KEEP, pool->address, element, pool->curr_nr, pool->min_nr);
        return;
    }
    LA_TRACE(mm->trace, POOL_RELEASE, pool->address, element, pool->min_nr);
    call_free(mm, pool, element);
}

bool la_mempool_free_later(struct la_mm *mm, struct la_mempool *pool, uint64_t element, uint32_t ticks)
{
    if (pool->nr_delayed == LA_POOL_DELAYED)
        return false;
    pool->delayed[pool->nr_delayed].element = element;
    pool->delayed[pool->nr_delayed++].at_tick = mm->tick + (ticks ? ticks : 1);
    return true;
}

void la_mempool_tick(struct la_mm *mm)
{
    for (uint32_t i = 0; i < LA_MAX_POOLS; i++) {
        struct la_mempool *pool = &mm->kmem->pool[i];

        for (uint32_t n = 0; n < pool->nr_delayed;) {
            uint64_t element = pool->delayed[n].element;

            if (pool->delayed[n].at_tick > mm->tick) {
                n++;
                continue;
            }
            pool->delayed[n] = pool->delayed[--pool->nr_delayed];
            la_mempool_free(mm, pool, element);
        }
    }
}

/* ---- resize ---- */

/* Another array with the same elements; false: no memory. */
static bool new_array(struct la_mm *mm, struct la_mempool *pool, uint32_t min_nr, la_gfp_t gfp)
{
    uint32_t word = mm->layout.pointer_bytes;
    uint64_t fresh = la_kmalloc(mm, (uint64_t)min_nr * word, gfp, LA_NO_NODE), old = pool->elements;

    if (fresh == 0)
        return false;
    for (uint32_t i = 0; i < pool->curr_nr; i++)
        put(mm, fresh + (uint64_t)i * word, la_mempool_element(mm, pool, i), word);
    pool->elements = fresh;
    la_kfree(mm, old);
    show_all(mm, pool);
    return true;
}

int la_mempool_resize(struct la_mm *mm, struct la_mempool *pool, uint32_t min_nr, la_gfp_t gfp)
{
    bool grows = min_nr > pool->min_nr || (mm->kmem->classic && min_nr == pool->min_nr);
    uint64_t address = pool->address;

    if (!mm->kmem->classic) { /* the mask is gone, and so is a caller that must not sleep */
        gfp = LA_GFP_KERNEL;
        la_might_sleep(mm, "mm/mempool.c:325");
    }
    if (grows && (min_nr > LA_POOL_MAX_NR || !new_array(mm, pool, min_nr, gfp)))
        return -12;
    while (!grows && pool->curr_nr > min_nr)
        call_free(mm, pool, remove_element(mm, pool));
    if (is_gone(mm, pool, address))
        return -12;
    pool->min_nr = min_nr;
    show_numbers(mm, pool);
    while (grows && pool->curr_nr < pool->min_nr) {
        uint64_t element = call_alloc(mm, pool, gfp);

        if (is_gone(mm, pool, address))
            return -12;
        if (element == 0)
            break; /* later frees will fill it; the caller is told nothing */
        add_element(mm, pool, element);
    }
    LA_TRACE(mm->trace, POOL_RESIZE, pool->address, pool->min_nr, pool->curr_nr);
    return 0;
}

/* ---- checking ---- */

static uint32_t pool_problem(struct la_buf *out, uint32_t i, const char *what)
{
    la_buf_printf(out, "pool %u: %s\n", (unsigned)i, what);
    return 1;
}

uint32_t la_mempool_check(const struct la_mm *mm, struct la_buf *out)
{
    uint32_t problems = 0;

    for (uint32_t i = 0; mm->kmem && mm->kmem->pool && i < LA_MAX_POOLS; i++) {
        const struct la_mempool *pool = &mm->kmem->pool[i];

        if (pool->address == 0)
            continue;
        if (pool->curr_nr > pool->min_nr)
            problems += pool_problem(out, i, "holds more than it wants");
        if (pool->nr_delayed > LA_POOL_DELAYED || pool->min_nr > LA_POOL_MAX_NR)
            problems += pool_problem(out, i, "its numbers are beyond their limits");
        if (la_mempool_at(mm, pool->address) != pool)
            problems += pool_problem(out, i, "lies where another pool lies");
    }
    return problems;
}
