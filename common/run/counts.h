#pragma once
/* Windowed counts: summed per batch, so that Redis sees one HINCRBY a key and batch. Pure; the
 * sums join the batch's commit. */
#include "common/data/batch.h"
#include "common/data/keys.h"
#include "common/io/commit.h"
#include "common/run/pipeline.h"

struct counts; /* sums of one commit, in its arena */

struct counts *counts_new(struct arena *a, const struct pipeline *p, uint32_t stage) MUST_CHECK;
void counts_add(struct counts *c, const struct record *r); /* it leaves the stage well */
/* The hashes to move, in the arena; their number in `*n`. */
struct commit_hash *counts_hashes(struct counts *c, const struct keys *keys, uint64_t now_ms,
                                  uint32_t *n) MUST_CHECK;

/* Milliseconds since the epoch of an event time: RFC 3339 date or date-time (without a zone:
 * UTC), or a number of seconds (milliseconds from 10^11 on); from 1970 to the year 9999. */
bool counts_time(str text, uint64_t *ms) MUST_CHECK;
/* The event time of a record: of its `member`, or when its entry was accepted, when that is
 * empty, absent or no time. */
uint64_t counts_time_of(const struct record *r, str member, struct arena *scratch) MUST_CHECK;
