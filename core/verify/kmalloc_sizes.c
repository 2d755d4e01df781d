/*
 * kmalloc_sizes.c: for each recorded size: which cache or order serves it, ksize, kmalloc_size_roundup.
 *
 * Each size is really allocated and freed.
 */
#include "verify/internal.h"

#include "mm/slab.h"

#include <string.h>

static la_gfp_t gfp_of(const char *text)
{
    if (!text)
        return LA_GFP_KERNEL;
    return LA_GFP_KERNEL | (strstr(text, "RECLAIMABLE") ? LA_GFP_RECLAIMABLE : 0u) |
           (strstr(text, "DMA") ? LA_GFP_DMA : 0u) | (strstr(text, "ACCOUNT") ? LA_GFP_ACCOUNT : 0u);
}

static void special(struct la_verify *v, const char *result, uint64_t addr)
{
    if (strcmp(result, "ZERO_SIZE_PTR") == 0)
        la_verify_value(v, "kmalloc(0)", (int64_t)addr, (int64_t)LA_ZERO_SIZE_PTR);
    else
        la_verify_value(v, "address of a block that is too large", (int64_t)addr, 0);
}

static void compare_entry(struct la_verify *v, struct la_mm *mm, const cJSON *entry)
{
    uint64_t size = (uint64_t)la_verify_number(entry, "n", 0);
    la_gfp_t gfp = gfp_of(la_cjson_string(la_cjson_get(entry, "gfp")));
    const char *result = la_cjson_string(la_cjson_get(entry, "result")),
               *name = la_cjson_string(la_cjson_get(entry, "cache"));
    uint64_t addr = la_kmalloc(mm, size, gfp | LA_GFP_NOWARN, LA_NO_NODE);
    uint32_t cache = la_kmalloc_slab(mm, size, gfp);

    if (result) {
        special(v, result, addr);
        return;
    }
    la_verify_value(v, "ksize", (int64_t)la_ksize(mm, addr), la_verify_number(entry, "ksize", -1));
    la_verify_value(v, "kmalloc_size_roundup", (int64_t)la_kmalloc_size_roundup(mm, size),
                    la_verify_number(entry, "roundup", -1));
    if (name && la_verify_value(v, "served by a cache", cache != LA_NO_CACHE, 1)) {
        la_verify_value(v, "name of the cache is right", strcmp(mm->kmem->cache[cache].name, name) == 0, 1);
        la_verify_value(v, "slot", mm->kmem->cache[cache].size, la_verify_number(entry, "slot", -1));
    } else if (la_cjson_get(entry, "large_order")) {
        la_verify_value(v, "served by a cache", cache != LA_NO_CACHE, 0);
        la_verify_value(v, "order", la_get_order(size), la_verify_number(entry, "large_order", -1));
    }
    la_kfree(mm, addr);
}

void la_verify_kmalloc_sizes(struct la_verify *v, const cJSON *recording)
{
    const char *uname = la_cjson_string(la_cjson_get(la_cjson_get(recording, "meta"), "uname"));
    struct la_verify_memory m;
    const cJSON *entry;

    memcpy(v->report->kind, "kmalloc sizes", sizeof "kmalloc sizes");
    v->where = "entry";
    if (la_verify_memory(&m, v->host, 2, uname && strstr(uname, "i686") ? 4 : 8, true)) {
        cJSON_ArrayForEach(entry, la_cjson_get(recording, "entries"))
        {
            compare_entry(v, m.mm, entry);
            v->index++;
        }
    } else {
        v->report->differ++;
    }
    la_verify_memory_free(&m);
}
