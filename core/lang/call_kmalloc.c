/*
 * call_kmalloc.c: kmalloc and its family (part 1 of the notes).
 *
 * Source: Linux 6.1.192 include/linux/slab.h, mm/slab_common.c, mm/util.c.
 */
#include "lang/call_slab.h"
#include "lang/interp.h"

static uint64_t allocate(struct la_call *call, uint64_t size, la_gfp_t gfp, int32_t nid)
{
    struct la_kmem_hooks before;
    uint64_t addr;

    if (nid < LA_NO_NODE || nid >= call->mm->nr_nodes) {
        la_call_die(call, "BUG: unable to handle page fault: this node does not exist",
                    "NUMA_NO_NODE means the node of this CPU.");
        return 0;
    }
    before = la_call_hooks_on(call);
    addr = la_kmalloc(call->mm, size, gfp, nid);
    la_call_hooks_off(call, before);
    return addr;
}

/* n * size; a product that does not fit gives NULL, as in the kernel. */
static uint64_t allocate_array(struct la_call *call, uint64_t n, uint64_t size, la_gfp_t gfp)
{
    uint64_t limit = call->interp->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;

    if (size != 0 && n > limit / size)
        return 0;
    return allocate(call, n * size, gfp, LA_NO_NODE);
}

LA_NATIVE(kmalloc)
{
    return allocate(call, call->arg[0], (la_gfp_t)call->arg[1], LA_NO_NODE);
}

LA_NATIVE(kzalloc)
{
    return allocate(call, call->arg[0], (la_gfp_t)call->arg[1] | LA_GFP_ZERO, LA_NO_NODE);
}

LA_NATIVE(kmalloc_node)
{
    return allocate(call, call->arg[0], (la_gfp_t)call->arg[1], (int32_t)call->arg[2]);
}

LA_NATIVE(kzalloc_node)
{
    return allocate(call, call->arg[0], (la_gfp_t)call->arg[1] | LA_GFP_ZERO, (int32_t)call->arg[2]);
}

LA_NATIVE(kmalloc_array)
{
    return allocate_array(call, call->arg[0], call->arg[1], (la_gfp_t)call->arg[2]);
}

LA_NATIVE(kcalloc)
{
    return allocate_array(call, call->arg[0], call->arg[1], (la_gfp_t)call->arg[2] | LA_GFP_ZERO);
}

LA_NATIVE(krealloc)
{
    struct la_kmem_hooks before = la_call_hooks_on(call);
    uint64_t addr = la_krealloc(call->mm, call->arg[0], call->arg[1], (la_gfp_t)call->arg[2]);

    la_call_hooks_off(call, before);
    return addr;
}

/* The object may be one of a cache with a destructor (2.6). */
static void free_object(struct la_call *call, uint64_t addr)
{
    struct la_kmem_hooks before = la_call_hooks_on(call);

    la_kfree(call->mm, addr);
    la_call_hooks_off(call, before);
}

LA_NATIVE(kfree)
{
    free_object(call, call->arg[0]);
    return 0;
}

LA_NATIVE(kfree_sensitive)
{
    uint64_t size = la_ksize(call->mm, call->arg[0]);

    if (size != 0)
        (void)la_mmu_fill(call->machine, call->arg[0], 0, size);
    free_object(call, call->arg[0]);
    return 0;
}

LA_NATIVE(ksize)
{
    return la_ksize(call->mm, call->arg[0]);
}

LA_NATIVE(kmalloc_size_roundup)
{
    return la_kmalloc_size_roundup(call->mm, call->arg[0]);
}

/* @len bytes of the program copied into fresh memory. */
static uint64_t duplicate(struct la_call *call, uint64_t from, uint64_t len, la_gfp_t gfp)
{
    uint64_t to = allocate(call, len, gfp, LA_NO_NODE);
    unsigned char byte;

    for (uint64_t i = 0; to > LA_ZERO_SIZE_PTR && i < len; i++)
        if (!la_call_read(call, from + i, &byte, 1) || !la_call_write(call, to + i, &byte, 1))
            return 0;
    return to;
}

LA_NATIVE(kmemdup)
{
    return duplicate(call, call->arg[0], call->arg[1], (la_gfp_t)call->arg[2]);
}

LA_NATIVE(kstrdup)
{
    uint64_t len = 0;
    char c;

    if (call->arg[0] == 0)
        return 0;
    do {
        if (!la_call_read(call, call->arg[0] + len, &c, 1))
            return 0;
        len++;
    } while (c != '\0' && len < LA_KMALLOC_MAX);
    return duplicate(call, call->arg[0], len, (la_gfp_t)call->arg[1]);
}

LA_NATIVE(kasprintf)
{
    enum { FORMAT_MAX = 1024 };
    struct la_buf fmt, out;
    uint64_t to = 0;

    la_buf_init(&fmt, la_arena_host(call->machine->arena));
    la_buf_init(&out, la_arena_host(call->machine->arena));
    if (la_call_string(call, call->arg[1], FORMAT_MAX, &fmt) &&
        la_kformat(call, la_buf_str(&fmt), call->arg + 2, call->nr - 2, &out))
        to = allocate(call, out.len + 1, (la_gfp_t)call->arg[0], LA_NO_NODE);
    if (to != 0)
        (void)la_call_write(call, to, la_buf_str(&out), (uint32_t)out.len + 1);
    la_buf_free(&fmt);
    la_buf_free(&out);
    return to;
}
