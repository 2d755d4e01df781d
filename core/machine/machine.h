/*
 * machine.h: one simulated computer: its memory, its address windows, its boot.
 *
 *     struct la_machine (in the arena)
 *       mm        zones, frames, lists, contexts                          core/mm
 *       windows   direct map | vmalloc | mem_map | image | kmap slots     la_mmu_read / la_mmu_write
 *       config    the settings it was made from
 *
 * A machine is one arena: save the arena and you have saved the machine.  The trace it reports to
 * lives outside and is the caller's.
 */
#ifndef LA_MACHINE_MACHINE_H
#define LA_MACHINE_MACHINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "machine/config.h"
#include "mm/mm.h"

enum { LA_IMAGE_BYTES = 4 << 20 };

enum { LA_DEVICE_FIFO = 16 };

/* The registers behind one BAR; see device.h. */
struct la_device {
    uint32_t control, counter;
    uint32_t scratch[8];
    uint32_t fifo[LA_DEVICE_FIFO];
    uint32_t fifo_at, fifo_nr; /* oldest word, words waiting */
    bool lost;                 /* a word found no room */
};

struct la_machine {
    struct la_arena *arena;
    struct la_trace *trace;
    struct la_mm *mm;
    struct la_region *image;         /* storage of the image window: LA_IMAGE_BYTES */
    struct la_machine_config config; /* with defaults filled in */
    struct la_device device[LA_CONFIG_DEVICES];
};

/**
 * Make and boot a machine in a new arena.  @trace stays the caller's and must live as long.
 * Return: NULL when host memory is out, or when @config is impossible (then @diags says why;
 * it may be NULL).  Free with la_machine_free.
 */
struct la_machine *la_machine_new(const struct la_host *host, const struct la_machine_config *config,
                                  struct la_trace *trace, struct la_diags *diags);
/**
 * mem_init() of a machine that was made with the setting "boot": memory goes to the page allocator,
 * page cache and processes come.  False when that has happened already.
 */
bool la_machine_mem_init(struct la_machine *machine);
/** Free the machine with its arena; keyframes must have been freed. */
void la_machine_free(struct la_machine *machine);

/* ==== memory as the program sees it (machine/mmu.c) ==== */

enum la_mmu_status {
    LA_MMU_OK,
    LA_MMU_FAULT,     /* an oops was reported; a read gave zeroes */
    LA_MMU_NO_STORAGE /* the host limit on written pages is reached: nothing was written */
};

/** Read @len bytes at virtual @addr; may cross pages.  On a fault @buf is zeroed. */
enum la_mmu_status la_mmu_read(struct la_machine *machine, uint64_t addr, void *buf, uint32_t len);
/** Write; on a fault the bytes before the faulting page are written, as on a real machine. */
enum la_mmu_status la_mmu_write(struct la_machine *machine, uint64_t addr, const void *buf, uint32_t len);
/** Set @len bytes to @byte (memset); whole frames cost no storage. */
enum la_mmu_status la_mmu_fill(struct la_machine *machine, uint64_t addr, uint8_t byte, uint64_t len);
/**
 * Which frame @addr reaches: its pfn, or LA_NO_PFN when it is in no frame (image window, mem_map,
 * not mapped).  Reports nothing.
 */
uint32_t la_mmu_walk(struct la_machine *machine, uint64_t addr);
/** True when all of @addr..@addr+@len-1 is memory that can be read without a fault (no device).  Reports nothing. */
bool la_mmu_ok(struct la_machine *machine, uint64_t addr, uint64_t len);

/* ==== probes for checks and answers (machine/probe.c) ==== */

/** Free pages of all zones of @type, without pages on per-CPU lists; 0 when there is none. */
uint32_t la_nr_free_pages(const struct la_machine *machine, enum la_zone_type type);
/** Free blocks of exactly @order in all zones of @type. */
uint32_t la_nr_free_blocks(const struct la_machine *machine, enum la_zone_type type, uint32_t order);
/** A mark (boost included) summed over the zones of @type. */
uint32_t la_wmark_probe(const struct la_machine *machine, enum la_zone_type type, enum la_wmark mark);
/** Pages on the per-CPU lists of all zones of @type. */
uint32_t la_nr_pcp_pages(const struct la_machine *machine, enum la_zone_type type);
/** page_zonenum: the type of the zone that @pfn lies in; LA_NR_ZONE_TYPES when in none. */
enum la_zone_type la_page_zonenum(const struct la_machine *machine, uint32_t pfn);
/** page_to_nid; -1 when in no zone. */
int32_t la_page_to_nid(const struct la_machine *machine, uint32_t pfn);
/** page_count of @pfn. */
int32_t la_page_count(const struct la_machine *machine, uint32_t pfn);
/** Oopses since boot, and the first line of the last one ("" when none). */
uint32_t la_oops_count(const struct la_machine *machine);
const char *la_last_oops(const struct la_machine *machine);

/* ==== checking ==== */

/**
 * Check every invariant of all allocators, the page tables and the boot's lists; one line per problem to @out.
 * Return: number of problems.
 */
uint32_t la_machine_check_structures(const struct la_machine *machine, struct la_buf *out);
/** The same, and compare all memory with what going back would restore: several times as slow. */
uint32_t la_machine_check(const struct la_machine *machine, struct la_buf *out);

#endif
