/*
 * api.h: the table of kernel calls as the compiler and the interpreter see it.
 *
 * A row of api.def binds a name to a C function of call_*.c.  The prototype is text, read by our
 * own parser the first time a program uses the name, so a call is checked like any other.
 */
#ifndef LA_LANG_API_H
#define LA_LANG_API_H

#include "lang/lang.h"
#include "machine/machine.h"

/* One call on its way.  Arguments are extended to 64 bits from their declared types. */
struct la_call {
    struct la_interp *interp;
    struct la_machine *machine;
    struct la_mm *mm;
    const uint64_t *arg;
    uint32_t nr;
    uint32_t row; /* of api.def */
    bool stop;    /* set by la_call_die, la_call_stuck: the program ends here */
    bool again;   /* it was made before and had to wait (lang/sched.h) */
    bool block;   /* set by la_sched_wait, la_sched_spin: it has to wait now */
};

/** What a binding looks like: returns the result, extended to 64 bits from the declared type. */
typedef uint64_t la_native(struct la_call *call);

struct la_api_row {
    struct la_api api;
    bool pure; /* changes nothing: allowed in questions */
    la_native *call;
};

/** Row @row of the table. */
const struct la_api_row *la_api_at(uint32_t row);

/* ---- for bindings ---- */

/** The thread is killed after an oops: report @text (kernel's words) with @note, end the program. */
void la_call_die(struct la_call *call, const char *text, const char *note);
/** The same for a pointer argument that leads nowhere: a NULL dereference or a page fault at @addr. */
void la_call_bad_pointer(struct la_call *call, uint64_t addr, const char *note);
/** The thread is killed; what happened was reported already. */
void la_call_killed(struct la_call *call);
/** The call would wait for ever: the program stops.  @why: one sentence. */
void la_call_stuck(struct la_call *call, const char *why);
/** Copy the string at @addr (at most @max bytes) to @out; false after a fault (reported, killed). */
bool la_call_string(struct la_call *call, uint64_t addr, uint32_t max, struct la_buf *out);
/** Memory access that ends the program on a fault. */
bool la_call_read(struct la_call *call, uint64_t addr, void *buf, uint32_t len);
bool la_call_write(struct la_call *call, uint64_t addr, const void *buf, uint32_t len);
/** The pfn of the struct page at @page; LA_NO_PFN after an oops was reported and the program ended. */
uint32_t la_call_page(struct la_call *call, uint64_t page);
/** Print to the kernel's console. */
void la_call_print(struct la_call *call, const char *text);
/** An `unsigned long` of the simulated machine from @value. */
uint64_t la_call_ulong(const struct la_call *call, uint64_t value);
/** "file:line" of the statement that runs, as WARN and BUG print it. */
void la_call_where(const struct la_call *call, struct la_buf *out);

/* printk's formatting (kformat.c): append @fmt with @nr arguments at @arg to @out; false after a fault. */
bool la_kformat(struct la_call *call, const char *fmt, const uint64_t *arg, uint32_t nr, struct la_buf *out);

/* LA_ENOMEM = 12 and so on. */
enum {
#define LA_ERRNO(name, number) LA_##name = (number),
#include "lang/errno.def"
};

/** What a call returns for the error @number: -@number. */
static inline uint64_t la_call_error(int64_t number)
{
    return (uint64_t)-number;
}

#define LA_NATIVE(name) uint64_t la_call_##name(struct la_call *call)

#endif
