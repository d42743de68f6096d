#pragma once
/* The text that stands for a record in names and fields of Redis. */
#include "common/data/batch.h"

/* Of one member its text; of several the JSON array of their texts, each a string, or null for
 * what is absent or null. False: one of them is, and of a single one there is no text. */
bool record_key(struct arena *a, const struct record *r, const str *members, uint32_t n,
                str *key) MUST_CHECK;
/* The same of texts; one without bytes at all (p == NULL) is absent. */
bool record_key_of(struct arena *a, const str *texts, uint32_t n, str *key) MUST_CHECK;
