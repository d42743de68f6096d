#pragma once
/* When a record is tried again that its stage could not work on. Pure. */
#include "common/run/setting.h"

struct retry_policy {    /* `retry` of a stage in the pipeline file */
    uint64_t attempts;   /* then it is a dead letter */
    struct span_ms wait; /* before the second attempt at most `least`, then twice as long ... */
};
extern const struct setting retry_settings[];

/* Exponential with full jitter: uniform between 0 and a bound that doubles with each attempt up
 * to `wait.most`. `try`: attempts so far, from 1; `random`: 64 uniform bits. */
uint64_t retry_delay_ms(const struct retry_policy *policy, uint32_t try, uint64_t random);
