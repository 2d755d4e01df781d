/* type.c: making, comparing, laying out and printing types; type.h has the picture. */
#include "lang/type.h"

#include "lang/lang.h"

#include <string.h>

static struct la_type *type_new(struct la_types *types, enum la_type_kind kind, uint32_t size)
{
    struct la_type *type = la_pool_alloc(types->pool, sizeof *type);

    type->kind = (uint8_t)kind;
    type->size = size;
    type->align = size ? size : 1;
    return type;
}

static struct la_type *int_new(struct la_types *types, enum la_rank rank, uint32_t size, bool is_unsigned)
{
    struct la_type *type = type_new(types, LA_TY_INT, size);

    type->rank = (uint8_t)rank;
    type->is_unsigned = is_unsigned;
    if (size == 8 && types->pointer_bytes == 4)
        type->align = 4;
    return type;
}

void la_types_init(struct la_types *types, struct la_pool *pool, uint32_t pointer_bytes)
{
    types->pool = pool;
    types->pointer_bytes = pointer_bytes;
    types->t_void = type_new(types, LA_TY_VOID, 0);
    types->t_bool = type_new(types, LA_TY_BOOL, 1);
    types->t_bool->is_unsigned = true;
    types->t_char = int_new(types, LA_RANK_CHAR, 1, false);
    types->t_schar = int_new(types, LA_RANK_CHAR, 1, false);
    types->t_uchar = int_new(types, LA_RANK_CHAR, 1, true);
    types->t_short = int_new(types, LA_RANK_SHORT, 2, false);
    types->t_ushort = int_new(types, LA_RANK_SHORT, 2, true);
    types->t_int = int_new(types, LA_RANK_INT, 4, false);
    types->t_uint = int_new(types, LA_RANK_INT, 4, true);
    types->t_long = int_new(types, LA_RANK_LONG, pointer_bytes, false);
    types->t_ulong = int_new(types, LA_RANK_LONG, pointer_bytes, true);
    types->t_llong = int_new(types, LA_RANK_LLONG, 8, false);
    types->t_ullong = int_new(types, LA_RANK_LLONG, 8, true);
}

struct la_type *la_type_pointer(struct la_types *types, const struct la_type *base)
{
    if (base->pointer)
        return base->pointer;
    struct la_type *type = type_new(types, LA_TY_PTR, types->pointer_bytes);

    type->is_unsigned = true;
    type->base = base;
    /* Only a cache: two pointers to one type compare equal anyway. */
    ((struct la_type *)(uintptr_t)base)->pointer = type;
    return type;
}

struct la_type *la_type_array(struct la_types *types, const struct la_type *base, uint32_t length)
{
    struct la_type *type = type_new(types, LA_TY_ARRAY, 0);

    type->base = base;
    type->length = length;
    type->align = la_type_align(base);
    if (length != LA_UNKNOWN_LENGTH)
        type->size = length * la_type_size(base);
    return type;
}

struct la_type *la_type_function(struct la_types *types, const struct la_type *result, struct la_param *params,
                                 uint32_t nr_params, bool variadic)
{
    struct la_type *type = type_new(types, LA_TY_FUNC, 0);

    type->base = result;
    type->params = params;
    type->nr_params = nr_params;
    type->variadic = variadic;
    return type;
}

struct la_type *la_type_record(struct la_types *types, const char *tag, bool is_union)
{
    struct la_type *type = type_new(types, LA_TY_RECORD, 0);

    type->record = la_pool_alloc(types->pool, sizeof *type->record);
    type->record->tag = tag;
    type->record->is_union = is_union;
    type->record->align = 1;
    return type;
}

bool la_record_layout(struct la_record *record)
{
    uint64_t end = 0;

    for (struct la_member *m = record->members; m; m = m->next) {
        uint64_t align = la_type_align(m->type), at = record->is_union ? 0 : (end + align - 1) & ~(align - 1);

        m->offset = (uint32_t)at;
        at += la_type_size(m->type);
        if (at > LA_OBJECT_MAX)
            return false;
        if (at > end)
            end = at;
        if (align > record->align)
            record->align = (uint32_t)align;
    }
    record->size = (uint32_t)((end + record->align - 1) & ~(uint64_t)(record->align - 1));
    record->complete = true;
    return true;
}

struct la_type *la_type_alias(struct la_types *types, const struct la_type *type, const char *alias)
{
    struct la_type *copy = type_new(types, type->kind, 0);

    if (types->pool->failed)
        return copy;
    *copy = *type;
    copy->alias = alias;
    copy->pointer = NULL;
    return copy;
}

uint32_t la_type_size(const struct la_type *type)
{
    return type->kind == LA_TY_RECORD ? type->record->size : type->size;
}

uint32_t la_type_align(const struct la_type *type)
{
    return type->kind == LA_TY_RECORD ? type->record->align : type->align;
}

bool la_type_complete(const struct la_type *type)
{
    if (type->kind == LA_TY_RECORD)
        return type->record->complete;
    if (type->kind == LA_TY_ARRAY)
        return type->length != LA_UNKNOWN_LENGTH && la_type_complete(type->base);
    return type->kind != LA_TY_VOID && type->kind != LA_TY_FUNC;
}

bool la_type_is_integer(const struct la_type *type)
{
    return type->kind == LA_TY_INT || type->kind == LA_TY_BOOL;
}

bool la_type_is_scalar(const struct la_type *type)
{
    return la_type_is_integer(type) || type->kind == LA_TY_PTR;
}

static bool same_function(const struct la_type *a, const struct la_type *b)
{
    const struct la_param *p = a->params, *q = b->params;

    if (!la_type_same(a->base, b->base))
        return false;
    if (a->no_prototype || b->no_prototype)
        return true;
    if (a->nr_params != b->nr_params || a->variadic != b->variadic)
        return false;
    for (; p && q; p = p->next, q = q->next)
        if (!la_type_same(p->type, q->type))
            return false;
    return true;
}

bool la_type_same(const struct la_type *a, const struct la_type *b)
{
    while (a != b) {
        if (a->kind != b->kind)
            return false;
        switch ((enum la_type_kind)a->kind) {
        case LA_TY_VOID:
        case LA_TY_BOOL:
            return true;
        case LA_TY_INT:
            return a->rank == b->rank && a->is_unsigned == b->is_unsigned;
        case LA_TY_RECORD:
            return a->record == b->record;
        case LA_TY_FUNC:
            return same_function(a, b);
        case LA_TY_ARRAY:
            if (a->length != b->length && a->length != LA_UNKNOWN_LENGTH && b->length != LA_UNKNOWN_LENGTH)
                return false;
            break;
        case LA_TY_PTR:
            break;
        }
        a = a->base;
        b = b->base;
    }
    return true;
}

const struct la_member *la_type_member(const struct la_type *type, const char *name, uint32_t *offset)
{
    if (type->kind != LA_TY_RECORD)
        return NULL;
    for (const struct la_member *m = type->record->members; m; m = m->next) {
        uint32_t inner = 0;
        const struct la_member *found = NULL;

        if (m->name ? strcmp(m->name, name) == 0 : (found = la_type_member(m->type, name, &inner)) != NULL) {
            *offset = m->offset + inner;
            return found ? found : m;
        }
    }
    return NULL;
}

const struct la_type *la_type_promote(const struct la_types *types, const struct la_type *type)
{
    if (type->kind == LA_TY_BOOL || (type->kind == LA_TY_INT && type->rank < LA_RANK_INT))
        return types->t_int;
    return type;
}

/* C11 6.3.1.8, integers only. */
const struct la_type *la_type_common(const struct la_types *types, const struct la_type *a, const struct la_type *b)
{
    a = la_type_promote(types, a);
    b = la_type_promote(types, b);
    if (a->rank == b->rank)
        return a->is_unsigned ? a : b;
    if (a->rank < b->rank) {
        const struct la_type *swap = a;

        a = b;
        b = swap;
    }
    if (a->is_unsigned || !b->is_unsigned || a->size > b->size)
        return a;
    return a->rank == LA_RANK_LLONG ? types->t_ullong : types->t_ulong;
}

uint64_t la_type_convert(const struct la_type *type, uint64_t value)
{
    uint32_t bits = type->size * 8;

    if (type->kind == LA_TY_BOOL)
        return value != 0;
    if (bits == 0 || bits >= 64)
        return value;
    value &= (UINT64_C(1) << bits) - 1;
    if (!type->is_unsigned && value >> (bits - 1))
        value |= ~((UINT64_C(1) << bits) - 1);
    return value;
}

/* ---- printing: the base, then stars, arrays and parameters around nothing ---- */

static const char *int_name(const struct la_type *type)
{
    static const char *const names[][2] = {
        [LA_RANK_CHAR] = {"char", "unsigned char"},
        [LA_RANK_SHORT] = {"short", "unsigned short"},
        [LA_RANK_INT] = {"int", "unsigned int"},
        [LA_RANK_LONG] = {"long", "unsigned long"},
        [LA_RANK_LLONG] = {"long long", "unsigned long long"},
    };

    return names[type->rank][type->is_unsigned];
}

static void print_base(const struct la_type *type, struct la_buf *out)
{
    if (type->alias) {
        la_buf_puts(out, type->alias);
    } else if (type->kind == LA_TY_INT) {
        la_buf_puts(out, int_name(type));
    } else if (type->kind == LA_TY_RECORD) {
        la_buf_puts(out, type->record->is_union ? "union " : "struct ");
        la_buf_puts(out, type->record->tag ? type->record->tag : "{…}");
    } else {
        la_buf_puts(out, type->kind == LA_TY_BOOL ? "bool" : "void");
    }
}

static void print_params(const struct la_type *type, struct la_buf *out)
{
    la_buf_putc(out, '(');
    for (const struct la_param *p = type->params; p; p = p->next) {
        la_type_text(p->type, out);
        if (p->next || type->variadic)
            la_buf_puts(out, ", ");
    }
    la_buf_puts(out, type->variadic ? "...)" : type->params ? ")" : "void)");
}

void la_type_text(const struct la_type *type, struct la_buf *out)
{
    const struct la_type *t = type;
    uint32_t stars = 0;

    for (; t->kind == LA_TY_PTR && !t->alias; t = t->base)
        stars++;
    if (t->kind == LA_TY_FUNC && !t->alias) {
        la_type_text(t->base, out);
        if (stars) {
            la_buf_puts(out, " (");
            for (uint32_t i = 0; i < stars; i++)
                la_buf_putc(out, '*');
            la_buf_putc(out, ')');
        }
        print_params(t, out);
        return;
    }
    if (t->kind == LA_TY_ARRAY && !t->alias) {
        const struct la_type *element = t;

        while (element->kind == LA_TY_ARRAY && !element->alias)
            element = element->base;
        la_type_text(element, out);
        if (stars)
            la_buf_puts(out, " (*)");
        for (; t != element; t = t->base) {
            if (t->length == LA_UNKNOWN_LENGTH)
                la_buf_puts(out, "[]");
            else
                la_buf_printf(out, "[%u]", (unsigned int)t->length);
        }
        return;
    }
    print_base(t, out);
    if (stars)
        la_buf_putc(out, ' ');
    for (uint32_t i = 0; i < stars; i++)
        la_buf_putc(out, '*');
}
