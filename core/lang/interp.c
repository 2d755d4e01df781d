/* interp.c: starting, stepping, stopping a program; kernel calls and callbacks. */
#include "lang/interp.h"

#include "mm/internal.h"

#include <stdio.h>
#include <string.h>

/* ---- starting ---- */

/* struct task_struct { unsigned int flags; int pid; char comm[16]; } of the prelude */
enum { TASK_BYTES = 24 };

static uint32_t task_offset(uint32_t task)
{
    return LA_IMG_TASK + task * LA_IMG_TASK_STRIDE;
}

static void image_write(struct la_interp *ip, uint32_t offset, const void *bytes, uint32_t len)
{
    if (len == 0)
        return;
    la_region_touch(ip->machine->image, ip->image + offset, len);
    memcpy(ip->image + offset, bytes, len);
}

/* What the machine knows about @task, where the program can see it. */
static void show_task(struct la_interp *ip, uint32_t index)
{
    const struct la_thread *thread = &ip->sched->thread[index];
    const struct la_context *context = ip->sched->cpu[thread->cpu].current == index
                                           ? &ip->machine->mm->context[thread->cpu]
                                           : &thread->context;
    unsigned char task[TASK_BYTES];

    la_store_le(task, 4, context->task_flags);
    la_store_le(task + 4, 4, context->pid);
    memcpy(task + 8, context->comm, LA_TASK_COMM_LEN);
    if (memcmp(task, ip->image + task_offset(index), sizeof task) != 0)
        image_write(ip, task_offset(index), task, sizeof task);
}

/* `current->flags |= PF_MEMALLOC`: the program may have written there. */
static void read_task(struct la_interp *ip)
{
    la_mm_current(ip->machine->mm)->task_flags = (uint32_t)la_load_le(ip->image + task_offset(ip->sched->active), 4);
}

/* Run what stands before the first statement (jumps over functions). */
static void seek_statement(struct la_interp *ip)
{
    const struct la_insn *code = ip->program->code.data;
    struct la_vm *vm = ip->vm;

    while (code[vm->pc].op == LA_OP_JMP)
        vm->pc = (uint32_t)code[vm->pc].c;
    if (code[vm->pc].op == LA_OP_END) {
        vm->state = LA_VM_DONE;
        la_sched_exit(ip, 0);
        la_sched_settle(ip);
    }
}

/* Is there a call in the program, reached or not, that makes a thread? */
static bool names_threads(const struct la_program *program)
{
    static const char *const makers[] = {"kthread_create", "kthread_create_on_cpu", "kthread_run", "kthread_run_on_cpu"};

    for (uint32_t i = 0; i < program->end.calls; i++)
        for (uint32_t k = 0; k < sizeof makers / sizeof *makers; k++)
            if (strcmp(la_api_at(program->calls.data[i])->api.name, makers[k]) == 0)
                return true;
    return false;
}

struct la_interp *la_interp_new(struct la_machine *machine, struct la_program *program)
{
    const struct la_host *host = la_arena_host(machine->arena);

    if (!la_program_runnable(program) || program->types.pointer_bytes != machine->mm->layout.pointer_bytes)
        return NULL;
    struct la_interp *ip = la_host_alloc(host, sizeof *ip);

    if (!ip)
        return NULL;
    ip->host = host;
    ip->machine = machine;
    ip->program = program;
    ip->image = machine->image->base;
    ip->image_base = machine->mm->layout.image;
    ip->pointer_bytes = program->types.pointer_bytes;
    ip->names_threads = names_threads(program);
    if (ip->image_base != program->image_base || !la_sched_init(ip)) {
        la_interp_free(ip);
        return NULL;
    }
    la_sched_refresh(ip);
    la_program_rewind(program, &program->end);
    program->units.nr = 0;
    image_write(ip, LA_IMG_DATA, program->data.data, program->data.nr);
    show_task(ip, 0);
    ip->vm->sp += program->top_frame_bytes;
    seek_statement(ip);
    return ip;
}

void la_interp_free(struct la_interp *ip)
{
    if (ip)
        la_host_free(ip->host, ip, sizeof *ip);
}

/* ---- stopping ---- */

void la_vm_stop(struct la_interp *ip, enum la_vm_state state, const char *message)
{
    struct la_vm *vm = ip->vm;

    if (ip->quiet) {
        ip->faulted = true;
        (void)snprintf(ip->text, sizeof ip->text, "%.230s", message);
    } else {
        (void)snprintf(vm->message, sizeof vm->message, "%.230s", message);
        if (vm->stmt < ip->program->stmts.nr)
            vm->message_at = ip->program->stmts.data[vm->stmt].span;
    }
    vm->state = state;
}

/* oops_end() asks in_interrupt() before anything else, so even the idle task has no message of its own. */
void la_vm_die(struct la_interp *ip, const char *text)
{
    static const char panic[] = "Kernel panic - not syncing: ";
    struct la_mm *mm = ip->machine->mm;
    bool panicked = strncmp(text, panic, sizeof panic - 1) == 0;

    if (!ip->quiet && !panicked && la_in_interrupt(la_mm_current(mm)))
        la_panic(mm, "Fatal exception in interrupt",
                 "An oops kills the task that made it. An interrupt handler is no task, and whom it interrupted did "
                 "nothing wrong: nobody can be killed, so the whole machine stops.");
    la_vm_stop(ip, LA_VM_KILLED, text);
}

void la_vm_oops(struct la_interp *ip, const char *text, const char *note)
{
    if (!ip->quiet)
        la_oops(ip->machine->mm, text, note);
    la_vm_die(ip, text);
}

/* ---- memory ---- */

bool la_interp_peek(const struct la_interp *ip, uint64_t addr, void *buf, uint32_t len)
{
    unsigned char *out = buf;

    if (!la_mmu_ok(ip->machine, addr, len))
        return false;
    while (len) {
        uint32_t pfn = la_mmu_walk(ip->machine, addr), offset = (uint32_t)(addr & (LA_PAGE_SIZE - 1));
        uint32_t n = LA_PAGE_SIZE - offset < len ? LA_PAGE_SIZE - offset : len;

        if (pfn != LA_NO_PFN)
            la_frame_read(ip->machine->mm, pfn, offset, out, n);
        else if (la_mmu_read(ip->machine, addr, out, n) != LA_MMU_OK)
            return false;
        addr += n;
        out += n;
        len -= n;
    }
    return true;
}

static bool memory_result(struct la_interp *ip, enum la_mmu_status status, uint64_t addr)
{
    char text[120];

    if (status == LA_MMU_OK)
        return true;
    if (status == LA_MMU_NO_STORAGE) {
        la_vm_stop(ip, LA_VM_STUCK, "the program has written to more pages than this computer can keep (64 MiB)");
        return false;
    }
    (void)snprintf(text, sizeof text, "the memory at 0x%llx cannot be accessed", (unsigned long long)addr);
    la_vm_die(ip, text);
    return false;
}

bool la_vm_read(struct la_interp *ip, uint64_t addr, void *buf, uint32_t len)
{
    if (ip->quiet)
        return memory_result(ip, la_interp_peek(ip, addr, buf, len) ? LA_MMU_OK : LA_MMU_FAULT, addr);
    return memory_result(ip, la_mmu_read(ip->machine, addr, buf, len), addr);
}

bool la_vm_write(struct la_interp *ip, uint64_t addr, const void *buf, uint32_t len)
{
    return memory_result(ip, la_mmu_write(ip->machine, addr, buf, len), addr);
}

bool la_vm_fill(struct la_interp *ip, uint64_t addr, uint8_t byte, uint64_t len)
{
    return memory_result(ip, la_mmu_fill(ip->machine, addr, byte, len), addr);
}

/* ---- calls ---- */

static bool stack_overflow(struct la_interp *ip, const char *function)
{
    char note[160];

    (void)snprintf(
        note, sizeof note,
        "The stack is full after %u calls: %.60s() calls itself without end, or its variables are too large.",
        (unsigned)ip->vm->nr_frames, function);
    la_vm_oops(ip, "BUG: TASK stack guard page was hit (kernel stack overflow)", note);
    return false;
}

bool la_vm_call(struct la_interp *ip, uint32_t index, uint32_t nr, bool wants, uint32_t ret_pc)
{
    struct la_vm *vm = ip->vm;
    const struct la_fn *fn = &ip->program->fns.data[index];
    uint32_t base = vm->nr_operands - nr;

    if (vm->nr_frames == LA_FRAMES_MAX || vm->sp + fn->frame_bytes > vm->stack_end ||
        base + fn->max_operands + 1 > LA_OPERANDS_MAX)
        return stack_overflow(ip, fn->name);
    vm->frame[vm->nr_frames++] = (struct la_vm_frame){.ret_pc = ret_pc, .fp = vm->fp, .base = base, .stmt = vm->stmt, .fn = (int32_t)index, .wants = wants};
    vm->fp = vm->sp;
    vm->sp += fn->frame_bytes;
    for (uint32_t i = 0; i < fn->nr_params; i++) {
        uint64_t value = i < nr ? vm->operand[base + i] : 0;
        unsigned char bytes[8];

        for (uint32_t k = 0; k < fn->param[i].size; k++)
            bytes[k] = (unsigned char)(value >> 8 * k);
        image_write(ip, vm->fp + fn->param[i].offset, bytes, fn->param[i].size);
    }
    vm->nr_operands = base;
    vm->pc = fn->entry;
    return true;
}

bool la_vm_function(const struct la_interp *ip, uint64_t addr, uint32_t *fn)
{
    uint64_t offset = addr - ip->image_base, index = (offset - LA_IMG_FUNCTIONS) / LA_FUNCTION_STRIDE;

    *fn = (uint32_t)index;
    return offset >= LA_IMG_FUNCTIONS && offset < LA_IMG_NATIVES && offset % LA_FUNCTION_STRIDE == 0 &&
           index < ip->program->fns.nr && ip->program->fns.data[index].defined;
}

/* ---- threads ---- */

bool la_vm_new(struct la_interp *ip, uint32_t task)
{
    struct la_thread *thread = &ip->sched->thread[task];
    bool idle = task >= LA_THREADS_MAX;

    if (!thread->vm)
        thread->vm = la_arena_hot(ip->machine->arena, sizeof *thread->vm);
    if (!thread->vm)
        return false;
    thread->vm->state = LA_VM_READY;
    thread->vm->nr_frames = thread->vm->nr_operands = 0;
    thread->vm->message[0] = '\0';
    thread->vm->stmt = UINT32_MAX;
    thread->vm->fp = idle ? LA_IMG_IDLE_STACK + (task - LA_THREADS_MAX) * LA_IMG_IDLE_STACK_BYTES
                          : LA_IMG_STACK + task * LA_IMG_STACK_BYTES;
    thread->vm->sp = thread->vm->fp;
    thread->vm->stack_end = thread->vm->fp + (idle ? LA_IMG_IDLE_STACK_BYTES : LA_IMG_STACK_BYTES);
    return true;
}

bool la_vm_enter(struct la_interp *ip, uint32_t task, uint64_t addr, uint64_t data)
{
    struct la_vm *here = ip->vm;
    uint32_t fn;

    if (!la_vm_function(ip, addr, &fn))
        return false;
    ip->vm = ip->sched->thread[task].vm;
    ip->vm->operand[ip->vm->nr_operands++] = data;
    bool entered = la_vm_call(ip, fn, 1, false, 0);

    if (entered)
        ip->vm->frame[0].entry = LA_ENTERED_BY_THREAD;
    show_task(ip, task);
    ip->vm = here;
    return entered;
}

bool la_vm_interrupt(struct la_interp *ip, uint64_t handler, uint32_t irq, uint64_t dev)
{
    struct la_thread *thread = &ip->sched->thread[ip->sched->active];
    uint32_t fn;

    if (!la_vm_function(ip, handler, &fn) || ip->vm->nr_operands + 2 >= LA_OPERANDS_MAX)
        return false;
    ip->vm->operand[ip->vm->nr_operands++] = irq;
    ip->vm->operand[ip->vm->nr_operands++] = dev;
    if (!la_vm_call(ip, fn, 2, false, ip->vm->pc))
        return false;
    struct la_vm_frame *frame = &ip->vm->frame[ip->vm->nr_frames - 1];

    frame->entry = LA_ENTERED_BY_IRQ;
    frame->again = thread->again;
    thread->again = false;
    if (thread->state == LA_THREAD_SPINNING)
        (void)la_sched_wake_thread(ip, ip->sched->active); /* it tries again afterwards */
    return true;
}

/* A call that newer kernels do not have: say what it did and what took its place. */
static void then_now(struct la_mm *mm, const struct la_api *api)
{
    char now[120];

    if (api->removed[0] == '\0')
        return;
    (void)snprintf(now, sizeof now, "gone since %s; use %s()", api->removed, api->replaced_by);
    la_then_now(mm, api->name, api->help, now);
}

bool la_vm_native(struct la_interp *ip, uint32_t row, uint32_t nr, bool wants)
{
    struct la_vm *vm = ip->vm;
    const struct la_api_row *api = la_api_at(row);
    uint64_t arg[LA_ARGS_MAX] = {0};
    struct la_call call = {
        .interp = ip, .machine = ip->machine, .mm = ip->machine->mm, .arg = arg, .nr = nr, .row = row};
    struct la_thread *thread = &ip->sched->thread[ip->sched->active];

    memcpy(arg, &vm->operand[vm->nr_operands - nr], nr * sizeof *arg);
    vm->nr_operands -= nr;
    read_task(ip);
    call.again = thread->again;
    thread->again = false;
    if (!ip->quiet && !call.again)
        then_now(call.mm, &api->api);
    uint64_t result = api->call(&call);

    if (!ip->quiet)
        show_task(ip, ip->sched->active);
    if (call.block) {
        /* it is made again from here, with the same arguments */
        thread->again = true;
        ip->blocked = true;
        ip->has_value = false; /* that of a callback, if any */
        memcpy(&vm->operand[vm->nr_operands], arg, nr * sizeof *arg);
        vm->nr_operands += nr;
        vm->pc--;
        return false;
    }
    if (call.mm->hung && !ip->quiet) {
        char text[120];

        (void)snprintf(text, sizeof text, "%s would wait for ever: nothing will free memory", api->api.name);
        call.mm->hung = false;
        la_vm_stop(ip, LA_VM_STUCK, text);
        return false;
    }
    if (call.stop || vm->state != LA_VM_READY)
        return false;
    if (wants)
        vm->operand[vm->nr_operands++] = result;
    return true;
}

bool la_interp_call(struct la_interp *ip, uint64_t addr, const uint64_t *args, uint32_t nr, uint64_t *result)
{
    struct la_vm *vm = ip->vm;
    uint32_t frames = vm->nr_frames, pc = vm->pc, stmt = vm->stmt, fn;
    bool bounded = ip->bounded;

    if (nr > LA_ARGS_MAX || vm->nr_operands + nr >= LA_OPERANDS_MAX)
        return false;
    if (!la_vm_function(ip, addr, &fn) || ip->nested == LA_NESTED_MAX) {
        la_vm_oops(ip, "BUG: unable to handle page fault: a callback is not a function", NULL);
        return false;
    }
    for (uint32_t i = 0; i < nr; i++)
        vm->operand[vm->nr_operands++] = args[i];
    if (!la_vm_call(ip, fn, nr, true, pc))
        return false;
    if (!bounded)
        ip->budget = LA_CALLBACK_STATEMENTS_MAX;
    ip->bounded = true;
    ip->nested++;
    enum la_run run = la_vm_run(ip, false, frames);

    ip->nested--;
    ip->bounded = bounded;
    if (run != LA_RUN_RETURNED)
        return false;
    *result = vm->operand[--vm->nr_operands];
    vm->pc = pc;
    vm->stmt = stmt;
    return true;
}

/* ---- stepping ---- */

/* Filled in place: copying a struct that was just written costs more than making it. */
static void fill_place(const struct la_interp *ip, uint32_t index, uint32_t depth, struct la_place *place)
{
    const struct la_program *p = ip->program;
    const struct la_stmt *stmt = index < p->stmts.nr ? &p->stmts.data[index] : NULL;

    place->done = !stmt;
    place->function = "";
    if (!stmt) {
        place->span = (struct la_span){0, 0, 0, 0};
        place->block = place->depth = 0;
        return;
    }
    place->span = stmt->span;
    place->block = stmt->block;
    place->depth = depth;
    if (stmt->fn >= 0 && (uint32_t)stmt->fn < p->fns.nr)
        place->function = p->fns.data[stmt->fn].name;
}

struct la_place la_interp_place(const struct la_interp *ip, uint32_t index, uint32_t depth)
{
    struct la_place place;

    fill_place(ip, index, depth, &place);
    return place;
}

uint32_t la_vm_next_stmt(const struct la_interp *ip, const struct la_vm *vm)
{
    const struct la_insn *next = &ip->program->code.data[vm->pc];

    if (vm->state == LA_VM_READY)
        return next->op == LA_OP_STMT ? (uint32_t)next->c : vm->stmt;
    return vm->state == LA_VM_DONE ? UINT32_MAX : vm->stmt;
}

static void fill_vm_place(const struct la_interp *ip, const struct la_vm *vm, struct la_place *place)
{
    fill_place(ip, la_vm_next_stmt(ip, vm), vm->nr_frames, place);
    if (place->done && vm->nr_frames > 0) { /* an empty function: all that is left is to return */
        place->done = false;
        place->block = LA_BLOCK_CONSOLE;
        place->depth = vm->nr_frames;
        place->function = ip->program->fns.data[vm->frame[vm->nr_frames - 1].fn].name;
    }
}

const struct la_sched *la_interp_sched(const struct la_interp *ip)
{
    return ip->sched;
}

struct la_place la_interp_thread_place(const struct la_interp *ip, uint32_t index)
{
    const struct la_thread *thread = &ip->sched->thread[index];

    if (thread->state == LA_THREAD_NONE || thread->state == LA_THREAD_DEAD || !thread->vm)
        return (struct la_place){.done = true, .function = ""};
    struct la_place place;

    fill_vm_place(ip, thread->vm, &place);
    return place;
}

bool la_interp_done(const struct la_interp *ip)
{
    return ip->vm->state != LA_VM_READY || ip->sched->stopped;
}

bool la_interp_at_top_level(const struct la_interp *ip, uint32_t *block)
{
    if (la_interp_done(ip) || ip->vm->nr_frames > 0)
        return false;
    uint32_t stmt = la_vm_next_stmt(ip, ip->vm);

    *block = stmt < ip->program->stmts.nr ? ip->program->stmts.data[stmt].block : LA_BLOCK_CONSOLE;
    return *block != LA_BLOCK_CONSOLE;
}

struct la_place la_interp_where(const struct la_interp *ip)
{
    struct la_place place = {.done = true, .function = ""};

    if (!la_interp_done(ip))
        fill_vm_place(ip, ip->vm, &place);
    return place;
}

/* What a thread's statement came to, for the scheduler. */
static void after_statement(struct la_interp *ip, enum la_run run)
{
    struct la_vm *vm = ip->vm;

    if (run == LA_RUN_END) {
        vm->state = LA_VM_DONE;
        la_sched_exit(ip, 0);
    } else if (run == LA_RUN_THREAD_END) {
        la_sched_exit(ip, (int32_t)ip->returned);
    } else if (run == LA_RUN_IRQ_END) {
        ip->sched->thread[ip->sched->active].again = vm->frame[vm->nr_frames].again;
        la_sched_irq_return(ip);
    }
    if (la_sched_matters(ip) || ip->sched->nr_asked || run != LA_RUN_STMT)
        la_sched_settle(ip);
}

static enum la_step_status status_of(enum la_vm_state state)
{
    switch (state) {
    case LA_VM_KILLED:
        return LA_STEP_OOPSED;
    case LA_VM_ASSERT:
        return LA_STEP_ASSERT_FAILED;
    case LA_VM_STUCK:
        return LA_STEP_STUCK;
    default:
        return LA_STEP_RAN;
    }
}

static void tell_value(const struct la_interp *ip, struct la_step *step)
{
    step->has_value = ip->has_value;
    if (ip->has_value) {
        step->value = ip->value;
        step->type = ip->program->sites.data[ip->site].type;
        step->name = ip->program->sites.data[ip->site].name;
    }
}

/* One rule for all steps of a run, as far as it can be told ahead; a thread may also have been typed. */
static void tell_runner(const struct la_interp *ip, struct la_step *step)
{
    const struct la_cpu_queue *q = &ip->sched->cpu[ip->machine->mm->cpu];

    step->shared = ip->names_threads || la_sched_made_threads(ip) || la_sched_matters(ip);
    step->thread = ip->sched->active;
    step->cpu = ip->machine->mm->cpu;
    step->irq = q->irqs_active ? q->irq[q->irqs_active - 1] : -1;
}

enum la_step_status la_interp_step(struct la_interp *ip, struct la_step *step)
{
    struct la_vm *vm = ip->vm;
    uint32_t depth = vm->nr_frames;

    bool done = la_interp_done(ip);

    if (step) {
        step->has_value = false;
        step->value = 0;
        step->type = NULL;
        step->name = step->entered = NULL;
        tell_runner(ip, step);
        if (done)
            step->at = (struct la_place){.done = true, .function = ""};
        else
            fill_vm_place(ip, vm, &step->at);
    }
    if (done)
        return LA_STEP_DONE;
    ip->has_value = false;
    ip->blocked = false;
    after_statement(ip, la_vm_run(ip, true, UINT32_MAX));
    if (step) {
        tell_value(ip, step);
        if (vm->nr_frames > depth && vm->state == LA_VM_READY)
            step->entered = ip->program->fns.data[vm->frame[vm->nr_frames - 1].fn].name;
    }
    /* the thread that ran may be the one that stopped the program, or the last one that could run */
    return status_of((enum la_vm_state)(vm->state == LA_VM_READY ? ip->vm->state : vm->state));
}

const char *la_interp_message(const struct la_interp *ip, struct la_span *span)
{
    if (span)
        *span = ip->vm->message_at;
    return ip->vm->message;
}
