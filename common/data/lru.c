#include "common/data/lru.h"

#include <stdlib.h>

#include "common/base/hash.h"

/* Entries stand one behind the other in a ring, the oldest at `tail`, the next one at `head`;
 * none is cut in two by the end. Places are counted in units, so that 32 bits reach 32 GiB; 0
 * is no place. */
enum {
    UNIT = 8,
    SMALLEST = 4096,
    BYTES_A_BUCKET = 64, /* smallest entries make chains of one or two */
    SPARED_MAX = 64,     /* second chances a put: it must not move all there is */
};
struct item {
    uint32_t next;  /* place of the next one in its bucket */
    uint32_t units; /* all of it, header included */
    uint32_t key_n, text_n;
    uint64_t time;
    uint32_t bucket;
    bool is_live, is_used;
};
struct lru {
    unsigned char *ring;
    uint32_t *buckets;
    uint64_t seed;
    uint32_t units, mask;
    /* Used are tail to head; or, wrapped, tail to end and 1 to head. */
    uint32_t head, tail, end;
    bool is_wrapped;
    struct lru_state state;
};

static struct item *at(const struct lru *l, uint32_t place)
{
    return (struct item *)(void *)(l->ring + (size_t)(place - 1) * UNIT);
}

static char *key_of(struct item *i)
{
    return (char *)(i + 1);
}

struct lru *lru_new(size_t bytes, uint64_t seed)
{
    struct lru *l = xalloc(sizeof(*l));
    uint32_t buckets = 16;

    l->seed = seed;
    if (bytes < SMALLEST)
        return l;
    bytes = MIN(bytes, (size_t)UINT32_MAX * UNIT / 2);
    while ((size_t)buckets * 2 * BYTES_A_BUCKET <= bytes)
        buckets *= 2;
    l->mask = buckets - 1;
    l->units = (uint32_t)((bytes - sizeof(*l) - buckets * sizeof(*l->buckets)) / UNIT);
    l->buckets = xalloc(buckets * sizeof(*l->buckets));
    l->ring = xalloc((size_t)l->units * UNIT);
    lru_clear(l);
    return l;
}

void lru_free(struct lru *l)
{
    if (!l)
        return;
    free(l->ring);
    free(l->buckets);
    free(l);
}

void lru_clear(struct lru *l)
{
    if (l->ring)
        memset(l->buckets, 0, ((size_t)l->mask + 1) * sizeof(*l->buckets));
    l->head = l->tail = 1;
    l->is_wrapped = false;
    l->state.entries = l->state.bytes = 0;
}

/* The place that leads to the entry of `key`: its bucket, or the `next` of the one before it.
 */
static uint32_t *find(const struct lru *l, str key, uint32_t *bucket)
{
    *bucket = (uint32_t)hash_more(l->seed, key) & l->mask;
    uint32_t *place = &l->buckets[*bucket];
    for (; *place; place = &at(l, *place)->next) {
        struct item *i = at(l, *place);
        if (str_equal((str){key_of(i), i->key_n}, key))
            break;
    }
    return place;
}

bool lru_get(struct lru *l, str key, struct lru_value *value)
{
    uint32_t bucket, *place;

    if (!l->ring)
        return false;
    place = find(l, key, &bucket);
    if (!*place)
        return false;
    struct item *i = at(l, *place);
    i->is_used = true;
    *value = (struct lru_value){.text = {key_of(i) + i->key_n, i->text_n}, .time = i->time};
    return true;
}

/* Its bytes stay where they are until the tail comes by. */
static void forget(struct lru *l, uint32_t *place)
{
    struct item *i = at(l, *place);

    *place = i->next;
    i->is_live = false;
    l->state.entries--;
    l->state.bytes -= (uint64_t)i->units * UNIT;
}

void lru_remove(struct lru *l, str key)
{
    uint32_t bucket, *place;

    if (!l->ring)
        return;
    place = find(l, key, &bucket);
    if (*place)
        forget(l, place);
}

static uint32_t *link_to(const struct lru *l, uint32_t place)
{
    uint32_t *link = &l->buckets[at(l, place)->bucket];

    while (*link != place)
        link = &at(l, *link)->next;
    return link;
}

/* The entry at the tail goes, or moves to the head: what it leaves behind is room, so that they
 * may overlap. */
static void pass_tail(struct lru *l, uint32_t *spared)
{
    struct item *i = at(l, l->tail);
    uint32_t units = i->units;

    if (i->is_live && i->is_used && *spared < SPARED_MAX) {
        (*spared)++;
        *link_to(l, l->tail) = l->head;
        i->is_used = false;
        memmove(at(l, l->head), i, (size_t)units * UNIT);
        l->head += units;
    } else if (i->is_live) {
        forget(l, link_to(l, l->tail));
        l->state.evicted++;
    }
    l->tail += units;
}

static void make_room(struct lru *l, uint32_t units)
{
    uint32_t spared = 0;

    for (;;) {
        if (!l->is_wrapped && l->head + units <= l->units + 1)
            return;
        if (!l->is_wrapped) {
            l->end = l->head;
            l->head = 1;
            l->is_wrapped = true;
        }
        if (l->tail == l->end) {
            l->tail = 1;
            l->is_wrapped = false;
        } else if (l->head + units <= l->tail) {
            return;
        } else {
            pass_tail(l, &spared);
        }
    }
}

void lru_put(struct lru *l, str key, str text, uint64_t time)
{
    size_t bytes = sizeof(struct item) + key.n + text.n;
    uint32_t bucket, units;

    lru_remove(l, key);
    if (!l->ring || bytes > (size_t)l->units * UNIT / 4)
        return;
    units = (uint32_t)((bytes + UNIT - 1) / UNIT);
    make_room(l, units);
    (void)find(l, key, &bucket);
    struct item *i = at(l, l->head);
    *i = (struct item){.next = l->buckets[bucket],
                       .units = units,
                       .key_n = (uint32_t)key.n,
                       .text_n = (uint32_t)text.n,
                       .time = time,
                       .bucket = bucket,
                       .is_live = true};
    if (key.n)
        memcpy(key_of(i), key.p, key.n);
    if (text.n)
        memcpy(key_of(i) + key.n, text.p, text.n);
    l->buckets[bucket] = l->head;
    l->head += units;
    l->state.entries++;
    l->state.bytes += (uint64_t)units * UNIT;
}

struct lru_state lru_look(const struct lru *l)
{
    return l->state;
}
