#pragma once
/* Many dead letters moved by the functions in Redis, some a call, in the order of their ids:
 * what was cut off anywhere has moved whole calls, and a repeat goes on behind them. */
#include "tools/dead.h"
#include "tools/dead_plan.h"

enum { MOVE_MAX = 256 }; /* letters a call; lua/redrive.lua */

struct dead_move { /* set `call`, `pipeline` and `until`; zeroed else */
    struct dead_call *call;
    const struct pipeline *pipeline; /* NULL: they are thrown away */
    str until;                       /* the last id: what dies again meanwhile is behind it */
    uint64_t planned;                /* for the progress on a terminal */
    uint64_t moved, stayed, gone;    /* gone: somebody else moved them meanwhile */
    struct arena arena;              /* of a call */
    const struct letter *letters[MOVE_MAX];
    uint32_t n;
    struct dead_plan plan; /* of all of them */
    uint64_t began_us, told_us;
    bool is_held; /* it was said that the topic is full */
};

int move_all(struct dead_move *m, struct error *err) MUST_CHECK;
