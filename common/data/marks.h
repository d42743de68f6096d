#pragma once
/* What split saw of a record that its cells do not tell, on its way to the document's
 * `sp_issues`: the field `marks` of an entry. Nothing is written of records without. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum record_mark {
    MARK_RECODED = 1 << 0,   /* it was not UTF-8 and was read as windows-1252 */
    MARK_REPLACED = 1 << 1,  /* bytes of it are no text in its encoding: U+FFFD */
    MARK_TRUNCATED = 1 << 2, /* the file ends with it, in the middle */
};
enum { MARKS = 3 };
struct mark_kind {
    str word;       /* in `marks` */
    str issue, why; /* in `sp_issues` */
};
extern const struct mark_kind mark_kinds[MARKS]; /* bit 0 first */

/* "0-4 windows-1252,7 truncated": numbers of the records in their entry, from 0. `marks` has
 * one byte a record. Empty: none is marked. */
str marks_write(struct arena *a, const uint8_t *marks, uint32_t n) MUST_CHECK;
/* Cut the next run of neighbours with a mark off such a text. What cannot be read, or is
 * unknown, is passed over. False: there is none. */
struct marks_run {
    uint32_t first, last;
    uint8_t mark;
};
bool marks_next(str *rest, struct marks_run *run) MUST_CHECK;
