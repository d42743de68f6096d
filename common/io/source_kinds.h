#pragma once
/* The places that bytes come from. Private to source*.c. Each fills is_found, size, version,
 * ops and self, or fails as source_open() does. */
#include "common/io/inflate.h"
#include "common/io/source.h"

int source_file_open(struct source *s, struct arena *a, str uri,
                     const struct source_setup *setup, str *reason,
                     struct error *err) MUST_CHECK;
int source_http_open(struct source *s, struct arena *a, str uri,
                     const struct source_setup *setup, str *reason,
                     struct error *err) MUST_CHECK;
int source_s3_open(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                   str *reason, struct error *err) MUST_CHECK;
/* Put what unpacks it in front of `s`. */
void source_unpack(struct source *s, enum inflate_kind kind, const struct source_setup *setup);
int source_refuse(str *reason, struct error *err, str uri, const char *why);
