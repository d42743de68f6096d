#pragma once
/* Everything taken from an arena dies together, at arena_reset() or back to a mark: no free
 * path in hot code. Blocks are kept for the next round, so in steady state malloc is not
 * called. */
#include "common/base/base.h"
#include "common/base/str.h"

struct arena_block;
struct arena { /* zeroed is ready */
    struct arena_block *first, *current;
    size_t used; /* of the current block */
};
struct arena_mark {
    struct arena_block *block;
    size_t used;
};

void *arena_alloc(struct arena *a,
                  size_t size) MUST_CHECK; /* uninitialised, aligned, never NULL */
void *arena_zalloc(struct arena *a, size_t size) MUST_CHECK; /* the same, zeroed */
str arena_copy(struct arena *a, str s) MUST_CHECK; /* plus a NUL, for libraries that want one */
str arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;

/* Room for up to `max` bytes at the end; give back what was not used with arena_trim(). Nothing
 * else may be taken in between. */
char *arena_reserve(struct arena *a, size_t max) MUST_CHECK;
void arena_trim(struct arena *a, const char *end); /* `end`: first byte not used */

struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark); /* what came after the mark dies */
void arena_reset(struct arena *a);        /* keeps the blocks for the next batch */
void arena_free(struct arena *a);         /* gives all memory back; the arena is ready again */
size_t arena_size(const struct arena *a); /* bytes held in blocks, used or not */
