/* proc.c: which /proc file is meant; the writers are proc_<name>.c, the table is proc.def. */
#include "view/proc.h"

#include "view/proc_files.h"

#include <string.h>

static const struct {
    const char *name;
    void (*write)(const struct la_machine *machine, struct la_buf *out);
} files[] = {
#define LA_PROC(symbol, name, mode, help) {name, la_proc_##symbol},
#include "view/proc.def"
#undef LA_PROC
};

enum { NR_FILES = sizeof files / sizeof *files };

const char *const *la_proc_names(uint32_t *nr)
{
    static const char *const names[NR_FILES] = {
#define LA_PROC(symbol, name, mode, help) name,
#include "view/proc.def"
#undef LA_PROC
    };

    *nr = NR_FILES;
    return names;
}

bool la_proc_read(const struct la_machine *machine, const char *name, struct la_buf *out)
{
    static const char sys[] = "/sys/kernel/slab/";

    if (strncmp(name, sys, sizeof sys - 1) == 0)
        return la_sys_slab(machine->mm, name + sizeof sys - 1, out);
    if (strncmp(name, "/proc/", 6) == 0)
        name += 6;
    for (uint32_t i = 0; i < NR_FILES; i++) {
        if (strcmp(files[i].name, name) != 0)
            continue;
        files[i].write(machine, out);
        return true;
    }
    return false;
}
