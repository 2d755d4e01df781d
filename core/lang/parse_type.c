/*
 * parse_type.c: reading types: specifiers (`static const struct page`), structure bodies,
 * declarators (`*(*f)[4]`) and type names.
 *
 * A declarator in parentheses is read twice: first what follows it (which belongs to the inside
 * type), then its inside.
 */
#include "lang/compiler.h"

#include <string.h>

/* Counts of the words of a basic type. */
struct words {
    uint32_t is_void, is_bool, is_char, is_short, is_int, is_long, is_signed, is_unsigned, is_float;
};

static bool is_qualifier(uint16_t kind)
{
    switch (kind) {
    case LA_K_CONST:
    case LA_K_VOLATILE:
    case LA_K_REGISTER:
    case LA_K_INLINE:
    case LA_K_INLINE2:
    case LA_K_INIT:
    case LA_K_EXIT:
    case LA_K_USER:
    case LA_K_IOMEM:
    case LA_K_ATTRIBUTE:
        return true;
    default:
        return false;
    }
}

static bool is_type_word(uint16_t kind)
{
    return (kind >= LA_K_VOID && kind <= LA_K_DOUBLE) || kind == LA_K_STRUCT || kind == LA_K_UNION ||
           kind == LA_K_ENUM || kind == LA_K_TYPEOF || kind == LA_K_TYPEOF2;
}

static struct la_sym *typedef_of(const struct la_token *t)
{
    struct la_sym *sym = t->kind == LA_T_IDENT ? t->u.name->sym : NULL;

    return sym && sym->kind == LA_SYM_TYPEDEF ? sym : NULL;
}

/* `foo_t x` or `foo_t *x;` with an unknown foo_t can only be meant as a type. */
static bool looks_like_type(const struct la_program *p, uint32_t ahead)
{
    const struct la_token *t = la_peek_at(p, ahead), *u = la_peek_at(p, ahead + 1), *v = la_peek_at(p, ahead + 2);

    if (t->kind != LA_T_IDENT || t->u.name->sym || la_api_row(t->u.name->text) >= 0)
        return false;
    if (u->kind == LA_T_IDENT)
        return true;
    const struct la_token *w = la_peek_at(p, ahead + 3);

    return u->kind == LA_P_STAR && v->kind == LA_T_IDENT && !v->u.name->sym &&
           (w->kind == LA_P_SEMI || w->kind == LA_P_ASSIGN || w->kind == LA_P_COMMA || w->kind == LA_P_LBRACKET ||
            w->kind == LA_P_RPAREN);
}

bool la_starts_type(const struct la_program *p, const struct la_token *t)
{
    if (is_type_word(t->kind) || is_qualifier(t->kind) || t->kind == LA_K_TYPEDEF || t->kind == LA_K_STATIC ||
        t->kind == LA_K_EXTERN || t->kind == LA_K_PERCPU || typedef_of(t))
        return true;
    return t == la_peek(p) && looks_like_type(p, 0);
}

static void skip_parentheses(struct la_program *p)
{
    uint32_t open = 0;

    do {
        uint16_t kind = la_peek(p)->kind;

        if (kind == LA_T_EOF || kind == LA_T_END_BLOCK)
            return;
        open += kind == LA_P_LPAREN;
        open -= kind == LA_P_RPAREN;
        (void)la_next(p);
    } while (open);
}

static void skip_qualifier(struct la_program *p)
{
    if (la_next(p).kind == LA_K_ATTRIBUTE && la_peek(p)->kind == LA_P_LPAREN)
        skip_parentheses(p);
}

/* ---- structures ---- */

static void add_member(struct la_program *p, struct la_record *record, struct la_member ***tail,
                       const struct la_type *type, const struct la_token *name)
{
    struct la_member *m = la_pool_alloc(&p->pool, sizeof *m);

    for (const struct la_member *o = record->members; o && name->kind == LA_T_IDENT; o = o->next)
        if (o->name && strcmp(o->name, name->u.name->text) == 0) {
            la_error_at(p, la_token_span(name), LA_E_TYPE, "choose another name", "there is already a member `%.60s`",
                        o->name);
            return;
        }
    if (!la_type_complete(type)) {
        struct la_buf text;

        la_buf_init(&text, p->host);
        la_error_at(p, la_token_span(name), LA_E_TYPE, "a pointer to it would be possible",
                    "a member cannot have the type %s", la_quote_type(p, type, &text));
        la_buf_free(&text);
        return;
    }
    if (p->pool.failed)
        return;
    m->name = name->kind == LA_T_IDENT ? name->u.name->text : NULL;
    m->type = type;
    **tail = m;
    *tail = &m->next;
}

static void parse_member(struct la_program *p, struct la_record *record, struct la_member ***tail)
{
    struct la_specifiers spec = la_parse_specifiers(p);

    if (la_peek(p)->kind == LA_P_SEMI && spec.type->kind == LA_TY_RECORD) {
        struct la_token none = *la_peek(p);

        if (!spec.type->record->tag)
            add_member(p, record, tail, spec.type, &none);
    } else {
        do {
            struct la_token name = *la_peek(p);
            const struct la_type *type = la_parse_declarator(p, spec.type, &name);

            if (name.kind != LA_T_IDENT) {
                la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "for example: int count;",
                            "a member needs a name");
                p->panic = true;
                break;
            }
            if (la_peek(p)->kind == LA_P_COLON) {
                la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "use a whole member and masks",
                            "bit-fields are not supported");
                p->panic = true;
                break;
            }
            add_member(p, record, tail, type, &name);
        } while (la_accept(p, LA_P_COMMA));
    }
    if (!p->panic)
        (void)la_expect(p, LA_P_SEMI, "the member");
    if (p->panic)
        la_recover(p);
}

static void parse_record_body(struct la_program *p, struct la_type *type, struct la_span span)
{
    struct la_member *first = NULL, **tail = &first;
    struct la_record *record = type->record;

    while (la_peek(p)->kind != LA_P_RBRACE && la_peek(p)->kind != LA_T_EOF && la_peek(p)->kind != LA_T_END_BLOCK) {
        parse_member(p, record, &tail);
        record->members = first; /* so that the next member sees its neighbours */
    }
    (void)la_expect(p, LA_P_RBRACE, "the members");
    if (!la_record_layout(record))
        la_error_at(p, span, LA_E_LIMIT, "make its arrays smaller", "this structure is larger than %d bytes",
                    LA_OBJECT_MAX);
}

static const struct la_type *parse_record(struct la_program *p)
{
    struct la_token keyword = la_next(p), tag = *la_peek(p);
    bool is_union = keyword.kind == LA_K_UNION, named = tag.kind == LA_T_IDENT;
    struct la_sym *sym = named ? tag.u.name->tag : NULL;
    struct la_type *type = NULL;

    while (is_qualifier(la_peek(p)->kind))
        skip_qualifier(p);
    if (named)
        (void)la_next(p);
    bool body = la_peek(p)->kind == LA_P_LBRACE;

    if (!named && !body) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "for example: struct page *page;",
                    "`%s` needs a name or a body", la_tok_spelling((enum la_tok)keyword.kind));
        p->panic = true;
        return p->types.t_int;
    }
    /* A body starts a new structure unless this scope (or the prelude) only announced it. */
    if (sym && sym->type->kind == LA_TY_RECORD && (!body || (sym->level == p->level && !sym->type->record->complete)))
        type = (struct la_type *)(uintptr_t)sym->type;
    if (!type) {
        if (sym && body && sym->level == p->level && !sym->prelude && sym->type->kind == LA_TY_RECORD && !p->typed)
            la_error_at(p, la_token_span(&tag), LA_E_TYPE, "choose another name",
                        "`struct %.60s` is already defined, in line %u", tag.u.name->text,
                        (unsigned int)sym->span.line);
        type = la_type_record(&p->types, named ? tag.u.name->text : NULL, is_union);
        if (named)
            (void)la_declare(p, LA_SYM_TAG, tag.u.name, type, la_token_span(&tag));
    }
    if (body && la_nest(p)) {
        (void)la_next(p);
        parse_record_body(p, type, la_token_span(&keyword));
        la_unnest(p);
    }
    return type;
}

/* ---- enumerations ---- */

static void parse_enumerators(struct la_program *p)
{
    int64_t value = 0;

    while (la_peek(p)->kind == LA_T_IDENT) {
        struct la_token name = la_next(p);

        if (la_accept(p, LA_P_ASSIGN))
            value = la_parse_constant(p);
        if (value != (int32_t)value && value != (int64_t)(uint32_t)value)
            la_error_at(p, la_token_span(&name), LA_E_RANGE, "enumeration constants have the size of an int",
                        "the value of `%.60s` does not fit in 32 bits", name.u.name->text);
        const struct la_type *type = value == (int32_t)value ? p->types.t_int : p->types.t_uint;
        struct la_sym *sym = la_declare(p, LA_SYM_ENUM_CONST, name.u.name, type, la_token_span(&name));

        sym->value = value;
        value++;
        if (!la_accept(p, LA_P_COMMA))
            break;
    }
    (void)la_expect(p, LA_P_RBRACE, "the enumeration");
}

static const struct la_type *parse_enum(struct la_program *p)
{
    struct la_token keyword = la_next(p), tag = *la_peek(p);
    bool named = tag.kind == LA_T_IDENT;

    if (named)
        (void)la_next(p);
    if (la_peek(p)->kind == LA_P_LBRACE && la_nest(p)) {
        (void)la_next(p);
        parse_enumerators(p);
        la_unnest(p);
        if (named)
            (void)la_declare(p, LA_SYM_TAG, tag.u.name, p->types.t_int, la_token_span(&tag));
    } else if (!named) {
        la_error_at(p, la_token_span(&keyword), LA_E_SYNTAX, "for example: enum state { FREE, USED };",
                    "`enum` needs a name or a list");
    }
    return p->types.t_int;
}

/* ---- specifiers ---- */

static const struct la_type *parse_typeof(struct la_program *p)
{
    const struct la_type *type = p->types.t_int;

    (void)la_next(p);
    if (!la_expect(p, LA_P_LPAREN, "`typeof`"))
        return type;
    if (la_starts_type(p, la_peek(p)))
        type = la_parse_type_name(p);
    else
        type = la_parse_expression(p)->type;
    (void)la_expect(p, LA_P_RPAREN, "the argument of `typeof`");
    return type;
}

static void count_word(struct words *w, uint16_t kind)
{
    w->is_void += kind == LA_K_VOID;
    w->is_bool += kind == LA_K_BOOL;
    w->is_char += kind == LA_K_CHAR;
    w->is_short += kind == LA_K_SHORT;
    w->is_int += kind == LA_K_INT;
    w->is_long += kind == LA_K_LONG;
    w->is_signed += kind == LA_K_SIGNED;
    w->is_unsigned += kind == LA_K_UNSIGNED;
    w->is_float += kind == LA_K_FLOAT || kind == LA_K_DOUBLE;
}

static const struct la_type *basic_type(struct la_program *p, const struct words *w, struct la_span at)
{
    const struct la_types *t = &p->types;
    bool u = w->is_unsigned != 0, mixed = w->is_void + w->is_bool + w->is_char + (w->is_short || w->is_long) > 1;

    if (w->is_float)
        la_error_at(p, at, LA_E_TYPE, "use integers: the kernel does not touch floating-point registers",
                    "floating-point types are not supported");
    else if (mixed || w->is_long > 2 || w->is_short > 1 || (u && w->is_signed) ||
             ((w->is_void || w->is_bool) && (u || w->is_signed || w->is_int)))
        la_error_at(p, at, LA_E_TYPE, "for example: unsigned long", "these words do not make a type");
    if (w->is_void)
        return t->t_void;
    if (w->is_bool)
        return t->t_bool;
    if (w->is_char)
        return u ? t->t_uchar : w->is_signed ? t->t_schar : t->t_char;
    if (w->is_short)
        return u ? t->t_ushort : t->t_short;
    if (w->is_long > 1)
        return u ? t->t_ullong : t->t_llong;
    if (w->is_long)
        return u ? t->t_ulong : t->t_long;
    return u ? t->t_uint : t->t_int;
}

static const struct la_type *unknown_type(struct la_program *p)
{
    struct la_token name = la_next(p);
    const char *words[64 + 8] = {"struct", "unsigned", "static", "const", "void", "long", "union", "typedef"};
    uint32_t nr = 8;
    struct la_buf hint;

    for (const struct la_sym *s = p->env; s && nr < sizeof words / sizeof *words; s = s->prev)
        if (s->kind == LA_SYM_TYPEDEF)
            words[nr++] = s->name->text;
    const char *guess = la_did_you_mean(name.u.name->text, words, nr);

    la_buf_init(&hint, p->host);
    if (guess)
        la_buf_printf(&hint, "did you mean %s?", guess);
    else if (name.u.name->tag)
        la_buf_printf(&hint, "did you mean struct %s?", name.u.name->text);
    else
        la_buf_puts(&hint, "declare it with struct or typedef first");
    la_error_at(p, la_token_span(&name), LA_E_UNKNOWN_NAME, la_buf_str(&hint), "unknown type `%.60s`",
                name.u.name->text);
    la_buf_free(&hint);
    /* `strct page *p`: the name behind it is the tag. */
    if (la_peek(p)->kind == LA_T_IDENT && la_peek(p)->u.name->tag && la_peek_at(p, 1)->kind != LA_P_SEMI)
        return la_next(p).u.name->tag->type;
    return p->types.t_int;
}

/* `static` and its like; false when @kind is none of them. */
static bool read_storage(uint16_t kind, struct la_specifiers *spec)
{
    switch (kind) {
    case LA_K_TYPEDEF:
        spec->is_typedef = true;
        return true;
    case LA_K_STATIC:
        spec->is_static = true;
        return true;
    case LA_K_EXTERN:
        spec->is_extern = true;
        return true;
    case LA_K_PERCPU:
        spec->is_percpu = true;
        return true;
    case LA_K_EXPORTED:
    case LA_K_EXPORTED_GPL:
        spec->exported = kind == LA_K_EXPORTED ? 1 : 2;
        return true;
    default:
        return false;
    }
}

struct la_specifiers la_parse_specifiers(struct la_program *p)
{
    struct la_specifiers spec = {.span = la_token_span(la_peek(p))};
    struct words words = {0};
    uint32_t nr_words = 0;

    for (;;) {
        const struct la_token *t = la_peek(p);

        if (is_qualifier(t->kind)) {
            skip_qualifier(p);
        } else if (read_storage(t->kind, &spec)) {
            (void)la_next(p);
        } else if (t->kind >= LA_K_VOID && t->kind <= LA_K_DOUBLE && !spec.type) {
            count_word(&words, la_next(p).kind);
            nr_words++;
        } else if (spec.type || nr_words) {
            break;
        } else if (t->kind == LA_K_STRUCT || t->kind == LA_K_UNION) {
            spec.type = parse_record(p);
        } else if (t->kind == LA_K_ENUM) {
            spec.type = parse_enum(p);
        } else if (t->kind == LA_K_TYPEOF || t->kind == LA_K_TYPEOF2) {
            spec.type = parse_typeof(p);
        } else if (typedef_of(t)) {
            spec.type = typedef_of(t)->type;
            (void)la_next(p);
        } else if (t->kind == LA_T_IDENT &&
                   (looks_like_type(p, 0) || (!t->u.name->sym && la_peek_at(p, 1)->kind != LA_P_LPAREN))) {
            spec.type = unknown_type(p);
        } else {
            break;
        }
    }
    if (!spec.type && !nr_words && !spec.is_static && !spec.is_extern && !spec.is_typedef) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "for example: unsigned long addr",
                    "a type is missing here");
        p->panic = true;
    }
    spec.span = la_span_from(p, spec.span);
    if (!spec.type)
        spec.type = basic_type(p, &words, spec.span);
    return spec;
}

/* ---- declarators ---- */

static const struct la_type *parse_params(struct la_program *p, const struct la_type *result)
{
    struct la_param *first = NULL, **tail = &first;
    uint32_t nr = 0;
    bool variadic = false;

    if (la_peek(p)->kind == LA_K_VOID && la_peek_at(p, 1)->kind == LA_P_RPAREN)
        (void)la_next(p);
    bool empty = la_peek(p)->kind == LA_P_RPAREN;

    while (la_peek(p)->kind != LA_P_RPAREN && !p->panic) {
        if (la_accept(p, LA_P_ELLIPSIS)) {
            variadic = true;
            break;
        }
        struct la_param *param = la_pool_alloc(&p->pool, sizeof *param);
        struct la_specifiers spec = la_parse_specifiers(p);
        struct la_token name = *la_peek(p);
        const struct la_type *type = la_parse_declarator(p, spec.type, &name);

        if (type->kind == LA_TY_ARRAY)
            type = la_type_pointer(&p->types, type->base);
        else if (type->kind == LA_TY_FUNC)
            type = la_type_pointer(&p->types, type);
        if (++nr > LA_ARGS_MAX) {
            la_error_at(p, la_token_span(&name), LA_E_LIMIT, "pass a pointer to a structure", "more than %d parameters",
                        LA_ARGS_MAX);
            p->panic = true;
        }
        param->name = name.kind == LA_T_IDENT ? name.u.name->text : NULL;
        param->type = type;
        if (!p->pool.failed) {
            *tail = param;
            tail = &param->next;
        }
        if (!la_accept(p, LA_P_COMMA))
            break;
    }
    (void)la_expect(p, LA_P_RPAREN, "the parameters");
    struct la_type *type = la_type_function(&p->types, result, first, nr, variadic);

    /* f() says nothing about its arguments, f(void) does. */
    type->no_prototype = empty && p->at >= 2 && p->tokens.data[p->at - 2].kind == LA_P_LPAREN;
    return type;
}

static const struct la_type *parse_suffix(struct la_program *p, const struct la_type *base);

static const struct la_type *parse_array(struct la_program *p, const struct la_type *base, struct la_span at)
{
    int64_t length = LA_UNKNOWN_LENGTH;
    bool unknown = la_peek(p)->kind == LA_P_RBRACKET;

    if (!unknown)
        length = la_parse_constant(p);
    (void)la_expect(p, LA_P_RBRACKET, "the length of the array");
    base = parse_suffix(p, base);
    at = la_span_from(p, at);
    if (!la_type_complete(base)) {
        la_error_at(p, at, LA_E_TYPE, "an array of pointers would be possible", "the elements of an array need a size");
        return p->types.t_int;
    }
    uint64_t size = la_type_size(base);

    if (!unknown && (length < 0 || (size && (uint64_t)length > LA_OBJECT_MAX / size))) {
        la_error_at(p, at, LA_E_LIMIT, "allocate pages for large data", "an array may have at most %d bytes",
                    LA_OBJECT_MAX);
        length = 1;
    }
    return la_type_array(&p->types, base, (uint32_t)length);
}

/* [n] and (params) behind a name. */
static const struct la_type *parse_suffix(struct la_program *p, const struct la_type *base)
{
    struct la_span at = la_token_span(la_peek(p));

    if (la_peek(p)->kind != LA_P_LBRACKET && la_peek(p)->kind != LA_P_LPAREN)
        return base;
    if (!la_nest(p))
        return base;
    if (la_accept(p, LA_P_LBRACKET)) {
        base = parse_array(p, base, at);
    } else {
        (void)la_next(p);
        if (base->kind == LA_TY_ARRAY || base->kind == LA_TY_FUNC)
            la_error_at(p, at, LA_E_TYPE, "return a pointer", "a function cannot return an array or a function");
        base = parse_params(p, base);
    }
    la_unnest(p);
    return base;
}

/* `(` opens an inner declarator, not parameters. */
static bool inner_declarator(const struct la_program *p)
{
    const struct la_token *t = la_peek_at(p, 1);

    return la_peek(p)->kind == LA_P_LPAREN &&
           (t->kind == LA_P_STAR || t->kind == LA_P_LPAREN ||
            (t->kind == LA_T_IDENT && !typedef_of(t) && la_peek_at(p, 2)->kind == LA_P_RPAREN));
}

const struct la_type *la_parse_declarator(struct la_program *p, const struct la_type *base, struct la_token *name)
{
    name->kind = LA_T_EOF;
    while (la_peek(p)->kind == LA_P_STAR || is_qualifier(la_peek(p)->kind)) {
        if (la_peek(p)->kind != LA_P_STAR) {
            skip_qualifier(p);
            continue;
        }
        (void)la_next(p);
        base = la_type_pointer(&p->types, base);
    }
    if (inner_declarator(p) && la_nest(p)) {
        uint32_t inside = p->at + 1, behind;

        skip_parentheses(p);
        base = parse_suffix(p, base);
        behind = p->at;
        p->at = inside;
        base = la_parse_declarator(p, base, name);
        (void)la_expect(p, LA_P_RPAREN, "the declarator");
        p->at = behind;
        la_unnest(p);
        return base;
    }
    if (la_peek(p)->kind == LA_T_IDENT)
        *name = la_next(p);
    while (is_qualifier(la_peek(p)->kind))
        skip_qualifier(p);
    return parse_suffix(p, base);
}

const struct la_type *la_parse_type_name(struct la_program *p)
{
    struct la_specifiers spec = la_parse_specifiers(p);
    struct la_token name = *la_peek(p);
    const struct la_type *type = la_parse_declarator(p, spec.type, &name);

    if (name.kind == LA_T_IDENT)
        la_error_at(p, la_token_span(&name), LA_E_SYNTAX, "leave the name out", "only a type belongs here, not `%.60s`",
                    name.u.name->text);
    return type;
}
