/*
 * parse_expr.c: reading expressions; check*.c gives them types.
 *
 * Binary operators are read by precedence climbing: one loop, one table.
 */
#include "lang/compiler.h"

#include <string.h>

/* C11 6.5.5 to 6.5.14; 0 = no binary operator. */
static uint32_t precedence(uint16_t kind)
{
    switch (kind) {
    case LA_P_STAR:
    case LA_P_SLASH:
    case LA_P_PERCENT:
        return 10;
    case LA_P_PLUS:
    case LA_P_MINUS:
        return 9;
    case LA_P_SHL:
    case LA_P_SHR:
        return 8;
    case LA_P_LESS:
    case LA_P_GREATER:
    case LA_P_LE:
    case LA_P_GE:
        return 7;
    case LA_P_EQ:
    case LA_P_NE:
        return 6;
    case LA_P_AMP:
        return 5;
    case LA_P_CARET:
        return 4;
    case LA_P_PIPE:
        return 3;
    case LA_P_ANDAND:
        return 2;
    case LA_P_OROR:
        return 1;
    default:
        return 0;
    }
}

static bool is_assignment(uint16_t kind)
{
    return kind == LA_P_ASSIGN || kind == LA_P_SHL_ASSIGN || kind == LA_P_SHR_ASSIGN ||
           (kind >= LA_P_MUL_ASSIGN && kind <= LA_P_OR_ASSIGN);
}

/* ---- primary expressions ---- */

static const struct la_type *number_type(struct la_program *p, const struct la_token *t)
{
    const struct la_types *y = &p->types;
    uint64_t v = t->u.value, long_max = p->types.pointer_bytes == 8 ? INT64_MAX : INT32_MAX;
    bool u = t->flags & LA_NUM_UNSIGNED, decimal = t->flags & LA_NUM_DECIMAL;

    if (!(t->flags & (LA_NUM_LONG | LA_NUM_LLONG))) {
        if (!u && v <= INT32_MAX)
            return y->t_int;
        if ((u || !decimal) && v <= UINT32_MAX)
            return y->t_uint;
    }
    if (!(t->flags & LA_NUM_LLONG)) {
        if (!u && v <= long_max)
            return y->t_long;
        if ((u || !decimal) && v <= long_max * 2 + 1)
            return y->t_ulong;
    }
    return !u && v <= INT64_MAX ? y->t_llong : y->t_ullong;
}

static struct la_expr *parse_strings(struct la_program *p)
{
    struct la_span span = la_token_span(la_peek(p));
    struct la_buf text;

    la_buf_init(&text, p->host);
    while (la_peek(p)->kind == LA_T_STRING) {
        struct la_token t = la_next(p);

        la_buf_add(&text, t.u.str, t.len);
    }
    p->oom |= text.failed;
    struct la_expr *n = la_expr_string(p, la_buf_str(&text), (uint32_t)text.len, la_span_from(p, span));

    la_buf_free(&text);
    return n;
}

/* The text between two tokens of one block as it was written, on one line. */
static const char *text_between(struct la_program *p, const struct la_token *from, const struct la_token *to)
{
    enum { MESSAGE_MAX = 200 };
    const char *end = to->src;
    struct la_buf text;
    bool gap = false;

    la_buf_init(&text, p->host);
    /* All out of one macro: its use is what was written. */
    if (from->src == to->src && from->line == from->end_line)
        end = from->src + (from->end_column - from->column);
    for (const char *c = from->src; from->block == to->block && c < end && text.len < MESSAGE_MAX; c++) {
        bool blank = *c == ' ' || *c == '\n' || *c == '\t' || *c == '\r';

        if (!blank && gap && text.len)
            la_buf_putc(&text, ' ');
        if (!blank)
            la_buf_putc(&text, *c);
        gap = blank;
    }
    const char *kept = la_pool_text(&p->pool, la_buf_str(&text), (uint32_t)text.len);

    p->oom |= text.failed;
    la_buf_free(&text);
    return kept;
}

/* assert(expr): the text between the parentheses is kept for the message. */
static struct la_expr *parse_assert(struct la_program *p, struct la_span span)
{
    struct la_expr *n = la_expr_new(p, LA_N_ASSERT, span);

    (void)la_next(p);
    struct la_token first = *la_peek(p);

    n->a = la_expr_condition(p, la_parse_expression(p));
    n->type = p->types.t_void;
    n->bad = n->a->bad;
    n->value = p->texts.nr;
    p->oom |= !LA_VEC_PUSH(p->host, &p->texts, text_between(p, &first, la_peek(p)));
    (void)la_expect(p, LA_P_RPAREN, "the condition of `assert`");
    n->span = la_span_from(p, span);
    return n;
}

static struct la_expr *parse_parenthesis(struct la_program *p)
{
    struct la_span span = la_token_span(la_peek(p));

    if (!la_nest(p))
        return la_expr_bad(p, span);
    (void)la_next(p);
    if (la_peek(p)->kind == LA_P_LBRACE) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "use a function",
                    "a statement inside an expression is not supported");
        p->panic = true;
    }
    struct la_expr *n = la_parse_expression(p);

    (void)la_expect(p, LA_P_RPAREN, "the expression");
    la_unnest(p);
    n->span = la_span_from(p, span);
    n->paren = true;
    return n;
}

static struct la_expr *parse_primary(struct la_program *p)
{
    const struct la_token *t = la_peek(p);
    struct la_span span = la_token_span(t);
    struct la_buf text;

    switch (t->kind) {
    case LA_T_NUMBER: {
        struct la_token number = la_next(p);

        return la_expr_number(p, number_type(p, &number), number.u.value, span);
    }
    case LA_T_CHAR:
        return la_expr_number(p, p->types.t_int, la_next(p).u.value, span);
    case LA_T_STRING:
        return parse_strings(p);
    case LA_T_IDENT: {
        struct la_token name = la_next(p);

        if (strcmp(name.u.name->text, "assert") == 0 && la_peek(p)->kind == LA_P_LPAREN && !name.u.name->sym)
            return parse_assert(p, span);
        return la_expr_name(p, &name);
    }
    case LA_P_LPAREN:
        return parse_parenthesis(p);
    default:
        la_buf_init(&text, p->host);
        la_error_at(p, span, LA_E_SYNTAX, "a value, a name or a call belongs here", "expected an expression, found %s",
                    la_token_text(t, &text));
        la_buf_free(&text);
        p->panic = true;
        return la_expr_bad(p, span);
    }
}

/* ---- postfix, prefix ---- */

static struct la_expr *parse_call(struct la_program *p, struct la_expr *fn)
{
    struct la_expr *first = NULL, **tail = &first;
    uint32_t nr = 0;

    (void)la_next(p);
    while (la_peek(p)->kind != LA_P_RPAREN && !p->panic) {
        struct la_expr *arg = la_parse_assignment(p);

        if (p->pool.failed)
            break;
        arg->next = NULL;
        *tail = arg;
        tail = &arg->next;
        nr++;
        if (!la_accept(p, LA_P_COMMA))
            break;
    }
    (void)la_expect(p, LA_P_RPAREN, "the arguments");
    return la_expr_call(p, fn, first, nr, la_span_from(p, fn->span));
}

static struct la_expr *parse_member_name(struct la_program *p, struct la_expr *n)
{
    bool arrow = la_next(p).kind == LA_P_ARROW;
    struct la_token name = *la_peek(p);

    if (name.kind != LA_T_IDENT) {
        la_error_at(p, la_token_span(&name), LA_E_SYNTAX, NULL, "the name of a member is missing after `%s`",
                    arrow ? "->" : ".");
        p->panic = true;
        return la_expr_bad(p, n->span);
    }
    (void)la_next(p);
    return la_expr_member(p, n, &name, arrow);
}

static struct la_expr *parse_postfix(struct la_program *p)
{
    struct la_expr *n = parse_primary(p);

    while (!p->panic) {
        const struct la_token *t = la_peek(p);

        if (t->kind == LA_P_LPAREN) {
            if (!la_nest(p))
                return n;
            n = parse_call(p, n);
            la_unnest(p);
        } else if (t->kind == LA_P_LBRACKET) {
            if (!la_nest(p))
                return n;
            (void)la_next(p);
            n = la_expr_index(p, n, la_parse_expression(p));
            la_unnest(p);
            (void)la_expect(p, LA_P_RBRACKET, "the index");
            n->span = la_span_from(p, n->span);
        } else if (t->kind == LA_P_DOT || t->kind == LA_P_ARROW) {
            n = parse_member_name(p, n);
        } else if (t->kind == LA_P_INC || t->kind == LA_P_DEC) {
            struct la_token op = la_next(p);

            n = la_expr_step(p, (enum la_tok)op.kind, n, true, la_span_from(p, n->span));
        } else {
            break;
        }
    }
    return n;
}

static struct la_expr *parse_unary(struct la_program *p);

static bool is_cast(const struct la_program *p)
{
    const struct la_token *t = la_peek_at(p, 1), *u = la_peek_at(p, 2);

    if (la_peek(p)->kind != LA_P_LPAREN)
        return false;
    if (la_starts_type(p, t))
        return true;
    /* (foo_t *)x with an unknown foo_t */
    return t->kind == LA_T_IDENT && !t->u.name->sym && u->kind == LA_P_STAR && la_peek_at(p, 3)->kind == LA_P_RPAREN;
}

static struct la_expr *parse_sizeof(struct la_program *p)
{
    struct la_span span = la_token_span(la_peek(p));
    const struct la_type *type;

    (void)la_next(p);
    if (is_cast(p)) {
        (void)la_next(p);
        type = la_parse_type_name(p);
        (void)la_expect(p, LA_P_RPAREN, "the type");
    } else {
        type = parse_unary(p)->type;
    }
    span = la_span_from(p, span);
    if (!la_type_complete(type) && type->kind != LA_TY_VOID && type->kind != LA_TY_FUNC)
        la_error_at(p, span, LA_E_TYPE, "its members are not known", "the size of this type is not known");
    bool unit = type->kind == LA_TY_VOID || type->kind == LA_TY_FUNC; /* gcc says 1 */

    return la_expr_number(p, p->types.pointer_bytes == 8 ? p->types.t_ulong : p->types.t_uint,
                          unit ? 1 : la_type_size(type), span);
}

static struct la_expr *parse_cast(struct la_program *p)
{
    struct la_span span = la_token_span(la_peek(p));

    (void)la_next(p);
    const struct la_type *type = la_parse_type_name(p);

    if (!la_expect(p, LA_P_RPAREN, "the type of the cast"))
        return la_expr_bad(p, span);
    if (la_peek(p)->kind == LA_P_LBRACE) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "declare a variable and use that",
                    "compound literals are not supported");
        p->panic = true;
        return la_expr_bad(p, span);
    }
    struct la_expr *a = parse_unary(p);

    return la_expr_cast(p, type, a, la_span_from(p, span));
}

static struct la_expr *parse_prefix(struct la_program *p)
{
    struct la_token op = la_next(p);
    struct la_expr *a = parse_unary(p);
    struct la_span span = la_span_from(p, la_token_span(&op));

    if (op.kind == LA_P_INC || op.kind == LA_P_DEC)
        return la_expr_step(p, (enum la_tok)op.kind, a, false, span);
    return la_expr_unary(p, (enum la_tok)op.kind, a, span);
}

static struct la_expr *parse_unary(struct la_program *p)
{
    struct la_expr *n;

    switch (la_peek(p)->kind) {
    case LA_P_INC:
    case LA_P_DEC:
    case LA_P_AMP:
    case LA_P_STAR:
    case LA_P_PLUS:
    case LA_P_MINUS:
    case LA_P_TILDE:
    case LA_P_BANG:
        break;
    case LA_K_SIZEOF:
        break;
    default:
        if (!is_cast(p))
            return parse_postfix(p);
    }
    if (!la_nest(p))
        return la_expr_bad(p, la_token_span(la_peek(p)));
    if (la_peek(p)->kind == LA_K_SIZEOF)
        n = parse_sizeof(p);
    else if (la_peek(p)->kind == LA_P_LPAREN)
        n = parse_cast(p);
    else
        n = parse_prefix(p);
    la_unnest(p);
    return n;
}

/* ---- binary, conditional, assignment, comma ---- */

static struct la_expr *parse_binary(struct la_program *p, uint32_t lowest)
{
    struct la_expr *a = parse_unary(p);

    while (!p->panic) {
        uint32_t prec = precedence(la_peek(p)->kind);

        if (prec == 0 || prec < lowest)
            break;
        struct la_token op = la_next(p);
        struct la_expr *b = parse_binary(p, prec + 1);

        a = la_expr_binary(p, (enum la_tok)op.kind, a, b);
    }
    return a;
}

static struct la_expr *parse_conditional(struct la_program *p)
{
    struct la_expr *c = parse_binary(p, 1);

    if (la_peek(p)->kind != LA_P_QUESTION || p->panic)
        return c;
    if (!la_nest(p))
        return c;
    (void)la_next(p);
    if (la_peek(p)->kind == LA_P_COLON) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "write a ? a : b",
                    "the value between ? and : is missing");
        p->panic = true;
    }
    struct la_expr *a = la_parse_expression(p), *b = a;

    if (la_expect(p, LA_P_COLON, "the first value of `?`"))
        b = parse_conditional(p);
    la_unnest(p);
    return la_expr_cond(p, c, a, b);
}

struct la_expr *la_parse_assignment(struct la_program *p)
{
    struct la_expr *a = parse_conditional(p);

    if (!is_assignment(la_peek(p)->kind) || p->panic)
        return a;
    if (!la_nest(p))
        return a;
    struct la_token op = la_next(p);
    struct la_expr *b = la_parse_assignment(p);

    la_unnest(p);
    return la_expr_assign(p, (enum la_tok)op.kind, a, b);
}

struct la_expr *la_parse_expression(struct la_program *p)
{
    struct la_expr *a = la_parse_assignment(p);

    while (la_peek(p)->kind == LA_P_COMMA && !p->panic) {
        (void)la_next(p);
        struct la_expr *b = la_expr_decay(p, la_parse_assignment(p));
        struct la_expr *n = la_expr_new(p, LA_N_COMMA, la_span_from(p, a->span));

        n->a = a;
        n->b = b;
        n->type = b->type;
        n->bad = a->bad || b->bad;
        n->depth = (uint16_t)((a->depth > b->depth ? a->depth : b->depth) + 1);
        a = n;
        if (n->depth > LA_NODE_DEPTH_MAX) {
            la_error_at(p, n->span, LA_E_LIMIT, "split it into several statements", "this expression is too long");
            p->panic = true;
        }
    }
    return a;
}

int64_t la_parse_constant(struct la_program *p)
{
    struct la_expr *n = parse_conditional(p);

    if (n->bad)
        return 0;
    if (n->kind == LA_N_NUM && la_type_is_integer(n->type))
        return (int64_t)n->value;
    la_error_at(p, n->span, LA_E_TYPE, "use numbers, #define constants, enumerators and sizeof",
                "this must be a constant");
    return 0;
}
