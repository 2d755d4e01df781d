/* proc_files.h: the writers of the /proc files, one a row of proc.def (internal to core/view). */
#ifndef LA_VIEW_PROC_FILES_H
#define LA_VIEW_PROC_FILES_H

#include "mm/mm.h"

#define LA_PROC(symbol, name, mode, help) void la_proc_##symbol(const struct la_mm *mm, struct la_buf *out);
#include "view/proc.def"
#undef LA_PROC

/** The text of /sys/kernel/slab/@path ("<cache>/<attribute>"); false when there is none (sys_slab.c). */
bool la_sys_slab(const struct la_mm *mm, const char *path, struct la_buf *out);

#endif
