/*
 * call_io.c: device memory: ioremap and the accessors (part 5 of the notes).
 *
 * On x86 readl() is a load that the compiler may not touch, so the accessors go through the same
 * MMU as everything else; what answers is the device (machine/device.c).
 *
 * Source: Linux 6.1.192 arch/x86/include/asm/io.h.
 */
#include "lang/interp.h"
#include "mm/vmalloc.h"

static uint64_t map(struct la_call *call, enum la_cache_mode mode)
{
    uint64_t addr = la_ioremap(call->mm, call->arg[0], call->arg[1], mode);

    if (la_vmap_take_bug(call->mm))
        la_call_killed(call);
    return addr;
}

LA_NATIVE(ioremap)
{
    return map(call, LA_CACHE_UC_MINUS);
}

LA_NATIVE(ioremap_wc)
{
    return map(call, LA_CACHE_WC);
}

LA_NATIVE(ioremap_cache)
{
    return map(call, LA_CACHE_WB);
}

LA_NATIVE(iounmap)
{
    la_iounmap(call->mm, call->arg[0]);
    return 0;
}

static uint64_t load(struct la_call *call, uint32_t len)
{
    unsigned char bytes[8];

    return la_call_read(call, call->arg[0], bytes, len) ? la_load_le(bytes, len) : 0;
}

static uint64_t store(struct la_call *call, uint32_t len)
{
    unsigned char bytes[8];

    la_store_le(bytes, len, call->arg[0]);
    (void)la_call_write(call, call->arg[1], bytes, len);
    return 0;
}

LA_NATIVE(readb)
{
    return load(call, 1);
}

LA_NATIVE(readw)
{
    return load(call, 2);
}

LA_NATIVE(readl)
{
    return load(call, 4);
}

LA_NATIVE(writeb)
{
    return store(call, 1);
}

LA_NATIVE(writew)
{
    return store(call, 2);
}

LA_NATIVE(writel)
{
    return store(call, 4);
}
