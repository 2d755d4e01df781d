/*
 * frame.h: one page frame of simulated memory, as small as it can be.
 *
 * Frames lie in one array indexed by page frame number.  Blocks of 2^order frames are handled
 * through their first frame, the head; the others are tails and say nothing but "look left":
 *
 *     pfn   8      9      10     11     12     13
 *         [head ][tail ][tail ][tail ][head ][head ]
 *         order 2, FREE                order 0, order 0, KERNEL
 *
 * All-zero means tail, so that a fresh array costs nothing and splitting or merging a block
 * touches two frames whatever its size.  la_frame_head() finds the head of any frame.
 * Links are pfns, never pointers: the array can be saved, restored and compared.
 *
 * Invariant: every frame of every zone is covered by exactly one head.
 * Source: Linux 6.1.192 include/linux/mm_types.h (struct page), page-flags.h.
 */
#ifndef LA_MM_FRAME_H
#define LA_MM_FRAME_H

#include <stdint.h>

#define LA_NO_PFN UINT32_MAX

enum {
    LA_PAGE_SHIFT = 12,
    LA_PAGE_SIZE = 1 << LA_PAGE_SHIFT,
    LA_MAX_ORDER = 11,   /* exclusive, as in 6.1: orders 0..10 */
    LA_STALE_BYTE = 0xDB /* what memory nobody wrote reads as */
};

/* What a frame is used for.  Order is protocol: append only. */
enum la_frame_kind {
    LA_FRAME_TAIL,       /* part of the block whose head lies at a lower pfn */
    LA_FRAME_FREE,       /* head of a block on a buddy list */
    LA_FRAME_PCP,        /* head of a block on a per-CPU list */
    LA_FRAME_RESERVED,   /* never handed to the allocator (kernel image, holes) */
    LA_FRAME_KERNEL,     /* allocated by the running program */
    LA_FRAME_PAGE_CACHE, /* file data; clean ones can be dropped */
    LA_FRAME_PROCESS,    /* anonymous memory of a killable process */
    LA_FRAME_SLAB,       /* a slab of an object cache */
    LA_FRAME_VMALLOC,    /* data page of a vmalloc area */
    LA_FRAME_PGTABLE,    /* a page table */
    LA_FRAME_PERCPU,     /* per-CPU chunk */
    LA_FRAME_POOL,       /* element of a mempool of pages */
    LA_FRAME_BAD,        /* dropped by the kernel after "Bad page state" */
    LA_NR_FRAME_KINDS
};

enum la_migratetype {
    LA_MT_UNMOVABLE,
    LA_MT_MOVABLE,
    LA_MT_RECLAIMABLE,
    LA_MT_HIGHATOMIC,
    LA_MT_ISOLATE,
    LA_NR_MIGRATETYPES,
    LA_NR_PCPTYPES = LA_MT_HIGHATOMIC
};

/* la_frame.flags */
enum {
    LA_FRAME_F_COMPOUND = 0x01,   /* head of a __GFP_COMP block */
    LA_FRAME_F_PFMEMALLOC = 0x02, /* taken without regard to watermarks */
    LA_FRAME_F_DIRTY = 0x04,      /* page cache: must be written before it can be dropped */
    LA_FRAME_F_LRU = 0x08,        /* on a reclaim list; may be moved by compaction */
    LA_FRAME_F_SPLIT = 0x10,      /* came out of split_page or alloc_pages_exact */
    LA_FRAME_F_ZEROED = 0x20,     /* was asked for with __GFP_ZERO */
    LA_FRAME_F_MOVABLE = 0x40     /* was asked for with __GFP_MOVABLE */
};

struct la_frame {
    uint32_t next, prev; /* neighbours on the list this head is on; LA_NO_PFN ends it */
    uint32_t owner;      /* id of the allocation (la_mm_set_owner); 0 = the kernel itself */
    uint32_t content;    /* content slot + 1; 0 = every byte reads as la_frame_fill() */
    uint32_t use;        /* for the holder: process index, slab, virtual page … */
    uint8_t kind;        /* enum la_frame_kind */
    uint8_t order;       /* of the block, if head */
    uint8_t migratetype; /* free: the list it is on; pcp: its type; else as requested */
    uint8_t flags;       /* LA_FRAME_F_* */
    int16_t refcount;    /* 1 on the head of an allocation; tails have 0 unless split */
    uint8_t zone;        /* index in la_mm.zone[], valid on heads */
    uint8_t fill;        /* use la_frame_fill() */
    uint16_t pkmap;      /* kmap slot + 1; 0 = not mapped there */
    uint16_t mapcount;   /* page tables that map it */
};

_Static_assert(sizeof(struct la_frame) == 32, "the frame table is sized by this");

/** The byte that a frame without a content slot reads as. */
static inline uint8_t la_frame_fill(const struct la_frame *frame)
{
    return frame->fill ^ LA_STALE_BYTE;
}

/** "free", "pcp", "reserved", "kernel", …: the protocol's name of @kind. */
const char *la_frame_kind_name(enum la_frame_kind kind);
/** "Unmovable", "Movable", …: as /proc/pagetypeinfo prints it. */
const char *la_migratetype_name(enum la_migratetype mt);

#endif
