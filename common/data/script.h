#pragma once
/* `when` conditions: Lua 5.4 expressions over the members of a record, sandboxed (no I/O, no
 * load, no patterns that run away, 1 MiB, 5 ms of processor time). Members are found lazily in
 * the record's bytes. */
#include "common/base/error.h"
#include "common/data/batch.h"

struct script; /* one Lua state with all conditions of a pipeline */

struct script *script_new(void) MUST_CHECK;
void script_free(struct script *s);
/* Compile `text`; its number, from 0, in `*condition`. ERR_CONFIG with Lua's message and a hint
 * for `!=`, `&&`, `||`, `=`. */
int script_compile(struct script *s, str text, uint32_t *condition,
                   struct error *err) MUST_CHECK;
/* Run one condition. A missing member is nil and compares as false. False: it raised, and `why`
 * (valid until the next call) says what and on which member. */
bool script_test(struct script *s, uint32_t condition, const struct record *r, bool *holds,
                 str *why);
