/*
 * prelude.c: what every program finds declared: the kernel's types, constants and macros.
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
    "enum { EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, EAGAIN = 11, ENOMEM = 12, EFAULT = 14,"    \
    " EBUSY = 16, EEXIST = 17, ENODEV = 19, EINVAL = 22, ENOTTY = 25, ENOSPC = 28, ERANGE = 34, EOVERFLOW = 75,"       \
    " ETIMEDOUT = 110, ERESTARTSYS = 512 };"                                                                                                            \
    "enum { PF_MEMALLOC = 0x800, PF_MEMALLOC_NOFS = 0x40000, PF_MEMALLOC_NOIO = 0x80000 };\n"

#define MACROS                                                                                                         \
    "#define SLAB_CONSISTENCY_CHECKS 0x100U\n"                                                                         \
    "#define SLAB_RED_ZONE 0x400U\n"                                                                                   \
    "#define SLAB_POISON 0x800U\n"                                                                                     \
    "#define SLAB_HWCACHE_ALIGN 0x2000U\n"                                                                             \
    "#define SLAB_CACHE_DMA 0x4000U\n"                                                                                 \
    "#define SLAB_CACHE_DMA32 0x8000U\n"                                                                               \
    "#define SLAB_STORE_USER 0x10000U\n"                                                                               \
    "#define SLAB_RECLAIM_ACCOUNT 0x20000U\n"                                                                          \
    "#define SLAB_PANIC 0x40000U\n"                                                                                    \
    "#define SLAB_TYPESAFE_BY_RCU 0x80000U\n"                                                                          \
    "#define SLAB_DESTROY_BY_RCU SLAB_TYPESAFE_BY_RCU\n"                                                               \
    "#define SLAB_MEM_SPREAD 0x100000U\n"                                                                              \
    "#define SLAB_TRACE 0x200000U\n"                                                                                   \
    "#define SLAB_NOLEAKTRACE 0x800000U\n"                                                                             \
    "#define SLAB_ACCOUNT 0x4000000U\n"                                                                                \
    "#define SLAB_NO_USER_FLAGS 0x10000000U\n"                                                                         \
    "#define SLAB_DEBUG_FREE 0x100UL\n"                                                                                \
    "#define SLAB_DEBUG_INITIAL 0x200UL\n"                                                                             \
    "#define SLAB_NO_REAP 0x1000UL\n"                                                                                  \
    "#define SLAB_MUST_HWCACHE_ALIGN 0x8000UL\n"                                                                       \
    "#define SLAB_CTOR_CONSTRUCTOR 1UL\n"                                                                              \
    "#define SLAB_CTOR_ATOMIC 2UL\n"                                                                                   \
    "#define SLAB_CTOR_VERIFY 4UL\n"                                                                                   \
    "#define KMALLOC_MAX_CACHE_SIZE 8192UL\n"                                                                          \
    "#define KMALLOC_MAX_SIZE 0x400000UL\n"                                                                            \
    "#define KMALLOC_MIN_SIZE 8\n"                                                                                     \
    "#define ZERO_SIZE_PTR ((void *)16)\n"                                                                             \
    "#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)\n"                               \
    "#define kmem_cache_s kmem_cache\n"                                                                                \
    "#define KMEM_CACHE(s, flags) kmem_cache_create(#s, sizeof(struct s), 0, (flags), NULL)\n"                        \
    "#define POISON_INUSE 0x5a\n"                                                                                      \
    "#define POISON_FREE 0x6b\n"                                                                                       \
    "#define POISON_END 0xa5\n"                                                                                        \
    "#define SLUB_RED_INACTIVE 0xbb\n"                                                                                 \
    "#define SLUB_RED_ACTIVE 0xcc\n"                                                                                   \
    "#define mempool_init_slab_pool(pool, nr, cache) mempool_init(pool, nr, mempool_alloc_slab, mempool_free_slab, (void *)(cache))\n" \
    "#define mempool_init_kmalloc_pool(pool, nr, size) mempool_init(pool, nr, mempool_kmalloc, mempool_kfree, (void *)(unsigned long)(size))\n" \
    "#define mempool_init_page_pool(pool, nr, order) mempool_init(pool, nr, mempool_alloc_pages, mempool_free_pages, (void *)(unsigned long)(order))\n" \
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
    "#define min(a, b) ((a) < (b) ? (a) : (b))\n"                                                                      \
    "#define max(a, b) ((a) > (b) ? (a) : (b))\n"                                                                      \
    "#define min_t(t, a, b) ((t)(a) < (t)(b) ? (t)(a) : (t)(b))\n"                                                     \
    "#define max_t(t, a, b) ((t)(a) > (t)(b) ? (t)(a) : (t)(b))\n"                                                     \
    "#define clamp(v, lo, hi) min(max(v, lo), hi)\n"                                                                   \
    "#define swap(a, b) do { typeof(a) swap_old = (a); (a) = (b); (b) = swap_old; } while (0)\n"                       \
    "#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))\n"                                                             \
    "#define ALIGN(x, a) (((x) + (typeof(x))(a) - 1) & ~((typeof(x))(a) - 1))\n"                                       \
    "#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a) - 1))\n"                                                         \
    "#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a) - 1)) == 0)\n"                                                   \
    "#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)\n"                                                                      \
    "#define PAGE_ALIGNED(x) IS_ALIGNED((unsigned long)(x), PAGE_SIZE)\n"                                              \
    "#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))\n"                                                             \
    "#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)\n"                                                        \
    "#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)\n"                                                                        \
    "#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)\n"                                                           \
    "#define BIT(n) (1UL << (n))\n"                                                                                    \
    "#define offsetof(type, member) ((size_t)&((type *)0)->member)\n"                                                  \
    "#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))\n"                         \
    "#define likely(x) (x)\n"                                                                                          \
    "#define unlikely(x) (x)\n"                                                                                        \
    "#define READ_ONCE(x) (x)\n"                                                                                       \
    "#define WRITE_ONCE(x, v) ((x) = (v))\n"                                                                           \
    "#define DEFINE_SPINLOCK(name) spinlock_t name\n"                                                          \
    "#define DEFINE_MUTEX(name) struct mutex name\n"                                                           \
    "#define DECLARE_COMPLETION(name) struct completion name\n"                                                \
    "#define DECLARE_COMPLETION_ONSTACK(name) struct completion name = { 0 }\n"                                        \
    "#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name\n"                                           \
    "#define init_waitqueue_head(wq) ((wq)->lock = 0)\n"                                                               \
    "#define wait_event(wq, condition) while (!__wait_event(&(wq), !!(condition), 0)) { }\n"                           \
    "#define wait_event_interruptible(wq, condition) while (!__wait_event(&(wq), !!(condition), 1)) { }\n"             \
    "#define wake_up_all(wq) wake_up(wq)\n"                                                                            \
    "#define wake_up_interruptible(wq) wake_up(wq)\n"                                                                  \
    "#define TASK_RUNNING 0L\n"                                                                                        \
    "#define TASK_INTERRUPTIBLE 1L\n"                                                                                  \
    "#define TASK_UNINTERRUPTIBLE 2L\n"                                                                                \
    "#define __set_current_state(state) set_current_state(state)\n"                                                    \
    "#define yield() schedule()\n"                                                                                     \
    "#define raw_smp_processor_id() smp_processor_id()\n"                                                              \
    "#define IRQ_NONE 0\n"                                                                                             \
    "#define IRQ_HANDLED 1\n"                                                                                          \
    "#define IRQF_SHARED 0x80UL\n"                                                                                     \
    "#define MAX_ERRNO 4095\n"                                                                                         \
    "#define IS_ERR(ptr) ((unsigned long)(void *)(ptr) >= (unsigned long)-MAX_ERRNO)\n"                                \
    "#define PTR_ERR(ptr) ((long)(void *)(ptr))\n"                                                                     \
    "#define ERR_PTR(error) ((void *)(long)(error))\n"                                                                  \
    "#define IS_ERR_OR_NULL(ptr) (!(ptr) || IS_ERR(ptr))\n" \
    "#define PTR_ERR_OR_ZERO(ptr) (IS_ERR(ptr) ? PTR_ERR(ptr) : 0)\n" \
    "#define ERR_CAST(ptr) ((void *)(ptr))\n" \
    "#define LIST_HEAD_INIT(name) { &(name), &(name) }\n" \
    "#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)\n" \
    "#define list_entry(ptr, type, member) container_of(ptr, type, member)\n" \
    "#define list_first_entry(ptr, type, member) list_entry((ptr)->next, type, member)\n" \
    "#define list_last_entry(ptr, type, member) list_entry((ptr)->prev, type, member)\n" \
    "#define list_first_entry_or_null(ptr, type, member) (list_empty(ptr) ? NULL : list_first_entry(ptr, type, member))\n" \
    "#define list_next_entry(pos, member) list_entry((pos)->member.next, typeof(*(pos)), member)\n" \
    "#define list_prev_entry(pos, member) list_entry((pos)->member.prev, typeof(*(pos)), member)\n" \
    "#define list_is_singular(head) (!list_empty(head) && (head)->next == (head)->prev)\n" \
    "#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)\n" \
    "#define list_for_each_prev(pos, head) for (pos = (head)->prev; pos != (head); pos = pos->prev)\n" \
    "#define list_for_each_safe(pos, n, head) for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)\n" \
    "#define list_for_each_entry(pos, head, member) for (pos = list_first_entry(head, typeof(*pos), member); &pos->member != (head); pos = list_next_entry(pos, member))\n" \
    "#define list_for_each_entry_reverse(pos, head, member) for (pos = list_last_entry(head, typeof(*pos), member); &pos->member != (head); pos = list_prev_entry(pos, member))\n" \
    "#define list_for_each_entry_safe(pos, n, head, member) for (pos = list_first_entry(head, typeof(*pos), member), n = list_next_entry(pos, member); &pos->member != (head); pos = n, n = list_next_entry(n, member))\n" \
    "#define ATOMIC_INIT(i) { (i) }\n" \
    "#define atomic_read(v) ((v)->counter)\n" \
    "#define atomic_set(v, i) ((v)->counter = (i))\n" \
    "#define atomic_add(i, v) ((v)->counter += (i))\n" \
    "#define atomic_sub(i, v) ((v)->counter -= (i))\n" \
    "#define atomic_inc(v) atomic_add(1, v)\n" \
    "#define atomic_dec(v) atomic_sub(1, v)\n" \
    "#define atomic_add_return(i, v) atomic_add(i, v)\n" \
    "#define atomic_sub_return(i, v) atomic_sub(i, v)\n" \
    "#define atomic_inc_return(v) atomic_add(1, v)\n" \
    "#define atomic_dec_return(v) atomic_sub(1, v)\n" \
    "#define atomic_inc_and_test(v) (atomic_add(1, v) == 0)\n" \
    "#define atomic_dec_and_test(v) (atomic_sub(1, v) == 0)\n" \
    "#define page_ref_count page_count\n"                                                                              \
    "#define module_init(f) f()\n"                                                                                     \
    "#define module_exit(f)\n"                                                                                         \
    "#define MODULE_LICENSE(text)\n"                                                                                   \
    "#define MODULE_AUTHOR(text)\n"                                                                                    \
    "#define MODULE_DESCRIPTION(text)\n"                                                                               \
    "#define MODULE_VERSION(text)\n" \
    "#define MODULE_PARM_DESC(name, text)\n" \
    "#define module_param(name, type, perm)\n" \
    "#define S_IRUGO 0444\n" \
    "#define S_IWUSR 0200\n" \
    "#define __percpu\n"                                                                                               \
    "#define VM_MAP 0x4UL\n"                                                                                           \
    "#define VM_ALLOC 0x2UL\n"                                                                                         \
    "#define VM_IOREMAP 0x1UL\n"                                                                                       \
    "#define PAGE_KERNEL 0x163UL\n"                                                                                    \
    "#define DEFINE_PER_CPU(type, name) __percpu_section typeof(type) name\n"                                                           \
    "#define DECLARE_PER_CPU(type, name) extern __percpu_section typeof(type) name\n"                                                                              \
    "#define EXPORT_PER_CPU_SYMBOL(name) extern __percpu_section __ksymtab typeof(name) name\n"                                                                            \
    "#define EXPORT_PER_CPU_SYMBOL_GPL(name) extern __percpu_section __ksymtab_gpl typeof(name) name\n"                                                                        \
    "#define alloc_percpu(type) ((typeof(type) *)__alloc_percpu(sizeof(type), sizeof(type) % 8 == 0 ? 8 : 4))\n"       \
    "#define per_cpu_ptr(ptr, cpu) ((typeof(ptr))__per_cpu_ptr((const void *)(ptr), (cpu)))\n"                         \
    "#define this_cpu_ptr(ptr) ((typeof(ptr))__this_cpu_ptr((const void *)(ptr)))\n"                                   \
    "#define raw_cpu_ptr(ptr) this_cpu_ptr(ptr)\n"                                                                     \
    "#define get_cpu_ptr(ptr) ((typeof(ptr))__get_cpu_ptr((const void *)(ptr)))\n"                                     \
    "#define put_cpu_ptr(ptr) preempt_enable()\n"                                                                      \
    "#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), (cpu)))\n"                                                        \
    "#define get_cpu_var(var) (*get_cpu_ptr(&(var)))\n"                                                                \
    "#define put_cpu_var(var) preempt_enable()\n"                                                                      \
    "#define __get_cpu_var(var) (*this_cpu_ptr(&(var)))\n"                                                             \
    "#define this_cpu_read(var) (*this_cpu_ptr(&(var)))\n"                                                             \
    "#define this_cpu_write(var, value) (*this_cpu_ptr(&(var)) = (value))\n"                                           \
    "#define this_cpu_add(var, value) (*this_cpu_ptr(&(var)) += (value))\n"                                            \
    "#define this_cpu_sub(var, value) (*this_cpu_ptr(&(var)) -= (value))\n"                                            \
    "#define this_cpu_inc(var) this_cpu_add(var, 1)\n"                                                                 \
    "#define this_cpu_dec(var) this_cpu_sub(var, 1)\n"                                                                 \
    "#define EXPORT_SYMBOL(name)\n"                                                                                    \
    "#define EXPORT_SYMBOL_GPL(name)\n"

const char *la_prelude_text(uint32_t pointer_bytes)
{
    return pointer_bytes == 8 ? WORDS_64 TYPES PAGE_64 CONSTANTS MACROS : WORDS_32 TYPES PAGE_32 CONSTANTS MACROS;
}
