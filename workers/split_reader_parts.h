#pragma once
/* What the files of split_reader.h share. Private to them. */
#include "workers/split_reader.h"

/* What stands before `from` is let go, and more is read behind what is left. False: `t`. */
bool reader_read_more(struct reader *r, uint64_t from, struct trouble *t) MUST_CHECK;
/* A new cutter; `is_at_row`: a record begins there, whatever stands before it. */
void reader_start_rows(struct reader *r, uint64_t offset, bool is_at_row);
/* Rows begin at the cutter's boundary, now that the columns are known. */
void reader_begin_rows(struct reader *r);
/* The file is new: what it is like, up to its first row. May be called again when it waited. */
bool reader_begin_new(struct reader *r, const struct reader_setup *setup,
                      struct trouble *t) MUST_CHECK;
bool reader_fail(struct trouble *t, str reason) MUST_CHECK; /* false */
