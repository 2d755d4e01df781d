/*
 * look.c: values as text, variables in scope, the call stack.
 *
 * Reads without reporting: looking at a program must not change its machine.
 * Large arrays are cut: at most LEAVES_MAX elements of one variable are shown, and at most
 * VARIABLES_MAX variables.
 */
#include "lang/interp.h"

#include "mm/gfp.h"

#include <inttypes.h>
#include <string.h>

enum { VARIABLES_MAX = 1024, LEAVES_MAX = 64, TEXT_MAX = 24, ELEMENTS_MAX = 8, DEPTH_MAX = 6 };

/* ---- values ---- */

void la_interp_function_text(const struct la_interp *ip, uint64_t addr, struct la_buf *out)
{
    uint64_t offset = addr - ip->image_base;
    uint32_t rows;
    const struct la_api *api = la_api_table(&rows);

    if (offset >= LA_IMG_FUNCTIONS && offset < LA_IMG_NATIVES &&
        (offset - LA_IMG_FUNCTIONS) / LA_FUNCTION_STRIDE < ip->program->fns.nr)
        la_buf_puts(out, ip->program->fns.data[(offset - LA_IMG_FUNCTIONS) / LA_FUNCTION_STRIDE].name);
    else if (offset >= LA_IMG_NATIVES && (offset - LA_IMG_NATIVES) / LA_FUNCTION_STRIDE < rows)
        la_buf_puts(out, api[(offset - LA_IMG_NATIVES) / LA_FUNCTION_STRIDE].name);
    else
        la_buf_printf(out, "0x%" PRIx64, addr);
}

/* The beginning of the string at @addr, in quotes; nothing when it cannot be read. */
static void text_of_string(const struct la_interp *ip, uint64_t addr, struct la_buf *out)
{
    char c;

    if (!la_interp_peek(ip, addr, &c, 1))
        return;
    la_buf_puts(out, " \"");
    for (uint32_t i = 0; i < TEXT_MAX; i++, addr++) {
        if (!la_interp_peek(ip, addr, &c, 1) || c == '\0')
            break;
        if (c == '\n')
            la_buf_puts(out, "\\n");
        else
            la_buf_putc(out, c >= ' ' && c < 0x7F ? c : '.');
    }
    la_buf_putc(out, '"');
}

static void text_of_pointer(const struct la_interp *ip, const struct la_type *type, uint64_t value, struct la_buf *out)
{
    const struct la_type *base = type->base;
    uint32_t pfn = LA_NO_PFN;

    if (value == 0) {
        la_buf_puts(out, "NULL");
        return;
    }
    if (base->kind == LA_TY_FUNC) {
        la_interp_function_text(ip, value, out);
        return;
    }
    la_type_text(type, out);
    la_buf_printf(out, " 0x%" PRIx64, value);
    if (base->kind == LA_TY_RECORD && base->record->tag && strcmp(base->record->tag, "page") == 0)
        pfn = la_page_to_pfn(ip->machine->mm, value);
    else if (base->kind == LA_TY_INT && base->size == 1 && !base->is_unsigned)
        text_of_string(ip, value, out);
    else
        pfn = la_mmu_walk(ip->machine, value);
    if (pfn != LA_NO_PFN)
        la_buf_printf(out, " (pfn 0x%x)", (unsigned)pfn);
}

static void text_of_integer(const struct la_interp *ip, const struct la_type *type, uint64_t value, struct la_buf *out)
{
    if (type->alias && strcmp(type->alias, "gfp_t") == 0) {
        la_buf_printf(out, "0x%" PRIx64 " (", value);
        la_gfp_print(out, (la_gfp_t)value);
        la_buf_putc(out, ')');
    } else if (type->rank == LA_RANK_LONG && type->is_unsigned && la_virt_to_pfn(ip->machine->mm, value) != LA_NO_PFN) {
        la_buf_printf(out, "0x%" PRIx64 " (pfn 0x%x)", value, (unsigned)la_virt_to_pfn(ip->machine->mm, value));
    } else if (type->rank == LA_RANK_CHAR && !type->is_unsigned && !type->alias && value >= ' ' && value < 0x7F) {
        la_buf_printf(out, "'%c' (%d)", (int)value, (int)value);
    } else if (type->is_unsigned) {
        la_buf_printf(out, "%" PRIu64, value);
        if (value >= 0x80000000u)
            la_buf_printf(out, " (0x%" PRIx64 ")", value);
    } else {
        la_buf_printf(out, "%" PRId64, (int64_t)value);
    }
}

void la_value_text(const struct la_interp *ip, const struct la_type *type, uint64_t value, struct la_buf *out)
{
    if (type->kind == LA_TY_BOOL)
        la_buf_puts(out, value ? "true" : "false");
    else if (type->kind == LA_TY_PTR)
        text_of_pointer(ip, type, value, out);
    else
        text_of_integer(ip, type, value, out);
}

void la_interp_value_text(const struct la_interp *ip, const struct la_step *step, struct la_buf *out)
{
    if (step->has_value && step->type)
        la_value_text(ip, step->type, step->value, out);
}

/* ---- variables ---- */

struct walk {
    const struct la_interp *ip;
    void (*visit)(void *ctx, const struct la_var *var);
    void *ctx;
    uint32_t frame;
    uint32_t variables; /* shown so far */
    uint32_t leaves;    /* of the variable that is being shown */
    struct la_buf name, type_text, value_text;
};

static uint64_t read_scalar(const struct la_interp *ip, const struct la_type *type, uint64_t addr)
{
    unsigned char bytes[8] = {0};

    (void)la_interp_peek(ip, addr, bytes, type->size);
    return la_type_convert(type, la_load_le(bytes, type->size));
}

/* {1, 2, 3, …}: the first elements of an array or members of a structure. */
static void text_of_object(const struct la_interp *ip, const struct la_type *type, uint64_t addr, uint32_t depth,
                           struct la_buf *out)
{
    if (la_type_is_scalar(type)) {
        uint64_t value = read_scalar(ip, type, addr);

        if (type->kind == LA_TY_PTR && value && type->base->kind != LA_TY_FUNC)
            la_buf_printf(out, "0x%" PRIx64, value);
        else
            la_value_text(ip, type, value, out);
        return;
    }
    if (depth == DEPTH_MAX) {
        la_buf_puts(out, "{…}");
        return;
    }
    if (type->kind == LA_TY_ARRAY && type->base->kind == LA_TY_INT && type->base->size == 1 &&
        !type->base->is_unsigned) {
        struct la_buf text;

        la_buf_init(&text, ip->host);
        text_of_string(ip, addr, &text);
        la_buf_puts(out, text.len ? la_buf_str(&text) + 1 : "\"\"");
        la_buf_free(&text);
        return;
    }
    la_buf_putc(out, '{');
    if (type->kind == LA_TY_ARRAY) {
        for (uint32_t i = 0; i < type->length; i++) {
            la_buf_puts(out, i ? ", " : "");
            if (i == ELEMENTS_MAX) {
                la_buf_printf(out, "… %u in all", (unsigned)type->length);
                break;
            }
            text_of_object(ip, type->base, addr + (uint64_t)i * la_type_size(type->base), depth + 1, out);
        }
    } else {
        for (const struct la_member *m = type->record->members; m; m = m->next) {
            la_buf_printf(out, "%s = ", m->name ? m->name : "");
            text_of_object(ip, m->type, addr + m->offset, depth + 1, out);
            la_buf_puts(out, m->next ? ", " : "");
        }
    }
    la_buf_putc(out, '}');
}

static void show(struct walk *w, const struct la_type *type, uint64_t addr, uint32_t level)
{
    struct la_var var = {.address = addr, .size = la_type_size(type), .frame = w->frame, .level = level};

    la_buf_clear(&w->type_text);
    la_buf_clear(&w->value_text);
    la_type_text(type, &w->type_text);
    var.is_pointer = type->kind == LA_TY_PTR;
    if (la_type_is_scalar(type)) {
        uint64_t value = read_scalar(w->ip, type, addr);

        var.pointer = var.is_pointer ? value : 0;
        la_value_text(w->ip, type, value, &w->value_text);
    } else {
        text_of_object(w->ip, type, addr, 0, &w->value_text);
    }
    var.name = la_buf_str(&w->name);
    var.type_text = la_buf_str(&w->type_text);
    var.value_text = la_buf_str(&w->value_text);
    w->visit(w->ctx, &var);
}

static void show_parts(struct walk *w, const struct la_type *type, uint64_t addr, uint32_t level);

static void show_part(struct walk *w, const struct la_type *type, uint64_t addr, uint32_t level, size_t name_len)
{
    if (w->leaves < LEAVES_MAX) {
        w->leaves++;
        show(w, type, addr, level);
        if (level < DEPTH_MAX)
            show_parts(w, type, addr, level + 1);
    }
    w->name.len = name_len;
}

/* Elements and members, for following pointers; bytes of a char array are not worth a line each. */
static void show_parts(struct walk *w, const struct la_type *type, uint64_t addr, uint32_t level)
{
    size_t len = w->name.len;

    if (type->kind == LA_TY_ARRAY && la_type_size(type->base) > 1) {
        for (uint32_t i = 0; i < type->length && w->leaves < LEAVES_MAX; i++) {
            la_buf_printf(&w->name, "[%u]", (unsigned)i);
            show_part(w, type->base, addr + (uint64_t)i * la_type_size(type->base), level, len);
        }
    } else if (type->kind == LA_TY_RECORD) {
        for (const struct la_member *m = type->record->members; m && w->leaves < LEAVES_MAX; m = m->next) {
            la_buf_printf(&w->name, ".%s", m->name ? m->name : "");
            show_part(w, m->type, addr + m->offset, level, len);
        }
    }
}

static void show_symbol(struct walk *w, const struct la_sym *sym, uint64_t addr)
{
    la_buf_clear(&w->name);
    la_buf_puts(&w->name, sym->name->text);
    w->leaves = 0;
    w->variables++;
    show(w, sym->type, addr, 0);
    show_parts(w, sym->type, addr, 1);
}

/* A name declared again hides the one before. */
static bool hidden(const struct la_sym *env, const struct la_sym *sym)
{
    for (; env && env != sym; env = env->prev)
        if (env->name == sym->name && env->kind != LA_SYM_TAG)
            return true;
    return false;
}

static void show_locals(struct walk *w, uint32_t stmt, uint32_t fp)
{
    const struct la_program *p = w->ip->program;
    const struct la_sym *env = stmt < p->stmts.nr ? p->stmts.data[stmt].env : NULL;

    for (const struct la_sym *s = env; s && s->level > 0 && w->variables < VARIABLES_MAX; s = s->prev)
        if ((s->kind == LA_SYM_LOCAL || s->kind == LA_SYM_GLOBAL) && !hidden(env, s))
            show_symbol(w, s, w->ip->image_base + (s->kind == LA_SYM_LOCAL ? fp : 0) + s->offset);
}

/* The statement each frame is in: the next one of the innermost, the calling one of the others. */
static uint32_t innermost_stmt(const struct la_interp *ip)
{
    return la_vm_next_stmt(ip, ip->vm);
}

/* Masters of per-CPU variables are no variables of the program: it works on the copies. */
static void show_globals(struct walk *w, uint32_t stmt)
{
    const struct la_program *p = w->ip->program;
    uint32_t units = w->ip->sched->nr_units;
    /* Typed declarations first, then those of the text up to here. */
    const struct la_sym *from = units && units <= p->units.nr ? p->units.data[units - 1].after.env : NULL;
    const struct la_sym *env = stmt < p->stmts.nr ? p->stmts.data[stmt].env : p->end.env;

    for (const struct la_sym *s = from; s && s != p->end.env && w->variables < VARIABLES_MAX; s = s->prev)
        if (s->kind == LA_SYM_GLOBAL && !hidden(from, s))
            show_symbol(w, s, w->ip->image_base + s->offset);
    for (const struct la_sym *s = env; s && w->variables < VARIABLES_MAX; s = s->prev)
        if (s->kind == LA_SYM_GLOBAL && s->level == 0 && !s->prelude && !s->percpu && !hidden(env, s))
            show_symbol(w, s, w->ip->image_base + s->offset);
}

void la_interp_vars(const struct la_interp *ip, void (*visit)(void *ctx, const struct la_var *var), void *ctx)
{
    const struct la_vm *vm = ip->vm;
    struct walk w = {.ip = ip, .visit = visit, .ctx = ctx};
    uint32_t stmt = innermost_stmt(ip), fp = vm->fp;

    la_buf_init(&w.name, ip->host);
    la_buf_init(&w.type_text, ip->host);
    la_buf_init(&w.value_text, ip->host);
    for (uint32_t i = vm->nr_frames; i > 0; i--) {
        w.frame = vm->nr_frames - i;
        show_locals(&w, stmt, fp);
        stmt = vm->frame[i - 1].stmt;
        fp = vm->frame[i - 1].fp;
    }
    w.frame = vm->nr_frames;
    show_locals(&w, stmt, fp);
    show_globals(&w, stmt);
    la_buf_free(&w.name);
    la_buf_free(&w.type_text);
    la_buf_free(&w.value_text);
}

/* ---- per-CPU variables ---- */

uint32_t la_interp_percpu_vars(const struct la_interp *ip, void (*visit)(void *ctx, const struct la_percpu_var *var), void *ctx)
{
    const struct la_program *p = ip->program;
    uint32_t units = ip->sched->nr_units, nr = 0;
    const struct la_sym *from = units && units <= p->units.nr ? p->units.data[units - 1].after.env : p->end.env;
    struct la_buf text;

    la_buf_init(&text, ip->host);
    for (const struct la_sym *s = from; s; s = s->prev) {
        bool counter = s->type && s->type->kind == LA_TY_RECORD && s->type->record->tag &&
                       strcmp(s->type->record->tag, "percpu_counter") == 0;

        if (s->kind != LA_SYM_GLOBAL || (!s->percpu && !counter) || s->prelude)
            continue;
        la_buf_clear(&text);
        la_type_text(s->type, &text);
        visit(ctx, &(struct la_percpu_var){.name = s->name->text,
                                           .type_text = la_buf_str(&text),
                                           .type = s->type,
                                           .address = ip->image_base + s->offset,
                                           .offset = s->offset,
                                           .size = la_type_size(s->type),
                                           .exported = s->exported,
                                           .counter = !s->percpu});
        nr++;
    }
    la_buf_free(&text);
    return nr;
}

void la_interp_object_text(const struct la_interp *ip, const struct la_type *type, uint64_t addr, struct la_buf *out)
{
    text_of_object(ip, type, addr, 0, out);
}

void la_interp_stack(const struct la_interp *ip, void (*visit)(void *ctx, const struct la_place *place), void *ctx)
{
    const struct la_vm *vm = ip->vm;
    uint32_t stmt = innermost_stmt(ip);

    for (uint32_t i = vm->nr_frames; i > 0; i--) {
        struct la_place place = la_interp_place(ip, stmt, i);

        place.function = ip->program->fns.data[vm->frame[i - 1].fn].name;
        visit(ctx, &place);
        stmt = vm->frame[i - 1].stmt;
    }
}
