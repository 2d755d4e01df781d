/* door.c: request in, reply out. */
#include "door/door.h"

#include <string.h>

const char *la_version(void)
{
    return "0.1.0";
}

struct la_engine *la_engine_new(const struct la_host *host)
{
    struct la_engine *engine = la_host_alloc(host, sizeof *engine);

    if (!engine)
        return NULL;
    engine->host = host;
    la_buf_init(&engine->reply, host);
    la_buf_init(&engine->result, host);
    la_diags_init(&engine->diags, host);
    return engine;
}

void la_engine_free(struct la_engine *engine)
{
    if (!engine)
        return;
    for (uint32_t i = 0; i < LA_BRANCHES_MAX; i++) {
        la_timeline_free(engine->branch[i].timeline);
        la_view_free(&engine->branch[i].view);
    }
    la_lesson_free(engine->lesson);
    la_diags_free(&engine->diags);
    la_buf_free(&engine->reply);
    la_buf_free(&engine->result);
    la_host_free(engine->host, engine, sizeof *engine);
}

/* ---- what operations use ---- */

bool la_req_fail(struct la_req *req, enum la_error error, const char *hint, const char *fmt, ...)
{
    va_list ap;

    req->error = error;
    req->hint = hint ? hint : "";
    la_buf_clear(&req->message);
    va_start(ap, fmt);
    la_buf_vprintf(&req->message, fmt, ap);
    va_end(ap);
    return false;
}

bool la_req_uint(struct la_req *req, const char *key, uint64_t max, uint64_t *out)
{
    const cJSON *item = la_cjson_get(req->request, key);

    if (!item || la_cjson_uint(item, max, out))
        return true;
    return la_req_fail(req, LA_E_BAD_REQUEST, "", "\"%s\" must be a whole number from 0 to %llu", key,
                        (unsigned long long)max);
}

const char *la_req_text(struct la_req *req, const char *key, bool required)
{
    const cJSON *item = la_cjson_get(req->request, key);
    const char *text = la_cjson_string(item);

    if (!text && (item || required))
        la_req_fail(req, LA_E_BAD_REQUEST, "", "\"%s\" must be a text", key);
    return text;
}

bool la_req_position(struct la_req *req, const char *stopped)
{
    struct la_timeline *t = req->branch->timeline;
    struct la_json *w = req->w;

    la_json_key(w, "position");
    la_json_obj(w);
    la_json_kuint(w, "step", t->step);
    la_json_kint(w, "end", t->end);
    la_json_key(w, "next");
    la_view_next(t, w);
    la_json_khex(w, "hash", t->trace->hash);
    la_json_key(w, "last");
    la_view_step(t, w);
    la_json_kstr(w, "stopped", stopped);
    la_json_kuint(w, "branch", (uint64_t)(req->branch - req->engine->branch));
    if (req->since_given) {
        la_view_collect(&req->branch->view, t->trace);
        la_json_key(w, "delta");
        la_view_snapshot(&req->branch->view, t, &req->since, w);
    }
    la_json_end(w);
    return true;
}

/* ---- dispatch ---- */

struct op {
    const char *name;
    bool needs_lesson;
    bool (*run)(struct la_req *req);
};

static const struct op ops[] = {
#define LA_OP(name, needs_lesson, help) {#name, needs_lesson, la_op_##name},
#include "door/op.def"
#undef LA_OP
};

enum { NR_OPS = sizeof ops / sizeof ops[0] };

static const char *guess_op(const char *name)
{
    const char *names[NR_OPS];

    for (uint32_t i = 0; i < NR_OPS; i++)
        names[i] = ops[i].name;
    return la_did_you_mean(name, names, NR_OPS);
}

static bool find_branch(struct la_req *req)
{
    uint64_t branch = 0;

    if (!la_req_uint(req, "branch", LA_BRANCHES_MAX - 1, &branch))
        return false;
    req->branch = &req->engine->branch[branch];
    if (req->branch->timeline)
        return true;
    return la_req_fail(req, LA_E_NOT_FOUND, "Make one with `fork`.", "there is no branch %u", (unsigned int)branch);
}

/* Read before anything runs: a request that is refused must not have moved the machine. */
static bool read_since(struct la_req *req)
{
    const cJSON *object = la_cjson_get(req->request, "since");

    req->since_given = object != NULL;
    if (object && !cJSON_IsObject(object))
        return la_req_fail(req, LA_E_BAD_REQUEST, "", "\"since\" must be an object of versions");
    for (uint32_t s = 0; object && s < LA_VIEW_NR; s++) {
        uint64_t version = 0;
        const cJSON *item = la_cjson_get(object, la_view_section_name((enum la_view_section)s));

        if (item && !la_cjson_uint(item, UINT32_MAX, &version))
            return la_req_fail(req, LA_E_BAD_REQUEST, "", "a version in \"since\" must be a whole number");
        req->since.version[s] = (uint32_t)version;
    }
    return true;
}

static bool dispatch(struct la_req *req)
{
    const char *name = la_req_text(req, "op", true);

    if (!name || !read_since(req))
        return false;
    for (uint32_t i = 0; i < NR_OPS; i++) {
        if (strcmp(ops[i].name, name) != 0)
            continue;
        if (!ops[i].needs_lesson)
            return ops[i].run(req);
        if (!req->engine->branch[0].timeline)
            return la_req_fail(req, LA_E_NO_LESSON, "Send {\"op\":\"open\",\"source\":…} first.", "no lesson is open");
        return find_branch(req) && ops[i].run(req);
    }
    const char *guess = guess_op(name);

    return la_req_fail(req, LA_E_UNKNOWN_OP, guess ? guess : "", "there is no request \"%.40s\"%s", name,
                        guess ? "; did you mean the one in the hint?" : "");
}

/* What to do when the operation had nothing better to say. */
static const char *general_hint(enum la_error error)
{
    switch (error) {
    case LA_E_BAD_REQUEST:
    case LA_E_UNKNOWN_OP:
        return "core/protocol/protocol.schema.json lists every request with its members.";
    case LA_E_NOT_FOUND:
        return "Ask for a `snapshot`: it shows what there is.";
    case LA_E_NOMEM:
        return "Close other tabs, or open a smaller machine.";
    case LA_E_BAD_LESSON:
        return "Run `check` on the lesson: it says what is wrong and where.";
    default:
        return la_error_meaning(error);
    }
}

static void write_error(struct la_req *req, struct la_json *w)
{
    la_json_key(w, "error");
    la_json_obj(w);
    la_json_kstr(w, "code", la_error_code(req->error));
    la_json_kstr(w, "message", la_buf_str(&req->message));
    la_json_kuint(w, "line", req->line);
    la_json_kuint(w, "column", req->column);
    la_json_kstr(w, "hint", req->hint && req->hint[0] ? req->hint : general_hint(req->error));
    la_json_end(w);
}

/* Turn a byte offset of the request into line and column. */
static void place(struct la_req *req, const char *json, size_t at)
{
    req->line = 1;
    req->column = 1;
    for (size_t i = 0; i < at; i++) {
        req->column++;
        if (json[i] == '\n') {
            req->line++;
            req->column = 1;
        }
    }
}

/* Parse and run; the result object is in engine->result when true is returned. */
static bool answer(struct la_req *req, const char *json, size_t len, cJSON **tree)
{
    size_t error_at = 0;
    struct la_json w;

    if (len > LA_REQUEST_BYTES_MAX)
        return la_req_fail(req, LA_E_LIMIT, "Send a smaller lesson.", "a request has at most %d bytes", LA_REQUEST_BYTES_MAX);
    *tree = la_cjson_parse(json, len, &error_at);
    if (!*tree) {
        place(req, json, error_at);
        return la_req_fail(req, LA_E_BAD_JSON, "A request is one JSON object, in UTF-8.", "the request is not valid JSON");
    }
    req->request = *tree;
    if (!cJSON_IsObject(*tree))
        return la_req_fail(req, LA_E_BAD_REQUEST, "", "a request is a JSON object");
    la_json_init(&w, &req->engine->result);
    req->w = &w;
    la_json_obj(&w);
    if (!dispatch(req))
        return false;
    la_json_end(&w);
    return true;
}

const char *la_request(struct la_engine *engine, const char *request_json, size_t len, size_t *reply_len)
{
    struct la_req req = {.engine = engine};
    struct la_json w;
    cJSON *tree = NULL;
    uint64_t id = 0;

    la_buf_init(&req.message, engine->host);
    la_buf_clear(&engine->reply);
    la_buf_clear(&engine->result);
    bool good = answer(&req, request_json, len, &tree);

    (void)la_cjson_uint(la_cjson_get(tree, "id"), INT64_C(1) << 53, &id);
    if (good && engine->result.failed)
        good = la_req_fail(&req, LA_E_NOMEM, "Close other tabs, or open a smaller machine.", "out of memory while writing the reply");
    la_json_init(&w, &engine->reply);
    la_json_obj(&w);
    la_json_kuint(&w, "id", id);
    la_json_kbool(&w, "ok", good);
    if (good) {
        la_json_key(&w, "result");
        la_json_raw(&w, la_buf_str(&engine->result), engine->result.len);
    } else {
        write_error(&req, &w);
    }
    la_json_end(&w);
    cJSON_Delete(tree);
    la_buf_free(&req.message);
    if (engine->reply.failed) {
        static const char out_of_memory[] =
            "{\"id\":0,\"ok\":false,\"error\":{\"code\":\"host-memory\",\"message\":\"out of memory\",\"line\":0,\"column\":0,\"hint\":\"\"}}";

        if (reply_len)
            *reply_len = sizeof out_of_memory - 1;
        return out_of_memory;
    }
    if (reply_len)
        *reply_len = engine->reply.len;
    return la_buf_str(&engine->reply);
}
