/*
 * lesson.h: a lesson file, taken apart.
 *
 * A lesson is Markdown that reads well anywhere.  A fenced block whose info string we know has a
 * meaning; everything else is prose:
 *
 *     # Splitting and merging        title
 *     Goal: say which block …        goal
 *     ```json machine … ```          settings of the machine (at most one, merged into no section)
 *     Memory is handed out in …      section: prose
 *     ```json ask … ```              section: ask     a prediction before the next code section
 *     ```c … ```                     section: code    all code sections are one program
 *     ```c oops … ```                the same, and something in it must make the kernel oops
 *     ```json view … ```             section: view    what to look at
 *     ```json task … ```             section: task    "you are the allocator"
 *
 * The file's text is kept; sections point into it.  A block that cannot be used is reported with
 * its line and left out, and reading goes on.
 * Source for fences: CommonMark 0.31 section 4.5 (three or more backticks or tildes, up to three
 * spaces before them; a fence ends at one at least as long, or at the end of the file).
 */
#ifndef LA_LESSON_LESSON_H
#define LA_LESSON_LESSON_H

#include "base/buf.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LA_LESSON_BYTES_MAX = 4 << 20,
    LA_LESSON_SECTIONS_MAX = 1024,
    LA_ASK_CHOICES_MAX = 8,
    LA_VIEW_NAMES_MAX = 8
};

enum la_section_kind { LA_SECTION_PROSE, LA_SECTION_CODE, LA_SECTION_VIEW, LA_SECTION_ASK, LA_SECTION_TASK };

enum la_ask_kind {
    LA_ASK_CHOICE, /* one of some texts */
    LA_ASK_NUMBER, /* a number */
    LA_ASK_PAGE,   /* click a page: the answer is an expression that gives its pfn */
    LA_ASK_BUDDY   /* click the buddy that a freed block merges with first */
};

struct la_choice {
    char *value; /* the text to choose; compared with the answer */
    char *why;   /* shown when it is chosen and wrong; "" = none */
};

struct la_ask {
    enum la_ask_kind kind;
    char *question;
    char *answer;      /* a C expression, evaluated after the next code section; NULL for BUDDY */
    char *why;         /* shown with the right answer; "" = none */
    uint32_t answer_line, answer_column; /* where the expression stands in the file */
    struct la_choice choice[LA_ASK_CHOICES_MAX];
    uint32_t nr_choices;
    uint32_t index;    /* among the questions of the lesson, from 0 */
};

struct la_view_block {
    char *show[LA_VIEW_NAMES_MAX];
    uint32_t nr_show;
    bool follow;
};

struct la_section {
    enum la_section_kind kind;
    uint32_t line, end_line;  /* of the block with its fences; end_line is the last line */
    const char *text;         /* into lesson->source: prose, or what is between the fences */
    size_t len;
    uint32_t text_line;       /* the line the text begins on */
    bool oops;                /* CODE: an oops is expected */
    struct la_ask *ask;       /* ASK and TASK; owned */
    struct la_view_block *view; /* VIEW; owned */
};

struct la_lesson {
    const struct la_host *host;
    char *source;             /* a copy of the file, NUL-terminated; owned */
    size_t source_len;
    char *title, *goal;       /* owned; never NULL */
    struct la_section *section;
    uint32_t nr_sections, cap_sections, nr_asks;
    const char *machine;      /* the `json machine` text inside source; "" when there is none */
    size_t machine_len;
    uint32_t machine_line;    /* the line that text begins on; 0 = none */
};

/**
 * Read @len bytes of Markdown.  What is wrong goes to @diags with its place; the rest is kept.
 * Return: the lesson, NULL only when memory is out.  Free with la_lesson_free.
 */
struct la_lesson *la_lesson_parse(const struct la_host *host, const char *source, size_t len, struct la_diags *diags);
void la_lesson_free(struct la_lesson *lesson);
/** The question with @index, or NULL; *@section (may be NULL) gets the section it stands in. */
const struct la_ask *la_lesson_ask(const struct la_lesson *lesson, uint32_t index, uint32_t *section);
/** The first code section after section @after (or from it on when it is code), or UINT32_MAX. */
uint32_t la_lesson_next_code(const struct la_lesson *lesson, uint32_t after);
/** "prose" "code" "view" "ask" "task". */
const char *la_section_kind_name(enum la_section_kind kind);
/** "choice" "number" "page" "buddy". */
const char *la_ask_kind_name(enum la_ask_kind kind);

/* block.c: what stands inside `json ask`, `json task` and `json view` */
struct la_ask *la_ask_parse(const struct la_host *host, const char *json, size_t len, uint32_t first_line, bool task,
                            struct la_diags *diags);
void la_ask_free(const struct la_host *host, struct la_ask *ask);
struct la_view_block *la_view_block_parse(const struct la_host *host, const char *json, size_t len, uint32_t first_line,
                                    struct la_diags *diags);
void la_view_block_free(const struct la_host *host, struct la_view_block *view);

#endif
