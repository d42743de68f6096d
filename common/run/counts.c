#include "common/run/counts.h"

#include <time.h>

#include "common/base/hash.h"
#include "common/data/json.h"

enum { SLOTS_FIRST = 256 };

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
struct slot {
    uint64_t hash;
    struct window *window;
    struct sum *sum;
};
struct counts {
    struct arena *arena;
    const struct pipeline *pipeline;
    uint32_t stage;
    struct window *windows;
    struct slot *slots; /* open addressing; a power of two */
    uint32_t room, used;
};

struct counts *counts_new(struct arena *a, const struct pipeline *p, uint32_t stage)
{
    for (uint32_t i = 0; i < p->count_count; i++) {
        if (p->counts[i].on != stage)
            continue;
        struct counts *c = arena_zalloc(a, sizeof(*c));
        *c = (struct counts){.arena = a, .pipeline = p, .stage = stage, .room = SLOTS_FIRST};
        c->slots = arena_zalloc(a, c->room * sizeof(*c->slots));
        return c;
    }
    return NULL;
}

static bool take_digits(str *s, size_t n, int *value)
{
    uint64_t v;

    if (s->n < n || !str_to_u64((str){s->p, n}, &v))
        return false;
    *value = (int)v;
    *s = (str){s->p + n, s->n - n};
    return true;
}

static bool take_char(str *s, char c)
{
    if (s->n == 0 || (s->p[0] | 0x20) != (c | 0x20))
        return false;
    *s = (str){s->p + 1, s->n - 1};
    return true;
}

static bool take_zone(str *s, int *minutes)
{
    int sign, hours, rest;

    *minutes = 0;
    if (s->n == 0 || take_char(s, 'Z'))
        return true;
    sign = s->p[0] == '-' ? -1 : 1;
    if (s->p[0] != '-' && s->p[0] != '+')
        return false;
    *s = (str){s->p + 1, s->n - 1};
    if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &rest))
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

static bool date_time(str s, uint64_t *ms)
{
    struct tm t = {0};
    int minutes = 0;

    if (!take_digits(&s, 4, &t.tm_year) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &t.tm_mon) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &t.tm_mday))
        return false;
    if (s.n) {
        if (!take_char(&s, 'T') && !take_char(&s, ' '))
            return false;
        if (!take_digits(&s, 2, &t.tm_hour) || !take_char(&s, ':') ||
            !take_digits(&s, 2, &t.tm_min) || !take_char(&s, ':') ||
            !take_digits(&s, 2, &t.tm_sec))
            return false;
        if (take_char(&s, '.'))
            while (s.n && s.p[0] >= '0' && s.p[0] <= '9')
                s = (str){s.p + 1, s.n - 1};
        if (!take_zone(&s, &minutes))
            return false;
    }
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    time_t seconds = timegm(&t) - minutes * 60;
    if (s.n || seconds < 0)
        return false;
    *ms = (uint64_t)seconds * 1000;
    return true;
}

bool counts_time(str text, uint64_t *ms)
{
    uint64_t number;

    if (str_to_u64(text, &number)) {
        *ms = number >= 100000000000ULL ? number : number * 1000;
        return true;
    }
    return date_time(text, ms);
}

static uint64_t time_of(const struct pipeline_count *rule, const struct record *r,
                        struct arena *a)
{
    str value;
    uint64_t ms;

    if (rule->time.n && record_find(r, rule->time, &value) &&
        counts_time(json_text(a, value), &ms))
        return ms;
    return r->entry->at;
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

static struct slot *find_slot(struct counts *c, uint64_t hash, const struct window *w, str key)
{
    uint32_t i = (uint32_t)hash & (c->room - 1);

    while (c->slots[i].sum && (c->slots[i].hash != hash || c->slots[i].window != w ||
                               !str_equal(c->slots[i].sum->key, key)))
        i = (i + 1) & (c->room - 1);
    return &c->slots[i];
}

static void grow(struct counts *c)
{
    struct slot *old = c->slots;
    uint32_t old_room = c->room;

    c->room *= 2;
    c->slots = arena_zalloc(c->arena, c->room * sizeof(*c->slots));
    for (uint32_t i = 0; i < old_room; i++)
        if (old[i].sum)
            *find_slot(c, old[i].hash, old[i].window, old[i].sum->key) = old[i];
}

static void count(struct counts *c, const struct pipeline_count *rule, const struct record *r)
{
    uint64_t ms = rule->every_ms ? time_of(rule, r, c->arena) : 0;
    struct window *w = window_of(c, rule, rule->every_ms ? ms - ms % rule->every_ms : 0);
    str key = key_of(rule, r, c->arena);
    uint64_t hash = hash_more((uint64_t)(uintptr_t)w, key);
    struct slot *s = find_slot(c, hash, w, key);

    struct sum *sum = s->sum;

    if (!sum) {
        sum = arena_alloc(c->arena, sizeof(*sum));
        *sum = (struct sum){.next = w->sums, .key = key};
        *s = (struct slot){.hash = hash, .window = w, .sum = sum};
        w->sums = sum;
        w->count++;
        c->used++;
    }
    sum->n++;
    if (c->used * 2 > c->room)
        grow(c);
}

void counts_add(struct counts *c, const struct record *r)
{
    for (uint32_t i = 0; c && i < c->pipeline->count_count; i++)
        if (c->pipeline->counts[i].on == c->stage)
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
    return MAX(w->start_ms + w->rule->every_ms, now_ms) + w->rule->keep_ms;
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
