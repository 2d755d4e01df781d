/*
 * json.c: see json.h.
 *
 * The scanner trusts nothing but does not validate either: on text that is not JSON it returns
 * NULL or some piece within the bounds, never a byte beyond them.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

struct scan {
    const char *at, *end;
};

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

/* From the opening quote to behind the closing one. */
static bool skip_string(struct scan *s)
{
    for (s->at++; s->at < s->end; s->at++) {
        if (*s->at == '\\')
            s->at++;
        else if (*s->at == '"')
            return s->at++, true;
    }
    return false;
}

/* Behind one value: brackets are counted, so nesting costs no stack. */
static bool skip_value(struct scan *s)
{
    size_t depth = 0;

    while (s->at < s->end) {
        char c = *s->at;

        if (c == '"') {
            if (!skip_string(s))
                return false;
            if (depth == 0)
                return true;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return true;
        s->at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return depth == 0;
}

const char *json_member(const char *json, size_t len, const char *key, size_t *value_len)
{
    struct scan s = {json, json + len};
    size_t key_len = strlen(key);
    const char *name, *value;

    skip_space(&s);
    if (s.at >= s.end || *s.at++ != '{')
        return NULL;
    for (;;) {
        skip_space(&s);
        name = s.at + 1;
        if (s.at >= s.end || *s.at != '"' || !skip_string(&s))
            return NULL;
        bool found = (size_t)(s.at - 1 - name) == key_len && !memcmp(name, key, key_len);
        skip_space(&s);
        if (s.at >= s.end || *s.at++ != ':')
            return NULL;
        skip_space(&s);
        value = s.at;
        if (!skip_value(&s))
            return NULL;
        if (found) {
            *value_len = (size_t)(s.at - value);
            return value;
        }
        skip_space(&s);
        if (s.at >= s.end || *s.at++ != ',')
            return NULL;
    }
}

const char *json_next(const char *json, size_t json_len, const char *previous, size_t *len)
{
    struct scan s = {previous ? previous + *len : json, json + json_len};
    const char *value;

    skip_space(&s);
    if (s.at >= s.end || *s.at++ != (previous ? ',' : '['))
        return NULL;
    skip_space(&s);
    value = s.at;
    if (s.at >= s.end || *s.at == ']' || !skip_value(&s))
        return NULL;
    *len = (size_t)(s.at - value);
    return value;
}

char *json_text(cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);

    cJSON_Delete(object);
    return text;
}

char *json_error(const char *code, const char *message, const char *hint)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "code", code);
    cJSON_AddStringToObject(object, "message", message);
    if (hint)
        cJSON_AddStringToObject(object, "hint", hint);
    return json_text(object);
}

const char *json_string(const cJSON *object, const char *key, const char *fallback)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return value ? value : fallback;
}

double json_number(const cJSON *object, const char *key, double fallback)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(value) ? value->valuedouble : fallback;
}
