/*
 * test_proc.c: the /proc texts against samples of a real kernel (tests/truth/raw).
 *
 * The numbers differ, since no two machines have the same history.  So every number, with the
 * blanks before it, counts as one N; all else must be the same bytes:
 *
 *     "        min      86"  ->  "        minN"
 */
#include "machine_help.h"

#include "view/proc.h"

#include <ctype.h>

/* @text with each number and the blanks before it replaced; in a buffer the caller frees. */
static void strip_numbers(const char *text, struct la_buf *out)
{
    la_buf_clear(out);
    for (const char *p = text; *p;) {
        const char *number = p + strspn(p, " ");

        if (isdigit((unsigned char)*number)) {
            la_buf_putc(out, 'N');
            p = number + strspn(number, "0123456789");
        } else {
            la_buf_putc(out, *p++);
        }
    }
}

static void load(const char *path, struct la_buf *out)
{
    char bytes[4096];
    size_t got;
    FILE *file = fopen(path, "rb");

    if (!file)
        fail_msg("cannot open %s: run the tests in the project's root folder", path);
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        la_buf_add(out, bytes, got);
    fclose(file);
}

static void same_text(const char *json, const char *name, const char *sample)
{
    struct rig rig = rig_new(json);
    struct la_buf text, want, stripped[2];

    la_buf_init(&text, la_host_libc());
    la_buf_init(&want, la_host_libc());
    la_buf_init(&stripped[0], la_host_libc());
    la_buf_init(&stripped[1], la_host_libc());
    assert_true(la_proc_read(rig.machine, NULL, name, &text));
    load(sample, &want);
    strip_numbers(la_buf_str(&text), &stripped[0]);
    strip_numbers(la_buf_str(&want), &stripped[1]);
    assert_string_equal(la_buf_str(&stripped[0]), la_buf_str(&stripped[1]));
    if (strcmp(name, "zoneinfo") != 0 && strcmp(name, "vmstat") != 0) /* tables: columns as wide as the kernel's */
        assert_int_equal(text.len, want.len);
    la_buf_free(&text);
    la_buf_free(&want);
    la_buf_free(&stripped[0]);
    la_buf_free(&stripped[1]);
    rig_free(&rig);
}

#define LIKE_THE_SAMPLE "{\"profile\":\"x86_64\",\"memory\":\"2G\",\"cpus\":2}"

static void test_buddyinfo_is_the_kernels_text(void **state)
{
    (void)state;
    same_text(LIKE_THE_SAMPLE, "buddyinfo", "tests/truth/raw/buddyinfo.txt");
}

static void test_zoneinfo_is_the_kernels_text(void **state)
{
    (void)state;
    same_text(LIKE_THE_SAMPLE, "zoneinfo", "tests/truth/raw/zoneinfo.txt");
    same_text("{\"profile\":\"i386\",\"memory\":\"1536M\",\"cpus\":2}", "zoneinfo", "tests/truth/raw/i386_zoneinfo.txt");
}

static void test_pagetypeinfo_is_the_kernels_text(void **state)
{
    (void)state;
    same_text(LIKE_THE_SAMPLE, "/proc/pagetypeinfo", "tests/truth/raw/pagetypeinfo.txt");
}

static void test_meminfo_is_the_kernels_text(void **state)
{
    (void)state;
    same_text(LIKE_THE_SAMPLE, "meminfo", "tests/truth/raw/meminfo.txt");
    same_text("{\"profile\":\"i386\",\"memory\":\"1536M\",\"cpus\":2,\"pae\":true}", "meminfo", "tests/truth/raw/i386_meminfo.txt");
}

static void test_vmstat_is_the_kernels_text(void **state)
{
    (void)state;
    same_text(LIKE_THE_SAMPLE, "vmstat", "tests/truth/raw/vmstat.txt");
}

static void expect_line(const struct rig *rig, const char *line)
{
    struct la_buf text;

    la_buf_init(&text, la_host_libc());
    assert_true(la_proc_read(rig->machine, NULL, "vmstat", &text));
    if (!strstr(la_buf_str(&text), line))
        fail_msg("no line \"%s\" in\n%s", line, la_buf_str(&text));
    la_buf_free(&text);
}

static void test_vmstat_counts(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"64M\",\"pcp\":false}");

    (void)state;
    expect_line(&rig, "\npgalloc_dma 0\npgalloc_normal 0\npgalloc_high 0\n");
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 3, LA_NO_NODE);

    (void)la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_DMA, 0, LA_NO_NODE);
    la_free_pages(rig.mm, pfn, 3);
    expect_line(&rig, "\npgalloc_dma 1\npgalloc_normal 8\npgalloc_high 0\n");
    expect_line(&rig, "\npgfree 8\n");
    while (la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_NORETRY | LA_GFP_NOWARN, 0, LA_NO_NODE) != LA_NO_PFN)
        ;
    expect_line(&rig, "\nallocstall_normal 1\n");
    rig_free(&rig);
}

/* One page taken from a block of 64: one free block of each order 0..5. */
static void test_buddyinfo_counts_blocks(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"slide\",\"memory\":\"256K\",\"min_free_kbytes\":0}");
    struct la_buf text;

    (void)state;
    la_buf_init(&text, la_host_libc());
    la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    assert_true(la_proc_read(rig.machine, NULL, "buddyinfo", &text));
    assert_string_equal(la_buf_str(&text), "Node 0, zone   Normal      1      1      1      1      1      1      0      0 "
                                           "     0      0      0 \n");
    la_buf_free(&text);
    rig_free(&rig);
}

static void test_iomem_is_sorted(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"64M\",\"devices\":["
                             "{\"name\":\"nic\",\"bar\":\"0xfeb00000\",\"size\":\"64K\"},"
                             "{\"name\":\"card\",\"bar\":\"0xf0000000\",\"size\":\"4K\"}]}");
    struct la_buf text;

    (void)state;
    la_buf_init(&text, la_host_libc());
    assert_true(la_proc_read(rig.machine, NULL, "/proc/iomem", &text));
    assert_string_equal(la_buf_str(&text), "00000000-03ffffff : System RAM\n"
                                           "f0000000-f0000fff : card\n"
                                           "feb00000-feb0ffff : nic\n");
    la_buf_free(&text);
    rig_free(&rig);
}

static void test_there_is_no_other_file(void **state)
{
    struct rig rig = rig_new("{}");
    struct la_buf text;
    uint32_t nr;

    (void)state;
    la_buf_init(&text, la_host_libc());
    assert_false(la_proc_read(rig.machine, NULL, "kcore", &text));
    assert_int_equal(text.len, 0);
    assert_string_equal(la_proc_names(&nr)[0], "buddyinfo");
    assert_true(nr >= 3);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buddyinfo_is_the_kernels_text),    cmocka_unit_test(test_zoneinfo_is_the_kernels_text),
        cmocka_unit_test(test_pagetypeinfo_is_the_kernels_text),
        cmocka_unit_test(test_vmstat_is_the_kernels_text), cmocka_unit_test(test_vmstat_counts),
        cmocka_unit_test(test_meminfo_is_the_kernels_text), cmocka_unit_test(test_buddyinfo_counts_blocks),
        cmocka_unit_test(test_iomem_is_sorted),
        cmocka_unit_test(test_there_is_no_other_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
