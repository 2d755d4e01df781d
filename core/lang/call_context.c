/*
 * call_context.c: interrupts and preemption off and on, reclaim scopes: what decides which masks are
 * allowed.  Locks: call_lock.c, sleeping and threads: call_sched.c, interrupt handlers: call_irq.c.
 *
 * Deviations:
 *  A. irq_enter() and irq_exit() stand for an interrupt that comes at this statement.
 *
 * Source: Linux 6.1.192 include/linux/preempt.h, spinlock_api_smp.h, sched/mm.h, kernel/sched/core.c.
 */
#include "lang/call_context.h"
#include "lang/interp.h"

void la_call_count_up(struct la_call *call, uint32_t offset)
{
    la_mm_current(call->mm)->preempt_count += offset;
}

void la_call_count_down(struct la_call *call, uint32_t offset, uint32_t mask)
{
    struct la_context *context = la_mm_current(call->mm);

    if (context->preempt_count & mask) {
        context->preempt_count -= offset;
        return;
    }
    la_oops(call->mm, "WARNING: DEBUG_LOCKS_WARN_ON(val > preempt_count())",
            "This undoes something that was not done before: the count would fall below zero. It stays at zero here.");
}

/* ---- interrupts and preemption ---- */

LA_NATIVE(irq_disable)
{
    la_mm_current(call->mm)->irqs_disabled = true;
    return 0;
}

LA_NATIVE(irq_enable)
{
    la_mm_current(call->mm)->irqs_disabled = false;
    return 0;
}

bool la_call_save_flags(struct la_call *call, uint64_t to)
{
    uint64_t flags = X86_EFLAGS_FIXED | (la_mm_current(call->mm)->irqs_disabled ? 0 : X86_EFLAGS_IF);
    unsigned char bytes[8];

    la_store_le(bytes, call->mm->layout.pointer_bytes, flags);
    return la_call_write(call, to, bytes, call->mm->layout.pointer_bytes);
}

LA_NATIVE(irq_save)
{
    if (la_call_save_flags(call, call->arg[0]))
        la_mm_current(call->mm)->irqs_disabled = true;
    return 0;
}

LA_NATIVE(irq_restore)
{
    la_mm_current(call->mm)->irqs_disabled = !(call->arg[0] & X86_EFLAGS_IF);
    return 0;
}

LA_NATIVE(preempt_disable)
{
    la_call_count_up(call, LA_PREEMPT_OFFSET);
    return 0;
}

LA_NATIVE(preempt_enable)
{
    la_call_count_down(call, LA_PREEMPT_OFFSET, 0xFF);
    return 0;
}

LA_NATIVE(bh_disable)
{
    la_call_count_up(call, 2 * LA_SOFTIRQ_OFFSET);
    return 0;
}

LA_NATIVE(bh_enable)
{
    la_call_count_down(call, 2 * LA_SOFTIRQ_OFFSET, LA_SOFTIRQ_MASK);
    return 0;
}

LA_NATIVE(irq_enter)
{
    la_call_count_up(call, LA_HARDIRQ_OFFSET);
    return 0;
}

LA_NATIVE(irq_exit)
{
    la_call_count_down(call, LA_HARDIRQ_OFFSET, LA_HARDIRQ_MASK);
    return 0;
}

LA_NATIVE(rcu_lock)
{
    la_mm_current(call->mm)->rcu_nesting++;
    return 0;
}

LA_NATIVE(rcu_unlock)
{
    struct la_context *context = la_mm_current(call->mm);

    if (context->rcu_nesting)
        context->rcu_nesting--;
    else
        la_oops(call->mm, "WARNING: bad unlock balance detected!", "rcu_read_unlock() without rcu_read_lock().");
    return 0;
}

LA_NATIVE(in_interrupt)
{
    return la_in_interrupt(la_mm_current(call->mm));
}

LA_NATIVE(in_atomic)
{
    return la_mm_current(call->mm)->preempt_count != 0;
}

LA_NATIVE(irqs_disabled)
{
    return la_mm_current(call->mm)->irqs_disabled;
}

LA_NATIVE(preempt_count)
{
    return (uint64_t)(int64_t)(int32_t)la_mm_current(call->mm)->preempt_count;
}

void la_call_check_sleep(struct la_call *call)
{
    struct la_buf where;

    la_buf_init(&where, la_arena_host(call->machine->arena));
    la_call_where(call, &where);
    la_might_sleep(call->mm, la_buf_str(&where));
    la_buf_free(&where);
}

LA_NATIVE(might_sleep)
{
    la_call_check_sleep(call);
    return 0;
}

/* ---- scopes: the old value of the flag is returned, and put back later ---- */

static uint64_t scope_save(struct la_call *call, uint32_t flag)
{
    struct la_context *context = la_mm_current(call->mm);
    uint32_t old = context->task_flags & flag;

    context->task_flags |= flag;
    return old;
}

static uint64_t scope_restore(struct la_call *call, uint32_t flag)
{
    struct la_context *context = la_mm_current(call->mm);

    context->task_flags = (context->task_flags & ~flag) | ((uint32_t)call->arg[0] & flag);
    return 0;
}

LA_NATIVE(noio_save)
{
    return scope_save(call, LA_PF_MEMALLOC_NOIO);
}
LA_NATIVE(noio_restore)
{
    return scope_restore(call, LA_PF_MEMALLOC_NOIO);
}
LA_NATIVE(nofs_save)
{
    return scope_save(call, LA_PF_MEMALLOC_NOFS);
}
LA_NATIVE(nofs_restore)
{
    return scope_restore(call, LA_PF_MEMALLOC_NOFS);
}
LA_NATIVE(noreclaim_save)
{
    return scope_save(call, LA_PF_MEMALLOC);
}
LA_NATIVE(noreclaim_restore)
{
    return scope_restore(call, LA_PF_MEMALLOC);
}

LA_NATIVE(current)
{
    return la_sched_task(call->interp, call->interp->sched->active);
}

/* ---- which processor ---- */

LA_NATIVE(smp_processor_id)
{
    return call->mm->cpu;
}

LA_NATIVE(num_online_cpus)
{
    return call->mm->nr_cpus;
}

LA_NATIVE(numa_node_id)
{
    return call->mm->cpu_node[call->mm->cpu];
}

LA_NATIVE(num_online_nodes)
{
    return call->mm->nr_nodes;
}
