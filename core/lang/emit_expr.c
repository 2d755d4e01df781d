/* emit_expr.c: expressions to bytecode: values, addresses, assignments, calls. */
#include "lang/emit.h"

static bool is_aggregate(const struct la_type *type)
{
    return type->kind == LA_TY_RECORD || type->kind == LA_TY_ARRAY;
}

/* Follow members and constant indexes down to a variable.  False: the address must be computed. */
static bool find_place(const struct la_expr *n, struct la_place_of *at, uint32_t *room)
{
    uint64_t step = 0;

    switch (n->kind) {
    case LA_N_VAR:
        at->local = n->sym->kind == LA_SYM_LOCAL;
        at->offset = n->sym->offset;
        *room = la_type_size(n->type);
        return true;
    case LA_N_MEMBER:
        if (!find_place(n->a, at, room))
            return false;
        step = n->value;
        break;
    case LA_N_DEREF:
        if (n->a->kind == LA_N_ADDR)
            return find_place(n->a->a, at, room);
        if (n->a->kind != LA_N_PTR_ADD || n->a->b->kind != LA_N_NUM || n->a->a->kind != LA_N_ADDR ||
            !find_place(n->a->a->a, at, room) || n->a->b->value > LA_OBJECT_MAX)
            return false;
        step = n->a->b->value * n->a->value;
        break;
    default:
        return false;
    }
    if (step + la_type_size(n->type) > *room)
        return false;
    at->offset += (uint32_t)step;
    *room = la_type_size(n->type);
    return true;
}

static bool place_of(const struct la_expr *n, struct la_place_of *at)
{
    uint32_t room;

    return !is_aggregate(n->type) && find_place(n, at, &room);
}

void la_emit_address(struct la_program *p, const struct la_expr *n)
{
    struct la_place_of at;
    uint32_t room;

    if (n->bad) {
        la_emit_const(p, 0);
    } else if (n->kind == LA_N_STRING) {
        la_emit_const(p, p->image_base + n->value);
    } else if (n->kind == LA_N_FUNCTION) {
        la_emit_const(p, p->image_base + LA_IMG_FUNCTIONS + n->sym->offset * LA_FUNCTION_STRIDE);
    } else if (n->kind == LA_N_NATIVE) {
        la_emit_const(p, p->image_base + LA_IMG_NATIVES + n->value * LA_FUNCTION_STRIDE);
    } else if (find_place(n, &at, &room)) {
        if (at.local)
            (void)la_emit(p, LA_OP_LEAL, (int32_t)at.offset);
        else
            la_emit_const(p, p->image_base + at.offset);
    } else if (n->kind == LA_N_DEREF) {
        la_emit_value(p, n->a);
    } else if (n->kind == LA_N_MEMBER) {
        la_emit_address(p, n->a);
        if (n->value)
            (void)la_emit(p, p->types.pointer_bytes == 8 ? LA_OP_ADDI_8 : LA_OP_ADDI_4, (int32_t)n->value);
    } else { /* an assignment of structures leaves the address of its target */
        la_emit_value(p, n);
    }
}

/* ---- pieces of values ---- */

static void emit_pointer_add(struct la_program *p, const struct la_expr *index, uint64_t bytes)
{
    bool wide = p->types.pointer_bytes == 8;
    int64_t step = index->kind == LA_N_NUM ? (int64_t)(index->value * bytes) : 0;

    if (index->kind == LA_N_NUM && !index->bad && step == (int32_t)step) {
        (void)la_emit(p, wide ? LA_OP_ADDI_8 : LA_OP_ADDI_4, (int32_t)step);
        return;
    }
    la_emit_value(p, index);
    (void)la_emit(p, wide ? LA_OP_INDEX_8 : LA_OP_INDEX_4, (int32_t)bytes);
}

static void emit_pointer_diff(struct la_program *p, const struct la_expr *n)
{
    la_emit_value(p, n->a);
    la_emit_value(p, n->b);
    uint32_t at = la_emit(p, LA_OP_PTRDIFF, (int32_t)n->value);

    if (at < p->code.nr)
        p->code.data[at].a = (uint8_t)p->types.pointer_bytes;
}

/* a && b, a || b: the second only when the first does not decide. */
static void emit_logical(struct la_program *p, const struct la_expr *n)
{
    bool both = n->kind == LA_N_ANDAND;

    la_emit_value(p, n->a);
    uint32_t decided = la_emit_jump(p, both ? LA_OP_JZ : LA_OP_JNZ);

    la_emit_value(p, n->b);
    (void)la_emit(p, LA_OP_LBOOL, 0);
    uint32_t end = la_emit_jump(p, LA_OP_JMP);

    la_patch(p, decided, p->code.nr);
    la_emit_effect(p, -1);
    la_emit_const(p, both ? 0 : 1);
    la_patch(p, end, p->code.nr);
}

static void emit_conditional(struct la_program *p, const struct la_expr *n)
{
    bool value = n->type->kind != LA_TY_VOID;

    la_emit_value(p, n->a);
    uint32_t otherwise = la_emit_jump(p, LA_OP_JZ);

    la_emit_value(p, n->b);
    uint32_t end = la_emit_jump(p, LA_OP_JMP);

    la_patch(p, otherwise, p->code.nr);
    la_emit_effect(p, value ? -1 : 0);
    la_emit_value(p, n->c);
    la_patch(p, end, p->code.nr);
}

static void emit_cast(struct la_program *p, const struct la_expr *n)
{
    la_emit_value(p, n->a);
    if (n->type->kind != LA_TY_VOID)
        la_emit_convert(p, n->a->type, n->type);
    else if (n->a->type->kind != LA_TY_VOID)
        (void)la_emit(p, LA_OP_POP, 0);
}

static void emit_call(struct la_program *p, const struct la_expr *n)
{
    struct la_insn insn = {.op = LA_OP_CALLP, .a = (uint8_t)n->value, .b = n->type->kind != LA_TY_VOID};
    int32_t below = 0;

    if (n->a->kind == LA_N_FUNCTION) {
        insn.op = LA_OP_CALL;
        insn.c = (int32_t)n->a->sym->offset;
    } else if (n->a->kind == LA_N_NATIVE) {
        insn.op = LA_OP_CALLN;
        insn.c = (int32_t)n->a->value;
    } else {
        la_emit_value(p, n->a);
        below = 1;
    }
    for (const struct la_expr *arg = n->b; arg; arg = arg->next)
        la_emit_value(p, arg);
    (void)la_emit_insn(p, insn);
    la_emit_effect(p, -(int32_t)n->value - below);
    la_emit_effect(p, insn.b);
}

/* ---- assignments ---- */

static void emit_assign(struct la_program *p, const struct la_expr *n)
{
    struct la_place_of at;

    if (is_aggregate(n->type)) {
        la_emit_address(p, n->a);
        la_emit_address(p, n->b);
        (void)la_emit(p, LA_OP_COPY, (int32_t)la_type_size(n->type));
    } else if (place_of(n->a, &at)) {
        la_emit_value(p, n->b);
        la_emit_store_place(p, at, n->type);
    } else {
        la_emit_address(p, n->a);
        la_emit_value(p, n->b);
        la_emit_store(p, n->type);
    }
}

/* The old value lies on the stack: compute the new one. */
static void emit_new_value(struct la_program *p, const struct la_expr *n)
{
    if (n->op == LA_N_PTR_ADD) {
        emit_pointer_add(p, n->b, n->value);
        return;
    }
    la_emit_convert(p, n->type, n->sub);
    la_emit_value(p, n->b);
    la_emit_operator(p, (enum la_expr_kind)n->op, n->sub);
    la_emit_convert(p, n->sub, n->type);
}

static void emit_op_assign(struct la_program *p, const struct la_expr *n)
{
    struct la_place_of at;
    bool post = n->kind == LA_N_POST;

    if (place_of(n->a, &at)) {
        la_emit_load_place(p, at, n->type);
        if (post)
            (void)la_emit(p, LA_OP_DUP, 0);
        emit_new_value(p, n);
        la_emit_store_place(p, at, n->type);
    } else {
        la_emit_address(p, n->a);
        (void)la_emit(p, LA_OP_DUP, 0);
        la_emit_load(p, n->type);
        if (post) { /* address old -> old address old */
            (void)la_emit(p, LA_OP_SWAP, 0);
            (void)la_emit(p, LA_OP_OVER, 0);
        }
        emit_new_value(p, n);
        la_emit_store(p, n->type);
    }
    if (post)
        (void)la_emit(p, LA_OP_POP, 0);
}

/* ---- values ---- */

static void emit_object(struct la_program *p, const struct la_expr *n)
{
    struct la_place_of at;

    if (is_aggregate(n->type) || n->type->kind == LA_TY_FUNC) {
        la_emit_address(p, n);
    } else if (place_of(n, &at)) {
        la_emit_load_place(p, at, n->type);
    } else {
        la_emit_address(p, n);
        la_emit_load(p, n->type);
    }
}

void la_emit_value(struct la_program *p, const struct la_expr *n)
{
    if (n->bad || p->pool.failed) {
        la_emit_const(p, 0);
        return;
    }
    switch ((enum la_expr_kind)n->kind) {
    case LA_N_NUM:
        la_emit_const(p, n->value);
        break;
    case LA_N_STRING:
    case LA_N_FUNCTION:
    case LA_N_NATIVE:
        la_emit_address(p, n);
        break;
    case LA_N_VAR:
    case LA_N_DEREF:
    case LA_N_MEMBER:
        emit_object(p, n);
        break;
    case LA_N_ADDR:
        la_emit_address(p, n->a);
        break;
    case LA_N_LNOT:
        la_emit_value(p, n->a);
        (void)la_emit(p, LA_OP_LNOT, 0);
        break;
    case LA_N_NEG:
    case LA_N_NOT:
        la_emit_value(p, n->a);
        la_emit_operator(p, (enum la_expr_kind)n->kind, n->type);
        break;
    case LA_N_CAST:
        emit_cast(p, n);
        break;
    case LA_N_PTR_ADD:
        la_emit_value(p, n->a);
        emit_pointer_add(p, n->b, n->value);
        break;
    case LA_N_PTR_DIFF:
        emit_pointer_diff(p, n);
        break;
    case LA_N_ANDAND:
    case LA_N_OROR:
        emit_logical(p, n);
        break;
    case LA_N_COND:
        emit_conditional(p, n);
        break;
    case LA_N_COMMA:
        la_emit_value(p, n->a);
        if (n->a->type->kind != LA_TY_VOID)
            (void)la_emit(p, LA_OP_POP, 0);
        la_emit_value(p, n->b);
        break;
    case LA_N_ASSIGN:
        emit_assign(p, n);
        break;
    case LA_N_OP_ASSIGN:
    case LA_N_POST:
        emit_op_assign(p, n);
        break;
    case LA_N_CALL:
        emit_call(p, n);
        break;
    case LA_N_ASSERT:
        la_emit_value(p, n->a);
        (void)la_emit(p, LA_OP_ASSERT, (int32_t)n->value);
        break;
    default: /* binary operators */
        la_emit_value(p, n->a);
        la_emit_value(p, n->b);
        la_emit_operator(p, (enum la_expr_kind)n->kind,
                         n->kind >= LA_N_EQ && n->kind <= LA_N_GE ? n->a->type : n->type);
    }
}

void la_emit_expression_statement(struct la_program *p, const struct la_expr *n)
{
    struct la_expr step;

    /* nobody reads the old value of `n++;`: what a reader wants to see is the new one */
    if (n->kind == LA_N_POST) {
        step = *n;
        step.kind = LA_N_OP_ASSIGN;
        n = &step;
    }
    la_emit_value(p, n);
    if (n->bad) {
        (void)la_emit(p, LA_OP_POP, 0);
    } else if (is_aggregate(n->type) || n->type->kind == LA_TY_FUNC) {
        (void)la_emit(p, LA_OP_POP, 0);
    } else if (n->type->kind != LA_TY_VOID) {
        la_emit_report(p, n->type, la_expr_subject(n));
    }
}
