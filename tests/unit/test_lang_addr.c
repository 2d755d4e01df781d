/* test_lang_addr.c: parts 5 and 6 of the notes as a program writes them; T20, T46, T50-T52, T54 from there. */
#include "play.h"

#include "view/proc_files.h"

#define MACHINE                                                                                                        \
    "```json machine\n{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"cpus\":2,"                         \
    "\"devices\":[{\"name\":\"nic\",\"bar\":\"0xfeb00000\",\"size\":\"64K\"}]}\n```\n\n"

static const char all_calls[] = MACHINE "```c\n"
                                        "#include <linux/vmalloc.h>\n"
                                        "DEFINE_PER_CPU(int, hits);\n"
                                        "DEFINE_PER_CPU(int[3], my_percpu_array);\n"
                                        "DECLARE_PER_CPU(int, hits);\n"
                                        "EXPORT_PER_CPU_SYMBOL(hits);\n"
                                        "EXPORT_PER_CPU_SYMBOL_GPL(hits);\n"
                                        "DEFINE_PER_CPU(int, sockets_in_use) = 7;\n"
                                        "char *p = vmalloc(10000);\n"
                                        "assert(p == (char *)VMALLOC_START);\n"
                                        "assert((unsigned long)p + 10000 < VMALLOC_END);\n"
                                        "p[9999] = 5;\n"
                                        "assert(p[9999] == 5);\n"
                                        "assert(is_vmalloc_addr(p));\n"
                                        "struct page *pg = vmalloc_to_page(p + 8192);\n"
                                        "char *low = page_address(pg);\n"
                                        "assert(low[9999 - 8192] == 5);\n"
                                        "assert(nr_page_tables() == 1);\n"
                                        "vfree(p);\n"
                                        "struct page *pages[2];\n"
                                        "pages[0] = alloc_page(GFP_KERNEL);\n"
                                        "pages[1] = alloc_page(GFP_KERNEL);\n"
                                        "char *m = vmap(pages, 2, VM_MAP, PAGE_KERNEL);\n"
                                        "m[4096] = 9;\n"
                                        "assert(*(char *)page_address(pages[1]) == 9);\n"
                                        "vunmap(m);\n"
                                        "void __iomem *io = ioremap(0xfeb00000, 0x100);\n"
                                        "assert(readl(io) == 0x4c415331);\n"
                                        "writel(77, io + 0x20);\n"
                                        "assert(readl(io + 0x20) == 77);\n"
                                        "writeb(1, io + 0x10);\n"
                                        "assert(readw(io + 8) == 1);\n"
                                        "iounmap(io);\n"
                                        "get_cpu_var(hits)++;\n"
                                        "assert(preempt_count() == 1);\n"
                                        "put_cpu_var(hits);\n"
                                        "assert(preempt_count() == 0);\n"
                                        "assert(per_cpu(hits, 0) == 1);\n"
                                        "assert(per_cpu(hits, 1) == 0);\n"
                                        "get_cpu_var(sockets_in_use)++;\n"
                                        "put_cpu_var(sockets_in_use);\n"
                                        "assert(per_cpu(sockets_in_use, 0) == 8);\n"
                                        "assert(per_cpu(sockets_in_use, 1) == 7);\n"
                                        "per_cpu(my_percpu_array, 1)[2] = 42;\n"
                                        "assert(per_cpu(my_percpu_array, 1)[2] == 42);\n"
                                        "assert(per_cpu(my_percpu_array, 0)[2] == 0);\n"
                                        "assert(sizeof(my_percpu_array) == 12);\n"
                                        "this_cpu_inc(hits);\n"
                                        "assert(this_cpu_read(hits) == 2);\n"
                                        "struct stat { int a; long b; };\n"
                                        "struct stat *s = alloc_percpu(struct stat);\n"
                                        "int cpu;\n"
                                        "cpu = get_cpu();\n"
                                        "struct stat *mine = per_cpu_ptr(s, cpu);\n"
                                        "mine->b = 3;\n"
                                        "put_cpu();\n"
                                        "assert(per_cpu_ptr(s, 0)->b == 3);\n"
                                        "free_percpu(s);\n"
                                        "int *q = __alloc_percpu(8, 8);\n"
                                        "free_percpu(q);\n"
                                        "struct percpu_counter c;\n"
                                        "assert(percpu_counter_init(&c, 0, GFP_KERNEL) == 0);\n"
                                        "percpu_counter_add(&c, 31);\n"
                                        "assert(percpu_counter_read(&c) == 0);\n"
                                        "percpu_counter_inc(&c);\n"
                                        "assert(percpu_counter_read(&c) == 32);\n"
                                        "assert(percpu_counter_sum(&c) == 32);\n"
                                        "percpu_counter_destroy(&c);\n"
                                        "void *kv = kvmalloc(100000, GFP_KERNEL);\n"
                                        "kvfree(kv);\n"
                                        "assert(oops_count() == 0);\n"
                                        "```\n";

/* Step to the end; every invariant holds on the way. */
static struct la_timeline *run(struct play *p, const char *source)
{
    struct la_timeline *t = play_text(p, source);

    while (la_timeline_step(t))
        expect_sound(t);
    return t;
}

static void expect_oops(const char *code, const char *words)
{
    struct play p;
    char source[2000];

    (void)snprintf(source, sizeof source, "%s```c\n%s\n```\n", MACHINE, code);
    struct la_timeline *t = run(&p, source);

    if (la_oops_count(t->machine) != 1 || !strstr(la_last_oops(t->machine), words))
        fail_msg("%s\n%u oopses: %s", code, la_oops_count(t->machine), la_last_oops(t->machine));
    play_done(&p);
}

static void test_every_call_of_parts_5_and_6(void **state)
{
    struct play p;
    struct la_timeline *t = run(&p, all_calls);
    uint32_t end = t->step;
    uint64_t hash = state_hash(t);

    (void)state;
    assert_int_equal(la_oops_count(t->machine), 0);
    assert_true(end > 55); /* nothing stopped it */
    la_timeline_seek(t, end / 3);
    la_timeline_seek(t, 0);
    assert_null(t->machine->mm->vmap);
    assert_null(t->machine->mm->pcpu);
    la_timeline_seek(t, end);
    assert_true(state_hash(t) == hash); /* going back and again is the same */
    play_done(&p);
}

static void test_T20_in_an_interrupt(void **state)
{
    (void)state;
    expect_oops("irq_enter(); vmalloc(4096); irq_exit();", "kernel BUG at mm/vmalloc.c");
}

static void test_T46_no_physical_address(void **state)
{
    (void)state;
    expect_oops("char *p = vmalloc(8192); phys_addr_t a = virt_to_phys(p);", "is not in the direct map");
    expect_oops("char *p = vmalloc(8192); phys_addr_t a = __pa(p);", "is not in the direct map");
}

static void test_T50_after_iounmap(void **state)
{
    (void)state;
    expect_oops("void *io = ioremap(0xfeb00000, 16); iounmap(io); readb(io);", "unable to handle page fault");
    expect_oops("void *io = ioremap(0x100000, 16);", "ioremap on RAM");
    expect_oops("char *p = vmalloc(4096); p[4096] = 1;", "unable to handle page fault"); /* the guard page */
    expect_oops("char *p = vmalloc(4096); vfree(p); p[0] = 1;", "unable to handle page fault");
}

static void test_T52_no_sleep_between_get_and_put(void **state)
{
    (void)state;
    expect_oops("DEFINE_PER_CPU(int, x);\nget_cpu_var(x)++; schedule();", "BUG: scheduling while atomic");
}

static void test_T54_an_array_on_every_cpu(void **state)
{
    struct play p;
    struct la_timeline *t = run(&p, MACHINE "```c\nDEFINE_PER_CPU(int[3], a);\nDEFINE_PER_CPU(int, next);\n"
                                            "assert(sizeof(a) == 12);\n"
                                            "assert((char *)&next - (char *)&a == 12);\n"
                                            "per_cpu(a, 1)[2] = 5;\n"
                                            "assert(per_cpu(a, 1)[2] == 5);\nassert(per_cpu(a, 0)[2] == 0);\n"
                                            "assert(per_cpu(next, 1) == 0);\n```\n");

    (void)state;
    assert_int_equal(t->step, 6);
    assert_int_equal(la_oops_count(t->machine), 0);
    play_done(&p);
}

static void test_a_per_cpu_pointer_is_no_address(void **state)
{
    (void)state;
    expect_oops("int *p = alloc_percpu(int); *p = 1;", "BUG:");
    expect_oops("int *p = alloc_percpu(int); *per_cpu_ptr(p, 7) = 1;", "there is no CPU 7");
    expect_oops("struct percpu_counter c = { 0 }; percpu_counter_add(&c, 1);",
                "a percpu_counter that was not initialised");
}

static void test_vmallocinfo(void **state)
{
    struct play p;
    struct la_timeline *t = run(&p, MACHINE "```c\nchar *a = vmalloc(8192);\nchar *b = vmalloc(1);\n"
                                            "void *io = ioremap(0xfeb00010, 16);\nvfree(b);\n```\n");
    struct la_buf out;

    (void)state;
    la_buf_init(&out, t->host);
    la_proc_vmallocinfo(t->machine, &out);
    assert_string_equal(la_buf_str(&out), "0xc4800000-0xc4803000   12288 pages=2 vmalloc N0=2\n"
                                          "0xc4805000-0xc4807000    8192 phys=0xfeb00000 ioremap\n"
                                          "0xc4803000-0xc4805000    8192 unpurged vm_area\n");
    la_buf_free(&out);
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_of_parts_5_and_6),
        cmocka_unit_test(test_T20_in_an_interrupt),
        cmocka_unit_test(test_T46_no_physical_address),
        cmocka_unit_test(test_T50_after_iounmap),
        cmocka_unit_test(test_T52_no_sleep_between_get_and_put),
        cmocka_unit_test(test_T54_an_array_on_every_cpu),
        cmocka_unit_test(test_a_per_cpu_pointer_is_no_address),
        cmocka_unit_test(test_vmallocinfo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
