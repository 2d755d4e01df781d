/*
 * token.h: what the lexer hands to the parser, and names.
 *
 *     text --raw tokens--> macros replaced --> [token][token]...[END_BLOCK] [token]...[EOF]
 *
 * All text is turned into tokens before parsing starts; the parser can look ahead as far as it
 * likes.  Each identifier is one la_name in the program, so names compare by address and lead
 * directly to the macro, symbol and tag they mean at the moment.
 * A token that came out of a macro carries the place where the macro was used.
 */
#ifndef LA_LANG_TOKEN_H
#define LA_LANG_TOKEN_H

#include "base/diag.h"
#include "lang/pool.h"

#include <stdbool.h>
#include <stdint.h>

enum la_tok {
    LA_T_EOF,
    LA_T_END_BLOCK, /* the end of one code block of the lesson */
    LA_T_IDENT,
    LA_T_NUMBER,
    LA_T_CHAR,
    LA_T_STRING,
    LA_T_DEFINE, /* only before macro replacement: a #define takes effect here */
#define LA_P(symbol, text) LA_P_##symbol,
#define LA_K(symbol, text) LA_K_##symbol,
#include "lang/token.def"
    LA_T_NR
};

/* flags of a NUMBER */
enum { LA_NUM_UNSIGNED = 1, LA_NUM_LONG = 2, LA_NUM_LLONG = 4, LA_NUM_DECIMAL = 8 };

struct la_macro;
struct la_sym;

struct la_name {
    const char *text;
    uint32_t len, hash;
    uint16_t keyword; /* enum la_tok, or 0 */
    struct la_macro *macro;
    struct la_sym *sym;   /* variable, function, typedef, enum constant: innermost */
    struct la_sym *tag;   /* struct, union, enum: innermost */
    struct la_name *next; /* in the hash bucket */
};

struct la_token {
    uint16_t kind; /* enum la_tok */
    uint8_t flags; /* NUMBER */
    bool space_before;
    uint32_t line, column, end_line, end_column;
    uint32_t block;
    union {
        struct la_name *name;   /* IDENT and keywords */
        uint64_t value;         /* NUMBER, CHAR */
        const char *str;        /* STRING: bytes with escapes replaced */
        struct la_macro *macro; /* DEFINE */
    } u;
    uint32_t len;    /* STRING: bytes without the NUL */
    const char *src; /* where it stands in the text; valid while compiling */
};

struct la_macro {
    struct la_name *name;
    bool function_like, busy;
    bool undefine; /* a #undef */
    uint32_t nr_params;
    struct la_name **params;
    struct la_token *body;
    uint32_t nr_body;
};

enum {
    LA_NAME_BUCKETS = 1024,
    LA_TOKENS_MAX = 1 << 19,
    LA_TEXT_MAX = 4 << 20,
    LA_MACRO_PARAMS_MAX = 16,
    LA_MACRO_DEPTH_MAX = 64
};

struct la_names {
    struct la_pool *pool;
    struct la_name *bucket[LA_NAME_BUCKETS];
};

typedef LA_VEC(struct la_token) la_token_vec;

/** The one la_name for @text. */
struct la_name *la_name_get(struct la_names *names, const char *text, uint32_t len);
/** Enter the keywords. */
void la_names_init(struct la_names *names, struct la_pool *pool);
/** "`;`", "`while`", "a number": a token for messages; @out is cleared first. */
const char *la_token_text(const struct la_token *token, struct la_buf *out);
/** The text of a keyword or punctuator. */
const char *la_tok_spelling(enum la_tok kind);

static inline struct la_span la_token_span(const struct la_token *t)
{
    return (struct la_span){t->line, t->column, t->end_line, t->end_column};
}

/* ---- lex.c and macro.c ---- */

struct la_lexer {
    const struct la_host *host;
    struct la_pool *pool;
    struct la_names *names;
    struct la_diags *diags;
    const char *p, *end; /* what is left of the text */
    uint32_t line, column;
    uint32_t block;
    bool space;      /* blanks were skipped before the token */
    bool fresh_line; /* nothing but blanks since the line began */
    bool failed;     /* a limit was passed: stop */
};

/**
 * Turn @text into tokens, macros replaced, and append them to @out followed by END_BLOCK.
 * False when host memory is out or a limit was passed (then @diags says so).
 */
bool la_lex(struct la_lexer *lexer, const char *text, size_t len, uint32_t line, uint32_t block, la_token_vec *out);
/** The next raw token (macro.c reads the lines of directives with it); EOF at the end. */
struct la_token la_lex_raw(struct la_lexer *lexer);
/** Read the directive behind a `#` at the start of a line; true when @token is a DEFINE to keep. */
bool la_lex_directive(struct la_lexer *lexer, struct la_token *token);
/** Replace macros in @raw and append to @out. */
bool la_macro_expand(struct la_lexer *lexer, const la_token_vec *raw, la_token_vec *out);

#endif
