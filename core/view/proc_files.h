/* proc_files.h: the writers of the /proc files, one a row of proc.def (internal to core/view). */
#ifndef LA_VIEW_PROC_FILES_H
#define LA_VIEW_PROC_FILES_H

#include "lang/sched.h"
#include "machine/machine.h"

#define LA_PROC(symbol, name, mode, help) void la_proc_##symbol(const struct la_machine *machine, struct la_buf *out);
#define LA_PROC_SCHED(symbol, name, mode, help)                                                                        \
    void la_proc_##symbol(const struct la_machine *machine, const struct la_sched *sched, struct la_buf *out);
#include "view/proc.def"

/* How a file prints one counter. */
typedef void la_proc_line(struct la_buf *out, const char *name, uint64_t value);

/** The counters of node @nid, or of all (LA_NO_NODE), in the kernel's order (proc_counters.c). */
void la_proc_node_counters(const struct la_mm *mm, int32_t nid, la_proc_line *line, struct la_buf *out);
/** The counters of @zone, or of all (NULL). */
void la_proc_zone_counters(const struct la_mm *mm, const struct la_zone *zone, la_proc_line *line, struct la_buf *out);
/** What @zone never gives to page cache: its high mark and the largest lowmem_reserve, at most all of it (proc_meminfo.c). */
uint64_t la_zone_max_reserve(const struct la_zone *zone);

/** The text of /sys/kernel/slab/@path ("<cache>/<attribute>", or "<cache>/" and * for all of them); false when there is none (sys_slab.c). */
bool la_sys_slab(const struct la_mm *mm, const char *path, struct la_buf *out);

#endif
