#pragma once
/* What was used lately, in a fixed number of bytes: keys and values of any bytes, each value
 * with a time. One allocation at the start; neither a hit nor a new value allocates. The oldest
 * go when room is needed, but what was used since it was put or last spared is spared once more
 * ("second chance"). */
#include "common/base/base.h"
#include "common/base/str.h"

struct lru;
/* `bytes` holds everything, the table of keys too; below 4 KiB nothing is kept. `seed`: random,
 * so that nobody can choose keys that meet in one place of the table. */
struct lru *lru_new(size_t bytes, uint64_t seed) MUST_CHECK;
void lru_free(struct lru *l); /* NULL: nothing */

struct lru_value {
    str text;      /* valid until the next lru_put() or lru_clear() */
    uint64_t time; /* as it was put */
};
bool lru_get(struct lru *l, str key, struct lru_value *value) MUST_CHECK;
/* Replaces. What would take more than a quarter of all is not kept, nor is an older value then.
 */
void lru_put(struct lru *l, str key, str text, uint64_t time);
void lru_remove(struct lru *l, str key);
void lru_clear(struct lru *l);

struct lru_state {
    uint64_t entries, bytes, evicted; /* bytes of live entries, evicted since lru_new() */
};
struct lru_state lru_look(const struct lru *l);
