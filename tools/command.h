#pragma once
/* What an operator's command implements: name, help, options table, one function. The tables of
 * stages and commands stand in workers/main.c. */
#include "common/run/options.h"
#include "common/run/worker.h"

struct buf;
struct redis;
struct command_call {
    const struct options_common *common;
    const struct stage *const *kinds; /* all stages, ends with NULL */
    void *options;                    /* options_size bytes, filled in */
    int argc;                         /* positional words */
    char **argv;
    struct arena *arena; /* dies with the command */
};
struct command {
    const char *name, *summary;    /* `standpipe <name>`; a line of the help */
    const char *usage;             /* "FILE...": the positional words */
    const char *examples;          /* lines, shown first by --help */
    const struct setting *options; /* ends with a NULL name; may be NULL */
    size_t options_size;
    /* An exit status, or ERR_* with `err` filled: main() prints it and chooses the status. */
    int (*run)(struct command_call *call, struct error *err);
};

/* What a command found out, to stdout; frees `out`. `fits`: all of it was added to the buffer.
 * ERR_LIMIT when it was not; ERR_SYSTEM when nobody reads stdout any more. */
int command_print(struct buf *out, bool fits, struct error *err) MUST_CHECK;

/* A connection for a command: waits until it is ready, at most 5 s. ERR_REDIS names address and
 * cause. */
int command_connect(struct command_call *call, struct loop **loop, struct redis **redis,
                    struct error *err) MUST_CHECK;
