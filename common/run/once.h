#pragma once
/* Records that may leave a stage only once: `dedupe` of the pipeline file. A mark a key says
 * which record was there first; it is read before the commit and set by it, lua/part_once.lua.
 * Pure. */
#include "common/run/parts.h"

extern const struct part_kind part_once;
enum { ONCE_HASHES = 3 }; /* of the time before, of now, of the time behind */

/* b->marks: the keys of all that would leave the stage well; NULL: none has one. */
void once_find(const struct output_context *c, struct batch *b);
/* The hashes that may hold their marks at c->now_ms. */
void once_hashes(const struct output_context *c, struct arena *a, str hashes[ONCE_HASHES]);
/* What HMGET answered of one of them, one a key that is not empty, in order; p == NULL: not
 * there. Who comes second is settled as a duplicate. */
void once_learn(const struct output_context *c, struct batch *b, const str *values);
