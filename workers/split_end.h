#pragma once
/* The end of a job: done, or with a letter that says why its file goes no further. For split
 * only. */
#include "common/run/worker.h"
#include "workers/split_reader.h"

/* All rows were read. An archive that breaks off is never done. */
enum work split_end(struct worker *w, struct reader *r, struct batch *b);
/* The file goes no further, because of `t`. */
enum work split_give_up(struct worker *w, struct reader *r, struct batch *b,
                        const struct trouble *t);
