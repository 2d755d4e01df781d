/*
 * gfp.h: the request mask of an allocation: its bits, which zone it asks for, how it is written.
 *
 * The table is gfp.def; nothing here repeats it.  Bits above LA_GFP_6_1_BITS are names of the
 * 2.6 era that Linux 6.1 no longer has; programs may still use them (then and now).
 *
 * Sources: Linux 6.1.192 include/linux/gfp.h, gfp_types.h.
 */
#ifndef LA_MM_GFP_H
#define LA_MM_GFP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t la_gfp_t;

enum {
    LA_GFP_DMA = 0x1,
    LA_GFP_HIGHMEM = 0x2,
    LA_GFP_DMA32 = 0x4,
    LA_GFP_MOVABLE = 0x8,
    LA_GFP_RECLAIMABLE = 0x10,
    LA_GFP_HIGH = 0x20,
    LA_GFP_IO = 0x40,
    LA_GFP_FS = 0x80,
    LA_GFP_ZERO = 0x100,
    LA_GFP_ATOMIC_BIT = 0x200,
    LA_GFP_DIRECT_RECLAIM = 0x400,
    LA_GFP_KSWAPD_RECLAIM = 0x800,
    LA_GFP_WRITE = 0x1000,
    LA_GFP_NOWARN = 0x2000,
    LA_GFP_RETRY_MAYFAIL = 0x4000,
    LA_GFP_NOFAIL = 0x8000,
    LA_GFP_NORETRY = 0x10000,
    LA_GFP_MEMALLOC = 0x20000,
    LA_GFP_COMP = 0x40000,
    LA_GFP_NOMEMALLOC = 0x80000,
    LA_GFP_HARDWALL = 0x100000,
    LA_GFP_THISNODE = 0x200000,
    LA_GFP_ACCOUNT = 0x400000,
    LA_GFP_6_1_BITS = 0xFFFFFF,
    LA_GFP_REPEAT_26 = 0x20000000,
    LA_GFP_COLD_26 = 0x40000000,
    /* the masks this program itself uses */
    LA_GFP_ATOMIC = 0xA20,
    LA_GFP_RECLAIM_MASK = 0x200BEEE0, /* mm/internal.h: what allocators pass on of the caller's flags */
    LA_GFP_KERNEL = 0xCC0,
    LA_GFP_NOWAIT = 0x800,
    LA_GFP_USER = 0x100CC0,
    LA_GFP_HIGHUSER = 0x100CC2,
    LA_GFP_HIGHUSER_MOVABLE = 0x100CCA
};

/* One row of gfp.def. */
struct la_gfp_name {
    const char *name;
    la_gfp_t value;
    const char *group; /* "zone", …; "mask" for combinations, "old" for 2.6 names */
    const char *help;
    const char *then;  /* old names: what it did in 2.6; else NULL */
    const char *now;   /* old names: what replaced it; else NULL */
    const char *until; /* old names: the version that dropped it; else NULL */
};

/** All rows of gfp.def: combinations in decode order, then single flags, then old names. */
const struct la_gfp_name *la_gfp_names(uint32_t *nr);
/** The row called @name ("GFP_KERNEL", "__GFP_HIGH"), or NULL. */
const struct la_gfp_name *la_gfp_find(const char *name);
/**
 * Append the mask as the kernel prints it: "GFP_KERNEL|__GFP_ZERO": widest combination first,
 * unknown bits in hex, "none" for 0.  Source: include/trace/events/mmflags.h.
 */
void la_gfp_print(struct la_buf *out, la_gfp_t gfp);
/** True when the zone bits of @gfp contradict each other (two of DMA, HIGHMEM, DMA32). */
bool la_gfp_zone_is_bad(la_gfp_t gfp);

#endif
