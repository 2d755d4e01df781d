/*
 * percpu.c: the section about CPUs: who runs where, and what each CPU has a copy of.
 *
 *     cpus        current thread, counts, queue, interrupts
 *     threads     state, what each waits for, the statement it stands at
 *     variables   DEFINE_PER_CPU: the value on each CPU
 *     areas       alloc_percpu: the bytes on each CPU
 *     counters    percpu_counter: the shared count and what each CPU holds back
 *     chunks      where all of that lies
 *
 * Cost: threads, CPUs, and a bounded number of variables and areas; areas beyond are counted only, in
 * the chunks' maps.
 */
#include "lang/sched.h"
#include "mm/percpu.h"
#include "mm/vmalloc.h"
#include "view/view.h"

#include <inttypes.h>
#include <stdio.h>

enum { VARIABLES_MAX = 64, AREAS_MAX = 64, COUNTERS_MAX = 16, BYTES_SHOWN = 16 };

struct section {
    const struct la_timeline *t;
    struct la_mm *mm;
    struct la_json *w;
    uint32_t nr; /* written so far, of the part that is being written */
};

/* How many of the part were left out since it has more than @most. */
static void left_out(const struct section *s, const char *key, uint32_t most)
{
    la_json_kuint(s->w, key, s->nr > most ? s->nr - most : 0);
}

/* ---- CPUs and threads ---- */

static void numbers(struct la_json *w, const char *key, const uint8_t *number, uint32_t nr)
{
    la_json_key(w, key);
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++)
        la_json_uint(w, number[i]);
    la_json_end(w);
}

/* Why this cannot be chosen now; "" when it can. */
static void refusal(const struct section *s, const char *key, struct la_sched_choice choice)
{
    const char *why = la_timeline_refusal(s->t, &choice);

    la_json_kstr(s->w, key, why ? why : "");
}

static void cpu_choices(const struct section *s, uint32_t cpu)
{
    const uint8_t n = (uint8_t)cpu;

    la_json_key(s->w, "refused");
    la_json_obj(s->w);
    refusal(s, "run", (struct la_sched_choice){.kind = LA_CHOOSE_CPU, .cpu = n});
    refusal(s, "preempt", (struct la_sched_choice){.kind = LA_CHOOSE_PREEMPT, .cpu = n});
    refusal(s, "interrupt", (struct la_sched_choice){.kind = LA_CHOOSE_INTERRUPT, .cpu = n, .irq = LA_ANY_IRQ});
    la_json_end(s->w);
}

static void cpu_json(const struct section *s, uint32_t cpu)
{
    const struct la_cpu_queue *q = &la_interp_sched(s->t->interp)->cpu[cpu];
    const struct la_context *context = &s->mm->context[cpu];
    struct la_json *w = s->w;

    la_json_obj(w);
    la_json_kuint(w, "cpu", cpu);
    la_json_kuint(w, "node", s->mm->cpu_node[cpu]);
    la_json_kint(w, "current", q->current < LA_THREADS_MAX ? q->current : -1);
    numbers(w, "irqs", q->irq, q->irqs_active);
    la_json_kuint(w, "preempt", context->preempt_count & 0xFF);
    la_json_kuint(w, "softirq", (context->preempt_count & LA_SOFTIRQ_MASK) / LA_SOFTIRQ_OFFSET);
    la_json_kuint(w, "hardirq", (context->preempt_count & LA_HARDIRQ_MASK) / LA_HARDIRQ_OFFSET);
    la_json_kbool(w, "irqs_off", context->irqs_disabled);
    la_json_kuint(w, "rcu", context->rcu_nesting);
    const char *held = la_sched_not_preemptible(s->t->interp, cpu);

    la_json_kstr(w, "held", held ? held : "");
    la_json_kbool(w, "need_resched", q->need_resched);
    numbers(w, "pending", q->pending, q->nr_pending);
    numbers(w, "queue", q->ready, q->nr_ready);
    cpu_choices(s, cpu);
    la_json_end(w);
}

/* The statement a thread stands at; its text is the page's. */
static void place_json(const struct section *s, uint32_t thread)
{
    struct la_place place = la_interp_thread_place(s->t->interp, thread);

    la_json_kint(s->w, "block", place.done || place.block == LA_BLOCK_CONSOLE ? -1 : (int64_t)place.block);
    la_json_kuint(s->w, "line", place.span.line);
    la_json_kuint(s->w, "column", place.span.column);
    la_json_kuint(s->w, "end_line", place.span.end_line);
    la_json_kuint(s->w, "end_column", place.span.end_column);
    la_json_kuint(s->w, "depth", place.depth);
    la_json_kstr(s->w, "function", place.function);
}

static void thread_json(const struct section *s, uint32_t id)
{
    const struct la_sched *sched = la_interp_sched(s->t->interp);
    const struct la_thread *thread = &sched->thread[id];
    const struct la_context *context =
        sched->cpu[thread->cpu].current == id ? &s->mm->context[thread->cpu] : &thread->context;
    struct la_json *w = s->w;

    la_json_obj(w);
    la_json_kuint(w, "id", id);
    la_json_kstr(w, "name", context->comm);
    la_json_kuint(w, "pid", context->pid);
    la_json_kuint(w, "cpu", thread->cpu);
    la_json_kbool(w, "bound", thread->bound);
    la_json_kstr(w, "state", la_thread_state_name((enum la_thread_state)thread->state));
    la_json_kstr(w, "waits", la_wait_text((enum la_wait)thread->wait));
    la_json_kuint(w, "wake_tick", thread->wake_tick);
    la_json_khex(w, "task", la_sched_task(s->t->interp, id));
    la_json_khex(w, "preempt_count", context->preempt_count);
    place_json(s, id);
    if (s->mm->nr_cpus > 1) /* the reason is the same for every other CPU */
        refusal(s, "refused", (struct la_sched_choice){.kind = LA_CHOOSE_MIGRATE, .thread = (uint8_t)id, .cpu = thread->cpu ? 0 : 1});
    else
        la_json_kstr(w, "refused", "there is one CPU only");
    la_json_end(w);
}

static void threads(const struct section *s)
{
    const struct la_sched *sched = la_interp_sched(s->t->interp);

    la_json_key(s->w, "cpus");
    la_json_arr(s->w);
    for (uint32_t cpu = 0; cpu < s->mm->nr_cpus; cpu++)
        cpu_json(s, cpu);
    la_json_end(s->w);
    la_json_kuint(s->w, "next_cpu", s->mm->cpu);
    la_json_key(s->w, "threads");
    la_json_arr(s->w);
    for (uint32_t id = 0; id < LA_THREADS_MAX; id++)
        if (sched->thread[id].state != LA_THREAD_NONE)
            thread_json(s, id);
    la_json_end(s->w);
    la_json_key(s->w, "irqs");
    la_json_arr(s->w);
    for (uint32_t i = 0; i < LA_IRQS_MAX; i++) {
        const struct la_irq_action *action = &sched->action[i];
        struct la_buf name;

        if (!action->used)
            continue;
        la_buf_init(&name, s->t->host);
        la_interp_function_text(s->t->interp, action->handler, &name);
        la_json_obj(s->w);
        la_json_kuint(s->w, "irq", action->irq);
        la_json_kstr(s->w, "name", action->name);
        la_json_kstr(s->w, "handler", la_buf_str(&name));
        la_json_kuint(s->w, "count", la_irq_count(action));
        la_json_end(s->w);
        la_buf_free(&name);
    }
    la_json_end(s->w);
}

/* ---- copies ---- */

static int64_t frame_of(const struct section *s, uint64_t addr)
{
    uint32_t pfn = la_mmu_walk(s->t->machine, addr);

    return pfn == LA_NO_PFN ? -1 : (int64_t)pfn;
}

static void copy_json(const struct section *s, uint32_t cpu, uint64_t addr, const char *value)
{
    la_json_obj(s->w);
    la_json_kuint(s->w, "cpu", cpu);
    la_json_khex(s->w, "address", addr);
    la_json_kint(s->w, "pfn", frame_of(s, addr));
    la_json_kstr(s->w, "value", value);
    la_json_end(s->w);
}

/* Before the first per-CPU call there are only the masters. */
static void write_variable(void *ctx, const struct la_percpu_var *var)
{
    static const char *const exported[] = {"", "EXPORT_PER_CPU_SYMBOL", "EXPORT_PER_CPU_SYMBOL_GPL"};
    struct section *s = ctx;
    struct la_buf value;

    if (var->counter || s->nr++ >= VARIABLES_MAX)
        return;
    la_json_obj(s->w);
    la_json_kstr(s->w, "name", var->name);
    la_json_kstr(s->w, "type", var->type_text);
    la_json_kstr(s->w, "exported", exported[var->exported]);
    la_json_khex(s->w, "ptr", var->address);
    la_json_kuint(s->w, "size", var->size);
    la_json_key(s->w, "copies");
    la_json_arr(s->w);
    la_buf_init(&value, s->t->host);
    for (uint32_t cpu = 0; cpu < s->mm->nr_cpus; cpu++) {
        uint64_t addr = s->mm->pcpu ? la_per_cpu_ptr(s->mm, var->offset, cpu) : var->address;

        la_buf_clear(&value);
        la_interp_object_text(s->t->interp, var->type, addr, &value);
        copy_json(s, cpu, addr, la_buf_str(&value));
    }
    la_buf_free(&value);
    la_json_end(s->w);
    la_json_end(s->w);
}

/* The first bytes of a copy: a number when it has the size of one, else hex. */
static void bytes_text(const struct section *s, uint64_t addr, uint32_t size, struct la_buf *out)
{
    unsigned char bytes[BYTES_SHOWN] = {0};
    uint32_t shown = size < BYTES_SHOWN ? size : BYTES_SHOWN;

    la_pcpu_read(s->mm, addr, bytes, shown);
    if (size == 4 || size == 8) {
        uint64_t value = la_load_le(bytes, size);

        la_buf_printf(out, "%" PRId64, size == 4 ? (int64_t)(int32_t)(uint32_t)value : (int64_t)value);
        return;
    }
    for (uint32_t i = 0; i < shown; i++)
        la_buf_printf(out, "%s%02x", i ? " " : "", bytes[i]);
    if (shown < size)
        la_buf_puts(out, " …");
}

static void area_json(struct section *s, uint64_t ptr, uint32_t chunk, uint32_t offset, uint32_t size)
{
    struct la_buf value;

    if (s->nr++ >= AREAS_MAX)
        return;
    la_json_obj(s->w);
    la_json_khex(s->w, "ptr", ptr);
    la_json_kuint(s->w, "chunk", chunk);
    la_json_kuint(s->w, "offset", offset);
    la_json_kuint(s->w, "size", size);
    la_json_key(s->w, "copies");
    la_json_arr(s->w);
    la_buf_init(&value, s->t->host);
    for (uint32_t cpu = 0; cpu < s->mm->nr_cpus; cpu++) {
        uint64_t addr = la_per_cpu_ptr(s->mm, ptr, cpu);

        la_buf_clear(&value);
        bytes_text(s, addr, size, &value);
        copy_json(s, cpu, addr, la_buf_str(&value));
    }
    la_buf_free(&value);
    la_json_end(s->w);
    la_json_end(s->w);
}

/* What alloc_percpu() gave out of a chunk; @offset: bytes of the unit before the chunk's first bit. */
static void chunk_areas(struct section *s, uint32_t index, uint32_t offset)
{
    const struct la_pcpu_chunk *chunk = &s->mm->pcpu->chunk[index];
    uint32_t end = chunk->nr_pages * LA_PAGE_SIZE / LA_PCPU_MIN_ALLOC;

    for (uint32_t bit = la_pcpu_next_set(chunk->alloc_map, end, 0); bit < end;) {
        uint32_t stop = la_pcpu_next_set(chunk->bound_map, end, bit + 1);
        uint64_t addr = chunk->base_addr + (uint64_t)bit * LA_PCPU_MIN_ALLOC;

        area_json(s, addr - s->mm->pcpu->base_addr, index, offset + bit * LA_PCPU_MIN_ALLOC, (stop - bit) * LA_PCPU_MIN_ALLOC);
        bit = la_pcpu_next_set(chunk->alloc_map, end, stop);
    }
}

static void areas(struct section *s)
{
    struct la_pcpu *pcpu = s->mm->pcpu;

    s->nr = 0;
    la_json_key(s->w, "areas");
    la_json_arr(s->w);
    for (uint32_t i = 0; pcpu && i < LA_PCPU_MAX_CHUNKS; i++)
        if (pcpu->chunk[i].used)
            chunk_areas(s, i, i == pcpu->first ? pcpu->static_size + pcpu->reserved_size : 0);
    la_json_end(s->w);
    left_out(s, "more_areas", AREAS_MAX);
}

/* ---- counters ---- */

static void kint64(struct la_json *w, const char *key, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    la_json_kstr(w, key, text);
}

static int32_t local_count(const struct section *s, uint64_t counters, uint32_t cpu)
{
    unsigned char bytes[4] = {0};

    la_pcpu_read(s->mm, la_per_cpu_ptr(s->mm, counters, cpu), bytes, sizeof bytes);
    return (int32_t)(uint32_t)la_load_le(bytes, sizeof bytes);
}

static void write_counter(void *ctx, const struct la_percpu_var *var)
{
    struct section *s = ctx;
    unsigned char bytes[16] = {0};

    if (!var->counter || !s->mm->pcpu || !la_interp_peek(s->t->interp, var->address, bytes, 8 + s->mm->layout.pointer_bytes))
        return;
    int64_t count = (int64_t)la_load_le(bytes, 8), sum = count;
    uint64_t counters = la_load_le(bytes + 8, s->mm->layout.pointer_bytes);

    if (counters == 0 || la_percpu_size(s->mm, counters) < 4 || s->nr++ >= COUNTERS_MAX)
        return; /* not initialised, or destroyed */
    la_json_obj(s->w);
    la_json_kstr(s->w, "name", var->name);
    la_json_khex(s->w, "address", var->address);
    la_json_khex(s->w, "ptr", counters);
    kint64(s->w, "count", count);
    la_json_key(s->w, "locals");
    la_json_arr(s->w);
    for (uint32_t cpu = 0; cpu < s->mm->nr_cpus; cpu++) {
        la_json_int(s->w, local_count(s, counters, cpu));
        sum += local_count(s, counters, cpu);
    }
    la_json_end(s->w);
    kint64(s->w, "sum", sum);
    la_json_end(s->w);
}

/* ---- chunks ---- */

static void chunk_json(const struct section *s, uint32_t index)
{
    const struct la_pcpu *pcpu = s->mm->pcpu;
    const struct la_pcpu_chunk *chunk = &pcpu->chunk[index];

    la_json_obj(s->w);
    la_json_kuint(s->w, "index", index);
    la_json_khex(s->w, "base", chunk->base_addr);
    la_json_kbool(s->w, "first", index == pcpu->first);
    la_json_kuint(s->w, "pages", chunk->nr_pages);
    la_json_kuint(s->w, "populated", chunk->nr_populated);
    la_json_kuint(s->w, "free_bytes", chunk->free_bytes);
    la_json_key(s->w, "units");
    la_json_arr(s->w);
    for (uint32_t cpu = 0; cpu < s->mm->nr_cpus; cpu++) {
        uint64_t before = index == pcpu->first ? pcpu->static_size + pcpu->reserved_size : 0;

        la_json_hex(s->w, la_per_cpu_ptr(s->mm, chunk->base_addr - before - pcpu->base_addr, cpu));
    }
    la_json_end(s->w);
    la_json_end(s->w);
}

static void chunks(const struct section *s)
{
    const struct la_pcpu *pcpu = s->mm->pcpu;

    la_json_kuint(s->w, "unit_bytes", pcpu ? pcpu->unit_size : 0);
    la_json_kuint(s->w, "static_bytes", pcpu ? pcpu->static_size : 0);
    la_json_kuint(s->w, "reserved_bytes", pcpu ? pcpu->reserved_size : 0);
    la_json_kuint(s->w, "dyn_bytes", pcpu ? pcpu->dyn_size : 0);
    la_json_key(s->w, "chunks");
    la_json_arr(s->w);
    for (uint32_t i = 0; pcpu && i < LA_PCPU_MAX_CHUNKS; i++)
        if (pcpu->chunk[i].used)
            chunk_json(s, i);
    la_json_end(s->w);
}

void la_view_percpu(const struct la_timeline *t, struct la_json *w)
{
    struct section s = {.t = t, .mm = t->machine->mm, .w = w};

    if (t->interp)
        threads(&s);
    la_json_key(w, "variables");
    la_json_arr(w);
    if (t->interp)
        (void)la_interp_percpu_vars(t->interp, write_variable, &s);
    la_json_end(w);
    left_out(&s, "more_variables", VARIABLES_MAX);
    areas(&s);
    s.nr = 0;
    la_json_key(w, "counters");
    la_json_arr(w);
    if (t->interp)
        (void)la_interp_percpu_vars(t->interp, write_counter, &s);
    la_json_end(w);
    left_out(&s, "more_counters", COUNTERS_MAX);
    chunks(&s);
}
