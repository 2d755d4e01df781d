/*
 * emit.c: appending instructions: constants, jumps, loads and stores, the marks of steps.
 *
 * The number of operands is followed while emitting, so that a call can check once that its
 * function has room.  Between statements there are none.
 */
#include "lang/emit.h"

#include <string.h>

static const int8_t effects[LA_OP_NR] = {
#define LA_OP(symbol, effect) [LA_OP_##symbol] = effect,
#include "lang/op.def"
#undef LA_OP
};

void la_emit_effect(struct la_program *p, int32_t effect)
{
    int32_t now = (int32_t)p->operands + effect;

    p->operands = now > 0 ? (uint32_t)now : 0;
    if (p->operands > p->operands_max)
        p->operands_max = p->operands;
}

uint32_t la_emit_insn(struct la_program *p, struct la_insn insn)
{
    p->oom |= !LA_VEC_PUSH(p->host, &p->code, insn);
    return p->code.nr ? p->code.nr - 1 : 0;
}

uint32_t la_emit(struct la_program *p, enum la_op op, int32_t c)
{
    la_emit_effect(p, effects[op]);
    return la_emit_insn(p, (struct la_insn){.op = (uint8_t)op, .c = c});
}

void la_emit_raw(struct la_program *p, uint64_t value)
{
    struct la_insn raw;

    memcpy(&raw, &value, sizeof raw);
    (void)la_emit_insn(p, raw);
}

void la_emit_const(struct la_program *p, uint64_t value)
{
    if ((int64_t)value == (int32_t)value) {
        (void)la_emit(p, LA_OP_CONST, (int32_t)value);
        return;
    }
    (void)la_emit(p, LA_OP_CONST8, 0);
    la_emit_raw(p, value);
}

uint32_t la_emit_jump(struct la_program *p, enum la_op op)
{
    return la_emit(p, op, 0);
}

void la_patch(struct la_program *p, uint32_t at, uint32_t target)
{
    if (at < p->code.nr)
        p->code.data[at].c = (int32_t)target;
}

void la_emit_stmt(struct la_program *p, struct la_span span)
{
    struct la_stmt stmt = {span, p->at ? p->tokens.data[p->at - 1].block : 0, p->fn, p->env};

    p->operands = 0;
    (void)la_emit(p, LA_OP_STMT, (int32_t)p->stmts.nr);
    p->oom |= !LA_VEC_PUSH(p->host, &p->stmts, stmt);
}

/* ---- loads, stores, conversions ---- */

/* Place of a type in the families S1 U1 S2 U2 S4 U4 8. */
static uint32_t load_index(const struct la_type *type)
{
    bool u = type->is_unsigned;

    switch (type->size) {
    case 1:
        return u ? 1 : 0;
    case 2:
        return u ? 3 : 2;
    case 4:
        return u ? 5 : 4;
    default:
        return 6;
    }
}

static uint32_t store_index(const struct la_type *type)
{
    return type->size == 1 ? 0 : type->size == 2 ? 1 : type->size == 4 ? 2 : 3;
}

static enum la_op pick(enum la_op first, uint32_t index)
{
    return (enum la_op)((uint32_t)first + index);
}

void la_emit_load(struct la_program *p, const struct la_type *type)
{
    (void)la_emit(p, pick(LA_OP_LD_S1, load_index(type)), 0);
}

void la_emit_store(struct la_program *p, const struct la_type *type)
{
    (void)la_emit(p, pick(LA_OP_ST_1, store_index(type)), 0);
}

void la_emit_load_place(struct la_program *p, struct la_place_of at, const struct la_type *type)
{
    (void)la_emit(p, pick(at.local ? LA_OP_LDL_S1 : LA_OP_LDG_S1, load_index(type)), (int32_t)at.offset);
}

void la_emit_store_place(struct la_program *p, struct la_place_of at, const struct la_type *type)
{
    (void)la_emit(p, pick(at.local ? LA_OP_STL_1 : LA_OP_STG_1, store_index(type)), (int32_t)at.offset);
}

void la_emit_report(struct la_program *p, const struct la_type *type, const char *name)
{
    struct la_site site = {type, name};

    (void)la_emit(p, LA_OP_VALUE, (int32_t)p->sites.nr);
    p->oom |= !LA_VEC_PUSH(p->host, &p->sites, site);
}

void la_emit_store_sym(struct la_program *p, const struct la_sym *sym, uint32_t offset, const struct la_type *type,
                       bool report)
{
    struct la_place_of at = {sym->kind == LA_SYM_LOCAL, sym->offset + offset};

    la_emit_store_place(p, at, type);
    if (report)
        la_emit_report(p, type, sym->name->text);
    else
        (void)la_emit(p, LA_OP_POP, 0);
}

/* True when every value of @from is a value of @to in the extended form already. */
static bool fits(const struct la_type *from, const struct la_type *to)
{
    if (to->size >= 8)
        return true;
    if (from->size == to->size)
        return from->is_unsigned == to->is_unsigned;
    return from->size < to->size && (from->is_unsigned || !to->is_unsigned);
}

void la_emit_convert(struct la_program *p, const struct la_type *from, const struct la_type *to)
{
    static const enum la_op ops[] = {LA_OP_CAST_S1, LA_OP_CAST_U1, LA_OP_CAST_S2,
                                     LA_OP_CAST_U2, LA_OP_CAST_S4, LA_OP_CAST_U4};

    if (to->kind == LA_TY_BOOL) {
        if (from->kind != LA_TY_BOOL)
            (void)la_emit(p, LA_OP_LBOOL, 0);
    } else if (la_type_is_scalar(to) && !fits(from, to)) {
        (void)la_emit(p, ops[load_index(to)], 0);
    }
}

/* ---- operators ---- */

/* Families with variants S4 U4 8. */
static uint32_t width_index(const struct la_type *type)
{
    return type->size == 8 ? 2 : type->is_unsigned ? 1 : 0;
}

static enum la_op division(enum la_expr_kind op, const struct la_type *type)
{
    if (op == LA_N_MOD)
        return type->is_unsigned ? LA_OP_MOD_U : LA_OP_MOD_S;
    return type->is_unsigned ? LA_OP_DIV_U : type->size == 8 ? LA_OP_DIV_S8 : LA_OP_DIV_S4;
}

void la_emit_operator(struct la_program *p, enum la_expr_kind op, const struct la_type *type)
{
    bool u = type->is_unsigned;
    enum la_op code = LA_OP_POP;

    switch (op) {
    case LA_N_ADD:
        code = pick(LA_OP_ADD_S4, width_index(type));
        break;
    case LA_N_SUB:
        code = pick(LA_OP_SUB_S4, width_index(type));
        break;
    case LA_N_MUL:
        code = pick(LA_OP_MUL_S4, width_index(type));
        break;
    case LA_N_DIV:
    case LA_N_MOD:
        code = division(op, type);
        break;
    case LA_N_AND:
        code = LA_OP_AND;
        break;
    case LA_N_OR:
        code = LA_OP_OR;
        break;
    case LA_N_XOR:
        code = LA_OP_XOR;
        break;
    case LA_N_SHL:
        code = pick(LA_OP_SHL_S4, width_index(type));
        break;
    case LA_N_SHR:
        code = pick(LA_OP_SHR_S4, (type->size == 8 ? 2u : 0u) + (u ? 1u : 0u));
        break;
    case LA_N_EQ:
        code = LA_OP_EQ;
        break;
    case LA_N_NE:
        code = LA_OP_NE;
        break;
    case LA_N_LT:
        code = u ? LA_OP_LT_U : LA_OP_LT_S;
        break;
    case LA_N_LE:
        code = u ? LA_OP_LE_U : LA_OP_LE_S;
        break;
    case LA_N_GT:
        code = u ? LA_OP_GT_U : LA_OP_GT_S;
        break;
    case LA_N_GE:
        code = u ? LA_OP_GE_U : LA_OP_GE_S;
        break;
    case LA_N_NEG:
        code = pick(LA_OP_NEG_S4, width_index(type));
        break;
    case LA_N_NOT:
        code = u && type->size == 4 ? LA_OP_NOT_U4 : LA_OP_NOT_S;
        break;
    default:
        break;
    }
    (void)la_emit(p, code, 0);
}
