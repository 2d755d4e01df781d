/* probe.c: small questions about a machine, for checks, answers and assertions. */
#include "machine/machine.h"
#include "mm/bootmem.h"
#include "mm/mempool.h"
#include "mm/percpu.h"
#include "mm/vmalloc.h"

/* Sum over the zones of one type; several nodes have one each. */
#define SUM_OVER_ZONES(machine, zone_type, expression)                                                                 \
    do {                                                                                                               \
        const struct la_mm *mm_ = (machine)->mm;                                                                       \
        uint32_t sum_ = 0;                                                                                             \
        for (uint32_t z_ = 0; z_ < mm_->nr_zones; z_++) {                                                              \
            const struct la_zone *zone = &mm_->zone[z_];                                                               \
            if (zone->type == (zone_type))                                                                             \
                sum_ += (expression);                                                                                  \
        }                                                                                                              \
        return sum_;                                                                                                   \
    } while (0)

uint32_t la_nr_free_pages(const struct la_machine *machine, enum la_zone_type type)
{
    SUM_OVER_ZONES(machine, type, zone->nr_free);
}

uint32_t la_nr_free_blocks(const struct la_machine *machine, enum la_zone_type type, uint32_t order)
{
    if (order >= LA_MAX_ORDER)
        return 0;
    SUM_OVER_ZONES(machine, type, zone->free_area[order].nr_free);
}

uint32_t la_wmark_probe(const struct la_machine *machine, enum la_zone_type type, enum la_wmark mark)
{
    SUM_OVER_ZONES(machine, type, la_wmark_pages(zone, mark));
}

uint32_t la_nr_pcp_pages(const struct la_machine *machine, enum la_zone_type type)
{
    SUM_OVER_ZONES(machine, type, la_zone_pcp_pages(zone));
}

enum la_zone_type la_page_zonenum(const struct la_machine *machine, uint32_t pfn)
{
    const struct la_zone *zone = la_page_zone(machine->mm, pfn);

    return zone ? (enum la_zone_type)zone->type : LA_NR_ZONE_TYPES;
}

int32_t la_page_to_nid(const struct la_machine *machine, uint32_t pfn)
{
    const struct la_zone *zone = la_page_zone(machine->mm, pfn);

    return zone ? zone->node : -1;
}

int32_t la_page_count(const struct la_machine *machine, uint32_t pfn)
{
    return pfn < machine->mm->nr_frames ? machine->mm->frame[pfn].refcount : 0;
}

uint32_t la_oops_count(const struct la_machine *machine)
{
    return machine->mm->nr_oops;
}

const char *la_last_oops(const struct la_machine *machine)
{
    return machine->mm->last_oops;
}

uint32_t la_machine_check_structures(const struct la_machine *machine, struct la_buf *out)
{
    return la_mm_check(machine->mm, out) + la_slab_check(machine->mm, out) + la_mempool_check(machine->mm, out) +
           la_vmalloc_check(machine->mm, out) + la_pcpu_check(machine->mm, out) + la_boot_check(machine->mm, out);
}

uint32_t la_machine_check(const struct la_machine *machine, struct la_buf *out)
{
    uint32_t problems = la_machine_check_structures(machine, out);
    const void *untouched = la_arena_find_untouched(machine->arena);

    if (untouched) {
        la_buf_puts(out, "a chunk was written without la_region_touch\n");
        problems++;
    }
    return problems;
}
