/* native.c: what bindings of kernel calls share: ending the program, memory, pages, console. */
#include "lang/interp.h"

#include <stdio.h>
#include <string.h>

void la_call_killed(struct la_call *call)
{
    call->stop = true;
    if (call->interp->vm->state == LA_VM_READY)
        la_vm_die(call->interp, la_last_oops(call->machine));
}

void la_call_die(struct la_call *call, const char *text, const char *note)
{
    call->stop = true;
    la_vm_oops(call->interp, text, note);
}

void la_call_stuck(struct la_call *call, const char *why)
{
    call->stop = true;
    la_vm_stop(call->interp, LA_VM_STUCK, why);
}

bool la_call_read(struct la_call *call, uint64_t addr, void *buf, uint32_t len)
{
    if (la_vm_read(call->interp, addr, buf, len))
        return true;
    la_call_killed(call);
    return false;
}

bool la_call_write(struct la_call *call, uint64_t addr, const void *buf, uint32_t len)
{
    if (la_vm_write(call->interp, addr, buf, len))
        return true;
    la_call_killed(call);
    return false;
}

bool la_call_string(struct la_call *call, uint64_t addr, uint32_t max, struct la_buf *out)
{
    for (uint32_t i = 0; i < max; i++) {
        char c;

        if (!la_call_read(call, addr + i, &c, 1))
            return false;
        if (c == '\0')
            break;
        la_buf_putc(out, c);
    }
    return true;
}

void la_call_bad_pointer(struct la_call *call, uint64_t addr, const char *note)
{
    char text[120];

    (void)snprintf(text, sizeof text,
                   addr < LA_PAGE_SIZE ? "BUG: kernel NULL pointer dereference, address: %0*llx"
                                       : "BUG: unable to handle page fault for address: %0*llx",
                   (int)call->interp->pointer_bytes * 2, (unsigned long long)addr);
    la_call_die(call, text, note);
}

uint32_t la_call_page(struct la_call *call, uint64_t page)
{
    uint32_t pfn = la_page_to_pfn(call->mm, page);

    if (pfn == LA_NO_PFN)
        la_call_bad_pointer(call, page,
                            page == 0
                                ? "The struct page pointer is NULL: check what alloc_pages returned."
                                : "This is not the address of a struct page: did you pass the page's memory instead?");
    return pfn;
}

void la_call_print(struct la_call *call, const char *text)
{
    struct la_trace *trace = call->mm->trace;

    if (!trace->on || call->interp->quiet)
        return;
    uint64_t field = la_trace_text(trace, text);

    LA_TRACE(trace, PRINTK, field);
}

uint64_t la_call_ulong(const struct la_call *call, uint64_t value)
{
    return call->interp->pointer_bytes == 4 ? (uint32_t)value : value;
}

void la_call_where(const struct la_call *call, struct la_buf *out)
{
    const struct la_interp *ip = call->interp;
    struct la_place place = la_interp_place(ip, ip->vm->stmt, ip->vm->nr_frames);

    la_buf_printf(out, "lesson:%u", (unsigned)place.span.line);
}
