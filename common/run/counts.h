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
