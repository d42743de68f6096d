#pragma once
/* The dispatcher: takes entries from the inbox into the lanes by the routing table, keeps the
 * groups and the function library in place, and tells the gauges of all topics. */
#include "common/run/run.h"

/* `kinds`: all stages of the program, ends with NULL. Returns an exit status. */
int run_dispatcher(const struct stage *const *kinds, const struct options_common *common,
                   const struct run_options *options);
