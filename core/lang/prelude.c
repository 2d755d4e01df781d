/*
 * prelude.c: what every program finds declared: the kernel's types, constants and macros.
 *
 *     words of 32 or 64 bits -> types -> constants -> errno.def -> slab_flag.def -> macro.def -> the lesson
 *
 * It is C that our own parser reads before the lesson; names that depend on the machine's word
 * size are given by a few lines in front.  A lesson may declare any of these names again.
 *
 * Deviations:
 *  A. Zone numbers are the same on every machine (ZONE_DMA 0, DMA32 1, NORMAL 2, HIGHMEM 3,
 *     MOVABLE 4), whichever zones it has.
 *  B. spinlock_t is one word.
 *
 * Sources: Linux 6.1.192 include/linux/types.h, mm_types.h, mmzone.h, kernel.h, align.h,
 * include/uapi/asm-generic/errno-base.h, include/linux/sched.h.
 */
#include "lang/compiler.h"

#define WORDS_32                                                                                                       \
    "typedef unsigned int size_t; typedef int ssize_t;"                                                                \
    "typedef unsigned int dma_addr_t; typedef unsigned long phys_addr_t; typedef unsigned long resource_size_t;"       \
    "typedef unsigned int uintptr_t;\n"                                                                                \
    "#define BITS_PER_LONG 32\n"                                                                                       \
    "#define ULONG_MAX 0xffffffffUL\n"                                                                                 \
    "#define LONG_MAX 0x7fffffffL\n"

#define WORDS_64                                                                                                       \
    "typedef unsigned long size_t; typedef long ssize_t;"                                                              \
    "typedef unsigned long long dma_addr_t; typedef unsigned long long phys_addr_t;"                                   \
    "typedef unsigned long long resource_size_t; typedef unsigned long uintptr_t;\n"                                   \
    "#define BITS_PER_LONG 64\n"                                                                                       \
    "#define ULONG_MAX 0xffffffffffffffffUL\n"                                                                         \
    "#define LONG_MAX 0x7fffffffffffffffL\n"

#define PAGE_32 "unsigned long private; atomic_t _mapcount; atomic_t _refcount; };\n"
#define PAGE_64 "unsigned long private; atomic_t _mapcount; atomic_t _refcount; unsigned long memcg_data; };\n"

#define TYPES                                                                                                          \
    "typedef _Bool bool;"                                                                                              \
    "typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;"  \
    "typedef signed char s8; typedef short s16; typedef int s32; typedef long long s64;"                               \
    "typedef u8 __u8; typedef u16 __u16; typedef u32 __u32; typedef u64 __u64;"                                        \
    "typedef s8 __s8; typedef s16 __s16; typedef s32 __s32; typedef s64 __s64;"                                        \
    "typedef u8 uint8_t; typedef u16 uint16_t; typedef u32 uint32_t; typedef u64 uint64_t;"                            \
    "typedef s8 int8_t; typedef s16 int16_t; typedef s32 int32_t; typedef s64 int64_t;"                                \
    "typedef unsigned char uchar; typedef unsigned int uint; typedef unsigned long ulong;"                             \
    "typedef unsigned int gfp_t; typedef unsigned int slab_flags_t; typedef unsigned long pgoff_t;"                    \
    "typedef long long loff_t; typedef int irqreturn_t; typedef int pid_t;"                                            \
    "typedef struct { int counter; } atomic_t;"                                                                        \
    "typedef struct spinlock { unsigned int locked; } spinlock_t;"                                                     \
    "struct mutex { unsigned int owner; }; struct completion { unsigned int done; };"                                  \
    "typedef struct wait_queue_head { unsigned int lock; } wait_queue_head_t;"                                         \
    "typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);"                                                     \
    "typedef struct mempool_s mempool_t; typedef struct kmem_cache kmem_cache_t;"                                      \
    "typedef unsigned long pgprot_t; struct percpu_counter { s64 count; s32 *counters; };"                    \
    "struct list_head { struct list_head *next, *prev; };"                                                             \
    "struct task_struct { unsigned int flags; int pid; char comm[16]; };"                                              \
    "struct kmem_cache_order_objects { unsigned int x; };"                                                             \
    "struct kmem_cache { void *cpu_slab; slab_flags_t flags; unsigned long min_partial; unsigned int size, object_size," \
    " offset, cpu_partial, cpu_partial_slabs; struct kmem_cache_order_objects oo, min; gfp_t allocflags; int refcount;"   \
    " void (*ctor)(void *); unsigned int inuse, align, red_left_pad; const char *name; };"                             \
    "typedef struct kmem_cache kmem_cache_t;"                                                                          \
    "typedef void *(mempool_alloc_t)(gfp_t gfp_mask, void *pool_data);"                                                \
    "typedef void (mempool_free_t)(void *element, void *pool_data);"                                                   \
    "typedef struct mempool_s { spinlock_t lock; int min_nr, curr_nr; void **elements; void *pool_data;"               \
    " mempool_alloc_t *alloc; mempool_free_t *free; } mempool_t;"                                                      \
    "struct page { unsigned long flags; struct list_head lru; void *mapping; unsigned long index;"

#define CONSTANTS                                                                                                      \
    "enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE };"                                \
    "enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO };"                                          \
    "enum migratetype { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_HIGHATOMIC };"                \
    "enum { false, true };"                                                                                            \
    "enum { PF_MEMALLOC = 0x800, PF_MEMALLOC_NOFS = 0x40000, PF_MEMALLOC_NOIO = 0x80000 };\n"

#define VALUES                                                                                                         \
    "#define SLAB_DESTROY_BY_RCU SLAB_TYPESAFE_BY_RCU\n"                                                               \
    "#define SLAB_CTOR_CONSTRUCTOR 1UL\n"                                                                              \
    "#define SLAB_CTOR_ATOMIC 2UL\n"                                                                                   \
    "#define SLAB_CTOR_VERIFY 4UL\n"                                                                                   \
    "#define KMALLOC_MAX_CACHE_SIZE 8192UL\n"                                                                          \
    "#define KMALLOC_MAX_SIZE 0x400000UL\n"                                                                            \
    "#define KMALLOC_MIN_SIZE 8\n"                                                                                     \
    "#define ZERO_SIZE_PTR ((void *)16)\n"                                                                             \
    "#define kmem_cache_s kmem_cache\n"                                                                                \
    "#define POISON_INUSE 0x5a\n"                                                                                      \
    "#define POISON_FREE 0x6b\n"                                                                                       \
    "#define POISON_END 0xa5\n"                                                                                        \
    "#define SLUB_RED_INACTIVE 0xbb\n"                                                                                 \
    "#define SLUB_RED_ACTIVE 0xcc\n"                                                                                   \
    "#define NULL ((void *)0)\n"                                                                                       \
    "#define PAGE_SHIFT 12\n"                                                                                          \
    "#define PAGE_SIZE (1UL << PAGE_SHIFT)\n"                                                                          \
    "#define PAGE_MASK (~(PAGE_SIZE - 1))\n"                                                                           \
    "#define MAX_ORDER 11\n"                                                                                           \
    "#define PAGE_ALLOC_COSTLY_ORDER 3\n"                                                                              \
    "#define NUMA_NO_NODE (-1)\n"                                                                                      \
    "#define HZ 250\n"                                                                                                 \
    "#define INT_MAX 0x7fffffff\n"                                                                                     \
    "#define INT_MIN (-INT_MAX - 1)\n"                                                                                 \
    "#define UINT_MAX 0xffffffffU\n"                                                                                   \
    "#define SZ_4K 0x1000\n"                                                                                           \
    "#define SZ_64K 0x10000\n"                                                                                         \
    "#define SZ_1M 0x100000\n"                                                                                         \
    "#define KERN_EMERG \"\\0010\"\n"                                                                                  \
    "#define KERN_ALERT \"\\0011\"\n"                                                                                  \
    "#define KERN_CRIT \"\\0012\"\n"                                                                                   \
    "#define KERN_ERR \"\\0013\"\n"                                                                                    \
    "#define KERN_WARNING \"\\0014\"\n"                                                                                \
    "#define KERN_NOTICE \"\\0015\"\n"                                                                                 \
    "#define KERN_INFO \"\\0016\"\n"                                                                                   \
    "#define KERN_DEBUG \"\\0017\"\n"                                                                                  \
    "#define KERN_CONT \"\\001c\"\n"                                                                                   \
    "#define KERN_DEFAULT \"\"\n"                                                                                      \
    "#define TASK_RUNNING 0L\n"                                                                                        \
    "#define TASK_INTERRUPTIBLE 1L\n"                                                                                  \
    "#define TASK_UNINTERRUPTIBLE 2L\n"                                                                                \
    "#define IRQ_NONE 0\n"                                                                                             \
    "#define IRQ_HANDLED 1\n"                                                                                          \
    "#define IRQF_SHARED 0x80UL\n"                                                                                     \
    "#define MAX_ERRNO 4095\n"                                                                                         \
    "#define page_ref_count page_count\n"                                                                              \
    "#define S_IRUGO 0444\n" \
    "#define S_IWUSR 0200\n" \
    "#define __percpu\n"                                                                                               \
    "#define VM_MAP 0x4UL\n"                                                                                           \
    "#define VM_ALLOC 0x2UL\n"                                                                                         \
    "#define VM_IOREMAP 0x1UL\n"                                                                                       \
    "#define PAGE_KERNEL 0x163UL\n"

static const char *const macros =
    "enum { "
#define LA_ERRNO(name, number) #name " = " #number ", "
#include "lang/errno.def"
    "};\n"
#define LA_SLAB_FLAG(name, value, group, help) "#define " #name " " #value "U\n"
#define LA_SLAB_OLD(name, value, help) "#define " #name " " #value "U\n"
#include "mm/slab_flag.def"
#define LA_MACRO(name, parameters, body, header, part, context, since, removed, replaced_by, help)                     \
    "#define " #name parameters " " body "\n"
#include "lang/macro.def"
    ;

void la_prelude_text(uint32_t pointer_bytes, const char *text[2])
{
    text[0] = pointer_bytes == 8 ? WORDS_64 TYPES PAGE_64 CONSTANTS VALUES : WORDS_32 TYPES PAGE_32 CONSTANTS VALUES;
    text[1] = macros;
}
