/*
 * highmem.c: kernel addresses for pages that have none: kmap and its 1024 slots.
 *
 *     pkmap_count   0    unused, its page table entry is empty
 *                   1    no user left, but the entry (and the TLB) still maps the old page
 *                   n+1  n users
 *
 *     slot  0   1   2   3   4 ...            search goes round; on passing slot 0 all slots with
 *           1   2   1   0   3                count 1 are unmapped at once and the TLB is flushed
 *                   ^last
 *
 * Flushing once per round is what makes kmap bearable: one flush pays for hundreds of slots.
 *
 * Invariant: frame.pkmap of a mapped page and pkmap_pfn[slot] name each other.
 * Cost: a few tests, a scan of the slots once a round.
 *
 * Deviations:
 *  A. kmap() with no free slot sleeps in the kernel until somebody unmaps; nobody else runs here,
 *     so the program is stopped as hung.
 *  B. kmap_atomic uses the same slots; the kernel has a few slots of its own per CPU.
 *
 * Source: Linux 6.1.192 mm/highmem.c: map_new_virtual, flush_all_zero_pkmaps, kunmap_high.
 */
#include "mm/internal.h"

static uint64_t slot_address(const struct la_mm *mm, uint32_t slot)
{
    return mm->layout.pkmap_base + ((uint64_t)slot << LA_PAGE_SHIFT);
}

static void unmap_slot(struct la_mm *mm, uint32_t slot)
{
    uint32_t pfn = mm->pkmap_pfn[slot];

    mm->pkmap_count[slot] = 0;
    la_frame_write(mm, pfn)->pkmap = 0;
    la_note_block(mm, pfn, 0);
    LA_TRACE(mm->trace, KUNMAP, pfn, slot_address(mm, slot), slot);
}

static void flush_all_zero_pkmaps(struct la_mm *mm)
{
    uint32_t flushed = 0;

    for (uint32_t slot = 0; slot < mm->layout.nr_pkmap; slot++) {
        if (mm->pkmap_count[slot] != 1)
            continue;
        unmap_slot(mm, slot);
        flushed++;
    }
    LA_TRACE(mm->trace, KMAP_FLUSH, flushed);
}

/* A slot with count 0, or UINT32_MAX when all are in use. */
static uint32_t find_slot(struct la_mm *mm)
{
    for (uint32_t tries = mm->layout.nr_pkmap; tries > 0; tries--) {
        mm->pkmap_last = (uint16_t)((mm->pkmap_last + 1u) & (mm->layout.nr_pkmap - 1));
        if (mm->pkmap_last == 0) {
            flush_all_zero_pkmaps(mm);
            tries = mm->layout.nr_pkmap;
            for (uint32_t slot = 0; slot < mm->layout.nr_pkmap; slot++)
                if (mm->pkmap_count[slot] == 0)
                    return mm->pkmap_last = (uint16_t)slot;
            return UINT32_MAX;
        }
        if (mm->pkmap_count[mm->pkmap_last] == 0)
            return mm->pkmap_last;
    }
    return UINT32_MAX;
}

static uint64_t map_page(struct la_mm *mm, uint32_t pfn)
{
    uint32_t slot = mm->frame[pfn].pkmap;

    if (slot == 0) {
        slot = find_slot(mm);
        if (slot == UINT32_MAX)
            return 0;
        mm->pkmap_pfn[slot] = pfn;
        mm->pkmap_count[slot] = 1;
        la_frame_write(mm, pfn)->pkmap = (uint16_t)(slot + 1);
        la_note_block(mm, pfn, 0);
        LA_TRACE(mm->trace, KMAP, pfn, slot_address(mm, slot), slot);
    } else {
        slot--;
    }
    mm->pkmap_count[slot]++;
    return slot_address(mm, slot);
}

uint64_t la_kmap(struct la_mm *mm, uint32_t pfn)
{
    la_might_sleep(mm, "include/linux/highmem-internal.h:36");
    if (!la_page_is_high(mm, pfn))
        return la_pfn_to_virt(mm, pfn);
    uint64_t addr = map_page(mm, pfn);

    if (addr == 0) {
        la_oops(mm, "kmap: all slots are in use",
                "The real kernel sleeps until somebody calls kunmap(). Nobody will: the program cannot go on.");
        mm->hung = true;
    }
    return addr;
}

void la_kunmap(struct la_mm *mm, uint32_t pfn)
{
    uint32_t slot = mm->frame[pfn].pkmap;

    if (!la_page_is_high(mm, pfn))
        return;
    if (slot == 0 || mm->pkmap_count[slot - 1] < 2) {
        la_oops(mm, "kernel BUG at mm/highmem.c: kunmap of a page that is not mapped", "BUG_ON in kunmap_high().");
        return;
    }
    mm->pkmap_count[slot - 1]--;
    la_note_block(mm, pfn, 0);
}

uint64_t la_kmap_atomic(struct la_mm *mm, uint32_t pfn)
{
    la_mm_current(mm)->preempt_count += LA_PREEMPT_OFFSET;
    if (!la_page_is_high(mm, pfn))
        return la_pfn_to_virt(mm, pfn);
    return map_page(mm, pfn);
}

void la_kunmap_atomic(struct la_mm *mm, uint64_t addr)
{
    uint64_t slot = (addr - mm->layout.pkmap_base) >> LA_PAGE_SHIFT;

    if (la_mm_current(mm)->preempt_count & 0xFF)
        la_mm_current(mm)->preempt_count -= LA_PREEMPT_OFFSET;
    if (addr >= mm->layout.pkmap_base && slot < mm->layout.nr_pkmap && mm->pkmap_count[slot] > 1)
        mm->pkmap_count[slot]--;
}
