#pragma once
/* All commands of an operator, for the table in workers/main.c. */
#include "tools/command.h"

extern const struct command command_apply, command_audit, command_cache, command_check,
    command_dead, command_doctor, command_health, command_init, command_replay, command_run,
    command_schema, command_send, command_table, command_top, command_test, command_trace,
    command_try, command_window;
