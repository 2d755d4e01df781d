/*
 * macro.c: `#` lines, and replacing macros by what they stand for.
 *
 *     #define PAIR(a) ((a) + (a))     PAIR(x)  ->  ((x) + (x))   all at the place of PAIR(x)
 *
 * Arguments are replaced before they are put in; the result is read again with the macro itself
 * switched off, as C asks, so that a macro cannot call itself.
 * Known: #define with and without arguments, #undef, #argument (its text as a string).  Ignored:
 * #include, #pragma.  Refused with a reason: conditions, ## inside a macro, variable arguments.
 */
#include "lang/token.h"

#include "base/buf.h"

#include <string.h>

static void macro_error(struct la_lexer *lx, const struct la_token *at, const char *message, const char *hint)
{
    la_diags_add(lx->diags, LA_SEVERE, LA_E_SYNTAX, la_token_span(at), message, hint);
}

/* ---- directives ---- */

static void skip_line(struct la_lexer *lx)
{
    while (lx->p < lx->end && *lx->p != '\n') {
        bool joined = *lx->p == '\\' && lx->end - lx->p > 1 && lx->p[1] == '\n';

        lx->p += joined ? 2 : 1;
        lx->line += joined;
        lx->column = joined ? 1 : lx->column + 1;
    }
}

/* The next token of the directive's line; false at its end.  Looks first, so the rest stays. */
static bool line_token(struct la_lexer *lx, struct la_token *t)
{
    struct la_lexer before = *lx;

    lx->fresh_line = false;
    *t = la_lex_raw(lx);
    if (t->kind == LA_T_EOF || lx->fresh_line) {
        bool failed = lx->failed;

        if (t->kind != LA_T_EOF)
            *lx = before;
        lx->failed = failed;
        return false;
    }
    return true;
}

/* (a, b): false after a message. */
static bool macro_params(struct la_lexer *lx, struct la_macro *m)
{
    struct la_name *params[LA_MACRO_PARAMS_MAX];
    struct la_token t;

    while (line_token(lx, &t) && t.kind != LA_P_RPAREN) {
        if (t.kind == LA_P_COMMA && m->nr_params)
            continue;
        if (t.kind == LA_P_ELLIPSIS) {
            macro_error(lx, &t, "macros with a variable number of arguments are not supported", "write a function");
            return false;
        }
        if (t.kind != LA_T_IDENT || m->nr_params == LA_MACRO_PARAMS_MAX) {
            macro_error(lx, &t, "the arguments of a macro are names", "for example: #define HALF(n) ((n) / 2)");
            return false;
        }
        params[m->nr_params++] = t.u.name;
    }
    m->function_like = true;
    m->params = la_pool_alloc(lx->pool, m->nr_params * (uint32_t)sizeof *m->params);
    if (m->nr_params && !lx->pool->failed)
        memcpy(m->params, params, m->nr_params * sizeof *params);
    return true;
}

/* Which parameter of @m the token is; nr_params when none. */
static uint32_t parameter_of(const struct la_macro *m, const struct la_token *t)
{
    uint32_t p = t->kind == LA_T_IDENT ? 0 : m->nr_params;

    while (p < m->nr_params && m->params[p] != t->u.name)
        p++;
    return p;
}

static bool macro_body(struct la_lexer *lx, struct la_macro *m)
{
    la_token_vec body = {0};
    struct la_token t;
    bool good = true;

    while (good && line_token(lx, &t)) {
        bool after_hash = m->function_like && body.nr && body.data[body.nr - 1].kind == LA_P_HASH;

        if (t.kind == LA_P_HASHHASH) {
            macro_error(lx, &t, "## is not supported in macros", "write the name out");
            good = false;
        } else if (after_hash && parameter_of(m, &t) == m->nr_params) {
            macro_error(lx, &t, "# stands before an argument of the macro", "for example: #define NAME(x) #x");
            good = false;
        } else if (!LA_VEC_PUSH(lx->host, &body, t)) {
            lx->failed = true;
            good = false;
        }
    }
    m->body = la_pool_alloc(lx->pool, body.nr * (uint32_t)sizeof t);
    if (body.nr && !lx->pool->failed) {
        memcpy(m->body, body.data, body.nr * sizeof t);
        m->nr_body = body.nr;
    }
    LA_VEC_FREE(lx->host, &body);
    return good;
}

static bool define(struct la_lexer *lx, struct la_token *token)
{
    struct la_macro *m = la_pool_alloc(lx->pool, sizeof *m);
    struct la_token t;

    if (!line_token(lx, &t) || t.kind != LA_T_IDENT) {
        macro_error(lx, token, "#define needs a name", "for example: #define NR_PAGES 16");
        return false;
    }
    m->name = t.u.name;
    bool with_params = lx->p < lx->end && *lx->p == '(';

    if (with_params)
        (void)line_token(lx, &t);
    if ((with_params && !macro_params(lx, m)) || !macro_body(lx, m))
        return false;
    token->kind = LA_T_DEFINE;
    token->u.macro = m;
    return true;
}

static bool undefine(struct la_lexer *lx, struct la_token *token)
{
    struct la_macro *m = la_pool_alloc(lx->pool, sizeof *m);
    struct la_token t;

    if (!line_token(lx, &t) || t.kind != LA_T_IDENT)
        return false;
    m->name = t.u.name;
    m->undefine = true;
    token->kind = LA_T_DEFINE;
    token->u.macro = m;
    return true;
}

static bool is_one_of(const struct la_name *name, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(name->text, *words) == 0)
            return true;
    return false;
}

bool la_lex_directive(struct la_lexer *lx, struct la_token *token)
{
    static const char *const ignored[] = {"include", "pragma", "line", "ident", "warning", NULL};
    static const char *const conditions[] = {"if", "ifdef", "ifndef", "else", "elif", "endif", NULL};
    struct la_token t;
    bool keep = false;

    if (!line_token(lx, &t))
        return false;
    bool word = t.kind == LA_T_IDENT || t.kind > LA_P_HASH;

    if (word && strcmp(t.u.name->text, "define") == 0)
        keep = define(lx, token);
    else if (word && strcmp(t.u.name->text, "undef") == 0)
        keep = undefine(lx, token);
    else if (word && is_one_of(t.u.name, conditions))
        macro_error(lx, &t, "conditional compilation is not supported",
                    "keep the lines that should run, remove the others");
    else if (!word || !is_one_of(t.u.name, ignored))
        macro_error(lx, &t, "unknown directive", "known: #define, #undef; #include is ignored");
    skip_line(lx);
    return keep;
}

/* ---- replacement ---- */

struct expander {
    struct la_lexer *lx;
    uint32_t depth;
};

static bool expand_list(struct expander *ex, const struct la_token *list, uint32_t nr, const struct la_token *site,
                        la_token_vec *out);

static bool put(struct expander *ex, la_token_vec *out, struct la_token t, const struct la_token *site)
{
    if (site) {
        t.line = site->line;
        t.column = site->column;
        t.end_line = site->end_line;
        t.end_column = site->end_column;
        t.block = site->block;
        t.src = site->src;
    }
    if (out->nr >= LA_TOKENS_MAX) {
        if (!ex->lx->failed)
            la_diags_add(ex->lx->diags, LA_SEVERE, LA_E_LIMIT, la_token_span(&t), "macros make this program too long",
                         "half a million tokens is the limit");
        ex->lx->failed = true;
        return false;
    }
    return LA_VEC_PUSH(ex->lx->host, out, t);
}

/* Read the body again with the macro switched off. */
static bool rescan(struct expander *ex, struct la_macro *m, const struct la_token *list, uint32_t nr,
                   const struct la_token *site, la_token_vec *out)
{
    if (ex->depth >= LA_MACRO_DEPTH_MAX) {
        macro_error(ex->lx, site, "macros are nested too deep", NULL);
        ex->lx->failed = true;
        return false;
    }
    m->busy = true;
    ex->depth++;
    bool good = expand_list(ex, list, nr, site, out);

    ex->depth--;
    m->busy = false;
    return good;
}

/* Index of the token behind argument @from of a call, at its `,` or `)`; @nr when there is none. */
static uint32_t argument_end(const struct la_token *list, uint32_t from, uint32_t nr)
{
    uint32_t open = 0;

    for (uint32_t i = from; i < nr; i++) {
        uint16_t k = list[i].kind;

        if (open == 0 && (k == LA_P_COMMA || k == LA_P_RPAREN))
            return i;
        open += k == LA_P_LPAREN || k == LA_P_LBRACKET || k == LA_P_LBRACE;
        open -= open && (k == LA_P_RPAREN || k == LA_P_RBRACKET || k == LA_P_RBRACE);
    }
    return nr;
}

/* Where each parameter's argument lies in a list of tokens that are already replaced. */
struct arguments {
    la_token_vec tokens;
    uint32_t start[LA_MACRO_PARAMS_MAX + 1];
    uint32_t nr;
    struct {
        const struct la_token *first;
        uint32_t nr;
    } written[LA_MACRO_PARAMS_MAX]; /* before anything was replaced */
};

/* Read the arguments of a call; list[@at] is the token behind the `(`.  Returns the index of the `)`, or @nr. */
static uint32_t read_arguments(struct expander *ex, const struct la_token *list, uint32_t at, uint32_t nr,
                               struct arguments *args)
{
    for (;;) {
        uint32_t end = argument_end(list, at, nr);

        if (end == nr)
            return nr;
        if (args->nr < LA_MACRO_PARAMS_MAX) {
            if (!expand_list(ex, list + at, end - at, NULL, &args->tokens))
                return nr;
            args->written[args->nr].first = list + at;
            args->written[args->nr].nr = end - at;
            args->start[++args->nr] = args->tokens.nr;
        } else {
            args->nr++;
        }
        if (list[end].kind == LA_P_RPAREN)
            return end;
        at = end + 1;
    }
}

/* The text of @t.  A number that a macro put there is written in decimal: its own text is not known any more. */
static void spell(struct la_buf *text, const struct la_token *t)
{
    bool name = t->kind == LA_T_IDENT || t->kind > LA_P_HASH;

    if (name)
        la_buf_puts(text, t->u.name->text);
    else if (t->kind > LA_T_DEFINE)
        la_buf_puts(text, la_tok_spelling((enum la_tok)t->kind));
    else if (t->kind == LA_T_NUMBER && !(t->src[0] >= '0' && t->src[0] <= '9'))
        la_buf_printf(text, "%llu", (unsigned long long)t->u.value);
    else if (t->line == t->end_line)
        la_buf_printf(text, "%.*s", (int)(t->end_column - t->column), t->src);
}

/* #argument: its tokens as they were written, as a string. */
static bool put_string(struct expander *ex, const struct arguments *args, uint32_t p, const struct la_token *site,
                       la_token_vec *out)
{
    const struct la_token *list = args->written[p].first;
    struct la_buf text;

    la_buf_init(&text, ex->lx->host);
    for (uint32_t i = 0; i < args->written[p].nr; i++) {
        if (i > 0 && list[i].space_before)
            la_buf_putc(&text, ' ');
        spell(&text, &list[i]);
    }
    uint32_t len = (uint32_t)strlen(la_buf_str(&text));
    char *kept = la_pool_alloc(ex->lx->pool, len + 1);

    if (!ex->lx->pool->failed)
        memcpy(kept, la_buf_str(&text), len + 1);
    la_buf_free(&text);
    return !ex->lx->pool->failed &&
           put(ex, out, (struct la_token){.kind = LA_T_STRING, .u.str = kept, .len = len}, site);
}

static bool substitute(struct expander *ex, struct la_macro *m, const struct arguments *args,
                       const struct la_token *site, la_token_vec *out)
{
    la_token_vec text = {0};
    bool good = true;

    for (uint32_t i = 0; i < m->nr_body && good; i++) {
        bool as_string = m->body[i].kind == LA_P_HASH && i + 1 < m->nr_body;
        uint32_t p = parameter_of(m, &m->body[i + as_string]);

        if (as_string) {
            good = put_string(ex, args, p, site, &text);
            i++;
            continue;
        }
        if (p == m->nr_params) {
            good = put(ex, &text, m->body[i], site);
            continue;
        }
        for (uint32_t k = args->start[p]; k < args->start[p + 1] && good; k++)
            good = put(ex, &text, args->tokens.data[k], site);
    }
    good = good && rescan(ex, m, text.data, text.nr, site, out);
    LA_VEC_FREE(ex->lx->host, &text);
    return good;
}

/* A call of a macro with arguments: list[@at] is its name.  Returns the index of the last token used. */
static uint32_t expand_call(struct expander *ex, const struct la_token *list, uint32_t at, uint32_t nr,
                            const struct la_token *site, la_token_vec *out)
{
    struct la_macro *m = list[at].u.name->macro;
    struct arguments args = {0};
    uint32_t end = ex->depth < LA_MACRO_DEPTH_MAX ? (ex->depth++, read_arguments(ex, list, at + 2, nr, &args)) : nr;
    bool none = args.nr == 1 && args.start[1] == 0 && m->nr_params == 0;
    struct la_token where = list[at];

    ex->depth -= ex->depth > 0;
    if (end == nr || (args.nr != m->nr_params && !none)) {
        if (!ex->lx->failed)
            la_diags_addf(ex->lx->diags, LA_SEVERE, LA_E_SYNTAX, la_token_span(&list[at]),
                          end == nr ? "close the call with `)`" : NULL, "macro %.60s takes %u argument%s",
                          m->name->text, (unsigned int)m->nr_params, m->nr_params == 1 ? "" : "s");
        end = end == nr ? at : end;
    } else {
        where.end_line = list[end].end_line;
        where.end_column = list[end].end_column;
        (void)substitute(ex, m, &args, site ? site : &where, out);
    }
    LA_VEC_FREE(ex->lx->host, &args.tokens);
    return end;
}

static bool expand_list(struct expander *ex, const struct la_token *list, uint32_t nr, const struct la_token *site,
                        la_token_vec *out)
{
    for (uint32_t i = 0; i < nr; i++) {
        struct la_macro *m = list[i].kind == LA_T_IDENT ? list[i].u.name->macro : NULL;
        bool good = true;

        if (list[i].kind == LA_T_DEFINE) {
            struct la_macro *d = list[i].u.macro;

            d->name->macro = d->undefine ? NULL : d;
        } else if (!m || m->busy) {
            good = put(ex, out, list[i], site);
        } else if (!m->function_like) {
            good = rescan(ex, m, m->body, m->nr_body, site ? site : &list[i], out);
        } else if (i + 1 < nr && list[i + 1].kind == LA_P_LPAREN) {
            i = expand_call(ex, list, i, nr, site, out);
            good = !ex->lx->failed;
        } else {
            good = put(ex, out, list[i], site);
        }
        if (!good)
            return false;
    }
    return true;
}

bool la_macro_expand(struct la_lexer *lx, const la_token_vec *raw, la_token_vec *out)
{
    struct expander ex = {lx, 0};

    return expand_list(&ex, raw->data, raw->nr, NULL, out);
}
