#pragma once
/* The command line and its environment twins, from the same tables as the pipeline file: flag
 * over environment over default. `--slow-start 5s`, `--slow-start=5s`, STANDPIPE_SLOW_START=5s;
 * a boolean needs no value. */
#include "common/run/setting.h"

/* Take the options of `table` out of argv, anywhere before `--`; what is left (positional
 * words, and options of other tables when `leave_unknown`) moves to the front and `*argc`
 * shrinks. Names in the table use '_' where the flag has '-'. ERR_USAGE with the nearest word.
 * A
 * "--" is kept when `leave_unknown`, so the last table must not leave. Texts borrow argv, or
 * `a`.
 */
int options_parse(const struct setting *table, void *state, bool leave_unknown, int *argc,
                  char **argv, struct arena *a, struct error *err) MUST_CHECK;
/* A line an option. False: over the cap of `out`. */
bool options_help(const struct setting *table, struct buf *out);

struct options_common {                /* of every subcommand that talks to Redis */
    str redis, prefix, log, log_level; /* URL; "sp"; "logfmt" or "json"; "debug" .. "error" */
    str redis_user, redis_password_file;
};
extern const struct setting options_common[];
