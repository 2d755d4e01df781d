/* jsonw.c: ordered, float-free JSON writer. */
#include "base/jsonw.h"

#include <assert.h>
#include <string.h>

void la_json_init(struct la_json *w, struct la_buf *out)
{
    *w = (struct la_json){.out = out};
}

static void before_value(struct la_json *w)
{
    uint32_t bit = UINT32_C(1) << w->depth;

    if (w->after_key)
        w->after_key = false;
    else if (w->has_value & bit)
        la_buf_putc(w->out, ',');
    w->has_value |= bit;
}

static void open(struct la_json *w, bool object)
{
    before_value(w);
    la_buf_putc(w->out, object ? '{' : '[');
    assert(w->depth + 1 < LA_JSON_DEPTH_MAX);
    w->depth++;
    uint32_t bit = UINT32_C(1) << w->depth;

    w->has_value &= ~bit;
    w->is_object = object ? w->is_object | bit : w->is_object & ~bit;
}

void la_json_obj(struct la_json *w)
{
    open(w, true);
}

void la_json_arr(struct la_json *w)
{
    open(w, false);
}

void la_json_end(struct la_json *w)
{
    assert(w->depth > 0 && !w->after_key);
    la_buf_putc(w->out, w->is_object >> w->depth & 1 ? '}' : ']');
    w->depth--;
}

/* Length of the valid UTF-8 sequence at @s (at most @len bytes), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xE0) == 0xC0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3
             : (s[0] & 0xF8) == 0xF0 ? 4 : 0;

    if (n <= 1 || n > len)
        return n <= len ? n : 0;
    uint32_t code = s[0] & (0xFFu >> (n + 1));

    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;

    return code < least[n] || code > 0x10FFFF || surrogate ? 0 : n;
}

/* What stands for the byte @c, which is not itself in a string. */
static void escaped(struct la_buf *out, unsigned char c)
{
    if (c == '"' || c == '\\') {
        la_buf_putc(out, '\\');
        la_buf_putc(out, (char)c);
    } else if (c == '\n') {
        la_buf_puts(out, "\\n");
    } else if (c == '\t') {
        la_buf_puts(out, "\\t");
    } else {
        la_buf_printf(out, "\\u%04x", c);
    }
}

/* How many bytes from @s on are themselves in a string: ASCII without controls, quotes and backslashes. */
static size_t plain_bytes(const unsigned char *s, size_t len)
{
    size_t n = 0;

    while (n < len && s[n] >= 0x20 && s[n] < 0x7F && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

static void quoted(struct la_buf *out, const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;

    la_buf_putc(out, '"');
    for (size_t i = 0, n; i < len; i += n) {
        n = plain_bytes(s + i, len - i);
        if (n == 0 && s[i] >= 0x80)
            n = utf8_sequence(s + i, len - i);
        if (n != 0) {
            la_buf_add(out, bytes + i, n);
            continue;
        }
        n = 1;
        if (s[i] >= 0x80)
            la_buf_puts(out, "\xEF\xBF\xBD");
        else
            escaped(out, s[i]);
    }
    la_buf_putc(out, '"');
}

void la_json_key(struct la_json *w, const char *key)
{
    before_value(w);
    quoted(w->out, key, strlen(key));
    la_buf_putc(w->out, ':');
    w->after_key = true;
}

void la_json_strn(struct la_json *w, const char *bytes, size_t len)
{
    before_value(w);
    quoted(w->out, bytes, len);
}

void la_json_str(struct la_json *w, const char *str)
{
    la_json_strn(w, str, strlen(str));
}

/* Append @value with @base digits, and @before in front of it. */
static void number(struct la_buf *out, const char *before, uint64_t value, uint32_t base)
{
    char text[24];
    size_t at = sizeof text;

    do
        text[--at] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    la_buf_puts(out, before);
    la_buf_add(out, text + at, sizeof text - at);
}

void la_json_uint(struct la_json *w, uint64_t value)
{
    before_value(w);
    number(w->out, "", value, 10);
}

void la_json_int(struct la_json *w, int64_t value)
{
    before_value(w);
    number(w->out, value < 0 ? "-" : "", value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

void la_json_hex(struct la_json *w, uint64_t value)
{
    before_value(w);
    number(w->out, "\"0x", value, 16);
    la_buf_putc(w->out, '"');
}

void la_json_bool(struct la_json *w, bool value)
{
    before_value(w);
    la_buf_puts(w->out, value ? "true" : "false");
}

void la_json_null(struct la_json *w)
{
    before_value(w);
    la_buf_puts(w->out, "null");
}

void la_json_raw(struct la_json *w, const char *json, size_t len)
{
    before_value(w);
    la_buf_add(w->out, json, len);
}

void la_json_kstr(struct la_json *w, const char *key, const char *str)
{
    la_json_key(w, key);
    la_json_str(w, str);
}

void la_json_kuint(struct la_json *w, const char *key, uint64_t value)
{
    la_json_key(w, key);
    la_json_uint(w, value);
}

void la_json_kint(struct la_json *w, const char *key, int64_t value)
{
    la_json_key(w, key);
    la_json_int(w, value);
}

void la_json_khex(struct la_json *w, const char *key, uint64_t value)
{
    la_json_key(w, key);
    la_json_hex(w, value);
}

void la_json_kbool(struct la_json *w, const char *key, bool value)
{
    la_json_key(w, key);
    la_json_bool(w, value);
}
