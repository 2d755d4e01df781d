/*
 * test_truth.c: every recording of a real kernel in this folder is replayed, value by value.
 *
 * The recordings were made on Linux 6.1.192 (i386: 6.1.176); core/verify says what is compared and
 * letters what cannot agree.  A difference without a letter fails, and so does a recording that
 * compares suspiciously little.
 */
#include "../unit/cmocka_all.h"

#include "verify/verify.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char *read_gz(const char *path, size_t *len)
{
    gzFile file = gzopen(path, "rb");
    size_t cap = 1 << 20;
    char *text = malloc(cap);
    int got;

    *len = 0;
    if (!file)
        fail_msg("cannot open %s: run the tests in the project's root folder", path);
    while ((got = gzread(file, text + *len, (unsigned)(cap - *len))) > 0) {
        *len += (size_t)got;
        if (*len == cap)
            text = realloc(text, cap *= 2);
    }
    gzclose(file);
    return text;
}

static void replay(const char *name, const char *kind, uint64_t at_least, uint64_t explained_at_most)
{
    struct la_verify_report report;
    char path[256];
    size_t len;

    snprintf(path, sizeof path, "tests/truth/%s", name);
    char *json = read_gz(path, &len);

    assert_true(la_verify_recording(la_host_libc(), json, len, &report));
    free(json);
    if (report.differ != 0)
        fail_msg("%s: %llu of %llu differ\n%s", name, (unsigned long long)report.differ,
                 (unsigned long long)report.compared, la_buf_str(&report.text));
    assert_string_equal(report.kind, kind);
    assert_true(report.compared >= at_least);
    if (report.explained > explained_at_most)
        fail_msg("%s: %llu explained\n%s", name, (unsigned long long)report.explained, la_buf_str(&report.text));
    la_buf_free(&report.text);
}

/* The traces whose name begins with one of @prefixes; every one must be identical. */
static void replay_traces_of(const char *const *prefixes, const char *kind, uint64_t at_least, uint32_t expected)
{
    DIR *folder = opendir("tests/truth");
    struct dirent *entry;
    uint32_t nr = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        for (const char *const *prefix = prefixes; *prefix; prefix++) {
            if (strncmp(entry->d_name, *prefix, strlen(*prefix)) != 0)
                continue;
            replay(entry->d_name, kind, at_least, 0);
            nr++;
        }
    }
    closedir(folder);
    assert_int_equal(nr, expected);
}

static void replay_traces(const char *const *prefixes, uint32_t expected)
{
    replay_traces_of(prefixes, "buddy trace", 800, expected);
}

static void test_pure_buddy_traces_are_identical(void **state)
{
    static const char *const prefixes[] = {"buddy_trace_a_", "buddy_trace_normal_a_", NULL};

    (void)state;
    replay_traces(prefixes, 9);
}

static void test_pcp_traces_are_identical(void **state)
{
    static const char *const prefixes[] = {"buddy_trace_b_", NULL};

    (void)state;
    replay_traces(prefixes, 7);
}

static void test_migratetype_traces_are_identical(void **state)
{
    static const char *const prefixes[] = {"buddy_trace_c_", "buddy_trace_normal_c_", NULL};

    (void)state;
    replay_traces(prefixes, 11);
}

static void test_watermarks_and_protection_are_exact(void **state)
{
    (void)state;
    replay("zones_rewrite.json.gz", "zones", 6000, 0);
    replay("zones_x86_64.json.gz", "zones", 1100, 0);
    replay("zones_i386.json.gz", "zones", 700, 0);
}

static void test_reserve_depths(void **state)
{
    (void)state;
    replay("reserve_depth.json.gz", "reserve depth", 1700, 99);
}

/* One fit in each kind of recording may hang on the shape of a tree that is not recorded. */
static void test_vmalloc_traces(void **state)
{
    (void)state;
    replay("vmalloc_trace_v_basic.json.gz", "vmalloc trace", 1100, 0);
    replay("vmalloc_trace_v_basic_la57.json.gz", "vmalloc trace", 1100, 0);
    replay("vmalloc_trace_v_random.json.gz", "vmalloc trace", 8000, 1);
    replay("vmalloc_trace_v_random_la57.json.gz", "vmalloc trace", 8000, 0);
}

static void test_geometry_of_caches_is_exact(void **state)
{
    (void)state;
    replay("slab_geometry.json.gz", "slab geometry", 200000, 0);
    replay("slab_caches_boot.json.gz", "slab geometry", 9000, 0);
}

static void test_kmalloc_sizes_are_exact(void **state)
{
    (void)state;
    replay("kmalloc_sizes.json.gz", "kmalloc sizes", 40000, 0);
    replay("kmalloc_sizes_i386.json.gz", "kmalloc sizes", 40000, 0);
}

static void test_slab_and_pool_traces_are_identical(void **state)
{
    static const char *const slabs[] = {"slab_trace_", NULL}, *const pools[] = {"mempool_trace_", NULL};

    (void)state;
    replay_traces_of(slabs, "slab trace", 3000, 20);
    replay_traces_of(pools, "mempool trace", 700, 2);
}

/* When the kernel's worker came is not recorded: its pages are explained. */
static void test_percpu_traces(void **state)
{
    (void)state;
    replay("percpu_stats.json.gz", "percpu stats", 26, 0);
    replay("percpu_trace_pc_basic.json.gz", "percpu trace", 180, 6);
    replay("percpu_trace_pc_atomic.json.gz", "percpu trace", 280, 0);
    replay("percpu_trace_pc_newchunk.json.gz", "percpu trace", 310, 0);
    replay("percpu_trace_pc_random.json.gz", "percpu trace", 1900, 0);
}

static void refused(const char *json, const char *why)
{
    struct la_verify_report report;

    assert_false(la_verify_recording(la_host_libc(), json, strlen(json), &report));
    assert_non_null(strstr(la_buf_str(&report.text), why));
    la_buf_free(&report.text);
}

/* Not a recording, or a recording of nonsense: a clear answer, never a crash. */
static void test_other_files_are_refused(void **state)
{
    static const char *const nonsense[] = {
        "{\"ops\":[],\"initial_free\":{}}",
        "{\"ops\":[{}],\"initial_free\":{\"0U\":[0,-1,1e99]},\"zone\":{\"zone\":\"DMA32\",\"spanned\":16}}",
        "{\"ops\":[{\"op\":\"free\",\"pfn\":-5,\"order\":77}],\"initial_free\":{\"99X\":[1]},"
        "\"initial_pcp\":[{\"lists\":{\"7U\":[9999999]}}],\"zone\":{\"zone\":\"Normal\",\"spanned\":64,\"zone_start_"
        "pfn\":5}}",
        "{\"ops\":[{\"op\":\"vmalloc\",\"size\":-1},{\"op\":\"vfree\",\"h\":-3},{\"op\":\"vmap\",\"size\":4096,"
        "\"addr\":\"0x123\"},{\"op\":\"ioremap\",\"size\":1e18,\"addr\":\"0x5000\"}],\"VMALLOC_START\":1}",
        "{\"ops\":[{\"op\":\"vmalloc\",\"size\":1,\"addr\":\"0xffffc90000009000\",\"h\":4e9},{\"op\":\"vfree\",\"h\":"
        "4e9}],"
        "\"VMALLOC_START\":\"0xffffc90000000000\",\"VMALLOC_END\":\"0xffffe8ffffffffff\",\"initial_free\":[[\"0x1\","
        "\"0xff\"]]}",
        "{\"b\":{\"grid\":[{},{\"req_size\":4294967295,\"req_align\":3},{\"req_size\":-1}],\"slub_min_order\":99}}",
        "{\"b\":{\"internal\":{\"caches\":[{\"object_size\":1,\"align\":1e9},{\"refcount\":9}]}}}",
        "{\"ops\":[{\"op\":\"alloc\"},{}],\"objs_per_slab\":1}",
        "{\"ops\":[{\"op\":\"alloc\",\"h\":1},{\"op\":\"free\",\"slab\":7,\"obj\":-5},{}],\"objs_per_slab\":16,\"object_size\":256,"
        "\"nr_cpu_ids\":2,\"random_seq\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,99],\"after_freeing_everything_left\":{}}",
        "{\"entries\":[{\"n\":-1},{\"n\":1e15,\"result\":\"x\"}],\"KMALLOC_MAX_SIZE\":1}",
        "{\"ops\":[{\"op\":\"alloc\"},{\"op\":\"create\",\"min_nr_arg\":-3},{\"op\":\"create\",\"min_nr_arg\":1,\"kind\":77},"
        "{\"op\":\"free\",\"h\":-1},{\"op\":\"resize\",\"new_min\":0},{\"op\":\"destroy\"}],\"kinds\":[]}",
        "{\"pcpu_base_addr\":0,\"nr_units\":99,\"initial_chunks\":[{\"kind\":\"first\",\"slot\":77,\"allocs\":[[0,3],["
        "1e9,4],"
        "[4,99999]],\"populated_pages\":[-1,99]},{\"kind\":7},{}],\"ops\":[{\"op\":\"alloc\",\"size\":-1,\"align\":-1,"
        "\"ptr\":\"0x1\"},{\"op\":\"free\",\"h\":-1},{\"op\":\"chunks\"}]}",
        "{\"m\":{\"runs\":[{}]}}",
        "{\"m\":{\"runs\":[{\"result\":{\"before\":[{\"zone\":\"DMA\",\"nr_free_pages\":64}]}}]}}",
        "{\"m\":{\"zones\":[{\"zone\":\"DMA\",\"node\":99}]}}",
        "{\"m\":{\"snapshots\":[{}],\"zones\":[]}}",
    };

    (void)state;
    refused("", "not JSON");
    refused("{\"a\":", "not JSON");
    refused("[1,2]", "not a recording");
    refused("{}", "not a recording");
    for (uint32_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct la_verify_report report;

        la_verify_recording(la_host_libc(), nonsense[i], strlen(nonsense[i]), &report);
        la_buf_free(&report.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure_buddy_traces_are_identical),
        cmocka_unit_test(test_pcp_traces_are_identical),
        cmocka_unit_test(test_migratetype_traces_are_identical),
        cmocka_unit_test(test_watermarks_and_protection_are_exact),
        cmocka_unit_test(test_reserve_depths),
        cmocka_unit_test(test_vmalloc_traces),
        cmocka_unit_test(test_geometry_of_caches_is_exact),
        cmocka_unit_test(test_kmalloc_sizes_are_exact),
        cmocka_unit_test(test_slab_and_pool_traces_are_identical),
        cmocka_unit_test(test_percpu_traces),
        cmocka_unit_test(test_other_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
