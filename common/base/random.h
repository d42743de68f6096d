#pragma once
/* Randomness of the system: for jitter and for names that nobody else may have. */
#include <stdint.h>

#include "common/base/base.h"

/* 64 uniform bits, or the end of the process. `ctx` is not looked at: `random` of struct
 * services. */
uint64_t random_bits(void *ctx) MUST_CHECK;
