#pragma once
/* What values look like: runs of digits are one 9, runs of letters one a, runs of blanks one
 * blank, several words "a a"; all else stays. "£250,000" is "£9,9", "A1 2BC" is "a9 9a". */
#include "common/base/arena.h"
#include "common/base/str.h"

enum { SHAPE_MAX = 48 }; /* code points; a longer one ends in "…" */

/* Of UTF-8; bytes that are none stand for themselves. What would steer a terminal is left out.
 */
str shape_of(struct arena *a, str text) MUST_CHECK;

/* Bytes that steer terminals (C0, DEL, C1) become blanks: what a person may be shown. */
str shape_printable(struct arena *a, str text) MUST_CHECK;

/* At most `max` bytes from the front, no half of a code point. */
str shape_cut(str text, size_t max) MUST_CHECK;
