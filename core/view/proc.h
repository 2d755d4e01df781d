/*
 * proc.h: the /proc texts, byte for byte as the kernel prints them.
 */
#ifndef LA_VIEW_PROC_H
#define LA_VIEW_PROC_H

#include "machine/machine.h"

struct la_sched;

/**
 * Append the text of /proc/@name ("buddyinfo", "zoneinfo", …; a leading "/proc/" is allowed), or of
 * "/sys/kernel/slab/<cache>/<attribute>" (all attributes: "*").
 * @sched: who runs on the machine, NULL when no program does.
 * Return: false when there is no such file (nothing is appended).
 */
bool la_proc_read(const struct la_machine *machine, const struct la_sched *sched, const char *name, struct la_buf *out);
/** Names of all files, in table order; @nr of them. */
const char *const *la_proc_names(uint32_t *nr);

#endif
