/*
 * call_string.c: bytes and strings, through the simulated MMU.
 *
 * Long copies go in pieces; one call may touch at most LA_COPY_MAX bytes, so that a wild length
 * stops with a message and not with a long wait.
 */
#include "lang/interp.h"

enum { PIECE = 1024, STRING_MAX = 1 << 16 };

static bool length_ok(struct la_call *call, uint64_t len)
{
    if (len <= LA_COPY_MAX)
        return true;
    la_call_stuck(call, "this call would touch more than 16 MiB at once: check the length");
    return false;
}

LA_NATIVE(memset)
{
    if (!length_ok(call, call->arg[2]))
        return 0;
    if (call->arg[2])
        (void)la_vm_fill(call->interp, call->arg[0], (uint8_t)call->arg[1], call->arg[2]);
    return call->arg[0];
}

/* As memmove: from the end when the target overlaps the source from above. */
LA_NATIVE(memcpy)
{
    unsigned char bytes[PIECE];
    uint64_t to = call->arg[0], from = call->arg[1], len = call->arg[2];
    bool backwards = to > from && to - from < len;

    if (!length_ok(call, len))
        return 0;
    for (uint64_t done = 0; done < len;) {
        uint32_t n = len - done < PIECE ? (uint32_t)(len - done) : PIECE;
        uint64_t at = backwards ? len - done - n : done;

        if (!la_call_read(call, from + at, bytes, n) || !la_call_write(call, to + at, bytes, n))
            return 0;
        done += n;
    }
    return to;
}

LA_NATIVE(memcmp)
{
    if (!length_ok(call, call->arg[2]))
        return 0;
    for (uint64_t i = 0; i < call->arg[2]; i++) {
        unsigned char a, b;

        if (!la_call_read(call, call->arg[0] + i, &a, 1) || !la_call_read(call, call->arg[1] + i, &b, 1))
            return 0;
        if (a != b)
            return (uint64_t)(int64_t)((int)a - (int)b);
    }
    return 0;
}

LA_NATIVE(strlen)
{
    for (uint64_t n = 0; n < STRING_MAX; n++) {
        char c;

        if (!la_call_read(call, call->arg[0] + n, &c, 1) || c == '\0')
            return call->stop ? 0 : n;
    }
    la_call_stuck(call, "this string has no end within 64 KiB");
    return 0;
}

static uint64_t compare(struct la_call *call, uint64_t max)
{
    for (uint64_t i = 0; i < max && i < STRING_MAX; i++) {
        unsigned char a, b;

        if (!la_call_read(call, call->arg[0] + i, &a, 1) || !la_call_read(call, call->arg[1] + i, &b, 1))
            return 0;
        if (a != b || a == 0)
            return (uint64_t)(int64_t)((int)a - (int)b);
    }
    return 0;
}

LA_NATIVE(strcmp)
{
    return compare(call, STRING_MAX);
}

LA_NATIVE(strncmp)
{
    return compare(call, call->arg[2]);
}

LA_NATIVE(strcpy)
{
    for (uint64_t i = 0; i < STRING_MAX; i++) {
        char c;

        if (!la_call_read(call, call->arg[1] + i, &c, 1) || !la_call_write(call, call->arg[0] + i, &c, 1))
            return 0;
        if (c == '\0')
            return call->arg[0];
    }
    la_call_stuck(call, "this string has no end within 64 KiB");
    return 0;
}

LA_NATIVE(strscpy)
{
    const char nul = '\0';
    uint64_t room = call->arg[2];

    for (uint64_t i = 0; i < room && i < STRING_MAX; i++) {
        char c;

        if (!la_call_read(call, call->arg[1] + i, &c, 1) || !la_call_write(call, call->arg[0] + i, &c, 1))
            return 0;
        if (c == '\0')
            return i;
    }
    if (room && room <= STRING_MAX)
        (void)la_call_write(call, call->arg[0] + room - 1, &nul, 1);
    return la_call_error(LA_E2BIG);
}
