/*
 * fail.c: whether an allocation has to fail on purpose.
 *
 *     off? -> never: __GFP_NOFAIL? -> spared: may reclaim, high memory, small? -> interval -> dice -> NULL
 *
 * The rules that spare requests are the kernel's own: by default only those fail that must reckon
 * with it anyway, such as GFP_ATOMIC.
 *
 * Cost: one comparison a call while it is off.
 *
 * Deviations:
 *  A. `times` is without limit unless it is set; the kernel's default is 1.
 *  B. The filters by task, by stack trace and by cache (SLAB_FAILSLAB), and `space`, are not modelled.
 *  C. With the SLAB of 2.6 it works as well, although it came with 2.6.20 only.
 *
 * Source: Linux 6.1.192 lib/fault-inject.c: should_fail_ex, fail_dump; mm/failslab.c: __should_failslab;
 * mm/page_alloc.c: __should_fail_alloc_page.
 */
#include "mm/fail.h"

#include "mm/internal.h"

/* fail_dump */
static void dump(struct la_mm *mm, const struct la_fault_attr *attr, const char *name)
{
    struct la_buf text;

    if (!mm->trace->on)
        return;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "FAULT_INJECTION: forcing a failure.\nname %s, interval %u, probability %u, space 0, times %d",
                  name, (unsigned)(attr->interval > 1 ? attr->interval : 1), (unsigned)attr->probability,
                  (int)attr->times);
    la_warning(mm, la_buf_str(&text), "The machine's setting \"fail\" wants it: the call returns NULL.");
    la_buf_free(&text);
}

static bool should_fail(struct la_mm *mm, struct la_fault_attr *attr, const char *name, la_gfp_t gfp)
{
    if (attr->times == 0)
        return false;
    if (attr->interval > 1 && ++attr->count % attr->interval != 0)
        return false;
    if (attr->probability <= la_prng_below(&mm->fail.prng, 100))
        return false;
    if (!(gfp & LA_GFP_NOWARN))
        dump(mm, attr, name);
    if (attr->times > 0)
        attr->times--;
    return true;
}

static bool spared(const struct la_mm *mm, la_gfp_t gfp)
{
    return (gfp & LA_GFP_NOFAIL) || (mm->fail.ignore_gfp_wait && (gfp & LA_GFP_DIRECT_RECLAIM));
}

bool la_should_fail_slab(struct la_mm *mm, la_gfp_t gfp)
{
    struct la_fault_attr *attr = &mm->fail.slab;

    return attr->probability != 0 && !spared(mm, gfp) && should_fail(mm, attr, "failslab", gfp);
}

bool la_should_fail_page(struct la_mm *mm, la_gfp_t gfp, uint32_t order)
{
    struct la_fault_attr *attr = &mm->fail.page;

    return attr->probability != 0 && order >= mm->fail.min_order && !spared(mm, gfp) &&
           !(mm->fail.ignore_gfp_highmem && (gfp & LA_GFP_HIGHMEM)) && should_fail(mm, attr, "fail_page_alloc", gfp);
}
