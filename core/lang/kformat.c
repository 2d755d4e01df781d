/*
 * kformat.c: the format strings of printk.
 *
 *     %[flags][width][.precision][length]type      flags - + space # 0     length hh h l ll z t
 *     d i u x X o c s %   p px pK (address)   pGg (gfp mask behind a pointer)   pe (error)
 *
 * Numbers are cut to the length the format names, on the simulated machine's word size.
 * Deviations:
 *  A. %p prints the address itself; since 4.15 the kernel prints a hash of it, which would be
 *     useless here.
 *
 * Source: Linux 6.1.192 lib/vsprintf.c, Documentation/core-api/printk-formats.rst.
 */
#include "lang/interp.h"
#include "mm/gfp.h"

#include <inttypes.h>
#include <string.h>

enum { WIDTH_MAX = 200, STRING_MAX = 1024, NUMBER_MAX = 80 };

struct spec {
    bool left, plus, space, alternate, zero;
    uint32_t width;
    int32_t precision; /* -1 = none */
    uint32_t bytes;    /* of the argument */
    char type;
    char extra[3]; /* letters behind %p */
};

static bool next_digit(const char **fmt, uint32_t *value)
{
    bool any = false;

    for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++, any = true)
        *value = *value < WIDTH_MAX ? *value * 10 + (uint32_t)(**fmt - '0') : WIDTH_MAX;
    if (*value > WIDTH_MAX)
        *value = WIDTH_MAX;
    return any;
}

static void read_flags(const char **fmt, struct spec *s)
{
    for (;; (*fmt)++) {
        switch (**fmt) {
        case '-':
            s->left = true;
            break;
        case '+':
            s->plus = true;
            break;
        case ' ':
            s->space = true;
            break;
        case '#':
            s->alternate = true;
            break;
        case '0':
            s->zero = true;
            break;
        default:
            return;
        }
    }
}

static void read_length(const char **fmt, struct spec *s, uint32_t pointer_bytes)
{
    s->bytes = 4;
    if (**fmt == 'h') {
        (*fmt)++;
        s->bytes = 2;
        if (**fmt == 'h') {
            (*fmt)++;
            s->bytes = 1;
        }
    } else if (**fmt == 'l' || **fmt == 'z' || **fmt == 't') {
        bool l = *(*fmt)++ == 'l';

        s->bytes = pointer_bytes;
        if (l && **fmt == 'l') {
            (*fmt)++;
            s->bytes = 8;
        }
    } else if (**fmt == 'L') {
        (*fmt)++;
        s->bytes = 8;
    }
}

/* @fmt stands behind the %; `*` takes an argument. */
static struct spec read_spec(const char **fmt, uint32_t pointer_bytes, const uint64_t *arg, uint32_t nr, uint32_t *used)
{
    struct spec s = {.precision = -1};

    read_flags(fmt, &s);
    if (**fmt == '*') {
        int32_t width = *used < nr ? (int32_t)arg[(*used)++] : 0;

        (*fmt)++;
        s.left |= width < 0;
        s.width = (uint32_t)(width < -WIDTH_MAX || width > WIDTH_MAX ? WIDTH_MAX : width < 0 ? -width : width);
    } else {
        (void)next_digit(fmt, &s.width);
    }
    if (**fmt == '.') {
        uint32_t precision = 0;

        (*fmt)++;
        if (**fmt == '*') {
            int32_t p = *used < nr ? (int32_t)arg[(*used)++] : 0;

            (*fmt)++;
            precision = (uint32_t)(p < 0 ? 0 : p > WIDTH_MAX ? WIDTH_MAX : p);
        } else {
            (void)next_digit(fmt, &precision);
        }
        s.precision = (int32_t)precision;
    }
    read_length(fmt, &s, pointer_bytes);
    s.type = **fmt;
    if (s.type)
        (*fmt)++;
    for (uint32_t i = 0; s.type == 'p' && i < 2 && ((**fmt >= 'a' && **fmt <= 'z') || (**fmt >= 'A' && **fmt <= 'Z'));
         i++) {
        if (i == 1 && s.extra[0] != 'G')
            break;
        s.extra[i] = *(*fmt)++;
    }
    return s;
}

static void pad(struct la_buf *out, const struct spec *s, const char *text, size_t len)
{
    size_t fill = s->width > len ? s->width - len : 0;

    for (size_t i = 0; i < fill && !s->left; i++)
        la_buf_putc(out, ' ');
    la_buf_add(out, text, len);
    for (size_t i = 0; i < fill && s->left; i++)
        la_buf_putc(out, ' ');
}

/* Digits of @value, sign and prefix in front, zeroes between. */
static void number(struct la_buf *out, const struct spec *s, uint64_t value, uint32_t base, bool negative,
                   bool is_signed)
{
    const char *digits = s->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[NUMBER_MAX + WIDTH_MAX + 8], prefix[4] = "";
    uint32_t at = sizeof text, len = 0, least = s->precision >= 0 ? (uint32_t)s->precision : 1;

    for (; value || len < least; value /= base, len++)
        text[--at] = digits[value % base];
    if (negative)
        strcpy(prefix, "-");
    else if (is_signed && (s->plus || s->space))
        strcpy(prefix, s->plus ? "+" : " ");
    else if (s->alternate && base == 16)
        strcpy(prefix, s->type == 'X' ? "0X" : "0x");
    else if (s->alternate && base == 8)
        strcpy(prefix, "0");
    for (size_t n = strlen(prefix); s->zero && !s->left && s->precision < 0 && len + n < s->width; len++)
        text[--at] = '0';
    for (size_t n = strlen(prefix); n > 0; n--, len++)
        text[--at] = prefix[n - 1];
    pad(out, s, text + at, len);
}

static uint64_t cut(uint64_t value, uint32_t bytes)
{
    return bytes == 8 ? value : value & ((UINT64_C(1) << bytes * 8) - 1);
}

static void signed_number(struct la_buf *out, const struct spec *s, uint64_t value)
{
    uint64_t v = cut(value, s->bytes), sign = UINT64_C(1) << (s->bytes * 8 - 1);
    bool negative = v & sign;

    number(out, s, negative ? cut(0 - v, s->bytes) : v, 10, negative, true);
}

static void pointer(struct la_call *call, struct la_buf *out, struct spec *s, uint64_t value)
{
    uint32_t bytes = call->interp->pointer_bytes;

    if (s->extra[0] == 'G' && s->extra[1] == 'g') {
        unsigned char mask[4];

        if (la_call_read(call, value, mask, sizeof mask))
            la_gfp_print(out, (la_gfp_t)la_load_le(mask, 4));
        return;
    }
    s->type = 'x';
    s->precision = (int32_t)bytes * 2;
    if (s->extra[0] == 'x')
        s->precision = -1;
    number(out, s, cut(value, bytes), 16, false, false);
}

static bool string(struct la_call *call, struct la_buf *out, const struct spec *s, uint64_t value)
{
    uint32_t max = s->precision >= 0 ? (uint32_t)s->precision : STRING_MAX;
    struct la_buf text;

    if (value == 0) {
        pad(out, s, "(null)", 6);
        return true;
    }
    la_buf_init(&text, out->host);
    bool good = la_call_string(call, value, max, &text);

    if (good)
        pad(out, s, la_buf_str(&text), text.len);
    la_buf_free(&text);
    return good;
}

static bool one(struct la_call *call, struct la_buf *out, struct spec *s, uint64_t value)
{
    char c = (char)value;

    switch (s->type) {
    case 'd':
    case 'i':
        signed_number(out, s, value);
        return true;
    case 'u':
        number(out, s, cut(value, s->bytes), 10, false, false);
        return true;
    case 'x':
    case 'X':
        number(out, s, cut(value, s->bytes), 16, false, false);
        return true;
    case 'o':
        number(out, s, cut(value, s->bytes), 8, false, false);
        return true;
    case 'c':
        pad(out, s, &c, 1);
        return true;
    case 's':
        return string(call, out, s, value);
    case 'p':
        pointer(call, out, s, value);
        return !call->stop;
    default:
        return true;
    }
}

bool la_kformat(struct la_call *call, const char *fmt, const uint64_t *arg, uint32_t nr, struct la_buf *out)
{
    uint32_t used = 0;

    while (*fmt) {
        if (*fmt != '%') {
            la_buf_putc(out, *fmt++);
            continue;
        }
        const char *start = fmt++;

        if (*fmt == '%') {
            la_buf_putc(out, *fmt++);
            continue;
        }
        struct spec s = read_spec(&fmt, call->interp->pointer_bytes, arg, nr, &used);

        if (s.type == '\0' || !strchr("diuxXocsp", s.type)) {
            la_buf_add(out, start, (size_t)(fmt - start)); /* as the kernel: print what is not understood */
        } else if (used >= nr) {
            la_buf_puts(out, "(missing argument)");
        } else if (!one(call, out, &s, arg[used++])) {
            return false;
        }
    }
    return true;
}
