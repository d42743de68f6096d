#pragma once
/* The function library on a Redis: loaded by the dispatcher and by `apply`, looked for by
 * everybody before the first commit (an unknown function inside EXEC leaves the outputs
 * behind). */
#include "common/io/redis.h"

/* Load it when it is missing or other code stands under its name. For commands: runs the loop.
 */
int library_load(struct redis *r, struct arena *a, struct error *err) MUST_CHECK;

/* Whether it is there, with all functions that we know. `done` runs from the loop with what
 * redis said last; NULL: connection lost. With `repair` it has to be our code, and is loaded
 * when it is not. */
typedef void library_done(void *ctx, bool found, const struct reply *answer);
void library_check(struct redis *r, bool repair, library_done *done, void *ctx);
