/*
 * call_lock.c: spinlocks and mutexes.
 *
 *     spinlock_t    one word, 1 = held; who holds it is known to the scheduler
 *     struct mutex  one word, 0 = free, else the number of the owner + 1
 *
 * A spinlock that another thread holds makes the CPU spin: the statement does not end until the
 * lock is free.  A mutex puts the thread to sleep.  Both calls are made again then.
 *
 * Source: Linux 6.1.192 include/linux/spinlock_api_smp.h, kernel/locking/spinlock_debug.c, mutex.c.
 */
#include "lang/call_context.h"
#include "lang/interp.h"

#include <stdio.h>

/* ---- words in simulated memory ---- */

static bool load_word(struct la_call *call, uint32_t *value)
{
    unsigned char bytes[4];

    if (!la_call_read(call, call->arg[0], bytes, sizeof bytes))
        return false;
    *value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return true;
}

static bool store_word(struct la_call *call, uint8_t value)
{
    unsigned char bytes[4] = {value, 0, 0, 0};

    return la_call_write(call, call->arg[0], bytes, sizeof bytes);
}

static uint32_t active(const struct la_call *call)
{
    return call->interp->sched->active;
}

/* ---- spinlocks ---- */

/* Nobody else can give it back: this thread holds it, or it was never a lock. */
static void recursion(struct la_call *call)
{
    la_oops(call->mm, "BUG: spinlock recursion",
            "The lock is held already, by this very thread: it would spin here for ever.");
    la_call_stuck(call, "spin_lock would spin for ever: this thread holds the lock already");
}

/* Preemption is off while a CPU spins, as in the kernel; it was counted when the call was first made. */
static void take_lock(struct la_call *call)
{
    uint32_t value, holder = la_sched_holder(call->interp, call->arg[0]);

    if (!load_word(call, &value))
        return;
    if (!call->again)
        la_call_count_up(call, LA_PREEMPT_OFFSET);
    if (value == 0) {
        if (store_word(call, 1))
            la_sched_hold(call->interp, call->arg[0], active(call));
    } else if (holder == active(call) || !la_sched_matters(call->interp)) {
        recursion(call);
    } else {
        la_sched_spin(call, call->arg[0]);
    }
}

static void give_lock(struct la_call *call)
{
    uint32_t value;

    if (!load_word(call, &value))
        return;
    if (value == 0) {
        la_oops(call->mm, "BUG: spinlock already unlocked", "spin_unlock() of a lock that nobody holds.");
        return;
    }
    if (!store_word(call, 0))
        return;
    la_sched_hold(call->interp, call->arg[0], LA_NO_TASK);
    la_call_count_down(call, LA_PREEMPT_OFFSET, 0xFF);
    (void)la_sched_wake(call->interp, LA_WAIT_LOCK, call->arg[0], true);
}

LA_NATIVE(spin_lock_init)
{
    (void)store_word(call, 0);
    return 0;
}

LA_NATIVE(spin_lock)
{
    take_lock(call);
    return 0;
}

LA_NATIVE(spin_trylock)
{
    uint32_t value;

    if (!load_word(call, &value) || value != 0)
        return 0;
    la_call_count_up(call, LA_PREEMPT_OFFSET);
    if (store_word(call, 1))
        la_sched_hold(call->interp, call->arg[0], active(call));
    return 1;
}

LA_NATIVE(spin_is_locked)
{
    uint32_t value = 0;

    (void)load_word(call, &value);
    return value != 0;
}

LA_NATIVE(spin_unlock)
{
    give_lock(call);
    return 0;
}

LA_NATIVE(spin_lock_irq)
{
    la_mm_current(call->mm)->irqs_disabled = true;
    take_lock(call);
    return 0;
}

LA_NATIVE(spin_unlock_irq)
{
    give_lock(call);
    la_mm_current(call->mm)->irqs_disabled = false;
    return 0;
}

LA_NATIVE(spin_lock_irqsave)
{
    if (!call->again && !la_call_save_flags(call, call->arg[1]))
        return 0;
    la_mm_current(call->mm)->irqs_disabled = true;
    take_lock(call);
    return 0;
}

LA_NATIVE(spin_unlock_irqrestore)
{
    give_lock(call);
    la_mm_current(call->mm)->irqs_disabled = !(call->arg[1] & X86_EFLAGS_IF);
    return 0;
}

/* ---- mutexes ---- */

LA_NATIVE(mutex_init)
{
    (void)store_word(call, 0);
    return 0;
}

LA_NATIVE(mutex_lock)
{
    uint32_t owner;

    if (!call->again)
        la_call_check_sleep(call);
    if (!load_word(call, &owner))
        return 0;
    if (owner == 0)
        (void)store_word(call, (uint8_t)(active(call) + 1));
    else
        (void)la_sched_wait(call, LA_WAIT_MUTEX, call->arg[0], 0, false);
    return 0;
}

LA_NATIVE(mutex_trylock)
{
    uint32_t owner;

    if (!load_word(call, &owner) || owner != 0)
        return 0;
    return store_word(call, (uint8_t)(active(call) + 1));
}

LA_NATIVE(mutex_unlock)
{
    uint32_t owner;

    if (!load_word(call, &owner))
        return 0;
    if (owner != active(call) + 1) {
        la_oops(call->mm, "WARNING: DEBUG_LOCKS_WARN_ON(__owner_task(owner) != current)",
                owner == 0 ? "mutex_unlock() of a mutex that nobody holds."
                           : "Only the thread that took a mutex may give it back. It stays taken here.");
        return 0;
    }
    if (store_word(call, 0))
        (void)la_sched_wake(call->interp, LA_WAIT_MUTEX, call->arg[0], false);
    return 0;
}

LA_NATIVE(mutex_is_locked)
{
    uint32_t owner = 0;

    (void)load_word(call, &owner);
    return owner != 0;
}
