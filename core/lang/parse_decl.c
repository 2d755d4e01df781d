/*
 * parse_decl.c: declarations: variables, prototypes, functions, typedefs, initialisers.
 *
 * A variable at the top level of the lesson is a global of the machine; its initialiser runs as
 * a step where it stands.  A `static` variable inside a function is initialised once, when its
 * declaration is first reached.
 * Prototypes of kernel functions, as books print them, are harmless: the table of calls knows better.
 */
#include "lang/compiler.h"

#include <string.h>

/* ---- initialisers ---- */

/* Where an initialiser writes: @offset from the symbol. */
struct target {
    const struct la_sym *sym;
    uint32_t offset;
};

static void init_object(struct la_program *p, const struct target *to, const struct la_type *type);

static bool is_string_array(const struct la_program *p, const struct la_type *type)
{
    return type->kind == LA_TY_ARRAY && type->base->kind == LA_TY_INT && type->base->size == 1 &&
           la_peek(p)->kind == LA_T_STRING;
}

static void emit_target_address(struct la_program *p, const struct target *to)
{
    if (to->sym->kind == LA_SYM_LOCAL)
        (void)la_emit(p, LA_OP_LEAL, (int32_t)(to->sym->offset + to->offset));
    else
        la_emit_const(p, p->image_base + to->sym->offset + to->offset);
}

static void emit_zero(struct la_program *p, const struct target *to, uint32_t bytes)
{
    emit_target_address(p, to);
    (void)la_emit(p, LA_OP_ZERO, (int32_t)bytes);
}

/* char s[] = "text": the bytes are copied from the literal. */
static void init_string(struct la_program *p, const struct target *to, const struct la_type *type)
{
    struct la_expr *text = la_parse_assignment(p);
    uint32_t bytes = la_type_size(text->type), room = la_type_size(type);

    if (text->bad)
        return;
    if (bytes > room + 1)
        la_error_at(p, text->span, LA_E_TYPE, "make the array longer", "this string needs %u bytes, the array has %u",
                    (unsigned int)bytes, (unsigned int)room);
    emit_zero(p, to, room);
    emit_target_address(p, to);
    la_emit_address(p, text);
    (void)la_emit(p, LA_OP_COPY, (int32_t)(bytes < room ? bytes : room));
    (void)la_emit(p, LA_OP_POP, 0);
}

/* One element of an array: `[n] = value` or the next one. */
static uint32_t array_designator(struct la_program *p, const struct la_type *type, uint32_t index)
{
    if (la_peek(p)->kind != LA_P_LBRACKET)
        return index;
    struct la_span span = la_token_span(la_peek(p));

    (void)la_next(p);
    int64_t n = la_parse_constant(p);

    (void)la_expect(p, LA_P_RBRACKET, "the index");
    (void)la_expect(p, LA_P_ASSIGN, "the index");
    if (n < 0 || n >= (int64_t)type->length) {
        la_error_at(p, la_span_from(p, span), LA_E_RANGE, NULL, "the array has no element %lld", (long long)n);
        return 0;
    }
    return (uint32_t)n;
}

/* Behind a value too many: up to the brace that ends the list. */
static void skip_to_brace(struct la_program *p)
{
    for (uint32_t open = 0;; (void)la_next(p)) {
        uint16_t kind = la_peek(p)->kind;

        if (kind == LA_T_EOF || kind == LA_T_END_BLOCK || kind == LA_P_SEMI || (kind == LA_P_RBRACE && open == 0))
            return;
        open += kind == LA_P_LBRACE;
        open -= kind == LA_P_RBRACE;
    }
}

static void init_array(struct la_program *p, const struct target *to, const struct la_type *type)
{
    uint32_t index = 0, bytes = la_type_size(type->base);

    while (la_peek(p)->kind != LA_P_RBRACE && !p->panic) {
        index = array_designator(p, type, index);
        if (index >= type->length) {
            la_error_at(p, la_token_span(la_peek(p)), LA_E_RANGE, "remove it, or make the array longer",
                        "too many values: the array has %u elements", (unsigned int)type->length);
            skip_to_brace(p);
            return;
        }
        struct target element = {to->sym, to->offset + index * bytes};

        init_object(p, &element, type->base);
        index++;
        if (!la_accept(p, LA_P_COMMA))
            break;
    }
}

static const struct la_member *member_designator(struct la_program *p, const struct la_type *type,
                                                 const struct la_member *next, uint32_t *offset)
{
    *offset = next ? next->offset : 0;
    if (!la_accept(p, LA_P_DOT))
        return next;
    struct la_token name = la_next(p);
    const struct la_member *m = name.kind == LA_T_IDENT ? la_type_member(type, name.u.name->text, offset) : NULL;

    if (!m) {
        la_error_at(p, la_token_span(&name), LA_E_UNKNOWN_NAME, "look at the definition of the structure",
                    "there is no such member to initialise");
        p->panic = true;
    } else {
        (void)la_expect(p, LA_P_ASSIGN, "the name of the member");
    }
    return m;
}

static void init_record(struct la_program *p, const struct target *to, const struct la_type *type)
{
    const struct la_member *m = type->record->members;

    while (la_peek(p)->kind != LA_P_RBRACE && !p->panic) {
        uint32_t offset;

        m = member_designator(p, type, m, &offset);
        if (!m && !p->panic) {
            la_error_at(p, la_token_span(la_peek(p)), LA_E_RANGE, "remove it", "too many values for this structure");
            skip_to_brace(p);
        }
        if (!m || p->panic)
            return;
        struct target element = {to->sym, to->offset + offset};

        init_object(p, &element, m->type);
        m = type->record->is_union ? NULL : m->next;
        if (!la_accept(p, LA_P_COMMA))
            break;
    }
}

static void init_value(struct la_program *p, const struct target *to, const struct la_type *type, bool report)
{
    struct la_expr *value = la_expr_coerce(p, type, la_parse_assignment(p), "the initialiser");

    if (value->bad || p->panic)
        return;
    if (type->kind == LA_TY_RECORD) {
        emit_target_address(p, to);
        la_emit_value(p, value);
        (void)la_emit(p, LA_OP_COPY, (int32_t)la_type_size(type));
        (void)la_emit(p, LA_OP_POP, 0);
        return;
    }
    la_emit_value(p, value);
    la_emit_store_sym(p, to->sym, to->offset, type, report);
}

/* What stands between the braces, whose memory was zeroed. */
static void init_braces(struct la_program *p, const struct target *to, const struct la_type *type)
{
    (void)la_next(p);
    if (!la_nest(p))
        return;
    if (is_string_array(p, type))
        init_string(p, to, type);
    else if (type->kind == LA_TY_ARRAY)
        init_array(p, to, type);
    else if (type->kind == LA_TY_RECORD)
        init_record(p, to, type);
    else if (la_peek(p)->kind != LA_P_RBRACE)
        init_value(p, to, type, false);
    la_unnest(p);
    if (!p->panic)
        (void)la_expect(p, LA_P_RBRACE, "the initialiser");
}

static void init_object(struct la_program *p, const struct target *to, const struct la_type *type)
{
    if (la_peek(p)->kind == LA_P_LBRACE) {
        init_braces(p, to, type);
    } else if (is_string_array(p, type)) {
        init_string(p, to, type);
    } else if (type->kind == LA_TY_ARRAY) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_TYPE, "for example: int a[3] = {1, 2, 3};",
                    "the values of an array are written in braces");
        p->panic = true;
    } else {
        init_value(p, to, type, false);
    }
}

/* Number of elements an initialiser of an array without length has; the tokens are not consumed. */
static uint32_t count_elements(struct la_program *p)
{
    uint32_t start = p->at, open = 0, index = 0, most = 0;
    bool element = true;

    if (la_peek(p)->kind == LA_T_STRING) {
        while (la_peek(p)->kind == LA_T_STRING)
            most += la_next(p).len;
        p->at = start;
        return most + 1;
    }
    if (la_peek(p)->kind == LA_P_LBRACE && la_peek_at(p, 1)->kind == LA_T_STRING)
        most = 0;
    for (;; (void)la_next(p)) {
        uint16_t kind = la_peek(p)->kind;

        if (open == 1 && element && kind != LA_P_RBRACE) {
            if (kind == LA_P_LBRACKET) {
                (void)la_next(p);
                int64_t n = la_parse_constant(p);

                index = n >= 0 && n < LA_OBJECT_MAX ? (uint32_t)n : 0;
            }
            index++;
            most = index > most ? index : most;
            element = false;
            kind = la_peek(p)->kind;
        }
        if (kind == LA_T_EOF || kind == LA_T_END_BLOCK || (open == 0 && kind != LA_P_LBRACE))
            break;
        open += kind == LA_P_LBRACE || kind == LA_P_LPAREN;
        open -= kind == LA_P_RBRACE || kind == LA_P_RPAREN;
        element |= open == 1 && (kind == LA_P_COMMA || kind == LA_P_LBRACE);
    }
    p->at = start;
    return most;
}

void la_parse_initialiser(struct la_program *p, struct la_sym *sym, struct la_span start)
{
    struct target to = {sym, 0};
    bool braces = la_peek(p)->kind == LA_P_LBRACE;

    la_emit_stmt(p, start);
    if (braces && !la_type_is_scalar(sym->type))
        emit_zero(p, &to, la_type_size(sym->type));
    if (braces || is_string_array(p, sym->type) || sym->type->kind == LA_TY_ARRAY)
        init_object(p, &to, sym->type);
    else
        init_value(p, &to, sym->type, true);
    struct la_stmt *stmt = p->stmts.nr ? &p->stmts.data[p->stmts.nr - 1] : NULL;

    if (stmt)
        stmt->span = la_span_from(p, start);
}

/* ---- variables ---- */

/* A static local: its initialiser runs the first time only. */
static void static_initialiser(struct la_program *p, struct la_sym *sym, struct la_span start)
{
    struct la_sym guard = {.type = p->types.t_char, .span = start};
    uint32_t skip;

    if (!la_place_global(p, &guard))
        return;
    (void)la_emit(p, LA_OP_ONCE, (int32_t)guard.offset);
    skip = la_emit(p, LA_OP_JMP, 0); /* read by ONCE, never run */
    la_parse_initialiser(p, sym, start);
    la_patch(p, skip, p->code.nr);
}

static const struct la_type *complete_array(struct la_program *p, const struct la_type *type, struct la_span span)
{
    if (type->kind != LA_TY_ARRAY || type->length != LA_UNKNOWN_LENGTH)
        return type;
    uint32_t n = la_peek(p)->kind == LA_T_STRING || la_peek(p)->kind == LA_P_LBRACE ? count_elements(p) : 0;

    if (n == 0 || (uint64_t)n * la_type_size(type->base) > LA_OBJECT_MAX) {
        la_error_at(p, span, LA_E_TYPE, "for example: int a[4];", "the length of this array is not known");
        n = 1;
    }
    return la_type_array(&p->types, type->base, n);
}

static bool variable_type_ok(struct la_program *p, const struct la_type *type, const struct la_token *name)
{
    struct la_buf text;

    if (la_type_complete(type) || (type->kind == LA_TY_ARRAY && type->length == LA_UNKNOWN_LENGTH))
        return true;
    la_buf_init(&text, p->host);
    la_error_at(p, la_token_span(name), LA_E_TYPE,
                type->kind == LA_TY_VOID ? "did you mean a pointer: void *?" : "a pointer to it would be possible",
                "a variable cannot have the type %s", la_quote_type(p, type, &text));
    la_buf_free(&text);
    return false;
}

/* `extern` names a variable that stands elsewhere: before, or (for a declaration that came first) now. */
static struct la_sym *declared_before(struct la_program *p, const struct la_specifiers *spec, const struct la_type *type,
                                      const struct la_token *name)
{
    struct la_sym *sym = name->u.name->sym;
    struct la_buf text;

    if (!sym || sym->kind != LA_SYM_GLOBAL || sym->prelude || (!spec->is_extern && (!sym->only_declared || p->level > 0)))
        return NULL;
    if (!la_type_same(sym->type, type)) {
        la_buf_init(&text, p->host);
        la_error_at(p, la_token_span(name), LA_E_TYPE, "both must have the same type", "`%.60s` was declared as %s in line %u",
                    name->u.name->text, la_quote_type(p, sym->type, &text), (unsigned)sym->span.line);
        la_buf_free(&text);
    }
    return sym;
}

static void note_percpu(struct la_program *p, const struct la_specifiers *spec, struct la_sym *sym, const struct la_token *name)
{
    if (spec->is_percpu && !spec->is_extern && p->level > 0)
        la_error_at(p, la_token_span(name), LA_E_TYPE, "move the line in front of the function",
                    "a per-CPU variable is defined outside of functions");
    if (spec->is_percpu && spec->is_extern && !sym->percpu && sym->span.line != la_token_span(name).line)
        la_error_at(p, la_token_span(name), LA_E_TYPE, "define it with DEFINE_PER_CPU(type, name)", "`%.60s` is no per-CPU variable",
                    name->u.name->text);
    sym->percpu |= spec->is_percpu;
    if (spec->exported)
        sym->exported = spec->exported;
}

static void declare_variable(struct la_program *p, const struct la_specifiers *spec, const struct la_type *type,
                             const struct la_token *name)
{
    bool global = p->level == 0 || spec->is_static || spec->is_percpu || spec->is_extern, initialised = la_accept(p, LA_P_ASSIGN);
    bool good = variable_type_ok(p, type, name);

    if (!good)
        type = p->types.t_int;
    if (spec->is_extern && !initialised && type->kind == LA_TY_ARRAY && type->length == LA_UNKNOWN_LENGTH)
        type = la_type_array(&p->types, type->base, 1);
    if (initialised || type->length == LA_UNKNOWN_LENGTH)
        type = complete_array(p, type, la_token_span(name));
    /* The name is in scope in its own initialiser, as C has it, but its step comes before it. */
    struct la_sym *env = p->env;
    struct la_sym *sym = declared_before(p, spec, type, name);
    bool known = sym != NULL;

    if (!known)
        sym = la_declare(p, global ? LA_SYM_GLOBAL : LA_SYM_LOCAL, name->u.name, type, la_token_span(name));
    note_percpu(p, spec, sym, name);
    sym->only_declared = spec->is_extern && !initialised && (!known || sym->only_declared);
    if (!known && !(global ? la_place_global(p, sym) : la_place_local(p, sym)))
        return;
    if (!initialised)
        return;
    uint32_t stmt = p->stmts.nr;

    if (global && p->level > 0)
        static_initialiser(p, sym, spec->span);
    else
        la_parse_initialiser(p, sym, spec->span);
    if (stmt < p->stmts.nr)
        p->stmts.data[stmt].env = env;
}

/* ---- functions ---- */

static struct la_sym *function_symbol(struct la_program *p, const struct la_type *type, const struct la_token *name)
{
    struct la_sym *sym = name->u.name->sym;
    struct la_fn fn = {.name = name->u.name->text};

    if (sym && sym->kind == LA_SYM_FUNCTION) {
        if (!la_type_same(sym->type, type))
            la_error_at(p, la_token_span(name), LA_E_TYPE, "make the two alike",
                        "`%.60s` was declared differently in line %u", fn.name, (unsigned int)sym->span.line);
        return sym;
    }
    sym = la_declare(p, LA_SYM_FUNCTION, name->u.name, type, la_token_span(name));
    sym->offset = p->fns.nr;
    fn.sym = sym;
    if (p->fns.nr == LA_FUNCTIONS_MAX)
        la_error_at(p, la_token_span(name), LA_E_LIMIT, NULL, "more than %d functions", LA_FUNCTIONS_MAX);
    else
        p->oom |= !LA_VEC_PUSH(p->host, &p->fns, fn);
    return sym;
}

static void declare_function(struct la_program *p, const struct la_type *type, const struct la_token *name,
                             struct la_span head)
{
    bool body = la_peek(p)->kind == LA_P_LBRACE, native = la_api_row(name->u.name->text) >= 0;

    if (native && !name->u.name->sym) {
        if (body)
            la_error_at(p, la_token_span(name), LA_E_TYPE, "choose another name", "`%.60s` is a function of the kernel",
                        name->u.name->text);
        else
            return; /* a prototype from a book */
    }
    if (type->base->kind == LA_TY_RECORD)
        la_error_at(p, la_token_span(name), LA_E_TYPE, "return a pointer, or fill a structure of the caller",
                    "functions cannot return structures here");
    for (const struct la_param *q = type->params; q; q = q->next)
        if (q->type->kind == LA_TY_RECORD)
            la_error_at(p, la_token_span(name), LA_E_TYPE, "pass a pointer to it",
                        "structures cannot be passed by value here");
    if (p->level > 0 && body) {
        la_error_at(p, la_token_span(name), LA_E_SYNTAX, "define it outside",
                    "a function inside a function is not possible");
        p->panic = true;
        return;
    }
    struct la_sym *sym = function_symbol(p, type, name);

    if (!body || p->pool.failed || sym->offset >= p->fns.nr)
        return;
    if (p->fns.data[sym->offset].defined)
        la_error_at(p, la_token_span(name), LA_E_TYPE, "choose another name", "`%.60s` is already defined, in line %u",
                    sym->name->text, (unsigned int)sym->span.line);
    sym->type = type;
    sym->span = la_token_span(name);
    p->fns.data[sym->offset].defined = true;
    la_parse_function_body(p, sym, head);
}

/* ---- declarations ---- */

/* One declarator.  Returns true when a function body ended the declaration. */
static bool parse_init_declarator(struct la_program *p, struct la_specifiers *spec)
{
    struct la_token name = *la_peek(p);
    const struct la_type *type = la_parse_declarator(p, spec->type, &name);

    if (p->panic)
        return false;
    if (name.kind != LA_T_IDENT) {
        la_error_at(p, la_token_span(la_peek(p)), LA_E_SYNTAX, "for example: struct page *page;",
                    "a name is missing in this declaration");
        p->panic = true;
        return false;
    }
    if (spec->is_typedef) {
        const char *alias = type->kind == LA_TY_VOID ? NULL : name.u.name->text;

        (void)la_declare(p, LA_SYM_TYPEDEF, name.u.name, la_type_alias(&p->types, type, alias), la_token_span(&name));
        return false;
    }
    if (type->kind == LA_TY_FUNC) {
        bool body = la_peek(p)->kind == LA_P_LBRACE;

        declare_function(p, type, &name, la_span_from(p, spec->span));
        return body;
    }
    declare_variable(p, spec, type, &name);
    return false;
}

void la_parse_declaration(struct la_program *p)
{
    struct la_specifiers spec = la_parse_specifiers(p);

    if (!p->panic && la_peek(p)->kind != LA_P_SEMI) {
        do {
            if (parse_init_declarator(p, &spec))
                return;
        } while (!p->panic && la_accept(p, LA_P_COMMA));
    }
    if (!p->panic)
        (void)la_expect(p, LA_P_SEMI, "the declaration");
}
