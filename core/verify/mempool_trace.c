/*
 * mempool_trace.c: replay operations on memory pools, and compare results, numbers and calls after each.
 *
 *     kinds 0, 1, 2 of the recording: a cache of 256 bytes, kmalloc of 512, pages of order 1
 *     op set_fail: from now on the allocation function returns NULL
 *
 * The functions are called through the same hooks as those of a program, which count and fail them.
 */
#include "verify/internal.h"

#include "mm/mempool.h"

#include <string.h>

enum { MAX_HANDLES = 1 << 16, ALLOC_FN = 1, FREE_FN = 2 };

struct pool_replay {
    struct la_verify *v;
    struct la_verify_memory m;
    struct la_mm *mm;
    struct la_mempool *pool;
    uint64_t *handle;
    uint32_t cache;
    int64_t kind;
    bool fail;
    uint32_t allocs, frees;
};

static uint64_t real_alloc(const struct pool_replay *r, la_gfp_t gfp)
{
    uint32_t pfn;

    if (r->kind == 0)
        return la_kmem_cache_alloc(r->mm, r->cache, gfp, LA_NO_NODE);
    if (r->kind == 1)
        return la_kmalloc(r->mm, 512, gfp, LA_NO_NODE);
    pfn = la_alloc_pages(r->mm, gfp, 1, LA_NO_NODE);
    return pfn == LA_NO_PFN ? 0 : la_pfn_to_page(r->mm, pfn);
}

static bool hook(void *ctx, uint64_t fn, const uint64_t *args, uint32_t nr, uint64_t *result)
{
    struct pool_replay *r = ctx;

    (void)nr;
    *result = 0;
    if (fn == ALLOC_FN) {
        r->allocs++;
        *result = r->fail ? 0 : real_alloc(r, (la_gfp_t)args[0]);
        return true;
    }
    r->frees++;
    if (r->kind == 0)
        la_kmem_cache_free(r->mm, r->cache, args[0]);
    else if (r->kind == 1)
        la_kfree(r->mm, args[0]);
    else
        la_free_pages(r->mm, la_page_to_pfn(r->mm, args[0]), 1);
    return true;
}

static la_gfp_t gfp_of(const char *name)
{
    if (name && strcmp(name, "GFP_ATOMIC") == 0)
        return LA_GFP_ATOMIC;
    return name && strcmp(name, "GFP_NOWAIT") == 0 ? LA_GFP_NOWAIT : LA_GFP_KERNEL;
}

static void create(struct pool_replay *r, const cJSON *op)
{
    const struct la_pool_functions fn = {LA_POOL_CUSTOM, ALLOC_FN, FREE_FN, 0};
    uint64_t address;

    r->kind = la_verify_number(op, "kind", 0);
    address = la_mempool_create(r->mm, (int32_t)la_verify_number(op, "min_nr_arg", 0), &fn);
    la_verify_value(r->v, "mempool_create succeeds", address != 0, cJSON_IsTrue(la_cjson_get(op, "ok")));
    r->pool = la_mempool_at(r->mm, address);
}

static void alloc(struct pool_replay *r, const cJSON *op)
{
    uint64_t top = r->pool->curr_nr ? la_mempool_element(r->mm, r->pool, r->pool->curr_nr - 1) : 0;
    uint64_t element = la_mempool_alloc(r->mm, r->pool, gfp_of(la_cjson_string(la_cjson_get(op, "gfp"))));
    int64_t h = la_verify_number(op, "h", 0);

    la_verify_value(r->v, "mempool_alloc succeeds", element != 0, cJSON_IsTrue(la_cjson_get(op, "ok")));
    la_verify_value(r->v, "the last element of the reserve came", element != 0 && element == top,
                    cJSON_IsTrue(la_cjson_get(op, "was_top_element")));
    if (h >= 0 && h < MAX_HANDLES)
        r->handle[h] = element;
}

/* The recorder gave back what was still out before it destroyed the pool, and counted only what came then. */
static void destroy(struct pool_replay *r)
{
    for (uint32_t h = 0; h < MAX_HANDLES; h++) {
        la_mempool_free(r->mm, r->pool, r->handle[h]);
        r->handle[h] = 0;
    }
    r->frees = 0;
    (void)la_mempool_destroy(r->mm, r->pool);
    r->pool = NULL;
}

static void do_op(struct pool_replay *r, const cJSON *op)
{
    const char *what = la_cjson_string(la_cjson_get(op, "op"));
    int64_t h = la_verify_number(op, "h", 0);

    r->allocs = r->frees = 0;
    if (!what || (!r->pool && strcmp(what, "create") != 0 && strcmp(what, "set_fail") != 0))
        return;
    if (strcmp(what, "create") == 0) {
        create(r, op);
    } else if (strcmp(what, "set_fail") == 0) {
        r->fail = la_verify_number(op, "fail", 0) != 0;
    } else if (strcmp(what, "alloc") == 0) {
        alloc(r, op);
    } else if (strcmp(what, "free") == 0 && h >= 0 && h < MAX_HANDLES) {
        la_mempool_free(r->mm, r->pool, r->handle[h]);
        r->handle[h] = 0;
    } else if (strcmp(what, "resize") == 0) {
        la_verify_value(r->v, "result of mempool_resize",
                        la_mempool_resize(r->mm, r->pool, (uint32_t)la_verify_number(op, "new_min", 1), LA_GFP_KERNEL),
                        la_verify_number(op, "ret", 0));
    } else if (strcmp(what, "destroy") == 0) {
        destroy(r);
    }
    la_verify_value(r->v, "calls of alloc_fn", r->allocs, la_verify_number(op, "alloc_fn_calls", -1));
    la_verify_value(r->v, "calls of free_fn", r->frees, la_verify_number(op, "free_fn_calls", -1));
    if (!r->pool)
        return;
    la_verify_value(r->v, "min_nr", r->pool->min_nr, la_verify_number(op, "min_nr", r->pool->min_nr));
    la_verify_value(r->v, "curr_nr", r->pool->curr_nr, la_verify_number(op, "curr_nr", r->pool->curr_nr));
}

void la_verify_mempool_trace(struct la_verify *v, const cJSON *recording)
{
    struct pool_replay r = {.v = v};
    const struct la_host *host = v->host;
    const cJSON *op;

    memcpy(v->report->kind, "mempool trace", sizeof "mempool trace");
    v->where = "op";
    r.handle = la_host_alloc(host, MAX_HANDLES * sizeof *r.handle);
    if (r.handle && la_verify_memory(&r.m, host, 2, 8, true)) {
        r.mm = r.m.mm;
        r.mm->kmem->hooks = (struct la_kmem_hooks){.ctx = &r, .call = hook};
        r.cache = la_kmem_cache_create(r.mm, "replayed", 256, 0, 0, 0);
        cJSON_ArrayForEach(op, la_cjson_get(recording, "ops"))
        {
            do_op(&r, op);
            v->index++;
        }
    } else {
        v->report->differ++;
    }
    la_verify_memory_free(&r.m);
    la_host_free(host, r.handle, MAX_HANDLES * sizeof *r.handle);
}
