#pragma once
/* Files into the inbox: what `send` does, and `replay` with a run name. */
#include "tools/command.h"

struct send_settings {
    bool wait, fail_on_dead, dry_run;
    str run; /* empty: no replay */
};
/* The files are the positional words of the call. An exit status, or ERR_*. */
int send_files(struct command_call *call, const struct send_settings *o,
               struct error *err) MUST_CHECK;
