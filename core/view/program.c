/* program.c: the sections about the program and who runs it: variables, stack, console, context. */
#include "view/view.h"

#include <string.h>

struct vars {
    const struct la_timeline *timeline;
    struct la_json *w;
    uint32_t nr, nr_frames;
};

/* The frame a pointer leads to: through its struct page, or through the page tables. */
static int64_t pointed_pfn(const struct la_timeline *t, const struct la_var *var)
{
    if (!var->is_pointer || !var->pointer)
        return -1;
    uint32_t pfn = la_page_to_pfn(t->machine->mm, var->pointer);

    if (pfn == LA_NO_PFN)
        pfn = la_mmu_walk(t->machine, var->pointer);
    return pfn == LA_NO_PFN ? -1 : (int64_t)pfn;
}

static void count_frame(void *ctx, const struct la_place *place)
{
    struct vars *vars = ctx;

    (void)place;
    vars->nr_frames++;
}

static void write_frame(void *ctx, const struct la_place *place)
{
    struct vars *vars = ctx;

    la_json_obj(vars->w);
    la_json_kstr(vars->w, "function", place->function);
    la_json_kuint(vars->w, "line", place->span.line);
    la_json_end(vars->w);
}

static void write_var(void *ctx, const struct la_var *var)
{
    struct vars *vars = ctx;

    if (vars->nr++ >= LA_VIEW_VARS_MAX)
        return;
    la_json_obj(vars->w);
    la_json_kstr(vars->w, "name", var->name);
    la_json_kstr(vars->w, "type", var->type_text);
    la_json_kstr(vars->w, "value", var->value_text);
    la_json_khex(vars->w, "address", var->address);
    la_json_kuint(vars->w, "size", var->size);
    la_json_kint(vars->w, "pfn", pointed_pfn(vars->timeline, var));
    la_json_kint(vars->w, "frame", var->frame < vars->nr_frames ? (int64_t)var->frame : -1);
    la_json_end(vars->w);
}

void la_view_program(const struct la_timeline *t, struct la_json *w)
{
    struct vars vars = {.timeline = t, .w = w};

    la_json_key(w, "stack");
    la_json_arr(w);
    if (t->interp) {
        la_interp_stack(t->interp, count_frame, &vars);
        la_interp_stack(t->interp, write_frame, &vars);
    }
    la_json_end(w);
    la_json_key(w, "variables");
    la_json_arr(w);
    if (t->interp)
        la_interp_vars(t->interp, write_var, &vars);
    la_json_end(w);
}

void la_view_console(const struct la_timeline *t, struct la_json *w)
{
    static const char *const kinds[] = {"print", "warn", "oops", "input", "result"};
    uint32_t first = t->nr_lines > LA_VIEW_CONSOLE_LINES ? t->nr_lines - LA_VIEW_CONSOLE_LINES : 0;

    la_json_kuint(w, "earlier", (uint64_t)t->nr_before + first);
    la_json_key(w, "lines");
    la_json_arr(w);
    for (uint32_t i = first; i < t->nr_lines; i++) {
        la_json_obj(w);
        la_json_kuint(w, "step", t->line[i].step);
        la_json_kstr(w, "kind", kinds[t->line[i].kind]);
        la_json_kstr(w, "text", t->line[i].text);
        la_json_kstr(w, "note", t->line[i].note);
        la_json_end(w);
    }
    la_json_end(w);
}

static void task_flags(uint32_t flags, struct la_json *w)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{LA_PF_MEMALLOC, "PF_MEMALLOC"},
                 {LA_PF_MEMALLOC_NOFS, "PF_MEMALLOC_NOFS"},
                 {LA_PF_MEMALLOC_NOIO, "PF_MEMALLOC_NOIO"},
                 {LA_PF_MEMALLOC_PIN, "PF_MEMALLOC_PIN"}};

    la_json_arr(w);
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (flags & names[i].bit)
            la_json_str(w, names[i].name);
    la_json_end(w);
}

void la_view_context(const struct la_timeline *t, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    const struct la_context *context = &mm->context[mm->cpu];

    la_json_kuint(w, "cpu", mm->cpu);
    la_json_kstr(w, "comm", context->comm);
    la_json_kuint(w, "pid", context->pid);
    la_json_khex(w, "preempt_count", context->preempt_count);
    la_json_kbool(w, "irqs_disabled", context->irqs_disabled);
    la_json_kbool(w, "in_interrupt", la_in_interrupt(context));
    la_json_key(w, "task_flags");
    task_flags(context->task_flags, w);
    la_json_khex(w, "tick", mm->tick);
    la_json_kuint(w, "oops_count", la_oops_count(t->machine));
    la_json_key(w, "kswapd");
    la_json_arr(w);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        la_json_bool(w, mm->node[n].kswapd_awake);
    la_json_end(w);
    la_json_key(w, "processes");
    la_json_arr(w);
    for (uint32_t p = 0; p < mm->nr_processes; p++) {
        la_json_obj(w);
        la_json_kstr(w, "name", mm->process[p].name);
        la_json_kuint(w, "pid", mm->process[p].pid);
        la_json_kuint(w, "pages", mm->process[p].pages);
        la_json_kbool(w, "alive", mm->process[p].alive);
        la_json_end(w);
    }
    la_json_end(w);
}
