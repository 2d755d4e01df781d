/*
 * record.h: what the timeline writes down beside the machine: console lines, marks, turns, choices,
 * and what each code section did.  Internal to core/timeline.
 */
#ifndef LA_TIMELINE_RECORD_H
#define LA_TIMELINE_RECORD_H

#include "timeline/timeline.h"

/** Get the memory for lists; false when there is none. */
bool la_record_init(struct la_timeline *timeline);
void la_record_free(struct la_timeline *timeline);
/** After a statement: console lines, marks, whose turn it was, what its section did; once, however often it runs again. */
void la_record_step(struct la_timeline *timeline);
/** Time jumped to @to, back or ahead: the console shows the lines up to there, those that it still has. */
void la_record_move(struct la_timeline *timeline, const struct la_keyframe_at *to);
/** The future after @step is left: cut lines, marks, turns and choices; the present step is written down anew. */
void la_record_forget(struct la_timeline *timeline, uint32_t step);
/** Write a typed statement down. */
bool la_record_choice(struct la_timeline *timeline, uint32_t step, const char *text);

#endif
