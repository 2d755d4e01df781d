/*
 * compiler.h: what the parts of the compiler share.
 *
 *     tokens -> parse_*.c -> nodes (typed expressions) -> emit*.c -> bytecode
 *               declare.c    check*.c                     statements are emitted as they are read
 *
 * An expression becomes a small tree of nodes in which every conversion is explicit; then it is
 * emitted and forgotten.  After an error the node's type is `int` and it is marked `bad`, which
 * keeps one mistake from causing ten messages.
 *
 * Scopes: each la_name points to its innermost symbol, which remembers the outer one; `prev`
 * chains the symbols in order of declaration, so one pointer (la_stmt.env) says what is in scope.
 */
#ifndef LA_LANG_COMPILER_H
#define LA_LANG_COMPILER_H

#include "lang/bytecode.h"
#include "lang/lang.h"
#include "lang/token.h"
#include "lang/type.h"

enum la_sym_kind { LA_SYM_GLOBAL, LA_SYM_LOCAL, LA_SYM_FUNCTION, LA_SYM_TYPEDEF, LA_SYM_ENUM_CONST, LA_SYM_TAG };

struct la_sym {
    uint8_t kind;   /* enum la_sym_kind */
    bool prelude;   /* comes from the prelude, not from the lesson */
    bool percpu;    /* DEFINE_PER_CPU: every CPU has a copy */
    bool only_declared; /* `extern`, and not defined up to here */
    uint8_t exported;   /* EXPORT_PER_CPU_SYMBOL: 1, …_GPL: 2 */
    uint16_t level; /* scope depth; 0 = file */
    struct la_name *name;
    const struct la_type *type;
    uint32_t offset;      /* GLOBAL: in the image; LOCAL: from the frame; FUNCTION: index in fns */
    int64_t value;        /* ENUM_CONST */
    struct la_sym *outer; /* what the name meant before */
    struct la_sym *prev;  /* declared before this one */
    struct la_span span;
};

enum la_expr_kind {
    LA_N_NUM,
    LA_N_STRING,
    LA_N_VAR,
    LA_N_FUNCTION,
    LA_N_NATIVE,
    LA_N_NEG,
    LA_N_NOT,
    LA_N_LNOT,
    LA_N_ADDR,
    LA_N_DEREF,
    LA_N_MEMBER,
    LA_N_CAST,
    LA_N_ADD,
    LA_N_SUB,
    LA_N_MUL,
    LA_N_DIV,
    LA_N_MOD,
    LA_N_AND,
    LA_N_OR,
    LA_N_XOR,
    LA_N_SHL,
    LA_N_SHR,
    LA_N_EQ,
    LA_N_NE,
    LA_N_LT,
    LA_N_LE,
    LA_N_GT,
    LA_N_GE,
    LA_N_PTR_ADD,
    LA_N_PTR_DIFF,
    LA_N_ANDAND,
    LA_N_OROR,
    LA_N_COND,
    LA_N_COMMA,
    LA_N_ASSIGN,
    LA_N_OP_ASSIGN,
    LA_N_POST,
    LA_N_CALL,
    LA_N_ASSERT
};

/*
 * PTR_ADD: a pointer, b index of pointer-sized integer type, value = element bytes.
 * OP_ASSIGN: a target, op = the operator's node kind, b operand, sub = type it is done in.
 * POST: as OP_ASSIGN, the result is the old value.
 */
struct la_expr {
    uint8_t kind;
    uint8_t op;
    bool lvalue, bad, paren;
    uint16_t depth;
    const struct la_type *type;
    const struct la_type *sub;
    struct la_expr *a, *b, *c;
    struct la_expr *next; /* argument lists */
    struct la_sym *sym;
    uint64_t value; /* NUM; STRING: image offset; MEMBER: offset; NATIVE: row */
    struct la_span span;
};

enum {
    LA_NEST_MAX = 100,       /* parentheses, blocks, declarators */
    LA_NODE_DEPTH_MAX = 400, /* operators in one expression */
    LA_LOCALS_MAX = 32 * 1024,
    LA_CASES_MAX = 1024
};

/* Jumps to patch when a loop or switch ends. */
struct la_jump {
    uint32_t at;
    struct la_name *label; /* goto */
    struct la_span span;
};

struct la_label {
    struct la_name *name;
    uint32_t at;
};

struct la_case {
    int64_t value;
    uint32_t at;
};

struct la_loop {
    struct la_loop *outer;
    bool is_switch;
    uint32_t breaks, continues; /* first own entry in the vectors */
    uint32_t cases;             /* SWITCH: first own entry */
    const struct la_type *type; /* SWITCH: of its value */
    uint32_t default_at;        /* 0 = none */
};

/* A typed text, or what one leaves behind when it is forgotten. */
struct la_mark {
    uint32_t code, stmts, sites, fns, texts, data, calls;
    struct la_sym *env;
};

/* A piece of text typed at the console: same text at the same point compiles to the same code. */
struct la_unit {
    struct la_mark before, after;
    const char *text;
    uint32_t len, line;
    uint32_t entry, fn; /* fn: the pseudo-function whose frame it uses */
    uint32_t stmt;      /* the statement it was typed before */
    uint32_t fp;        /* frame pointer it was compiled for */
};

struct la_program {
    const struct la_host *host;
    struct la_pool pool;
    struct la_names names;
    struct la_types types;
    uint64_t image_base;
    bool errors, oom;

    LA_VEC(struct la_insn) code;
    LA_VEC(struct la_stmt) stmts;
    LA_VEC(struct la_site) sites;
    LA_VEC(struct la_fn) fns;
    LA_VEC(const char *) texts; /* of asserts */
    LA_VEC(unsigned char) data; /* initial bytes of the image from LA_IMG_DATA on */
    LA_VEC(uint16_t) calls;     /* rows of api.def the program names */
    LA_VEC(struct la_unit) units;
    struct la_mark end;                     /* the program without typed text */
    uint32_t top_frame_bytes, top_operands; /* of the statements outside functions */
    struct la_sym *env;                     /* declared last */

    /* ---- while compiling ---- */
    struct la_diags *diags;
    la_token_vec tokens;
    uint32_t at; /* next token */
    uint32_t nest;
    uint16_t level;
    bool in_prelude, typed, pure;
    bool panic; /* an error was reported; skip to the next statement */
    int32_t fn; /* index of the function being compiled; -1 = top level */
    uint32_t frame_used, frame_max, frame_base;
    uint32_t operands, operands_max;
    struct la_loop *loop;
    LA_VEC(struct la_jump) breaks;
    LA_VEC(struct la_jump) continues;
    LA_VEC(struct la_jump) gotos;
    LA_VEC(struct la_label) labels;
    LA_VEC(struct la_case) cases;
    LA_VEC(const struct la_type *) api_types; /* parsed prototypes, by row */
};

/* ---- messages (parse.c) ---- */

void la_error_at(struct la_program *p, struct la_span at, enum la_error code, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void la_warn_at(struct la_program *p, struct la_span at, enum la_error code, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/** Report that @name means nothing, with the nearest name that does. @call: it is being called. */
void la_unknown_name(struct la_program *p, const struct la_token *name, bool call);
/** "`int`", "`struct page *`" into a buffer of @out. */
const char *la_quote_type(struct la_program *p, const struct la_type *type, struct la_buf *out);

/* ---- tokens (parse.c) ---- */

const struct la_token *la_peek(const struct la_program *p);
const struct la_token *la_peek_at(const struct la_program *p, uint32_t ahead);
struct la_token la_next(struct la_program *p);
bool la_accept(struct la_program *p, enum la_tok kind);
/** Take @kind or say that it is missing; @after names what came before ("the condition"). */
bool la_expect(struct la_program *p, enum la_tok kind, const char *after);
/** The span from @start to the end of the last token taken. */
struct la_span la_span_from(const struct la_program *p, struct la_span start);
/** Enter one level of nesting; false (with a message) when it is too deep. */
bool la_nest(struct la_program *p);
void la_unnest(struct la_program *p);

/* ---- symbols (scope.c) ---- */

struct la_sym *la_declare(struct la_program *p, enum la_sym_kind kind, struct la_name *name, const struct la_type *type,
                          struct la_span span);
/** Leave a scope: names mean again what they meant when the newest symbol was @env. */
void la_scope_close(struct la_program *p, struct la_sym *env);
/** Take @bytes in the frame or in the image; false (with a message) when there is no room. */
bool la_place_local(struct la_program *p, struct la_sym *sym);
bool la_place_global(struct la_program *p, struct la_sym *sym);
/** Put a literal in the image; its offset. */
uint32_t la_place_string(struct la_program *p, const char *bytes, uint32_t len);

/* ---- types and declarations (parse_type.c, parse_decl.c, parse_init.c) ---- */

struct la_specifiers {
    const struct la_type *type;
    bool is_typedef, is_static, is_extern, is_percpu;
    uint8_t exported; /* la_sym.exported */
    struct la_span span;
};

bool la_starts_type(const struct la_program *p, const struct la_token *t);
/** Read `static const struct page …`; the type is never NULL. */
struct la_specifiers la_parse_specifiers(struct la_program *p);
/** Read a declarator around @base; @name may come back NULL. */
const struct la_type *la_parse_declarator(struct la_program *p, const struct la_type *base, struct la_token *name);
/** A type as in sizeof(type) and casts. */
const struct la_type *la_parse_type_name(struct la_program *p);
/** A declaration; at level 0 also functions. */
void la_parse_declaration(struct la_program *p);
/** The initialiser of @sym, emitted as code; @type may get its length. */
void la_parse_initialiser(struct la_program *p, struct la_sym *sym, struct la_span start);

/* ---- statements (parse_stmt.c) ---- */

void la_parse_statement(struct la_program *p);
void la_parse_compound(struct la_program *p);
void la_parse_function_body(struct la_program *p, struct la_sym *fn, struct la_span head);
/** Send the gotos from @first_goto on to the labels from @first_label on; forget both. */
void la_patch_gotos(struct la_program *p, uint32_t first_goto, uint32_t first_label);
/** Skip to where the next statement may start. */
void la_recover(struct la_program *p);

/* ---- expressions (parse_expr.c), checked and converted (check.c, check_assign.c, fold.c) ---- */

struct la_expr *la_parse_expression(struct la_program *p);
struct la_expr *la_parse_assignment(struct la_program *p);
/** A constant expression; 0 after a message. */
int64_t la_parse_constant(struct la_program *p);

struct la_expr *la_expr_new(struct la_program *p, enum la_expr_kind kind, struct la_span span);
struct la_expr *la_expr_bad(struct la_program *p, struct la_span span);
struct la_expr *la_expr_number(struct la_program *p, const struct la_type *type, uint64_t value, struct la_span span);
struct la_expr *la_expr_name(struct la_program *p, const struct la_token *name);
struct la_expr *la_expr_string(struct la_program *p, const char *bytes, uint32_t len, struct la_span span);
struct la_expr *la_expr_unary(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_span span);
struct la_expr *la_expr_binary(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b);
struct la_expr *la_expr_assign(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b);
struct la_expr *la_expr_step(struct la_program *p, enum la_tok op, struct la_expr *a, bool post, struct la_span span);
struct la_expr *la_expr_cond(struct la_program *p, struct la_expr *c, struct la_expr *a, struct la_expr *b);
struct la_expr *la_expr_index(struct la_program *p, struct la_expr *a, struct la_expr *b);
struct la_expr *la_expr_member(struct la_program *p, struct la_expr *a, const struct la_token *name, bool arrow);
struct la_expr *la_expr_call(struct la_program *p, struct la_expr *fn, struct la_expr *args, uint32_t nr,
                             struct la_span span);
struct la_expr *la_expr_cast(struct la_program *p, const struct la_type *type, struct la_expr *a, struct la_span span);
/** Arrays become pointers to their first element, functions pointers to themselves. */
struct la_expr *la_expr_decay(struct la_program *p, struct la_expr *a);
/** Convert without asking. */
struct la_expr *la_expr_convert(struct la_program *p, const struct la_type *type, struct la_expr *a);
/** Convert as by assignment to @type; @what says to what, for messages ("argument 1 of `alloc_pages`"). */
struct la_expr *la_expr_coerce(struct la_program *p, const struct la_type *type, struct la_expr *a, const char *what);
/** Warn where the arguments behind @format, a printk's first argument, do not fit it. */
void la_check_format(struct la_program *p, const struct la_expr *format, struct la_span span);
/** A value usable as a condition. */
struct la_expr *la_expr_condition(struct la_program *p, struct la_expr *a);
/** The variable a node names, for messages and results; NULL when it is none. */
const char *la_expr_subject(const struct la_expr *a);
/** Compute nodes whose operands are numbers; returns @a itself when nothing can be done. */
struct la_expr *la_fold(struct la_program *p, struct la_expr *a);
/** The value of an integer operator on canonical values; false for division by zero. */
bool la_compute(enum la_expr_kind op, const struct la_type *type, uint64_t x, uint64_t y, uint64_t *result);

/* ---- bytecode (emit.c, emit_expr.c) ---- */

uint32_t la_emit(struct la_program *p, enum la_op op, int32_t c);
void la_emit_const(struct la_program *p, uint64_t value);
/** A jump to patch later; returns its place. */
uint32_t la_emit_jump(struct la_program *p, enum la_op op);
void la_patch(struct la_program *p, uint32_t at, uint32_t target);
/** A step starts here. */
void la_emit_stmt(struct la_program *p, struct la_span span);
/** The value of @a on the operand stack (nothing for void). */
void la_emit_value(struct la_program *p, const struct la_expr *a);
/** The address of the object @a names. */
void la_emit_address(struct la_program *p, const struct la_expr *a);
/** Evaluate as a statement: the value goes to VALUE. */
void la_emit_expression_statement(struct la_program *p, const struct la_expr *a);
/** Store the value on the stack at the local or global @sym + @offset, as @type; pops it, or reports it as VALUE. */
void la_emit_store_sym(struct la_program *p, const struct la_sym *sym, uint32_t offset, const struct la_type *type,
                       bool report);

/* ---- the whole (compile.c) ---- */

/**
 * Compile @text, typed before statement @stmt with frame pointer @fp, as a unit at the end of the
 * program.  @question: one expression, nothing may change.  False with messages in @diags; then
 * the program is as before.
 */
bool la_compile_unit(struct la_program *p, const char *text, size_t len, uint32_t line, uint32_t stmt, uint32_t fp,
                     bool question, struct la_diags *diags, struct la_unit *unit);
/** Forget everything behind @mark. */
void la_program_rewind(struct la_program *p, const struct la_mark *mark);
/** Parse @prototype to a type; for api.c. */
const struct la_type *la_parse_prototype(struct la_program *p, const char *prototype);

/* ---- the table of kernel calls (api.c) ---- */

/** The row called @name, or -1. */
int32_t la_api_row(const char *name);
/** The type of row @row: its prototype, parsed once. */
const struct la_type *la_api_type(struct la_program *p, uint32_t row);
/** What every program has in front of it, in two parts: types and constants, then flags and macros. @pointer_bytes 4 or 8. */
void la_prelude_text(uint32_t pointer_bytes, const char *text[2]);

#endif
