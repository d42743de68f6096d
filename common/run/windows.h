#pragma once
/* The rows of windows that one commit moves: summed per batch, so that Redis merges one row a
 * group and pane. Pure; they join the batch's commit as parts (lua/part_window.lua). */
#include "common/data/batch.h"
#include "common/data/keys.h"
#include "common/io/commit.h"
#include "common/run/pipeline.h"

struct windows; /* of one commit, in its arena */

/* `closed`: for each window of the pipeline the time, ms, up to which its panes are closed, as
 * far as this worker knows. NULL when the stage has no windows. */
struct windows *windows_new(struct arena *a, const struct pipeline *p, uint32_t stage,
                            const uint64_t *closed) MUST_CHECK;
/* It leaves the stage well. Bit i is set when it is late for window i: that did not sum it up.
 */
uint64_t windows_add(struct windows *w, const struct record *r);
/* A part a window that something was added to, in the arena; their number in `*n`. */
struct commit_part *windows_parts(struct windows *w, const struct keys *keys, uint64_t now_ms,
                                  uint32_t *n) MUST_CHECK;
/* A commit was refused with `text`, CLOSED key ms. False: it is about no window of ours, or
 * nothing new. */
bool windows_learn(const struct pipeline *p, const struct keys *keys, uint64_t *closed,
                   str text, struct arena *scratch) MUST_CHECK;
