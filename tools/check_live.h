#pragma once
/* The third tier of `check`: what a pipeline needs around it, from where this command runs. */
#include "tools/check_file.h"

/* Redis and the function library in it, the folders of `roots` (':' between them), credentials
 * and destinations. What is missing becomes findings of `file`, which has a pipeline; false:
 * some of it is. Waits at most 5 s for each. */
bool check_live(struct command_call *call, struct check_file *file, str roots) MUST_CHECK;
