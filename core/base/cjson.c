/* cjson.c: thin, exact readers over cJSON. */
#include "base/cjson.h"

cJSON *la_cjson_parse(const char *json, size_t len, size_t *error_at)
{
    const char *end = json;
    cJSON *tree = cJSON_ParseWithLengthOpts(json, len, &end, false);
    size_t at = (size_t)(end - json);

    if (tree) {
        while (at < len && (json[at] == ' ' || json[at] == '\n' || json[at] == '\r' || json[at] == '\t'))
            at++;
        if (at == len)
            return tree;
        cJSON_Delete(tree);
    }
    *error_at = at < len ? at : len;
    return NULL;
}

const cJSON *la_cjson_get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

bool la_cjson_uint(const cJSON *item, uint64_t max, uint64_t *out)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > 9007199254740992.0)
        return false;
    uint64_t value = (uint64_t)item->valuedouble;

    if ((double)value != item->valuedouble || value > max)
        return false;
    *out = value;
    return true;
}

const char *la_cjson_string(const cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : NULL;
}
