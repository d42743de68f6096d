#pragma once
/* Dead letters counted by stage, reason and what is to become of them. */
#include "common/base/buf.h"
#include "tools/dead_letters.h"

enum { DEAD_GROUPS_MAX = 256 };
struct dead_group {
    str stage, reason, sample; /* printable; the sample is the first letter's detail */
    str to;                    /* where they go; empty: not asked, or they stay */
    const char *stays;         /* why, or NULL */
    uint64_t count, oldest_ms, newest_ms; /* by the ids */
};
struct dead_groups { /* zeroed but for the arena */
    struct arena *arena;
    struct dead_group list[DEAD_GROUPS_MAX];
    uint32_t count;
    uint64_t left_out; /* letters for which there was no group left */
};

void groups_add(struct dead_groups *g, const struct letter *l, str to, const char *stays);
/* With `has_plan` a column says where they go. False: over the cap of `out`. */
bool groups_table(const struct dead_groups *g, bool has_plan, uint64_t now_ms,
                  struct buf *out) MUST_CHECK;
bool groups_json(const struct dead_groups *g, struct buf *out) MUST_CHECK;
