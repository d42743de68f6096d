#pragma once
/* The values of a record's fields. For normalise only. */
#include "workers/normalise_write.h"

/* Fill `o` for a record that was taken apart; `flags`, one a cell, say what was used of it.
 * `uri` is what the record was read from. False: the record is settled as dead. */
bool fill_fields(struct arena *a, struct record *r, const struct source *src, uint8_t *flags,
                 str uri, struct outcome *o) MUST_CHECK;
