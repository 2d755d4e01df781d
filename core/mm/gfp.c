/*
 * gfp.c: the table of request flags as data, and its decoder.
 *
 * A mask is decoded greedily: the first combination whose bits are all present is taken off,
 * then the next, then single flags.  With the widest combinations first 0xCC0 reads GFP_KERNEL
 * and not __GFP_RECLAIM|__GFP_IO|__GFP_FS.
 *
 *     0x0CC2 = GFP_HIGHUSER without HARDWALL -> GFP_KERNEL | __GFP_HIGHMEM
 *
 * Source: Linux 6.1.192 include/trace/events/mmflags.h, include/linux/gfp.h (zone rules).
 */
#include "mm/gfp.h"

#include <string.h>

static const struct la_gfp_name gfp_names[] = {
#define LA_GFP_MASK(name, value, help) {#name, value, "mask", help, NULL, NULL, NULL},
#include "mm/gfp.def"
#define LA_GFP_FLAG(name, value, group, help) {#name, value, group, help, NULL, NULL, NULL},
#include "mm/gfp.def"
#define LA_GFP_OLD(name, value, then, now, until) {#name, value, "old", then, then, now, until},
#include "mm/gfp.def"
};

enum { NR_GFP_NAMES = sizeof gfp_names / sizeof *gfp_names };

const struct la_gfp_name *la_gfp_names(uint32_t *nr)
{
    *nr = NR_GFP_NAMES;
    return gfp_names;
}

const struct la_gfp_name *la_gfp_find(const char *name)
{
    for (uint32_t i = 0; i < NR_GFP_NAMES; i++)
        if (strcmp(gfp_names[i].name, name) == 0)
            return &gfp_names[i];
    return NULL;
}

void la_gfp_print(struct la_buf *out, la_gfp_t gfp)
{
    const char *separator = "";

    if (gfp == 0) {
        la_buf_puts(out, "none");
        return;
    }
    for (uint32_t i = 0; i < NR_GFP_NAMES && gfp != 0; i++) {
        la_gfp_t value = gfp_names[i].value;

        if (value == 0 || (gfp & value) != value)
            continue;
        la_buf_printf(out, "%s%s", separator, gfp_names[i].name);
        separator = "|";
        gfp &= ~value;
    }
    if (gfp != 0)
        la_buf_printf(out, "%s0x%x", separator, (unsigned)gfp);
}

bool la_gfp_zone_is_bad(la_gfp_t gfp)
{
    la_gfp_t zones = gfp & (LA_GFP_DMA | LA_GFP_HIGHMEM | LA_GFP_DMA32);

    return (zones & (zones - 1)) != 0;
}
