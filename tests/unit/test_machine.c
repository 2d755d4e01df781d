/* test_machine.c: settings, boot, addresses, loads and stores, kmap, going back in time. */
#include "machine_help.h"

#include "check_host.h"

/* ---- settings ---- */

static void refuses(const char *json, uint32_t line, uint32_t column, const char *message, const char *hint)
{
    struct la_machine_config config;
    struct la_diags diags;

    la_diags_init(&diags, la_host_libc());
    if (la_machine_config_parse(&config, json, strlen(json), 1, &diags))
        fail_msg("accepted: %s", json);
    if (!strstr(diags.item[0].message, message) || (hint && !(diags.item[0].hint && strstr(diags.item[0].hint, hint))))
        fail_msg("%s: %s (%s)", json, diags.item[0].message, diags.item[0].hint ? diags.item[0].hint : "no hint");
    assert_int_equal(diags.item[0].line, line);
    assert_int_equal(diags.item[0].column, column);
    la_diags_free(&diags);
    /* whatever was wrong, what is left can be booted */
    struct la_trace *trace = la_trace_new(la_host_libc());
    struct la_machine *machine = la_machine_new(la_host_libc(), &config, trace, NULL);

    assert_non_null(machine);
    la_machine_free(machine);
    la_trace_free(trace);
}

static void test_bad_settings_are_refused_with_a_place(void **state)
{
    (void)state;
    refuses("{\"memroy\": \"64M\"}", 1, 2, "not known", "memory");
    refuses("{\n  \"cpus\": 99}", 2, 3, "from 1 to 8", NULL);
    refuses("{\"memory\": 0}", 1, 2, "too little", "16K");
    refuses("{\"memory\": 9223372036854775808}", 1, 2, "not a size", "M");
    refuses("{\"memory\": \"9223372036854775808\"}", 1, 2, "not a size", "M");
    refuses("{\"memory\": \"8388608G\"}", 1, 2, "more memory", "16G");
    refuses("{\"memory\": \"5000\"}", 1, 2, "whole number of pages", "4096");
    refuses("{\"profile\": \"i368\"}", 1, 2, "no such profile", "i386");
    refuses("{\"zones\": {\"NORML\": \"1M\"}}", 1, 12, "no zone", "NORMAL");
    refuses("{\"zones\": {\"DMA32\": \"1M\"}}", 1, 2, "no DMA32", "x86_64");
    refuses("{\"profile\":\"x86_64\", \"zones\": {\"HIGHMEM\": \"1M\"}}", 1, 22, "no HIGHMEM", "i386");
    refuses("{\"memory\":\"1M\", \"zones\": {\"DMA\": \"1M\", \"NORMAL\": \"1M\"}}", 1, 17, "larger than the memory",
            NULL);
    refuses("{\"zones\": {\"NORMAL\": \"1G\"}}", 1, 2, "larger than 896M", "HIGHMEM");
    refuses("{\"zones\": {\"HIGHMEM\": \"1M\"}}", 1, 2, "no low memory", NULL);
    refuses("{\"memory\": \"8G\"}", 1, 2, "at most 4G", "x86_64");
    refuses("{\"memory\": \"64M\", \"reserved\": \"64M\"}", 1, 19, "all of the memory", NULL);
    refuses("{\"processes\": [{\"name\": \"a\", \"pages\": -1}]}", 1, 30, "whole number", NULL);
    refuses("{\"processes\": [{\"nam\": \"a\", \"pages\": 1}]}", 1, 17, "not known", "name");
    refuses("{\"thp\": \"yes\"}", 1, 2, "true or false", NULL);
    refuses("{\"devices\": [{\"name\": \"nic\", \"bar\": \"feb\", \"size\": \"4K\"}]}", 1, 30, "not an address", NULL);
    refuses("{\"fail\": {\"slap\": 10}}", 1, 11, "not known", "slab");
    refuses("{\"fail\": {\"slab\": 101}}", 1, 11, "from 0 to 100", NULL);
    refuses("{\"fail\": 10}", 1, 2, "object is wanted", "slab");
    refuses("[1]", 1, 1, "JSON object", NULL);
    refuses("{\"memory\": \"64M\",,}", 1, 19, "not JSON", NULL);
}

/* A hundred thousand mistakes: the first are kept, the rest counted, and nobody waits for it. */
static void test_many_mistakes_are_only_counted(void **state)
{
    struct la_machine_config config;
    struct la_diags diags;
    struct la_buf json;

    (void)state;
    la_diags_init(&diags, la_host_libc());
    la_buf_init(&json, la_host_libc());
    la_buf_putc(&json, '{');
    for (uint32_t i = 0; i < 100000; i++)
        la_buf_printf(&json, "%s\"mistake%u\":1", i ? "," : "", (unsigned)i);
    la_buf_putc(&json, '}');
    assert_false(la_machine_config_parse(&config, json.data, json.len, 1, &diags));
    assert_int_equal(diags.nr, LA_DIAG_MAX);
    assert_int_equal(diags.nr_errors, 100000);
    la_buf_free(&json);
    la_diags_free(&diags);
}

static void test_all_keys_are_accepted(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"128M\",\"cpus\":2,\"nodes\":1,"
                             "\"zones\":{\"DMA\":\"16M\",\"NORMAL\":\"48M\",\"HIGHMEM\":\"64M\"},\"reserved\":\"2M\","
                             "\"min_free_kbytes\":512,\"watermark_boost_factor\":0,\"watermark_scale_factor\":20,"
                             "\"pageblock_order\":9,\"thp\":false,\"pcp\":true,\"pae\":true,\"page_cache\":\"1M\","
                             "\"processes\":[{\"name\":\"mysqld\",\"pages\":300}],"
                             "\"devices\":[{\"name\":\"nic\",\"bar\":\"0xfeb00000\",\"size\":\"64K\"}],"
                             "\"cache_line\":32,\"seed\":7,\"fail\":{\"slab\":5,\"page\":6,\"interval\":7,\"times\":8,"
                             "\"min_order\":0,\"ignore_gfp_wait\":false,\"ignore_gfp_highmem\":false}}");

    (void)state;
    assert_int_equal(zone_of(&rig, LA_ZONE_DMA)->managed, 4096 - 512);
    assert_int_equal(zone_of(&rig, LA_ZONE_HIGHMEM)->nr_file, 256);
    assert_int_equal(zone_of(&rig, LA_ZONE_HIGHMEM)->nr_anon, 300);
    assert_int_equal(rig.mm->min_free_kbytes, 512);
    assert_int_equal(rig.machine->config.device[0].bar, 0xfeb00000);
    assert_int_equal(rig.mm->fail.slab.probability, 5);
    assert_int_equal(rig.mm->fail.page.probability, 6);
    assert_int_equal(rig.mm->fail.page.interval, 7);
    assert_int_equal(rig.mm->fail.slab.times, 8);
    assert_int_equal(rig.mm->fail.min_order, 0);
    assert_false(rig.mm->fail.ignore_gfp_wait || rig.mm->fail.ignore_gfp_highmem);
    rig_free(&rig);
}

/* What setting.def shows as an example is taken as it stands, and changes something. */
static void test_the_example_of_every_setting_is_good(void **state)
{
    uint32_t nr;
    const struct la_setting *setting = la_machine_settings(&nr);

    (void)state;
    for (uint32_t i = 0; i < nr; i++) {
        bool on_numa = strcmp(setting[i].name, "nodes") == 0; /* other profiles have one node */
        struct la_machine_config config, before;
        struct la_diags diags;
        char json[300];

        (void)snprintf(json, sizeof json, "{%s\"%s\": %s}", on_numa ? "\"profile\": \"numa\", " : "", setting[i].name,
                       setting[i].example);
        la_diags_init(&diags, la_host_libc());
        if (!la_machine_config_parse(&config, json, strlen(json), 1, &diags))
            fail_msg("%s: %s", json, diags.item[0].message);
        la_machine_config_default(&before, config.profile);
        const char *key, *hint;

        assert_null(la_machine_config_resolve(&before, &key, &hint));
        if (memcmp(&config, &before, sizeof config) == 0 && strcmp(setting[i].name, "profile") != 0)
            fail_msg("%s changes nothing", json);
        la_diags_free(&diags);
    }
}

static void test_every_profile_boots_by_name_alone(void **state)
{
    (void)state;
    for (uint32_t p = 0; p < LA_NR_PROFILES; p++) {
        char json[64];

        snprintf(json, sizeof json, "{\"profile\":\"%s\"}", la_profile_name((enum la_profile)p));
        struct rig rig = rig_new(json);

        assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), LA_NO_PFN);
        rig_free(&rig);
    }
}

/* A host that runs out of memory at any moment leaves nothing behind. */
static void test_boot_survives_a_failing_host(void **state)
{
    struct la_machine_config config;
    bool booted = false;

    (void)state;
    la_machine_config_default(&config, LA_PROFILE_SLIDE);
    for (uint32_t n = 1; !booted && n < 200; n++) {
        struct check_host check;

        check_host_init(&check);
        struct la_trace *trace = la_trace_new(&check.host);

        check.fail_at = check.nr_allocations + n;
        check.fail_forever = true;
        struct la_machine *machine = la_machine_new(&check.host, &config, trace, NULL);

        booted = machine != NULL;
        check.fail_at = 0;
        la_machine_free(machine);
        la_trace_free(trace);
        assert_true(check_host_clean(&check));
    }
    assert_true(booted);
}

/* ---- addresses ---- */

static void test_addresses_of_a_32_bit_machine(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    assert_true(la_pfn_to_virt(rig.mm, 0) == 0xC0000000u);
    assert_true(la_pfn_to_virt(rig.mm, 4096) == 0xC1000000u);
    assert_true(la_pfn_to_virt(rig.mm, 229376) == 0); /* high memory */
    assert_true(rig.mm->layout.vmalloc_start == 0xF8800000u);
    assert_true(la_pfn_to_page(rig.mm, 5) == 0xFC0000A0u);
    assert_int_equal(la_page_to_pfn(rig.mm, 0xFC0000A0u), 5);
    assert_int_equal(la_page_to_pfn(rig.mm, 0xFC0000A1u), LA_NO_PFN);
    assert_int_equal(la_virt_to_pfn(rig.mm, 0xC1000FFFu), 4096);
    assert_int_equal(la_virt_to_pfn(rig.mm, 0xF8000000u), LA_NO_PFN);
    rig_free(&rig);
}

static void test_addresses_of_a_64_bit_machine(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"x86_64\"}");

    (void)state;
    assert_true(la_pfn_to_virt(rig.mm, 1) == UINT64_C(0xffff888000001000));
    assert_true(la_pfn_to_page(rig.mm, 1) == UINT64_C(0xffffea0000000040));
    assert_int_equal(la_page_to_pfn(rig.mm, UINT64_C(0xffffea0000000040)), 1);
    rig_free(&rig);
}

/* ---- loads and stores ---- */

static void test_stores_are_read_back_across_pages(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 1, LA_NO_NODE);
    uint64_t addr = la_page_address(rig.mm, pfn) + 4096 - 3;
    char back[8];

    (void)state;
    assert_int_equal(la_mmu_write(rig.machine, addr, "border", 6), LA_MMU_OK);
    assert_int_equal(la_mmu_read(rig.machine, addr, back, 6), LA_MMU_OK);
    assert_memory_equal(back, "border", 6);
    assert_int_equal(la_mmu_walk(rig.machine, addr), pfn);
    assert_int_equal(la_mmu_walk(rig.machine, addr + 3), pfn + 1);
    assert_int_equal(la_mmu_fill(rig.machine, la_page_address(rig.mm, pfn) + 100, 0x5A, 8000), LA_MMU_OK);
    assert_int_equal(la_mmu_read(rig.machine, la_page_address(rig.mm, pfn) + 8098, back, 4), LA_MMU_OK);
    assert_memory_equal(back, "\x5A\x5A\xDB\xDB", 4);
    assert_int_equal(la_oops_count(rig.machine), 0);
    rig_free(&rig);
}

static void test_image_window(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t value = 0x12345678, back = 0;

    (void)state;
    assert_int_equal(la_mmu_write(rig.machine, rig.mm->layout.image + 16, &value, 4), LA_MMU_OK);
    assert_int_equal(la_mmu_read(rig.machine, rig.mm->layout.image + 16, &back, 4), LA_MMU_OK);
    assert_int_equal(back, value);
    assert_int_equal(la_mmu_walk(rig.machine, rig.mm->layout.image), LA_NO_PFN);
    assert_true(la_mmu_ok(rig.machine, rig.mm->layout.image, LA_IMAGE_BYTES));
    assert_false(la_mmu_ok(rig.machine, rig.mm->layout.image, LA_IMAGE_BYTES + 1));
    rig_free(&rig);
}

static void faults(struct rig *rig, uint64_t addr, bool write, const char *first_line)
{
    uint32_t value = 0xFFFFFFFFu;
    enum la_mmu_status status =
        write ? la_mmu_write(rig->machine, addr, &value, 4) : la_mmu_read(rig->machine, addr, &value, 4);

    assert_int_equal(status, LA_MMU_FAULT);
    assert_string_equal(la_last_oops(rig->machine), first_line);
    if (!write)
        assert_int_equal(value, 0);
}

static void test_faults_are_in_the_kernels_words(void **state)
{
    struct rig small = rig_new(MACHINE_A), large = rig_new("{\"profile\":\"x86_64\"}");

    (void)state;
    faults(&small, 0, false, "BUG: kernel NULL pointer dereference, address: 00000000");
    faults(&small, 8, true, "BUG: kernel NULL pointer dereference, address: 00000008");
    faults(&small, 0x1000, false, "BUG: unable to handle page fault for address: 00001000");
    faults(&small, 0xF8800000u, false, "BUG: unable to handle page fault for address: f8800000");
    faults(&small, 0xFC000000u, true, "BUG: unable to handle page fault for address: fc000000");
    faults(&large, 0, false, "BUG: kernel NULL pointer dereference, address: 0000000000000000");
    faults(&large, UINT64_C(0xffff888fffffffff), true,
           "BUG: unable to handle page fault for address: ffff888fffffffff");
    faults(&large, UINT64_C(0x6b6b6b6b6b6b6b6b), false,
           "general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b6b: 0000 [#1]");
    assert_int_equal(la_oops_count(small.machine), 5);
    rig_free(&small);
    rig_free(&large);
}

static void test_use_after_free_is_reported_once_a_page(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint64_t addr = la_page_address(rig.mm, pfn);
    char c = 'x';

    (void)state;
    la_mmu_write(rig.machine, addr, "a", 1);
    la_free_pages(rig.mm, pfn, 0);
    assert_int_equal(la_mmu_read(rig.machine, addr, &c, 1), LA_MMU_OK);
    assert_int_equal(c, 'a'); /* the old content is still there */
    la_mmu_read(rig.machine, addr, &c, 1);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_non_null(strstr(la_last_oops(rig.machine), "use after free"));
    rig_free(&rig);
}

static void test_struct_page_can_be_read(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), count[2];

    (void)state;
    assert_int_equal(la_mmu_read(rig.machine, la_pfn_to_page(rig.mm, pfn) + 24, count, 8), LA_MMU_OK);
    assert_int_equal(count[0], 0xFFFFFFFFu); /* _mapcount -1: not mapped */
    assert_int_equal(count[1], 1);           /* _refcount */
    rig_free(&rig);
}

static void test_content_slots_are_given_back(void **state)
{
    struct rig rig = rig_new(MACHINE_S_NO_PCP);

    (void)state;
    for (int round = 0; round < 1000; round++) {
        uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

        assert_true(la_frame_store(rig.mm, pfn, 0, "x", 1));
        la_frame_set_fill(rig.mm, pfn, 0);
        la_free_pages(rig.mm, pfn, 0);
    }
    assert_int_equal(rig.mm->nr_content, 1);
    rig_free(&rig);
}

static void test_the_limit_of_written_pages_is_no_crash(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"x86_64\",\"memory\":\"128M\",\"reserved\":\"0\"}");
    uint32_t pfn = 0;

    (void)state;
    while (la_frame_store(rig.mm, pfn, 0, "x", 1))
        pfn++;
    assert_int_equal(pfn, LA_NR_CONTENT_REGIONS * LA_CONTENT_SLOTS);
    rig_free(&rig);
}

/* ---- high memory ---- */

static void test_kmap_gives_slots_and_flushes_when_they_run_out(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t high = la_alloc_pages(rig.mm, LA_GFP_HIGHUSER, 0, LA_NO_NODE);
    uint32_t low = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    assert_true(la_page_address(rig.mm, high) == 0);
    uint64_t addr = la_kmap(rig.mm, high);

    assert_true(addr == 0xFF801000u);
    assert_true(la_kmap(rig.mm, high) == addr); /* same page, same slot */
    assert_true(la_page_address(rig.mm, high) == addr);
    assert_true(la_kmap(rig.mm, low) == la_pfn_to_virt(rig.mm, low));
    assert_int_equal(la_mmu_write(rig.machine, addr, "hi", 2), LA_MMU_OK);
    la_kunmap(rig.mm, high);
    la_kunmap(rig.mm, high);
    assert_true(la_page_address(rig.mm, high) == addr); /* unused, but mapped until the flush */
    for (uint32_t i = 0; i < 1023; i++) {
        uint32_t pfn = high - 1 - i < 229376 ? high + 1 + i : high - 1 - i;

        la_kmap(rig.mm, pfn);
        la_kunmap(rig.mm, pfn);
    }
    assert_int_equal(count_events(&rig, LA_EV_KMAP_FLUSH), 1);
    assert_true(la_page_address(rig.mm, high) == 0);
    la_kunmap(rig.mm, high);
    assert_int_equal(la_oops_count(rig.machine), 1);
    rig_free(&rig);
}

static void test_kmap_atomic_forbids_sleep(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t high = la_alloc_pages(rig.mm, LA_GFP_HIGHUSER, 0, LA_NO_NODE);
    uint64_t addr = la_kmap_atomic(rig.mm, high);

    (void)state;
    assert_int_equal(la_mm_current(rig.mm)->preempt_count, 1);
    la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    assert_int_equal(la_oops_count(rig.machine), 1);
    la_kunmap_atomic(rig.mm, addr);
    assert_int_equal(la_mm_current(rig.mm)->preempt_count, 0);
    rig_free(&rig);
}

static void test_all_slots_in_use_is_a_hung_task(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    for (uint32_t i = 0; i < 1024; i++)
        assert_true(la_kmap(rig.mm, 229376 + i) != 0);
    assert_false(rig.mm->hung);
    assert_true(la_kmap(rig.mm, 229376 + 1024) == 0);
    assert_true(rig.mm->hung);
    rig_free(&rig);
}

/* ---- going back ---- */

static void churn(struct rig *rig, uint32_t seed)
{
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t pfn =
            la_alloc_pages(rig->mm, LA_GFP_KERNEL | (i % 3 == 0 ? LA_GFP_ZERO : 0), (seed + i) % 5, LA_NO_NODE);

        if (pfn == LA_NO_PFN)
            continue;
        la_mmu_write(rig->machine, la_page_address(rig->mm, pfn), &seed, 4);
        if ((seed + i) % 3 == 0)
            la_free_pages(rig->mm, pfn, (seed + i) % 5);
    }
}

static void test_a_keyframe_brings_the_same_machine_back(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"64M\"}");

    (void)state;
    churn(&rig, 1);
    struct la_keyframe *frame = la_arena_save(rig.machine->arena);
    uint64_t hash = rig.trace->hash;

    churn(&rig, 2);
    uint64_t after = rig.trace->hash;

    rig_check(&rig);
    la_arena_restore(rig.machine->arena, frame, NULL, NULL);
    rig_check(&rig);
    rig.trace->hash = hash;
    churn(&rig, 2);
    assert_true(rig.trace->hash == after);
    la_keyframe_free(rig.machine->arena, frame);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_settings_are_refused_with_a_place),
        cmocka_unit_test(test_many_mistakes_are_only_counted),
        cmocka_unit_test(test_all_keys_are_accepted),
        cmocka_unit_test(test_the_example_of_every_setting_is_good),
        cmocka_unit_test(test_every_profile_boots_by_name_alone),
        cmocka_unit_test(test_boot_survives_a_failing_host),
        cmocka_unit_test(test_addresses_of_a_32_bit_machine),
        cmocka_unit_test(test_addresses_of_a_64_bit_machine),
        cmocka_unit_test(test_stores_are_read_back_across_pages),
        cmocka_unit_test(test_image_window),
        cmocka_unit_test(test_faults_are_in_the_kernels_words),
        cmocka_unit_test(test_use_after_free_is_reported_once_a_page),
        cmocka_unit_test(test_struct_page_can_be_read),
        cmocka_unit_test(test_content_slots_are_given_back),
        cmocka_unit_test(test_the_limit_of_written_pages_is_no_crash),
        cmocka_unit_test(test_kmap_gives_slots_and_flushes_when_they_run_out),
        cmocka_unit_test(test_kmap_atomic_forbids_sleep),
        cmocka_unit_test(test_all_slots_in_use_is_a_hung_task),
        cmocka_unit_test(test_a_keyframe_brings_the_same_machine_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
