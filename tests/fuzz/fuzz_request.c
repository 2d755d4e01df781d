/*
 * fuzz_request.c: any bytes as requests, one a line, to one engine.
 *
 *     {"op":"open",…}
 *     {"op":"step","n":5}
 *     …
 *
 * The reply must always be one JSON object with a message when it is an error, and the engine must
 * answer `hello` afterwards.  What a line may cost is bounded here, not in the engine: numbers of
 * more than four digits are cut, so that no input runs a million steps.
 */
#include "base/cjson.h"
#include "check_host.h"
#include "lookaside.h"

#include <assert.h>
#include <ctype.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 24, DIGITS_MAX = 4 };

static void check_reply(const char *text, size_t len)
{
    size_t at;
    cJSON *reply = la_cjson_parse(text, len, &at);
    const cJSON *error = la_cjson_get(reply, "error");

    assert(reply && cJSON_IsNumber(la_cjson_get(reply, "id")));
    if (cJSON_IsTrue(la_cjson_get(reply, "ok")))
        assert(cJSON_IsObject(la_cjson_get(reply, "result")));
    else
        assert(la_cjson_string(la_cjson_get(error, "message"))[0] && la_cjson_string(la_cjson_get(error, "hint"))[0]);
    cJSON_Delete(reply);
}

static void send(struct la_engine *engine, const char *line, size_t len)
{
    size_t reply_len = 0;
    const char *reply = la_request(engine, line, len, &reply_len);

    check_reply(reply, reply_len);
}

/* Copy the line without the digits that would make a number large. */
static size_t shorten(const char *line, size_t len, char *out)
{
    size_t n = 0, digits = 0;

    for (size_t i = 0; i < len; i++) {
        digits = isdigit((unsigned char)line[i]) ? digits + 1 : 0;
        if (digits <= DIGITS_MAX)
            out[n++] = line[i];
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct check_host check;
    const char *line = (const char *)data, *end = line + size;

    check_host_init(&check);
    struct la_engine *engine = la_engine_new(&check.host);

    for (int n = 0; line < end && n < LINES_MAX; n++) {
        const char *nl = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((nl ? nl : end) - line);
        char *copy = malloc(len + 1);

        send(engine, copy, shorten(line, len, copy));
        free(copy);
        line = nl ? nl + 1 : end;
    }
    send(engine, "{\"op\":\"hello\"}", 14);
    la_engine_free(engine);
    assert(check_host_clean(&check));
    return 0;
}
