/* proc.c: which /proc file is meant; the writers are proc_<name>.c, the table is proc.def. */
#include "view/proc.h"

#include "view/proc_files.h"

#include <string.h>

static const struct {
    const char *name;
    void (*write)(const struct la_machine *machine, struct la_buf *out); /* one of the two */
    void (*write_sched)(const struct la_machine *machine, const struct la_sched *sched, struct la_buf *out);
} files[] = {
#define LA_PROC(symbol, name, mode, help) {name, la_proc_##symbol, NULL},
#define LA_PROC_SCHED(symbol, name, mode, help) {name, NULL, la_proc_##symbol},
#include "view/proc.def"
};

enum { NR_FILES = sizeof files / sizeof *files };

const char *const *la_proc_names(uint32_t *nr)
{
    static const char *const names[NR_FILES] = {
#define LA_PROC(symbol, name, mode, help) name,
#include "view/proc.def"
    };

    *nr = NR_FILES;
    return names;
}

bool la_proc_read(const struct la_machine *machine, const struct la_sched *sched, const char *name, struct la_buf *out)
{
    static const char sys[] = "/sys/kernel/slab/";

    if (strncmp(name, sys, sizeof sys - 1) == 0)
        return la_sys_slab(machine->mm, name + sizeof sys - 1, out);
    if (strncmp(name, "/proc/", 6) == 0)
        name += 6;
    for (uint32_t i = 0; i < NR_FILES; i++) {
        if (strcmp(files[i].name, name) != 0)
            continue;
        if (files[i].write)
            files[i].write(machine, out);
        else
            files[i].write_sched(machine, sched, out);
        return true;
    }
    return false;
}
