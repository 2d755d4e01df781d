/*
 * parse_stmt.c: statements, emitted as they are read.
 *
 *     for (init; cond; inc) body        init
 *                                 top:  STMT cond, JZ end
 *                                       body
 *                            continue:  STMT inc, JMP top
 *                                 end:
 *
 * Jumps out of loops are collected in lists and patched when the loop ends.  Every way round a
 * loop passes a STMT, so that no loop can run for ever within one step.
 */
#include "lang/emit.h"
#include "lang/parse_stmt.h"

#include <string.h>

/* ---- loops and jumps ---- */

void la_open_loop(struct la_program *p, struct la_loop *loop, bool is_switch)
{
    *loop = (struct la_loop){.outer = p->loop,
                             .is_switch = is_switch,
                             .breaks = p->breaks.nr,
                             .continues = p->continues.nr,
                             .cases = p->cases.nr};
    p->loop = loop;
}

static void patch_continues(struct la_program *p, const struct la_loop *loop, uint32_t target)
{
    while (p->continues.nr > loop->continues)
        la_patch(p, p->continues.data[--p->continues.nr].at, target);
}

void la_close_loop(struct la_program *p, const struct la_loop *loop)
{
    while (p->breaks.nr > loop->breaks)
        la_patch(p, p->breaks.data[--p->breaks.nr].at, p->code.nr);
    p->loop = loop->outer;
}

/* The condition of a statement, as a step of its own; returns the jump taken when it is false. */
static uint32_t emit_condition(struct la_program *p, struct la_expr *cond, struct la_span span, enum la_op jump)
{
    la_emit_stmt(p, span);
    la_emit_value(p, cond);
    (void)la_emit(p, LA_OP_DUP, 0);
    la_emit_report(p, cond->type, NULL);
    return la_emit_jump(p, jump);
}

/* `(condition)`: @span becomes the condition's place. */
struct la_expr *la_parse_condition(struct la_program *p, const char *word, struct la_span *span)
{
    struct la_buf after;

    la_buf_init(&after, p->host);
    la_buf_printf(&after, "`%s`", word);
    *span = la_token_span(la_peek(p));
    bool open = la_expect(p, LA_P_LPAREN, la_buf_str(&after));

    la_buf_free(&after);
    struct la_expr *cond = open ? la_expr_condition(p, la_parse_expression(p)) : la_expr_bad(p, *span);

    if (!p->panic)
        (void)la_expect(p, LA_P_RPAREN, "the condition");
    if (!cond->bad)
        *span = cond->span;
    return cond;
}

/* The body of a loop or branch; a declaration there would be useless. */
void la_parse_body(struct la_program *p)
{
    struct la_sym *env = p->env;
    uint32_t used = p->frame_used;

    if (p->panic)
        return;
    p->level++;
    la_parse_statement(p);
    p->level--;
    la_scope_close(p, env);
    p->frame_used = used;
}

static void parse_if(struct la_program *p)
{
    uint32_t jumps[LA_NEST_MAX], nr = 0;
    bool more = true;

    /* `else if` is a loop here, so that a long chain does not nest. */
    while (more && !p->panic) {
        struct la_span span;

        (void)la_next(p);
        struct la_expr *cond = la_parse_condition(p, "if", &span);
        uint32_t otherwise = emit_condition(p, cond, span, LA_OP_JZ);

        la_parse_body(p);
        more = la_accept(p, LA_K_ELSE);
        if (more) {
            uint32_t out = la_emit_jump(p, LA_OP_JMP);

            if (nr == LA_NEST_MAX) {
                la_error_at(p, span, LA_E_LIMIT, "use switch or a table", "more than %d branches", LA_NEST_MAX);
                nr = 0;
            }
            jumps[nr++] = out;
        }
        la_patch(p, otherwise, p->code.nr);
        if (more && la_peek(p)->kind != LA_K_IF) {
            la_parse_body(p);
            more = false;
        }
    }
    while (nr)
        la_patch(p, jumps[--nr], p->code.nr);
}

static void parse_while(struct la_program *p)
{
    struct la_loop loop;
    struct la_span span;
    uint32_t top = p->code.nr;

    (void)la_next(p);
    struct la_expr *cond = la_parse_condition(p, "while", &span);
    uint32_t out = emit_condition(p, cond, span, LA_OP_JZ);

    la_open_loop(p, &loop, false);
    la_parse_body(p);
    la_patch(p, la_emit_jump(p, LA_OP_JMP), top);
    la_patch(p, out, p->code.nr);
    patch_continues(p, &loop, top);
    la_close_loop(p, &loop);
}

static void parse_do(struct la_program *p)
{
    struct la_loop loop;
    struct la_span span;
    uint32_t top = p->code.nr;

    (void)la_next(p);
    la_open_loop(p, &loop, false);
    la_parse_body(p);
    patch_continues(p, &loop, p->code.nr);
    if (!p->panic && la_expect(p, LA_K_WHILE, "the body of `do`")) {
        struct la_expr *cond = la_parse_condition(p, "while", &span);

        la_patch(p, emit_condition(p, cond, span, LA_OP_JNZ), top);
        if (!p->panic)
            (void)la_expect(p, LA_P_SEMI, "`do … while (…)`");
    }
    la_close_loop(p, &loop);
}

static void parse_for_init(struct la_program *p)
{
    if (la_accept(p, LA_P_SEMI))
        return;
    if (la_starts_type(p, la_peek(p))) {
        la_parse_declaration(p);
        return;
    }
    struct la_expr *init = la_parse_expression(p);

    la_emit_stmt(p, init->span);
    la_emit_expression_statement(p, init);
    if (!p->panic)
        (void)la_expect(p, LA_P_SEMI, "the start of `for`");
}

static void parse_for_loop(struct la_program *p, struct la_span keyword)
{
    struct la_loop loop;
    struct la_expr *cond = NULL, *inc = NULL;
    uint32_t out = 0, top;

    parse_for_init(p);
    if (p->panic)
        return;
    if (la_peek(p)->kind != LA_P_SEMI)
        cond = la_expr_condition(p, la_parse_expression(p));
    if (p->panic || !la_expect(p, LA_P_SEMI, "the condition of `for`"))
        return;
    if (la_peek(p)->kind != LA_P_RPAREN)
        inc = la_parse_expression(p);
    if (p->panic || !la_expect(p, LA_P_RPAREN, "`for (…; …; …`"))
        return;
    top = p->code.nr;
    if (cond)
        out = emit_condition(p, cond, cond->span, LA_OP_JZ);
    else
        la_emit_stmt(p, keyword);
    la_open_loop(p, &loop, false);
    la_parse_body(p);
    patch_continues(p, &loop, p->code.nr);
    if (inc) {
        la_emit_stmt(p, inc->span);
        la_emit_expression_statement(p, inc);
    }
    la_patch(p, la_emit_jump(p, LA_OP_JMP), top);
    if (cond)
        la_patch(p, out, p->code.nr);
    la_close_loop(p, &loop);
}

static void parse_for(struct la_program *p)
{
    struct la_span keyword = la_token_span(la_peek(p));
    struct la_sym *env = p->env;
    uint32_t used = p->frame_used;

    (void)la_next(p);
    if (!la_expect(p, LA_P_LPAREN, "`for`"))
        return;
    p->level++;
    parse_for_loop(p, keyword);
    p->level--;
    la_scope_close(p, env);
    p->frame_used = used;
}

/* ---- break, continue, goto, return ---- */

static void parse_break(struct la_program *p)
{
    struct la_token word = la_next(p);
    bool is_break = word.kind == LA_K_BREAK;
    struct la_loop *loop = p->loop;

    while (loop && loop->is_switch && !is_break)
        loop = loop->outer;
    la_emit_stmt(p, la_token_span(&word));
    struct la_jump jump = {.at = la_emit_jump(p, LA_OP_JMP)};

    if (!loop)
        la_error_at(p, la_token_span(&word), LA_E_SYNTAX, "remove it, or put it into a loop", "`%s` outside of a loop",
                    la_tok_spelling((enum la_tok)word.kind));
    else if (is_break)
        p->oom |= !LA_VEC_PUSH(p->host, &p->breaks, jump);
    else
        p->oom |= !LA_VEC_PUSH(p->host, &p->continues, jump);
    (void)la_expect(p, LA_P_SEMI, is_break ? "`break`" : "`continue`");
}

static void parse_goto(struct la_program *p)
{
    struct la_token word = la_next(p), label = *la_peek(p);

    if (label.kind != LA_T_IDENT) {
        la_error_at(p, la_token_span(&label), LA_E_SYNTAX, "for example: goto out;",
                    "`goto` needs the name of a label");
        p->panic = true;
        return;
    }
    (void)la_next(p);
    la_emit_stmt(p, la_span_from(p, la_token_span(&word)));
    struct la_jump jump = {.at = la_emit_jump(p, LA_OP_JMP), .label = label.u.name, .span = la_token_span(&label)};

    p->oom |= !LA_VEC_PUSH(p->host, &p->gotos, jump);
    (void)la_expect(p, LA_P_SEMI, "the label");
}

static void parse_label(struct la_program *p)
{
    struct la_token name = la_next(p);
    struct la_label label = {name.u.name, p->code.nr};

    (void)la_next(p);
    for (uint32_t i = 0; i < p->labels.nr; i++)
        if (p->labels.data[i].name == label.name)
            la_error_at(p, la_token_span(&name), LA_E_SYNTAX, "choose another name",
                        "the label `%.60s` is already there", label.name->text);
    p->oom |= !LA_VEC_PUSH(p->host, &p->labels, label);
    if (la_peek(p)->kind != LA_P_RBRACE)
        la_parse_statement(p);
}

void la_patch_gotos(struct la_program *p, uint32_t first_goto, uint32_t first_label)
{
    for (uint32_t i = first_goto; i < p->gotos.nr; i++) {
        const struct la_jump *jump = &p->gotos.data[i];
        uint32_t k = first_label;

        while (k < p->labels.nr && p->labels.data[k].name != jump->label)
            k++;
        if (k == p->labels.nr)
            la_error_at(p, jump->span, LA_E_UNKNOWN_NAME, "a label stands in the same function: `out:`",
                        "there is no label `%.60s`", jump->label->text);
        else
            la_patch(p, jump->at, p->labels.data[k].at);
    }
    p->gotos.nr = first_goto;
    p->labels.nr = first_label;
}

static void parse_return(struct la_program *p)
{
    struct la_token word = la_next(p);
    const struct la_type *result = p->fn >= 0 ? p->fns.data[p->fn].sym->type->base : p->types.t_void;
    struct la_expr *value = NULL;

    if (la_peek(p)->kind != LA_P_SEMI)
        value = la_parse_expression(p);
    struct la_span span = la_span_from(p, la_token_span(&word));

    if (p->fn < 0)
        la_error_at(p, span, LA_E_SYNTAX, "a lesson's statements simply end", "`return` outside of a function");
    else if (!value && result->kind != LA_TY_VOID)
        la_error_at(p, span, LA_E_TYPE, "return a value", "this function returns a value");
    else if (value && result->kind == LA_TY_VOID && !value->bad && value->type->kind != LA_TY_VOID)
        la_error_at(p, span, LA_E_TYPE, "write `return;`, or give the function a type",
                    "this function returns nothing");
    la_emit_stmt(p, span);
    if (value && result->kind != LA_TY_VOID) {
        value = la_expr_coerce(p, result, value, "`return`");
        la_emit_value(p, value);
        (void)la_emit(p, LA_OP_DUP, 0);
        la_emit_report(p, result, NULL);
        (void)la_emit(p, LA_OP_RET, 0);
    } else {
        if (value)
            la_emit_value(p, value);
        (void)la_emit(p, LA_OP_RETV, 0);
    }
    if (!p->panic)
        (void)la_expect(p, LA_P_SEMI, value ? "the value of `return`" : "`return`");
}

/* ---- statements ---- */

void la_parse_compound(struct la_program *p)
{
    struct la_sym *env = p->env;
    uint32_t used = p->frame_used;

    (void)la_next(p);
    p->level++;
    while (la_peek(p)->kind != LA_P_RBRACE && la_peek(p)->kind != LA_T_EOF && la_peek(p)->kind != LA_T_END_BLOCK)
        la_parse_statement(p);
    p->level--;
    la_scope_close(p, env);
    p->frame_used = used;
    if (la_peek(p)->kind != LA_P_RBRACE)
        p->panic = false; /* an error before must not hide that the brace is missing */
    (void)la_expect(p, LA_P_RBRACE, "the statements");
}

static void parse_expression_statement(struct la_program *p)
{
    struct la_expr *n = la_parse_expression(p);

    if (!p->panic && la_expect(p, LA_P_SEMI, n->kind == LA_N_CALL ? "the call" : "the expression")) {
        bool compares = n->kind == LA_N_EQ && !p->typed;

        if (compares && !n->bad)
            la_warn_at(p, n->span, LA_E_TYPE, "write = to assign", "this compares and throws the result away");
    }
    la_emit_stmt(p, n->span);
    la_emit_expression_statement(p, n);
}

/* Words of other statements; false when the token starts none of them. */
static bool parse_keyword_statement(struct la_program *p)
{
    switch (la_peek(p)->kind) {
    case LA_K_IF:
        parse_if(p);
        return true;
    case LA_K_WHILE:
        parse_while(p);
        return true;
    case LA_K_DO:
        parse_do(p);
        return true;
    case LA_K_FOR:
        parse_for(p);
        return true;
    case LA_K_SWITCH:
        la_parse_switch(p);
        return true;
    case LA_K_CASE:
    case LA_K_DEFAULT:
        la_parse_case(p);
        return true;
    case LA_K_BREAK:
    case LA_K_CONTINUE:
        parse_break(p);
        return true;
    case LA_K_RETURN:
        parse_return(p);
        return true;
    case LA_K_GOTO:
        parse_goto(p);
        return true;
    case LA_P_LBRACE:
        la_parse_compound(p);
        return true;
    case LA_K_ELSE:
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "check the braces and semicolons of the `if` above",
                    "`else` without `if`");
        (void)la_next(p);
        return true;
    default:
        return false;
    }
}

static void parse_one(struct la_program *p)
{
    const struct la_token *t = la_peek(p);

    if (parse_keyword_statement(p))
        return;
    if (t->kind == LA_P_SEMI) {
        /* An empty statement is a step where it is a body; a stray one (behind a macro) is not. */
        if (p->level > 0)
            la_emit_stmt(p, la_token_span(t));
        (void)la_next(p);
    } else if (t->kind == LA_T_IDENT && la_peek_at(p, 1)->kind == LA_P_COLON) {
        parse_label(p);
    } else if (la_starts_type(p, t)) {
        la_parse_declaration(p);
    } else {
        parse_expression_statement(p);
    }
}

void la_parse_statement(struct la_program *p)
{
    uint32_t start = p->at;

    if (!la_nest(p))
        return;
    parse_one(p);
    la_unnest(p);
    if (p->panic)
        la_recover(p);
    /* A `}` too many at the top level, or nothing that could be read: go on behind it. */
    if (p->at == start && la_peek(p)->kind != LA_T_EOF && la_peek(p)->kind != LA_T_END_BLOCK &&
        (p->level == 0 || la_peek(p)->kind != LA_P_RBRACE))
        (void)la_next(p);
}

/* ---- function bodies ---- */

static void declare_params(struct la_program *p, struct la_fn *fn, const struct la_type *type, struct la_span span)
{
    fn->nr_params = 0;
    for (const struct la_param *q = type->params; q && fn->nr_params < LA_ARGS_MAX; q = q->next) {
        const char *name = q->name ? q->name : "";

        if (!q->name)
            la_error_at(p, span, LA_E_SYNTAX, "for example: int f(int n)", "a parameter of `%.60s` has no name",
                        fn->name);
        if (!la_type_is_scalar(q->type))
            continue; /* an error was reported */
        struct la_name *interned = la_name_get(&p->names, name, (uint32_t)strlen(name));
        struct la_sym *sym = la_declare(p, LA_SYM_LOCAL, interned, q->type, span);

        (void)la_place_local(p, sym);
        fn->param[fn->nr_params++] = (struct la_slot){sym->offset, (uint8_t)la_type_size(q->type)};
    }
}

/* The code of a function lies where it is defined; the code around it jumps over. */
void la_parse_function_body(struct la_program *p, struct la_sym *sym, struct la_span head)
{
    uint32_t used = p->frame_used, most = p->frame_max, base = p->frame_base, operands_max = p->operands_max;
    uint32_t over = la_emit_jump(p, LA_OP_JMP);
    int32_t outer = p->fn;
    struct la_sym *env = p->env;
    struct la_loop *loop = p->loop;
    struct la_fn fn = p->fns.data[sym->offset];
    uint32_t gotos = p->gotos.nr, labels = p->labels.nr;

    p->fn = (int32_t)sym->offset;
    p->loop = NULL;
    p->frame_used = p->frame_max = p->frame_base = 0;
    p->operands_max = 0;
    p->level++;
    fn.entry = p->code.nr;
    declare_params(p, &fn, sym->type, head);
    p->fns.data[sym->offset] = fn;
    la_parse_compound(p);
    p->level--;
    la_scope_close(p, env);
    la_patch_gotos(p, gotos, labels);
    if (sym->type->base->kind != LA_TY_VOID) { /* falling off the end gives 0 */
        (void)la_emit(p, LA_OP_CONST, 0);
        (void)la_emit(p, LA_OP_RET, 0);
    } else {
        (void)la_emit(p, LA_OP_RETV, 0);
    }
    struct la_fn *done = &p->fns.data[sym->offset];

    done->frame_bytes = (p->frame_max + 15) & ~15u;
    done->max_operands = p->operands_max + 2;
    p->frame_used = used;
    p->frame_max = most;
    p->frame_base = base;
    p->operands_max = operands_max;
    p->fn = outer;
    p->loop = loop;
    la_patch(p, over, p->code.nr);
}
