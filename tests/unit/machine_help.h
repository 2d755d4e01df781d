/*
 * machine_help.h: making machines for tests, and bringing a zone to an exact number of free pages.
 *
 * The machines of the test matrix: A = i386 1 GiB, B = x86-64 8 GiB, S = i386 64 MiB; one CPU, no
 * reserved memory, no huge pages.
 */
#ifndef LA_TESTS_MACHINE_HELP_H
#define LA_TESTS_MACHINE_HELP_H

#include "cmocka_all.h"
#include "machine/machine.h"
#include "mm/init.h"
#include "mm/internal.h"

#include <stdio.h>
#include <string.h>

#define MACHINE_A        "{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"0\"}"
#define MACHINE_A_NO_PCP "{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"0\",\"pcp\":false}"
#define MACHINE_B_NO_PCP "{\"profile\":\"x86_64\",\"memory\":\"8G\",\"reserved\":\"0\",\"pcp\":false}"
#define MACHINE_S_NO_PCP "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"pcp\":false}"
/* one block of 4 MiB and nothing else */
#define MACHINE_ONE_BLOCK                                                                                              \
    "{\"profile\":\"slide\",\"memory\":\"4M\",\"zones\":{\"NORMAL\":\"4M\"},\"reserved\":\"0\",\"min_free_kbytes\":0}"

struct rig {
    struct la_trace *trace;
    struct la_machine *machine;
    struct la_mm *mm;
};

static inline struct rig rig_new(const char *json)
{
    struct la_machine_config config;
    struct la_diags diags;
    struct rig rig;

    la_diags_init(&diags, la_host_libc());
    if (!la_machine_config_parse(&config, json, strlen(json), 1, &diags))
        fail_msg("%s", diags.item[0].message);
    rig.trace = la_trace_new(la_host_libc());
    rig.machine = la_machine_new(la_host_libc(), &config, rig.trace, &diags);
    assert_non_null(rig.machine);
    rig.mm = rig.machine->mm;
    la_diags_free(&diags);
    la_trace_begin(rig.trace);
    return rig;
}

/* Every test ends with all invariants holding. */
static inline void rig_check(const struct rig *rig)
{
    struct la_buf out;

    la_buf_init(&out, la_host_libc());
    if (la_machine_check(rig->machine, &out) != 0)
        fail_msg("%s", la_buf_str(&out));
    la_buf_free(&out);
}

static inline void rig_free(struct rig *rig)
{
    rig_check(rig);
    la_machine_free(rig->machine);
    la_trace_free(rig->trace);
}

static inline struct la_zone *zone_of(const struct rig *rig, enum la_zone_type type)
{
    for (uint32_t z = 0; z < rig->mm->nr_zones; z++)
        if (rig->mm->zone[z].type == type && rig->mm->zone[z].present != 0)
            return &rig->mm->zone[z];
    fail_msg("no zone %s", la_zone_type_name(type));
    return NULL;
}

/* Take a block straight out of one zone, whatever its marks say, as if the program had it. */
static inline bool take_block(struct rig *rig, struct la_zone *zone, uint32_t order)
{
    uint32_t pfn = la_rmqueue_types(rig->mm, zone, order, LA_MT_UNMOVABLE, 0);

    if (pfn == LA_NO_PFN)
        return false;
    struct la_frame *frame = la_frame_write(rig->mm, pfn);

    la_mod_free_pages(rig->mm, zone, -(1 << order));
    frame->kind = LA_FRAME_KERNEL;
    frame->order = (uint8_t)order;
    frame->refcount = 1;
    return true;
}

/* free(zone) = @pages: per-CPU lists drained, large blocks taken first.  Nothing is reported. */
static inline void set_free(struct rig *rig, enum la_zone_type type, uint32_t pages)
{
    struct la_zone *zone = zone_of(rig, type);
    uint32_t order = LA_MAX_ORDER - 1;

    rig->trace->on = false;
    la_drain_all_pages(rig->mm);
    while (zone->nr_free > pages) {
        while (1u << order > zone->nr_free - pages)
            order--;
        if (!take_block(rig, zone, order))
            order--;
    }
    assert_int_equal(zone->nr_free, pages);
    zone->watermark_boost = 0;
    zone->boosted = false;
    rig->trace->on = true;
    la_trace_begin(rig->trace);
}

static inline uint32_t count_events(const struct rig *rig, enum la_event_id id)
{
    uint32_t nr = 0;

    for (uint32_t i = 0; i < rig->trace->nr_events; i++)
        nr += rig->trace->event[i].id == id;
    return nr;
}

static inline enum la_zone_type type_of(const struct rig *rig, uint32_t pfn)
{
    assert_int_not_equal(pfn, LA_NO_PFN);
    return la_page_zonenum(rig->machine, pfn);
}

/** One byte at a virtual address of the machine, and writing one. */
static inline void poke(struct rig *rig, uint64_t addr, uint8_t byte)
{
    assert_int_equal(la_mmu_write(rig->machine, addr, &byte, 1), LA_MMU_OK);
}

static inline uint8_t peek(struct rig *rig, uint64_t addr)
{
    uint8_t byte;

    assert_int_equal(la_mmu_read(rig->machine, addr, &byte, 1), LA_MMU_OK);
    return byte;
}

#endif
