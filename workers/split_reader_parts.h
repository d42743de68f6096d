#pragma once
/* What the files of split_reader.h share. Private to them. */
#include "workers/split_reader.h"

/* Cells are read as they stand in the file; in any other encoding it is read as UTF-8. */
bool reader_is_plain(str encoding) MUST_CHECK;
/* What stands before `from` is let go, and more is read behind what is left. False: `t`. */
bool reader_read_more(struct reader *r, uint64_t from, struct trouble *t) MUST_CHECK;
/* A new cutter; `is_at_row`: a record begins there, whatever stands before it. */
void reader_start_rows(struct reader *r, uint64_t offset, bool is_at_row);
bool reader_fail(struct trouble *t, str reason) MUST_CHECK; /* false */
