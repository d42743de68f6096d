#pragma once
/* Entries that left a topic by a hand that is not ours: every second the streams are compared
 * with what the functions took out of them (lua/vanished.lua); a difference is said once, and
 * stands in a gauge. */
#include "common/run/process.h"

struct watcher;
struct watcher *watcher_open(struct process *p) MUST_CHECK;
void watcher_close(struct watcher *w); /* only an idle one, or when the connection is gone */
bool watcher_is_idle(const struct watcher *w);
