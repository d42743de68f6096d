#pragma once
/* Tables that records write as they leave a stage: the last row a key of the commit, by event
 * time. Pure. */
#include "common/run/parts.h"

extern const struct part_kind part_table;
