/*
 * mmu.c: every load and store of the program: from a virtual address to the byte behind it.
 *
 *     direct map    page_offset + pfn * 4096     -> contents of the frame
 *     kmap slots    pkmap_base + slot * 4096     -> contents of the mapped high frame
 *     mem_map       struct page of each pfn      -> made up from the frame table, read only
 *     image         globals, stacks, literals    -> machine->image
 *     percpu        first chunk of per-CPU memory -> its storage
 *     vmalloc       walk of the page tables      -> contents of a frame, or a device's registers
 *     all else                                   -> an oops in the kernel's words
 *
 * An access is cut at page borders, so each piece lies in one window.
 * A real machine does not notice a write to a page that was freed; here the frame table knows,
 * and one report per page says so.
 *
 * Invariant: reading changes nothing but device registers.
 * Cost: constant per page touched.
 *
 * Deviations:
 *  A. struct page shows flags, private, _mapcount and _refcount at their 6.1 offsets, other bytes
 *     read 0; stores to it are refused.
 *
 * Source: Linux 6.1.192 arch/x86/mm/fault.c: show_fault_oops; arch/x86/kernel/traps.c.
 */
#include "machine/machine.h"

#include "machine/device.h"
#include "mm/slab.h"
#include "mm/percpu.h"
#include "mm/vmalloc.h"

#include <inttypes.h>
#include <string.h>

enum { PG_DIRTY = 1 << 3, PG_LRU = 1 << 4, PG_SLAB = 1 << 9, PG_RESERVED = 1 << 12, PG_HEAD = 1 << 16 };

enum window { W_NONE, W_FRAME, W_MEM_MAP, W_IMAGE, W_IO, W_PERCPU };

struct place {
    enum window window;
    uint32_t pfn;    /* W_FRAME; W_MEM_MAP: whose struct page */
    uint32_t offset; /* in the page, struct page, or image */
    uint32_t len;    /* bytes until the page, struct page or image ends */
    uint64_t phys;   /* W_IO: bus address */
};

/* ---- where an address lies ---- */

static struct place find_mapped(const struct la_mm *mm, uint64_t addr, uint32_t in_page)
{
    struct la_walk walk;

    if (!la_pt_walk(mm, addr, &walk))
        return (struct place){.window = W_NONE};
    if (walk.phys >> LA_PAGE_SHIFT >= mm->nr_frames)
        return (struct place){.window = W_IO, .len = LA_PAGE_SIZE - in_page, .phys = walk.phys};
    return (struct place){.window = W_FRAME,
                          .pfn = (uint32_t)(walk.phys >> LA_PAGE_SHIFT),
                          .offset = in_page,
                          .len = LA_PAGE_SIZE - in_page};
}

static struct place find_place(const struct la_machine *machine, uint64_t addr)
{
    const struct la_mm *mm = machine->mm;
    const struct la_layout *l = &mm->layout;
    uint32_t in_page = (uint32_t)(addr & (LA_PAGE_SIZE - 1));
    uint32_t pfn = la_virt_to_pfn(mm, addr);

    if (pfn != LA_NO_PFN)
        return (struct place){W_FRAME, pfn, in_page, LA_PAGE_SIZE - in_page, 0};
    if (addr >= l->image && addr - l->image < l->image_bytes) {
        uint32_t offset = (uint32_t)(addr - l->image);

        return (struct place){W_IMAGE, 0, offset, (uint32_t)l->image_bytes - offset, 0};
    }
    if (addr >= l->mem_map && addr - l->mem_map < (uint64_t)mm->nr_frames * l->struct_page_bytes) {
        uint32_t offset = (uint32_t)((addr - l->mem_map) % l->struct_page_bytes);

        return (struct place){W_MEM_MAP, (uint32_t)((addr - l->mem_map) / l->struct_page_bytes), offset,
                              l->struct_page_bytes - offset, 0};
    }
    if (l->nr_pkmap != 0 && addr >= l->pkmap_base && (addr - l->pkmap_base) >> LA_PAGE_SHIFT < l->nr_pkmap) {
        uint32_t slot = (uint32_t)((addr - l->pkmap_base) >> LA_PAGE_SHIFT);

        if (mm->pkmap_count[slot] != 0)
            return (struct place){W_FRAME, mm->pkmap_pfn[slot], in_page, LA_PAGE_SIZE - in_page, 0};
    }
    if (mm->vmap && la_is_vmalloc_addr(mm, addr))
        return find_mapped(mm, addr, in_page);
    if (mm->pcpu && addr >= l->percpu) {
        uint32_t left = 0, offset = la_pcpu_first_offset(mm, addr, &left);

        if (offset != UINT32_MAX)
            return (struct place){W_PERCPU, 0, offset, left, 0};
    }
    return (struct place){W_NONE, 0, 0, 0, 0};
}

/* ---- reports ---- */

static bool is_canonical(const struct la_layout *layout, uint64_t addr)
{
    return layout->pointer_bytes == 4 || addr >> 47 == 0 || addr >> 47 == 0x1FFFF;
}

static enum la_mmu_status fault(struct la_machine *machine, uint64_t addr, bool write, const char *note)
{
    const struct la_layout *layout = &machine->mm->layout;
    int digits = layout->pointer_bytes == 4 ? 8 : 16;
    struct la_buf text;

    la_buf_init(&text, la_arena_host(machine->arena));
    if (!is_canonical(layout, addr)) {
        la_buf_printf(&text, "general protection fault, probably for non-canonical address 0x%" PRIx64 ": 0000 [#1]",
                      addr);
    } else {
        la_buf_printf(&text, "BUG: %s: %0*" PRIx64 "\n",
                      addr < LA_PAGE_SIZE ? "kernel NULL pointer dereference, address"
                                          : "unable to handle page fault for address",
                      digits, addr);
        la_buf_printf(&text, "#PF: supervisor %s access in kernel mode\n", write ? "write" : "read");
        la_buf_printf(&text, "#PF: error_code(0x%04x) - not-present page", write ? 2 : 0);
    }
    la_oops(machine->mm, la_buf_str(&text), note);
    la_buf_free(&text);
    return LA_MMU_FAULT;
}

/* Why nothing is mapped at @addr, when vmalloc knows; else NULL. */
static const char *why_unmapped(const struct la_mm *mm, uint64_t addr)
{
    const struct la_vmap_area *area = la_find_vm_area(mm, addr);

    if (!mm->vmap || !la_is_vmalloc_addr(mm, addr))
        return NULL;
    if (area)
        return "This is the guard page behind an area: the access ran past the area's end.";
    if (la_vmap_find(mm->vmap, LA_VMAP_PURGE, addr) != 0)
        return "This address was given back (vfree, vunmap or iounmap): its page-table entry is cleared.";
    return "No area was ever made here.";
}

static void report_page(struct la_machine *machine, const char *what, uint32_t pfn, const char *note)
{
    struct la_buf text;

    if (machine->mm->reported_pfn == pfn + 1)
        return;
    machine->mm->reported_pfn = pfn + 1;
    la_buf_init(&text, la_arena_host(machine->arena));
    la_buf_printf(&text, "%s pfn:%05x", what, (unsigned)pfn);
    la_oops(machine->mm, la_buf_str(&text), note);
    la_buf_free(&text);
}

/* Memory the program has no business in; a real machine stays silent. */
static void check_owner(struct la_machine *machine, uint32_t pfn, bool write)
{
    const struct la_frame *head = &machine->mm->frame[la_frame_head(machine->mm, pfn)];
    enum la_frame_kind kind = head->kind;

    if (kind == LA_FRAME_FREE || kind == LA_FRAME_PCP)
        report_page(
            machine, write ? "use after free: write to free page" : "use after free: read of free page", pfn,
            "The real kernel says nothing (without page_poison, debug_pagealloc or KASAN): the page may belong to "
            "somebody else by now.");
    else if (write && ((kind == LA_FRAME_RESERVED && head->owner == 0) || kind == LA_FRAME_PAGE_CACHE ||
                       kind == LA_FRAME_PROCESS || kind == LA_FRAME_PGTABLE))
        report_page(machine, "wild write to a page of somebody else:", pfn,
                    "The real kernel says nothing: other memory is silently corrupted.");
}

/* ---- struct page ---- */

static void make_struct_page(const struct la_mm *mm, uint32_t pfn, unsigned char *bytes)
{
    const struct la_frame *frame = &mm->frame[pfn];
    bool small = mm->layout.pointer_bytes == 4;
    uint64_t flags = (frame->flags & LA_FRAME_F_DIRTY ? PG_DIRTY : 0) | (frame->flags & LA_FRAME_F_LRU ? PG_LRU : 0) |
                     (frame->kind == LA_FRAME_SLAB ? PG_SLAB : 0) |
                     (frame->kind == LA_FRAME_RESERVED ? PG_RESERVED : 0) |
                     (frame->flags & LA_FRAME_F_COMPOUND ? PG_HEAD : 0);
    uint64_t private = frame->kind == LA_FRAME_FREE ? frame->order : 0;
    uint32_t private_at = small ? 20 : 40, count_at = small ? 24 : 48;

    memset(bytes, 0, 64);
    la_store_le(bytes, mm->layout.pointer_bytes, flags);
    la_store_le(bytes + private_at, mm->layout.pointer_bytes, private);
    la_store_le(bytes + count_at, 4, (uint64_t)frame->mapcount - 1);
    la_store_le(bytes + count_at + 4, 4, (uint64_t)(int64_t)frame->refcount);
}

/* ---- the calls ---- */

enum la_mmu_status la_mmu_read(struct la_machine *machine, uint64_t addr, void *buf, uint32_t len)
{
    unsigned char *out = buf, page[64];

    while (len > 0) {
        struct place place = find_place(machine, addr);
        uint32_t part = place.len < len ? place.len : len;

        switch (place.window) {
        case W_FRAME:
            check_owner(machine, place.pfn, false);
            la_frame_read(machine->mm, place.pfn, place.offset, out, part);
            break;
        case W_IMAGE:
            memcpy(out, machine->image->base + place.offset, part);
            break;
        case W_PERCPU:
            memcpy(out, machine->mm->pcpu->copies->base + place.offset, part);
            break;
        case W_IO:
            la_device_read(machine, place.phys, out, part);
            break;
        case W_MEM_MAP:
            make_struct_page(machine->mm, place.pfn, page);
            memcpy(out, page + place.offset, part);
            break;
        default:
            memset(out, 0, len);
            return fault(machine, addr, false, why_unmapped(machine->mm, addr));
        }
        addr += part;
        out += part;
        len -= part;
    }
    return LA_MMU_OK;
}

static enum la_mmu_status write_frame(struct la_machine *machine, const struct place *place, const void *buf,
                                      uint32_t len)
{
    check_owner(machine, place->pfn, true);
    la_slab_note_store(machine->mm, place->pfn, place->offset, len);
    if (!la_frame_store(machine->mm, place->pfn, place->offset, buf, len))
        return LA_MMU_NO_STORAGE;
    la_note_block(machine->mm, place->pfn, 0);
    return LA_MMU_OK;
}

static void write_region(struct la_region *region, uint32_t offset, const void *buf, uint32_t len)
{
    la_region_touch(region, region->base + offset, len);
    memcpy(region->base + offset, buf, len);
}

enum la_mmu_status la_mmu_write(struct la_machine *machine, uint64_t addr, const void *buf, uint32_t len)
{
    const unsigned char *in = buf;
    enum la_mmu_status status = LA_MMU_OK;

    while (len > 0 && status == LA_MMU_OK) {
        struct place place = find_place(machine, addr);
        uint32_t part = place.len < len ? place.len : len;

        switch (place.window) {
        case W_FRAME:
            status = write_frame(machine, &place, in, part);
            break;
        case W_IMAGE:
            write_region(machine->image, place.offset, in, part);
            break;
        case W_PERCPU:
            write_region(machine->mm->pcpu->copies, place.offset, in, part);
            break;
        case W_IO:
            la_device_write(machine, place.phys, in, part);
            break;
        case W_MEM_MAP:
            return fault(machine, addr, true,
                         "struct page belongs to the kernel: it can be looked at, but not written here.");
        default:
            return fault(machine, addr, true, why_unmapped(machine->mm, addr));
        }
        addr += part;
        in += part;
        len -= part;
    }
    return status;
}

enum la_mmu_status la_mmu_fill(struct la_machine *machine, uint64_t addr, uint8_t byte, uint64_t len)
{
    unsigned char bytes[256];
    enum la_mmu_status status = LA_MMU_OK;

    memset(bytes, byte, sizeof bytes);
    while (len > 0 && status == LA_MMU_OK) {
        struct place place = find_place(machine, addr);
        uint32_t part = len < sizeof bytes ? (uint32_t)len : sizeof bytes;

        if (place.window == W_FRAME && place.offset == 0 && len >= LA_PAGE_SIZE) {
            check_owner(machine, place.pfn, true);
            la_slab_note_store(machine->mm, place.pfn, 0, LA_PAGE_SIZE);
            la_frame_set_fill(machine->mm, place.pfn, byte);
            la_note_block(machine->mm, place.pfn, 0);
            part = LA_PAGE_SIZE;
        } else {
            /* stop at the page's end, so that whole pages after it are seen */
            uint32_t rest = LA_PAGE_SIZE - (uint32_t)(addr & (LA_PAGE_SIZE - 1));

            part = part < rest ? part : rest;
            status = la_mmu_write(machine, addr, bytes, part);
        }
        addr += part;
        len -= part;
    }
    return status;
}

uint32_t la_mmu_walk(struct la_machine *machine, uint64_t addr)
{
    struct place place = find_place(machine, addr);

    return place.window == W_FRAME ? place.pfn : LA_NO_PFN;
}

bool la_mmu_ok(struct la_machine *machine, uint64_t addr, uint64_t len)
{
    while (len > 0) {
        struct place place = find_place(machine, addr);

        if (place.window == W_NONE || place.window == W_IO) /* a look must not change a device */
            return false;
        if (place.len >= len)
            return true;
        addr += place.len;
        len -= place.len;
    }
    return true;
}
