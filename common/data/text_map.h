#pragma once
/* Things by owner and text, in an arena: sums by key within one commit. Nothing is ever taken
 * out. */
#include "common/base/arena.h"
#include "common/base/str.h"

struct text_slot {
    uint64_t hash;
    const void *owner;
    str text;
    void *thing; /* NULL: the slot is free */
};
struct text_map { /* zeroed but for the arena is empty */
    struct arena *arena;
    struct text_slot *slots; /* open addressing; a power of two */
    uint32_t room, used;
};

/* The thing of `owner` and `text`; a new one has `size` zeroed bytes. `text` is borrowed. */
void *text_map_get(struct text_map *m, const void *owner, str text, size_t size, bool *is_new);
