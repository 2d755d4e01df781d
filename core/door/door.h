/*
 * door.h: inside the one door to the core: the engine, and how a request is answered.
 *
 *     bytes -> parse -> op.def row -> op_<name>(req) -> {"id":…,"ok":true,"result":…}
 *                                        `-> req->error -> {"id":…,"ok":false,"error":…}
 *
 * An operation either writes its whole result object or reports an error and changes nothing.
 * The engine holds one lesson and up to LA_BRANCHES_MAX machines that run it (branch 0 is the
 * first; `fork` makes more).
 */
#ifndef LA_DOOR_DOOR_H
#define LA_DOOR_DOOR_H

#include "base/cjson.h"
#include "lookaside.h"
#include "timeline/timeline.h"
#include "view/view.h"

enum {
    LA_PROTOCOL_VERSION = 1,
    LA_BRANCHES_MAX = 4,
    LA_RUN_MAX = 1000000,  /* statements one request may run */
    LA_STEPS_REPLY_MAX = 2000,
    LA_REQUEST_BYTES_MAX = 16 << 20,
    LA_WORDS_MAX = 60
};

struct la_branch {
    struct la_timeline *timeline; /* NULL = free slot */
    struct la_view view;
};

struct la_engine {
    const struct la_host *host;
    struct la_lesson *lesson;
    struct la_machine_config config;
    struct la_branch branch[LA_BRANCHES_MAX];
    struct la_diags diags;           /* of the last `open` */
    uint8_t answered[LA_LESSON_SECTIONS_MAX]; /* by question */
    struct la_buf reply, result;
};

/* One request being answered. */
struct la_req {
    struct la_engine *engine;
    const cJSON *request;
    struct la_branch *branch;
    struct la_view_since since;      /* the versions the caller has */
    bool since_given;
    struct la_json *w;               /* where the result object goes */
    enum la_error error;             /* LA_E_OK = none */
    struct la_buf message;           /* of the error */
    const char *hint;                /* static text */
    uint32_t line, column;
};

/** Report that the request cannot be answered; always returns false. */
bool la_req_fail(struct la_req *req, enum la_error error, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** Read whole number @key (0..@max) into @out, which keeps its value when the key is absent. */
bool la_req_uint(struct la_req *req, const char *key, uint64_t max, uint64_t *out);
/** Read text @key; NULL when absent (then an error is reported if @required). */
const char *la_req_text(struct la_req *req, const char *key, bool required);
/** Write "position": where the branch stands, with a delta when the request carries `since`. */
bool la_req_position(struct la_req *req, const char *stopped);

/* One function a row of op.def; true when the result was written. */
#define LA_OP(name, needs_lesson, help) bool la_op_##name(struct la_req *req);
#include "door/op.def"
#undef LA_OP

/* check.c */
/**
 * The right answer of question @ask, evaluated where the lesson asks for it: after the next code
 * section.  The timeline comes back to the step it stood at.  The text goes to @correct; false
 * with @diags when there is none.
 */
bool la_right_answer(struct la_timeline *timeline, const struct la_lesson *lesson, const struct la_ask *ask,
                     uint32_t section, struct la_buf *correct, struct la_diags *diags);
/** Whether @given means the same answer as @correct: equal numbers, or equal texts. */
bool la_same_answer(const char *given, const char *correct);

#endif
