#pragma once
/* Topics that keep what is done, for replays, and the dead letters: every second the oldest
 * entries beyond their time or size are let go, never one that a group still needs. */
#include "common/run/process.h"

struct keeper;
/* `looked` after each round: how many bytes of dead letters there are stands in p->levels. */
struct keeper *keeper_open(struct process *p, loop_fn *looked, void *ctx) MUST_CHECK;
void keeper_close(struct keeper *k); /* only an idle one, or when the connection is gone */
bool keeper_is_idle(const struct keeper *k);
