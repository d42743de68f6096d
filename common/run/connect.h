#pragma once
/* From the options that every subcommand has to the address of its Redis. */
#include "common/io/redis.h"
#include "common/run/options.h"

/* The user and the password's file override what the URL says. All of it in `a`. */
int connect_address(struct arena *a, const struct options_common *common,
                    struct redis_address *to, struct error *err) MUST_CHECK;
