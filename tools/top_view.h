#pragma once
/* What `standpipe top` shows of two snapshots: a table, or a line of JSON. */
#include "common/base/buf.h"
#include "tools/snapshot.h"

struct top_view {
    struct arena *arena;
    const struct snapshot *now, *before; /* rates are between them; 0 when they are the same */
    bool is_human;                       /* 84.0k and 118 MiB, not all the digits */
    bool has_colour;
};
/* False: larger than the buffer's cap. */
bool top_table(const struct top_view *v, struct buf *out) MUST_CHECK;
bool top_json(const struct top_view *v, struct buf *out) MUST_CHECK;
