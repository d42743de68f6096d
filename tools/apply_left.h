#pragma once
/* Stages that an `apply` takes away or renames, and what they still hold: nobody works on it
 * any more. */
#include "common/data/keys.h"
#include "common/run/pipeline.h"

struct redis;
/* Warnings on stderr, a remedy with each. `was`: the text of sp:pipeline before, empty: there
 * was none. It changes nothing and fails nobody: what it may not read it says. */
void apply_warn_of_left(struct redis *r, const struct keys *keys, str was,
                        const struct pipeline *now, struct arena *a);
