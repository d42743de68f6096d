#pragma once
/* The document that split makes of one in a JSON file. For split only. */
#include "common/base/arena.h"
#include "common/base/str.h"

/* `{"sp_id":"<src>-<row>-<offset>", ...members...}`. Members of its own that begin with `sp_`
 * are not ours: they stand under `sp_extra`. `object` is good JSON. */
str split_document(struct arena *a, str object, str src, uint64_t row,
                   uint64_t offset) MUST_CHECK;
