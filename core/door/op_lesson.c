/* op_lesson.c: opening a lesson, and what the program knows: hello, tables, open, complete. */
#include "door/door.h"
#include "mm/slab.h"
#include "view/proc.h"

#include <string.h>

bool la_op_hello(struct la_req *req)
{
    la_json_kstr(req->w, "name", "lookaside");
    la_json_kstr(req->w, "version", la_version());
    la_json_kuint(req->w, "protocol", LA_PROTOCOL_VERSION);
    la_json_kstr(req->w, "kernel", "6.1.192");
    return true;
}

/* ---- tables ---- */

static void events_table(const struct la_host *host, struct la_json *w)
{
    struct la_buf name;

    la_buf_init(&name, host);
    la_json_key(w, "events");
    la_json_arr(w);
    for (uint32_t i = 0; i < LA_EV_NR; i++) {
        const struct la_event_desc *desc = la_event_desc((enum la_event_id)i);

        la_buf_clear(&name);
        la_event_name((enum la_event_id)i, &name);
        la_json_obj(w);
        la_json_kstr(w, "e", la_buf_str(&name));
        la_json_kstr(w, "severity", la_event_severity_name(desc->severity));
        la_json_kstr(w, "sentence", desc->sentence);
        la_json_key(w, "fields");
        la_json_arr(w);
        for (uint32_t f = 0; f < desc->nr_fields; f++) {
            la_json_obj(w);
            la_json_kstr(w, "name", desc->field[f].name);
            la_json_kstr(w, "type", la_field_type_name(desc->field[f].type));
            la_json_end(w);
        }
        la_json_end(w);
        la_json_end(w);
    }
    la_json_end(w);
    la_buf_free(&name);
}

/* What macros are made of is nothing to look up or to complete. */
static bool is_for_programs(const struct la_api *api)
{
    return api->part[0] != '-';
}

static void calls_json(struct la_json *w, const struct la_api *api, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        if (!is_for_programs(&api[i]))
            continue;
        la_json_obj(w);
        la_json_kstr(w, "name", api[i].name);
        la_json_kstr(w, "prototype", api[i].prototype);
        la_json_kstr(w, "header", api[i].header);
        la_json_kstr(w, "part", api[i].part);
        la_json_kstr(w, "context", api[i].context);
        la_json_kstr(w, "since", api[i].since);
        la_json_kstr(w, "removed", api[i].removed);
        la_json_kstr(w, "replaced_by", api[i].replaced_by);
        la_json_kstr(w, "help", api[i].help);
        la_json_end(w);
    }
}

/* Functions and macros: a program uses both alike. */
static void calls_table(struct la_json *w)
{
    uint32_t nr;
    const struct la_api *api = la_api_table(&nr);

    la_json_key(w, "calls");
    la_json_arr(w);
    calls_json(w, api, nr);
    api = la_macro_table(&nr);
    calls_json(w, api, nr);
    la_json_end(w);
}

static void flag_json(struct la_json *w, const char *name, uint32_t mask, const char *group, const char *help)
{
    la_json_obj(w);
    la_json_kstr(w, "name", name);
    la_json_khex(w, "mask", mask);
    la_json_kstr(w, "group", group);
    la_json_kstr(w, "help", help);
    la_json_end(w);
}

static void slab_table(struct la_json *w)
{
    uint32_t nr;
    const struct la_slab_flag *row = la_slab_flags(&nr);

    la_json_key(w, "slab");
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++)
        flag_json(w, row[i].name, row[i].value, row[i].group, row[i].help);
    la_json_end(w);
}

static void gfp_table(struct la_json *w)
{
    uint32_t nr;
    const struct la_gfp_name *row = la_gfp_names(&nr);

    la_json_key(w, "gfp");
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++)
        flag_json(w, row[i].name, row[i].value, row[i].group, row[i].help);
    la_json_end(w);
}

static void settings_table(struct la_json *w)
{
    uint32_t nr;
    const struct la_setting *row = la_machine_settings(&nr);

    la_json_key(w, "settings");
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++) {
        la_json_obj(w);
        la_json_kstr(w, "name", row[i].name);
        la_json_kstr(w, "example", row[i].example);
        la_json_kstr(w, "help", row[i].help);
        la_json_end(w);
    }
    la_json_end(w);
}

bool la_op_tables(struct la_req *req)
{
    struct la_json *w = req->w;
    uint32_t nr;
    const char *const *names = la_proc_names(&nr);

    events_table(req->engine->host, w);
    calls_table(w);
    gfp_table(w);
    slab_table(w);
    settings_table(w);
    la_json_key(w, "errors");
    la_json_arr(w);
    for (uint32_t i = 1; i < LA_E_NR; i++) {
        la_json_obj(w);
        la_json_kstr(w, "code", la_error_code((enum la_error)i));
        la_json_kstr(w, "meaning", la_error_meaning((enum la_error)i));
        la_json_end(w);
    }
    la_json_end(w);
    la_json_key(w, "proc");
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++)
        la_json_str(w, names[i]);
    la_json_end(w);
    return true;
}

/* ---- open ---- */

static void ask_json(const struct la_ask *ask, struct la_json *w)
{
    la_json_key(w, "ask");
    la_json_obj(w);
    la_json_kuint(w, "index", ask->index);
    la_json_kstr(w, "kind", la_ask_kind_name(ask->kind));
    la_json_kstr(w, "question", ask->question);
    la_json_key(w, "choices");
    la_json_arr(w);
    for (uint32_t i = 0; i < ask->nr_choices; i++)
        la_json_str(w, ask->choice[i].value);
    la_json_end(w);
    la_json_end(w);
}

static void section_json(const struct la_section *section, struct la_json *w)
{
    la_json_obj(w);
    la_json_kstr(w, "kind", la_section_kind_name(section->kind));
    la_json_kuint(w, "line", section->line);
    la_json_kuint(w, "end_line", section->end_line);
    if (section->kind == LA_SECTION_PROSE || section->kind == LA_SECTION_CODE) {
        la_json_key(w, "text");
        la_json_strn(w, section->text, section->len);
    }
    if (section->kind == LA_SECTION_CODE)
        la_json_kuint(w, "first_line", section->text_line);
    if (section->view) {
        la_json_key(w, "show");
        la_json_arr(w);
        for (uint32_t i = 0; i < section->view->nr_show; i++)
            la_json_str(w, section->view->show[i]);
        la_json_end(w);
        la_json_kbool(w, "follow", section->view->follow);
    }
    if (section->ask)
        ask_json(section->ask, w);
    la_json_end(w);
}

static void lesson_json(const struct la_lesson *lesson, struct la_json *w)
{
    la_json_key(w, "lesson");
    la_json_obj(w);
    la_json_kstr(w, "title", lesson->title);
    la_json_kstr(w, "goal", lesson->goal);
    la_json_key(w, "sections");
    la_json_arr(w);
    for (uint32_t i = 0; i < lesson->nr_sections; i++)
        section_json(&lesson->section[i], w);
    la_json_end(w);
    la_json_end(w);
}

/* A new lesson with its machine, made before the old one is let go. */
struct opened {
    struct la_lesson *lesson;
    struct la_timeline *timeline;
    struct la_view view;
    struct la_machine_config config;
    struct la_diags diags;
};

static bool open_parts(struct la_engine *engine, const char *source, struct opened *o)
{
    la_diags_init(&o->diags, engine->host);
    o->lesson = la_lesson_parse(engine->host, source, strlen(source), &o->diags);
    if (!o->lesson)
        return false;
    (void)la_machine_config_parse(&o->config, o->lesson->machine, o->lesson->machine_len,
                                  o->lesson->machine_line ? o->lesson->machine_line : 1, &o->diags);
    o->timeline = la_timeline_new(engine->host, o->lesson, &o->config, &o->diags);
    if (!o->timeline && o->diags.nr_errors) {
        /* an impossible machine: the lesson can still be read and mended beside the default one */
        la_machine_config_default(&o->config, LA_PROFILE_SLIDE);
        o->timeline = la_timeline_new(engine->host, o->lesson, &o->config, &o->diags);
    }
    return o->timeline && la_view_init(&o->view, engine->host);
}

static void replace(struct la_engine *engine, const struct opened *o)
{
    for (uint32_t i = 0; i < LA_BRANCHES_MAX; i++) {
        la_timeline_free(engine->branch[i].timeline);
        la_view_free(&engine->branch[i].view);
        engine->branch[i].timeline = NULL;
    }
    la_lesson_free(engine->lesson);
    memset(engine->answered, 0, sizeof engine->answered);
    engine->lesson = o->lesson;
    engine->config = o->config;
    la_diags_free(&engine->diags);
    engine->diags = o->diags;
    engine->branch[0] = (struct la_branch){o->timeline, o->view};
}

bool la_op_open(struct la_req *req)
{
    struct la_engine *engine = req->engine;
    const char *source = la_req_text(req, "source", true);
    struct opened o = {0};

    if (!source)
        return false;
    if (!open_parts(engine, source, &o)) {
        la_timeline_free(o.timeline);
        la_lesson_free(o.lesson);
        la_diags_free(&o.diags);
        return la_req_fail(req, LA_E_NOMEM, "Open a lesson with a smaller machine.", "out of memory while opening the lesson");
    }
    replace(engine, &o);
    req->branch = &engine->branch[0];
    lesson_json(engine->lesson, req->w);
    la_json_key(req->w, "diagnostics");
    la_diags_json(&engine->diags, req->w);
    la_json_kbool(req->w, "runnable", engine->diags.nr_errors == 0);
    return la_req_position(req, "");
}

/* ---- complete ---- */

struct words {
    struct la_json *w;
    const char *prefix;
    uint32_t nr;
};

static void offer(struct words *words, const char *word)
{
    if (words->nr < LA_WORDS_MAX && strncmp(word, words->prefix, strlen(words->prefix)) == 0) {
        la_json_str(words->w, word);
        words->nr++;
    }
}

static void offer_variable(void *ctx, const struct la_var *var)
{
    if (var->level == 0)
        offer(ctx, var->name);
}

bool la_op_complete(struct la_req *req)
{
    const char *prefix = la_req_text(req, "prefix", true);
    struct words words = {req->w, prefix, 0};
    uint32_t nr;

    if (!prefix)
        return false;
    la_json_key(req->w, "words");
    la_json_arr(req->w);
    if (req->branch->timeline->interp)
        la_interp_vars(req->branch->timeline->interp, offer_variable, &words);
    const struct la_api *api = la_api_table(&nr);

    for (uint32_t i = 0; i < nr; i++)
        if (is_for_programs(&api[i]))
            offer(&words, api[i].name);
    api = la_macro_table(&nr);
    for (uint32_t i = 0; i < nr; i++)
        offer(&words, api[i].name);
    const struct la_slab_flag *slab = la_slab_flags(&nr);

    for (uint32_t i = 0; i < nr; i++)
        offer(&words, slab[i].name);
    const struct la_gfp_name *gfp = la_gfp_names(&nr);

    for (uint32_t i = 0; i < nr; i++)
        offer(&words, gfp[i].name);
    const char *const *files = la_proc_names(&nr);

    for (uint32_t i = 0; i < nr; i++) {
        struct la_buf command;

        la_buf_init(&command, req->engine->host);
        la_buf_printf(&command, "cat /proc/%s", files[i]);
        offer(&words, la_buf_str(&command));
        la_buf_free(&command);
    }
    la_json_end(req->w);
    return true;
}
