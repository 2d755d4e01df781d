/* block.c: the JSON inside `json ask`, `json task` and `json view` blocks, read strictly. */
#include "base/cjson.h"
#include "lesson/lesson.h"

#include <string.h>

/* What a block is being read from and where complaints go. */
struct block_reader {
    const struct la_host *host;
    const char *json;
    size_t len;
    uint32_t first_line;
    struct la_diags *diags;
};

/* The place of byte @at of the block in the lesson file. */
static struct la_span place(const struct block_reader *r, size_t at)
{
    struct la_span span = {r->first_line, 1, 0, 0};

    for (size_t i = 0; i < at && i < r->len; i++) {
        span.column++;
        if (r->json[i] == '\n') {
            span.line++;
            span.column = 1;
        }
    }
    return span;
}

/* The place of the member "@key": in the block, or its start: cJSON keeps no positions. */
static struct la_span key_place(const struct block_reader *r, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i + n + 2 <= r->len; i++)
        if (r->json[i] == '"' && memcmp(r->json + i + 1, key, n) == 0 && r->json[i + n + 1] == '"')
            return place(r, i);
    return place(r, 0);
}

static void complain(const struct block_reader *r, struct la_span at, const char *message, const char *hint)
{
    la_diags_add(r->diags, LA_SEVERE, LA_E_BAD_LESSON, at, message, hint);
}

static cJSON *read_object(const struct block_reader *r)
{
    size_t error_at = 0;
    cJSON *tree = la_cjson_parse(r->json, r->len, &error_at);

    if (!tree) {
        la_diags_add(r->diags, LA_SEVERE, LA_E_BAD_JSON, place(r, error_at), "this block is not valid JSON from here on",
                     "Check quotes and commas: keys and texts stand in double quotes, no comma after the last member.");
        return NULL;
    }
    if (!cJSON_IsObject(tree)) {
        complain(r, place(r, 0), "a block of this kind holds one JSON object", "Start it with { and end it with }.");
        cJSON_Delete(tree);
        return NULL;
    }
    return tree;
}

/* Every member must be one of @known; says which was probably meant. */
static bool only_known(const struct block_reader *r, const cJSON *object, const char *const *known, uint32_t nr)
{
    bool good = true;

    for (const cJSON *item = object->child; item; item = item->next) {
        bool found = false;

        for (uint32_t i = 0; i < nr; i++)
            found |= strcmp(item->string, known[i]) == 0;
        if (found)
            continue;
        const char *guess = la_did_you_mean(item->string, known, nr);
        struct la_buf hint;

        la_buf_init(&hint, r->host);
        if (guess)
            la_buf_printf(&hint, "Did you mean \"%s\"?", guess);
        for (uint32_t i = 0; !guess && i < nr; i++)
            la_buf_printf(&hint, "%s\"%s\"", i ? ", " : "Known: ", known[i]);
        la_diags_addf(r->diags, LA_SEVERE, LA_E_BAD_LESSON, key_place(r, item->string), la_buf_str(&hint),
                      "unknown key \"%s\"", item->string);
        la_buf_free(&hint);
        good = false;
    }
    return good;
}

static char *copy(const struct la_host *host, const char *text)
{
    size_t bytes = strlen(text ? text : "") + 1;
    char *str = la_host_alloc(host, bytes);

    if (str && text)
        memcpy(str, text, bytes);
    return str;
}

static void drop(const struct la_host *host, char *str)
{
    if (str)
        la_host_free(host, str, strlen(str) + 1);
}

/* ---- json ask, json task ---- */

static bool read_choice(const struct block_reader *r, const cJSON *item, struct la_choice *choice)
{
    static const char *const known[] = {"value", "why"};
    const char *value = la_cjson_string(item);

    if (cJSON_IsObject(item)) {
        if (!only_known(r, item, known, 2))
            return false;
        value = la_cjson_string(la_cjson_get(item, "value"));
        choice->why = copy(r->host, la_cjson_string(la_cjson_get(item, "why")));
    } else {
        choice->why = copy(r->host, "");
    }
    if (!value) {
        complain(r, key_place(r, "choices"), "a choice is a text or {\"value\": text, \"why\": text}", NULL);
        return false;
    }
    choice->value = copy(r->host, value);
    return choice->value && choice->why;
}

static bool read_choices(const struct block_reader *r, const cJSON *tree, struct la_ask *ask)
{
    const cJSON *choices = la_cjson_get(tree, "choices"), *item;

    if (!cJSON_IsArray(choices) || cJSON_GetArraySize(choices) < 2) {
        complain(r, key_place(r, choices ? "choices" : "kind"), "a choice question needs at least two \"choices\"", NULL);
        return false;
    }
    cJSON_ArrayForEach(item, choices)
    {
        if (ask->nr_choices == LA_ASK_CHOICES_MAX) {
            complain(r, key_place(r, "choices"), "a question has at most 8 choices", NULL);
            return false;
        }
        if (!read_choice(r, item, &ask->choice[ask->nr_choices++]))
            return false;
    }
    return true;
}

static bool read_kind(const struct block_reader *r, const cJSON *tree, bool task, struct la_ask *ask)
{
    static const char *const kinds[] = {"choice", "number", "page"};
    const char *kind = la_cjson_string(la_cjson_get(tree, "kind"));

    if (task) {
        ask->kind = LA_ASK_BUDDY;
        if (kind && strcmp(kind, "click-buddy") == 0)
            return true;
        complain(r, key_place(r, "kind"), "a task needs \"kind\": \"click-buddy\"", NULL);
        return false;
    }
    for (uint32_t i = 0; kind && i < 3; i++) {
        if (strcmp(kind, kinds[i]) == 0) {
            ask->kind = (enum la_ask_kind)i;
            return true;
        }
    }
    complain(r, key_place(r, "kind"), "\"kind\" of a question is \"choice\", \"number\" or \"page\"",
             kind ? la_did_you_mean(kind, kinds, 3) : NULL);
    return false;
}

static bool fill_ask(const struct block_reader *r, const cJSON *tree, bool task, struct la_ask *ask)
{
    static const char *const ask_keys[] = {"question", "kind", "choices", "answer", "why"};
    static const char *const task_keys[] = {"kind", "prompt", "of", "why"};
    const char *question = la_cjson_string(la_cjson_get(tree, task ? "prompt" : "question"));
    const char *answer = la_cjson_string(la_cjson_get(tree, "answer"));
    struct la_span at = key_place(r, "answer");

    if (!only_known(r, tree, task ? task_keys : ask_keys, task ? 4 : 5) || !read_kind(r, tree, task, ask))
        return false;
    if (!question) {
        complain(r, place(r, 0), task ? "a task needs a \"prompt\"" : "a question needs a \"question\"", NULL);
        return false;
    }
    if (!task && !answer) {
        complain(r, place(r, 0), "a question needs an \"answer\": a C expression, in quotes",
                 "For example \"answer\": \"nr_free_pages(ZONE_NORMAL)\".");
        return false;
    }
    ask->question = copy(r->host, question);
    ask->answer = answer ? copy(r->host, answer) : NULL;
    ask->why = copy(r->host, la_cjson_string(la_cjson_get(tree, "why")));
    ask->answer_line = at.line;
    ask->answer_column = at.column;
    return ask->question && ask->why && (ask->kind != LA_ASK_CHOICE || read_choices(r, tree, ask));
}

struct la_ask *la_ask_parse(const struct la_host *host, const char *json, size_t len, uint32_t first_line, bool task,
                            struct la_diags *diags)
{
    struct block_reader r = {host, json, len, first_line, diags};
    cJSON *tree = read_object(&r);
    struct la_ask *ask = tree ? la_host_alloc(host, sizeof *ask) : NULL;

    if (ask && !fill_ask(&r, tree, task, ask)) {
        la_ask_free(host, ask);
        ask = NULL;
    }
    cJSON_Delete(tree);
    return ask;
}

void la_ask_free(const struct la_host *host, struct la_ask *ask)
{
    if (!ask)
        return;
    for (uint32_t i = 0; i < ask->nr_choices; i++) {
        drop(host, ask->choice[i].value);
        drop(host, ask->choice[i].why);
    }
    drop(host, ask->question);
    drop(host, ask->answer);
    drop(host, ask->why);
    la_host_free(host, ask, sizeof *ask);
}

/* ---- json view ---- */

/* The views of the page a lesson may ask for; the same names stand in the page's own table of views. */
static const char *const view_names[] = {"memory",  "free-lists", "watermarks", "slabs", "pools",
                                         "virtual", "percpu",     "boot",       "proc"};
enum { NR_VIEW_NAMES = sizeof view_names / sizeof view_names[0] };

static bool is_view(const char *name)
{
    for (uint32_t i = 0; name && i < NR_VIEW_NAMES; i++)
        if (strcmp(name, view_names[i]) == 0)
            return true;
    return false;
}

/* @name is no view, or one view too many: say which views there are, or which one was probably meant. */
static void complain_view(const struct block_reader *r, const char *name)
{
    const char *guess = name ? la_did_you_mean(name, view_names, NR_VIEW_NAMES) : NULL;
    struct la_buf say;

    la_buf_init(&say, r->host);
    for (uint32_t i = 0; i < NR_VIEW_NAMES; i++)
        la_buf_printf(&say, "%s\"%s\"", i ? ", " : "\"show\" lists views: ", view_names[i]);
    complain(r, key_place(r, "show"), la_buf_str(&say), guess);
    la_buf_free(&say);
}

static bool fill_view(const struct block_reader *r, const cJSON *tree, struct la_view_block *view)
{
    static const char *const keys[] = {"show", "follow"};
    const cJSON *show = la_cjson_get(tree, "show"), *follow = la_cjson_get(tree, "follow"), *item;

    if (!only_known(r, tree, keys, 2))
        return false;
    if (follow && !cJSON_IsBool(follow)) {
        complain(r, key_place(r, "follow"), "\"follow\" is true or false", NULL);
        return false;
    }
    if (show && !cJSON_IsArray(show)) {
        complain(r, key_place(r, "show"), "\"show\" lists views, in [ and ]", "For example \"show\": [\"memory\"].");
        return false;
    }
    view->follow = !cJSON_IsFalse(follow);
    cJSON_ArrayForEach(item, show)
    {
        const char *name = la_cjson_string(item);

        if (!is_view(name) || view->nr_show == LA_VIEW_NAMES_MAX) {
            complain_view(r, name);
            return false;
        }
        view->show[view->nr_show] = copy(r->host, name);
        if (!view->show[view->nr_show++])
            return false;
    }
    return true;
}

struct la_view_block *la_view_block_parse(const struct la_host *host, const char *json, size_t len, uint32_t first_line,
                                    struct la_diags *diags)
{
    struct block_reader r = {host, json, len, first_line, diags};
    cJSON *tree = read_object(&r);
    struct la_view_block *view = tree ? la_host_alloc(host, sizeof *view) : NULL;

    if (view && !fill_view(&r, tree, view)) {
        la_view_block_free(host, view);
        view = NULL;
    }
    cJSON_Delete(tree);
    return view;
}

void la_view_block_free(const struct la_host *host, struct la_view_block *view)
{
    if (!view)
        return;
    for (uint32_t i = 0; i < view->nr_show; i++)
        drop(host, view->show[i]);
    la_host_free(host, view, sizeof *view);
}
