/* parse.c: taking tokens, messages, recovery, nesting. */
#include "lang/compiler.h"

#include "mm/gfp.h"

#include <string.h>

/* ---- tokens ---- */

const struct la_token *la_peek_at(const struct la_program *p, uint32_t ahead)
{
    uint32_t last = p->tokens.nr - 1;

    return &p->tokens.data[p->oom ? last : p->at + ahead < last ? p->at + ahead : last];
}

const struct la_token *la_peek(const struct la_program *p)
{
    return la_peek_at(p, 0);
}

struct la_token la_next(struct la_program *p)
{
    struct la_token t = *la_peek(p);

    p->oom |= p->pool.failed;
    if (p->at < p->tokens.nr - 1)
        p->at++;
    return t;
}

bool la_accept(struct la_program *p, enum la_tok kind)
{
    if (la_peek(p)->kind != kind)
        return false;
    (void)la_next(p);
    return true;
}

struct la_span la_span_from(const struct la_program *p, struct la_span start)
{
    if (p->at) {
        const struct la_token *last = &p->tokens.data[p->at - 1];

        if (last->kind != LA_T_END_BLOCK &&
            (last->end_line > start.line || (last->end_line == start.line && last->end_column > start.column))) {
            start.end_line = last->end_line;
            start.end_column = last->end_column;
        }
    }
    return start;
}

/* Right behind the last token: where something is missing. */
static struct la_span behind_last(const struct la_program *p)
{
    if (p->at == 0)
        return la_token_span(la_peek(p));
    const struct la_token *last = &p->tokens.data[p->at - 1];

    return (struct la_span){last->end_line, last->end_column, last->end_line, last->end_column + 1};
}

static const char *expect_hint(enum la_tok kind)
{
    switch (kind) {
    case LA_P_SEMI:
        return "end the statement with `;`";
    case LA_P_RBRACE:
        return "every `{` needs its `}` in the same block of the lesson";
    case LA_P_RPAREN:
        return "every `(` needs its `)`";
    case LA_P_RBRACKET:
        return "every `[` needs its `]`";
    default:
        return NULL;
    }
}

bool la_expect(struct la_program *p, enum la_tok kind, const char *after)
{
    if (la_accept(p, kind))
        return true;
    if (kind == LA_P_SEMI && p->typed && la_peek(p)->kind == LA_T_END_BLOCK && p->level == 0)
        return true; /* a typed line may end without one */
    struct la_buf found;

    la_buf_init(&found, p->host);
    if (kind == LA_P_SEMI || kind == LA_P_RPAREN || kind == LA_P_RBRACKET || kind == LA_P_RBRACE)
        la_error_at(p, behind_last(p), LA_E_SYNTAX, expect_hint(kind), "missing `%s` after %s", la_tok_spelling(kind),
                    after);
    else
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, expect_hint(kind), "expected `%s` after %s, found %s",
                    la_tok_spelling(kind), after, la_token_text(la_peek(p), &found));
    la_buf_free(&found);
    /* A `;` forgotten at the end of a line: the next line can be read as if it were there. */
    if (kind != LA_P_SEMI || p->at == 0 || la_peek(p)->line == p->tokens.data[p->at - 1].end_line)
        p->panic = true;
    return false;
}

bool la_nest(struct la_program *p)
{
    if (p->nest < LA_NEST_MAX) {
        p->nest++;
        return true;
    }
    la_error_at(p, la_token_span(la_peek(p)), LA_E_LIMIT, "split it into functions or smaller expressions",
                "nested deeper than %d levels", LA_NEST_MAX);
    p->panic = true;
    /* Nothing sensible can follow: leave this block of the lesson. */
    while (la_peek(p)->kind != LA_T_EOF && la_peek(p)->kind != LA_T_END_BLOCK)
        (void)la_next(p);
    return false;
}

void la_unnest(struct la_program *p)
{
    p->nest--;
}

static bool starts_statement(uint16_t kind)
{
    switch (kind) {
    case LA_K_IF:
    case LA_K_WHILE:
    case LA_K_DO:
    case LA_K_FOR:
    case LA_K_SWITCH:
    case LA_K_RETURN:
    case LA_K_BREAK:
    case LA_K_CONTINUE:
    case LA_K_STRUCT:
    case LA_K_TYPEDEF:
        return true;
    default:
        return false;
    }
}

void la_recover(struct la_program *p)
{
    uint32_t open = 0, start = p->at;

    p->panic = false;
    for (;;) {
        const struct la_token *t = la_peek(p);

        if (t->kind == LA_T_EOF || t->kind == LA_T_END_BLOCK || (t->kind == LA_P_RBRACE && open == 0))
            return;
        /* A statement that begins a new line is where a missing `;` stops to matter. */
        if (open == 0 && p->at > start && starts_statement(t->kind) && t->line != p->tokens.data[p->at - 1].end_line)
            return;
        (void)la_next(p);
        if (t->kind == LA_P_SEMI && open == 0)
            return;
        open += t->kind == LA_P_LBRACE;
        if (t->kind == LA_P_RBRACE && --open == 0)
            return;
    }
}

/* ---- messages ---- */

void la_error_at(struct la_program *p, struct la_span at, enum la_error code, const char *hint, const char *fmt, ...)
{
    struct la_buf text;
    va_list ap;

    p->errors = true;
    if (p->panic)
        return;
    la_buf_init(&text, p->host);
    va_start(ap, fmt);
    la_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    la_diags_add(p->diags, LA_SEVERE, code, at, la_buf_str(&text), hint);
    la_buf_free(&text);
}

void la_warn_at(struct la_program *p, struct la_span at, enum la_error code, const char *hint, const char *fmt, ...)
{
    struct la_buf text;
    va_list ap;

    la_buf_init(&text, p->host);
    va_start(ap, fmt);
    la_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    la_diags_add(p->diags, LA_WARNING, code, at, la_buf_str(&text), hint);
    la_buf_free(&text);
}

const char *la_quote_type(struct la_program *p, const struct la_type *type, struct la_buf *out)
{
    (void)p;
    la_buf_clear(out);
    la_buf_putc(out, '`');
    la_type_text(type, out);
    la_buf_putc(out, '`');
    return la_buf_str(out);
}

typedef LA_VEC(const char *) text_vec;

/* Everything a typo could have meant. */
static const char *best_guess(struct la_program *p, const char *name)
{
    text_vec words = {0};
    uint32_t nr;
    const struct la_api *api = la_api_table(&nr);
    bool good = true;

    for (uint32_t i = 0; i < nr && good; i++)
        good = LA_VEC_PUSH(p->host, &words, api[i].name);
    const struct la_gfp_name *gfp = la_gfp_names(&nr);

    for (uint32_t i = 0; i < nr && good; i++)
        good = LA_VEC_PUSH(p->host, &words, gfp[i].name);
    for (uint32_t b = 0; b < LA_NAME_BUCKETS && good; b++)
        for (const struct la_name *n = p->names.bucket[b]; n && good; n = n->next)
            if (n->sym || n->macro)
                good = LA_VEC_PUSH(p->host, &words, n->text);
    const char *best = strlen(name) > 2 ? la_did_you_mean(name, words.data, words.nr) : NULL;

    LA_VEC_FREE(p->host, &words);
    return best;
}

void la_unknown_name(struct la_program *p, const struct la_token *t, bool call)
{
    const char *name = t->u.name->text, *guess = best_guess(p, name);
    struct la_buf hint;

    la_buf_init(&hint, p->host);
    if (guess)
        la_buf_printf(&hint, "did you mean %s?", guess);
    else if (call)
        la_buf_puts(&hint, "define the function above its first use, or look at the list of kernel calls");
    else
        la_buf_puts(&hint, "declare it first");
    la_error_at(p, la_token_span(t), LA_E_UNKNOWN_NAME, la_buf_str(&hint), "unknown %s `%.60s`",
                call ? "function" : "name", name);
    la_buf_free(&hint);
}
