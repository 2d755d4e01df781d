/* test_gfp.c: masks as the kernel writes them, and the zone each allows. */
#include "machine_help.h"

static void prints(la_gfp_t gfp, const char *want)
{
    struct la_buf out;

    la_buf_init(&out, la_host_libc());
    la_gfp_print(&out, gfp);
    assert_string_equal(la_buf_str(&out), want);
    la_buf_free(&out);
}

static void test_decoding_takes_the_widest_name_first(void **state)
{
    (void)state;
    prints(0, "none");
    prints(0xCC0, "GFP_KERNEL");
    prints(0xA20, "GFP_ATOMIC");
    prints(0x800, "GFP_NOWAIT");
    prints(0xC00, "GFP_NOIO");
    prints(0xC40, "GFP_NOFS");
    prints(0x100CC0, "GFP_USER");
    prints(0x100CC2, "GFP_HIGHUSER");
    prints(0x100CCA, "GFP_HIGHUSER_MOVABLE");
    prints(0x400CC0, "GFP_KERNEL_ACCOUNT");
    prints(0x1C20CA, "GFP_TRANSHUGE_LIGHT");
    prints(0x1C24CA, "GFP_TRANSHUGE");
    prints(0xCC1, "GFP_KERNEL|GFP_DMA");
    prints(0xDC0, "GFP_KERNEL|__GFP_ZERO");
    prints(0x20, "__GFP_HIGH");
    prints(0x12CC0, "GFP_KERNEL|__GFP_NOWARN|__GFP_NORETRY");
    prints(0x52A20, "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP");
    prints(0x8000000, "0x8000000");
}

static void test_names_are_found_both_ways(void **state)
{
    uint32_t nr;
    const struct la_gfp_name *names = la_gfp_names(&nr);

    (void)state;
    for (uint32_t i = 0; i < nr; i++) {
        assert_ptr_equal(la_gfp_find(names[i].name), &names[i]);
        assert_true(strlen(names[i].help) > 10);
        assert_int_equal(names[i].now != NULL, strcmp(names[i].group, "old") == 0);
    }
    assert_int_equal(la_gfp_find("GFP_KERNEL")->value, LA_GFP_KERNEL);
    assert_null(la_gfp_find("GFP_KERNAL"));
}

/* the sixteen combinations of the zone bits on a machine with every zone (and without) */
static void test_zone_of_every_combination(void **state)
{
    static const int want[16] = {LA_ZONE_NORMAL, LA_ZONE_DMA, LA_ZONE_HIGHMEM, -1, LA_ZONE_NORMAL, -1, -1, -1,
                                 LA_ZONE_NORMAL, LA_ZONE_DMA, LA_ZONE_MOVABLE, -1, LA_ZONE_NORMAL, -1, -1, -1};
    struct rig small = rig_new(MACHINE_A);
    struct rig large = rig_new("{\"profile\":\"x86_64\"}");

    (void)state;
    for (la_gfp_t bits = 0; bits < 16; bits++) {
        assert_int_equal(la_gfp_zone_is_bad(bits), want[bits] == -1);
        if (want[bits] != -1)
            assert_int_equal(la_gfp_zone(small.mm, bits), want[bits]);
    }
    assert_int_equal(la_gfp_zone(large.mm, LA_GFP_DMA32), LA_ZONE_DMA32);
    assert_int_equal(la_gfp_zone(large.mm, LA_GFP_HIGHMEM), LA_ZONE_NORMAL);
    rig_free(&small);
    rig_free(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoding_takes_the_widest_name_first),
        cmocka_unit_test(test_names_are_found_both_ways),
        cmocka_unit_test(test_zone_of_every_combination),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
