#pragma once
/* A window of the pipeline file: which records of a stage are summed up, by what, over which
 * time. Its sums stand in panes of `every_ms`, which the commits move (lua/part_window.lua). */
#include "common/base/str.h"

struct node;

enum window_op {
    WINDOW_COUNT, /* of records */
    WINDOW_SUM,
    WINDOW_MIN,
    WINDOW_MAX,
    WINDOW_AVG,
    WINDOW_FIRST, /* by event time, then by sp_id */
    WINDOW_LAST,
    WINDOW_DISTINCT, /* HyperLogLog */
    WINDOW_TOP,
    WINDOW_OPS,
};
enum { WINDOW_VALUES_MAX = 32, WINDOW_KEYS_MAX = 8, WINDOW_PANES_MAX = 1000 };
struct window_value {
    str name;
    enum window_op op;
    str member;        /* of the record; empty: COUNT */
    uint32_t decimals; /* SUM, AVG: digits behind the point, 0 to 9 */
    uint32_t k;        /* TOP: how many are shown */
};
struct pipeline_window { /* windows: */
    str name;
    uint32_t on;     /* number of the stage whose records are summed as they leave it */
    const str *keys; /* members whose texts make a group; none: one group, `~all` */
    uint32_t key_count;
    uint64_t every_ms;    /* a pane, and the step of a hopping window: whole seconds */
    uint64_t over_ms;     /* of the window: a multiple of `every_ms` */
    str time;             /* member with the event time; empty: accept time */
    uint64_t lateness_ms; /* how far behind the newest a record may come */
    uint64_t idle_ms; /* event time: a stream that stood still so long has come to its end; 0:
                         never */
    const struct window_value *values;
    uint32_t value_count;
    uint64_t max_keys; /* groups of a pane; more are `~other` */
    bool has_late, has_to;
    uint32_t late, to;       /* stages: for late records, for results */
    bool reduces;            /* the records themselves end here */
    bool replays;            /* what went through before is summed again */
    const struct node *node; /* all of it */
    uint64_t keep_ms;        /* a pane stays this long after it can close */
};
extern const char *const window_op_names[WINDOW_OPS];
