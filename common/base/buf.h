#pragma once
/* Bytes that grow up to a cap given at the start: no unbounded buffer can exist. For what is
 * built piece by piece and lives longer than a batch; inside a batch use the arena. */
#include "common/base/base.h"
#include "common/base/str.h"

struct buf {
    char *p; /* owned */
    size_t n, size, max;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* also of a zeroed one */
void buf_reset(struct buf *b); /* empties, keeps the memory */

/* All of these return false, and change nothing, when the cap would be passed. */
bool buf_reserve(struct buf *b, size_t more) MUST_CHECK; /* p + n then has room for `more` */
bool buf_add(struct buf *b, str s) MUST_CHECK;
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;

static inline str buf_str(const struct buf *b) /* valid until the next change */
{
    return (str){b->p, b->n};
}
