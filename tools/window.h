#pragma once
/* The parts of `standpipe window`. */
#include "common/data/keys.h"
#include "common/run/pipeline.h"
#include "tools/command.h"
#include "tools/say.h"

struct window_settings {
    bool json, watch, all, recount;
    uint64_t limit;
};
struct window_call {
    struct command_call *call;
    const struct window_settings *options;
    struct keys keys;
    struct loop *loop;
    struct redis *redis;
    struct pipeline *pipeline;
    uint32_t number; /* of the window */
    const struct pipeline_window *window;
};
/* One command; the answer in `a`. ERR_REDIS with `err` filled. */
#define WINDOW_ASK(w, a, reply, err, ...)                                                      \
    redis_call((w)->redis, (const str[]){__VA_ARGS__},                                         \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), (a), (reply),     \
               (err))

/* The last window that has something in it, or all of them. */
int window_show(struct window_call *w, struct say *s, struct arena *a,
                struct error *err) MUST_CHECK;
/* Sum up the documents of the files argv[1] ... anew, and compare. ERR_DATA: there are
 * differences, they were said. */
int window_recount(struct window_call *w, struct say *s, struct error *err) MUST_CHECK;
/* The window and the one named `recount`, row by row: says what differs, the first of it. */
int window_compare(struct window_call *w, struct say *s, str recount, uint64_t *differences,
                   struct error *err) MUST_CHECK;
