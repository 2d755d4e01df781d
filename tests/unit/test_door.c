/*
 * test_door.c: la_request() from outside: what each operation does, and that no input breaks an engine.
 */
#include "play.h"

#include "base/cjson.h"
#include "lookaside.h"

/* An engine and its last reply, parsed. */
struct talk {
    struct check_host check;
    struct la_engine *engine;
    cJSON *reply;
};

static void talk_init(struct talk *talk)
{
    check_host_init(&talk->check);
    talk->engine = la_engine_new(&talk->check.host);
    assert_non_null(talk->engine);
    talk->reply = NULL;
}

static void talk_done(struct talk *talk)
{
    cJSON_Delete(talk->reply);
    la_engine_free(talk->engine);
    assert_true(check_host_clean(&talk->check));
}

static const cJSON *send(struct talk *talk, const char *request, size_t len)
{
    size_t reply_len, at;
    const char *text = la_request(talk->engine, request, len, &reply_len);

    assert_int_equal(strlen(text), reply_len);
    cJSON_Delete(talk->reply);
    talk->reply = la_cjson_parse(text, reply_len, &at);
    assert_non_null(talk->reply);
    return talk->reply;
}

/* The result of a request that must succeed. */
static const cJSON *ask(struct talk *talk, const char *request)
{
    const cJSON *reply = send(talk, request, strlen(request));

    if (!cJSON_IsTrue(la_cjson_get(reply, "ok")))
        fail_msg("%s was refused: %s", request, la_cjson_string(la_cjson_get(la_cjson_get(reply, "error"), "message")));
    return la_cjson_get(reply, "result");
}

/* The code of the error of a request that must fail; it has a message and a hint. */
static const char *refused(struct talk *talk, const char *request)
{
    const cJSON *reply = send(talk, request, strlen(request)), *error = la_cjson_get(reply, "error");

    if (!error)
        fail_msg("%.200s was answered", request);
    assert_true(strlen(la_cjson_string(la_cjson_get(error, "message"))) > 5);
    assert_true(strlen(la_cjson_string(la_cjson_get(error, "hint"))) > 2);
    return la_cjson_string(la_cjson_get(error, "code"));
}

static const cJSON *open_source(struct talk *talk, const char *source)
{
    cJSON *request = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(request, "op", "open");
    (void)cJSON_AddStringToObject(request, "source", source);
    char *text = cJSON_PrintUnformatted(request);
    const cJSON *result = ask(talk, text);

    cJSON_free(text);
    cJSON_Delete(request);
    return result;
}

static const cJSON *open_file(struct talk *talk, const char *path)
{
    char *text = read_file(path);
    const cJSON *result = open_source(talk, text);

    free(text);
    return result;
}

static int number(const cJSON *object, const char *key)
{
    const cJSON *item = la_cjson_get(object, key);

    if (!cJSON_IsNumber(item))
        fail_msg("no number %s", key);
    return (int)item->valuedouble;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = la_cjson_string(la_cjson_get(object, key));

    if (!text)
        fail_msg("no text %s", key);
    return text;
}

static const cJSON *at(const cJSON *result)
{
    return la_cjson_get(result, "position");
}

/* ---- moving ---- */

static void open_stands_at_the_start_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    const cJSON *result = open_file(&talk, golden_lessons[0]);

    assert_true(cJSON_IsTrue(la_cjson_get(result, "runnable")));
    assert_string_equal(text_of(la_cjson_get(result, "lesson"), "title"), "Splitting and merging");
    assert_int_equal(number(at(result), "step"), 0);
    assert_int_equal(number(at(result), "end"), -1);
    assert_true(cJSON_IsNull(la_cjson_get(at(result), "last")));
    assert_int_equal(number(la_cjson_get(at(result), "next"), "line"), 26);
    assert_null(la_cjson_get(at(result), "delta"));
    talk_done(&talk);
}

static void step_into_over_out_block_check(void **state)
{
    struct talk talk;
    const cJSON *result;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[1]);
    /* the question before the second block stops everything once; answered, it does not */
    (void)ask(&talk, "{\"op\":\"answer\",\"ask\":0,\"value\":\"3\"}");
    int depth = 0;

    for (int i = 0; i < 20 && depth == 0; i++) {
        result = ask(&talk, "{\"op\":\"step\"}");
        depth = number(la_cjson_get(at(result), "next"), "depth");
    }
    assert_int_equal(depth, 1);
    int before = number(at(talk.reply ? la_cjson_get(talk.reply, "result") : NULL), "step");

    result = ask(&talk, "{\"op\":\"step\",\"mode\":\"over\"}");
    assert_int_equal(number(at(result), "step"), before + 1); /* over a kernel call is one step */
    result = ask(&talk, "{\"op\":\"step\",\"mode\":\"out\"}");
    assert_int_equal(number(la_cjson_get(at(result), "next"), "depth"), 0);
    assert_true(number(at(result), "step") > before + 1);
    before = number(at(result), "step");
    result = ask(&talk, "{\"op\":\"step\",\"mode\":\"over\",\"n\":3}");
    assert_int_equal(number(la_cjson_get(at(result), "next"), "depth"), 0);
    assert_true(number(at(result), "step") > before + 3); /* a call of the program counts as one */
    int block = number(la_cjson_get(at(result), "next"), "block");

    result = ask(&talk, "{\"op\":\"step\",\"mode\":\"block\"}");
    assert_true(number(la_cjson_get(at(result), "next"), "block") > block);
    result = ask(&talk, "{\"op\":\"step\",\"n\":10000}");
    assert_string_equal(text_of(at(result), "stopped"), "done");
    assert_true(cJSON_IsNull(la_cjson_get(at(result), "next")));
    assert_int_equal(number(at(result), "end"), number(at(result), "step"));
    talk_done(&talk);
}

/* ---- over and out, with several threads ---- */

#define CPUS(nr, code)                                                                                                 \
    "```json machine\n{\"profile\": \"slide\", \"memory\": \"512K\", \"reserved\": \"0\", \"min_free_kbytes\": 0, "    \
    "\"cpus\": " nr "}\n```\n"                                                                                         \
    "```c\n" code "```\n"

/* A calls pass() and sleeps in it; B and the main thread run meanwhile, at every depth. */
static const char two_threads[] = CPUS("1", "int pass(int ms)\n" /*  5 */
                                            "{\n"                /*  6 */
                                            "    msleep(ms);\n"  /*  7 */
                                            "    return ms;\n"   /*  8 */
                                            "}\n"                /*  9 */
                                            "int first(void *unused)\n"
                                            "{\n"                      /* 11 */
                                            "    int n = 0;\n"         /* 12 */
                                            "    n += pass(20);\n"     /* 13 */
                                            "    n += pass(20);\n"     /* 14 */
                                            "    choose_preempt(0);\n" /* 15 */
                                            "    return n;\n"          /* 16 */
                                            "}\n"                      /* 17 */
                                            "int second(void *unused)\n"
                                            "{\n" /* 19 */
                                            "    while (!kthread_should_stop())\n"
                                            "        pass(4);\n" /* 21 */
                                            "    return 0;\n"    /* 22 */
                                            "}\n"                /* 23 */
                                            "kthread_run_on_cpu(first, NULL, 0, \"A\");\n"
                                            "struct task_struct *b = kthread_run_on_cpu(second, NULL, 0, \"B\");\n"
                                            "for (int i = 0; i < 30; i++)\n" /* 26 */
                                            "    msleep(4);\n"               /* 27 */
                                            "kthread_stop(b);\n");           /* 28 */

/* Whose statement is next ("A"), and in which line. */
static bool is_next(struct talk *talk, const char *thread, int line)
{
    const cJSON *snapshot = la_cjson_get(ask(talk, "{\"op\":\"snapshot\"}"), "snapshot");
    bool same = strcmp(text_of(la_cjson_get(snapshot, "context"), "comm"), thread) == 0;

    return number(la_cjson_get(at(ask(talk, "{\"op\":\"step\",\"n\":0}")), "next"), "line") == line && same;
}

/* One statement after the other, until line @line of @thread is next. */
static void step_to(struct talk *talk, const char *thread, int line)
{
    for (int i = 0; i < 500; i++) {
        if (is_next(talk, thread, line))
            return;
        (void)ask(talk, "{\"op\":\"step\"}");
    }
    fail_msg("line %d of %s never comes", line, thread);
}

#define OVER "{\"op\":\"step\",\"mode\":\"over\"}"
#define OUT  "{\"op\":\"step\",\"mode\":\"out\"}"

/* The caller sleeps in the call, or is preempted: the others run, and over ends where the caller goes on. */
static void over_stays_with_its_thread_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, two_threads);
    step_to(&talk, "A", 13);
    (void)ask(&talk, OVER); /* over a function that sleeps */
    assert_true(is_next(&talk, "A", 14));
    step_to(&talk, "A", 7);
    (void)ask(&talk, OVER); /* over a kernel call that sleeps: it is finished, not only begun */
    assert_true(is_next(&talk, "A", 8));
    (void)ask(&talk, OVER); /* out of the end of a function */
    assert_true(is_next(&talk, "A", 15));
    (void)ask(&talk, OVER); /* over a statement that gives the CPU away */
    assert_true(is_next(&talk, "A", 16));
    /* the thread ends: whoever comes next */
    assert_string_equal(text_of(at(ask(&talk, OVER)), "stopped"), "count");
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":0}");
    step_to(&talk, "A", 13);
    (void)ask(&talk, "{\"op\":\"step\",\"mode\":\"over\",\"n\":3}");
    assert_true(is_next(&talk, "A", 16));
    talk_done(&talk);
}

static void out_stays_with_its_thread_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, two_threads);
    step_to(&talk, "A", 7);
    (void)ask(&talk, OUT); /* the main thread, at depth 0, runs while A sleeps */
    assert_true(is_next(&talk, "A", 14));
    (void)ask(&talk, OUT); /* of the outermost function of a thread: it has ended */
    const cJSON *snapshot = la_cjson_get(ask(&talk, "{\"op\":\"snapshot\"}"), "snapshot");
    const cJSON *threads = la_cjson_get(la_cjson_get(snapshot, "percpu"), "threads");

    assert_string_equal(text_of(cJSON_GetArrayItem(threads, 1), "name"), "A");
    assert_string_equal(text_of(cJSON_GetArrayItem(threads, 1), "state"), "dead");
    assert_string_not_equal(text_of(cJSON_GetArrayItem(threads, 2), "state"), "dead");
    talk_done(&talk);
}

/* A choice that was made here is a step of its own, whoever comes after it. */
static void over_a_choice_is_one_step_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, two_threads);
    step_to(&talk, "A", 13);
    int step = number(at(ask(&talk, "{\"op\":\"choose\",\"do\":\"preempt\",\"cpu\":0}")), "step");
    char back[64];

    (void)snprintf(back, sizeof back, "{\"op\":\"seek\",\"step\":%d}", step - 1);
    (void)ask(&talk, back);
    assert_true(is_next(&talk, "A", 13));
    assert_int_equal(number(at(ask(&talk, OVER)), "step"), step);
    talk_done(&talk);
}

/* An interrupt on the CPU of the main thread, then one on an idle CPU. */
static const char handler[] = CPUS("2", "int hits = 0;\n"                                  /*  5 */
                                       "irqreturn_t tick(int irq, void *dev)\n"           /*  6 */
                                       "{\n"                                              /*  7 */
                                       "    hits++;\n"                                    /*  8 */
                                       "    return IRQ_HANDLED;\n"                        /*  9 */
                                       "}\n"                                              /* 10 */
                                       "int rc = request_irq(5, tick, 0, \"t\", NULL);\n" /* 11 */
                                       "choose_interrupt(0, 5);\n"                        /* 12 */
                                       "hits += 10;\n"                                    /* 13 */
                                       "choose_interrupt(1, 5);\n"                        /* 14: CPU 1 is idle */
                                       "hits += 10;\n"                                    /* 15 */
                                       "hits += 10;\n");

/* Over runs through the handler of an interrupt that comes in the middle; out of it leads to what it interrupted. */
static void over_and_out_of_a_handler_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, handler);
    step_to(&talk, "insmod", 12);
    (void)ask(&talk, OVER);
    assert_true(is_next(&talk, "insmod", 13));
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":0}");
    step_to(&talk, "insmod", 8);
    (void)ask(&talk, OUT);
    assert_true(is_next(&talk, "insmod", 13));
    step_to(&talk, "swapper/1", 8);
    (void)ask(&talk, OUT); /* there is nothing it interrupted: whoever comes next */
    assert_true(is_next(&talk, "insmod", 15));
    talk_done(&talk);
}

/* The last statement ends the run, also when it was the last one asked for. */
static void run_that_ends_exactly_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, SLIDE "```c\nint x = 1;\nx = 2;\n```\n");
    assert_string_equal(text_of(at(ask(&talk, "{\"op\":\"step\",\"n\":1}")), "stopped"), "count");
    assert_string_equal(text_of(at(ask(&talk, "{\"op\":\"step\",\"n\":1}")), "stopped"), "done");
    const cJSON *result = ask(&talk, "{\"op\":\"step\",\"n\":1}");

    assert_string_equal(text_of(at(result), "stopped"), "done");
    assert_int_equal(number(at(result), "step"), 2);
    talk_done(&talk);
}

static void refused_requests_move_nothing_check(void **state)
{
    static const char *const requests[] = {"{\"op\":\"step\",\"since\":5}", "{\"op\":\"seek\",\"step\":0,\"since\":[]}",
                                           "{\"op\":\"eval\",\"text\":\"1;\",\"since\":{\"zones\":-1}}", "{\"op\":\"fork\",\"since\":\"x\"}",
                                           "{\"op\":\"replay\",\"choices\":[{\"step\":9,\"text\":\"1;\"},{\"step\":9,\"text\":\"2;\"}]}"};
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":3}");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        assert_string_equal(refused(&talk, requests[i]), "bad-request");
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
        assert_int_equal(cJSON_GetArraySize(la_cjson_get(ask(&talk, "{\"op\":\"log\"}"), "choices")), 0);
        assert_string_equal(refused(&talk, "{\"op\":\"snapshot\",\"branch\":1}"), "not-found");
    }
    talk_done(&talk);
}

static void run_stops_at_a_question_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[1]);
    const cJSON *result = ask(&talk, "{\"op\":\"step\",\"n\":10000}");

    assert_string_equal(text_of(at(result), "stopped"), "ask");
    int step = number(at(result), "step");

    result = ask(&talk, "{\"op\":\"step\",\"n\":10000}");
    assert_true(number(at(result), "step") > step);
    talk_done(&talk);
}

static void step_all_gives_every_step_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    const cJSON *result = ask(&talk, "{\"op\":\"step\",\"n\":5,\"all\":true}"), *steps = la_cjson_get(result, "steps");

    assert_int_equal(cJSON_GetArraySize(steps), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(number(cJSON_GetArrayItem(steps, i), "step"), i + 1);
    result = ask(&talk, "{\"op\":\"step\",\"n\":0}");
    assert_int_equal(number(at(result), "step"), 5);
    /* how long a call is nobody knows before: its first steps are told, and it runs to its end */
    (void)open_source(&talk, SLIDE "```c\nint f(void)\n{\n    int i;\n    for (i = 0; i < 2000; i++)\n        ;\n    return i;\n}\nint x = f();\nx = 1;\n```\n");
    result = ask(&talk, "{\"op\":\"step\",\"mode\":\"over\",\"all\":true}");
    assert_int_equal(number(la_cjson_get(at(result), "next"), "line"), 13);
    assert_int_equal(cJSON_GetArraySize(la_cjson_get(result, "steps")), 2000);
    assert_true(number(at(result), "step") > 4000);
    talk_done(&talk);
}

static void survey_comes_back_check(void **state)
{
    struct talk talk;

    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        talk_init(&talk);
        (void)open_file(&talk, golden_lessons[i]);
        (void)ask(&talk, "{\"op\":\"seek\",\"step\":2}");
        const cJSON *result = ask(&talk, "{\"op\":\"survey\"}");
        int end = number(result, "end");

        assert_true(end > 1);
        result = ask(&talk, "{\"op\":\"snapshot\"}");
        assert_int_equal(number(result, "step"), 2);
        result = ask(&talk, "{\"op\":\"seek\",\"step\":100000}");
        assert_int_equal(number(at(result), "step"), end);
        talk_done(&talk);
    }
}

static void survey_of_an_endless_loop_ends_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, SLIDE "```c\nwhile (1)\n    ;\n```\n");
    const cJSON *result = ask(&talk, "{\"op\":\"survey\",\"limit\":5000}");

    assert_int_equal(number(result, "end"), -1);
    assert_int_equal(number(result, "surveyed"), 5000);
    result = ask(&talk, "{\"op\":\"step\",\"mode\":\"block\"}"); /* "until the next section": never */
    assert_string_equal(text_of(at(result), "stopped"), "limit");
    talk_done(&talk);
}

/* The turn that step @step belongs to. */
static const cJSON *turn_of(const cJSON *turns, int step)
{
    const cJSON *turn, *found = NULL;

    cJSON_ArrayForEach(turn, turns)
    {
        if (number(turn, "step") > step)
            break;
        found = turn;
    }
    assert_non_null(found);
    return found;
}

/* Survey, go to the start and run all: each step says the same about who ran it; what was typed says nothing. */
static void expect_turns(struct talk *talk)
{
    cJSON *survey = cJSON_Duplicate(ask(talk, "{\"op\":\"survey\"}"), true);
    const cJSON *turns = la_cjson_get(survey, "turns"), *steps, *step;
    int shared = 0;

    assert_int_equal(number(survey, "turned"), number(survey, "end"));
    (void)ask(talk, "{\"op\":\"seek\",\"step\":0}");
    steps = la_cjson_get(ask(talk, "{\"op\":\"step\",\"n\":1000,\"all\":true}"), "steps");
    cJSON_ArrayForEach(step, steps)
    {
        const cJSON *turn = turn_of(turns, number(step, "step")), *irq = la_cjson_get(step, "irq");

        if (!la_cjson_get(step, "thread"))
            continue;
        shared++;
        assert_string_equal(text_of(turn, "thread"), text_of(step, "thread"));
        assert_int_equal(number(turn, "cpu"), number(step, "cpu"));
        assert_int_equal(irq ? number(step, "irq") : -1, la_cjson_get(turn, "irq") ? number(turn, "irq") : -1);
    }
    assert_true(shared > 3);
    assert_true(cJSON_GetArraySize(turns) < number(survey, "end") * 3 / 4); /* a turn, not a step */
    cJSON_Delete(survey);
}

static void survey_tells_whose_turn_it_is_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, handler);
    expect_turns(&talk);
    (void)open_source(&talk, two_threads);
    expect_turns(&talk);
    /* another future, other turns */
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":0}");
    step_to(&talk, "A", 13);
    int chosen = number(at(ask(&talk, "{\"op\":\"choose\",\"do\":\"preempt\",\"cpu\":0}")), "step");

    assert_true(number(turn_of(la_cjson_get(ask(&talk, "{\"op\":\"survey\"}"), "turns"), chosen), "step") < chosen);
    expect_turns(&talk);
    talk_done(&talk);
}

/* More turns than are kept: those that are stay true, and it says up to where they go. */
static void turns_beyond_the_most_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_source(&talk, CPUS("1", "int other(void *unused)\n{\n    for (int i = 0; i < 1200; i++)\n        msleep(4);\n    return 0;\n}\n"
                                       "kthread_run_on_cpu(other, NULL, 0, \"B\");\nfor (int i = 0; i < 1200; i++)\n    msleep(4);\n"));
    const cJSON *result = ask(&talk, "{\"op\":\"survey\"}"), *turns = la_cjson_get(result, "turns");

    assert_int_equal(cJSON_GetArraySize(turns), 2000);
    assert_true(number(result, "turned") < number(result, "end"));
    assert_in_range(number(result, "turned") - number(cJSON_GetArrayItem(turns, 1999), "step"), 0, 5);
    talk_done(&talk);
}

/* ---- looking ---- */

static void inspect_frame_zone_variable_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\"}");
    const cJSON *result = ask(&talk, "{\"op\":\"inspect\",\"pfn\":0}");

    assert_int_equal(number(result, "step"), 1);
    assert_true(cJSON_GetArraySize(la_cjson_get(result, "facts")) > 2);
    (void)ask(&talk, "{\"op\":\"inspect\",\"zone\":0}");
    result = ask(&talk, "{\"op\":\"inspect\",\"variable\":\"one\"}");
    assert_non_null(strstr(text_of(result, "title"), "one"));
    assert_string_equal(refused(&talk, "{\"op\":\"inspect\",\"variable\":\"two\"}"), "not-found");
    assert_string_equal(refused(&talk, "{\"op\":\"inspect\",\"pfn\":64}"), "not-found");
    assert_string_equal(refused(&talk, "{\"op\":\"inspect\",\"zone\":9}"), "not-found");
    talk_done(&talk);
}

static void proc_files_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    const cJSON *result = ask(&talk, "{\"op\":\"proc\",\"name\":\"buddyinfo\"}");

    assert_string_equal(text_of(result, "text"),
                        "Node 0, zone   Normal      0      0      0      0      0      0      1      0      0      0      0 \n");
    (void)ask(&talk, "{\"op\":\"proc\",\"name\":\"zoneinfo\"}");
    (void)ask(&talk, "{\"op\":\"proc\",\"name\":\"pagetypeinfo\"}");
    assert_string_equal(refused(&talk, "{\"op\":\"proc\",\"name\":\"buddyinfos\"}"), "not-found");
    assert_non_null(strstr(text_of(la_cjson_get(talk.reply, "error"), "hint"), "buddyinfo"));
    talk_done(&talk);
}

static void complete_offers_words_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\"}");
    const cJSON *words = la_cjson_get(ask(&talk, "{\"op\":\"complete\",\"prefix\":\"on\"}"), "words");

    assert_int_equal(cJSON_GetArraySize(words), 1);
    assert_string_equal(la_cjson_string(cJSON_GetArrayItem(words, 0)), "one");
    words = la_cjson_get(ask(&talk, "{\"op\":\"complete\",\"prefix\":\"zzz\"}"), "words");
    assert_int_equal(cJSON_GetArraySize(words), 0);
    talk_done(&talk);
}

/* ---- typing, branches, logs ---- */

static void eval_runs_and_reports_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    const cJSON *result = ask(&talk, "{\"op\":\"eval\",\"text\":\"printk(\\\"%d\\\\n\\\", 6 * 7);\"}");

    assert_string_equal(text_of(result, "output"), "42\n3\n"); /* what it printed, and its value */
    assert_int_equal(number(at(result), "step"), 1);
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"cat /proc/buddyinfo\"}");
    assert_non_null(strstr(text_of(result, "output"), "Node 0, zone   Normal"));
    assert_int_equal(number(at(result), "step"), 1);
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"cat /proc/nothing\"}");
    assert_non_null(strstr(text_of(result, "output"), "No such file"));
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"int x = ;\"}");
    const cJSON *diagnostic = cJSON_GetArrayItem(la_cjson_get(result, "diagnostics"), 0);

    assert_int_equal(number(diagnostic, "line"), 1);
    assert_int_equal(number(diagnostic, "column"), 9);
    assert_int_equal(number(at(result), "step"), 1);
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"*(int *)8 = 1;\"}");
    assert_string_equal(text_of(at(result), "stopped"), "oops");
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"cat /proc/buddyinfo\"}");
    assert_string_equal(text_of(at(result), "stopped"), "");
    talk_done(&talk);
}

static void fork_and_drop_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":3}");
    for (int i = 1; i < 4; i++)
        assert_int_equal(number(ask(&talk, "{\"op\":\"fork\"}"), "branch"), i);
    assert_string_equal(refused(&talk, "{\"op\":\"fork\"}"), "limit");
    (void)ask(&talk, "{\"op\":\"eval\",\"branch\":2,\"text\":\"alloc_pages(GFP_KERNEL, 2);\"}");
    assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\",\"branch\":2}"), "step"), 4);
    assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
    (void)ask(&talk, "{\"op\":\"drop\",\"branch\":2}");
    assert_string_equal(refused(&talk, "{\"op\":\"snapshot\",\"branch\":2}"), "not-found");
    assert_int_equal(number(ask(&talk, "{\"op\":\"fork\",\"step\":1}"), "branch"), 2);
    assert_string_equal(refused(&talk, "{\"op\":\"drop\",\"branch\":0}"), "range");
    (void)open_file(&talk, golden_lessons[0]); /* a new lesson forgets the branches */
    assert_string_equal(refused(&talk, "{\"op\":\"snapshot\",\"branch\":1}"), "not-found");
    talk_done(&talk);
}

static void log_replayed_gives_the_same_hash_check(void **state)
{
    struct talk talk;
    char hash[32];

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":2}");
    (void)ask(&talk, "{\"op\":\"eval\",\"text\":\"struct page *typed = alloc_pages(GFP_KERNEL, 1);\"}");
    const cJSON *result = ask(&talk, "{\"op\":\"step\",\"n\":3}");

    (void)snprintf(hash, sizeof hash, "%s", text_of(at(result), "hash"));
    cJSON *request = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(request, "op", "replay");
    (void)cJSON_AddItemToObject(request, "choices", cJSON_Duplicate(la_cjson_get(ask(&talk, "{\"op\":\"log\"}"), "choices"), true));
    char *text = cJSON_PrintUnformatted(request);

    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, text);
    result = ask(&talk, "{\"op\":\"seek\",\"step\":6}");
    assert_string_equal(text_of(at(result), "hash"), hash);
    cJSON_free(text);
    cJSON_Delete(request);
    talk_done(&talk);
}

/* ---- questions ---- */

static void answers_are_graded_check(void **state)
{
    static const struct {
        const char *lesson, *request;
        bool right;
        const char *correct, *why;
    } rows[] = {
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"6\"}", true, "6", "One half is left over"},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"63\"}", false, "6", "Nothing below"},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":1,\"value\":\"1\"}", true, "1", ""},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":1,\"value\":\"0x1\"}", true, "1", ""},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":1,\"value\":\"2\"}", false, "1", ""},
        {"tests/golden/functions.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"3\"}", true, "3", "Each call adds one."},
        {"tests/golden/functions.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"three\"}", false, "3", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk talk;

        talk_init(&talk);
        (void)open_file(&talk, rows[i].lesson);
        const cJSON *result = ask(&talk, rows[i].request);

        assert_int_equal(cJSON_IsTrue(la_cjson_get(result, "right")), rows[i].right);
        assert_string_equal(text_of(result, "correct"), rows[i].correct);
        assert_non_null(strstr(text_of(result, "why"), rows[i].why));
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 0); /* grading looks ahead and comes back */
        assert_string_equal(refused(&talk, "{\"op\":\"answer\",\"ask\":9,\"value\":\"1\"}"), "not-found");
        talk_done(&talk);
    }
}

/* What merged in a future that was left does not answer the task in the new one. */
static void task_is_graded_in_the_new_future_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":1000}");
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":20}");
    (void)ask(&talk, "{\"op\":\"eval\",\"text\":\"struct page *buddy = alloc_page(GFP_KERNEL);\"}");
    assert_string_equal(refused(&talk, "{\"op\":\"answer\",\"ask\":1,\"value\":\"1\"}"), "bad-lesson");
    assert_non_null(strstr(text_of(la_cjson_get(talk.reply, "error"), "message"), "no blocks merge"));
    talk_done(&talk);
}

/* ---- check ---- */

/* Each row: a lesson, and the one complaint about it. */
static void check_finds_what_is_wrong_check(void **state)
{
    static const struct {
        const char *source, *code;
        int line, column;
        const char *part;
    } rows[] = {
        {SLIDE "```c\nint x = 1;\nassert(x == 2);\n```\n", "assert", 6, 1, ""},
        {SLIDE "```c\nint x;\n  x = *(int *)8;\n```\n", "oops", 6, 3, "unexpected oops"},
        {SLIDE "```c oops\nint x = 1;\n```\n", "oops", 4, 1, "nothing oopsed"},
        {SLIDE "```c oops\nint x = *(int *)8;\n```\n```c\nint y;\n```\n", "oops", 7, 1, "never runs: the oops in line 5"},
        {SLIDE "```c\nwhile (1)\n    ;\n```\n", "limit", 6, 5, "did not end"},
        {SLIDE "```c\nint x = y;\n```\n", "unknown-name", 5, 9, "y"},
        {SLIDE "```json ask\n{\"question\": \"Q\", \"kind\": \"number\", \"answer\": \"1\"}\n```\n", "bad-lesson", 4, 1, "no code"},
        {SLIDE "```json ask\n{\"question\": \"Q\", \"kind\": \"number\",\n \"answer\": \"nothing\"}\n```\n```c\nint x = 1;\n```\n", "unknown-name", 6, 2, "nothing"},
        {SLIDE "```json ask\n{\"question\": \"Q\", \"kind\": \"choice\", \"choices\": [\"1\", \"2\"], \"answer\": \"x\"}\n```\n```c\nint x = 3;\n```\n",
         "bad-lesson", 4, 1, "not among the choices"},
        {SLIDE "```json task\n{\"kind\": \"click-buddy\", \"prompt\": \"P\"}\n```\n```c\nint x = 3;\n```\n", "bad-lesson", 4, 1, "no blocks merge"},
        {"```json machine\n{\"cpu\": 1}\n```\n", "bad-setting", 2, 2, "cpus"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk talk;

        talk_init(&talk);
        (void)open_source(&talk, rows[i].source);
        const cJSON *result = ask(&talk, "{\"op\":\"check\",\"limit\":20000}"), *list = la_cjson_get(result, "diagnostics");
        const cJSON *first = cJSON_GetArrayItem(list, 0);

        assert_true(cJSON_IsFalse(la_cjson_get(result, "ok")));
        if (cJSON_GetArraySize(list) != 1)
            fail_msg("row %zu: %s", i, cJSON_Print(list));
        if (strcmp(text_of(first, "code"), rows[i].code) != 0 || number(first, "line") != rows[i].line ||
            (rows[i].column && number(first, "column") != rows[i].column) ||
            (!strstr(text_of(first, "message"), rows[i].part) && !strstr(text_of(first, "hint"), rows[i].part)))
            fail_msg("row %zu: %s", i, cJSON_Print(first));
        talk_done(&talk);
    }
}

static void check_of_good_lessons_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct talk talk;

        if (strstr(golden_lessons[i], "assert") || strstr(golden_lessons[i], "stuck"))
            continue;
        talk_init(&talk);
        (void)open_file(&talk, golden_lessons[i]);
        (void)ask(&talk, "{\"op\":\"seek\",\"step\":3}");
        const cJSON *result = ask(&talk, "{\"op\":\"check\"}");

        if (!cJSON_IsTrue(la_cjson_get(result, "ok")))
            fail_msg("%s: %s", golden_lessons[i], cJSON_Print(la_cjson_get(result, "diagnostics")));
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
        talk_done(&talk);
    }
}

/* ---- input that is wrong ---- */

static void wrong_bytes_have_a_position_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    assert_string_equal(refused(&talk, "{\"op\":\n  \"step\", x}"), "bad-json");
    const cJSON *error = la_cjson_get(talk.reply, "error");

    assert_int_equal(number(error, "line"), 2);
    assert_true(number(error, "column") >= 11);
    assert_string_equal(refused(&talk, ""), "bad-json");
    assert_string_equal(refused(&talk, "[]"), "bad-request");
    assert_string_equal(refused(&talk, "{\"op\":\"stpe\"}"), "unknown-op");
    assert_string_equal(text_of(la_cjson_get(talk.reply, "error"), "hint"), "step");
    assert_string_equal(refused(&talk, "{\"op\":\"step\"}"), "no-lesson");
    assert_int_equal(number(talk.reply, "id"), 0);
    (void)refused(&talk, "{\"id\":7,\"op\":\"step\"}");
    assert_int_equal(number(talk.reply, "id"), 7);
    talk_done(&talk);
}

static void request_of_any_bytes_check(void **state)
{
    static char bytes[70000];
    struct talk talk;

    (void)state;
    talk_init(&talk);
    for (int byte = 0; byte < 256; byte++) {
        memset(bytes, byte, sizeof bytes);
        (void)send(&talk, bytes, 1);
        (void)send(&talk, bytes, sizeof bytes);
        assert_true(cJSON_IsFalse(la_cjson_get(talk.reply, "ok")) || byte == 0);
    }
    (void)send(&talk, NULL, 0);
    (void)ask(&talk, "{\"op\":\"hello\"}");
    talk_done(&talk);
}

static void request_too_large_check(void **state)
{
    const size_t len = (16 << 20) + 1;
    char *large = malloc(len);
    struct talk talk;

    (void)state;
    memset(large, ' ', len);
    talk_init(&talk);
    (void)send(&talk, large, len);
    assert_string_equal(text_of(la_cjson_get(talk.reply, "error"), "code"), "limit");
    (void)ask(&talk, "{\"op\":\"hello\"}");
    free(large);
    talk_done(&talk);
}

/* An open that fails for want of memory keeps the lesson that was open. */
static void every_allocation_can_fail_check(void **state)
{
    static const char *const requests[] = {"{\"op\":\"step\",\"n\":4,\"all\":true,\"since\":{}}", "{\"op\":\"seek\",\"step\":1,\"since\":{}}",
                                           "{\"op\":\"eval\",\"text\":\"int typed = 7;\"}", "{\"op\":\"fork\"}", "{\"op\":\"check\",\"limit\":50}",
                                           "{\"op\":\"survey\",\"limit\":50}", "{\"op\":\"answer\",\"ask\":0,\"value\":\"1\"}", "{\"op\":\"tables\"}",
                                           "{\"op\":\"proc\",\"name\":\"zoneinfo\"}", "{\"op\":\"inspect\",\"pfn\":0}", "{\"op\":\"complete\",\"prefix\":\"a\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        bool good = false;

        for (uint64_t n = 1; !good; n += n < 100 ? 1 : 1 + n / 10) {
            struct talk talk;

            talk_init(&talk);
            (void)open_file(&talk, golden_lessons[0]);
            uint64_t before = talk.check.nr_allocations;

            talk.check.fail_at = before + n;
            (void)send(&talk, requests[i], strlen(requests[i]));
            good = talk.check.nr_allocations < before + n;
            talk.check.fail_at = 0;
            (void)ask(&talk, "{\"op\":\"seek\",\"step\":2,\"since\":{}}");
            assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 2);
            talk_done(&talk);
        }
    }
}

static void open_that_fails_keeps_the_lesson_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":3}");
    for (uint64_t n = 1; n < 60; n++) {
        static const char request[] = "{\"op\":\"open\",\"source\":\"```json machine\\n{\\\"memory\\\": \\\"16M\\\"}\\n```\\n```c\\nint x;\\n```\\n\"}";

        talk.check.fail_at = talk.check.nr_allocations + n;
        talk.check.fail_forever = true;
        (void)send(&talk, request, sizeof request - 1);
        talk.check.fail_at = 0;
        if (cJSON_IsTrue(la_cjson_get(talk.reply, "ok")))
            break;
        assert_string_equal(text_of(la_cjson_get(talk.reply, "error"), "code"), "host-memory");
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
    }
    talk_done(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_stands_at_the_start_check),
        cmocka_unit_test(step_into_over_out_block_check),
        cmocka_unit_test(over_stays_with_its_thread_check),
        cmocka_unit_test(out_stays_with_its_thread_check),
        cmocka_unit_test(over_a_choice_is_one_step_check),
        cmocka_unit_test(over_and_out_of_a_handler_check),
        cmocka_unit_test(run_that_ends_exactly_check),
        cmocka_unit_test(refused_requests_move_nothing_check),
        cmocka_unit_test(run_stops_at_a_question_check),
        cmocka_unit_test(step_all_gives_every_step_check),
        cmocka_unit_test(survey_comes_back_check),
        cmocka_unit_test(survey_of_an_endless_loop_ends_check),
        cmocka_unit_test(survey_tells_whose_turn_it_is_check),
        cmocka_unit_test(turns_beyond_the_most_check),
        cmocka_unit_test(inspect_frame_zone_variable_check),
        cmocka_unit_test(proc_files_check),
        cmocka_unit_test(complete_offers_words_check),
        cmocka_unit_test(eval_runs_and_reports_check),
        cmocka_unit_test(fork_and_drop_check),
        cmocka_unit_test(log_replayed_gives_the_same_hash_check),
        cmocka_unit_test(answers_are_graded_check),
        cmocka_unit_test(task_is_graded_in_the_new_future_check),
        cmocka_unit_test(check_finds_what_is_wrong_check),
        cmocka_unit_test(check_of_good_lessons_check),
        cmocka_unit_test(wrong_bytes_have_a_position_check),
        cmocka_unit_test(request_of_any_bytes_check),
        cmocka_unit_test(request_too_large_check),
        cmocka_unit_test(every_allocation_can_fail_check),
        cmocka_unit_test(open_that_fails_keeps_the_lesson_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
