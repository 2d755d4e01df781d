/*
 * diag.h: messages for people: what happened, where, what to do.
 *
 * Parsers recover and go on, so a list of diagnostics is filled in one pass.  Lines and columns
 * count from 1; columns count bytes.  0 means "not about a place".
 */
#ifndef LA_BASE_DIAG_H
#define LA_BASE_DIAG_H

#include "base/host.h"
#include "base/jsonw.h"

#include <stdint.h>

enum la_error {
#define LA_ERROR(symbol, code, meaning) LA_E_##symbol,
#include "base/error.def"
#undef LA_ERROR
    LA_E_NR
};

enum la_severity { LA_WARNING, LA_SEVERE };

struct la_diag {
    enum la_error code;
    enum la_severity severity;
    uint32_t line, column;          /* 1-based; 0 = none */
    uint32_t end_line, end_column;  /* one past the last byte; 0 = none */
    char *message;                  /* owned by the list */
    char *hint;                     /* what to do; NULL = none; owned by the list */
};

/* A bounded list: after LA_DIAG_MAX further messages are counted, not kept. */
enum { LA_DIAG_MAX = 64 };

struct la_diags {
    const struct la_host *host;
    struct la_diag item[LA_DIAG_MAX];
    uint32_t nr;        /* kept in item[] */
    uint32_t nr_errors; /* severity LA_SEVERE, kept or not */
};

struct la_span {
    uint32_t line, column, end_line, end_column;
};

void la_diags_init(struct la_diags *diags, const struct la_host *host);
/** Free all messages; the list is empty and usable again. */
void la_diags_free(struct la_diags *diags);
/** Add a message; @hint may be NULL; both are copied.  Returns nothing: a full list only counts. */
void la_diags_add(struct la_diags *diags, enum la_severity severity, enum la_error code, struct la_span at,
                  const char *message, const char *hint);
/** Same with a printf format for the message, without a hint. */
void la_diags_addf(struct la_diags *diags, enum la_severity severity, enum la_error code, struct la_span at,
                   const char *hint, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/** The code as protocol and command line print it: "syntax". */
const char *la_error_code(enum la_error code);
/** The meaning of the code: one sentence. */
const char *la_error_meaning(enum la_error code);
/** Write the list as an array of {severity, code, message, line, column, end_line, end_column, hint}. */
void la_diags_json(const struct la_diags *diags, struct la_json *w);
/**
 * The best match for a mistyped @name among @nr names (Damerau-Levenshtein distance at most a
 * third of the length), or NULL.  The result points into @names.
 */
const char *la_did_you_mean(const char *name, const char *const *names, uint32_t nr);

#endif
