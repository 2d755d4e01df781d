/* test_fail.c: the setting "fail": what fails on purpose, what is spared, and that a seed decides. */
#include "play.h"

#include "mm/slab.h"

#define LESSON(fail, code)                                                                                             \
    "```json machine\n{\"profile\": \"x86_64\", \"memory\": \"16M\", \"cpus\": 1, \"fail\": " fail                     \
    "}\n```\n```c\n" code "\n```\n"

/* Run to the end; the int variable `failed` of the program. */
static uint32_t failures(const char *source)
{
    struct play p;
    struct la_timeline *t = play_text(&p, source);
    int64_t failed = -1;

    while (la_timeline_step(t))
        expect_sound(t);
    assert_true(la_interp_eval_expr(t->interp, "failed", 6, 1, &failed, NULL, &p.diags));
    play_done(&p);
    return (uint32_t)failed;
}

#define LOOP(nr, call) "int failed = 0;\nfor (int i = 0; i < " nr "; i++)\n    if (!" call ")\n        failed++;"

static void test_off_is_off(void **state)
{
    (void)state;
    assert_int_equal(failures(LESSON("{}", LOOP("50", "kmalloc(8, GFP_ATOMIC)"))), 0);
    assert_int_equal(failures(LESSON("{\"slab\": 0, \"page\": 100}", LOOP("50", "kmalloc(8, GFP_ATOMIC)"))), 0);
}

static void test_what_may_wait_is_spared(void **state)
{
    (void)state;
    assert_int_equal(failures(LESSON("{\"slab\": 100}", LOOP("9", "kmalloc(8, GFP_ATOMIC)"))), 9);
    assert_int_equal(failures(LESSON("{\"slab\": 100}", LOOP("9", "kmalloc(8, GFP_KERNEL)"))), 0);
    assert_int_equal(
        failures(LESSON("{\"slab\": 100, \"ignore_gfp_wait\": false}", LOOP("9", "kmalloc(8, GFP_KERNEL)"))), 9);
    assert_int_equal(failures(LESSON("{\"slab\": 100, \"ignore_gfp_wait\": false}",
                                     LOOP("9", "kmalloc(8, GFP_KERNEL | __GFP_NOFAIL)"))),
                     0);
}

static void test_pages(void **state)
{
    (void)state;
    assert_int_equal(failures(LESSON("{\"page\": 100}", LOOP("9", "alloc_pages(GFP_ATOMIC, 1)"))), 9);
    assert_int_equal(failures(LESSON("{\"page\": 100}", LOOP("9", "alloc_page(GFP_ATOMIC)"))), 0); /* min_order 1 */
    assert_int_equal(failures(LESSON("{\"page\": 100, \"min_order\": 0}", LOOP("9", "alloc_page(GFP_ATOMIC)"))), 9);
    assert_int_equal(failures(LESSON("{\"page\": 100}", LOOP("9", "alloc_pages(GFP_KERNEL, 1)"))), 0);
    assert_int_equal(failures(LESSON("{\"page\": 100}", LOOP("9", "alloc_pages(GFP_ATOMIC | __GFP_HIGHMEM, 1)"))), 0);
    assert_int_equal(failures(LESSON("{\"page\": 100, \"ignore_gfp_highmem\": false}",
                                     LOOP("9", "alloc_pages(GFP_ATOMIC | __GFP_HIGHMEM, 1)"))),
                     9);
}

static void test_interval_and_times(void **state)
{
    (void)state;
    assert_int_equal(failures(LESSON("{\"slab\": 100, \"interval\": 5}", LOOP("50", "kmalloc(8, GFP_ATOMIC)"))), 10);
    assert_int_equal(failures(LESSON("{\"slab\": 100, \"times\": 3}", LOOP("50", "kmalloc(8, GFP_ATOMIC)"))), 3);
}

static void test_the_seed_decides(void **state)
{
    uint32_t half = failures(LESSON("{\"slab\": 50}, \"seed\": 4", LOOP("99", "kmalloc(8, GFP_ATOMIC)")));

    (void)state;
    assert_in_range(half, 30, 70);
    assert_int_equal(failures(LESSON("{\"slab\": 50}, \"seed\": 4", LOOP("99", "kmalloc(8, GFP_ATOMIC)"))), half);
    assert_in_range(failures(LESSON("{\"slab\": 50}, \"slab\": \"slab-2.6\"", LOOP("99", "kmalloc(8, GFP_ATOMIC)"))),
                    30, 70);
}

/* The kernel's words, and none with __GFP_NOWARN; a mempool gives from its reserve then. */
static void test_what_is_printed(void **state)
{
    struct play p;
    struct la_timeline *t =
        play_text(&p, LESSON("{\"slab\": 100}", "mempool_t *pool = mempool_create_kmalloc_pool(1, 100);\n"
                                                "kmalloc(8, GFP_ATOMIC);\nkmalloc(8, GFP_ATOMIC | __GFP_NOWARN);\n"
                                                "void *e = mempool_alloc(pool, GFP_ATOMIC);\nassert(e);"));
    struct la_buf text;
    struct la_json w;

    (void)state;
    assert_true(la_timeline_step(t) && la_timeline_step(t));
    la_buf_init(&text, t->host);
    la_json_init(&w, &text);
    la_view_step(t, &w);
    assert_non_null(
        strstr(la_buf_str(&text),
               "FAULT_INJECTION: forcing a failure.\\nname failslab, interval 1, probability 100, space 0, times -1"));
    la_buf_free(&text);
    assert_true(la_timeline_step(t));
    la_buf_init(&text, t->host);
    la_json_init(&w, &text);
    la_view_step(t, &w);
    assert_null(strstr(la_buf_str(&text), "FAULT_INJECTION"));
    la_buf_free(&text);
    while (la_timeline_step(t))
        ;
    assert_int_equal(la_oops_count(t->machine), 0);
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_is_off),
        cmocka_unit_test(test_what_may_wait_is_spared),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_interval_and_times),
        cmocka_unit_test(test_the_seed_decides),
        cmocka_unit_test(test_what_is_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
