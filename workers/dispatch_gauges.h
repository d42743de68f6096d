#pragma once
/* What the dispatcher tells of all topics on /metrics: levels, ages and exact totals from the
 * books. One process tells them, or replicas would multiply them. */
#include "common/run/process.h"

struct gauges;
struct gauges *gauges_open(struct process *p) MUST_CHECK;
void gauges_close(struct gauges *g); /* when idle, or when the connection dies with it */
bool gauges_is_idle(const struct gauges *g);
