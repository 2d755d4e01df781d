/* parse_stmt.h: what parse_stmt.c and parse_switch.c share. */
#ifndef LA_LANG_PARSE_STMT_H
#define LA_LANG_PARSE_STMT_H

#include "lang/compiler.h"

/** Begin a loop or switch; break and continue belong to it until la_close_loop. */
void la_open_loop(struct la_program *p, struct la_loop *loop, bool is_switch);
/** End it: every break goes to the next instruction. */
void la_close_loop(struct la_program *p, const struct la_loop *loop);
/** Read `(condition)` behind @word; @span becomes the condition's place. */
struct la_expr *la_parse_condition(struct la_program *p, const char *word, struct la_span *span);
/** Read the statement a loop or branch controls. */
void la_parse_body(struct la_program *p);
void la_parse_switch(struct la_program *p);
void la_parse_case(struct la_program *p);

#endif
