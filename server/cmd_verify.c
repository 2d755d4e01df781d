/*
 * cmd_verify.c: `lookaside verify RECORDING...`: does the model do what a real kernel did?
 *
 * One line a recording, indented lines for the first differences, and the sum at the end.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "gunzip.h"
#include "lookaside.h"

static const size_t RECORDING_MAX = (size_t)512 << 20; /* bytes, unpacked */

struct totals {
    uint64_t compared, differ;
};

/* The recording @path as JSON text; NULL after a message. */
static char *read_recording(const char *path, size_t *len)
{
    const char *error;
    size_t unpacked_len;
    char *data = cli_read(path, RECORDING_MAX, len), *unpacked;

    if (!data || !is_gzip(data, *len))
        return data;
    unpacked = gunzip(data, *len, RECORDING_MAX, &unpacked_len, &error);
    free(data);
    *len = unpacked_len;
    if (!unpacked)
        cli_error("%s: %s", cli_name(path), error);
    return unpacked;
}

static void print_indented(FILE *out, const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        size_t line = strcspn(text, "\n");

        fprintf(out, "    %.*s\n", (int)line, text);
        text += line + 1;
    }
}

static void print_report(const char *path, const struct la_verify_report *report)
{
    printf("%s: %s: %" PRIu64 " compared, %" PRIu64 " differ", cli_name(path), report->kind, report->compared,
           report->differ);
    if (report->explained)
        printf(", %" PRIu64 " explained", report->explained);
    putchar('\n');
    if (report->text.len)
        print_indented(stdout, report->text.data, report->text.len);
}

static int verify_file(const char *path, struct totals *totals)
{
    struct la_verify_report report = {.kind = ""};
    size_t len;
    char *json = read_recording(path, &len);
    int status = CLI_OK;

    if (!json)
        return CLI_UNUSABLE;
    la_buf_init(&report.text, la_host_libc());
    if (la_verify_recording(la_host_libc(), json, len, &report)) {
        print_report(path, &report);
        totals->compared += report.compared;
        totals->differ += report.differ;
        status = report.differ ? CLI_FAILED : CLI_OK;
    } else {
        cli_error("%s: this is not a recording that can be replayed", cli_name(path));
        if (report.text.len)
            print_indented(stderr, report.text.data, report.text.len);
        status = CLI_UNUSABLE;
    }
    la_buf_free(&report.text);
    free(json);
    return status;
}

int cmd_verify(const struct command *self, int argc, char **argv)
{
    struct totals totals = {0, 0};
    int status, worst = CLI_OK, nr = cli_parse(self, argc, argv, NULL, 0, 1, INT_MAX, &status);

    if (nr < 0)
        return status;
    for (int i = 0; i < nr; i++) {
        cli_progress(argv[i], (uint64_t)i, (uint64_t)nr);
        status = verify_file(argv[i], &totals);
        if (status > worst)
            worst = status;
    }
    cli_progress_end();
    printf("%" PRIu64 " compared, %" PRIu64 " differ\n", totals.compared, totals.differ);
    return worst;
}
