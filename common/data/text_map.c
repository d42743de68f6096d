#include "common/data/text_map.h"

#include "common/base/hash.h"

enum { ROOM_FIRST = 256 };

static struct text_slot *find(struct text_map *m, uint64_t hash, const void *owner, str text)
{
    uint32_t i = (uint32_t)hash & (m->room - 1);

    while (m->slots[i].thing && (m->slots[i].hash != hash || m->slots[i].owner != owner ||
                                 !str_equal(m->slots[i].text, text)))
        i = (i + 1) & (m->room - 1);
    return &m->slots[i];
}

static void grow(struct text_map *m)
{
    struct text_slot *old = m->slots;
    uint32_t room = m->room;

    m->room = room ? 2 * room : ROOM_FIRST;
    m->slots = arena_zalloc(m->arena, m->room * sizeof(*m->slots));
    for (uint32_t i = 0; i < room; i++)
        if (old[i].thing)
            *find(m, old[i].hash, old[i].owner, old[i].text) = old[i];
}

void *text_map_get(struct text_map *m, const void *owner, str text, size_t size, bool *is_new)
{
    uint64_t hash = hash_more((uint64_t)(uintptr_t)owner, text);

    if (2 * m->used >= m->room)
        grow(m);
    struct text_slot *s = find(m, hash, owner, text);
    *is_new = !s->thing;
    if (*is_new) {
        *s = (struct text_slot){hash, owner, text, arena_zalloc(m->arena, size)};
        m->used++;
    }
    return s->thing;
}
