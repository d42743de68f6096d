#pragma once
/* The parts of `standpipe dead`. */
#include "common/run/setting.h"
#include "tools/command.h"
#include "tools/dead_letters.h"

struct dead_settings {
    struct letter_filter filter;
    uint64_t limit; /* 0: none */
    struct rate rate;
    str to, where;
    bool json, raw, dry_run, yes;
};
struct dead_call {
    struct command_call *call;
    const struct dead_settings *options;
    struct keys keys;
    struct redis *redis;
    str key; /* of the dead letters */
};

/* Each of them: an exit status, or ERR_* with `err` filled. */
int dead_list(struct dead_call *d, struct error *err);
int dead_show(struct dead_call *d,
              struct error *err); /* of the id in argv[1], else the newest */
int dead_redrive(struct dead_call *d, struct error *err);
int dead_drop(struct dead_call *d, struct error *err);
