/* lesson.c: cuts a lesson file into sections; lesson.h shows the format. */
#include "lesson/lesson.h"

#include <string.h>

/* The reader's place in the file: one line at a time. */
struct reader {
    struct la_lesson *lesson;
    struct la_diags *diags;
    const char *line;      /* start of the current line */
    size_t len;            /* without the line end */
    const char *next;      /* start of the line after it */
    uint32_t number;       /* of the current line, from 1 */
};

static bool next_line(struct reader *r)
{
    const char *end = r->lesson->source + r->lesson->source_len;

    if (r->next >= end)
        return false;
    const char *nl = memchr(r->next, '\n', (size_t)(end - r->next));

    r->line = r->next;
    r->len = (size_t)((nl ? nl : end) - r->line);
    r->next = nl ? nl + 1 : end;
    if (r->len && r->line[r->len - 1] == '\r')
        r->len--;
    r->number++;
    return true;
}

/* The length of a fence at the start of the line (0 = none) and what stands after it. */
static size_t fence(const char *line, size_t len, char *mark, const char **info, size_t *info_len)
{
    size_t i = 0, n = 0;

    while (i < len && i < 3 && line[i] == ' ')
        i++;
    if (i == len || (line[i] != '`' && line[i] != '~'))
        return 0;
    *mark = line[i];
    while (i + n < len && line[i + n] == *mark)
        n++;
    if (n < 3)
        return 0;
    i += n;
    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    *info = line + i;
    *info_len = len - i;
    while (*info_len && ((*info)[*info_len - 1] == ' ' || (*info)[*info_len - 1] == '\t'))
        --*info_len;
    /* ```word``` inside a sentence is no fence: after backticks none may follow on the line */
    if (*mark == '`' && memchr(*info, '`', *info_len))
        return 0;
    return n;
}

static struct la_span line_span(const struct reader *r)
{
    return (struct la_span){r->number, 1, r->number, (uint32_t)r->len + 1};
}

static struct la_section *add_section(struct reader *r, enum la_section_kind kind)
{
    struct la_lesson *lesson = r->lesson;

    if (lesson->nr_sections == LA_LESSON_SECTIONS_MAX) {
        la_diags_addf(r->diags, LA_SEVERE, LA_E_LIMIT, line_span(r), "Split the lesson into several files.",
                      "a lesson has at most %d sections", LA_LESSON_SECTIONS_MAX);
        return NULL;
    }
    if (lesson->nr_sections == lesson->cap_sections) {
        uint32_t cap = lesson->cap_sections ? lesson->cap_sections * 2 : 16;
        struct la_section *grown =
            lesson->host->resize(lesson->host->ctx, lesson->section, lesson->cap_sections * sizeof *grown, cap * sizeof *grown);

        if (!grown)
            return NULL;
        lesson->section = grown;
        lesson->cap_sections = cap;
    }
    struct la_section *section = &lesson->section[lesson->nr_sections++];

    *section = (struct la_section){.kind = kind};
    return section;
}

static char *copy(const struct la_host *host, const char *text, size_t len)
{
    char *str = la_host_alloc(host, len + 1);

    if (str)
        memcpy(str, text, len);
    return str;
}

/* Replace the string @to, which ends at a NUL like every string; without memory the old one stays. */
static void set_text(const struct la_host *host, char **to, const char *text, size_t len)
{
    const char *nul = memchr(text, '\0', len);
    char *fresh = copy(host, text, nul ? (size_t)(nul - text) : len);

    if (!fresh)
        return;
    la_host_free(host, *to, strlen(*to) + 1);
    *to = fresh;
}

static bool is_word(const char *info, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(info, word, len) == 0;
}

/* A fenced block of ours: where its text lies, and what the info string says. */
struct block {
    const char *info;
    size_t info_len;
    uint32_t line;       /* of the opening fence */
    const char *text;
    size_t len;
    uint32_t text_line;
};

static void use_machine(struct reader *r, const struct block *b)
{
    if (r->lesson->machine_line) {
        la_diags_addf(r->diags, LA_SEVERE, LA_E_BAD_LESSON, (struct la_span){b->line, 1, 0, 0},
                      "Keep one and put all settings into it.", "a second `json machine` block; the first is on line %u",
                      r->lesson->machine_line - 1);
        return;
    }
    r->lesson->machine = b->text;
    r->lesson->machine_len = b->len;
    r->lesson->machine_line = b->text_line;
}

static void use_question(struct reader *r, const struct block *b, bool task)
{
    struct la_ask *ask = la_ask_parse(r->lesson->host, b->text, b->len, b->text_line, task, r->diags);
    struct la_section *section = ask ? add_section(r, task ? LA_SECTION_TASK : LA_SECTION_ASK) : NULL;

    if (!section) {
        la_ask_free(r->lesson->host, ask);
        return;
    }
    ask->index = r->lesson->nr_asks++;
    section->ask = ask;
}

static void use_view(struct reader *r, const struct block *b)
{
    struct la_view_block *view = la_view_block_parse(r->lesson->host, b->text, b->len, b->text_line, r->diags);
    struct la_section *section = view ? add_section(r, LA_SECTION_VIEW) : NULL;

    if (section)
        section->view = view;
    else
        la_view_block_free(r->lesson->host, view);
}

/* Use the block if its info string is one of ours; false leaves it to the prose. */
static bool use_block(struct reader *r, const struct block *b)
{
    static const char *const known[] = {"json machine", "json view", "json ask", "json task"};
    uint32_t before = r->lesson->nr_sections;

    if (is_word(b->info, b->info_len, "c") || is_word(b->info, b->info_len, "c oops")) {
        struct la_section *section = add_section(r, LA_SECTION_CODE);

        if (section)
            section->oops = b->info_len > 1;
    } else if (is_word(b->info, b->info_len, known[0])) {
        use_machine(r, b);
    } else if (is_word(b->info, b->info_len, known[1])) {
        use_view(r, b);
    } else if (is_word(b->info, b->info_len, known[2])) {
        use_question(r, b, false);
    } else if (is_word(b->info, b->info_len, known[3])) {
        use_question(r, b, true);
    } else if (b->info_len > 5 && b->info_len < 40 && memcmp(b->info, "json ", 5) == 0) {
        char word[40] = {0};

        memcpy(word, b->info, b->info_len);
        const char *guess = la_did_you_mean(word, known, 4);

        la_diags_addf(r->diags, LA_WARNING, LA_E_BAD_LESSON, (struct la_span){b->line, 1, 0, 0},
                      guess ? guess : "Known: json machine, json view, json ask, json task.", "a `%s` block has no meaning here%s",
                      word, guess ? "; did you mean this?" : "");
        return false;
    } else {
        return false;
    }
    if (r->lesson->nr_sections > before) {
        struct la_section *section = &r->lesson->section[before];

        section->line = b->line;
        section->end_line = r->number;
        section->text = b->text;
        section->len = b->len;
        section->text_line = b->text_line;
    }
    return true;
}

/* Read to the closing fence; the reader then stands on it (or at the end of the file). */
static void read_block(struct reader *r, struct block *b, char mark, size_t length)
{
    const char *info;
    size_t info_len;
    char other;

    b->line = r->number;
    b->text = r->next;
    b->text_line = r->number + 1;
    b->len = 0;
    while (next_line(r)) {
        size_t n = fence(r->line, r->len, &other, &info, &info_len);

        if (n >= length && other == mark && info_len == 0)
            return;
        b->len = (size_t)(r->next - b->text);
    }
    la_diags_add(r->diags, LA_WARNING, LA_E_BAD_LESSON, (struct la_span){b->line, 1, 0, 0},
                 "a fenced block is not closed before the end of the file", "Add a line with ``` after it.");
}

static bool blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            return false;
    return true;
}

struct prose {
    const char *start;
    uint32_t line;
};

static void end_prose(struct reader *r, struct prose *p, const char *end, uint32_t end_line)
{
    size_t len = p->start ? (size_t)(end - p->start) : 0;

    if (len && !blank(p->start, len)) {
        struct la_section *section = add_section(r, LA_SECTION_PROSE);

        if (section) {
            section->line = section->text_line = p->line;
            section->end_line = end_line;
            section->text = p->start;
            section->len = len;
        }
    }
    p->start = NULL;
}

/* Title and goal are taken out of the prose: the page shows them in its own place. */
static bool take_heading(struct reader *r)
{
    struct la_lesson *lesson = r->lesson;

    if (r->len > 2 && memcmp(r->line, "# ", 2) == 0 && !lesson->title[0]) {
        set_text(lesson->host, &lesson->title, r->line + 2, r->len - 2);
        return true;
    }
    if (r->len > 6 && memcmp(r->line, "Goal: ", 6) == 0 && !lesson->goal[0]) {
        set_text(lesson->host, &lesson->goal, r->line + 6, r->len - 6);
        return true;
    }
    return false;
}

static void read_sections(struct reader *r)
{
    struct prose prose = {NULL, 0};

    while (next_line(r)) {
        struct block b;
        char mark = 0;
        const char *line = r->line;
        uint32_t number = r->number;
        size_t length = fence(r->line, r->len, &mark, &b.info, &b.info_len);
        uint32_t sections = r->lesson->nr_sections;

        if (length == 0) {
            if (take_heading(r))
                end_prose(r, &prose, line, number - 1);
            else if (!prose.start)
                prose = (struct prose){line, number};
            continue;
        }
        struct prose before = prose;

        /* the section before the block must come first in the list */
        end_prose(r, &prose, line, number - 1);
        read_block(r, &b, mark, length);
        if (!use_block(r, &b)) {
            r->lesson->nr_sections = sections;
            prose = before.start ? before : (struct prose){line, number};
        }
    }
    end_prose(r, &prose, r->lesson->source + r->lesson->source_len, r->number);
}

struct la_lesson *la_lesson_parse(const struct la_host *host, const char *source, size_t len, struct la_diags *diags)
{
    struct la_lesson *lesson = la_host_alloc(host, sizeof *lesson);

    if (!lesson)
        return NULL;
    lesson->host = host;
    lesson->machine = "";
    if (len > LA_LESSON_BYTES_MAX) {
        la_diags_addf(diags, LA_SEVERE, LA_E_LIMIT, (struct la_span){1, 1, 0, 0}, "Split it into several lessons.",
                      "the lesson has %llu bytes; at most %d are read", (unsigned long long)len, LA_LESSON_BYTES_MAX);
        len = 0;
    }
    lesson->source = copy(host, source, len);
    lesson->source_len = len;
    lesson->title = copy(host, "", 0);
    lesson->goal = copy(host, "", 0);
    if (!lesson->source || !lesson->title || !lesson->goal) {
        la_lesson_free(lesson);
        return NULL;
    }
    struct reader r = {.lesson = lesson, .diags = diags, .next = lesson->source};

    read_sections(&r);
    return lesson;
}

void la_lesson_free(struct la_lesson *lesson)
{
    if (!lesson)
        return;
    for (uint32_t i = 0; i < lesson->nr_sections; i++) {
        la_ask_free(lesson->host, lesson->section[i].ask);
        la_view_block_free(lesson->host, lesson->section[i].view);
    }
    la_host_free(lesson->host, lesson->section, lesson->cap_sections * sizeof *lesson->section);
    if (lesson->title)
        la_host_free(lesson->host, lesson->title, strlen(lesson->title) + 1);
    if (lesson->goal)
        la_host_free(lesson->host, lesson->goal, strlen(lesson->goal) + 1);
    la_host_free(lesson->host, lesson->source, lesson->source_len + 1);
    la_host_free(lesson->host, lesson, sizeof *lesson);
}

const struct la_ask *la_lesson_ask(const struct la_lesson *lesson, uint32_t index, uint32_t *section)
{
    for (uint32_t i = 0; i < lesson->nr_sections; i++) {
        const struct la_ask *ask = lesson->section[i].ask;

        if (ask && ask->index == index) {
            if (section)
                *section = i;
            return ask;
        }
    }
    return NULL;
}

uint32_t la_lesson_next_code(const struct la_lesson *lesson, uint32_t after)
{
    for (uint32_t i = after; i < lesson->nr_sections; i++)
        if (lesson->section[i].kind == LA_SECTION_CODE)
            return i;
    return UINT32_MAX;
}

const char *la_section_kind_name(enum la_section_kind kind)
{
    static const char *const names[] = {"prose", "code", "view", "ask", "task"};

    return names[kind];
}

const char *la_ask_kind_name(enum la_ask_kind kind)
{
    static const char *const names[] = {"choice", "number", "page", "buddy"};

    return names[kind];
}
