/* check_assign.c: assignments, ++ and --, calls, and the conversions they allow. */
#include "lang/compiler.h"

#include "lang/api.h"

#include <stdio.h>
#include <string.h>

/* ---- conversion as by assignment ---- */

static bool is_null(const struct la_expr *n)
{
    return n->kind == LA_N_NUM && n->value == 0 &&
           (la_type_is_integer(n->type) || (n->type->kind == LA_TY_PTR && n->type->base->kind == LA_TY_VOID));
}

static bool pointers_assign(const struct la_type *to, const struct la_type *from)
{
    const struct la_type *a = to->base, *b = from->base;

    return a->kind == LA_TY_VOID || b->kind == LA_TY_VOID || la_type_same(a, b) ||
           (la_type_is_integer(a) && la_type_is_integer(b) && a->size == b->size);
}

static bool is_page_pointer(const struct la_type *type)
{
    return type->kind == LA_TY_PTR && type->base->kind == LA_TY_RECORD && type->base->record->tag &&
           strcmp(type->base->record->tag, "page") == 0;
}

static const char *coerce_hint(const struct la_type *to, const struct la_expr *a, struct la_buf *hint)
{
    if (is_page_pointer(a->type) && to->kind == LA_TY_INT)
        return "page_address(page) gives the address of its memory, as a pointer";
    if (is_page_pointer(to) && a->type->kind == LA_TY_INT)
        return "virt_to_page((void *)addr) gives the struct page of an address";
    if (a->type->kind == LA_TY_VOID)
        return "the call returns nothing";
    if (!la_type_is_scalar(to) || !la_type_is_scalar(a->type))
        return NULL;
    if (to->kind == LA_TY_PTR && a->type->kind == LA_TY_PTR && to->base->kind == LA_TY_RECORD &&
        a->type->base->kind == LA_TY_PTR)
        return "a `*` is missing, or an `&` is too much";
    la_buf_puts(hint, "if you mean it, cast it: (");
    la_type_text(to, hint);
    la_buf_putc(hint, ')');
    return la_buf_str(hint);
}

static struct la_expr *coerce_error(struct la_program *p, const struct la_type *to, struct la_expr *a, const char *what)
{
    struct la_buf left, right, hint;

    la_buf_init(&left, p->host);
    la_buf_init(&right, p->host);
    la_buf_init(&hint, p->host);
    const char *advice = coerce_hint(to, a, &hint);

    la_error_at(p, a->span, LA_E_TYPE, advice, "%s needs %s, but this is %s", what, la_quote_type(p, to, &left),
                la_quote_type(p, a->type, &right));
    la_buf_free(&left);
    la_buf_free(&right);
    la_buf_free(&hint);
    return la_expr_bad(p, a->span);
}

struct la_expr *la_expr_coerce(struct la_program *p, const struct la_type *type, struct la_expr *a, const char *what)
{
    a = la_expr_decay(p, a);
    if (a->bad)
        return a;
    bool good;

    if (type->kind == LA_TY_RECORD)
        return la_type_same(type, a->type) ? a : coerce_error(p, type, a, what);
    if (type->kind == LA_TY_PTR)
        good = is_null(a) || (a->type->kind == LA_TY_PTR && pointers_assign(type, a->type));
    else if (type->kind == LA_TY_BOOL)
        good = la_type_is_scalar(a->type);
    else
        good = type->kind == LA_TY_INT && la_type_is_integer(a->type);
    return good ? la_expr_convert(p, type, a) : coerce_error(p, type, a, what);
}

/* ---- assignments ---- */

const char *la_expr_subject(const struct la_expr *a)
{
    if (a->kind == LA_N_ASSIGN || a->kind == LA_N_OP_ASSIGN || a->kind == LA_N_POST)
        a = a->a;
    return a && a->kind == LA_N_VAR ? a->sym->name->text : NULL;
}

static bool assignable(struct la_program *p, const struct la_expr *a, struct la_span span)
{
    if (a->bad)
        return false;
    if (p->pure) {
        la_error_at(p, span, LA_E_TYPE, "only read values here", "a question must not change anything");
        return false;
    }
    if (a->lvalue && a->type->kind != LA_TY_ARRAY && a->kind != LA_N_STRING)
        return true;
    la_error_at(p, a->span, LA_E_TYPE,
                a->type->kind == LA_TY_ARRAY  ? "copy it with memcpy()"
                : a->type->kind == LA_TY_FUNC ? NULL
                                              : "did you mean == ?",
                a->type->kind == LA_TY_ARRAY ? "an array cannot be assigned as a whole"
                                             : "only a variable or memory can be assigned to");
    return false;
}

static enum la_tok plain_operator(enum la_tok op)
{
    switch (op) {
    case LA_P_SHL_ASSIGN:
        return LA_P_SHL;
    case LA_P_SHR_ASSIGN:
        return LA_P_SHR;
    case LA_P_MUL_ASSIGN:
        return LA_P_STAR;
    case LA_P_DIV_ASSIGN:
        return LA_P_SLASH;
    case LA_P_MOD_ASSIGN:
        return LA_P_PERCENT;
    case LA_P_ADD_ASSIGN:
        return LA_P_PLUS;
    case LA_P_SUB_ASSIGN:
        return LA_P_MINUS;
    case LA_P_AND_ASSIGN:
        return LA_P_AMP;
    case LA_P_XOR_ASSIGN:
        return LA_P_CARET;
    default:
        return LA_P_PIPE;
    }
}

/* target op= operand: the operator is checked on a stand-in that has the target's type. */
static struct la_expr *op_assign(struct la_program *p, enum la_expr_kind kind, enum la_tok op, struct la_expr *a,
                                 struct la_expr *b, struct la_span span)
{
    struct la_expr *old = la_expr_new(p, LA_N_VAR, a->span);

    old->type = a->type;
    struct la_expr *sum = la_expr_binary(p, op, old, b);

    if (sum->bad || p->pool.failed)
        return la_expr_bad(p, span);
    if (!la_type_is_scalar(sum->type) || (a->type->kind == LA_TY_PTR) != (sum->type->kind == LA_TY_PTR))
        return coerce_error(p, a->type, sum, "the target");
    struct la_expr *n = la_expr_new(p, kind, span);

    n->a = a;
    n->b = sum->b;
    n->op = sum->kind;
    n->sub = sum->type;
    n->value = sum->value;
    n->type = a->type;
    n->depth = (uint16_t)((a->depth > b->depth ? a->depth : b->depth) + 2);
    return n;
}

struct la_expr *la_expr_assign(struct la_program *p, enum la_tok op, struct la_expr *a, struct la_expr *b)
{
    struct la_span span = {a->span.line, a->span.column, b->span.end_line, b->span.end_column};
    struct la_buf what;

    if (!assignable(p, a, span) || b->bad)
        return la_expr_bad(p, span);
    if (op != LA_P_ASSIGN)
        return op_assign(p, LA_N_OP_ASSIGN, plain_operator(op), a, b, span);
    la_buf_init(&what, p->host);
    if (a->kind == LA_N_VAR)
        la_buf_printf(&what, "`%.60s`", a->sym->name->text);
    else
        la_buf_puts(&what, "the target");
    b = la_expr_coerce(p, a->type, b, la_buf_str(&what));
    la_buf_free(&what);
    struct la_expr *n = la_expr_new(p, LA_N_ASSIGN, span);

    n->a = a;
    n->b = b;
    n->type = a->type;
    n->bad = n->bad || b->bad;
    n->depth = (uint16_t)((a->depth > b->depth ? a->depth : b->depth) + 1);
    return n;
}

struct la_expr *la_expr_step(struct la_program *p, enum la_tok op, struct la_expr *a, bool post, struct la_span span)
{
    if (!assignable(p, a, span))
        return la_expr_bad(p, span);
    struct la_expr *one = la_expr_number(p, p->types.t_int, 1, span);

    return op_assign(p, post ? LA_N_POST : LA_N_OP_ASSIGN, op == LA_P_INC ? LA_P_PLUS : LA_P_MINUS, a, one, span);
}

/* ---- calls ---- */

static const char *callee_name(const struct la_expr *fn)
{
    if (fn->kind == LA_N_NATIVE)
        return la_api_at((uint32_t)fn->value)->api.name;
    return fn->kind == LA_N_FUNCTION || fn->kind == LA_N_VAR ? fn->sym->name->text : "the function";
}

static void wrong_count(struct la_program *p, const struct la_expr *fn, const struct la_type *type, uint32_t nr,
                        struct la_span span)
{
    struct la_buf text;

    la_buf_init(&text, p->host);
    la_buf_puts(&text, "it is declared as ");
    if (fn->kind == LA_N_NATIVE)
        la_buf_puts(&text, la_api_at((uint32_t)fn->value)->api.prototype);
    else
        la_type_text(type, &text);
    la_error_at(p, span, LA_E_TYPE, la_buf_str(&text), "`%.60s` takes %s%u argument%s, but %u %s given",
                callee_name(fn), type->variadic ? "at least " : "", (unsigned int)type->nr_params,
                type->nr_params == 1 ? "" : "s", (unsigned int)nr, nr == 1 ? "is" : "are");
    la_buf_free(&text);
}

/* local_irq_save(flags) is a macro in the kernel: it takes the variable, not its address. */
static struct la_expr *by_reference(struct la_program *p, const struct la_param *param, struct la_expr *arg)
{
    if (!param->name || strcmp(param->name, "byref") != 0 || arg->bad || arg->type->kind == LA_TY_PTR)
        return arg;
    return la_expr_unary(p, LA_P_AMP, arg, arg->span);
}

/* free_page(page): the call for a struct page has the same name with two underscores. */
static bool wants_underscores(struct la_program *p, const struct la_expr *fn, const struct la_param *param,
                              const struct la_expr *arg)
{
    char twin[64];

    if (fn->kind != LA_N_NATIVE || arg->bad || param->type->kind != LA_TY_INT || !is_page_pointer(arg->type))
        return false;
    (void)snprintf(twin, sizeof twin, "__%.50s", callee_name(fn));
    if (la_api_row(twin) < 0)
        return false;
    struct la_buf hint;

    la_buf_init(&hint, p->host);
    la_buf_printf(&hint, "%s() takes a struct page *", twin);
    la_error_at(p, arg->span, LA_E_TYPE, la_buf_str(&hint),
                "`%.60s` takes the address of the memory, not a struct page *", callee_name(fn));
    la_buf_free(&hint);
    return true;
}

static struct la_expr *check_arguments(struct la_program *p, const struct la_expr *fn, const struct la_type *type,
                                       struct la_expr *args, bool *bad, uint32_t *depth)
{
    struct la_expr *first = NULL, **tail = &first;
    const struct la_param *param = type->params;
    struct la_buf what;
    uint32_t i = 0;

    la_buf_init(&what, p->host);
    for (struct la_expr *next; args && !p->pool.failed; args = next) {
        struct la_expr *arg = args;

        next = args->next;
        if (param) {
            la_buf_clear(&what);
            la_buf_printf(&what, "argument %u of `%.60s`", (unsigned int)++i, callee_name(fn));
            arg = wants_underscores(p, fn, param, arg)
                      ? la_expr_bad(p, arg->span)
                      : la_expr_coerce(p, param->type, by_reference(p, param, arg), la_buf_str(&what));
            param = param->next;
        } else {
            arg = la_expr_decay(p, arg);
            if (!arg->bad && !la_type_is_scalar(arg->type)) {
                la_error_at(p, arg->span, LA_E_TYPE, "pass a member or a pointer",
                            "this cannot be passed as an argument");
                *bad = true;
            }
            if (la_type_is_integer(arg->type))
                arg = la_expr_convert(p, la_type_promote(&p->types, arg->type), arg);
        }
        *bad |= arg->bad;
        *depth = arg->depth > *depth ? arg->depth : *depth;
        if (p->pool.failed)
            break;
        arg->next = NULL;
        *tail = arg;
        tail = &arg->next;
    }
    la_buf_free(&what);
    return first;
}

/*
 * kmem_cache_create had six arguments in 2.6.  A call with as many arguments as "name_2_6" has is that one: lines of
 * old books run, and each form is checked against its own prototype.
 */
static void use_older_form(struct la_program *p, struct la_expr *fn, uint32_t nr)
{
    char name[64];
    int32_t row;

    if (fn->kind != LA_N_NATIVE || fn->type->kind != LA_TY_FUNC || fn->type->variadic || nr == fn->type->nr_params)
        return;
    (void)snprintf(name, sizeof name, "%.50s_2_6", callee_name(fn));
    row = la_api_row(name);
    if (row < 0 || la_api_type(p, (uint32_t)row)->nr_params != nr)
        return;
    fn->value = (uint64_t)row;
    fn->type = la_api_type(p, (uint32_t)row);
}

/* In a question only calls that change nothing are allowed. */
static bool call_allowed(struct la_program *p, const struct la_expr *fn, struct la_span span)
{
    if (!p->pure || (fn->kind == LA_N_NATIVE && la_api_at((uint32_t)fn->value)->pure))
        return true;
    la_error_at(p, span, LA_E_TYPE, "ask with calls that only look, such as nr_free_pages(zone)",
                "`%.60s` may change the machine, a question must not", callee_name(fn));
    return false;
}

/* Argument @i of the list that begins with @args, which has that many. */
static const struct la_expr *argument_at(const struct la_expr *args, uint32_t i)
{
    while (i-- > 0)
        args = args->next;
    return args;
}

static const struct la_type *callee_type(const struct la_expr *fn)
{
    if (fn->type->kind == LA_TY_FUNC)
        return fn->type;
    if (fn->type->kind == LA_TY_PTR && fn->type->base->kind == LA_TY_FUNC)
        return fn->type->base;
    return NULL;
}

struct la_expr *la_expr_call(struct la_program *p, struct la_expr *fn, struct la_expr *args, uint32_t nr,
                             struct la_span span)
{
    const struct la_type *type;
    uint32_t depth = fn->depth;
    bool bad = false;
    struct la_buf text;

    if (fn->bad)
        return la_expr_bad(p, span);
    use_older_form(p, fn, nr);
    type = callee_type(fn);
    if (!type) {
        la_buf_init(&text, p->host);
        la_error_at(p, fn->span, LA_E_TYPE, "only functions are called", "this is %s, not a function",
                    la_quote_type(p, fn->type, &text));
        la_buf_free(&text);
        return la_expr_bad(p, span);
    }
    if (nr > LA_ARGS_MAX || (!type->no_prototype && (type->variadic ? nr < type->nr_params : nr != type->nr_params))) {
        if (nr > LA_ARGS_MAX)
            la_error_at(p, span, LA_E_LIMIT, "pass a pointer to a structure", "more than %d arguments", LA_ARGS_MAX);
        else
            wrong_count(p, fn, type, nr, span);
        return la_expr_bad(p, span);
    }
    args = check_arguments(p, fn, type, args, &bad, &depth);
    if (bad || !call_allowed(p, fn, span))
        return la_expr_bad(p, span);
    if (fn->kind == LA_N_NATIVE && type->variadic)
        la_check_format(p, argument_at(args, type->nr_params - 1), span);
    struct la_expr *n = la_expr_new(p, LA_N_CALL, span);

    n->a = fn->type->kind == LA_TY_PTR || fn->kind == LA_N_FUNCTION || fn->kind == LA_N_NATIVE ? fn : fn->a;
    n->b = args;
    n->value = nr;
    n->type = type->base;
    n->depth = (uint16_t)(depth + 1);
    return n;
}
