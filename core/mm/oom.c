/*
 * oom.c: processes that hold memory, the one that is killed for it, and the passing of time.
 *
 *     process "mysqld"  frames: 812 -> 811 -> 440 -> ...      killed: victim = true
 *                                                             next tick: all frames go back
 *
 * The victim is the process with the most pages (plus oom_score_adj thousandths of all memory);
 * -1000 protects.  A killed process needs a tick to die: meanwhile nobody else is killed.
 *
 * Invariant: process.pages is the length of process.frames.
 * Cost: choosing looks at processes, dying frees its pages; a quiet tick costs a few tests.
 *
 * Deviations:
 *  A. Processes hold single resident pages and nothing else; no page tables, no swap, no reaper.
 *  B. With nothing to kill the kernel panics; here the program is stopped as hung, and if
 *     something is scheduled that frees memory, the request waits for it instead.
 *
 * Source: Linux 6.1.192 mm/oom_kill.c: out_of_memory, oom_badness, oom_kill_process.
 */
#include "mm/internal.h"
#include "mm/mempool.h"
#include "mm/percpu.h"
#include "mm/slab26.h"
#include "mm/vmalloc.h"

static int64_t badness(const struct la_mm *mm, const struct la_process *process)
{
    int64_t total = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        total += mm->zone[z].managed;
    return (int64_t)process->pages + process->oom_score_adj * total / 1000;
}

static struct la_process *select_victim(struct la_mm *mm)
{
    struct la_process *victim = NULL;
    int64_t worst = 0;

    for (uint32_t i = 0; i < mm->nr_processes; i++) {
        struct la_process *process = &mm->process[i];

        if (!process->alive || process->oom_score_adj == -1000)
            continue;
        if (victim == NULL || badness(mm, process) > worst) {
            victim = process;
            worst = badness(mm, process);
        }
    }
    return victim;
}

bool la_out_of_memory(struct la_mm *mm)
{
    for (uint32_t i = 0; i < mm->nr_processes; i++)
        if (mm->process[i].alive && mm->process[i].victim)
            return true;
    struct la_process *victim = select_victim(mm);

    if (victim == NULL)
        return false;
    victim->victim = true;
    mm->vm_event[LA_VM_OOM_KILL]++;
    if (mm->trace->on) {
        uint64_t name = la_trace_text(mm->trace, victim->name);

        LA_TRACE(mm->trace, OOM_KILL, victim->pid, name, victim->pages);
    }
    return true;
}

bool la_no_killable(struct la_mm *mm)
{
    la_oops(mm, "Out of memory and no killable processes...",
            "Kernel panic - not syncing: System is deadlocked on memory. The program cannot go on; the machine can "
            "be looked at.");
    mm->hung = true;
    return true;
}

void la_process_exit(struct la_mm *mm, struct la_process *process)
{
    process->alive = false;
    if (mm->trace->on) {
        uint64_t name = la_trace_text(mm->trace, process->name);

        LA_TRACE(mm->trace, EXIT, process->pid, name, process->pages);
    }
    while (!la_list_empty(&process->frames)) {
        uint32_t pfn = process->frames.head;
        struct la_frame *frame = la_frame_write(mm, pfn);

        la_list_del(mm, &process->frames, pfn);
        mm->zone[frame->zone].nr_anon--;
        frame->refcount = 0;
        frame->flags = 0;
        frame->owner = 0;
        la_free_the_page(mm, pfn, 0, false);
    }
    process->pages = 0;
}

/* ---- time ---- */

bool la_mm_free_later(struct la_mm *mm, uint32_t pfn, uint32_t order, uint32_t tick)
{
    if (mm->nr_delayed == LA_MAX_DELAYED)
        return false;
    mm->delayed[mm->nr_delayed++] = (struct la_delayed_free){pfn, order, tick};
    return true;
}

static void run_delayed(struct la_mm *mm)
{
    for (uint32_t i = 0; i < mm->nr_delayed;) {
        struct la_delayed_free due = mm->delayed[i];

        if (due.at_tick > mm->tick) {
            i++;
            continue;
        }
        mm->delayed[i] = mm->delayed[--mm->nr_delayed];
        la_free_pages(mm, due.pfn, due.order);
    }
}

void la_mm_tick(struct la_mm *mm, uint32_t ticks)
{
    while (ticks-- > 0) {
        mm->tick++;
        for (uint32_t i = 0; i < mm->nr_processes; i++) {
            struct la_process *process = &mm->process[i];
            bool due = process->exits_at_tick != 0 && process->exits_at_tick <= mm->tick;

            if (process->alive && (process->victim || due))
                la_process_exit(mm, process);
        }
        run_delayed(mm);
        la_vfree_deferred(mm);
        la_pcpu_balance(mm);
        la_kswapd_tick(mm);
        if (mm->kmem)
            la_mempool_tick(mm);
        if (mm->kmem && mm->kmem->classic)
            la_slab26_tick(mm);
    }
}
