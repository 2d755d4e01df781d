/*
 * talk.h: an engine and requests to it, for tests: la_request() from outside, replies parsed.
 */
#ifndef LA_TESTS_TALK_H
#define LA_TESTS_TALK_H

#include "unit/play.h"

#include "base/cjson.h"
#include "lookaside.h"

/* An engine and its last reply, parsed. */
struct talk {
    struct check_host check;
    struct la_engine *engine;
    cJSON *reply;
};

static inline void talk_init(struct talk *talk)
{
    check_host_init(&talk->check);
    talk->engine = la_engine_new(&talk->check.host);
    assert_non_null(talk->engine);
    talk->reply = NULL;
}

static inline void talk_done(struct talk *talk)
{
    cJSON_Delete(talk->reply);
    la_engine_free(talk->engine);
    assert_true(check_host_clean(&talk->check));
}

static inline const cJSON *send(struct talk *talk, const char *request, size_t len)
{
    size_t reply_len, at;
    const char *text = la_request(talk->engine, request, len, &reply_len);

    assert_int_equal(strlen(text), reply_len);
    cJSON_Delete(talk->reply);
    talk->reply = la_cjson_parse(text, reply_len, &at);
    assert_non_null(talk->reply);
    return talk->reply;
}

/* The result of a request that must succeed. */
static inline const cJSON *ask(struct talk *talk, const char *request)
{
    const cJSON *reply = send(talk, request, strlen(request));

    if (!cJSON_IsTrue(la_cjson_get(reply, "ok")))
        fail_msg("%s was refused: %s", request, la_cjson_string(la_cjson_get(la_cjson_get(reply, "error"), "message")));
    return la_cjson_get(reply, "result");
}

/* The code of the error of a request that must fail; it has a message and a hint. */
static inline const char *refused(struct talk *talk, const char *request)
{
    const cJSON *reply = send(talk, request, strlen(request)), *error = la_cjson_get(reply, "error");

    if (!error)
        fail_msg("%.200s was answered", request);
    assert_true(strlen(la_cjson_string(la_cjson_get(error, "message"))) > 5);
    assert_true(strlen(la_cjson_string(la_cjson_get(error, "hint"))) > 2);
    return la_cjson_string(la_cjson_get(error, "code"));
}

static inline const cJSON *open_source(struct talk *talk, const char *source)
{
    cJSON *request = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(request, "op", "open");
    (void)cJSON_AddStringToObject(request, "source", source);
    char *text = cJSON_PrintUnformatted(request);
    const cJSON *result = ask(talk, text);

    cJSON_free(text);
    cJSON_Delete(request);
    return result;
}

static inline const cJSON *open_file(struct talk *talk, const char *path)
{
    char *text = read_file(path);
    const cJSON *result = open_source(talk, text);

    free(text);
    return result;
}

static inline int number(const cJSON *object, const char *key)
{
    const cJSON *item = la_cjson_get(object, key);

    if (!cJSON_IsNumber(item))
        fail_msg("no number %s", key);
    return (int)item->valuedouble;
}

static inline const char *text_of(const cJSON *object, const char *key)
{
    const char *text = la_cjson_string(la_cjson_get(object, key));

    if (!text)
        fail_msg("no text %s", key);
    return text;
}

static inline const cJSON *at(const cJSON *result)
{
    return la_cjson_get(result, "position");
}

#endif
