#pragma once
/* The settings of split: what the pipeline file says of the files of a stage. For split only.
 */
#include "common/run/setting.h"
#include "workers/split_policy.h"
#include "workers/split_reader.h"

struct split_config {
    str format, records, delimiter, quote, encoding, preamble, missing;
    const struct node *header, *expect;
    struct split_policy policy;
    uint64_t columns, row_bytes, row_lines;
};
/* Offsets are into the config, which stands at the beginning of the stage's state. */
extern const struct setting split_settings[];
void split_check(void *state, const struct node *config, struct findings *f);
/* All of the setup but the source. */
struct reader_setup split_reader_setup(struct arena *a,
                                       const struct split_config *c) MUST_CHECK;
