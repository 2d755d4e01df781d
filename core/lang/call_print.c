/*
 * call_print.c: the console, and the ways a kernel says that something is wrong.
 *
 * Source: Linux 6.1.192 kernel/printk/printk.c, lib/bug.c, kernel/panic.c.
 */
#include "lang/interp.h"
#include "mm/internal.h"

#include <stdio.h>
#include <string.h>

enum { FORMAT_MAX = 1024 };

/* The text of a printk-like call whose format is argument 0; level and last newline removed. */
static bool format(struct la_call *call, struct la_buf *out)
{
    struct la_buf fmt;

    la_buf_init(&fmt, out->host);
    bool good = la_call_string(call, call->arg[0], FORMAT_MAX, &fmt);
    const char *text = la_buf_str(&fmt);

    if (text[0] == '\001' && text[1])
        text += 2;
    good = good && la_kformat(call, text, call->arg + 1, call->nr - 1, out);
    la_buf_free(&fmt);
    return good;
}

static uint64_t print(struct la_call *call)
{
    struct la_buf out;

    la_buf_init(&out, la_arena_host(call->machine->arena));
    bool good = format(call, &out);
    uint64_t len = out.len;

    if (good) {
        if (out.len && out.data[out.len - 1] == '\n')
            out.data[--out.len] = '\0';
        la_call_print(call, la_buf_str(&out));
    }
    la_buf_free(&out);
    return len;
}

LA_NATIVE(printk)
{
    return print(call);
}

static void die_at(struct la_call *call, const char *prefix, const char *suffix)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(call->machine->arena));
    la_buf_puts(&text, prefix);
    la_call_where(call, &text);
    la_buf_puts(&text, suffix);
    la_call_die(call, la_buf_str(&text), "The program said so itself with BUG().");
    la_buf_free(&text);
}

LA_NATIVE(bug)
{
    die_at(call, "kernel BUG at ", "!\ninvalid opcode: 0000 [#1]");
    return 0;
}

LA_NATIVE(bug_on)
{
    if (call->arg[0])
        die_at(call, "kernel BUG at ", "!\ninvalid opcode: 0000 [#1]");
    return 0;
}

LA_NATIVE(warn_on)
{
    const struct la_context *context = la_mm_current(call->mm);
    struct la_buf text;

    if (!call->arg[0])
        return 0;
    la_buf_init(&text, la_arena_host(call->machine->arena));
    la_buf_printf(&text, "WARNING: CPU: %u PID: %u at ", (unsigned)call->mm->cpu, (unsigned)context->pid);
    la_call_where(call, &text);
    la_warning(call->mm, la_buf_str(&text), "WARN_ON() only reports: the program goes on.");
    la_buf_free(&text);
    return 1;
}

LA_NATIVE(panic)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(call->machine->arena));
    la_buf_puts(&text, "Kernel panic - not syncing: ");
    if (format(call, &text)) {
        if (text.len && text.data[text.len - 1] == '\n')
            text.data[--text.len] = '\0';
        la_call_die(call, la_buf_str(&text), "A panic stops the whole machine.");
    }
    la_buf_free(&text);
    return 0;
}

LA_NATIVE(dump_stack)
{
    const struct la_interp *ip = call->interp;
    struct la_buf text;

    la_buf_init(&text, la_arena_host(call->machine->arena));
    la_buf_puts(&text, "Call Trace:");
    for (uint32_t i = ip->vm->nr_frames; i > 0; i--)
        la_buf_printf(&text, "\n %s", ip->program->fns.data[ip->vm->frame[i - 1].fn].name);
    la_call_print(call, la_buf_str(&text));
    la_buf_free(&text);
    return 0;
}
