#pragma once
/* How much waits in each topic, from the books in Redis: `levels` of a process, one of each
 * stage in the pipeline's order, then the dead letters. Bytes of data. */
#include "common/run/process.h"

/* Ask for all of them; `done` when they are in `levels`. Not when the connection is lost, or
 * another pipeline came into force: the role begins again then. */
void levels_ask(struct process *p, loop_fn *done, void *ctx);
/* The dead letters are at their bound, and the pipeline wants nothing new then. */
bool levels_is_dead_full(const struct process *p);
