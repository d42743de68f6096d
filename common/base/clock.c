#include "common/base/clock.h"

#include <time.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        die("clock_gettime(%d) failed", (int)id);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t system_wall_ms(void *ctx)
{
    (void)ctx;
    return read_us(CLOCK_REALTIME) / 1000;
}

static uint64_t system_mono_us(void *ctx)
{
    (void)ctx;
    return read_us(CLOCK_MONOTONIC);
}

const struct clock clock_system = {.wall_ms = system_wall_ms, .mono_us = system_mono_us};
