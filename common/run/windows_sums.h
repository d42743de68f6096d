#pragma once
/* What one commit adds to a window, and how that is said to Redis. Private to windows*.c. */
#include "common/run/output.h"

struct window_text { /* of DISTINCT, TOP */
    struct window_text *next;
    str text;
    uint64_t n;
};
struct window_cell { /* a value of a group, of this commit's records */
    uint64_t n;      /* records that had it; of texts: how many */
    double number;   /* SUM, AVG: a whole number of the last decimal's units; MIN, MAX */
    bool is_beyond;  /* of a sum: more than 2^53 units, it is not exact */
    str text;        /* MIN, MAX: as written; FIRST, LAST: JSON */
    str id;          /* FIRST, LAST */
    uint64_t ms;     /* FIRST, LAST */
    struct window_text *texts;
};
struct window_group {
    struct window_group *next;
    str key;
    struct window_cell *cells; /* one a value of the window */
};
struct window_pane {
    struct window_pane *next;
    uint64_t start_ms;
    struct window_group *groups;
    uint32_t group_count;
};
struct window_sums {
    bool is_moved;
    struct window_pane *panes;
    uint32_t pane_count;
    uint64_t newest_ms, late;
};

void window_part(struct arena *a, const struct pipeline_window *rule,
                 const struct window_sums *s, const struct output_context *c,
                 struct commit_part *part);
