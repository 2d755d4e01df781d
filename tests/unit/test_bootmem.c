/* test_bootmem.c: the bitmap of 2.6 and the boot phase: T58-T61 of the test matrix. */
#include "machine_help.h"
#include "mm/bootmem.h"
#include "play.h"

#define BOOT      "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"1M\",\"boot\":true}"
#define BOOT_HIGH "{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"1M\",\"boot\":true}"

static uint64_t boot_alloc(struct rig *rig, uint64_t size, uint64_t align, uint64_t goal)
{
    uint64_t addr;

    assert_int_equal(la_boot_alloc(rig->mm, size, align, goal, &addr), LA_BOOT_OK);
    return addr;
}

static void test_T58_small_objects_share_a_page(void **state)
{
    struct rig rig = rig_new(BOOT);
    uint64_t a = boot_alloc(&rig, 100, 64, 16 << 20), b = boot_alloc(&rig, 200, 64, 16 << 20), c;

    (void)state;
    assert_int_equal(b - a, 128);
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, (uint32_t)(a >> 12)));
    assert_false(la_bootmem_is_reserved(&rig.mm->boot->bootmem, (uint32_t)(a >> 12) + 1));
    c = boot_alloc(&rig, 5000, 64, 16 << 20); /* begins in the same page, ends in the next but one */
    assert_int_equal(c - a, 384);
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, (uint32_t)(a >> 12) + 1));
    assert_int_equal(boot_alloc(&rig, 100, 4096, 16 << 20) % 4096, 0);
    rig_free(&rig);
}

static void test_T59_low_is_where_the_search_begins(void **state)
{
    struct rig rig = rig_new(BOOT);

    (void)state;
    assert_int_equal(boot_alloc(&rig, 4096, 4096, 16 << 20), 16 << 20);
    assert_int_equal(boot_alloc(&rig, 4096, 4096, 0), 1 << 20); /* the lowest free page, behind the kernel */
    (void)boot_alloc(&rig, (48 << 20) - 4096, 4096, 16 << 20);  /* all of the rest above 16 MiB */
    assert_int_equal(boot_alloc(&rig, 4096, 4096, 16 << 20), (1 << 20) + 4096); /* falls back below */
    rig_free(&rig);
}

static void test_T59_never_high_memory(void **state)
{
    struct rig rig = rig_new(BOOT_HIGH);
    uint64_t addr;

    (void)state;
    assert_int_equal(rig.mm->boot->bootmem.low_pfn, 229376); /* 896 MiB */
    assert_true(boot_alloc(&rig, 700 << 20, 4096, 16 << 20) + (700 << 20) <= UINT64_C(896) << 20);
    assert_int_equal(la_boot_alloc(rig.mm, 300 << 20, 4096, 16 << 20, &addr),
                     LA_BOOT_PANIC); /* 128 MiB of high memory are free */
    assert_non_null(strstr(rig.mm->last_oops, "bootmem alloc of 314572800 bytes failed!"));
    rig_free(&rig);
}

static void test_T60_partial_pages_stay_reserved(void **state)
{
    struct rig rig = rig_new(BOOT);
    uint64_t a = boot_alloc(&rig, 8 * 4096, 4096, 16 << 20);
    const struct la_bootmem *b = &rig.mm->boot->bootmem;

    (void)state;
    assert_int_equal(la_boot_free(rig.mm, a + 4096 + 1, 3 * 4096), LA_BOOT_OK);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(la_bootmem_is_reserved(b, (uint32_t)(a >> 12) + i), i != 2 && i != 3);
    assert_int_equal(la_boot_free(rig.mm, a + 2 * 4096, 4096), LA_BOOT_BUG);         /* free already */
    assert_int_equal(la_boot_free(rig.mm, UINT64_C(0xC0000000), 4096), LA_BOOT_BUG); /* virtual, or not there */
    assert_int_equal(boot_alloc(&rig, 2 * 4096, 4096, 16 << 20), a + 2 * 4096);      /* found again */
    rig_free(&rig);
}

static void test_T61_too_late(void **state)
{
    struct rig rig = rig_new(BOOT), done = rig_new(MACHINE_S_NO_PCP);
    uint64_t addr;

    (void)state;
    assert_true(la_machine_mem_init(rig.machine));
    assert_false(la_machine_mem_init(rig.machine));
    assert_int_equal(la_boot_alloc(rig.mm, 100, 64, 0, &addr), LA_BOOT_TOO_LATE);
    assert_int_equal(la_boot_memblock_alloc(rig.mm, 100, 64, 0, 0, false, &addr), LA_BOOT_TOO_LATE);
    assert_int_equal(la_boot_free(rig.mm, 0, 4096), LA_BOOT_TOO_LATE);
    assert_int_equal(rig.mm->nr_oops, 3);
    assert_int_equal(la_boot_alloc(done.mm, 100, 64, 0, &addr), LA_BOOT_TOO_LATE); /* a machine that just runs */
    rig_free(&done);
    rig_free(&rig);
}

static void test_strange_arguments_are_bugs(void **state)
{
    struct rig rig = rig_new(BOOT);
    uint64_t addr;

    (void)state;
    assert_int_equal(la_boot_alloc(rig.mm, 0, 64, 0, &addr), LA_BOOT_BUG);
    assert_int_equal(la_boot_alloc(rig.mm, 64, 48, 0, &addr), LA_BOOT_BUG);
    assert_int_equal(la_boot_alloc(rig.mm, UINT64_MAX, 64, 0, &addr), LA_BOOT_PANIC);
    assert_int_equal(la_boot_reserve(rig.mm, 0, 0), LA_BOOT_BUG);
    assert_int_equal(la_boot_reserve(rig.mm, UINT64_C(64) << 20, 1), LA_BOOT_BUG);
    assert_int_equal(la_boot_reserve(rig.mm, 4096, 4096), LA_BOOT_OK); /* twice is silent */
    rig_free(&rig);
}

/* Before mem_init nothing can be had from the buddy; afterwards all that nobody took. */
static void test_a_free_that_is_a_bug_frees_the_pages_before_in_both_lists(void **state)
{
    struct rig rig = rig_new(BOOT);
    uint64_t a = boot_alloc(&rig, 3 * 4096, 4096, 0);

    (void)state;
    assert_int_equal(la_boot_free(rig.mm, a + 2 * 4096, 4096), LA_BOOT_OK);
    assert_int_equal(la_boot_free(rig.mm, a, 3 * 4096), LA_BOOT_BUG); /* the third page is free: 2.6 sees it last */
    assert_false(la_bootmem_is_reserved(&rig.mm->boot->bootmem, (uint32_t)(a >> 12)));
    rig_check(&rig);
    rig_free(&rig);
}

static void test_the_rest_of_a_page_that_was_given_back(void **state)
{
    struct rig rig = rig_new(BOOT);
    uint64_t a = boot_alloc(&rig, 100, 64, 0), b;

    (void)state;
    assert_int_equal(la_boot_free(rig.mm, a, 4096), LA_BOOT_OK);
    b = boot_alloc(&rig, 100, 64, a + 4096); /* 2.6 goes on where the last allocation ended */
    assert_int_equal(b, a + 128);
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, (uint32_t)(b >> 12)));
    assert_true(boot_alloc(&rig, 100, 64, 0) != a); /* not given a second time */
    rig_free(&rig);
}

/* Two pages, the first of them given back, again and again: each leaves a range of its own. */
static enum la_boot_status leave_a_hole(struct rig *rig)
{
    uint64_t addr;
    enum la_boot_status status = la_boot_alloc(rig->mm, 8192, 4096, 0, &addr);

    return status == LA_BOOT_OK ? la_boot_free(rig->mm, addr, 4096) : status;
}

static void test_a_full_list_gives_nothing_and_forgets_nothing(void **state)
{
    struct rig rig = rig_new(BOOT);
    const struct la_memblock_type *reserved = &rig.mm->boot->memblock.reserved;
    uint64_t addr;

    (void)state;
    while (reserved->cnt < LA_MEMBLOCK_REGIONS)
        assert_int_equal(leave_a_hole(&rig), LA_BOOT_OK);
    la_trace_begin(rig.trace);
    assert_int_equal(la_boot_memblock_alloc(rig.mm, 100, 4096, 0, 0, true, &addr), LA_BOOT_NULL);
    assert_non_null(
        strstr(la_event_str(rig.trace, &rig.trace->event[0], 0), "Failed to double reserved array from 128"));
    assert_int_equal(la_boot_memblock_free(rig.mm, (1 << 20) - 8192, 4096), LA_BOOT_NULL); /* inside the kernel */
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, 254));
    assert_int_equal(la_boot_free(rig.mm, (1 << 20) - 8192, 4096), LA_BOOT_OK);
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, 254));
    assert_int_equal(la_boot_reserve(rig.mm, 40 << 20, 4096), LA_BOOT_OK);
    assert_false(la_bootmem_is_reserved(&rig.mm->boot->bootmem, 40 << 8));
    assert_int_equal(la_boot_alloc(rig.mm, 100, 4096, 32 << 20, &addr), LA_BOOT_PANIC);
    assert_int_equal(addr, 0);
    assert_int_equal(reserved->cnt, LA_MEMBLOCK_REGIONS);
    rig_free(&rig);
}

static void test_memblock_free_far_outside_of_memory(void **state)
{
    struct rig rig = rig_new(BOOT);

    (void)state;
    assert_int_equal(la_boot_memblock_free(rig.mm, UINT64_MAX - 100, 10000), LA_BOOT_OK);
    assert_int_equal(la_boot_memblock_free(rig.mm, UINT64_C(1) << 44, 4096), LA_BOOT_OK);
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, 0)); /* the kernel's first page */
    rig_check(&rig);
    assert_int_equal(la_boot_memblock_free(rig.mm, (1 << 20) - 4096, UINT64_MAX), LA_BOOT_OK);
    assert_false(la_bootmem_is_reserved(&rig.mm->boot->bootmem, 255)); /* its last one: the size is capped */
    rig_free(&rig);
}

/* memblock knows high memory and does not ask whether there is any: the bitmap of low memory knows neither. */
static void test_memblock_reserves_any_range(void **state)
{
    struct rig rig = rig_new(BOOT_HIGH);
    uint32_t low = rig.mm->boot->bootmem.low_pfn;

    (void)state;
    assert_int_equal(la_boot_memblock_reserve(rig.mm, (uint64_t)(low - 2) << 12, 4 << 12), LA_BOOT_OK);
    assert_int_equal(la_boot_memblock_reserve(rig.mm, (uint64_t)(low + 100) << 12, 1), LA_BOOT_OK);
    assert_int_equal(la_boot_memblock_reserve(rig.mm, UINT64_C(1) << 44, 4096), LA_BOOT_OK);
    assert_int_equal(la_boot_memblock_reserve(rig.mm, UINT64_MAX - 100, 4096), LA_BOOT_OK);
    assert_int_equal(la_boot_memblock_reserve(rig.mm, 0x1000000, 0), LA_BOOT_OK);
    assert_true(la_bootmem_is_reserved(&rig.mm->boot->bootmem, low - 1));
    assert_false(la_bootmem_is_reserved(&rig.mm->boot->bootmem, 0x1000));
    rig_check(&rig);
    la_boot_end(rig.mm);
    for (uint32_t pfn = low - 2; pfn < low + 2; pfn++)
        assert_int_equal(rig.mm->frame[la_frame_head(rig.mm, pfn)].kind, LA_FRAME_RESERVED);
    assert_int_equal(rig.mm->frame[la_frame_head(rig.mm, low + 100)].kind, LA_FRAME_RESERVED);
    rig_check(&rig);
    rig_free(&rig);
}

static void test_the_check_sees_what_is_broken(void **state)
{
    struct rig rig = rig_new(BOOT);
    struct la_memblock_type *reserved = &rig.mm->boot->memblock.reserved;
    struct la_buf out;

    (void)state;
    la_buf_init(&out, la_host_libc());
    uint64_t addr = boot_alloc(&rig, 4096, 4096, 16 << 20);
    const struct la_memblock_type sound = *reserved;

    assert_int_equal(la_boot_check(rig.mm, &out), 0);
    reserved->total_size++;
    assert_int_equal(la_boot_check(rig.mm, &out), 1);
    *reserved = sound;
    reserved->region[1].base = reserved->region[0].base + reserved->region[0].size; /* touches */
    assert_int_equal(la_boot_check(rig.mm, &out), 2);                               /* and its page is free */
    reserved->region[1].base -= 4096;                                               /* overlaps */
    assert_int_equal(la_boot_check(rig.mm, &out), 1);
    *reserved = sound;
    assert_true(la_bootmem_free(&rig.mm->boot->bootmem, addr, 4096));
    assert_int_equal(la_boot_check(rig.mm, &out), 1);
    assert_true(la_bootmem_reserve(&rig.mm->boot->bootmem, addr, 4096));
    rig.mm->boot->bootmem.last_offset = 4096;
    assert_int_equal(la_boot_check(rig.mm, &out), 1);
    rig.mm->boot->bootmem.last_offset = 0;
    la_buf_free(&out);
    rig_free(&rig);
}

static void test_hand_over(void **state)
{
    struct rig rig = rig_new(BOOT_HIGH),
               plain = rig_new("{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"1M\"}");
    uint64_t big, low;
    uint32_t managed = 0, expected = 0;

    (void)state;
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(la_boot_memblock_alloc(rig.mm, 8 << 20, 4096, 0, 0, false, &big), LA_BOOT_OK);
    assert_int_equal(big, (UINT64_C(896) << 20) - (8 << 20)); /* top down, low memory */
    low = boot_alloc(&rig, 100, 64, 0);
    rig_check(&rig);
    assert_true(la_machine_mem_init(rig.machine));
    for (uint32_t z = 0; z < rig.mm->nr_zones; z++) {
        managed += rig.mm->zone[z].managed;
        expected += plain.mm->zone[z].managed;
    }
    assert_int_equal(expected - managed, 2048 + 1);
    assert_int_equal(rig.mm->frame[low >> 12].kind, LA_FRAME_RESERVED);
    assert_int_equal(rig.mm->frame[la_frame_head(rig.mm, (uint32_t)(big >> 12))].kind, LA_FRAME_RESERVED);
    assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 10, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_NOWARN, 11, LA_NO_NODE),
                     LA_NO_PFN); /* 8 MiB: only at boot */
    unsigned char byte = 3;

    assert_int_equal(la_mmu_write(rig.machine, rig.mm->layout.page_offset + big + 5, &byte, 1), LA_MMU_OK);
    assert_int_equal(rig.mm->nr_oops, 0); /* it is the program's */
    rig_free(&plain);
    rig_free(&rig);
}

static void test_nothing_taken_is_a_plain_boot(void **state)
{
    struct rig rig = rig_new(BOOT_HIGH),
               plain = rig_new("{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"1M\"}");

    (void)state;
    assert_true(la_machine_mem_init(rig.machine));
    for (uint32_t z = 0; z < rig.mm->nr_zones; z++)
        for (uint32_t order = 0; order < LA_MAX_ORDER; order++)
            assert_int_equal(rig.mm->zone[z].free_area[order].nr_free, plain.mm->zone[z].free_area[order].nr_free);
    rig_free(&plain);
    rig_free(&rig);
}

/* Part 7 of the notes as a program writes it. */
static void test_the_calls_of_part_7(void **state)
{
    static const char source[] =
        "```json machine\n{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"1M\",\"boot\":true}\n```\n\n"
        "```c\n#include <linux/bootmem.h>\n"
        "char *a = alloc_bootmem(100);\nchar *b = alloc_bootmem(200);\nassert(b == a + 128);\n"
        "char *low = alloc_bootmem_low(100);\nassert(__pa(low) < 16 << 20);\n"
        "char *big = alloc_bootmem_low_pages(8 << 20);\nbig[(8 << 20) - 1] = 5;\n"
        "void *p = alloc_bootmem_pages(5000);\nfree_bootmem(__pa(p), 5000);\n"
        "char *mb = memblock_alloc(1 << 20, 4096);\nassert(mb[4095] == 0);\n"
        "mb[(1 << 20) - 1] = 7;\nmemblock_free(mb, 1 << 20);\n"
        "char *raw = memblock_alloc_raw(4096, 4096);\nassert(raw[4095] == 7);\n"
        "phys_addr_t phys = memblock_phys_alloc(4096, 4096);\nassert(phys != 0);\n"
        "mem_init();\nassert(alloc_page(GFP_KERNEL) != NULL);\nassert(big[(8 << 20) - 1] == 5);\nbig[3] = 4;\n"
        "assert(alloc_pages(GFP_KERNEL | __GFP_NOWARN, get_order(8 << 20)) == NULL);\n" /* only at boot */
        "assert(kmalloc(8 << 20, GFP_KERNEL | __GFP_NOWARN) == NULL);\n"
        "assert(oops_count() == 0);\nalloc_bootmem(100);\n```\n";
    struct play p;
    struct la_timeline *t = play_text(&p, source);

    (void)state;
    while (la_timeline_step(t))
        expect_sound(t);
    assert_int_equal(t->step, 25);
    assert_int_equal(la_oops_count(t->machine), 1);
    assert_non_null(strstr(la_last_oops(t->machine), "a boot-time allocator after mem_init()"));
    uint64_t hash = state_hash(t);

    la_timeline_seek(t, 9);
    assert_true(la_booting(t->machine->mm));
    la_timeline_seek(t, 25);
    assert_true(state_hash(t) == hash);
    play_done(&p);
}

/* Names that newer kernels do not have say what took their place: a column of api.def, for every call. */
static void test_then_and_now(void **state)
{
    struct play p;
    struct la_timeline *t =
        play_text(&p, "```json machine\n{\"profile\":\"i386\",\"memory\":\"64M\",\"boot\":true}\n```\n\n"
                      "```c\nvoid *a = alloc_bootmem(100);\n"
                      "void *b = memblock_alloc(100, 64);\nmem_init();\n```\n");
    const char *const want[3][2] = {
        {"alloc_bootmem", "gone since 4.20; use memblock_alloc()"}, {NULL, NULL}, {NULL, NULL}};

    (void)state;
    for (uint32_t step = 0; step < 3; step++) {
        uint32_t nr = 0;

        assert_true(la_timeline_step(t));
        for (uint32_t i = 0; i < t->trace->nr_events; i++) {
            const struct la_event *event = &t->trace->event[i];

            if (event->id != LA_EV_THEN_NOW)
                continue;
            nr++;
            assert_string_equal(la_event_str(t->trace, event, 0), want[step][0]);
            assert_string_equal(la_event_str(t->trace, event, 2), want[step][1]);
        }
        assert_int_equal(nr, want[step][0] ? 1 : 0);
    }
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T58_small_objects_share_a_page),
        cmocka_unit_test(test_T59_low_is_where_the_search_begins),
        cmocka_unit_test(test_T59_never_high_memory),
        cmocka_unit_test(test_T60_partial_pages_stay_reserved),
        cmocka_unit_test(test_T61_too_late),
        cmocka_unit_test(test_strange_arguments_are_bugs),
        cmocka_unit_test(test_a_free_that_is_a_bug_frees_the_pages_before_in_both_lists),
        cmocka_unit_test(test_the_rest_of_a_page_that_was_given_back),
        cmocka_unit_test(test_a_full_list_gives_nothing_and_forgets_nothing),
        cmocka_unit_test(test_memblock_free_far_outside_of_memory),
        cmocka_unit_test(test_memblock_reserves_any_range),
        cmocka_unit_test(test_the_check_sees_what_is_broken),
        cmocka_unit_test(test_hand_over),
        cmocka_unit_test(test_nothing_taken_is_a_plain_boot),
        cmocka_unit_test(test_the_calls_of_part_7),
        cmocka_unit_test(test_then_and_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
