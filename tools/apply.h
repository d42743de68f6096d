#pragma once
/* Check a pipeline file and put it into force: `standpipe apply`, and inside `standpipe run`.
 * Workers follow by themselves: one message tells them, and they look now and then. */
#include "tools/check_file.h"

struct redis;

/* What is wrong with the file, on stderr; nothing when it is good. */
void apply_report(const struct check_file *file);
/* ERR_CONFIG: a test of the pipeline fails; what differs is on stderr. */
int apply_tests(struct command_call *call, const struct pipeline *p,
                struct error *err) MUST_CHECK;
/* Load the function library and put `p` into force. `version`: the one it got. */
int apply_pipeline(struct command_call *call, struct redis *redis, const struct pipeline *p,
                   uint64_t *version, struct error *err) MUST_CHECK;
