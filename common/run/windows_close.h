#pragma once
/* How a window's results are asked for: arguments of sp1_close and sp1_results. */
#include "common/base/arena.h"
#include "common/run/window.h"

enum { WINDOW_ARGS_MAX = 2 + WINDOW_KEYS_MAX + 4 * WINDOW_VALUES_MAX };

/* nkeys name* nvalues (name op decimals k)*, at most WINDOW_ARGS_MAX; their number. */
uint32_t window_result_arguments(struct arena *a, const struct pipeline_window *w, str *args);
