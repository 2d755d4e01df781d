/*
 * check_format.c: the arguments of printk and its relatives against the format, as gcc does it.
 *
 * Only a format that is a literal can be checked.  Everything here is a warning: the kernel
 * would print nonsense and go on.
 */
#include "lang/compiler.h"

#include <string.h>

/* The text of a string literal that decayed to a pointer; NULL for everything else. */
static const char *literal(const struct la_program *p, const struct la_expr *a, uint32_t *len)
{
    while (a && a->kind == LA_N_CAST)
        a = a->a;
    if (!a || a->kind != LA_N_ADDR || a->a->kind != LA_N_STRING || a->a->value < LA_IMG_DATA)
        return NULL;
    *len = la_type_size(a->a->type) - 1;
    uint64_t at = a->a->value - LA_IMG_DATA;

    return at + *len <= p->data.nr ? (const char *)p->data.data + at : NULL;
}

/* One conversion: what stands behind the %, up to its letter. */
struct conversion {
    const char *start;
    uint32_t len;
    uint32_t bytes; /* the size its length letters name; 0 = any */
    char type;
};

/* Find the next conversion at or behind *@at.  `*` counts as one of its own, of type '*'. */
static bool next_conversion(const struct la_program *p, const char *fmt, uint32_t len, uint32_t *at, bool *inside,
                            struct conversion *c)
{
    uint32_t i = *at;

    if (!*inside) {
        while (i < len && !(fmt[i] == '%' && (i + 1 >= len || fmt[i + 1] != '%')))
            i += fmt[i] == '%' ? 2 : 1;
        if (i >= len)
            return false;
        i++;
    }
    *c = (struct conversion){.start = fmt + i, .bytes = 4};
    for (; i < len && strchr("-+ #0123456789.hlzt*", fmt[i]); i++) {
        if (fmt[i] == '*') {
            c->type = '*';
            *at = i + 1;
            *inside = true;
            return true;
        }
        if (fmt[i] == 'l')
            c->bytes = fmt[i - 1] == 'l' ? 8 : p->types.pointer_bytes;
        else if (fmt[i] == 'z' || fmt[i] == 't')
            c->bytes = p->types.pointer_bytes;
    }
    *inside = false;
    c->type = i < len ? fmt[i] : '\0';
    c->len = (uint32_t)(fmt + i + 1 - c->start);
    *at = i + 1;
    return c->type != '\0';
}

static void check_argument(struct la_program *p, const struct conversion *c, const struct la_expr *arg)
{
    bool pointer = arg->type->kind == LA_TY_PTR;
    int len = (int)(c->len < 12 ? c->len : 12);
    struct la_buf text;

    la_buf_init(&text, p->host);
    if (strchr("sp", c->type) && !pointer)
        la_warn_at(p, arg->span, LA_E_TYPE, c->type == 's' ? "%s takes a char *, %d an int" : "cast it: (void *)",
                   "%%%.*s needs a pointer, but this is %s", len, c->start, la_quote_type(p, arg->type, &text));
    else if (strchr("diuxXoc", c->type) && pointer)
        la_warn_at(p, arg->span, LA_E_TYPE, "print pointers with %px, strings with %s",
                   "%%%.*s prints a number, but this is %s", len, c->start, la_quote_type(p, arg->type, &text));
    else if (strchr("diuxXo", c->type) && c->bytes && arg->type->size != c->bytes)
        la_warn_at(p, arg->span, LA_E_TYPE, "use %d for int, %lu for unsigned long, %llu for u64",
                   "%%%.*s prints %u bytes, but this is %s of %u", len, c->start, (unsigned int)c->bytes,
                   la_quote_type(p, arg->type, &text), (unsigned int)arg->type->size);
    la_buf_free(&text);
}

void la_check_format(struct la_program *p, const struct la_expr *format, struct la_span span)
{
    const struct la_expr *arg = format->next;
    uint32_t len = 0, at = 0, wanted = 0, given = 0;
    const char *fmt = literal(p, format, &len);
    bool inside = false;
    struct conversion c;

    if (!fmt)
        return;
    for (const struct la_expr *a = arg; a; a = a->next)
        given++;
    /* Warnings may move nothing: the literal stays where it is while they are made. */
    while (next_conversion(p, fmt, len, &at, &inside, &c)) {
        wanted++;
        if (arg && !arg->bad && c.type != '*')
            check_argument(p, &c, arg);
        arg = arg ? arg->next : NULL;
    }
    if (wanted != given)
        la_warn_at(p, span, LA_E_TYPE, "one argument for each % of the format",
                   "the format asks for %u value%s, but %u %s given", (unsigned int)wanted, wanted == 1 ? "" : "s",
                   (unsigned int)given, given == 1 ? "is" : "are");
}
