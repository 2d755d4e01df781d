/* api.c: reading the table of kernel calls; api.h has the picture. */
#include "lang/api.h"

#include "lang/compiler.h"

#include <string.h>

#define LA_CALL(name, prototype, header, part, context, since, removed, replaced_by, pure, binding, help)              \
    uint64_t la_call_##binding(struct la_call *call);
#include "lang/api.def"

static const struct la_api_row rows[] = {
#define LA_CALL(name, prototype, header, part, context, since, removed, replaced_by, pure, binding, help)              \
    {{#name, prototype, header, part, context, since, removed, replaced_by, help}, pure, la_call_##binding},
#include "lang/api.def"
};

static const struct la_api table[] = {
#define LA_CALL(name, prototype, header, part, context, since, removed, replaced_by, pure, binding, help)              \
    {#name, prototype, header, part, context, since, removed, replaced_by, help},
#include "lang/api.def"
};

static const struct la_api macros[] = {
#define LA_MACRO(name, parameters, body, header, part, context, since, removed, replaced_by, help)                     \
    {#name, #name parameters, header, part, context, since, removed, replaced_by, help},
#include "lang/macro.def"
};

enum { NR_ROWS = sizeof rows / sizeof *rows };

const struct la_api_row *la_api_at(uint32_t row)
{
    return &rows[row < NR_ROWS ? row : 0];
}

const struct la_api *la_api_table(uint32_t *nr)
{
    *nr = NR_ROWS;
    return table;
}

const struct la_api *la_macro_table(uint32_t *nr)
{
    *nr = sizeof macros / sizeof *macros;
    return macros;
}

int32_t la_api_row(const char *name)
{
    for (int32_t i = 0; i < NR_ROWS; i++)
        if (rows[i].api.name[0] == name[0] && strcmp(rows[i].api.name, name) == 0)
            return i;
    return -1;
}

const struct la_api *la_api_find(const char *name)
{
    int32_t row = la_api_row(name);

    return row < 0 ? NULL : &table[row];
}

const struct la_type *la_api_type(struct la_program *p, uint32_t row)
{
    while (p->api_types.nr < NR_ROWS)
        if (!LA_VEC_PUSH(p->host, &p->api_types, NULL)) {
            p->oom = true;
            return p->types.t_int;
        }
    if (!p->api_types.data[row]) {
        const struct la_type *type = la_parse_prototype(p, rows[row].api.prototype);

        p->api_types.data[row] = type;
    }
    return p->api_types.data[row];
}
