#pragma once
/* What the reader finds becomes records of the batch. For split only. */
#include "common/data/batch.h"
#include "workers/split_policy.h"
#include "workers/split_reader.h"

/* A record, or a dead letter of a row that cannot be read. Counts it in `r`. */
void split_emit(struct reader *r, const struct split_policy *policy, struct batch *b,
                const struct row *row, bool is_bad);
/* The letter of a row that an archive breaks off in. */
void split_emit_half(struct reader *r, struct batch *b, const struct row *row);
/* Bytes that belong to no record stand in the job, as a dead letter would have them. */
void split_tell_aside(const struct reader *r, struct batch *b, const struct row *row);
