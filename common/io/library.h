#pragma once
/* The function library on a Redis: loaded by the dispatcher and by `apply`, looked for by
 * everybody before the first commit (an unknown function inside EXEC leaves the outputs
 * behind). */
#include "common/io/redis.h"

/* Load it when it is missing or other code stands under its name. For commands: runs the loop.
 */
int library_load(struct redis *r, struct arena *a, struct error *err) MUST_CHECK;

/* Whether it is there, with all functions that we know, whatever build it comes from. `done`
 * runs from the loop with what redis said last; NULL: connection lost. */
enum library_wish {
    LIBRARY_FOUND,  /* only look */
    LIBRARY_ENOUGH, /* load ours when one of the functions is missing */
    LIBRARY_OURS,   /* load ours when it is another one */
};
typedef void library_done(void *ctx, bool found, const struct reply *answer);
struct library_check { /* one under way; the caller keeps it until `done` or redis_free() */
    struct redis *redis;
    library_done *done;
    void *ctx;
    enum library_wish wish;
};
void library_check(struct library_check *c, struct redis *r, enum library_wish wish,
                   library_done *done, void *ctx);
