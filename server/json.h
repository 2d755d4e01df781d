/*
 * json.h: the little that the server itself does with JSON.
 *
 * Bodies of engine requests and replies are opaque bytes; json_member() finds a piece of one
 * without changing a byte of it.  Commands that read replies use cJSON, included here and
 * nowhere else in server/.
 */
#ifndef LA_SERVER_JSON_H
#define LA_SERVER_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * The value of member @key of the object @json of @len bytes: its first byte, with its length in
 * @value_len; NULL if @json is no object or has no such member.  Reads one level, copies nothing.
 */
const char *json_member(const char *json, size_t len, const char *key, size_t *value_len);

/**
 * The elements of array @json, one after the other: @previous is NULL for the first, then what was
 * returned, with *@len still its length.  NULL behind the last.
 */
const char *json_next(const char *json, size_t json_len, const char *previous, size_t *len);

/** {"code":...,"message":...,"hint":...} from malloc, or NULL.  @hint may be NULL. */
char *json_error(const char *code, const char *message, const char *hint);

/** The text of @object as malloc'd JSON; frees @object.  NULL if memory is out. */
char *json_text(cJSON *object);

/** A member's string, or @fallback if it is not there or no string. */
const char *json_string(const cJSON *object, const char *key, const char *fallback);

/** A member's number, or @fallback. */
double json_number(const cJSON *object, const char *key, double fallback);

#endif
