#pragma once
/* The rows of a file as libcsv has them: slowly, a line at a time, by the rules of rows.h. What
 * common/data/rows.c gives must be the same. */
#include "common/data/rows.h"

struct reference;
/* NULL: the text holds every byte there is, and none is left to be the quote of a dialect
 * without. Both are borrowed. */
struct reference *reference_new(struct rows_dialect dialect, struct rows_limits limits,
                                str text, struct arena *a) MUST_CHECK;
void reference_free(struct reference *f);
/* ROWS_ROW, ROWS_BAD or ROWS_END. */
enum rows_status reference_next(struct reference *f, struct row *row);
