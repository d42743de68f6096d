#pragma once
/* The document that split makes of one in a JSON file. For split only. */
#include "common/base/arena.h"
#include "common/base/str.h"

/* `{"sp_id":"<src>-<row>-<offset>", ...members...}`. Members of its own that begin with `sp_`
 * are not ours: they stand under `sp_extra`. What is marked (marks.h) stands
 * under `sp_issues`. `object` is good JSON. */
str split_document(struct arena *a, str object, str src, uint64_t row, uint64_t offset,
                   uint8_t marks) MUST_CHECK;
