/* test_lang_calls.c: the table of kernel calls: that every row works, and what the calls do seen from a program. */
#include "lang_program.h"

/* ---- the table ---- */

static void every_row_is_complete(void **state)
{
    uint32_t nr;
    const struct la_api *api = la_api_table(&nr);

    (void)state;
    assert_true(nr > 100);
    for (uint32_t i = 0; i < nr; i++) {
        struct lang_run run;
        char text[300];

        assert_true(strlen(api[i].help) > 8 && api[i].help[strlen(api[i].help) - 1] == '.');
        assert_non_null(strstr(api[i].prototype, api[i].name));
        assert_true(strcmp(api[i].context, "any") == 0 || strcmp(api[i].context, "gfp") == 0 ||
                    strcmp(api[i].context, "sleeps") == 0);
        assert_ptr_equal(la_api_find(api[i].name), &api[i]);
        /* its prototype is C that our parser reads, and a program may repeat it */
        (void)snprintf(text, sizeof text, "%s;", api[i].prototype);
        if (strchr(api[i].prototype, '(')) {
            lang_compile(&run, i % 2 ? 4 : 8, text);
            lang_print_diags(&run);
            assert_int_equal(run.diags.nr, 0);
            lang_end(&run);
        }
    }
    assert_null(la_api_find("no_such_call"));
}

/* What is used like a call but is a macro: listed as calls are, and a macro for our own preprocessor. */
static void every_macro_is_complete(void **state)
{
    uint32_t nr;
    const struct la_api *macro = la_macro_table(&nr);

    (void)state;
    assert_true(nr > 50);
    for (uint32_t i = 0; i < nr; i++) {
        struct lang_run run;
        size_t len = strlen(macro[i].name);
        char text[100];

        assert_true(strlen(macro[i].help) > 8 && macro[i].help[strlen(macro[i].help) - 1] == '.');
        assert_true(strncmp(macro[i].prototype, macro[i].name, len) == 0 && macro[i].prototype[len] == '(');
        assert_null(la_api_find(macro[i].name));
        /* ten arguments are too many for every one */
        (void)snprintf(text, sizeof text, "%s(0,0,0,0,0,0,0,0,0,0);", macro[i].name);
        lang_compile(&run, 8, text);
        assert_true(run.diags.nr_errors > 0 && strstr(run.diags.item[0].message, "macro"));
        assert_non_null(strstr(run.diags.item[0].message, macro[i].name));
        lang_end(&run);
    }
}

/* Every call of issue 2 is there. */
static void the_calls_of_part_4_are_there(void **state)
{
    static const char *const names[] = {"alloc_pages",
                                        "alloc_page",
                                        "alloc_pages_node",
                                        "__alloc_pages_node",
                                        "get_zeroed_page",
                                        "__get_free_page",
                                        "__get_free_pages",
                                        "__get_dma_pages",
                                        "free_page",
                                        "free_pages",
                                        "__free_page",
                                        "__free_pages",
                                        "free_hot_page",
                                        "free_cold_page",
                                        "alloc_pages_exact",
                                        "free_pages_exact",
                                        "split_page",
                                        "get_order",
                                        "page_address",
                                        "virt_to_page",
                                        "page_to_pfn",
                                        "pfn_to_page",
                                        "pfn_valid",
                                        "page_zonenum",
                                        "page_to_nid",
                                        "virt_to_phys",
                                        "phys_to_virt",
                                        "__pa",
                                        "__va",
                                        "page_to_phys",
                                        "kmap",
                                        "kunmap",
                                        "kmap_atomic",
                                        "kunmap_atomic",
                                        "kmap_local_page",
                                        "kunmap_local",
                                        "clear_page",
                                        "copy_page",
                                        "clear_highpage",
                                        "put_page",
                                        "get_page",
                                        "page_count",
                                        "PageHighMem",
                                        "PageBuddy",
                                        "local_irq_disable",
                                        "local_irq_enable",
                                        "local_irq_save",
                                        "local_irq_restore",
                                        "preempt_disable",
                                        "preempt_enable",
                                        "in_interrupt",
                                        "in_atomic",
                                        "irqs_disabled",
                                        "preempt_count",
                                        "might_sleep",
                                        "spin_lock",
                                        "spin_unlock",
                                        "spin_lock_init",
                                        "memalloc_noio_save",
                                        "memalloc_noio_restore",
                                        "memalloc_nofs_save",
                                        "memalloc_nofs_restore",
                                        "memalloc_noreclaim_save",
                                        "memalloc_noreclaim_restore",
                                        "msleep",
                                        "schedule",
                                        "cond_resched",
                                        "smp_processor_id",
                                        "num_online_cpus",
                                        "numa_node_id",
                                        "drain_all_pages",
                                        "nr_free_pages",
                                        "nr_free_blocks",
                                        "wmark",
                                        "oops_count",
                                        "last_oops",
                                        "nr_free_buffer_pages",
                                        "totalram_pages",
                                        "printk",
                                        "pr_info",
                                        "pr_warn",
                                        "pr_err",
                                        "memset",
                                        "memcpy",
                                        "memcmp",
                                        "strcpy",
                                        "strlen",
                                        "strcmp",
                                        "BUG",
                                        "BUG_ON",
                                        "WARN_ON",
                                        "panic"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!la_api_find(names[i]))
            print_message("%s is missing\n", names[i]);
        assert_non_null(la_api_find(names[i]));
    }
}

/* ---- pages ---- */

/* Statement by statement on an i386 machine: every assert of the program must hold. */
static void run_asserts(enum la_profile profile, const char *text, uint32_t oopses)
{
    struct lang_run run;

    lang_start(&run, profile, text);
    if (lang_finish(&run) != LA_STEP_DONE)
        print_message("line %u: %s\n", (unsigned)run.step.at.span.line, la_interp_message(run.interp, NULL));
    assert_int_equal(run.status, LA_STEP_DONE);
    assert_int_equal(la_oops_count(run.machine), oopses);
    lang_end(&run);
}

static const char *const pages_text =
    "unsigned long before = nr_free_pages(ZONE_NORMAL) + nr_pcp_pages(ZONE_NORMAL);\n"
    "struct page *page = alloc_pages(GFP_KERNEL, 2);\n"
    "assert(page != NULL);\n"
    "assert(page_count(page) == 1 && page_count(page + 1) == 0);\n"
    "assert(page->_refcount.counter == 1);\n"
    "assert(page_to_pfn(page) % 4 == 0);\n"
    "assert(pfn_to_page(page_to_pfn(page) + 1) == page + 1);\n"
    "assert(virt_to_page(page_address(page)) == page);\n"
    "assert(page_address(page + 1) == page_address(page) + PAGE_SIZE);\n"
    "assert(__pa(page_address(page)) == page_to_phys(page));\n"
    "assert(page_to_phys(page) == page_to_pfn(page) << PAGE_SHIFT);\n"
    "assert(__va(__pa(page_address(page))) == page_address(page));\n"
    "assert(nr_free_pages(ZONE_NORMAL) + nr_pcp_pages(ZONE_NORMAL) + 4 == before);\n"
    "char *mem = page_address(page);\n"
    "memset(mem, 'x', 2 * PAGE_SIZE);\n"
    "assert(mem[0] == 'x' && mem[2 * PAGE_SIZE - 1] == 'x');\n"
    "__free_pages(page, 2);\n"
    "unsigned long addr = get_zeroed_page(GFP_KERNEL);\n"
    "assert(addr % PAGE_SIZE == 0 && *(long *)addr == 0);\n"
    "strcpy((char *)addr + 4090, \"12345\");\n"
    "assert(strlen((char *)addr + 4090) == 5);\n"
    "free_page(addr);\n"
    "free_page(0);\n"
    "addr = __get_free_pages(GFP_KERNEL, 3);\n"
    "free_pages(addr, 3);\n"
    "addr = __get_dma_pages(GFP_KERNEL, 0);\n"
    "assert(page_zonenum(virt_to_page((void *)addr)) == ZONE_DMA);\n"
    "free_page(addr);\n"
    "void *exact = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);\n"
    "free_pages_exact(exact, 3 * PAGE_SIZE);\n"
    "page = alloc_pages(GFP_KERNEL, 1);\n"
    "split_page(page, 1);\n"
    "assert(page_count(page + 1) == 1);\n"
    "__free_page(page);\n"
    "put_page(page + 1);\n"
    "page = alloc_page(GFP_KERNEL);\n"
    "get_page(page);\n"
    "put_page(page);\n"
    "assert(page_count(page) == 1);\n"
    "free_hot_page(page);\n"
    "page = alloc_pages_node(0, GFP_KERNEL, 0);\n"
    "assert(page_to_nid(page) == 0);\n"
    "free_cold_page(page);\n"
    "assert(get_order(1) == 0 && get_order(4096) == 0 && get_order(4097) == 1 && get_order(1 << 20) == 8);\n"
    "assert(pfn_valid(16) && !pfn_valid(0xfffffff));\n"
    "drain_all_pages(NULL);\n"
    "assert(nr_free_pages(ZONE_NORMAL) == before);\n"
    "assert(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 11) == NULL);\n"
    "assert(wmark(ZONE_NORMAL, WMARK_MIN) < wmark(ZONE_NORMAL, WMARK_LOW));\n"
    "assert(totalram_pages() >= nr_free_pages(ZONE_NORMAL));\n"
    "assert(nr_free_buffer_pages() > 0);\n";

static void pages_from_a_program(void **state)
{
    (void)state;
    run_asserts(LA_PROFILE_I386, pages_text, 0);
}

static void high_memory_from_a_program(void **state)
{
    static const char text[] =
        "struct page *page = alloc_page(GFP_HIGHUSER);\n"
        "if (PageHighMem(page)) {\n"
        "    assert(page_zonenum(page) == ZONE_HIGHMEM);\n"
        "    assert(page_address(page) == NULL);\n"
        "}\n"
        "char *mem = kmap(page);\n"
        "mem[7] = 9;\n"
        "assert(page_address(page) == mem);\n"
        "kunmap(page);\n"
        "mem = kmap_atomic(page);\n"
        "assert(mem[7] == 9 && in_atomic());\n"
        "kunmap_atomic(mem);\n"
        "assert(!in_atomic());\n"
        "mem = kmap_local_page(page);\n"
        "assert(mem[7] == 9 && !in_atomic());\n"
        "kunmap_local(mem);\n"
        "clear_highpage(page);\n"
        "mem = kmap(page);\n"
        "assert(mem[7] == 0);\n"
        "kunmap(page);\n"
        "char *a = (char *)__get_free_page(GFP_KERNEL), *b = (char *)__get_free_page(GFP_KERNEL);\n"
        "a[100] = 5;\n"
        "copy_page(b, a);\n"
        "assert(b[100] == 5);\n"
        "clear_page(b);\n"
        "assert(b[100] == 0);\n";

    (void)state;
    run_asserts(LA_PROFILE_I386, text, 0);
}

static void context_from_a_program(void **state)
{
    static const char text[] =
        "assert(preempt_count() == 0 && !in_interrupt() && !irqs_disabled());\n"
        "preempt_disable();\n"
        "assert(preempt_count() == 1 && in_atomic());\n"
        "preempt_enable();\n"
        "spinlock_t lock;\n"
        "DEFINE_SPINLOCK(other);\n"
        "spin_lock_init(&lock);\n"
        "spin_lock(&lock);\n"
        "spin_lock(&other);\n"
        "assert(preempt_count() == 2);\n"
        "assert(alloc_page(GFP_ATOMIC) != NULL);\n"
        "assert(oops_count() == 0);\n"
        "alloc_page(GFP_KERNEL);\n" /* one report */
        "assert(oops_count() == 1);\n"
        "assert(strncmp(last_oops(), \"BUG: sleeping function called from invalid context at\", 53) == 0);\n"
        "spin_unlock(&other);\n"
        "spin_unlock(&lock);\n"
        "unsigned long flags, inner;\n"
        "local_irq_save(flags);\n"
        "local_irq_save(inner);\n"
        "assert(irqs_disabled());\n"
        "local_irq_restore(inner);\n"
        "assert(irqs_disabled());\n"
        "local_irq_restore(flags);\n"
        "assert(!irqs_disabled());\n"
        "spin_lock_irqsave(&lock, flags);\n"
        "assert(irqs_disabled() && in_atomic());\n"
        "spin_unlock_irqrestore(&lock, flags);\n"
        "local_irq_disable();\n"
        "local_irq_enable();\n"
        "irq_enter();\n"
        "assert(in_interrupt() && preempt_count() == 0x10000);\n"
        "irq_exit();\n"
        "local_bh_disable();\n"
        "local_bh_enable();\n"
        "rcu_read_lock();\n"
        "rcu_read_unlock();\n"
        "unsigned int old = memalloc_noio_save();\n"
        "assert(current->flags & PF_MEMALLOC_NOIO);\n"
        "memalloc_noio_restore(old);\n"
        "assert(!(current->flags & PF_MEMALLOC_NOIO));\n"
        "current->flags |= PF_MEMALLOC;\n"
        "old = memalloc_noreclaim_save();\n"
        "memalloc_noreclaim_restore(old);\n"
        "assert(current->flags & PF_MEMALLOC);\n"
        "current->flags &= ~PF_MEMALLOC;\n"
        "assert(current->pid > 0 && strlen(current->comm) > 0);\n"
        "unsigned long tick = jiffies;\n"
        "msleep(100);\n"
        "assert(jiffies > tick);\n"
        "schedule();\n"
        "cond_resched();\n"
        "might_sleep();\n"
        "assert(smp_processor_id() == 0 && num_online_cpus() >= 1 && numa_node_id() == 0);\n"
        "preempt_enable();\n" /* one too many: a second report */
        "assert(oops_count() == 2 && preempt_count() == 0);\n";

    (void)state;
    run_asserts(LA_PROFILE_I386, text, 2);
}

/* PF_MEMALLOC written by the program reaches the allocator: the reserves open. */
static void task_flags_reach_the_allocator(void **state)
{
    static const char text[] = "int taken = 0;\n"
                               "while (alloc_page(GFP_ATOMIC | __GFP_NOWARN))\n"
                               "    taken++;\n"
                               "unsigned long left = nr_free_pages(ZONE_NORMAL);\n"
                               "assert(left > 0);\n"
                               "current->flags |= PF_MEMALLOC;\n"
                               "while (alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY))\n"
                               "    taken++;\n"
                               "assert(nr_free_pages(ZONE_NORMAL) == 0);\n";
    static const char json[] = "{\"profile\":\"i386\",\"memory\":\"4M\",\"zones\":{\"NORMAL\":\"4M\"},\"min_free_"
                               "kbytes\":256,\"cpus\":1,\"reserved\":\"0\"}";
    struct la_machine_config config;
    struct la_diags diags;
    struct la_source source = {text, sizeof text - 1, 1, 0};

    (void)state;
    la_diags_init(&diags, la_host_libc());
    assert_true(la_machine_config_parse(&config, json, sizeof json - 1, 1, &diags));
    struct la_trace *trace = la_trace_new(la_host_libc());
    struct la_machine *machine = la_machine_new(la_host_libc(), &config, trace, &diags);
    struct la_program *program = la_program_compile(la_host_libc(), &source, 1, 4, &diags);
    struct la_interp *interp = la_interp_new(machine, program);
    enum la_step_status status;
    uint32_t steps = 0;

    assert_non_null(interp);
    do {
        la_trace_begin(trace);
        status = la_interp_step(interp, NULL);
    } while (status == LA_STEP_RAN && steps++ < LANG_STEPS_MAX);
    if (status != LA_STEP_DONE)
        print_message("%s\n", la_interp_message(interp, NULL));
    assert_int_equal(status, LA_STEP_DONE);
    la_interp_free(interp);
    la_program_free(program);
    la_machine_free(machine);
    la_trace_free(trace);
    la_diags_free(&diags);
}

/* ---- printing ---- */

struct printed {
    const char *statement, *text;
};

static const struct printed prints[] = {
    {"printk(KERN_INFO \"hello\\n\");", "hello"},
    {"printk(\"%d %i %u|\", -5, 7, 5);", "-5 7 5|"},
    {"printk(\"%x %X %#x %o %#o\", 255, 255, 255, 8, 8);", "ff FF 0xff 10 010"},
    {"printk(\"%5d|%-5d|%05d|%+d|% d\", 42, 42, 42, 42, 42);", "   42|42   |00042|+42| 42"},
    {"printk(\"%.3d|%8.3x|%*d|%-*d|\", 5, 10, 4, 7, 3, 8);", "005|     00a|   7|8  |"},
    {"printk(\"%ld %lu %lx\", -1L, 4294967295UL, 0xdeadbeefUL);", "-1 4294967295 deadbeef"},
    {"printk(\"%lld %llu %llx\", -1LL, 18446744073709551615ULL, 0x123456789abcULL);",
     "-1 18446744073709551615 123456789abc"},
    {"printk(\"%u\", -1);", "4294967295"},
    {"printk(\"%hd %hhd %hu\", 70000, 300, 65537);", "4464 44 1"},
    {"printk(\"%zu %zd\", sizeof(int), (ssize_t)-2);", "4 -2"},
    {"printk(\"%s|%10s|%-4s|%.2s|\", \"abc\", \"def\", \"g\", \"hijk\");", "abc|       def|g   |hi|"},
    {"printk(\"%c%c\", 'o', 'k');", "ok"},
    {"printk(\"%p %px %pK\", (void *)0xc0001000, (void *)0xc0001000, (void *)0);", "c0001000 c0001000 00000000"},
    {"gfp_t m = GFP_KERNEL | __GFP_ZERO; printk(\"%pGg\", &m);", "GFP_KERNEL|__GFP_ZERO"},
    {"printk(\"100%% %d\");", "100% (missing argument)"},
    {"printk(\"%q %d\", 5);", "%q 5"},
    {"printk(\"%s\", NULL);", "(null)"},
    {"pr_info(\"a\\n\"); pr_warn(\"b\\n\"); pr_err(\"c\\n\");", "a\nb\nc"},
    {"printk(\"%d\", 0); printk(\"%x\", 0);", "0\n0"},
    {"printk(\"%lld\", -9223372036854775807LL - 1);", "-9223372036854775808"},
};

static void printing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prints / sizeof *prints; i++) {
        struct lang_run run;
        char expected[120];

        lang_start(&run, LA_PROFILE_SLIDE, prints[i].statement);
        assert_int_equal(lang_finish(&run), LA_STEP_DONE);
        (void)snprintf(expected, sizeof expected, "%s\n", prints[i].text);
        assert_string_equal(la_buf_str(&run.printed), expected);
        lang_end(&run);
    }
}

/* ---- bytes ---- */

static void bytes_and_strings(void **state)
{
    (void)state;
    lang_expect("char a[8] = \"abcdefg\"; memmove(a + 2, a, 4);", "strcmp(a, \"ababcdg\")", 0);
    lang_expect("char a[8] = \"abcdefg\"; memmove(a, a + 2, 4);", "strcmp(a, \"cdefefg\")", 0);
    lang_expect("char a[4] = \"abc\", b[4] = \"abd\"; int x = memcmp(a, b, 2) * 10 + (memcmp(a, b, 3) < 0);", "x", 1);
    lang_expect("char a[4]; int n = strscpy(a, \"hello\", sizeof(a));", "n == -7 && a[3] == 0 && a[2] == 'l'", 1);
    lang_expect("char a[8]; int n = strscpy(a, \"hello\", sizeof(a));", "n", 5);
    lang_expect("int x = strncmp(\"abcd\", \"abxx\", 2);", "x", 0);
    lang_expect("char a[3]; memset(a, 300, 3);", "a[0] == 44 && a[2] == 44", 1);
    lang_expect("memset(NULL, 0, 0); int x = 1;", "x", 1);
}

static void warnings_go_on(void **state)
{
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE, "int x = 0;\nx = WARN_ON(x == 0);\nif (WARN_ON(x > 5)) x = 9;\n");
    (void)lang_step(&run);
    (void)lang_step(&run);
    assert_int_equal(run.trace->nr_events, 1);
    assert_int_equal(run.trace->event[0].id, LA_EV_WARNING);
    assert_non_null(strstr(la_event_str(run.trace, &run.trace->event[0], 0), "at lesson:2"));
    assert_int_equal(lang_finish(&run), LA_STEP_DONE);
    assert_int_equal(lang_value(&run, "x"), 1);
    assert_int_equal(la_oops_count(run.machine), 0);
    lang_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(every_macro_is_complete),
        cmocka_unit_test(the_calls_of_part_4_are_there),
        cmocka_unit_test(pages_from_a_program),
        cmocka_unit_test(high_memory_from_a_program),
        cmocka_unit_test(context_from_a_program),
        cmocka_unit_test(task_flags_reach_the_allocator),
        cmocka_unit_test(printing),
        cmocka_unit_test(bytes_and_strings),
        cmocka_unit_test(warnings_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
