/*
 * call_boot.c: memory at boot time (part 7 of the notes): bootmem of 2.6, memblock of today.
 *
 * A machine with the setting "boot" starts here; mem_init() ends it.  On any other machine, and
 * afterwards, the calls are refused with the reason.
 *
 * Source: Linux 2.6.11 include/linux/bootmem.h; Linux 6.1.192 include/linux/memblock.h.
 */
#include "lang/interp.h"
#include "mm/bootmem.h"

#define GOAL_NORMAL UINT64_C(0x1000000) /* __pa(MAX_DMA_ADDRESS): rather not DMA memory */

/* The direct-map address of what a boot-time call returned; ends the program where the kernel does. */
static uint64_t address(struct la_call *call, enum la_boot_status status, uint64_t phys)
{
    if (status == LA_BOOT_OK)
        return la_call_ulong(call, call->mm->layout.page_offset + phys);
    if (status != LA_BOOT_NULL)
        la_call_killed(call);
    return 0;
}

static uint64_t bootmem(struct la_call *call, uint64_t align, uint64_t goal)
{
    uint64_t phys = 0;
    enum la_boot_status status = la_boot_alloc(call->mm, call->arg[0], align, goal, &phys);

    return address(call, status, phys);
}

LA_NATIVE(alloc_bootmem)
{
    return bootmem(call, call->machine->config.cache_line, GOAL_NORMAL);
}

LA_NATIVE(alloc_bootmem_low)
{
    return bootmem(call, call->machine->config.cache_line, 0);
}

LA_NATIVE(alloc_bootmem_pages)
{
    return bootmem(call, LA_PAGE_SIZE, GOAL_NORMAL);
}

LA_NATIVE(alloc_bootmem_low_pages)
{
    return bootmem(call, LA_PAGE_SIZE, 0);
}

LA_NATIVE(__alloc_bootmem)
{
    return bootmem(call, call->arg[1], call->arg[2]);
}

static uint64_t none(struct la_call *call, enum la_boot_status status)
{
    if (status != LA_BOOT_OK && status != LA_BOOT_NULL)
        la_call_killed(call);
    return 0;
}

LA_NATIVE(free_bootmem)
{
    return none(call, la_boot_free(call->mm, call->arg[0], call->arg[1]));
}

LA_NATIVE(reserve_bootmem)
{
    return none(call, la_boot_reserve(call->mm, call->arg[0], call->arg[1]));
}

LA_NATIVE(mem_init)
{
    if (!la_machine_mem_init(call->machine))
        la_call_die(call, "BUG: mem_init() a second time",
                    "This machine has booted already. Give it the setting \"boot\": true to begin before mem_init().");
    return 0;
}

/* ---- memblock ---- */

static uint64_t memblock(struct la_call *call, uint64_t min, uint64_t max, bool raw)
{
    uint64_t phys = 0;
    enum la_boot_status status = la_boot_memblock_alloc(call->mm, call->arg[0], call->arg[1], min, max, raw, &phys);

    return address(call, status, phys);
}

LA_NATIVE(memblock_alloc)
{
    return memblock(call, 0, 0, false);
}

LA_NATIVE(memblock_alloc_raw)
{
    return memblock(call, 0, 0, true);
}

LA_NATIVE(memblock_alloc_low)
{
    return memblock(call, 0, UINT32_MAX, false);
}

LA_NATIVE(memblock_alloc_from)
{
    return memblock(call, call->arg[2], 0, false);
}

LA_NATIVE(memblock_phys_alloc)
{
    uint64_t phys = 0;

    (void)none(call, la_boot_memblock_alloc(call->mm, call->arg[0], call->arg[1], 0, 0, true, &phys));
    return phys;
}

/* 0 or an error number, as memblock_reserve and memblock_phys_free return it. */
static uint64_t number(struct la_call *call, enum la_boot_status status)
{
    (void)none(call, status);
    return status == LA_BOOT_NULL ? la_call_error(LA_ENOMEM) : 0;
}

LA_NATIVE(memblock_phys_free)
{
    return number(call, la_boot_memblock_free(call->mm, call->arg[0], call->arg[1]));
}

LA_NATIVE(memblock_free)
{
    return none(call, la_boot_memblock_free(call->mm, call->arg[0] - call->mm->layout.page_offset, call->arg[1]));
}

LA_NATIVE(memblock_reserve)
{
    return number(call, la_boot_memblock_reserve(call->mm, call->arg[0], call->arg[1]));
}

LA_NATIVE(memblock_set_bottom_up)
{
    if (la_booting(call->mm))
        call->mm->boot->memblock.bottom_up = call->arg[0] != 0;
    return 0;
}
