#pragma once
/* What sample files hold: columns with what their values can be, what split chose, and a first
 * record. For `init`. */
#include "tools/command.h"
#include "tools/init_write.h"

/* Read some so many `rows` of each file that the call names; 0: all. `out`, in the call's
 * arena, has all but what the pipeline makes of the first record. ERR_DATA: there is no column.
 */
int init_read(struct command_call *call, uint64_t rows, struct init_pipeline *out,
              struct error *err) MUST_CHECK;

/* Members of a document but our own and those that say nothing. */
str init_members(struct arena *a, str document) MUST_CHECK;
