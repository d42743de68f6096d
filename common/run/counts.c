#include "common/run/counts.h"

#include "common/data/event.h"
#include "common/data/json.h"
#include "common/data/text_map.h"

static const uint64_t expiry_max_ms = ((uint64_t)1 << 53) - 1; /* more is no number in Lua */

struct sum {
    struct sum *next; /* of the same window */
    str key;
    int64_t n;
};
struct window {
    struct window *next;
    const struct pipeline_count *rule;
    uint64_t start_ms;
    struct sum *sums;
    uint32_t count;
};
struct counts {
    struct arena *arena;
    const struct pipeline *pipeline;
    uint32_t stage;
    struct window *windows;
    struct text_map sums; /* of all windows, by key */
};

struct counts *counts_new(struct arena *a, const struct pipeline *p, uint32_t stage)
{
    for (uint32_t i = 0; i < p->count_count; i++) {
        if (p->counts[i].on != stage)
            continue;
        struct counts *c = arena_zalloc(a, sizeof(*c));
        *c = (struct counts){.arena = a, .pipeline = p, .stage = stage, .sums = {.arena = a}};
        return c;
    }
    return NULL;
}

static str key_of(const struct pipeline_count *rule, const struct record *r, struct arena *a)
{
    str value;

    if (!record_find(r, rule->key, &value) || json_type(value) == JSON_NULL)
        return STR("~none");
    return json_text(a, value);
}

static struct window *window_of(struct counts *c, const struct pipeline_count *rule,
                                uint64_t start)
{
    for (struct window *w = c->windows; w; w = w->next)
        if (w->rule == rule && w->start_ms == start)
            return w;
    struct window *w = arena_zalloc(c->arena, sizeof(*w));
    *w = (struct window){.next = c->windows, .rule = rule, .start_ms = start};
    return c->windows = w;
}

static void count(struct counts *c, const struct pipeline_count *rule, const struct record *r)
{
    uint64_t ms = rule->every_ms ? event_time(r, rule->time, c->arena) : 0;
    struct window *w = window_of(c, rule, rule->every_ms ? ms - ms % rule->every_ms : 0);
    str key = key_of(rule, r, c->arena);
    bool is_new;
    struct sum *sum = text_map_get(&c->sums, w, key, sizeof(*sum), &is_new);

    if (is_new) {
        *sum = (struct sum){.next = w->sums, .key = key};
        w->sums = sum;
        w->count++;
    }
    sum->n++;
}

void counts_add(struct counts *c, const struct record *r)
{
    for (uint32_t i = 0; c && i < c->pipeline->count_count; i++)
        if (c->pipeline->counts[i].on == c->stage &&
            event_counts(r, c->pipeline->counts[i].replays))
            count(c, &c->pipeline->counts[i], r);
}

static str window_name(struct arena *a, const struct window *w)
{
    if (w->rule->every_ms == 0)
        return STR("total");
    return arena_printf(a, "%llu", (unsigned long long)(w->start_ms / 1000));
}

/* `keep` runs from the end of the window, or from now when that is past: a replay of old data
 * can be read for as long as any other. */
static uint64_t expiry(const struct window *w, uint64_t now_ms)
{
    if (w->rule->keep_ms == 0)
        return 0;
    uint64_t end_ms = MIN(MAX(w->start_ms + w->rule->every_ms, now_ms), expiry_max_ms);
    return end_ms + MIN(w->rule->keep_ms, expiry_max_ms - end_ms);
}

struct commit_hash *counts_hashes(struct counts *c, const struct keys *keys, uint64_t now_ms,
                                  uint32_t *n)
{
    uint32_t windows = 0, i = 0;

    *n = 0;
    for (const struct window *w = c ? c->windows : NULL; w; w = w->next)
        windows++;
    if (!windows)
        return NULL;
    struct commit_hash *hashes = arena_zalloc(c->arena, windows * sizeof(*hashes));
    for (const struct window *w = c->windows; w; w = w->next) {
        struct commit_hash *h = &hashes[i++];
        h->key = keys_count(keys, c->arena, w->rule->name, window_name(c->arena, w));
        h->expire_ms = expiry(w, now_ms);
        h->moves = arena_alloc(c->arena, w->count * sizeof(*h->moves));
        for (const struct sum *s = w->sums; s; s = s->next)
            h->moves[h->n++] = (struct commit_move){.field = s->key, .delta = s->n};
    }
    *n = windows;
    return hashes;
}
