#pragma once
/* All kinds of stages, for the table in workers/main.c. */
#include "common/run/worker.h"

extern const struct stage stage_split, stage_normalise, stage_enrich, stage_deliver;
