/*
 * proc_interrupts.c: /proc/interrupts: how often each interrupt came, on each CPU.
 *
 *                CPU0       CPU1
 *       5:          3          1   IO-APIC   5-edge      nic
 *       6:          1          0   IO-APIC   6-edge              its handler was freed; the counts stay
 *
 * Deviations:
 *  A. Only interrupts that the program asked for: no timer and other devices, and no rows of the
 *     processors themselves (NMI, LOC, RES, CAL …).
 *  B. All come by an IO-APIC, 0 to 15 by edge, others by level ("fasteoi"), at the pin of their number.
 *
 * Source: Linux 6.1.192 kernel/irq/proc.c: show_interrupts; arch/x86/kernel/apic/io_apic.c: mp_register_handler.
 */
#include "view/proc_files.h"

enum { WIDTH = 3 /* of the number: the machine has fewer than 1000 */, NR_LEGACY_IRQS = 16 };

/* The entry of @irq that has a handler, or else one that had; NULL when there never was one that ran. */
static const struct la_irq_action *entry_of(const struct la_sched *sched, uint32_t irq)
{
    const struct la_irq_action *found = NULL;

    for (uint32_t i = 0; i < LA_IRQS_MAX; i++) {
        const struct la_irq_action *action = &sched->action[i];

        if (action->irq == irq && (action->used || (!found && la_irq_count(action) > 0)))
            found = action;
    }
    return found;
}

static void row(const struct la_irq_action *action, uint32_t nr_cpus, struct la_buf *out)
{
    la_buf_printf(out, "%*u: ", WIDTH, (unsigned)action->irq);
    for (uint32_t cpu = 0; cpu < nr_cpus; cpu++)
        la_buf_printf(out, "%10u ", (unsigned)action->count[cpu]);
    la_buf_printf(out, " %8s %*u-%-8s", "IO-APIC", WIDTH, (unsigned)action->irq,
                  action->irq < NR_LEGACY_IRQS ? "edge" : "fasteoi");
    if (action->used)
        la_buf_printf(out, "  %s", action->name);
    la_buf_putc(out, '\n');
}

void la_proc_interrupts(const struct la_machine *machine, const struct la_sched *sched, struct la_buf *out)
{
    la_buf_printf(out, "%*s", WIDTH + 8, "");
    for (uint32_t cpu = 0; cpu < machine->mm->nr_cpus; cpu++)
        la_buf_printf(out, "CPU%-8u", (unsigned)cpu);
    la_buf_putc(out, '\n');
    for (uint32_t irq = 0; sched && irq <= LA_IRQ_MAX; irq++) {
        const struct la_irq_action *action = entry_of(sched, irq);

        if (action)
            row(action, machine->mm->nr_cpus, out);
    }
}
