/*
 * lex.c: text to raw tokens: names, numbers, characters, strings, punctuators, comments.
 *
 * Lines and columns are those of the lesson; columns count bytes from 1.  A byte that cannot
 * start a token is reported once for a run of such bytes, and skipped.
 */
#include "lang/token.h"

#include <string.h>

static const char *const spelling[LA_T_NR] = {
#define LA_P(symbol, text) [LA_P_##symbol] = text,
#define LA_K(symbol, text) [LA_K_##symbol] = text,
#include "lang/token.def"
};

const char *la_tok_spelling(enum la_tok kind)
{
    return spelling[kind] ? spelling[kind] : "";
}

/* ---- names ---- */

struct la_name *la_name_get(struct la_names *names, const char *text, uint32_t len)
{
    uint32_t hash = 2166136261u;

    for (uint32_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    struct la_name **bucket = &names->bucket[(hash ^ hash >> 16) % LA_NAME_BUCKETS];

    for (struct la_name *n = *bucket; n; n = n->next)
        if (n->hash == hash && n->len == len && memcmp(n->text, text, len) == 0)
            return n;
    const char *copy = la_pool_text(names->pool, text, len);
    struct la_name *n = la_pool_alloc(names->pool, sizeof *n);

    n->text = copy;
    n->len = len;
    n->hash = hash;
    if (names->pool->failed) {
        n->text = "";
        return n;
    }
    n->next = *bucket;
    *bucket = n;
    return n;
}

void la_names_init(struct la_names *names, struct la_pool *pool)
{
    memset(names, 0, sizeof *names);
    names->pool = pool;
    for (uint16_t k = LA_T_DEFINE + 1; k < LA_T_NR; k++) {
        unsigned char c = (unsigned char)spelling[k][0];

        if (c == '_' || (c >= 'a' && c <= 'z'))
            la_name_get(names, spelling[k], (uint32_t)strlen(spelling[k]))->keyword = k;
    }
}

const char *la_token_text(const struct la_token *t, struct la_buf *out)
{
    la_buf_clear(out);
    switch (t->kind) {
    case LA_T_EOF:
    case LA_T_END_BLOCK:
        la_buf_puts(out, "the end of the block");
        break;
    case LA_T_IDENT:
        la_buf_printf(out, "`%.40s`", t->u.name->text);
        break;
    case LA_T_NUMBER:
    case LA_T_CHAR:
        la_buf_puts(out, t->kind == LA_T_CHAR ? "a character" : "a number");
        break;
    case LA_T_STRING:
        la_buf_puts(out, "a string");
        break;
    default:
        la_buf_printf(out, "`%s`", la_tok_spelling((enum la_tok)t->kind));
    }
    return la_buf_str(out);
}

/* ---- reading bytes ---- */

static unsigned char peek(const struct la_lexer *lx, size_t ahead)
{
    return (size_t)(lx->end - lx->p) > ahead ? (unsigned char)lx->p[ahead] : 0;
}

static void advance(struct la_lexer *lx)
{
    if (*lx->p == '\n') {
        lx->line++;
        lx->column = 1;
        lx->fresh_line = true;
    } else {
        lx->column++;
    }
    lx->p++;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(unsigned char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

static void lex_error(struct la_lexer *lx, const struct la_token *t, const char *message, const char *hint)
{
    struct la_span at = {t->line, t->column, lx->line, lx->column};

    la_diags_add(lx->diags, LA_SEVERE, LA_E_SYNTAX, at, message, hint);
}

static void skip_block_comment(struct la_lexer *lx)
{
    struct la_token start = {.line = lx->line, .column = lx->column};

    advance(lx);
    advance(lx);
    while (lx->p < lx->end && !(*lx->p == '*' && peek(lx, 1) == '/'))
        advance(lx);
    if (lx->p == lx->end) {
        la_diags_add(lx->diags, LA_SEVERE, LA_E_SYNTAX,
                     (struct la_span){start.line, start.column, start.line, start.column + 2},
                     "this comment never ends", "close it with `*/`");
        return;
    }
    advance(lx);
    advance(lx);
}

/* Blanks, comments and joined lines.  Line ends are blanks too: directives look at fresh_line. */
static void skip_blanks(struct la_lexer *lx)
{
    for (;;) {
        unsigned char c = peek(lx, 0);

        if (lx->p == lx->end)
            return;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
            advance(lx);
        } else if (c == '/' && peek(lx, 1) == '*') {
            skip_block_comment(lx);
        } else if (c == '/' && peek(lx, 1) == '/') {
            while (lx->p < lx->end && *lx->p != '\n')
                advance(lx);
        } else if (c == '\\' && (peek(lx, 1) == '\n' || (peek(lx, 1) == '\r' && peek(lx, 2) == '\n'))) {
            bool fresh = lx->fresh_line;

            while (*lx->p != '\n')
                advance(lx);
            advance(lx);
            lx->fresh_line = fresh;
        } else {
            return;
        }
        lx->space = true;
    }
}

/* ---- numbers ---- */

static uint32_t digit_value(unsigned char c)
{
    if (is_digit(c))
        return c - '0';
    c = (unsigned char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99;
}

static bool number_suffix(struct la_lexer *lx, struct la_token *t)
{
    bool seen_u = false, seen_l = false;

    for (;;) {
        unsigned char c = (unsigned char)(peek(lx, 0) | 0x20);

        if (c == 'u' && !seen_u) {
            seen_u = true;
            t->flags |= LA_NUM_UNSIGNED;
        } else if (c == 'l' && !seen_l) {
            seen_l = true;
            t->flags |= LA_NUM_LONG;
            if (peek(lx, 1) == peek(lx, 0)) {
                t->flags |= LA_NUM_LLONG;
                advance(lx);
            }
        } else {
            return !is_word(peek(lx, 0));
        }
        advance(lx);
    }
}

static void lex_number(struct la_lexer *lx, struct la_token *t)
{
    uint32_t base = 10, digits = 0;
    bool overflow = false;

    t->kind = LA_T_NUMBER;
    if (peek(lx, 0) == '0' && (peek(lx, 1) | 0x20) == 'x') {
        base = 16;
    } else if (peek(lx, 0) == '0' && (peek(lx, 1) | 0x20) == 'b') {
        base = 2;
    } else if (peek(lx, 0) == '0') {
        base = 8;
    } else {
        t->flags = LA_NUM_DECIMAL;
    }
    if (base == 16 || base == 2) {
        advance(lx);
        advance(lx);
    }
    for (uint32_t d; (d = digit_value(peek(lx, 0))) < base; digits++) {
        overflow |= t->u.value > (UINT64_MAX - d) / base;
        t->u.value = t->u.value * base + d;
        advance(lx);
    }
    bool real = peek(lx, 0) == '.' || (base == 10 && (peek(lx, 0) | 0x20) == 'e');
    bool good = digits && !real && number_suffix(lx, t);

    while (!good && (is_word(peek(lx, 0)) || peek(lx, 0) == '.'))
        advance(lx);
    if (real)
        lex_error(lx, t, "floating-point numbers are not used in the kernel", "use integers");
    else if (!good)
        lex_error(lx, t, "this is not a number",
                  base == 8 ? "a number that starts with 0 is octal: only the digits 0 to 7"
                            : "digits, then at most the suffix u, l or ll");
    else if (overflow)
        lex_error(lx, t, "this number does not fit in 64 bits", "the largest is 0xffffffffffffffff");
}

/* ---- characters and strings ---- */

static uint32_t lex_escape_digits(struct la_lexer *lx, uint32_t base, uint32_t max_digits)
{
    uint32_t value = 0;

    for (uint32_t d, i = 0; i < max_digits && (d = digit_value(peek(lx, 0))) < base; i++) {
        value = value * base + d;
        advance(lx);
    }
    return value & 0xFF;
}

/* One byte of a character or string, p behind it afterwards. */
static char lex_char(struct la_lexer *lx)
{
    static const char from[] = "abfnrtv0\\'\"?e", to[] = "\a\b\f\n\r\t\v\0\\'\"?\033";
    char c = *lx->p;

    advance(lx);
    if (c != '\\' || lx->p == lx->end)
        return c;
    c = *lx->p;
    if (is_digit((unsigned char)c))
        return (char)lex_escape_digits(lx, 8, 3);
    advance(lx);
    if (c == 'x')
        return (char)lex_escape_digits(lx, 16, 2);
    const char *at = strchr(from, c);

    if (c && at)
        return to[at - from];
    struct la_token here = {.line = lx->line, .column = lx->column > 2 ? lx->column - 2 : 1};

    lex_error(lx, &here, "unknown escape sequence", "write \\\\ for a backslash itself");
    return c;
}

static void lex_quoted(struct la_lexer *lx, struct la_token *t, char quote)
{
    struct la_buf text;

    la_buf_init(&text, lx->host);
    t->kind = quote == '"' ? LA_T_STRING : LA_T_CHAR;
    advance(lx);
    while (lx->p < lx->end && *lx->p != quote && *lx->p != '\n')
        la_buf_putc(&text, lex_char(lx));
    if (lx->p == lx->end || *lx->p != quote)
        lex_error(lx, t, quote == '"' ? "this string never ends" : "this character never ends",
                  quote == '"' ? "close it with \" on the same line" : "close it with ' right behind the character");
    else
        advance(lx);
    if (quote == '"') {
        t->len = (uint32_t)text.len;
        t->u.str = la_pool_text(lx->pool, la_buf_str(&text), t->len);
    } else {
        if (text.len != 1)
            lex_error(lx, t, text.len ? "a character constant holds one character" : "this character constant is empty",
                      "strings are written in \"double quotes\"");
        t->u.value = text.len ? (uint64_t)(int64_t)(signed char)text.data[0] : 0;
    }
    lx->failed |= text.failed;
    la_buf_free(&text);
}

/* ---- everything else ---- */

static void lex_unknown(struct la_lexer *lx, struct la_token *t)
{
    bool not_ascii = (unsigned char)*lx->p >= 0x80;
    bool quote = not_ascii && peek(lx, 0) == 0xE2 && peek(lx, 1) == 0x80;

    do {
        advance(lx);
    } while (lx->p < lx->end && ((unsigned char)*lx->p >= 0x80) && not_ascii);
    lex_error(lx, t, not_ascii ? "this character is not used in C" : "this character means nothing in C",
              quote ? "use plain quotes and dashes: \" ' -" : "remove it");
}

static bool lex_punctuator(struct la_lexer *lx, struct la_token *t)
{
    for (uint16_t k = LA_P_ELLIPSIS; k <= LA_P_HASH; k++) {
        size_t n = strlen(spelling[k]);

        if ((size_t)(lx->end - lx->p) >= n && memcmp(lx->p, spelling[k], n) == 0) {
            t->kind = k;
            while (n--)
                advance(lx);
            return true;
        }
    }
    return false;
}

static void lex_word(struct la_lexer *lx, struct la_token *t)
{
    const char *start = lx->p;

    while (is_word(peek(lx, 0)))
        advance(lx);
    t->u.name = la_name_get(lx->names, start, (uint32_t)(lx->p - start));
    t->kind = t->u.name->keyword ? t->u.name->keyword : LA_T_IDENT;
}

struct la_token la_lex_raw(struct la_lexer *lx)
{
    for (;;) {
        lx->space = false;
        skip_blanks(lx);
        struct la_token t = {
            .line = lx->line, .column = lx->column, .block = lx->block, .space_before = lx->space, .src = lx->p};
        unsigned char c = peek(lx, 0);

        if (lx->p == lx->end || lx->failed || lx->pool->failed) {
            t.kind = LA_T_EOF;
            t.end_line = t.line;
            t.end_column = t.column;
            return t;
        }
        if (is_digit(c) || (c == '.' && is_digit(peek(lx, 1)))) {
            lex_number(lx, &t);
        } else if (is_word(c)) {
            lex_word(lx, &t);
        } else if (c == '"' || c == '\'') {
            lex_quoted(lx, &t, (char)c);
        } else if (!lex_punctuator(lx, &t)) {
            lex_unknown(lx, &t);
            continue;
        }
        t.end_line = lx->line;
        t.end_column = lx->column;
        return t;
    }
}

static bool push(struct la_lexer *lx, la_token_vec *out, const struct la_token *t)
{
    if (out->nr >= LA_TOKENS_MAX) {
        if (!lx->failed)
            la_diags_add(lx->diags, LA_SEVERE, LA_E_LIMIT, la_token_span(t), "the program is too long",
                         "a lesson may hold half a million tokens of C");
        lx->failed = true;
        return false;
    }
    return LA_VEC_PUSH(lx->host, out, *t);
}

bool la_lex(struct la_lexer *lx, const char *text, size_t len, uint32_t line, uint32_t block, la_token_vec *out)
{
    la_token_vec raw = {0};
    bool good = true;

    lx->p = text;
    lx->end = text + len;
    lx->line = line;
    lx->column = 1;
    lx->block = block;
    lx->fresh_line = true;
    for (bool more = true; more && good;) {
        struct la_token t = la_lex_raw(lx);
        bool first = lx->fresh_line;

        lx->fresh_line = false;
        if (t.kind == LA_P_HASH && first) {
            if (la_lex_directive(lx, &t))
                good = push(lx, &raw, &t);
            lx->fresh_line = true;
            continue;
        }
        more = t.kind != LA_T_EOF;
        if (!more)
            t.kind = LA_T_END_BLOCK;
        good = push(lx, &raw, &t);
    }
    good = good && la_macro_expand(lx, &raw, out);
    LA_VEC_FREE(lx->host, &raw);
    return good && !lx->failed && !lx->pool->failed;
}
