/*
 * compile.c: a whole program: prelude, blocks of the lesson, and texts typed later.
 *
 *     prelude (types, macros) -> block 1 -> block 2 -> ... -> END   | mark |  unit 0  | unit 1 | ...
 *
 * A unit is typed text.  It is compiled at the end of the program and forgotten by going back to
 * the mark before it, so that the same texts in the same order always make the same code.
 */
#include "lang/compiler.h"

#include "lang/api.h"

#include <string.h>

/* ---- memory ---- */

static struct la_program *program_new(const struct la_host *host, unsigned int pointer_bytes)
{
    struct la_program *p = la_host_alloc(host, sizeof *p);

    if (!p)
        return NULL;
    p->host = host;
    la_pool_init(&p->pool, host);
    la_names_init(&p->names, &p->pool);
    la_types_init(&p->types, &p->pool, pointer_bytes);
    p->image_base = pointer_bytes == 8 ? UINT64_C(0xffffffffa0000000) : UINT64_C(0xFE000000);
    p->fn = -1;
    return p;
}

static void free_compiling(struct la_program *p)
{
    LA_VEC_FREE(p->host, &p->tokens);
    LA_VEC_FREE(p->host, &p->breaks);
    LA_VEC_FREE(p->host, &p->continues);
    LA_VEC_FREE(p->host, &p->gotos);
    LA_VEC_FREE(p->host, &p->labels);
    LA_VEC_FREE(p->host, &p->cases);
    p->at = 0;
    p->loop = NULL;
    p->panic = false;
    p->nest = 0;
    p->level = 0;
}

void la_program_free(struct la_program *p)
{
    if (!p)
        return;
    const struct la_host *host = p->host;

    free_compiling(p);
    LA_VEC_FREE(host, &p->code);
    LA_VEC_FREE(host, &p->stmts);
    LA_VEC_FREE(host, &p->sites);
    LA_VEC_FREE(host, &p->fns);
    LA_VEC_FREE(host, &p->texts);
    LA_VEC_FREE(host, &p->data);
    LA_VEC_FREE(host, &p->calls);
    LA_VEC_FREE(host, &p->units);
    LA_VEC_FREE(host, &p->api_types);
    la_pool_free(&p->pool);
    la_host_free(host, p, sizeof *p);
}

static struct la_mark mark_now(const struct la_program *p)
{
    return (struct la_mark){p->code.nr,  p->stmts.nr, p->sites.nr, p->fns.nr,
                            p->texts.nr, p->data.nr,  p->calls.nr, p->env};
}

void la_program_rewind(struct la_program *p, const struct la_mark *mark)
{
    la_scope_close(p, mark->env);
    p->code.nr = mark->code;
    p->stmts.nr = mark->stmts;
    p->sites.nr = mark->sites;
    p->fns.nr = mark->fns;
    p->texts.nr = mark->texts;
    p->data.nr = mark->data;
    p->calls.nr = mark->calls;
}

/* ---- parsing a list of tokens ---- */

static bool lex_into(struct la_program *p, const char *text, size_t len, uint32_t line, uint32_t block)
{
    struct la_lexer lexer = {.host = p->host, .pool = &p->pool, .names = &p->names, .diags = p->diags};
    uint32_t errors = p->diags->nr_errors;
    bool good = la_lex(&lexer, text, len, line, block, &p->tokens);

    p->errors |= p->diags->nr_errors != errors;
    p->oom |= !good && p->diags->nr_errors == errors;
    return good;
}

static bool end_tokens(struct la_program *p)
{
    struct la_token end = {.kind = LA_T_EOF};

    if (p->tokens.nr) {
        const struct la_token *last = &p->tokens.data[p->tokens.nr - 1];

        end.line = end.end_line = last->line;
        end.column = end.end_column = last->column;
        end.block = last->block;
    }
    if (!LA_VEC_PUSH(p->host, &p->tokens, end))
        p->oom = true;
    return !p->oom;
}

static void parse_all(struct la_program *p)
{
    while (la_peek(p)->kind != LA_T_EOF && !p->oom) {
        if (la_accept(p, LA_T_END_BLOCK)) {
            p->panic = false;
            continue;
        }
        la_parse_statement(p);
        /* Messages of the prelude would be ours; those of a hopeless text are enough at some point. */
        if (p->diags->nr_errors > 4 * LA_DIAG_MAX)
            return;
    }
    la_patch_gotos(p, 0, 0);
}

const struct la_type *la_parse_prototype(struct la_program *p, const char *prototype)
{
    la_token_vec tokens = p->tokens;
    uint32_t at = p->at, nest = p->nest;
    bool panic = p->panic, prelude = p->in_prelude;
    const struct la_type *type = p->types.t_int;

    memset(&p->tokens, 0, sizeof p->tokens);
    p->at = 0;
    p->nest = 0;
    p->panic = false;
    p->in_prelude = true;
    if (lex_into(p, prototype, strlen(prototype), 1, 0) && end_tokens(p)) {
        struct la_specifiers spec = la_parse_specifiers(p);
        struct la_token name;

        type = la_parse_declarator(p, spec.type, &name);
    }
    LA_VEC_FREE(p->host, &p->tokens);
    p->tokens = tokens;
    p->at = at;
    p->nest = nest;
    p->panic = panic;
    p->in_prelude = prelude;
    return type;
}

/* ---- compiling a program ---- */

static void parse_prelude(struct la_program *p)
{
    const char *text[2];

    la_prelude_text(p->types.pointer_bytes, text);
    p->in_prelude = true;
    if (lex_into(p, text[0], strlen(text[0]), 1, 0) && lex_into(p, text[1], strlen(text[1]), 1, 0) && end_tokens(p))
        parse_all(p);
    p->in_prelude = false;
    p->tokens.nr = 0;
    p->at = 0;
}

static bool lex_sources(struct la_program *p, const struct la_source *sources, uint32_t nr)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < nr; i++) {
        bytes += sources[i].len;
        if (bytes > LA_TEXT_MAX) {
            la_error_at(p, (struct la_span){sources[i].line, 1, 0, 0}, LA_E_LIMIT, "make it shorter",
                        "the program has more than %d MiB", LA_TEXT_MAX >> 20);
            return false;
        }
        if (!lex_into(p, sources[i].text, sources[i].len, sources[i].line, sources[i].block))
            return false;
    }
    return true;
}

/* Functions that were announced and used, but never defined. */
static void check_undefined(struct la_program *p)
{
    uint32_t nr;
    const struct la_api *api = la_api_table(&nr);
    const char *names[512];
    struct la_buf hint;

    la_buf_init(&hint, p->host);
    for (uint32_t i = 0; i < nr && i < 512; i++)
        names[i] = api[i].name;
    for (uint32_t i = 0; i < p->fns.nr; i++) {
        const struct la_fn *fn = &p->fns.data[i];
        const char *guess = fn->defined ? NULL : la_did_you_mean(fn->name, names, nr < 512 ? nr : 512);

        if (fn->defined)
            continue;
        la_buf_clear(&hint);
        if (guess)
            la_buf_printf(&hint, "did you mean %s?", guess);
        else
            la_buf_puts(&hint, "write its body");
        if (fn->used.line)
            la_error_at(p, fn->used, LA_E_UNKNOWN_NAME, la_buf_str(&hint), "`%.60s` is declared, but defined nowhere",
                        fn->name);
        else if (guess)
            la_warn_at(p, fn->sym->span, LA_E_UNKNOWN_NAME, la_buf_str(&hint),
                       "the kernel simulated here has no `%.60s`", fn->name);
    }
    la_buf_free(&hint);
}

/* Messages of the lexer come before those of the parser: bring all into the order of the text. */
static void sort_messages(struct la_diags *diags, uint32_t from)
{
    for (uint32_t i = from + 1; i < diags->nr; i++) {
        struct la_diag moved = diags->item[i];
        uint32_t k = i;

        for (; k > from; k--) {
            const struct la_diag *before = &diags->item[k - 1];

            if (before->line < moved.line || (before->line == moved.line && before->column <= moved.column))
                break;
            diags->item[k] = *before;
        }
        diags->item[k] = moved;
    }
}

static void finish(struct la_program *p)
{
    check_undefined(p);
    (void)la_emit(p, LA_OP_END, 0);
    p->top_frame_bytes = (p->frame_max + 15) & ~15u;
    p->top_operands = p->operands_max + 2;
    p->end = mark_now(p);
    p->oom |= p->pool.failed;
}

struct la_program *la_program_compile(const struct la_host *host, const struct la_source *sources, uint32_t nr,
                                      unsigned int pointer_bytes, struct la_diags *diags)
{
    struct la_program *p = program_new(host, pointer_bytes);
    uint32_t messages = diags->nr;

    if (!p)
        return NULL;
    p->diags = diags;
    parse_prelude(p);
    if (!p->oom && lex_sources(p, sources, nr) && end_tokens(p))
        parse_all(p);
    if (!p->oom)
        finish(p);
    free_compiling(p);
    sort_messages(diags, messages);
    p->diags = NULL;
    if (p->oom || p->pool.failed) {
        la_program_free(p);
        return NULL;
    }
    return p;
}

/* ---- compiling typed text ---- */

/* Make the locals that are in scope at @stmt visible as what they are: places on the stack. */
static void open_locals(struct la_program *p, const struct la_sym *env, uint32_t fp)
{
    const struct la_sym *locals[256];
    uint32_t nr = 0;

    for (; env && nr < 256; env = env->prev)
        if (env->level > 0)
            locals[nr++] = env;
    while (nr--) {
        const struct la_sym *from = locals[nr];
        struct la_sym *sym = la_declare(p, (enum la_sym_kind)from->kind, from->name, from->type, from->span);

        sym->value = from->value;
        sym->offset = from->offset;
        sym->prelude = true; /* may be declared again without a message */
        if (from->kind == LA_SYM_LOCAL) {
            sym->kind = LA_SYM_GLOBAL;
            sym->offset = fp + from->offset;
        }
    }
}

/* Take the symbols between @from (not included) and @to out of the chain, where @first was declared after them. */
static void close_locals(struct la_program *p, struct la_sym *from, struct la_sym *to)
{
    struct la_sym **link = &p->env;

    while (*link && *link != to)
        link = &(*link)->prev;
    for (struct la_sym *s = *link; s && s != from; s = s->prev) {
        struct la_sym **bound = s->kind == LA_SYM_TAG ? &s->name->tag : &s->name->sym;

        while (*bound && *bound != s)
            bound = &(*bound)->outer;
        if (*bound)
            *bound = s->outer;
    }
    *link = from;
}

static void parse_question(struct la_program *p)
{
    struct la_expr *n = la_expr_decay(p, la_parse_expression(p));

    (void)la_accept(p, LA_P_SEMI);
    if (!p->panic && la_peek(p)->kind != LA_T_END_BLOCK && la_peek(p)->kind != LA_T_EOF)
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "ask for one value", "one expression is expected here");
    if (!n->bad && !la_type_is_scalar(n->type))
        la_error_at(p, n->span, LA_E_TYPE, "ask for a number or a pointer", "this expression has no single value");
    la_emit_stmt(p, n->span);
    la_emit_expression_statement(p, n);
}

static void begin_unit(struct la_program *p, uint32_t fp, bool question, struct la_diags *diags)
{
    p->diags = diags;
    p->errors = false;
    p->typed = true;
    p->pure = question;
    p->fn = -1;
    p->frame_used = p->frame_max = p->frame_base = 0;
    p->operands = p->operands_max = 0;
    (void)fp;
}

/* The code of a unit runs in a frame of its own; its pseudo-function says how large that is. */
static void end_unit(struct la_program *p, struct la_unit *unit)
{
    struct la_fn fn = {.name = "typed", .entry = unit->entry, .defined = true};

    check_undefined(p);
    (void)la_emit(p, LA_OP_END, 0);
    fn.frame_bytes = (p->frame_max + 15) & ~15u;
    fn.max_operands = p->operands_max + 2;
    unit->fn = p->fns.nr;
    p->oom |= !LA_VEC_PUSH(p->host, &p->fns, fn);
}

bool la_compile_unit(struct la_program *p, const char *text, size_t len, uint32_t line, uint32_t stmt, uint32_t fp,
                     bool question, struct la_diags *diags, struct la_unit *unit)
{
    const struct la_sym *scope = stmt < p->stmts.nr ? p->stmts.data[stmt].env : NULL;

    memset(unit, 0, sizeof *unit);
    unit->before = mark_now(p);
    unit->entry = p->code.nr;
    begin_unit(p, fp, question, diags);
    open_locals(p, scope, fp);
    struct la_sym *opened = p->env;

    if (len > LA_TEXT_MAX)
        la_error_at(p, (struct la_span){line, 1, 0, 0}, LA_E_LIMIT, "make it shorter", "this text is too long");
    else if (lex_into(p, text, len, line, LA_BLOCK_CONSOLE) && end_tokens(p)) {
        if (question)
            parse_question(p);
        else
            parse_all(p);
    }
    end_unit(p, unit);
    free_compiling(p);
    bool good = !p->errors && !p->oom && !p->pool.failed;

    close_locals(p, unit->before.env, opened);
    unit->after = mark_now(p);
    if (!good) {
        if ((p->oom || p->pool.failed) && !p->errors)
            la_diags_add(diags, LA_SEVERE, LA_E_NOMEM, (struct la_span){line, 1, 0, 0}, "the host has no memory left",
                         NULL);
        la_program_rewind(p, &unit->before);
    }
    p->typed = p->pure = false;
    p->diags = NULL;
    p->errors = false;
    return good;
}

/* ---- asking ---- */

bool la_program_runnable(const struct la_program *p)
{
    return !p->errors && p->end.code != 0;
}

uint32_t la_program_nr_statements(const struct la_program *p)
{
    return p->end.stmts;
}

bool la_program_statement(const struct la_program *p, uint32_t i, struct la_span *span, uint32_t *block)
{
    if (i >= p->end.stmts)
        return false;
    *span = p->stmts.data[i].span;
    *block = p->stmts.data[i].block;
    return true;
}

const char *la_program_kernel_call(const struct la_program *p, uint32_t i)
{
    return i < p->end.calls ? la_api_at(p->calls.data[i])->api.name : NULL;
}
