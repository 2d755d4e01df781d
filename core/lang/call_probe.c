/* call_probe.c: what checks and questions ask the machine; names that no kernel has. */
#include "lang/interp.h"

#include <string.h>

/* last_oops() returns a C string: it lies here in the image, behind the task. */
enum { OOPS_TEXT_AT = 0x100 };

static bool zone_type(const struct la_call *call, enum la_zone_type *type)
{
    *type = (enum la_zone_type)call->arg[0];
    return call->arg[0] < LA_NR_ZONE_TYPES;
}

LA_NATIVE(nr_free_pages)
{
    enum la_zone_type type;

    return zone_type(call, &type) ? la_nr_free_pages(call->machine, type) : 0;
}

LA_NATIVE(nr_free_blocks)
{
    enum la_zone_type type;

    return zone_type(call, &type) && call->arg[1] < LA_MAX_ORDER
               ? la_nr_free_blocks(call->machine, type, (uint32_t)call->arg[1])
               : 0;
}

LA_NATIVE(nr_pcp_pages)
{
    enum la_zone_type type;

    return zone_type(call, &type) ? la_nr_pcp_pages(call->machine, type) : 0;
}

LA_NATIVE(wmark)
{
    enum la_zone_type type;

    return zone_type(call, &type) && call->arg[1] < LA_NR_WMARK
               ? la_wmark_probe(call->machine, type, (enum la_wmark)call->arg[1])
               : 0;
}

LA_NATIVE(oops_count)
{
    return la_oops_count(call->machine);
}

LA_NATIVE(oom_kills)
{
    return (uint32_t)call->mm->vm_event[LA_VM_OOM_KILL];
}

LA_NATIVE(last_oops)
{
    struct la_interp *ip = call->interp;
    char text[LA_OOPS_TEXT];

    (void)strncpy(text, la_last_oops(call->machine), sizeof text - 1);
    text[sizeof text - 1] = '\0';
    la_region_touch(call->machine->image, ip->image + OOPS_TEXT_AT, sizeof text);
    memset(ip->image + OOPS_TEXT_AT, 0, sizeof text);
    memcpy(ip->image + OOPS_TEXT_AT, text, strlen(text));
    return ip->image_base + OOPS_TEXT_AT;
}
