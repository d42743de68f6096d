#pragma once
/* Topics that keep what is done, for replays: every second the oldest entries beyond their time
 * or memory are let go, never one that a group still needs. */
#include "common/run/process.h"

struct keeper;
struct keeper *keeper_open(struct process *p) MUST_CHECK;
void keeper_close(struct keeper *k); /* only an idle one, or when the connection is gone */
bool keeper_is_idle(const struct keeper *k);
