/* call_context.h: what the calls about the execution context share. */
#ifndef LA_LANG_CALL_CONTEXT_H
#define LA_LANG_CALL_CONTEXT_H

#include "lang/api.h"

/* EFLAGS with the interrupt flag, as x86 saves it. */
enum { X86_EFLAGS_FIXED = 0x2, X86_EFLAGS_IF = 0x200 };

/** Raise preempt_count by @offset. */
void la_call_count_up(struct la_call *call, uint32_t offset);
/** Lower the field @mask of preempt_count by @offset; below zero the kernel warns. */
void la_call_count_down(struct la_call *call, uint32_t offset, uint32_t mask);
/** Store EFLAGS at @to; false after a fault. */
bool la_call_save_flags(struct la_call *call, uint64_t to);
/** might_sleep() of this statement. */
void la_call_check_sleep(struct la_call *call);

#endif
