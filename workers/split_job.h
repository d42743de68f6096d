#pragma once
/* The hash of a job: what stands there, and what a commit of split sets. For split only. */
#include "common/data/batch.h"
#include "workers/split_reader.h"

/* A field, empty when it is not there; a number, 0 when it is none. */
str split_job_field(const str *fields, uint32_t n, const char *name);
uint64_t split_job_number(const str *fields, uint32_t n, const char *name);

/* The batch's progress, in its arena. */
struct progress *split_progress(struct batch *b, str job, uint64_t from, uint64_t row);
void split_set(struct progress *p, str name, str value);
void split_set_number(struct progress *p, struct arena *a, str name, uint64_t value);
/* All that a successor needs to read the file as it was begun. */
void split_describe(const struct reader *r, struct arena *a, struct progress *p,
                    uint64_t now_ms);
/* Rows so far that are odd. */
void split_tally(const struct reader *r, struct arena *a, struct progress *p);
