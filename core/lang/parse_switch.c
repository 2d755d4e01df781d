/*
 * parse_switch.c: switch, case and default.
 *
 *     STMT value, JMP dispatch
 *     body                        each case remembers where it stands
 *     JMP end
 *     dispatch: CASE 1 -> ..., CASE 2 -> ..., POP, JMP default or end
 *     end:
 */
#include "lang/emit.h"
#include "lang/parse_stmt.h"

static void emit_dispatch(struct la_program *p, const struct la_loop *loop)
{
    for (uint32_t i = loop->cases; i < p->cases.nr; i++) {
        (void)la_emit(p, LA_OP_CASE, (int32_t)p->cases.data[i].at);
        la_emit_raw(p, (uint64_t)p->cases.data[i].value);
    }
    p->operands++; /* CASE leaves the value; without a match it goes */
    (void)la_emit(p, LA_OP_POP, 0);
    uint32_t out = la_emit_jump(p, LA_OP_JMP);

    la_patch(p, out, loop->default_at ? loop->default_at : p->code.nr);
}

void la_parse_switch(struct la_program *p)
{
    struct la_loop loop;
    struct la_span span;

    (void)la_next(p);
    struct la_expr *value = la_parse_condition(p, "switch", &span);

    if (!value->bad && !la_type_is_integer(value->type)) {
        la_error_at(p, value->span, LA_E_TYPE, "switch over an integer", "a pointer cannot be switched over");
        value = la_expr_bad(p, value->span);
    }
    value = la_expr_convert(p, la_type_promote(&p->types, value->type), value);
    la_emit_stmt(p, span);
    la_emit_value(p, value);
    (void)la_emit(p, LA_OP_DUP, 0);
    la_emit_report(p, value->type, NULL);
    uint32_t dispatch = la_emit_jump(p, LA_OP_JMP);

    p->operands -= p->operands > 0;
    la_open_loop(p, &loop, true);
    loop.type = value->type;
    la_parse_body(p);
    uint32_t out = la_emit_jump(p, LA_OP_JMP);

    la_patch(p, dispatch, p->code.nr);
    emit_dispatch(p, &loop);
    p->cases.nr = loop.cases;
    la_patch(p, out, p->code.nr);
    la_close_loop(p, &loop);
}

static struct la_loop *innermost_switch(struct la_program *p)
{
    struct la_loop *loop = p->loop;

    while (loop && !loop->is_switch)
        loop = loop->outer;
    return loop;
}

static void add_case(struct la_program *p, struct la_loop *loop, int64_t value, struct la_span span)
{
    value = (int64_t)la_type_convert(loop->type, (uint64_t)value);
    for (uint32_t i = loop->cases; i < p->cases.nr; i++)
        if (p->cases.data[i].value == value) {
            la_error_at(p, span, LA_E_TYPE, "remove one of them", "this value already has a `case`");
            return;
        }
    if (p->cases.nr - loop->cases >= LA_CASES_MAX) {
        la_error_at(p, span, LA_E_LIMIT, "use a table", "more than %d cases", LA_CASES_MAX);
        return;
    }
    struct la_case entry = {value, p->code.nr};

    p->oom |= !LA_VEC_PUSH(p->host, &p->cases, entry);
}

void la_parse_case(struct la_program *p)
{
    struct la_token word = la_next(p);
    struct la_loop *loop = innermost_switch(p);
    struct la_span span = la_token_span(&word);

    if (!loop)
        la_error_at(p, span, LA_E_SYNTAX, "put it between the braces of a switch", "`%s` outside of a switch",
                    la_tok_spelling((enum la_tok)word.kind));
    if (word.kind == LA_K_CASE) {
        int64_t value = la_parse_constant(p);

        if (la_peek(p)->kind == LA_P_ELLIPSIS) {
            la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "write one case for each value",
                        "ranges of cases are not supported");
            p->panic = true;
            return;
        }
        if (loop && loop->type && !p->panic)
            add_case(p, loop, value, la_span_from(p, span));
    } else if (loop) {
        if (loop->default_at)
            la_error_at(p, span, LA_E_SYNTAX, "remove one of them", "this switch already has a `default`");
        loop->default_at = p->code.nr;
    }
    if (!p->panic)
        (void)la_expect(p, LA_P_COLON, word.kind == LA_K_CASE ? "the value of `case`" : "`default`");
    /* Like any label it may stand before a `}`. */
    if (!p->panic && la_peek(p)->kind != LA_P_RBRACE && la_peek(p)->kind != LA_K_CASE &&
        la_peek(p)->kind != LA_K_DEFAULT)
        la_parse_statement(p);
}
