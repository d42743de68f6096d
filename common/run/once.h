#pragma once
/* Records that may leave a stage only once: `dedupe` of the pipeline file. A mark a key says
 * which record was there first; it is read before the commit and set by it. Pure. */
#include "common/run/parts.h"

extern const struct part_kind part_once;

/* b->marks: the keys of the marks of all that would leave the stage well; NULL: none has one.
 */
void once_find(const struct output_context *c, struct batch *b);
/* What MGET answered of them, one a mark that is not empty, in order; p == NULL: not there.
 * Who comes second is settled as a duplicate. */
void once_learn(struct batch *b, const str *values);
