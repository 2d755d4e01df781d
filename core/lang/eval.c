/*
 * eval.c: typed statements and questions at the point where the program stands.
 *
 *     program code | unit 0 | unit 1 | ...        sched->nr_units (in the arena) says how many ran
 *
 * Going back in time makes nr_units smaller while the units stay; running the same text again
 * finds its unit in place.  Another text at that point forgets that unit and those behind it.
 */
#include "lang/interp.h"

#include <stdio.h>
#include <string.h>

struct point {
    uint32_t pc, fp, sp, nr_frames, nr_operands, stmt, state;
    bool again;
};

static struct point leave(const struct la_interp *ip)
{
    const struct la_vm *vm = ip->vm;

    return (struct point){vm->pc,          vm->fp,   vm->sp,    vm->nr_frames,
                          vm->nr_operands, vm->stmt, vm->state, ip->sched->thread[ip->sched->active].again};
}

static void come_back(struct la_interp *ip, const struct point *at)
{
    struct la_vm *vm = ip->vm;

    ip->sched->thread[ip->sched->active].again = at->again;
    vm->pc = at->pc;
    vm->fp = at->fp;
    vm->sp = at->sp;
    vm->nr_frames = at->nr_frames;
    vm->nr_operands = at->nr_operands;
    vm->stmt = at->stmt;
    vm->state = at->state;
}

/* The statement whose scope counts: the next one, or the one the program died in. */
static uint32_t scope_stmt(const struct la_interp *ip)
{
    return la_vm_next_stmt(ip, ip->vm);
}

/* Run the code of @unit in a frame of its own. */
static enum la_run run_unit(struct la_interp *ip, const struct la_unit *unit)
{
    struct la_vm *vm = ip->vm;
    const struct la_program *p = ip->program;
    const struct la_fn *fn = &p->fns.data[unit->fn];
    uint32_t bytes = unit->after.data - unit->before.data;

    if (bytes) {
        unsigned char *to = ip->image + LA_IMG_DATA + unit->before.data;

        la_region_touch(ip->machine->image, to, bytes);
        memcpy(to, p->data.data + unit->before.data, bytes);
    }
    vm->state = LA_VM_READY;
    ip->sched->thread[ip->sched->active].again = false;
    vm->stmt = unit->before.stmts;
    ip->has_value = false;
    if (vm->sp + fn->frame_bytes > vm->stack_end || vm->nr_operands + fn->max_operands + 1 > LA_OPERANDS_MAX) {
        la_vm_stop(ip, LA_VM_STUCK, "the stack has no room for a typed statement here");
        return LA_RUN_STOPPED;
    }
    vm->fp = vm->sp;
    vm->sp += fn->frame_bytes;
    vm->pc = unit->entry;
    ip->bounded = true;
    ip->budget = LA_TYPED_STATEMENTS_MAX;
    enum la_run run = la_vm_run(ip, false, UINT32_MAX);

    ip->bounded = false;
    return run;
}

static bool same_unit(const struct la_unit *unit, const char *text, size_t len, uint32_t line, uint32_t stmt,
                      uint32_t fp)
{
    return unit->len == len && unit->line == line && unit->stmt == stmt && unit->fp == fp &&
           memcmp(unit->text, text, len) == 0;
}

/* The unit for @text at this point, compiled now or before; NULL after a message. */
static const struct la_unit *find_unit(struct la_interp *ip, const char *text, size_t len, uint32_t line,
                                       struct la_diags *diags)
{
    struct la_program *p = ip->program;
    uint32_t k = ip->sched->nr_units, stmt = scope_stmt(ip), fp = ip->vm->fp;
    struct la_unit unit;

    if (k < p->units.nr) {
        if (same_unit(&p->units.data[k], text, len, line, stmt, fp))
            return &p->units.data[k];
        la_program_rewind(p, &p->units.data[k].before);
        p->units.nr = k;
    }
    if (!la_compile_unit(p, text, len, line, stmt, fp, false, diags, &unit))
        return NULL;
    unit.text = la_pool_text(&p->pool, text, (uint32_t)len);
    unit.len = (uint32_t)len;
    unit.line = line;
    unit.stmt = stmt;
    unit.fp = fp;
    if (p->pool.failed || !LA_VEC_PUSH(p->host, &p->units, unit)) {
        la_diags_add(diags, LA_SEVERE, LA_E_NOMEM, (struct la_span){line, 1, 0, 0}, "the host has no memory left",
                     NULL);
        la_program_rewind(p, &unit.before);
        return NULL;
    }
    return &p->units.data[k];
}

static enum la_step_status typed_status(const struct la_vm *vm, enum la_run run)
{
    if (run == LA_RUN_END)
        return LA_STEP_RAN;
    return vm->state == LA_VM_KILLED   ? LA_STEP_OOPSED
           : vm->state == LA_VM_ASSERT ? LA_STEP_ASSERT_FAILED
                                       : LA_STEP_STUCK;
}

enum la_step_status la_interp_eval(struct la_interp *ip, const char *text, size_t len, uint32_t line,
                                   struct la_diags *diags, struct la_step *step)
{
    struct la_vm *vm = ip->vm;
    struct point here = leave(ip);
    const struct la_unit *unit = find_unit(ip, text, len, line, diags);

    if (step)
        *step = (struct la_step){.at = {.span = {line, 1, line, 1}, .block = LA_BLOCK_CONSOLE, .function = ""}};
    if (!unit)
        return LA_STEP_DONE;
    if (step && unit->before.stmts < unit->after.stmts)
        step->at = la_interp_place(ip, unit->before.stmts, here.nr_frames);
    ip->sched->nr_units++;
    enum la_step_status status = typed_status(vm, run_unit(ip, unit));

    if (step) {
        step->has_value = ip->has_value;
        if (ip->has_value) {
            step->value = ip->value;
            step->type = ip->program->sites.data[ip->site].type;
            step->name = ip->program->sites.data[ip->site].name;
        }
    }
    come_back(ip, &here);
    if (la_sched_matters(ip)) /* time may have passed in it, or a preemption become possible */
        la_sched_settle(ip);
    return status;
}

/* ---- questions ---- */

static bool ask(struct la_interp *ip, const char *text, size_t len, uint32_t line, uint64_t *value,
                const struct la_type **type, struct la_diags *diags)
{
    struct la_program *p = ip->program;
    struct la_vm *vm = ip->vm;
    struct point here = leave(ip);
    struct la_unit unit;

    if (!la_compile_unit(p, text, len, line, scope_stmt(ip), vm->fp, true, diags, &unit))
        return false;
    ip->quiet = true;
    ip->faulted = false;
    bool good = run_unit(ip, &unit) == LA_RUN_END && ip->has_value && !ip->faulted;

    ip->quiet = false;
    if (good) {
        *value = ip->value;
        *type = p->sites.data[ip->site].type;
    } else {
        la_diags_add(diags, LA_SEVERE, LA_E_OOPS, (struct la_span){line, 1, line, (uint32_t)len + 1},
                     ip->faulted ? ip->text : "this expression has no value", NULL);
    }
    come_back(ip, &here);
    la_program_rewind(p, &unit.before);
    return good;
}

bool la_interp_eval_expr(struct la_interp *ip, const char *text, size_t len, uint32_t line, int64_t *value,
                         struct la_buf *type_text, struct la_diags *diags)
{
    const struct la_type *type = NULL;
    uint64_t raw = 0;

    if (!ask(ip, text, len, line, &raw, &type, diags))
        return false;
    *value = (int64_t)raw;
    if (type_text)
        la_type_text(type, type_text);
    return true;
}

bool la_interp_eval_text(struct la_interp *ip, const char *text, size_t len, uint32_t line, int64_t *value,
                         struct la_buf *text_out, struct la_diags *diags)
{
    const struct la_type *type = NULL;
    uint64_t raw = 0;

    if (!ask(ip, text, len, line, &raw, &type, diags))
        return false;
    *value = (int64_t)raw;
    la_value_text(ip, type, raw, text_out);
    return true;
}
