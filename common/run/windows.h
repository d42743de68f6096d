#pragma once
/* The rows of windows that one commit moves: summed per batch, so that Redis merges one row a
 * group and pane. Pure; they join the batch's commit as parts (lua/part_window.lua). */
#include "common/run/parts.h"

struct windows;                             /* of one commit, in its arena */
extern const struct part_kind part_windows; /* its sums are a struct windows; it adds nothing */

/* It leaves the stage well. Bit i is set when it is late for window i: that did not sum it up.
 */
uint64_t windows_add(struct windows *w, const struct record *r);
/* The record with `sp_late`, which names the window, as its first member to add. */
struct record *windows_late_copy(struct arena *a, const struct pipeline_window *rule,
                                 const struct record *r) MUST_CHECK;
