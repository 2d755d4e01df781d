/*
 * call_context.c: interrupts, preemption, locks, sleeping, reclaim scopes: what decides which
 * masks are allowed.
 *
 * Deviations:
 *  A. One thread runs, so a lock is never contended: taking a lock that is held already is a
 *     deadlock and stops the program.
 *  B. irq_enter() and irq_exit() stand for an interrupt that comes at this statement.
 *
 * Source: Linux 6.1.192 include/linux/preempt.h, spinlock_api_smp.h, sched/mm.h, kernel/sched/core.c.
 */
#include "lang/api.h"
#include "lang/bytecode.h"

#include <stdio.h>

enum { MSECS_PER_TICK = 4, TICKS_MAX = 100 * 250 };

static struct la_context *context_of(struct la_call *call)
{
    return la_mm_current(call->mm);
}

static void count_up(struct la_call *call, uint32_t offset)
{
    context_of(call)->preempt_count += offset;
}

/* Lower one field of preempt_count; below zero the kernel warns. */
static void count_down(struct la_call *call, uint32_t offset, uint32_t mask)
{
    struct la_context *context = context_of(call);

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
    context_of(call)->irqs_disabled = true;
    return 0;
}

LA_NATIVE(irq_enable)
{
    context_of(call)->irqs_disabled = false;
    return 0;
}

/* EFLAGS with the interrupt flag, as x86 saves it. */
enum { X86_EFLAGS_FIXED = 0x2, X86_EFLAGS_IF = 0x200 };

static bool save_flags(struct la_call *call, uint64_t to)
{
    uint64_t flags = X86_EFLAGS_FIXED | (context_of(call)->irqs_disabled ? 0 : X86_EFLAGS_IF);
    unsigned char bytes[8];

    for (uint32_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(flags >> 8 * i);
    return la_call_write(call, to, bytes, call->mm->layout.pointer_bytes);
}

LA_NATIVE(irq_save)
{
    if (save_flags(call, call->arg[0]))
        context_of(call)->irqs_disabled = true;
    return 0;
}

LA_NATIVE(irq_restore)
{
    context_of(call)->irqs_disabled = !(call->arg[0] & X86_EFLAGS_IF);
    return 0;
}

LA_NATIVE(preempt_disable)
{
    count_up(call, LA_PREEMPT_OFFSET);
    return 0;
}

LA_NATIVE(preempt_enable)
{
    count_down(call, LA_PREEMPT_OFFSET, 0xFF);
    return 0;
}

LA_NATIVE(bh_disable)
{
    count_up(call, 2 * LA_SOFTIRQ_OFFSET);
    return 0;
}

LA_NATIVE(bh_enable)
{
    count_down(call, 2 * LA_SOFTIRQ_OFFSET, LA_SOFTIRQ_MASK);
    return 0;
}

LA_NATIVE(irq_enter)
{
    count_up(call, LA_HARDIRQ_OFFSET);
    return 0;
}

LA_NATIVE(irq_exit)
{
    count_down(call, LA_HARDIRQ_OFFSET, 0xF0000);
    return 0;
}

LA_NATIVE(rcu_lock)
{
    context_of(call)->rcu_nesting++;
    return 0;
}

LA_NATIVE(rcu_unlock)
{
    struct la_context *context = context_of(call);

    if (context->rcu_nesting)
        context->rcu_nesting--;
    else
        la_oops(call->mm, "WARNING: bad unlock balance detected!", "rcu_read_unlock() without rcu_read_lock().");
    return 0;
}

LA_NATIVE(in_interrupt)
{
    return la_in_interrupt(context_of(call));
}

LA_NATIVE(in_atomic)
{
    return context_of(call)->preempt_count != 0;
}

LA_NATIVE(irqs_disabled)
{
    return context_of(call)->irqs_disabled;
}

LA_NATIVE(preempt_count)
{
    return (uint64_t)(int64_t)(int32_t)context_of(call)->preempt_count;
}

static void might_sleep_here(struct la_call *call)
{
    struct la_buf where;

    la_buf_init(&where, la_arena_host(call->machine->arena));
    la_call_where(call, &where);
    la_might_sleep(call->mm, la_buf_str(&where));
    la_buf_free(&where);
}

LA_NATIVE(might_sleep)
{
    might_sleep_here(call);
    return 0;
}

/* ---- spinlocks: one word, 1 = held ---- */

static bool lock_word(struct la_call *call, uint32_t *value)
{
    unsigned char bytes[4];

    if (!la_call_read(call, call->arg[0], bytes, sizeof bytes))
        return false;
    *value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return true;
}

static bool set_lock(struct la_call *call, uint8_t value)
{
    unsigned char bytes[4] = {value, 0, 0, 0};

    return la_call_write(call, call->arg[0], bytes, sizeof bytes);
}

static bool take_lock(struct la_call *call)
{
    uint32_t value;

    if (!lock_word(call, &value))
        return false;
    count_up(call, LA_PREEMPT_OFFSET);
    if (value == 0)
        return set_lock(call, 1);
    la_oops(call->mm, "BUG: spinlock recursion",
            "The lock is held already, by this very thread: it would spin here for ever.");
    la_call_stuck(call, "spin_lock would spin for ever: this thread holds the lock already");
    return false;
}

static void give_lock(struct la_call *call)
{
    uint32_t value;

    if (!lock_word(call, &value))
        return;
    if (value == 0) {
        la_oops(call->mm, "BUG: spinlock already unlocked", "spin_unlock() of a lock that nobody holds.");
        return;
    }
    if (set_lock(call, 0))
        count_down(call, LA_PREEMPT_OFFSET, 0xFF);
}

LA_NATIVE(spin_lock_init)
{
    (void)set_lock(call, 0);
    return 0;
}

LA_NATIVE(spin_lock)
{
    (void)take_lock(call);
    return 0;
}

LA_NATIVE(spin_unlock)
{
    give_lock(call);
    return 0;
}

LA_NATIVE(spin_lock_irq)
{
    context_of(call)->irqs_disabled = true;
    (void)take_lock(call);
    return 0;
}

LA_NATIVE(spin_unlock_irq)
{
    give_lock(call);
    context_of(call)->irqs_disabled = false;
    return 0;
}

LA_NATIVE(spin_lock_irqsave)
{
    if (!save_flags(call, call->arg[1]))
        return 0;
    context_of(call)->irqs_disabled = true;
    (void)take_lock(call);
    return 0;
}

LA_NATIVE(spin_unlock_irqrestore)
{
    give_lock(call);
    context_of(call)->irqs_disabled = !(call->arg[1] & X86_EFLAGS_IF);
    return 0;
}

/* ---- scopes: the old value of the flag is returned, and put back later ---- */

static uint64_t scope_save(struct la_call *call, uint32_t flag)
{
    struct la_context *context = context_of(call);
    uint32_t old = context->task_flags & flag;

    context->task_flags |= flag;
    return old;
}

static uint64_t scope_restore(struct la_call *call, uint32_t flag)
{
    struct la_context *context = context_of(call);

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
    return call->mm->layout.image + LA_IMG_TASK;
}

/* ---- time ---- */

LA_NATIVE(jiffies)
{
    return call->mm->tick;
}

static void sleep_ticks(struct la_call *call, uint64_t ticks)
{
    struct la_context *context = context_of(call);
    char text[96];

    if (la_in_atomic(context)) {
        (void)snprintf(text, sizeof text, "BUG: scheduling while atomic: %s/%u/0x%08x", context->comm,
                       (unsigned)context->pid, (unsigned)context->preempt_count);
        la_oops(call->mm, text, "Preemption or interrupts are off here, and the task wants to sleep.");
    }
    la_mm_tick(call->mm, ticks < TICKS_MAX ? (uint32_t)ticks : TICKS_MAX);
}

LA_NATIVE(msleep)
{
    might_sleep_here(call);
    sleep_ticks(call, (uint32_t)call->arg[0] / MSECS_PER_TICK + 1);
    return 0;
}

LA_NATIVE(schedule)
{
    sleep_ticks(call, 1);
    return 0;
}

LA_NATIVE(schedule_timeout)
{
    sleep_ticks(call, (int64_t)call->arg[0] > 0 ? call->arg[0] : 0);
    return 0;
}

LA_NATIVE(cond_resched)
{
    might_sleep_here(call);
    la_mm_tick(call->mm, 1);
    return 0;
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
