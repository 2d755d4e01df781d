/*
 * gen_addresses.h: random statements with vmalloc, ioremap, per-CPU memory and the boot, for the two generators of
 * programs.
 *
 *     char *area[8]; unsigned long room[8];     vmalloc                  struct page *plain[6]; char *view;   vmap
 *     char *any[8];                             kvmalloc                 void *io[8];                         ioremap
 *     int *share[8]; struct desk *desks[4];     alloc_percpu             struct percpu_counter meter[2];
 *     char *before[8]; unsigned long length[8]; taken before mem_init()
 *
 * The program's own functions (stretch, slack ...) keep the books, so that programs are correct
 * however their statements are mixed.  gen_addresses_mistake() breaks the rules on purpose: what a
 * student would do wrong, and what only a fuzzer would.
 */
#ifndef LA_TESTS_GEN_ADDRESSES_H
#define LA_TESTS_GEN_ADDRESSES_H

#include "property/gen_fill.h"

/** What every program declares: the books, and the functions that keep them. */
static inline void gen_addresses_head(struct gen_fill *g)
{
    static const char books[] =
        "struct desk { int a; long b; char c[$n]; };\n"
        "DEFINE_PER_CPU(int, hits) = $n;\nDEFINE_PER_CPU(int[3], triple);\nDEFINE_PER_CPU(struct desk, station);\n"
        "EXPORT_PER_CPU_SYMBOL(hits);\n"
        "char *area[8], *any[8], *view;\nunsigned long room[8];\nstruct page *plain[6];\nvoid *io[8];\nint viewed, "
        "metered[2];\nlong long seen;\n"
        "int *share[8];\nstruct desk *desks[4];\nstruct percpu_counter meter[2];\n";
    static const char functions[] =
        "void stretch(int i, unsigned long bytes, int how)\n{\n    if (area[i])\n        return;\n    area[i] = how == "
        "0 ? "
        "vmalloc(bytes) : how == 1 ? vzalloc(bytes) : __vmalloc(bytes, GFP_KERNEL | __GFP_HIGHMEM);\n"
        "    room[i] = area[i] ? bytes : 0;\n}\n"
        "void slack(int i)\n{\n    vfree(area[i]);\n    area[i] = NULL;\n    room[i] = 0;\n}\n"
        "void spread(int nr)\n{\n    if (viewed)\n        return;\n    while (viewed < nr) {\n        plain[viewed] = "
        "alloc_page(GFP_KERNEL);\n        if (!plain[viewed])\n            break;\n        viewed++;\n    }\n"
        "    view = viewed ? vmap(plain, viewed, VM_MAP, PAGE_KERNEL) : NULL;\n}\n"
        "void fold(void)\n{\n    if (view)\n        vunmap(view);\n    view = NULL;\n    while (viewed > 0)\n        "
        "__free_page(plain[--viewed]);\n}\n"
        "void bind(int i, unsigned long at, unsigned long bytes)\n{\n    if (!io[i])\n        io[i] = ioremap(at, "
        "bytes);\n}\n"
        "void unbind(int i)\n{\n    if (io[i])\n        iounmap(io[i]);\n    io[i] = NULL;\n}\n"
        "void everywhere(int i, int add)\n{\n    unsigned int cpu;\n    for (cpu = 0; share[i] && cpu < "
        "num_online_cpus(); cpu++)\n        *per_cpu_ptr(share[i], cpu) += add;\n}\n"
        "void unshare(int i)\n{\n    free_percpu(share[i]);\n    share[i] = NULL;\n}\n"
        "void begin_meter(int i, long from)\n{\n    if (!metered[i])\n        metered[i] = "
        "percpu_counter_init(&meter[i], from, GFP_KERNEL) == 0;\n}\n"
        "void end_meter(int i)\n{\n    if (metered[i])\n        percpu_counter_destroy(&meter[i]);\n    metered[i] = "
        "0;\n}\n";

    gen_fill(g, books);
    la_buf_puts(g->out, functions);
}

static inline void addresses_vmalloc_statement(struct gen_fill *g)
{
    static const char *const patterns[] = {
        "stretch($i, $s, $k);\n",
        "stretch($i, $s, $k);\n",
        "slack($j);\nstretch($j, $s, 0);\n",
        "slack($i);\n",
        "if (area[$i])\n    area[$i][room[$i] - 1] = $n;\n",
        "if (area[$i])\n    memset(area[$i], $n, room[$i] < 9000 ? room[$i] : 9000);\n",
        "if (area[$i])\n    seen += area[$i][room[$i] / 2] + area[$i][0];\n",
        "if (area[$i])\n    seen += page_to_pfn(vmalloc_to_page(area[$i] + room[$i] / 2));\n",
        "if (area[$i] && area[$j])\n    memcpy(area[$i], area[$j], room[$i] < room[$j] ? 1 + room[$i] / 9 : 1 + "
        "room[$j] / "
        "9);\n",
        "spread($p);\nif (view)\n    view[4096 * viewed - 1 - $n] = $n;\n",
        "if (view)\n    seen += view[$n] + *(char *)page_address(plain[0]);\n",
        "fold();\n",
        "vm_unmap_aliases();\n",
        "for (int i = 0; i < $p; i++)\n    vfree(vmalloc($s));\n",
        "for (int i = $k; i < 8; i++)\n    stretch(i, 4096 * (i + 1), $k);\n",
        "for (int i = 0; i < 8; i += $p)\n    slack(i);\n",
        "irq_enter();\nslack($i);\nirq_exit();\n",
        "kvfree(any[$i]);\nany[$i] = kvmalloc($s, $g);\n",
        "kvfree(any[$j]);\nany[$j] = kvzalloc($s, GFP_KERNEL);\n",
        "if (any[$i])\n    any[$i][0] = is_vmalloc_addr(any[$i]) ? $n : 1;\n",
        "kvfree(any[$i]);\nany[$i] = NULL;\nseen += nr_page_tables();\n",
    };

    GEN_FILL_ONE(g, patterns);
}

static inline void addresses_io_statement(struct gen_fill *g)
{
    static const char *const patterns[] = {
        "bind($i, 0xfeb00000 + 4096 * $k, 1 + 16 * $n);\n",
        "bind($i, 0xfeb00000 + $n, 8192);\n",
        "bind($i, 0xfd000000, 0x200000 * (1 + $k));\n",
        "unbind($i);\n",
        "unbind($j);\nif (!io[$j])\n    io[$j] = ioremap_wc(0xfe000000 + 4096 * $n, 4096 * $p);\n",
        "if (io[$i])\n    writel($n, io[$i] + 4 * $p);\n",
        "if (io[$i])\n    seen += readl(io[$i] + 4 * $k) + readw(io[$i] + 8) + readb(io[$i] + 0x20);\n",
        "if (io[$i]) {\n    iowrite8($n, io[$i] + 0x21);\n    writew($n, io[$i] + 0x24);\n    seen += ioread32(io[$i] "
        "+ "
        "0x20);\n}\n",
        "for (int i = 0; io[$i] && i < $p; i++)\n    writel(i, io[$i] + 0x10);\n",
    };

    GEN_FILL_ONE(g, patterns);
}

static inline void addresses_percpu_statement(struct gen_fill *g)
{
    static const char *const patterns[] = {
        "get_cpu_var(hits)++;\nput_cpu_var(hits);\n",
        "get_cpu_var(station).b += $n;\nput_cpu_var(station);\n",
        "per_cpu(triple, $c)[$n % 3] = seen;\n",
        "per_cpu(station, $c).a ^= per_cpu(hits, $c);\n",
        "this_cpu_add(hits, $n);\nseen += this_cpu_read(hits);\n",
        "this_cpu_write(hits, $n);\nthis_cpu_dec(hits);\n",
        "if (!share[$i])\n    share[$i] = alloc_percpu(int);\neverywhere($i, $n);\n",
        "if (!share[$i])\n    share[$i] = __alloc_percpu(4 + $s % 9000, 4 << $k);\n",
        "if (!share[$i])\n    share[$i] = __alloc_percpu_gfp(4 * $p, 8, $g);\nif (share[$i])\n    "
        "*this_cpu_ptr(share[$i]) = "
        "$n;\n",
        "for (int i = 0; i < 8; i++)\n    if (!share[i])\n        share[i] = __alloc_percpu($n * 16 + 4, 16);\n",
        "for (int i = $k; i < 8; i += $p)\n    unshare(i);\n",
        "unshare($i);\n",
        "unshare($j);\n",
        "everywhere($i, $k);\n",
        "if (!desks[$k])\n    desks[$k] = alloc_percpu(struct desk);\nif (desks[$k])\n    per_cpu_ptr(desks[$k], "
        "$c)->b = "
        "$n;\n",
        "free_percpu(desks[$k]);\ndesks[$k] = NULL;\n",
        "begin_meter($n & 1, $s);\n",
        "end_meter($n & 1);\n",
        "if (metered[0]) {\n    percpu_counter_add(&meter[0], $n);\n    seen += percpu_counter_read(&meter[0]);\n}\n",
        "if (metered[1]) {\n    percpu_counter_sub(&meter[1], $p);\n    percpu_counter_inc(&meter[1]);\n    seen += "
        "percpu_counter_sum(&meter[1]) + percpu_counter_compare(&meter[1], $n);\n}\n",
        "if (metered[0]) {\n    percpu_counter_set(&meter[0], -$n);\n    percpu_counter_add_batch(&meter[0], 1, "
        "$p);\n}\n",
        "{\n    int cpu = get_cpu();\n    if (share[$i])\n        *per_cpu_ptr(share[$i], cpu) -= 1;\n    "
        "put_cpu();\n}\n",
    };

    GEN_FILL_ONE(g, patterns);
}

/** One statement (a few lines). */
static inline void gen_addresses_statement(struct gen_fill *g)
{
    uint32_t kind = fill_below(g, 10);

    if (kind < 5)
        addresses_vmalloc_statement(g);
    else if (kind < 6)
        addresses_io_statement(g);
    else
        addresses_percpu_statement(g);
}

/** A mistake with addresses; what it breaks is only the program's. */
static inline void gen_addresses_mistake(struct gen_fill *g)
{
    static const char *const patterns[] = {
        /* vfree: twice, out of the middle, of something else */
        "vfree(area[$i]);\nslack($i);\n",
        "if (area[$i])\n    vfree(area[$i] + 4096 * $k);\n",
        "if (area[$i])\n    vfree(area[$i] + $n);\n",
        "vfree(page_address(plain[0]));\n",
        "vfree((void *)$s);\nvunmap((void *)$n);\n",
        "vfree(kmalloc(100, GFP_ATOMIC));\n",
        "if (area[$i])\n    kfree(area[$i]);\n",
        "vunmap(area[$i]);\narea[$i] = NULL;\n",
        "vfree(view);\nview = NULL;\n",
        /* a page of an area freed under its feet, and of a mapping */
        "if (area[$i])\n    __free_page(vmalloc_to_page(area[$i]));\n",
        "if (viewed)\n    __free_page(plain[0]);\n",
        "if (area[$i])\n    free_page((unsigned long)page_address(vmalloc_to_page(area[$i])));\nslack($i);\n",
        /* addresses that lead nowhere */
        "if (area[$i])\n    area[$i][(room[$i] + 4095) / 4096 * 4096] = $n;\n",
        "if (area[$i]) {\n    char *old = area[$i];\n    slack($i);\n    old[0] = $n;\n}\n",
        "if (area[$i])\n    seen += *(area[$i] - 1);\n",
        "if (area[$i])\n    memset(area[$i] + room[$i] - 1, $n, 9000);\n",
        "if (io[$i]) {\n    void *old = io[$i];\n    unbind($i);\n    seen += readl(old);\n}\n",
        "seen += readl((void *)0xfeb00000);\n",
        "if (io[$i])\n    iounmap(io[$i] + 4096);\n",
        "iounmap(io[$i]);\nunbind($i);\n",
        "vfree(io[$i]);\n",
        "iounmap(area[$i]);\n",
        "bind($i, 0x1000 * $n, 4096);\n",
        "bind($i, 0xfeb00000, 0);\nbind($j, 0, $s);\n",
        "bind($i, 0xffffffffffff0000, 0x20000);\n",
        "if (area[$i])\n    seen += __pa(area[$i]);\n",
        "seen += page_to_pfn(vmalloc_to_page((void *)$s));\n",
        /* sizes and places that cannot be */
        "stretch($i, 0, $k);\n",
        "stretch($i, -1UL - $n, $k);\n",
        "stretch($i, 4096UL * $s, $k);\n",
        "vmap(plain, 0, VM_MAP, PAGE_KERNEL);\nvmap((struct page **)$n, 2, VM_MAP, PAGE_KERNEL);\n",
        "vmap(plain, 6, VM_MAP, PAGE_KERNEL);\n",
        "irq_enter();\narea[$i] = area[$i] ? area[$i] : vmalloc(4096 * $p);\nirq_exit();\n",
        "preempt_disable();\nstretch($i, $s, 0);\npreempt_enable();\n",
        "any[$i] = kvmalloc($s * 9000UL, $g);\n",
        /* per-CPU memory */
        "if (share[$i])\n    *share[$i] = $n;\n",
        "if (share[$i])\n    *per_cpu_ptr(share[$i], num_online_cpus() + $k) = $n;\n",
        "free_percpu(share[$i]);\nunshare($i);\n",
        "if (share[$i])\n    free_percpu(share[$i] + 1);\n",
        "free_percpu((int *)$s);\nfree_percpu(&hits);\nfree_percpu(area[$i]);\n",
        "if (share[$i])\n    memset(per_cpu_ptr(share[$i], 0), $n, 40000);\n",
        "if (share[$i]) {\n    int *old = share[$i];\n    unshare($i);\n    *per_cpu_ptr(old, 0) = $n;\n}\n",
        "__alloc_percpu(0, $n);\n__alloc_percpu(40000, 4);\n__alloc_percpu(8, 8192);\n__alloc_percpu(8, $n);\n",
        "get_cpu_var(hits)++;\nmsleep($p);\nput_cpu_var(hits);\n",
        "get_cpu_var(hits)++;\n",
        "put_cpu_var(hits);\n",
        "hits = $n;\nseen += triple[1];\n",
        "vfree(per_cpu_ptr(share[$i], 0));\n",
        "percpu_counter_add(&meter[0], $n);\n",
        "percpu_counter_destroy(&meter[1]);\n",
        "meter[0].counters = (int *)$s;\nseen += percpu_counter_sum(&meter[0]);\n",
        "if (metered[0])\n    free_percpu(meter[0].counters);\n",
        /* boot-time calls when the boot is over */
        "alloc_bootmem($s);\n",
        "memblock_alloc($s, 64);\n",
        "mem_init();\n",
        "free_bootmem($s, 4096);\n",
    };

    gen_fill(g, "stretch($i, $s, 0);\n");
    GEN_FILL_ONE(g, patterns);
}

/** Give everything back. */
static inline void gen_addresses_end(struct gen_fill *g)
{
    la_buf_puts(
        g->out,
        "for (int i = 0; i < 8; i++) {\n    slack(i);\n    unbind(i);\n    unshare(i);\n    kvfree(any[i]);\n    "
        "free_percpu(desks[i & 3]);\n    desks[i & 3] = NULL;\n}\nfold();\nend_meter(0);\nend_meter(1);\n");
}

/** A program that begins before mem_init(): what is taken then, and the end of the boot.  @misuse: rules are broken. */
static inline void gen_addresses_boot(struct gen_fill *g, bool misuse)
{
    static const char *const patterns[] = {
        "early($i, alloc_bootmem($b), $b);\n",
        "early($i, alloc_bootmem_low($b), $b);\n",
        "early($i, alloc_bootmem_pages(4096 * $p), 4096 * $p);\n",
        "early($i, alloc_bootmem_low_pages($b), $b);\n",
        "early($i, __alloc_bootmem(16 * $n + 8, 64 << $k, 4096 * $n), 16 * $n + 8);\n",
        "early($i, memblock_alloc($b, 64 << $k), $b);\n",
        "early($i, memblock_alloc_raw(4096 * $p, 4096), 4096 * $p);\n",
        "early($i, memblock_alloc_low(1 + $n, 8), 1 + $n);\n",
        "early($i, memblock_alloc_from($b, 64, 4096 * $n), $b);\n",
        "if (before[$i])\n    free_bootmem(__pa(before[$i]), length[$i]);\nbefore[$i] = NULL;\n",
        "if (before[$i])\n    memblock_free(before[$i], length[$i]);\nbefore[$i] = NULL;\n",
        "if (before[$i])\n    before[$i][length[$i] - 1] = $n;\n",
        "reserve_bootmem(4096 * ($n & 31) + $p, 4 * $p);\n",
        "memblock_set_bottom_up($n & 1);\n",
        "get_cpu_var(hits)++;\nput_cpu_var(hits);\n",
    };
    static const char *const mistakes[] = {
        "if (before[$i])\n    free_bootmem(__pa(before[$i]), length[$i] + 4096 * $p);\n",
        "if (before[$i])\n    free_bootmem(__pa(before[$i]) - 4096, length[$i]);\n",
        "if (before[$i]) {\n    memblock_free(before[$i], length[$i]);\n    memblock_free(before[$i], "
        "length[$i]);\n}\n",
        "memblock_phys_free(4096 * $n, $s);\n",
        "reserve_bootmem(4096 * $n, $s);\nmemblock_reserve($s, $s);\n",
        "alloc_page(GFP_KERNEL);\n",
        "__free_page(pfn_to_page($n));\n",
        "kmalloc($n, GFP_ATOMIC);\n",
        "stretch($i, $s, 0);\n",
        "if (!share[$i])\n    share[$i] = alloc_percpu(int);\n",
        "__alloc_bootmem(4096, $n, 0);\n",
        "early($i, alloc_bootmem($s), $s);\n",
        "reserve_bootmem(4096 * $n + $p, 4 * $n);\n",
        "memblock_alloc($s * 100UL, $n);\n",
        "free_bootmem($s * 1000UL, $s);\n",
        "memblock_free((void *)$s, $s);\n",
        "*(int *)$s = 1;\n",
        "bind($i, 0xfeb00000, 4096);\n",
    };

    la_buf_puts(g->out, "char *before[8];\nunsigned long length[8];\n"
                        "void early(int i, void *p, unsigned long bytes)\n{\n    before[i] = p;\n    length[i] = "
                        "bytes;\n}\n");
    gen_fill(g, patterns[0]);
    for (uint32_t n = fill_below(g, 14); n; n--)
        if (misuse && fill_below(g, 5) == 0)
            GEN_FILL_ONE(g, mistakes);
        else
            GEN_FILL_ONE(g, patterns);
    if (!misuse || fill_below(g, 8))
        la_buf_puts(g->out, "mem_init();\n");
}

#endif
