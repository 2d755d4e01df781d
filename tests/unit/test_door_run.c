/*
 * test_door_run.c: la_request() from outside: moving through time. Steps into, over and out, with one thread and with
 * several; where running stops; the survey.
 */
#include "unit/talk.h"

/* ---- one thread ---- */

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
