/*
 * call_vmalloc.c: vmalloc and its family (part 5 of the notes).
 *
 * Thin: core/mm does the work; a BUG_ON in it kills the task here.
 *
 * Source: Linux 6.1.192 include/linux/vmalloc.h, mm/util.c.
 */
#include "lang/call_slab.h"
#include "lang/interp.h"
#include "mm/vmalloc.h"

enum { VMAP_PAGES_MAX = 1024 };

static uint64_t done(struct la_call *call, uint64_t result)
{
    if (la_vmap_take_bug(call->mm))
        la_call_killed(call);
    else if (call->mm->hung)
        la_call_stuck(call, "the call waits for ever for memory");
    return result;
}

LA_NATIVE(vmalloc)
{
    return done(call, la_vmalloc(call->mm, call->arg[0], LA_GFP_KERNEL));
}

LA_NATIVE(vzalloc)
{
    return done(call, la_vmalloc(call->mm, call->arg[0], LA_GFP_KERNEL | LA_GFP_ZERO));
}

LA_NATIVE(__vmalloc)
{
    return done(call, la_vmalloc(call->mm, call->arg[0], (la_gfp_t)call->arg[1]));
}

LA_NATIVE(vfree)
{
    la_vfree(call->mm, call->arg[0]);
    return done(call, 0);
}

LA_NATIVE(vmap)
{
    uint32_t pfn[VMAP_PAGES_MAX], nr = (uint32_t)call->arg[1], size = call->mm->layout.pointer_bytes;

    if (nr > VMAP_PAGES_MAX) {
        la_call_stuck(call, "vmap() takes at most 1024 pages here");
        return 0;
    }
    for (uint32_t i = 0; i < nr; i++) {
        unsigned char bytes[8] = {0};
        uint64_t page = 0;

        if (!la_call_read(call, call->arg[0] + (uint64_t)i * size, bytes, size))
            return 0;
        for (uint32_t b = 0; b < 8; b++)
            page |= (uint64_t)bytes[b] << 8 * b;
        pfn[i] = la_call_page(call, page);
        if (pfn[i] == LA_NO_PFN)
            return 0;
    }
    return done(call, la_vmap_pages(call->mm, pfn, nr));
}

LA_NATIVE(vunmap)
{
    la_vunmap(call->mm, call->arg[0]);
    return done(call, 0);
}

LA_NATIVE(vmalloc_to_page)
{
    uint32_t pfn = la_vmalloc_to_pfn(call->mm, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : la_pfn_to_page(call->mm, pfn);
}

LA_NATIVE(vmalloc_to_pfn)
{
    uint32_t pfn = la_vmalloc_to_pfn(call->mm, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : pfn;
}

LA_NATIVE(is_vmalloc_addr)
{
    return la_is_vmalloc_addr(call->mm, call->arg[0]);
}

LA_NATIVE(VMALLOC_START)
{
    return call->mm->layout.vmalloc_start;
}

LA_NATIVE(VMALLOC_END)
{
    return call->mm->layout.vmalloc_end;
}

LA_NATIVE(vm_unmap_aliases)
{
    la_vm_unmap_aliases(call->mm);
    return 0;
}

LA_NATIVE(nr_page_tables)
{
    return la_pt_nr_tables(call->mm);
}

/* ---- kvmalloc: kmalloc first, then vmalloc ---- */

static uint64_t kvmalloc(struct la_call *call, uint64_t size, la_gfp_t gfp)
{
    la_gfp_t first = gfp;
    struct la_kmem_hooks before;
    uint64_t addr;

    if (size > LA_PAGE_SIZE) { /* no hard trying: vmalloc can do it too */
        first |= LA_GFP_NOWARN;
        if (!(first & LA_GFP_RETRY_MAYFAIL))
            first |= LA_GFP_NORETRY;
        first &= ~(la_gfp_t)LA_GFP_NOFAIL;
    }
    before = la_call_hooks_on(call);
    addr = la_kmalloc(call->mm, size, first, LA_NO_NODE);
    la_call_hooks_off(call, before);
    if (addr == 0)
        addr = la_kvmalloc_vmalloc(call->mm, size, gfp);
    return done(call, addr);
}

LA_NATIVE(kvmalloc)
{
    return kvmalloc(call, call->arg[0], (la_gfp_t)call->arg[1]);
}

LA_NATIVE(kvzalloc)
{
    return kvmalloc(call, call->arg[0], (la_gfp_t)call->arg[1] | LA_GFP_ZERO);
}

LA_NATIVE(kvfree)
{
    if (la_is_vmalloc_addr(call->mm, call->arg[0]))
        la_vfree(call->mm, call->arg[0]);
    else
        la_kfree(call->mm, call->arg[0]);
    return done(call, 0);
}
