/* diag.c: the list of messages, and the guess at what a mistyped name meant. */
#include "base/diag.h"

#include <string.h>

void la_diags_init(struct la_diags *diags, const struct la_host *host)
{
    memset(diags, 0, sizeof *diags);
    diags->host = host;
}

static void free_text(const struct la_host *host, char *text)
{
    if (text)
        la_host_free(host, text, strlen(text) + 1);
}

void la_diags_free(struct la_diags *diags)
{
    for (uint32_t i = 0; i < diags->nr; i++) {
        free_text(diags->host, diags->item[i].message);
        free_text(diags->host, diags->item[i].hint);
    }
    la_diags_init(diags, diags->host);
}

static char *copy_text(const struct la_host *host, const char *text)
{
    if (!text)
        return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = la_host_alloc(host, bytes);

    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

void la_diags_add(struct la_diags *diags, enum la_severity severity, enum la_error code, struct la_span at,
                  const char *message, const char *hint)
{
    diags->nr_errors += severity == LA_SEVERE;
    if (diags->nr == LA_DIAG_MAX)
        return;
    diags->item[diags->nr++] = (struct la_diag){
        .code = code,
        .severity = severity,
        .line = at.line,
        .column = at.column,
        .end_line = at.end_line,
        .end_column = at.end_column,
        .message = copy_text(diags->host, message),
        .hint = copy_text(diags->host, hint),
    };
}

void la_diags_addf(struct la_diags *diags, enum la_severity severity, enum la_error code, struct la_span at,
                   const char *hint, const char *fmt, ...)
{
    struct la_buf text;
    va_list ap;

    la_buf_init(&text, diags->host);
    va_start(ap, fmt);
    la_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    la_diags_add(diags, severity, code, at, la_buf_str(&text), hint);
    la_buf_free(&text);
}

struct error_text {
    const char *code, *meaning;
};

static const struct error_text error_texts[LA_E_NR] = {
#define LA_ERROR(symbol, code, meaning) [LA_E_##symbol] = {code, meaning},
#include "base/error.def"
#undef LA_ERROR
};

const char *la_error_code(enum la_error code)
{
    return error_texts[code].code;
}

const char *la_error_meaning(enum la_error code)
{
    return error_texts[code].meaning;
}

void la_diags_json(const struct la_diags *diags, struct la_json *w)
{
    la_json_arr(w);
    for (uint32_t i = 0; i < diags->nr; i++) {
        const struct la_diag *d = &diags->item[i];

        la_json_obj(w);
        la_json_kstr(w, "severity", d->severity == LA_SEVERE ? "error" : "warning");
        la_json_kstr(w, "code", la_error_code(d->code));
        la_json_kstr(w, "message", d->message ? d->message : "");
        la_json_kuint(w, "line", d->line);
        la_json_kuint(w, "column", d->column);
        la_json_kuint(w, "end_line", d->end_line);
        la_json_kuint(w, "end_column", d->end_column);
        la_json_kstr(w, "hint", d->hint ? d->hint : "");
        la_json_end(w);
    }
    la_json_end(w);
}

enum { GUESS_LEN_MAX = 48 };

/* Edits (insert, delete, replace, swap of neighbours) that turn @a into @b. */
static uint32_t edit_distance(const char *a, uint32_t na, const char *b, uint32_t nb)
{
    uint8_t row[3][GUESS_LEN_MAX + 1];

    for (uint32_t j = 0; j <= nb; j++)
        row[0][j] = (uint8_t)j;
    for (uint32_t i = 1; i <= na; i++) {
        uint8_t *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

        now[0] = (uint8_t)i;
        for (uint32_t j = 1; j <= nb; j++) {
            uint32_t best = (uint32_t)up[j - 1] + (a[i - 1] != b[j - 1]);

            best = best < up[j] + 1u ? best : up[j] + 1u;
            best = best < now[j - 1] + 1u ? best : now[j - 1] + 1u;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && up2[j - 2] + 1u < best)
                best = up2[j - 2] + 1u;
            now[j] = (uint8_t)best;
        }
    }
    return row[na % 3][nb];
}

const char *la_did_you_mean(const char *name, const char *const *names, uint32_t nr)
{
    size_t len = strlen(name);
    const char *best = NULL;
    uint32_t best_distance = (uint32_t)(len + 2) / 3;

    if (len == 0 || len > GUESS_LEN_MAX)
        return NULL;
    for (uint32_t i = 0; i < nr; i++) {
        size_t other = strlen(names[i]);

        if (other > GUESS_LEN_MAX || other > len + best_distance || len > other + best_distance)
            continue;
        uint32_t d = edit_distance(name, (uint32_t)len, names[i], (uint32_t)other);

        if (d < best_distance || (d == best_distance && !best)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
