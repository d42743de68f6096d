#pragma once
/* Time, as a value that tests can fake: `struct clock` is handed down, never read from globals.
 */
#include "common/base/base.h"

struct clock {
    uint64_t (*wall_ms)(void *ctx); /* ms since the epoch, UTC; may jump */
    uint64_t (*mono_us)(void *ctx); /* microseconds, never goes back */
    void *ctx;
};

extern const struct clock clock_system;

static inline uint64_t clock_wall_ms(const struct clock *c)
{
    return c->wall_ms(c->ctx);
}

static inline uint64_t clock_mono_us(const struct clock *c)
{
    return c->mono_us(c->ctx);
}
