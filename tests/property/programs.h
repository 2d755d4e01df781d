/*
 * programs.h: random lessons: a machine and a program for it, all drawn from one seed.
 *
 * The programs are correct C.  They take blocks of all orders with all kinds of flags, write to
 * them, give them back in any order, call functions, loop, print, change the context; some run
 * out of memory and some make the mistakes that students make.  Half of them use caches, kmalloc
 * and memory pools as well (gen_objects.h), half of them vmalloc, ioremap and per-CPU memory
 * (gen_addresses.h), some begin before mem_init(), a sixth of the machines
 * have the SLAB of 2.6, and on a third of them allocations fail on purpose.  Three quarters of the programs
 * have everything at once: threads and interrupts on three CPUs (gen_threads.h), every allocator from
 * before mem_init() on, and allocations that fail.  A seed is a whole test case.
 */
#ifndef LA_TESTS_PROGRAMS_H
#define LA_TESTS_PROGRAMS_H

#include "base/buf.h"
#include "base/prng.h"
#include "property/gen_addresses.h"
#include "property/gen_objects.h"
#include "property/gen_threads.h"

enum { PROGRAM_PAGES = 12, PROGRAM_ADDRS = 4 };

struct program {
    struct la_prng prng;
    struct la_buf *out;
    int order[PROGRAM_PAGES]; /* -1: free, so that the program frees with the right order */
    int addr[PROGRAM_ADDRS];
    bool classic; /* the machine has the SLAB of 2.6 */
    bool threads; /* and three CPUs for them */
};

static inline uint32_t draw(struct program *p, uint32_t n)
{
    return la_prng_below(&p->prng, n);
}

static inline const char *draw_flags(struct program *p)
{
    static const char *const flags[] = {
        "GFP_KERNEL", "GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO", "GFP_NOFS", "GFP_USER", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE",
        "GFP_DMA", "GFP_KERNEL | __GFP_ZERO", "GFP_KERNEL | __GFP_NORETRY", "GFP_KERNEL | __GFP_RETRY_MAYFAIL", "GFP_KERNEL | __GFP_RECLAIMABLE",
        "GFP_ATOMIC | __GFP_NOWARN", "GFP_KERNEL | __GFP_MEMALLOC", "GFP_KERNEL | __GFP_COMP", "GFP_KERNEL | __GFP_HIGH"};

    return flags[draw(p, sizeof flags / sizeof flags[0])];
}

/* True when the machine begins before mem_init(). */
static inline bool write_machine(struct program *p)
{
    static const char nic[] = ", \"devices\": [{\"name\": \"nic\", \"bar\": \"0xfeb00000\", \"size\": \"64K\"}]";
    static const char *const machines[] = {
        "{\"profile\": \"slide\", \"memory\": \"256K\", \"reserved\": \"0\", \"min_free_kbytes\": 0, \"pcp\": false, \"cpus\": 1",
        "{\"profile\": \"slide\", \"memory\": \"512K\", \"min_free_kbytes\": 64, \"pcp\": true, \"cpus\": 2",
        "{\"profile\": \"slide\", \"memory\": \"1M\", \"zones\": {\"DMA\": \"256K\", \"NORMAL\": \"768K\"}, \"reserved\": \"0\", \"min_free_kbytes\": 32, \"cpus\": 1",
        "{\"profile\": \"slide\", \"memory\": \"1M\", \"page_cache\": \"256K\", \"min_free_kbytes\": 64, \"cpus\": 2, "
        "\"processes\": [{\"name\": \"mysqld\", \"pages\": 40}, {\"name\": \"sshd\", \"pages\": 10}]",
        "{\"profile\": \"i386\", \"memory\": \"16M\", \"cpus\": 1",
        "{\"profile\": \"i386\", \"memory\": \"6M\", \"zones\": {\"DMA\": \"1M\", \"NORMAL\": \"3M\", \"HIGHMEM\": \"2M\"}, \"reserved\": \"0\", \"cpus\": 2",
        "{\"profile\": \"x86_64\", \"memory\": \"16M\", \"cpus\": 4, \"page_cache\": \"4M\"",
        "{\"profile\": \"numa\", \"memory\": \"16M\", \"cpus\": 2, \"nodes\": 2",
        "{\"profile\": \"i386\", \"memory\": \"4M\", \"reserved\": \"64K\", \"cpus\": 3",
        "{\"profile\": \"x86_64\", \"memory\": \"8M\", \"reserved\": \"0\", \"cpus\": 3"};
    static const char *const for_threads[] = {
        "{\"profile\": \"i386\", \"memory\": \"4M\", \"reserved\": \"64K\", \"cpus\": 3",
        "{\"profile\": \"x86_64\", \"memory\": \"8M\", \"reserved\": \"0\", \"cpus\": 3",
        "{\"profile\": \"slide\", \"memory\": \"2M\", \"min_free_kbytes\": 64, \"pcp\": true, \"cpus\": 3",
        "{\"profile\": \"numa\", \"memory\": \"8M\", \"cpus\": 3, \"nodes\": 2",
        "{\"profile\": \"i386\", \"pae\": true, \"memory\": \"6M\", \"zones\": {\"DMA\": \"1M\", \"NORMAL\": \"3M\", \"HIGHMEM\": \"2M\"}, \"reserved\": \"0\", "
        "\"page_cache\": \"1M\", \"cpus\": 3"};
    uint32_t which = draw(p, 20);
    static const char *const fails[] = {", \"fail\": {\"slab\": 20, \"page\": 20}",
                                        ", \"fail\": {\"slab\": 5, \"ignore_gfp_wait\": false}",
                                        ", \"fail\": {\"slab\": 8, \"page\": 8, \"min_order\": 0, \"ignore_gfp_wait\": false, "
                                        "\"ignore_gfp_highmem\": false}"};
    const char *machine = p->threads ? for_threads[which % 5] : machines[which < 10 ? which : which % 4];
    bool boot = (draw(p, 10) == 0 || p->threads) && strstr(machine, "processes") == NULL, freelist_random = draw(p, 8) == 0;

    p->classic = draw(p, 6) == 0;
    la_buf_printf(p->out, "```json machine\n%s%s%s%s%s%s, \"seed\": %u}\n```\n", machine,
                  draw(p, 2) || p->threads ? nic : "", boot ? ", \"boot\": true" : "", p->classic ? ", \"slab\": \"slab-2.6\"" : "",
                  freelist_random && !p->classic ? ", \"freelist_random\": true" : "", draw(p, 3) == 0 || p->threads ? fails[draw(p, 3)] : "", draw(p, 1000));
    return boot;
}

static inline void move_page(struct program *p)
{
    uint32_t at = draw(p, PROGRAM_PAGES);

    if (p->order[at] >= 0) {
        la_buf_printf(p->out, "if (page[%u])\n    __free_pages(page[%u], %d);\n", at, at, p->order[at]);
        p->order[at] = -1;
        return;
    }
    p->order[at] = (int)draw(p, draw(p, 5) == 0 ? 11 : 4);
    la_buf_printf(p->out, "page[%u] = alloc_pages(%s, %d);\n", at, draw_flags(p), p->order[at]);
}

static inline void move_addr(struct program *p)
{
    uint32_t at = draw(p, PROGRAM_ADDRS);

    if (p->addr[at] < 0) {
        p->addr[at] = (int)draw(p, 3);
        la_buf_printf(p->out, "addr[%u] = __get_free_pages(GFP_KERNEL%s, %d);\n", at, draw(p, 2) ? " | __GFP_ZERO" : "", p->addr[at]);
    } else if (draw(p, 2)) {
        la_buf_printf(p->out, "if (addr[%u])\n    memset((void *)addr[%u], %u, %u);\n", at, at, draw(p, 256), 1 + draw(p, 4096));
    } else {
        la_buf_printf(p->out, "free_pages(addr[%u], %d);\n", at, p->addr[at]);
        p->addr[at] = -1;
    }
}

static inline void other_statement(struct program *p)
{
    switch (draw(p, 8)) {
    case 0:
        la_buf_printf(p->out, "count += churn(%u, %u);\n", 1 + draw(p, 6), draw(p, 4));
        break;
    case 1:
        la_buf_puts(p->out, "printk(\"free %lu count %d\\n\", nr_free_pages(ZONE_NORMAL), count);\n");
        break;
    case 2:
        la_buf_printf(p->out, "for (int i = 0; i < %u; i++) {\n    struct page *brief = alloc_page(%s);\n    if (brief)\n        __free_page(brief);\n}\n",
                      1 + draw(p, 5), draw_flags(p));
        break;
    case 3:
        la_buf_printf(p->out, "count = (count << %u) ^ %u;\ncount %%= %u;\n", draw(p, 3), draw(p, 100), 1 + draw(p, 50));
        break;
    case 4:
        la_buf_puts(p->out, "local_irq_disable();\naddr[0] = addr[0];\nlocal_irq_enable();\n");
        break;
    case 5:
        la_buf_puts(p->out, "hoard();\n");
        break;
    default:
        move_addr(p);
    }
}

/** The mistakes of students: twice, the wrong order, nothing there. */
static inline void mistake(struct program *p)
{
    static const char *const mistakes[] = {
        "{\n    struct page *twice = alloc_page(GFP_KERNEL);\n    __free_page(twice);\n    __free_page(twice);\n}\n",
        "{\n    struct page *wrong = alloc_pages(GFP_KERNEL, 2);\n    __free_pages(wrong, 1);\n}\n",
        "*(int *)0 = 1;\n", "free_page(12345);\n", "preempt_disable();\naddr[1] = addr[1];\nalloc_page(GFP_KERNEL);\npreempt_enable();\n",
        "__free_page((struct page *)64);\n", "alloc_pages(GFP_KERNEL, 11);\n", "alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 3);\n"};

    la_buf_puts(p->out, mistakes[draw(p, sizeof mistakes / sizeof mistakes[0])]);
}

/** Append the lesson of @seed to @out. */
static inline void random_lesson(uint64_t seed, struct la_buf *out)
{
    struct program p = {.prng = {seed}, .out = out};

    memset(p.order, -1, sizeof p.order);
    memset(p.addr, -1, sizeof p.addr);
    p.threads = draw(&p, 4) != 0;
    bool boot = write_machine(&p), uses_addresses = draw(&p, 2) || boot || p.threads, sloppy = draw(&p, 4) == 0;

    la_buf_puts(out, "```c\nstruct page *page[12];\nunsigned long addr[4];\nstruct page *heap[40];\nint count = 0;\n\n"
                     "int churn(int n, int order)\n{\n    int got = 0;\n    while (n-- > 0) {\n        struct page *p = alloc_pages(GFP_KERNEL | __GFP_NORETRY, order);\n"
                     "        if (!p)\n            return got;\n        got++;\n        __free_pages(p, order);\n    }\n    return got;\n}\n\n"
                     "void hoard(void)\n{\n    int n;\n    for (n = 0; n < 40; n++)\n        heap[n] = alloc_page(GFP_NOWAIT | __GFP_NOWARN);\n"
                     "    while (n-- > 0)\n        if (heap[n])\n            __free_page(heap[n]);\n}\n\n");
    struct gen_objects objects = {.prng = &p.prng, .out = out, .classic = p.classic};
    struct gen_fill fill = {.prng = &p.prng, .out = out};
    bool uses_objects = draw(&p, 2) || p.threads;

    if (uses_addresses)
        gen_addresses_head(&fill);
    if (boot)
        gen_addresses_boot(&fill, sloppy && !p.threads);
    if (uses_objects) {
        gen_objects_head(&objects);
        gen_objects_begin(&objects);
    }
    if (p.threads) {
        gen_threads_head(&fill);
        gen_threads_begin(&fill);
        gen_threads_taste(&fill);
    }
    for (uint32_t n = 5 + draw(&p, uses_objects || uses_addresses ? 60 : 30); n; n--) {
        if (p.threads && draw(&p, 2))
            gen_threads_statement(&fill);
        else if (draw(&p, uses_objects ? 200 : 30) == 0)
            mistake(&p);
        else if (uses_objects && draw(&p, 24) == 0)
            gen_objects_mistake(&objects);
        else if (uses_addresses && sloppy && draw(&p, 8) == 0)
            gen_addresses_mistake(&fill);
        else if (uses_objects && draw(&p, uses_addresses ? 3 : 4))
            gen_objects_statement(&objects);
        else if (uses_addresses && draw(&p, 4))
            gen_addresses_statement(&fill);
        else if (draw(&p, 3))
            move_page(&p);
        else
            other_statement(&p);
    }
    if (p.threads)
        gen_threads_end(&fill);
    if (uses_addresses)
        gen_addresses_end(&fill);
    if (uses_objects)
        gen_objects_end(&objects);
    la_buf_puts(out, "```\n");
}

#endif
