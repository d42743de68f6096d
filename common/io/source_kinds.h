#pragma once
/* The places that bytes come from. Private to source*.c. Each fills is_open, size, version, ops
 * and self, or fails as source_open() does. */
#include "common/io/source.h"

int source_file_open(struct source *s, struct arena *a, str uri,
                     const struct source_setup *setup, str *reason,
                     struct error *err) MUST_CHECK;
int source_refuse(str *reason, struct error *err, str uri, const char *why);
