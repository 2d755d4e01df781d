/*
 * verify.h: replay a recording of a real kernel and compare every number.
 */
#ifndef LA_VERIFY_VERIFY_H
#define LA_VERIFY_VERIFY_H

#include "base/buf.h"
#include "base/host.h"

#include <stdbool.h>
#include <stdint.h>

enum { LA_VERIFY_SHOWN = 8 };

struct la_verify_report {
    char kind[32];      /* "buddy trace", "reserve depth", "zones"; "" = not a recording we know */
    uint64_t compared;  /* single values compared */
    uint64_t differ;    /* of them different, not covered by a deviation */
    uint64_t explained; /* different, but covered by a lettered deviation (see `text`) */
    struct la_buf text; /* the first LA_VERIFY_SHOWN differences and the deviations used, one a line */
};

/**
 * Replay the recording @json (@len bytes, already unpacked).
 * Return: false when it is not JSON or not a recording of pages (report->text says why).
 * @out is filled in; the caller frees out->text with la_buf_free.
 */
bool la_verify_recording(const struct la_host *host, const char *json, size_t len, struct la_verify_report *out);

#endif
