/* fold.c: computing with constants, the same way the interpreter does. */
#include "lang/compiler.h"

static bool divide(const struct la_type *type, bool modulo, uint64_t x, uint64_t y, uint64_t *result)
{
    int64_t sx = (int64_t)x, sy = (int64_t)y;

    if (y == 0)
        return false;
    if (type->is_unsigned)
        *result = modulo ? x % y : x / y;
    else if (sy == -1) /* INT64_MIN / -1 would trap on the host */
        *result = modulo ? 0 : 0 - x;
    else
        *result = (uint64_t)(modulo ? sx % sy : sx / sy);
    return true;
}

static uint64_t shift(const struct la_type *type, bool left, uint64_t x, uint64_t y)
{
    uint32_t n = (uint32_t)y & (type->size == 8 ? 63 : 31);

    if (left)
        return x << n;
    if (type->is_unsigned || (int64_t)x >= 0)
        return x >> n;
    return ~(~x >> n);
}

bool la_compute(enum la_expr_kind op, const struct la_type *type, uint64_t x, uint64_t y, uint64_t *result)
{
    int64_t sx = (int64_t)x, sy = (int64_t)y;
    bool u = type->is_unsigned;
    uint64_t r = 0;

    /* clang-format off */
    switch (op) {
    case LA_N_ADD: r = x + y; break;
    case LA_N_SUB: r = x - y; break;
    case LA_N_MUL: r = x * y; break;
    case LA_N_AND: r = x & y; break;
    case LA_N_OR: r = x | y; break;
    case LA_N_XOR: r = x ^ y; break;
    case LA_N_SHL: r = shift(type, true, x, y); break;
    case LA_N_SHR: r = shift(type, false, x, y); break;
    case LA_N_EQ: *result = x == y; return true;
    case LA_N_NE: *result = x != y; return true;
    case LA_N_LT: *result = u ? x < y : sx < sy; return true;
    case LA_N_LE: *result = u ? x <= y : sx <= sy; return true;
    case LA_N_GT: *result = u ? x > y : sx > sy; return true;
    case LA_N_GE: *result = u ? x >= y : sx >= sy; return true;
    case LA_N_DIV:
    case LA_N_MOD:
        if (!divide(type, op == LA_N_MOD, x, y, &r))
            return false;
        break;
    default:
        return false;
    }
    /* clang-format on */
    *result = la_type_convert(type, r);
    return true;
}

static bool is_number(const struct la_expr *n)
{
    return n && n->kind == LA_N_NUM && !n->bad;
}

/* The type the operator works in: comparisons yield int but compare as their operands. */
static const struct la_type *operand_type(const struct la_expr *n)
{
    return n->kind >= LA_N_EQ && n->kind <= LA_N_GE ? n->a->type : n->type;
}

static bool fold_unary(const struct la_expr *n, uint64_t *value)
{
    uint64_t x = n->a->value;

    /* clang-format off */
    switch (n->kind) {
    case LA_N_NEG: *value = la_type_convert(n->type, 0 - x); return true;
    case LA_N_NOT: *value = la_type_convert(n->type, ~x); return true;
    case LA_N_LNOT: *value = !x; return true;
    case LA_N_CAST: *value = la_type_convert(n->type, x); return n->type->kind != LA_TY_VOID && n->type->kind != LA_TY_RECORD;
    default: return false;
    }
    /* clang-format on */
}

struct la_expr *la_fold(struct la_program *p, struct la_expr *n)
{
    uint64_t value = 0;
    bool done = false;

    if (n->bad || !is_number(n->a))
        return n;
    if (n->kind == LA_N_COND && n->a->type) {
        struct la_expr *chosen = n->a->value ? n->b : n->c;

        return is_number(chosen) ? la_expr_number(p, n->type, chosen->value, n->span) : n;
    }
    if (n->kind == LA_N_PTR_ADD && is_number(n->b)) {
        value = la_type_convert(n->type, n->a->value + n->b->value * n->value);
        done = true;
    } else if (n->kind >= LA_N_ADD && n->kind <= LA_N_GE && is_number(n->b)) {
        done = la_compute((enum la_expr_kind)n->kind, operand_type(n), n->a->value, n->b->value, &value);
    } else if ((n->kind == LA_N_ANDAND || n->kind == LA_N_OROR) && is_number(n->b)) {
        value = n->kind == LA_N_ANDAND ? n->a->value && n->b->value : n->a->value || n->b->value;
        done = true;
    } else if (n->kind <= LA_N_CAST) {
        done = fold_unary(n, &value);
    }
    return done ? la_expr_number(p, n->type, value, n->span) : n;
}
