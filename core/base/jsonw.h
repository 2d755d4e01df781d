/*
 * jsonw.h: the one way the core writes JSON: in order, without floats.
 *
 * Native and WebAssembly must answer with the same bytes, so keys come in the order the code
 * writes them and numbers are integers.  64-bit quantities that may pass 2^53 (addresses,
 * masks, hashes) are hex strings, since a browser's number cannot hold them.
 *
 *     la_json_obj(&w);                   {
 *     la_json_key(&w, "pfn");              "pfn":
 *     la_json_uint(&w, 42);                       42
 *     la_json_end(&w);                   }
 *
 * Commas are the writer's business: it remembers, a bit for each depth, whether a value came before.
 */
#ifndef LA_BASE_JSONW_H
#define LA_BASE_JSONW_H

#include "base/buf.h"

enum { LA_JSON_DEPTH_MAX = 32 };

struct la_json {
    struct la_buf *out;
    uint32_t has_value;              /* bit d: depth d already holds a value */
    uint32_t is_object;              /* bit d: depth d is an object, not an array */
    unsigned int depth;
    bool after_key;
};

/** Start writing to @out (appends; the buffer stays the caller's). */
void la_json_init(struct la_json *w, struct la_buf *out);
void la_json_obj(struct la_json *w);
void la_json_arr(struct la_json *w);
/** Close the innermost object or array. */
void la_json_end(struct la_json *w);
void la_json_key(struct la_json *w, const char *key);
void la_json_str(struct la_json *w, const char *str);
/** @len bytes, taken as UTF-8; a byte that is not valid UTF-8 becomes U+FFFD. */
void la_json_strn(struct la_json *w, const char *bytes, size_t len);
void la_json_uint(struct la_json *w, uint64_t value);
void la_json_int(struct la_json *w, int64_t value);
/** A 64-bit value as the string "0x…" without leading zeros. */
void la_json_hex(struct la_json *w, uint64_t value);
void la_json_bool(struct la_json *w, bool value);
void la_json_null(struct la_json *w);
/** Insert @json, which must be one complete JSON value written by this writer. */
void la_json_raw(struct la_json *w, const char *json, size_t len);

/* key and value in one call */
void la_json_kstr(struct la_json *w, const char *key, const char *str);
void la_json_kuint(struct la_json *w, const char *key, uint64_t value);
void la_json_kint(struct la_json *w, const char *key, int64_t value);
void la_json_khex(struct la_json *w, const char *key, uint64_t value);
void la_json_kbool(struct la_json *w, const char *key, bool value);

#endif
