/*
 * call_list.c: linked lists as the kernel has them, two pointers inside of what is linked.
 *
 *     head        a.list       b.list
 *     [next]----->[next]------>[next]-----> back to head
 *     [prev]<-----[prev]<------[prev]<----- of head
 *
 * The pointers lie in the program's own memory, so a list can be damaged, walked into freed memory, or followed after
 * list_del() to the poison that leads to a fault.  Macros that only look (list_entry, list_for_each_entry) are in the
 * prelude.
 *
 * Cost: a few words each.  Source: Linux 6.1.192 include/linux/list.h, poison.h, without CONFIG_DEBUG_LIST.
 */
#include "lang/interp.h"

#define LIST_POISON1 UINT64_C(0x100)
#define LIST_POISON2 UINT64_C(0x122)
#define POISON_POINTER_DELTA UINT64_C(0xdead000000000000) /* CONFIG_ILLEGAL_POINTER_VALUE of x86_64; 0 on i386 */

static uint32_t word_bytes(const struct la_call *call)
{
    return call->mm->layout.pointer_bytes;
}

/* The pointers of the struct list_head at @entry; 0 after a fault (call->stop). */
static uint64_t load(struct la_call *call, uint64_t at)
{
    unsigned char bytes[8];

    return la_call_read(call, at, bytes, word_bytes(call)) ? la_load_le(bytes, word_bytes(call)) : 0;
}

static void store(struct la_call *call, uint64_t at, uint64_t pointer)
{
    unsigned char bytes[8];

    la_store_le(bytes, word_bytes(call), pointer);
    (void)(call->stop || la_call_write(call, at, bytes, word_bytes(call)));
}

static uint64_t next_of(struct la_call *call, uint64_t entry)
{
    return load(call, entry);
}

static uint64_t prev_of(struct la_call *call, uint64_t entry)
{
    return load(call, entry + word_bytes(call));
}

static void set_next(struct la_call *call, uint64_t entry, uint64_t next)
{
    store(call, entry, next);
}

static void set_prev(struct la_call *call, uint64_t entry, uint64_t prev)
{
    store(call, entry + word_bytes(call), prev);
}

/* __list_add: the order of the stores is the kernel's, so that a fault leaves what it leaves there. */
static void add_between(struct la_call *call, uint64_t entry, uint64_t prev, uint64_t next)
{
    set_prev(call, next, entry);
    set_next(call, entry, next);
    set_prev(call, entry, prev);
    set_next(call, prev, entry);
}

static void add_behind(struct la_call *call, uint64_t entry, uint64_t head)
{
    uint64_t next = next_of(call, head);

    if (!call->stop)
        add_between(call, entry, head, next);
}

static void add_before(struct la_call *call, uint64_t entry, uint64_t head)
{
    uint64_t prev = prev_of(call, head);

    if (!call->stop)
        add_between(call, entry, prev, head);
}

/* __list_del_entry */
static void unlink(struct la_call *call, uint64_t entry)
{
    uint64_t next = next_of(call, entry), prev = call->stop ? 0 : prev_of(call, entry);

    if (call->stop)
        return;
    set_prev(call, next, prev);
    set_next(call, prev, next);
}

static void make_empty(struct la_call *call, uint64_t head)
{
    set_next(call, head, head);
    set_prev(call, head, head);
}

LA_NATIVE(init_list_head)
{
    make_empty(call, call->arg[0]);
    return 0;
}

LA_NATIVE(list_add)
{
    add_behind(call, call->arg[0], call->arg[1]);
    return 0;
}

LA_NATIVE(list_add_tail)
{
    add_before(call, call->arg[0], call->arg[1]);
    return 0;
}

LA_NATIVE(list_del)
{
    uint64_t delta = word_bytes(call) == 8 ? POISON_POINTER_DELTA : 0;

    unlink(call, call->arg[0]);
    set_next(call, call->arg[0], LIST_POISON1 + delta);
    set_prev(call, call->arg[0], LIST_POISON2 + delta);
    return 0;
}

LA_NATIVE(list_del_init)
{
    unlink(call, call->arg[0]);
    make_empty(call, call->arg[0]);
    return 0;
}

LA_NATIVE(list_move)
{
    unlink(call, call->arg[0]);
    if (!call->stop)
        add_behind(call, call->arg[0], call->arg[1]);
    return 0;
}

LA_NATIVE(list_move_tail)
{
    unlink(call, call->arg[0]);
    if (!call->stop)
        add_before(call, call->arg[0], call->arg[1]);
    return 0;
}

LA_NATIVE(list_empty)
{
    return next_of(call, call->arg[0]) == call->arg[0];
}

/* Everything behind @list goes between @head and what follows it; @list is empty then. */
LA_NATIVE(list_splice_init)
{
    uint64_t list = call->arg[0], head = call->arg[1], first = next_of(call, list);

    if (call->stop || first == list)
        return 0;
    uint64_t last = prev_of(call, list), next = call->stop ? 0 : next_of(call, head);

    if (call->stop)
        return 0;
    set_prev(call, first, head);
    set_next(call, head, first);
    set_next(call, last, next);
    set_prev(call, next, last);
    make_empty(call, list);
    return 0;
}
