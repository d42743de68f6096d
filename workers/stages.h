#pragma once
/* The stages of the program, for the table in main.c. */
#include "common/run/worker.h"

extern const struct stage stage_normalise;
