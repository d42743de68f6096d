#pragma once
/* What stands behind `!secret name`: the first line of a file of that name in the folder
 * STANDPIPE_SECRETS, that of systemd's credentials or /run/secrets, else the environment
 * (STANDPIPE_SECRET_NAME, STANDPIPE_SECRET_NAME_FILE). Never in Redis, never in an error. */
#include "common/base/arena.h"
#include "common/base/error.h"

int secret_read(struct arena *a, str name, str *value, struct error *err) MUST_CHECK;
/* The first line of a file that `what` names in errors ("the password file"). */
int secret_read_file(struct arena *a, str path, const char *what, str *value,
                     struct error *err) MUST_CHECK;
