/* scope.c: declaring names, leaving scopes, and giving variables their place in memory. */
#include "base/bits.h"
#include "lang/compiler.h"

#include <string.h>

static struct la_sym **binding(struct la_sym *sym)
{
    return sym->kind == LA_SYM_TAG ? &sym->name->tag : &sym->name->sym;
}

struct la_sym *la_declare(struct la_program *p, enum la_sym_kind kind, struct la_name *name, const struct la_type *type,
                          struct la_span span)
{
    struct la_sym *sym = la_pool_alloc(&p->pool, sizeof *sym);

    sym->kind = (uint8_t)kind;
    sym->prelude = p->in_prelude;
    sym->level = p->level;
    sym->name = name;
    sym->type = type;
    sym->span = span;
    if (p->pool.failed)
        return sym;
    struct la_sym **bound = binding(sym);

    if (*bound && (*bound)->level == p->level && !(*bound)->prelude && kind != LA_SYM_TAG && !p->typed)
        la_error_at(p, span, LA_E_TYPE, "choose another name, or remove one of the two",
                    "`%.60s` is already declared here, in line %u", name->text, (unsigned int)(*bound)->span.line);
    sym->outer = *bound;
    *bound = sym;
    sym->prev = p->env;
    p->env = sym;
    return sym;
}

void la_scope_close(struct la_program *p, struct la_sym *env)
{
    for (; p->env && p->env != env; p->env = p->env->prev) {
        struct la_sym **bound = binding(p->env);

        if (*bound == p->env)
            *bound = p->env->outer;
    }
}

bool la_place_local(struct la_program *p, struct la_sym *sym)
{
    uint32_t at = la_round_up(p->frame_used, la_type_align(sym->type)), size = la_type_size(sym->type);

    if (at - p->frame_base + size > LA_LOCALS_MAX) {
        la_error_at(p, sym->span, LA_E_LIMIT, "declare large arrays outside functions, or allocate pages for them",
                    "the local variables need more than %d bytes", LA_LOCALS_MAX);
        return false;
    }
    sym->offset = at;
    p->frame_used = at + size;
    if (p->frame_used > p->frame_max)
        p->frame_max = p->frame_used;
    return true;
}

/* @size bytes at the end of the data; LA_IMG_DATA_END when there is no room. */
static uint32_t extend_data(struct la_program *p, uint32_t size, uint32_t align, struct la_span span)
{
    uint32_t at = la_round_up(p->data.nr, align);

    if (at + size > LA_IMG_DATA_END - LA_IMG_DATA) {
        la_error_at(p, span, LA_E_LIMIT, "allocate pages for large data",
                    "the variables of the program need more than 3 MiB");
        return LA_IMG_DATA_END;
    }
    while (p->data.cap < at + size) {
        uint32_t full = p->data.cap;

        if (!la_vec_grow(p->host, (void **)&p->data.data, full, &p->data.cap, 1)) {
            p->oom = true;
            return LA_IMG_DATA_END;
        }
    }
    if (at + size > p->data.nr)
        memset(p->data.data + p->data.nr, 0, at + size - p->data.nr);
    p->data.nr = at + size;
    return LA_IMG_DATA + at;
}

bool la_place_global(struct la_program *p, struct la_sym *sym)
{
    sym->offset = extend_data(p, la_type_size(sym->type), la_type_align(sym->type), sym->span);
    return sym->offset != LA_IMG_DATA_END;
}

uint32_t la_place_string(struct la_program *p, const char *bytes, uint32_t len)
{
    uint32_t at = extend_data(p, len + 1, 1, la_token_span(la_peek(p)));

    if (at != LA_IMG_DATA_END)
        memcpy(p->data.data + (at - LA_IMG_DATA), bytes, len);
    return at;
}
