/*
 * call_irq.c: interrupt handlers of the program.  The interrupt itself comes by a choice
 * (sched_choice.c).
 *
 * Deviations:
 *  A. One handler for each interrupt: IRQF_SHARED is accepted, a second handler is not.
 *
 * Source: Linux 6.1.192 kernel/irq/manage.c: request_threaded_irq, free_irq.
 */
#include "lang/call_context.h"
#include "lang/interp.h"

#include <stdio.h>

static struct la_irq_action *find(struct la_call *call, uint32_t irq)
{
    struct la_irq_action *action = call->interp->sched->action;

    for (uint32_t i = 0; i < LA_IRQS_MAX; i++)
        if (action[i].used && action[i].irq == irq)
            return &action[i];
    return NULL;
}

/* An entry for @irq: that in which it was counted before, else one without counts, else any that is free. */
static struct la_irq_action *free_action(struct la_call *call, uint32_t irq)
{
    struct la_irq_action *action = call->interp->sched->action, *best = NULL;

    for (uint32_t i = 0; i < LA_IRQS_MAX; i++) {
        bool counted = la_irq_count(&action[i]) > 0;

        if (action[i].used)
            continue;
        if (counted && action[i].irq == irq)
            return &action[i];
        if (!best || (!counted && la_irq_count(best) > 0))
            best = &action[i];
    }
    return best;
}

LA_NATIVE(request_irq)
{
    uint32_t irq = (uint32_t)call->arg[0], fn;
    struct la_irq_action *action = free_action(call, irq);
    struct la_buf name;

    if (!call->again)
        la_call_check_sleep(call);
    if (irq > LA_IRQ_MAX || !la_vm_function(call->interp, call->arg[1], &fn))
        return la_call_error(LA_EINVAL);
    if (find(call, irq))
        return la_call_error(LA_EBUSY);
    if (!action)
        return la_call_error(LA_ENOMEM);
    la_buf_init(&name, la_arena_host(call->machine->arena));
    if (call->arg[3] != 0)
        (void)la_call_string(call, call->arg[3], LA_IRQ_NAME - 1, &name);
    if (action->irq != irq)
        *action = (struct la_irq_action){.irq = (uint8_t)irq};
    action->used = true;
    action->handler = call->arg[1];
    action->dev = call->arg[4];
    (void)snprintf(action->name, sizeof action->name, "%.15s", la_buf_str(&name));
    la_buf_free(&name);
    return 0;
}

LA_NATIVE(free_irq)
{
    struct la_irq_action *action = find(call, (uint32_t)call->arg[0]);
    char text[80];

    if (action && action->dev == call->arg[1]) {
        action->used = false;
        return 0;
    }
    (void)snprintf(text, sizeof text, "WARNING: Trying to free already-free IRQ %u", (unsigned)call->arg[0]);
    la_oops(call->mm, text, "free_irq(irq, dev) takes the same two values as request_irq() got.");
    return 0;
}
