#pragma once
/* A whole small file as text: pipeline files, schemas. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

/* At most `max` bytes of the file at `path`, "-" being the standard input; a longer one is cut,
 * so ask for one more than is good. ERR_USAGE: it cannot be opened; ERR_SYSTEM. */
int slurp(struct arena *a, const char *path, size_t max, str *text,
          struct error *err) MUST_CHECK;
