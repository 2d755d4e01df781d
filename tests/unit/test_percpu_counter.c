/* test_percpu_counter.c: rough to read, exact to sum: T57 of the test matrix. */
#include "machine_help.h"
#include "mm/percpu_counter.h"

static void add_on(struct rig *rig, struct la_percpu_counter *fbc, uint8_t cpu, int64_t amount)
{
    rig->mm->cpu = cpu;
    la_percpu_counter_add(rig->mm, fbc, amount, la_percpu_counter_batch(rig->mm));
}

static void test_T57_read_lags_and_sum_does_not(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"64M\",\"cpus\":4}");
    struct la_percpu_counter fbc;

    (void)state;
    assert_true(la_percpu_counter_init(rig.mm, &fbc, 0, LA_GFP_KERNEL));
    assert_int_equal(la_percpu_counter_batch(rig.mm), 32);
    for (uint8_t cpu = 0; cpu < 4; cpu++)
        for (uint32_t i = 0; i < 31; i++)
            add_on(&rig, &fbc, cpu, 1);
    assert_int_equal(fbc.count, 0);
    assert_int_equal(la_percpu_counter_sum(rig.mm, &fbc), 124);
    add_on(&rig, &fbc, 0, 1);
    assert_int_equal(fbc.count, 32);
    assert_int_equal(la_percpu_counter_sum(rig.mm, &fbc), 125);
    assert_int_equal(count_events(&rig, LA_EV_PCPU_FOLD), 1);
    rig.mm->cpu = 0;
    la_percpu_counter_destroy(rig.mm, &fbc);
    assert_int_equal(rig.mm->nr_oops, 0);
    rig_free(&rig);
}

static void test_negative_amounts_fold_too(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"x86_64\",\"memory\":\"64M\",\"cpus\":2}");
    struct la_percpu_counter fbc;

    (void)state;
    assert_true(la_percpu_counter_init(rig.mm, &fbc, 1000, LA_GFP_KERNEL));
    add_on(&rig, &fbc, 1, -31);
    assert_int_equal(fbc.count, 1000);
    add_on(&rig, &fbc, 1, -1);
    assert_int_equal(fbc.count, 968);
    add_on(&rig, &fbc, 0, INT64_C(1) << 40);
    assert_int_equal(fbc.count, (INT64_C(1) << 40) + 968);
    la_percpu_counter_set(rig.mm, &fbc, 5);
    add_on(&rig, &fbc, 0, 3);
    assert_int_equal(fbc.count, 5);
    assert_int_equal(la_percpu_counter_compare(rig.mm, &fbc, 7), 1); /* too close: 8 by the sum */
    assert_int_equal(la_percpu_counter_compare(rig.mm, &fbc, 8), 0);
    assert_int_equal(la_percpu_counter_compare(rig.mm, &fbc, 1000), -1);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T57_read_lags_and_sum_does_not),
        cmocka_unit_test(test_negative_amounts_fold_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
