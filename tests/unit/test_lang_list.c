/* test_lang_list.c: linked lists, atomic counters, error pointers, kasprintf: what a driver's text is made of. */
#include "lang_program.h"

#define ITEMS                                                                                                          \
    "struct item { int n; struct list_head list; };\n"                                                                 \
    "LIST_HEAD(items); static LIST_HEAD(done); struct item *p, *n; struct list_head *at; int sum = 0;\n"               \
    "for (int i = 1; i <= 4; i++) { p = kmalloc(sizeof *p, GFP_KERNEL); p->n = i; list_add_tail(&p->list, &items); }\n"

static void run_to(const char *text, enum la_step_status status, const char *printed)
{
    for (int wide = 0; wide < 2; wide++) {
        struct lang_run run;

        lang_start(&run, wide ? LA_PROFILE_X86_64 : LA_PROFILE_I386, text);
        assert_int_equal(lang_finish(&run), status);
        assert_string_equal(la_buf_str(&run.printed), printed);
        lang_end(&run);
    }
}

static void lists_are_walked_in_both_directions(void **state)
{
    (void)state;
    run_to(ITEMS "list_for_each_entry(p, &items, list) sum = 10 * sum + p->n;\n"
                 "list_for_each_entry_reverse(p, &items, list) sum = 10 * sum + p->n;\n"
                 "list_for_each(at, &items) sum += list_entry(at, struct item, list)->n;\n"
                 "printk(\"%d %d %d\", sum, list_first_entry(&items, struct item, list)->n, list_last_entry(&items, "
                 "struct item, list)->n);",
           LA_STEP_DONE, "12344331 1 4\n");
}

static void entries_move_and_lists_are_joined(void **state)
{
    (void)state;
    run_to(ITEMS "list_add(done.next, &done);\n" /* an empty list added to itself stays empty */
                 "assert(list_empty(&done) && !list_is_singular(&items));\n"
                 "list_move(items.prev, &done); list_move_tail(items.next, &done); assert(!list_is_singular(&done));\n"
                 "list_splice_init(&done, &items); assert(list_empty(&done));\n"
                 "list_for_each_entry(p, &items, list) sum = 10 * sum + p->n; printk(\"%d\", sum);",
           LA_STEP_DONE, "4123\n");
}

static void entries_leave_while_the_list_is_walked(void **state)
{
    (void)state;
    run_to(ITEMS "list_for_each_entry_safe(p, n, &items, list) { if (p->n & 1) { list_del(&p->list); kfree(p); } else "
                 "list_del_init(&p->list); }\n"
                 "assert(list_empty(&items) && list_first_entry_or_null(&items, struct item, list) == NULL);",
           LA_STEP_DONE, "");
}

/* What list_del() leaves behind are addresses that fault: a second list_del() oopses, at the address of 6.1. */
static void a_deleted_entry_is_poisoned(void **state)
{
    static const char text[] = ITEMS "p = list_first_entry(&items, struct item, list); list_del(&p->list);\n"
                                     "printk(\"%lx %lx\", p->list.next, p->list.prev); list_del(&p->list);";
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_X86_64, text);
    assert_int_equal(lang_finish(&run), LA_STEP_OOPSED);
    assert_string_equal(la_buf_str(&run.printed), "dead000000000100 dead000000000122\n");
    assert_non_null(strstr(run.machine->mm->last_oops, "non-canonical address 0xdead000000000108"));
    lang_end(&run);
    lang_start(&run, LA_PROFILE_I386, text);
    assert_int_equal(lang_finish(&run), LA_STEP_OOPSED);
    assert_string_equal(la_buf_str(&run.printed), "100 122\n");
    assert_non_null(strstr(run.machine->mm->last_oops, "NULL pointer dereference, address: 00000104"));
    lang_end(&run);
}

static void a_list_that_was_never_made_faults(void **state)
{
    (void)state;
    run_to("struct item { struct list_head list; } *p = kzalloc(sizeof *p, GFP_KERNEL); struct list_head head = { NULL, "
           "NULL }; list_add(&p->list, &head);",
           LA_STEP_OOPSED, "");
}

static void counters_count(void **state)
{
    (void)state;
    run_to("atomic_t users = ATOMIC_INIT(1); atomic_inc(&users); atomic_add(3, &users); atomic_sub(2, &users);\n"
           "printk(\"%d %d\", atomic_read(&users), atomic_inc_return(&users)); atomic_set(&users, 2);\n"
           "assert(!atomic_dec_and_test(&users) && atomic_dec_and_test(&users) && atomic_dec_return(&users) == -1);\n"
           "assert(atomic_inc_and_test(&users));",
           LA_STEP_DONE, "3 4\n");
}

static void errors_travel_in_pointers(void **state)
{
    (void)state;
    run_to("void *p = ERR_PTR(-ENOSPC); assert(IS_ERR(p) && IS_ERR_OR_NULL(p) && IS_ERR_OR_NULL(NULL));\n"
           "printk(\"%d %d\", (int)PTR_ERR_OR_ZERO(p), (int)PTR_ERR_OR_ZERO(&p)); assert(!IS_ERR_OR_NULL(&p));",
           LA_STEP_DONE, "-28 0\n");
}

static void kasprintf_takes_what_it_needs(void **state)
{
    struct lang_run run;

    (void)state;
    run_to("char *s = kasprintf(GFP_KERNEL, \"%s-%d\", \"slot\", 12345); printk(\"%s %d\", s, (int)ksize(s)); kfree(s);",
           LA_STEP_DONE, "slot-12345 16\n");
    lang_compile(&run, 8, "char *s = kasprintf(GFP_KERNEL, \"%s-%d\", \"slot\");");
    assert_int_equal(run.diags.nr, 1);
    assert_non_null(strstr(run.diags.item[0].message, "the format asks for 2 values, but 1 is given"));
    lang_end(&run);
}

/* A module as books print it: includes, parameters, static helpers, goto on errors, init and exit. */
static void a_module_runs_as_printed(void **state)
{
    (void)state;
    run_to("#include <linux/module.h>\n#include <linux/list.h>\n#include <linux/slab.h>\n"
           "MODULE_LICENSE(\"GPL\"); MODULE_VERSION(\"1.0\");\n"
           "static int nr = 3; module_param(nr, int, S_IRUGO); MODULE_PARM_DESC(nr, \"buffers\");\n"
           "struct buffer { struct list_head list; void *data; };\n"
           "static LIST_HEAD(buffers); static struct kmem_cache *cache; static atomic_t live = ATOMIC_INIT(0);\n"
           "static void drop_all(void)\n{\n\tstruct buffer *b, *n;\n\n"
           "\tlist_for_each_entry_safe(b, n, &buffers, list) {\n\t\tlist_del(&b->list);\n\t\tkfree(b->data);\n"
           "\t\tkmem_cache_free(cache, b);\n\t\tatomic_dec(&live);\n\t}\n}\n"
           "static int __init demo_init(void)\n{\n\tint i, err = -ENOMEM;\n\n"
           "\tcache = KMEM_CACHE(buffer, SLAB_HWCACHE_ALIGN);\n\tif (!cache)\n\t\treturn err;\n"
           "\tfor (i = 0; i < nr; i++) {\n\t\tstruct buffer *b = kmem_cache_zalloc(cache, GFP_KERNEL);\n\n"
           "\t\tif (!b)\n\t\t\tgoto fail;\n\t\tlist_add_tail(&b->list, &buffers);\n\t\tatomic_inc(&live);\n"
           "\t\tb->data = kasprintf(GFP_KERNEL, \"buffer %d\", i);\n\t\tif (!b->data)\n\t\t\tgoto fail;\n\t}\n"
           "\tpr_info(\"demo: %d live, first \\\"%s\\\"\\n\", atomic_read(&live),\n"
           "\t\t(char *)list_first_entry(&buffers, struct buffer, list)->data);\n\treturn 0;\n"
           "fail:\n\tdrop_all();\n\tkmem_cache_destroy(cache);\n\treturn err;\n}\n"
           "static void __exit demo_exit(void)\n{\n\tdrop_all();\n\tkmem_cache_destroy(cache);\n"
           "\tpr_info(\"demo: %d live\\n\", atomic_read(&live));\n}\n"
           "module_init(demo_init);\nmodule_exit(demo_exit);\ndemo_exit();\n",
           LA_STEP_DONE, "demo: 3 live, first \"buffer 0\"\ndemo: 0 live\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_walked_in_both_directions),
        cmocka_unit_test(entries_move_and_lists_are_joined),
        cmocka_unit_test(entries_leave_while_the_list_is_walked),
        cmocka_unit_test(a_deleted_entry_is_poisoned),
        cmocka_unit_test(a_list_that_was_never_made_faults),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(errors_travel_in_pointers),
        cmocka_unit_test(kasprintf_takes_what_it_needs),
        cmocka_unit_test(a_module_runs_as_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
