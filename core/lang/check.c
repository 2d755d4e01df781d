/*
 * check.c: giving expressions their types: names, operators, conversions.
 *
 * Every function returns a node; after an error it is `bad` and of type int, so that the
 * expression around it can go on without further messages.
 */
#include "lang/compiler.h"

#include "mm/gfp.h"

#include <string.h>

/* ---- making nodes ---- */

struct la_expr *la_expr_new(struct la_program *p, enum la_expr_kind kind, struct la_span span)
{
    struct la_expr *n = la_pool_alloc(&p->pool, sizeof *n);

    n->kind = (uint8_t)kind;
    n->type = p->types.t_int;
    n->span = span;
    n->bad = p->pool.failed;
    return n;
}

struct la_expr *la_expr_bad(struct la_program *p, struct la_span span)
{
    struct la_expr *n = la_expr_new(p, LA_N_NUM, span);

    p->errors = true;
    n->bad = true;
    return n;
}

struct la_expr *la_expr_number(struct la_program *p, const struct la_type *type, uint64_t value, struct la_span span)
{
    struct la_expr *n = la_expr_new(p, LA_N_NUM, span);

    n->type = type;
    n->value = la_type_convert(type, value);
    return n;
}

static struct la_span span_over(const struct la_expr *a, const struct la_expr *b)
{
    return (struct la_span){a->span.line, a->span.column, b->span.end_line, b->span.end_column};
}

/* A node over @a and @b (which may be NULL). */
static struct la_expr *node_over(struct la_program *p, enum la_expr_kind kind, const struct la_type *type,
                                 struct la_expr *a, struct la_expr *b, struct la_span span)
{
    struct la_expr *n = la_expr_new(p, kind, span);
    uint32_t depth = a->depth;

    if (b && b->depth > depth)
        depth = b->depth;
    if (p->pool.failed)
        return n;
    n->type = type;
    n->a = a;
    n->b = b;
    n->bad = a->bad || (b && b->bad);
    n->depth = (uint16_t)(depth + 1);
    if (depth >= LA_NODE_DEPTH_MAX) {
        la_error_at(p, span, LA_E_LIMIT, "split it into several statements", "this expression is too long");
        p->panic = true;
        n->bad = true;
        n->depth = 0;
    }
    return n;
}

/* ---- names and literals ---- */

static const struct la_type *gfp_type(struct la_program *p)
{
    const struct la_sym *sym = la_name_get(&p->names, "gfp_t", 5)->sym;

    return sym && sym->kind == LA_SYM_TYPEDEF ? sym->type : p->types.t_uint;
}

static struct la_expr *node_symbol(struct la_program *p, struct la_sym *sym, struct la_span span)
{
    if (sym->kind == LA_SYM_ENUM_CONST)
        return la_expr_number(p, sym->type, (uint64_t)sym->value, span);
    if (sym->kind == LA_SYM_TYPEDEF) {
        la_error_at(p, span, LA_E_TYPE, "declare a variable of that type, or cast with (type)",
                    "`%.60s` is a type, not a value", sym->name->text);
        return la_expr_bad(p, span);
    }
    struct la_expr *n = la_expr_new(p, sym->kind == LA_SYM_FUNCTION ? LA_N_FUNCTION : LA_N_VAR, span);

    n->sym = sym;
    n->type = sym->type;
    n->lvalue = sym->kind != LA_SYM_FUNCTION;
    if (sym->kind == LA_SYM_FUNCTION && sym->offset < p->fns.nr && p->fns.data[sym->offset].used.line == 0)
        p->fns.data[sym->offset].used = span;
    return n;
}

static struct la_expr *node_native(struct la_program *p, uint32_t row, struct la_span span)
{
    struct la_expr *n = la_expr_new(p, LA_N_NATIVE, span);

    n->type = la_api_type(p, row);
    n->value = row;
    if (!p->in_prelude) {
        bool known = false;

        for (uint32_t i = 0; i < p->calls.nr && !known; i++)
            known = p->calls.data[i] == row;
        if (!known)
            p->oom |= !LA_VEC_PUSH(p->host, &p->calls, (uint16_t)row);
    }
    /* `jiffies`, `current`: a row without parameters in its prototype is read like a variable. */
    if (n->type->kind != LA_TY_FUNC) {
        struct la_expr *call = la_expr_new(p, LA_N_CALL, span);

        call->a = n;
        call->type = n->type;
        return call;
    }
    return n;
}

struct la_expr *la_expr_name(struct la_program *p, const struct la_token *name)
{
    struct la_span span = la_token_span(name);
    const struct la_gfp_name *gfp;
    int32_t row;

    if (name->u.name->sym)
        return node_symbol(p, name->u.name->sym, span);
    gfp = la_gfp_find(name->u.name->text);
    if (gfp)
        return la_expr_number(p, gfp_type(p), gfp->value, span);
    row = la_api_row(name->u.name->text);
    if (row >= 0)
        return node_native(p, (uint32_t)row, span);
    la_unknown_name(p, name, la_peek(p)->kind == LA_P_LPAREN);
    return la_expr_bad(p, span);
}

struct la_expr *la_expr_string(struct la_program *p, const char *bytes, uint32_t len, struct la_span span)
{
    struct la_expr *n = la_expr_new(p, LA_N_STRING, span);

    n->value = la_place_string(p, bytes, len);
    n->type = la_type_array(&p->types, p->types.t_char, len + 1);
    n->lvalue = true;
    return n;
}

/* ---- conversions ---- */

struct la_expr *la_expr_decay(struct la_program *p, struct la_expr *a)
{
    if (a->type->kind != LA_TY_ARRAY && a->type->kind != LA_TY_FUNC)
        return a;
    bool array = a->type->kind == LA_TY_ARRAY;

    return node_over(p, LA_N_ADDR, la_type_pointer(&p->types, array ? a->type->base : a->type), a, NULL, a->span);
}

struct la_expr *la_expr_convert(struct la_program *p, const struct la_type *type, struct la_expr *a)
{
    if (a->bad || (type->kind == a->type->kind && la_type_same(type, a->type))) {
        if (a->kind == LA_N_NUM && !a->bad && type != a->type)
            return la_expr_number(p, type, a->value, a->span);
        return a;
    }
    return la_fold(p, node_over(p, LA_N_CAST, type, a, NULL, a->span));
}

static struct la_expr *type_error(struct la_program *p, const struct la_expr *a, struct la_span span, const char *hint,
                                  const char *what)
{
    struct la_buf text;

    la_buf_init(&text, p->host);
    if (!a->bad)
        la_error_at(p, span, LA_E_TYPE, hint, "%s, not %s", what, la_quote_type(p, a->type, &text));
    la_buf_free(&text);
    return la_expr_bad(p, span);
}

struct la_expr *la_expr_cast(struct la_program *p, const struct la_type *type, struct la_expr *a, struct la_span span)
{
    a = la_expr_decay(p, a);
    if (a->bad)
        return a;
    if (type->kind == LA_TY_VOID || (la_type_is_scalar(type) && la_type_is_scalar(a->type))) {
        struct la_expr *n = la_fold(p, node_over(p, LA_N_CAST, type, a, NULL, span));

        n->lvalue = false;
        return n;
    }
    return type_error(p, a, span, "cast integers and pointers only",
                      "only an integer or a pointer can be cast this way");
}

struct la_expr *la_expr_condition(struct la_program *p, struct la_expr *a)
{
    if (a->kind == LA_N_ASSIGN && !a->paren && !a->bad)
        la_warn_at(p, a->span, LA_E_TYPE, "write == to compare, or put parentheses around the assignment",
                   "this condition assigns");
    a = la_expr_decay(p, a);
    if (!a->bad && !la_type_is_scalar(a->type))
        return type_error(p, a, a->span, "compare a member or a call's result",
                          "a condition must be an integer or a pointer");
    return a;
}

/* ---- unary operators ---- */

static struct la_expr *node_address(struct la_program *p, struct la_expr *a, struct la_span span)
{
    if (a->bad)
        return a;
    if (a->type->kind == LA_TY_FUNC)
        return la_expr_decay(p, a);
    if (!a->lvalue) {
        la_error_at(p, span, LA_E_TYPE, "store the value in a variable first",
                    "only something in memory has an address");
        return la_expr_bad(p, span);
    }
    /* &*p and &p[i]: no access happens */
    if (a->kind == LA_N_DEREF) {
        struct la_expr *n = node_over(p, LA_N_CAST, la_type_pointer(&p->types, a->type), a->a, NULL, span);

        return la_fold(p, n);
    }
    if (a->kind == LA_N_MEMBER && a->a->kind == LA_N_DEREF && a->a->a->kind == LA_N_NUM) /* offsetof */
        return la_expr_number(p, la_type_pointer(&p->types, a->type), a->a->a->value + a->value, span);
    return node_over(p, LA_N_ADDR, la_type_pointer(&p->types, a->type), a, NULL, span);
}

static struct la_expr *node_deref(struct la_program *p, struct la_expr *a, struct la_span span)
{
    struct la_expr *n;

    a = la_expr_decay(p, a);
    if (a->bad)
        return a;
    if (a->type->kind != LA_TY_PTR)
        return type_error(p, a, span, "`*` follows a pointer", "only a pointer can be dereferenced");
    if (a->type->base->kind == LA_TY_FUNC) { /* *f is f */
        n = node_over(p, LA_N_DEREF, a->type->base, a, NULL, span);
        return n;
    }
    if (!la_type_complete(a->type->base)) {
        bool is_void = a->type->base->kind == LA_TY_VOID;

        la_error_at(p, span, LA_E_TYPE, is_void ? "cast it first: *(char *)p" : "its members are not known",
                    is_void ? "a void pointer does not say what it points to"
                            : "the size of what this points to is not known");
        return la_expr_bad(p, span);
    }
    n = node_over(p, LA_N_DEREF, a->type->base, a, NULL, span);
    n->lvalue = true;
    return n;
}

struct la_expr *la_expr_unary(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_span span)
{
    struct la_expr *n;

    if (op == LA_P_AMP)
        return node_address(p, a, span);
    if (op == LA_P_STAR)
        return node_deref(p, a, span);
    if (op == LA_P_BANG) {
        a = la_expr_condition(p, a);
        return a->bad ? a : la_fold(p, node_over(p, LA_N_LNOT, p->types.t_int, a, NULL, span));
    }
    if (a->bad)
        return a;
    if (!la_type_is_integer(a->type))
        return type_error(p, a, span, NULL, "this operator needs an integer");
    a = la_expr_convert(p, la_type_promote(&p->types, a->type), a);
    if (op == LA_P_PLUS) {
        n = node_over(p, LA_N_CAST, a->type, a, NULL, span);
    } else {
        n = node_over(p, op == LA_P_MINUS ? LA_N_NEG : LA_N_NOT, a->type, a, NULL, span);
    }
    return la_fold(p, n);
}

/* ---- binary operators ---- */

static enum la_expr_kind binary_kind(enum la_tok op)
{
    switch (op) {
    case LA_P_PLUS:
        return LA_N_ADD;
    case LA_P_MINUS:
        return LA_N_SUB;
    case LA_P_STAR:
        return LA_N_MUL;
    case LA_P_SLASH:
        return LA_N_DIV;
    case LA_P_PERCENT:
        return LA_N_MOD;
    case LA_P_AMP:
        return LA_N_AND;
    case LA_P_PIPE:
        return LA_N_OR;
    case LA_P_CARET:
        return LA_N_XOR;
    case LA_P_SHL:
        return LA_N_SHL;
    case LA_P_SHR:
        return LA_N_SHR;
    case LA_P_EQ:
        return LA_N_EQ;
    case LA_P_NE:
        return LA_N_NE;
    case LA_P_LESS:
        return LA_N_LT;
    case LA_P_LE:
        return LA_N_LE;
    case LA_P_GREATER:
        return LA_N_GT;
    case LA_P_GE:
        return LA_N_GE;
    case LA_P_ANDAND:
        return LA_N_ANDAND;
    default:
        return LA_N_OROR;
    }
}

static struct la_expr *bad_operands(struct la_program *p, enum la_tok op, const struct la_expr *a,
                                    const struct la_expr *b)
{
    struct la_buf left, right;
    struct la_span span = span_over(a, b);

    la_buf_init(&left, p->host);
    la_buf_init(&right, p->host);
    la_error_at(p, span, LA_E_TYPE, "check the types, or cast one of them", "`%s` does not work between %s and %s",
                la_tok_spelling(op), la_quote_type(p, a->type, &left), la_quote_type(p, b->type, &right));
    la_buf_free(&left);
    la_buf_free(&right);
    return la_expr_bad(p, span);
}

/* Element size for pointer arithmetic; gcc counts void and functions as 1. */
static bool element_size(const struct la_type *pointer, uint64_t *bytes)
{
    const struct la_type *base = pointer->base;

    *bytes = base->kind == LA_TY_VOID || base->kind == LA_TY_FUNC ? 1 : la_type_size(base);
    return *bytes != 0;
}

static struct la_expr *pointer_add(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b)
{
    const struct la_type *index = p->types.pointer_bytes == 8 ? p->types.t_llong : p->types.t_int;
    uint64_t bytes;

    if (!element_size(a->type, &bytes))
        return bad_operands(p, op, a, b);
    b = la_expr_convert(p, index, b);
    if (op == LA_P_MINUS)
        b = la_fold(p, node_over(p, LA_N_NEG, index, b, NULL, b->span));
    struct la_expr *n = node_over(p, LA_N_PTR_ADD, a->type, a, b, span_over(a, b));

    n->value = bytes;
    return la_fold(p, n);
}

static struct la_expr *pointer_diff(struct la_program *p, struct la_expr *a, struct la_expr *b)
{
    uint64_t bytes;

    if (!la_type_same(a->type, b->type) || !element_size(a->type, &bytes))
        return bad_operands(p, LA_P_MINUS, a, b);
    struct la_expr *n = node_over(p, LA_N_PTR_DIFF, p->types.t_long, a, b, span_over(a, b));

    n->value = bytes;
    return n;
}

static bool is_null(const struct la_expr *n)
{
    return n->kind == LA_N_NUM && n->value == 0 &&
           (la_type_is_integer(n->type) || (n->type->kind == LA_TY_PTR && n->type->base->kind == LA_TY_VOID));
}

static bool pointers_compare(const struct la_type *a, const struct la_type *b)
{
    return a->base->kind == LA_TY_VOID || b->base->kind == LA_TY_VOID || la_type_same(a->base, b->base) ||
           (la_type_is_integer(a->base) && la_type_is_integer(b->base) && a->base->size == b->base->size);
}

static struct la_expr *node_compare(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b)
{
    bool ap = a->type->kind == LA_TY_PTR, bp = b->type->kind == LA_TY_PTR;
    const struct la_type *type;

    if (ap || bp) {
        if (!(ap && bp ? pointers_compare(a->type, b->type) || is_null(a) || is_null(b)
                       : (ap ? is_null(b) : is_null(a))))
            return bad_operands(p, op, a, b);
        type = ap ? a->type : b->type;
    } else {
        type = la_type_common(&p->types, a->type, b->type);
    }
    a = la_expr_convert(p, type, a);
    b = la_expr_convert(p, type, b);
    return la_fold(p, node_over(p, binary_kind(op), p->types.t_int, a, b, span_over(a, b)));
}

static struct la_expr *node_arithmetic(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b)
{
    bool is_shift = op == LA_P_SHL || op == LA_P_SHR;
    const struct la_type *type =
        is_shift ? la_type_promote(&p->types, a->type) : la_type_common(&p->types, a->type, b->type);

    if (a->type->alias && la_type_same(type, a->type))
        type = a->type; /* a gfp_t stays a gfp_t */
    else if (b->type->alias && !is_shift && la_type_same(type, b->type))
        type = b->type;
    a = la_expr_convert(p, type, a);
    b = la_expr_convert(p, is_shift ? la_type_promote(&p->types, b->type) : type, b);
    if ((op == LA_P_SLASH || op == LA_P_PERCENT) && b->kind == LA_N_NUM && !b->bad && b->value == 0)
        la_warn_at(p, b->span, LA_E_RANGE, "the kernel would stop with a divide error", "this divides by zero");
    if (is_shift && b->kind == LA_N_NUM && !b->bad && b->value >= type->size * 8u)
        la_warn_at(p, b->span, LA_E_RANGE, "x86 uses the low bits of the count only",
                   "this shifts by more than the type has bits");
    return la_fold(p, node_over(p, binary_kind(op), type, a, b, span_over(a, b)));
}

struct la_expr *la_expr_binary(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b)
{
    if (op == LA_P_ANDAND || op == LA_P_OROR) {
        a = la_expr_condition(p, a);
        b = la_expr_condition(p, b);
        return la_fold(p, node_over(p, binary_kind(op), p->types.t_int, a, b, span_over(a, b)));
    }
    a = la_expr_decay(p, a);
    b = la_expr_decay(p, b);
    if (a->bad || b->bad)
        return la_expr_bad(p, span_over(a, b));
    if (!la_type_is_scalar(a->type) || !la_type_is_scalar(b->type))
        return bad_operands(p, op, a, b);
    if (op == LA_P_EQ || op == LA_P_NE || op == LA_P_LESS || op == LA_P_LE || op == LA_P_GREATER || op == LA_P_GE)
        return node_compare(p, op, a, b);
    bool ap = a->type->kind == LA_TY_PTR, bp = b->type->kind == LA_TY_PTR;

    if (!ap && !bp)
        return node_arithmetic(p, op, a, b);
    if (op == LA_P_PLUS && ap != bp)
        return ap ? pointer_add(p, op, a, b) : pointer_add(p, op, b, a);
    if (op == LA_P_MINUS && ap)
        return bp ? pointer_diff(p, a, b) : pointer_add(p, op, a, b);
    return bad_operands(p, op, a, b);
}

/* ---- ?: [] . -> ---- */

struct la_expr *la_expr_cond(struct la_program *p, struct la_expr *c, struct la_expr *a, struct la_expr *b)
{
    struct la_span span = span_over(c, b);
    const struct la_type *type = NULL;

    c = la_expr_condition(p, c);
    a = la_expr_decay(p, a);
    b = la_expr_decay(p, b);
    if (c->bad || a->bad || b->bad)
        return la_expr_bad(p, span);
    bool ap = a->type->kind == LA_TY_PTR, bp = b->type->kind == LA_TY_PTR;

    if (la_type_is_integer(a->type) && la_type_is_integer(b->type))
        type = a->type->alias && la_type_same(a->type, b->type) ? a->type : la_type_common(&p->types, a->type, b->type);
    else if (ap && (is_null(b) || (bp && pointers_compare(a->type, b->type))))
        type = bp && b->type->base->kind == LA_TY_VOID && !is_null(b) ? b->type : a->type;
    else if (bp && is_null(a))
        type = b->type;
    else if (a->type->kind == LA_TY_VOID && b->type->kind == LA_TY_VOID)
        type = a->type;
    if (!type)
        return bad_operands(p, LA_P_QUESTION, a, b);
    a = la_expr_convert(p, type, a);
    b = la_expr_convert(p, type, b);
    struct la_expr *n = node_over(p, LA_N_COND, type, c, a->depth > b->depth ? a : b, span);

    n->b = a;
    n->c = b;
    return la_fold(p, n);
}

struct la_expr *la_expr_index(struct la_program *p, struct la_expr *a, struct la_expr *b)
{
    struct la_expr *sum = la_expr_binary(p, LA_P_PLUS, a, b);

    if (!sum->bad && sum->type->kind != LA_TY_PTR)
        return type_error(p, a, a->span, "only arrays and pointers have elements", "this cannot be indexed");
    return node_deref(p, sum, sum->span);
}

static struct la_expr *no_member(struct la_program *p, const struct la_type *type, const struct la_token *name)
{
    const char *names[128] = {0}, *guess;
    uint32_t nr = 0;
    struct la_buf text, hint;

    for (const struct la_member *m = type->record->members; m && nr < 128; m = m->next)
        if (m->name)
            names[nr++] = m->name;
    guess = la_did_you_mean(name->u.name->text, names, nr);
    la_buf_init(&text, p->host);
    la_buf_init(&hint, p->host);
    if (guess)
        la_buf_printf(&hint, "did you mean %s?", guess);
    else if (nr)
        la_buf_printf(&hint, "its first member is %s", names[0]);
    la_error_at(p, la_token_span(name), LA_E_UNKNOWN_NAME, hint.len ? la_buf_str(&hint) : NULL,
                "%s has no member `%.60s`", la_quote_type(p, type, &text), name->u.name->text);
    la_buf_free(&text);
    la_buf_free(&hint);
    return la_expr_bad(p, la_token_span(name));
}

struct la_expr *la_expr_member(struct la_program *p, struct la_expr *a, const struct la_token *name, bool arrow)
{
    uint32_t offset = 0;
    struct la_span span = {a->span.line, a->span.column, name->end_line, name->end_column};

    a = arrow ? la_expr_decay(p, a) : a;
    if (a->bad)
        return a;
    bool through = a->type->kind == LA_TY_PTR && a->type->base->kind == LA_TY_RECORD;

    if (arrow != through || (!arrow && a->type->kind != LA_TY_RECORD))
        return type_error(p, a, span,
                          through                                  ? "write -> after a pointer"
                          : arrow && a->type->kind == LA_TY_RECORD ? "write . after a structure"
                                                                   : NULL,
                          arrow ? "`->` follows a pointer to a structure" : "`.` follows a structure");
    const struct la_type *record = arrow ? a->type->base : a->type;

    if (!record->record->complete)
        return type_error(p, a, span, "its definition is not part of the simulation",
                          "the members of this structure are not known");
    const struct la_member *m = la_type_member(record, name->u.name->text, &offset);

    if (!m)
        return no_member(p, record, name);
    if (arrow)
        a = node_deref(p, a, a->span);
    struct la_expr *n = node_over(p, LA_N_MEMBER, m->type, a, NULL, span);

    n->value = offset;
    n->lvalue = a->lvalue;
    return n;
}
