/*
 * context.h: who asks: the execution context of a CPU, as the allocator looks at it.
 *
 * preempt_count has the kernel's layout, so that its hex value can be printed as the kernel does:
 *
 *      23..20  19..16   15..8     7..0
 *       NMI    hardirq  softirq   preempt depth       one spinlock = 1, softirq 0x100, hardirq 0x10000
 *
 * Source: Linux 6.1.192 include/linux/preempt.h, include/linux/sched.h.
 */
#ifndef LA_MM_CONTEXT_H
#define LA_MM_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LA_PREEMPT_OFFSET = 1,
    LA_SOFTIRQ_OFFSET = 0x100,
    LA_HARDIRQ_OFFSET = 0x10000,
    LA_HARDIRQ_MASK = 0xF0000,
    LA_NMI_OFFSET = 0x100000,
    LA_SOFTIRQ_MASK = 0xFF00,
    LA_INTERRUPT_MASK = 0xFFFF00,
    LA_TASK_COMM_LEN = 16
};

/* task flags the allocator knows (values as in sched.h) */
enum {
    LA_PF_MEMALLOC = 0x00000800,
    LA_PF_MEMALLOC_NOFS = 0x00040000,
    LA_PF_MEMALLOC_NOIO = 0x00080000,
    LA_PF_MEMALLOC_PIN = 0x10000000
};

struct la_context {
    uint32_t preempt_count;
    uint32_t rcu_nesting; /* rcu_read_lock depth */
    uint32_t task_flags;  /* LA_PF_* */
    uint32_t pid;
    char comm[LA_TASK_COMM_LEN];
    bool irqs_disabled;
    bool oom_victim; /* this task was chosen by the OOM killer */
    bool realtime;   /* SCHED_FIFO / SCHED_RR task */
};

/** True in a softirq, hard interrupt or NMI. */
static inline bool la_in_interrupt(const struct la_context *context)
{
    return (context->preempt_count & LA_INTERRUPT_MASK) != 0;
}

/** True where sleeping is a bug: preemption or interrupts are off, or RCU is held. */
static inline bool la_in_atomic(const struct la_context *context)
{
    return (context->preempt_count | context->rcu_nesting | context->irqs_disabled) != 0;
}

#endif
