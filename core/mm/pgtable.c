/*
 * pgtable.c: page tables in simulated frames: how a processor gets from an address to a byte.
 *
 *     x86_64   47..39  38..30  29..21  20..12   11..0
 *               PGD  ->  PUD ->  PMD ->  PTE  -> byte        512 entries of 8 bytes each
 *     5-level  56..48 PGD, 47..39 P4D, then as above
 *     PAE              31..30  29..21  20..12                PGD of 4, then 512
 *     i386             31..22 PGD      21..12 PTE            1024 entries of 4 bytes
 *
 * A table is one page from the page allocator; an entry holds the physical page of the next table
 * and some bits.  The top table (swapper_pg_dir) is part of the kernel image.  A large entry one
 * level above the lowest leads straight to memory.  Tables are made when an address below them is
 * mapped for the first time and stay when it is unmapped: the next mapping finds them.
 *
 * Invariant: a present entry without LARGE above the lowest level leads to a PGTABLE frame.
 * Cost: a walk reads one entry a level; mapping a page writes one, plus new tables.
 *
 * Deviations:
 *  A. The kernel makes the second table of every x86_64 vmalloc slot, and the PMDs of PAE, at boot;
 *     here they are made on first use like all others, so a machine that uses none has none.
 *  B. Large entries are those of 2 MiB (PMD); 1 GiB ones are not used.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: vmap_pte_range, vmap_try_huge_pmd, vunmap_pte_range;
 * arch/x86/mm/pgtable.c: pmd_set_huge, pmd_free_pte_page; arch/x86/include/asm/pgtable_types.h.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <string.h>

#define ENTRY_TABLE UINT64_C(0x067)
#define ENTRY_PHYS  UINT64_C(0x000ffffffffff000)

enum { TAG_ROOT = 5 };

/* ---- geometry ---- */

static uint32_t bits_per_level(const struct la_mm *mm)
{
    return mm->layout.pt_levels == 2 ? 10 : 9;
}

static uint32_t entry_bytes(const struct la_mm *mm)
{
    return mm->layout.pt_levels == 2 ? 4 : 8;
}

/* Level 0 is the lowest. */
static uint32_t shift_of(const struct la_mm *mm, uint32_t level)
{
    return LA_PAGE_SHIFT + level * bits_per_level(mm);
}

static uint32_t index_of(const struct la_mm *mm, uint64_t addr, uint32_t level)
{
    return (uint32_t)(addr >> shift_of(mm, level)) & ((1u << bits_per_level(mm)) - 1);
}

static uint32_t top_level(const struct la_mm *mm)
{
    return mm->layout.pt_levels - 1u;
}

const char *la_pt_level_name(const struct la_mm *mm, uint32_t i)
{
    static const char *const names[4][LA_PT_MAX_LEVELS] = {
        {"PGD", "PTE"}, {"PGD", "PMD", "PTE"}, {"PGD", "PUD", "PMD", "PTE"}, {"PGD", "P4D", "PUD", "PMD", "PTE"}};

    return i < mm->layout.pt_levels ? names[mm->layout.pt_levels - 2][i] : "?";
}

uint64_t la_pt_large_bytes(const struct la_mm *mm)
{
    return UINT64_C(1) << shift_of(mm, 1);
}

uint32_t la_pt_nr_tables(const struct la_mm *mm)
{
    return mm->vmap ? mm->vmap->nr_tables : 0;
}

/* ---- entries ---- */

static unsigned char *root_entry(const struct la_mm *mm, uint32_t index)
{
    return mm->vmap->root_region->base + index * entry_bytes(mm);
}

static uint64_t read_entry(const struct la_mm *mm, uint32_t table, uint32_t index)
{
    uint32_t content = table == LA_NO_PFN ? 0 : mm->frame[table].content;
    unsigned char bytes[8];

    if (table == LA_NO_PFN)
        return la_load_le(root_entry(mm, index), entry_bytes(mm));
    if (content != 0) /* each access of the program to a mapped address comes here, once a level */
        return la_load_le(la_content_at(mm, content) + index * entry_bytes(mm), entry_bytes(mm));
    la_frame_read(mm, table, index * entry_bytes(mm), bytes, entry_bytes(mm));
    return la_load_le(bytes, entry_bytes(mm));
}

static bool write_entry(struct la_mm *mm, uint32_t table, uint32_t index, uint64_t entry)
{
    unsigned char bytes[8];

    la_store_le(bytes, entry_bytes(mm), entry);
    if (table != LA_NO_PFN) {
        la_note_block(mm, table, 0);
        return la_frame_store(mm, table, index * entry_bytes(mm), bytes, entry_bytes(mm));
    }
    la_region_touch(mm->vmap->root_region, root_entry(mm, index), entry_bytes(mm));
    memcpy(root_entry(mm, index), bytes, entry_bytes(mm));
    return true;
}

static uint64_t phys_of(const struct la_mm *mm, uint64_t entry)
{
    return entry & (mm->layout.pt_levels == 2 ? UINT64_C(0xfffff000) : ENTRY_PHYS);
}

/* The table a present entry leads to; LA_NO_PFN when it is none (or garbage in a table that was freed). */
static uint32_t table_of(const struct la_mm *mm, uint64_t entry)
{
    uint64_t pfn = phys_of(mm, entry) >> LA_PAGE_SHIFT;

    return (entry & LA_PTE_PRESENT) && !(entry & LA_PTE_LARGE) && pfn < mm->nr_frames ? (uint32_t)pfn : LA_NO_PFN;
}

static uint64_t make_entry(const struct la_mm *mm, uint64_t phys, enum la_cache_mode mode)
{
    static const uint64_t bits[LA_NR_CACHE_MODES] = {0, LA_PTE_PWT, LA_PTE_PCD, LA_PTE_PCD | LA_PTE_PWT};

    return phys | LA_PTE_KERNEL | bits[mode] | (mm->layout.pt_levels == 2 ? 0 : LA_PTE_NX);
}

/* ---- tables ---- */

void la_free_own_page(struct la_mm *mm, uint32_t pfn)
{
    la_frame_write(mm, pfn)->kind = LA_FRAME_KERNEL;
    la_free_pages(mm, pfn, 0);
}

static uint32_t new_table(struct la_mm *mm, uint64_t addr, uint32_t level)
{
    uint8_t kind = mm->kind;

    mm->kind = LA_FRAME_PGTABLE;
    uint32_t pfn = la_alloc_pages(mm, LA_GFP_KERNEL | LA_GFP_ZERO, 0, LA_NO_NODE);

    mm->kind = kind;
    if (pfn == LA_NO_PFN)
        return LA_NO_PFN;
    la_frame_write(mm, pfn)->use = level;
    mm->vmap->nr_tables++;
    if (mm->trace->on) {
        uint64_t name = la_trace_text(mm->trace, la_pt_level_name(mm, top_level(mm) - level));

        LA_TRACE(mm->trace, PT_NEW, pfn, name, addr);
    }
    return pfn;
}

/* The table of @level that covers @addr; LA_NO_PFN with *@ok true is the top table. */
static uint32_t descend(struct la_mm *mm, uint64_t addr, uint32_t level, bool make, bool *ok)
{
    uint32_t table = LA_NO_PFN;

    *ok = true;
    for (uint32_t l = top_level(mm); l > level; l--) {
        uint64_t entry = read_entry(mm, table, index_of(mm, addr, l));
        uint32_t next = table_of(mm, entry);

        if (next == LA_NO_PFN && make && !(entry & LA_PTE_PRESENT)) {
            /* the four entries of a PAE top table have no other bits */
            uint64_t bits = mm->layout.pt_levels == 3 && l == 2 ? LA_PTE_PRESENT : ENTRY_TABLE;

            next = new_table(mm, addr, l - 1);
            if (next != LA_NO_PFN &&
                !write_entry(mm, table, index_of(mm, addr, l), (uint64_t)next << LA_PAGE_SHIFT | bits)) {
                mm->vmap->nr_tables--;
                la_free_own_page(mm, next);
                next = LA_NO_PFN;
            }
        }
        if (next == LA_NO_PFN) {
            *ok = false;
            return LA_NO_PFN;
        }
        table = next;
    }
    return table;
}

/* ---- walking ---- */

bool la_pt_walk(const struct la_mm *mm, uint64_t addr, struct la_walk *walk)
{
    uint32_t table = LA_NO_PFN;

    memset(walk, 0, sizeof *walk);
    if (!mm->vmap)
        return false;
    for (uint32_t l = top_level(mm);; l--) {
        struct la_walk_step *step = &walk->step[walk->nr++];
        uint64_t inside = (UINT64_C(1) << shift_of(mm, l)) - 1;

        *step = (struct la_walk_step){table, index_of(mm, addr, l), shift_of(mm, l), 0};
        step->entry = read_entry(mm, table, step->index);
        if (!(step->entry & LA_PTE_PRESENT))
            return false;
        if (l == 0 || (step->entry & LA_PTE_LARGE)) {
            walk->mapped = true;
            walk->phys = (phys_of(mm, step->entry) & ~inside) | (addr & inside);
            return true;
        }
        table = table_of(mm, step->entry);
        if (table == LA_NO_PFN)
            return false;
    }
}

/* ---- mapping ---- */

static bool map_page(struct la_mm *mm, uint64_t addr, uint64_t phys, enum la_cache_mode mode)
{
    bool ok;
    uint32_t table = descend(mm, addr, 0, true, &ok);

    return ok && write_entry(mm, table, index_of(mm, addr, 0), make_entry(mm, phys, mode));
}

bool la_pt_map(struct la_mm *mm, uint64_t addr, uint64_t phys, enum la_cache_mode mode)
{
    if (!map_page(mm, addr, phys, mode))
        return false;
    LA_TRACE(mm->trace, PT_MAP, addr, phys >> LA_PAGE_SHIFT);
    return true;
}

/* One large entry for @addr; an empty table that hangs there is freed.  False: use small ones. */
static bool map_large(struct la_mm *mm, uint64_t addr, uint64_t phys, uint64_t rest, enum la_cache_mode mode)
{
    uint64_t bytes = la_pt_large_bytes(mm);
    bool ok;

    if (mm->layout.pt_levels == 2 || rest < bytes || addr % bytes != 0 || phys % bytes != 0)
        return false;
    uint32_t table = descend(mm, addr, 1, true, &ok), index = index_of(mm, addr, 1);
    uint64_t old = ok ? read_entry(mm, table, index) : 0;

    if (!ok)
        return false;
    if (old & LA_PTE_PRESENT) {
        uint32_t empty = table_of(mm, old);

        if (mm->layout.pt_levels == 3 || empty == LA_NO_PFN)
            return false; /* 32-bit kernels cannot free a table here */
        (void)write_entry(mm, table, index, 0);
        LA_TRACE(mm->trace, PT_FREE, empty, addr);
        mm->vmap->nr_tables--;
        la_free_own_page(mm, empty);
    }
    return write_entry(mm, table, index, make_entry(mm, phys, mode) | LA_PTE_LARGE);
}

bool la_pt_map_io(struct la_mm *mm, uint64_t addr, uint64_t phys, uint64_t bytes, enum la_cache_mode mode)
{
    uint64_t from = addr, from_phys = phys, end = addr + bytes;
    bool large = false;

    while (addr < end) {
        uint64_t part = la_pt_large_bytes(mm);

        if (map_large(mm, addr, phys, end - addr, mode)) {
            large = true;
        } else {
            part = LA_PAGE_SIZE;
            if (!map_page(mm, addr, phys, mode))
                return false;
        }
        addr += part;
        phys += part;
    }
    LA_TRACE(mm->trace, PT_MAP_IO, from, from_phys, bytes >> LA_PAGE_SHIFT, large);
    return true;
}

void la_pt_unmap(struct la_mm *mm, uint64_t addr, uint64_t end)
{
    uint64_t from = addr;
    uint32_t cleared = 0;

    while (addr < end) {
        struct la_walk walk;
        bool mapped = la_pt_walk(mm, addr, &walk);
        const struct la_walk_step *last = &walk.step[walk.nr - 1];
        uint64_t part = UINT64_C(1) << last->shift;

        if (mapped) {
            (void)write_entry(mm, last->table, last->index, 0);
            cleared += (uint32_t)(part >> LA_PAGE_SHIFT);
        }
        addr = (addr & ~(part - 1)) + part;
    }
    LA_TRACE(mm->trace, PT_UNMAP, from, cleared);
}
