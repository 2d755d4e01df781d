/*
 * cjson.h: the one place that includes cJSON, and the few rules for using it.
 *
 * Use la_cjson_get (exact case) to look a key up; plain cJSON_GetObjectItem ignores case.
 * Numbers arrive as doubles: la_cjson_uint takes only whole numbers that fit.
 */
#ifndef LA_BASE_CJSON_H
#define LA_BASE_CJSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Parse @len bytes.  On failure returns NULL and sets @error_at to the offset of the first byte
 * that could not be read.  The tree is the caller's: cJSON_Delete.
 */
cJSON *la_cjson_parse(const char *json, size_t len, size_t *error_at);
/** The member @key of @object, or NULL.  Case matters. */
const cJSON *la_cjson_get(const cJSON *object, const char *key);
/** @item as a whole number in 0..@max; false when it is not one. */
bool la_cjson_uint(const cJSON *item, uint64_t max, uint64_t *out);
/** The string value, or NULL when @item is not a string. */
const char *la_cjson_string(const cJSON *item);

#endif
