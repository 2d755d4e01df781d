/*
 * call_percpu.c: memory of which every CPU has a copy (part 6 of the notes).
 *
 *     DEFINE_PER_CPU(int, hits)   a global that is only the master; the copies lie in the static
 *                                 part of each CPU's unit, at the same distance from its start
 *     alloc_percpu(int)           a per-CPU pointer of core/mm/percpu.c
 *     per_cpu_ptr(p, cpu)         tells the two apart by where p points
 *
 * Deviations:
 *  A. The masters lie among the other globals: the first 8 KiB of them are copied for every CPU
 *     when the first per-CPU call is made, as the boot copies the section .data..percpu.
 *  B. The address of a static per-CPU variable is that of its master, not an offset.
 *
 * Source: Linux 6.1.192 include/linux/percpu-defs.h, asm-generic/percpu.h, linux/percpu_counter.h;
 * Linux 2.6.11 include/linux/percpu.h.
 */
#include "lang/interp.h"
#include "mm/percpu.h"
#include "mm/percpu_counter.h"
#include "mm/vmalloc.h"

#include <stdio.h>

/* ---- copies ---- */

/* Copy the masters to every CPU's unit, once. */
static struct la_pcpu *copies(struct la_call *call)
{
    bool fresh = call->mm->pcpu == NULL;
    struct la_pcpu *pcpu = la_pcpu_get(call->mm);

    for (uint32_t cpu = 0; pcpu && fresh && cpu < pcpu->nr_units; cpu++)
        la_pcpu_write(call->mm, la_per_cpu_ptr(call->mm, 0, cpu), call->interp->image, pcpu->static_size);
    return pcpu;
}

/* The address of @cpu's copy of what @ptr stands for; 0 after an oops. */
static uint64_t copy_of(struct la_call *call, uint64_t ptr, uint32_t cpu)
{
    struct la_pcpu *pcpu = copies(call);
    uint64_t offset = ptr - call->interp->image_base;
    char text[120];

    if (!pcpu)
        return 0;
    if (cpu >= pcpu->nr_units) {
        (void)snprintf(text, sizeof text, "BUG: unable to handle page fault: there is no CPU %u", (unsigned)cpu);
        la_call_die(call, text, "CPUs are numbered from 0 to num_online_cpus() - 1.");
        return 0;
    }
    if (ptr < call->interp->image_base || offset >= call->mm->layout.image_bytes)
        return la_per_cpu_ptr(call->mm, ptr, cpu);
    if (offset >= pcpu->static_size) {
        la_call_die(call, "BUG: this is no static per-CPU variable",
                    "Per-CPU memory is limited: 8 KiB of variables. Define them first, outside of functions.");
        return 0;
    }
    return la_per_cpu_ptr(call->mm, offset, cpu);
}

LA_NATIVE(__per_cpu_ptr)
{
    return copy_of(call, call->arg[0], (uint32_t)call->arg[1]);
}

LA_NATIVE(__this_cpu_ptr)
{
    return copy_of(call, call->arg[0], call->mm->cpu);
}

LA_NATIVE(__get_cpu_ptr)
{
    la_mm_current(call->mm)->preempt_count += LA_PREEMPT_OFFSET;
    return copy_of(call, call->arg[0], call->mm->cpu);
}

LA_NATIVE(get_cpu)
{
    la_mm_current(call->mm)->preempt_count += LA_PREEMPT_OFFSET;
    return call->mm->cpu;
}

/* ---- dynamic ---- */

LA_NATIVE(__alloc_percpu)
{
    (void)copies(call);
    return la_alloc_percpu(call->mm, call->arg[0], call->arg[1], LA_GFP_KERNEL);
}

LA_NATIVE(__alloc_percpu_gfp)
{
    (void)copies(call);
    return la_alloc_percpu(call->mm, call->arg[0], call->arg[1], (la_gfp_t)call->arg[2]);
}

LA_NATIVE(free_percpu)
{
    la_free_percpu(call->mm, call->arg[0]);
    return 0;
}

/* ---- percpu_counter: struct { s64 count; s32 *counters; } ---- */

static bool counter_load(struct la_call *call, struct la_percpu_counter *fbc)
{
    unsigned char bytes[16];

    if (!la_call_read(call, call->arg[0], bytes, 8 + call->mm->layout.pointer_bytes))
        return false;
    fbc->count = (int64_t)la_load_le(bytes, 8);
    fbc->counters = la_load_le(bytes + 8, call->mm->layout.pointer_bytes);
    if (fbc->counters != 0 && la_percpu_size(call->mm, fbc->counters) >= 4)
        return true;
    la_call_die(call, "BUG: unable to handle page fault: a percpu_counter that was not initialised",
                "Call percpu_counter_init() first; percpu_counter_destroy() ends its life.");
    return false;
}

static void counter_store(struct la_call *call, const struct la_percpu_counter *fbc)
{
    unsigned char bytes[16];

    la_store_le(bytes, 8, (uint64_t)fbc->count);
    la_store_le(bytes + 8, call->mm->layout.pointer_bytes, fbc->counters);
    (void)la_call_write(call, call->arg[0], bytes, 8 + call->mm->layout.pointer_bytes);
}

LA_NATIVE(percpu_counter_init)
{
    struct la_percpu_counter fbc;

    (void)copies(call);
    bool ok = la_percpu_counter_init(call->mm, &fbc, (int64_t)call->arg[1], (la_gfp_t)call->arg[2]);

    counter_store(call, &fbc);
    return ok ? 0 : la_call_error(LA_ENOMEM);
}

LA_NATIVE(percpu_counter_destroy)
{
    struct la_percpu_counter fbc;

    if (counter_load(call, &fbc)) {
        la_percpu_counter_destroy(call->mm, &fbc);
        counter_store(call, &fbc);
    }
    return 0;
}

static uint64_t counter_add(struct la_call *call, int64_t amount, int32_t batch)
{
    struct la_percpu_counter fbc;

    if (counter_load(call, &fbc)) {
        la_percpu_counter_add(call->mm, &fbc, amount, batch);
        counter_store(call, &fbc);
    }
    return 0;
}

LA_NATIVE(percpu_counter_add)
{
    return counter_add(call, (int64_t)call->arg[1], la_percpu_counter_batch(call->mm));
}

LA_NATIVE(percpu_counter_sub)
{
    return counter_add(call, (int64_t)(0 - call->arg[1]), la_percpu_counter_batch(call->mm));
}

LA_NATIVE(percpu_counter_inc)
{
    return counter_add(call, 1, la_percpu_counter_batch(call->mm));
}

LA_NATIVE(percpu_counter_dec)
{
    return counter_add(call, -1, la_percpu_counter_batch(call->mm));
}

LA_NATIVE(percpu_counter_add_batch)
{
    return counter_add(call, (int64_t)call->arg[1], (int32_t)call->arg[2]);
}

LA_NATIVE(percpu_counter_set)
{
    struct la_percpu_counter fbc;

    if (counter_load(call, &fbc)) {
        la_percpu_counter_set(call->mm, &fbc, (int64_t)call->arg[1]);
        counter_store(call, &fbc);
    }
    return 0;
}

LA_NATIVE(percpu_counter_read)
{
    struct la_percpu_counter fbc;

    return counter_load(call, &fbc) ? (uint64_t)fbc.count : 0;
}

LA_NATIVE(percpu_counter_read_positive)
{
    struct la_percpu_counter fbc;

    return counter_load(call, &fbc) && fbc.count > 0 ? (uint64_t)fbc.count : 0;
}

LA_NATIVE(percpu_counter_sum)
{
    struct la_percpu_counter fbc;

    return counter_load(call, &fbc) ? (uint64_t)la_percpu_counter_sum(call->mm, &fbc) : 0;
}

LA_NATIVE(percpu_counter_compare)
{
    struct la_percpu_counter fbc;

    return counter_load(call, &fbc)
               ? (uint64_t)(int64_t)la_percpu_counter_compare(call->mm, &fbc, (int64_t)call->arg[1])
               : 0;
}
