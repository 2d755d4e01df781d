/*
 * proc_iomem.c: /proc/iomem: who answers at which physical addresses.
 *
 *     00000000-03ffffff : System RAM
 *     feb00000-feb0ffff : nic
 *
 * Deviations:
 *  A. Firmware holes, buses above devices and the sections of the kernel image are left out.
 *  B. A BAR carries the name of its device, as if the driver had claimed it with request_mem_region().
 *
 * Source: Linux 6.1.192 kernel/resource.c: r_show.
 */
#include "view/proc_files.h"

#include <inttypes.h>

static void range(struct la_buf *out, uint64_t start, uint64_t bytes, const char *name)
{
    la_buf_printf(out, "%08" PRIx64 "-%08" PRIx64 " : %s\n", start, start + bytes - 1, name);
}

/* The device with the lowest BAR that is not below @from; NULL when there is none. */
static const struct la_device_config *next_device(const struct la_machine_config *config, uint64_t from)
{
    const struct la_device_config *next = NULL;

    for (uint32_t i = 0; i < config->nr_devices; i++)
        if (config->device[i].bar >= from && (!next || config->device[i].bar < next->bar))
            next = &config->device[i];
    return next;
}

void la_proc_iomem(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_machine_config *config = &machine->config;
    uint64_t from = 0;

    range(out, 0, (uint64_t)machine->mm->nr_frames << LA_PAGE_SHIFT, "System RAM");
    for (const struct la_device_config *device; (device = next_device(config, from)) != NULL; from = device->bar + 1)
        range(out, device->bar, device->bytes, device->name);
}
