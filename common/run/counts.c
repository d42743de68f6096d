#include "common/run/counts.h"

#include <time.h>

#include "common/data/json.h"
#include "common/data/text_map.h"

static const uint64_t time_end_ms = 253402300800000;           /* the year 10000 */
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

static bool take_digits(str *s, size_t n, int *value)
{
    uint64_t v;

    if (s->n < n || !str_to_u64((str){s->p, n}, &v))
        return false;
    *value = (int)v;
    *s = (str){s->p + n, s->n - n};
    return true;
}

static bool take_any(str *s, const char *of)
{
    if (s->n == 0 || s->p[0] == '\0' || !strchr(of, s->p[0]))
        return false;
    *s = (str){s->p + 1, s->n - 1};
    return true;
}

static bool take_zone(str *s, int *minutes)
{
    int sign, hours, rest;

    *minutes = 0;
    if (s->n == 0 || take_any(s, "Zz"))
        return true;
    sign = s->p[0] == '-' ? -1 : 1;
    if (!take_any(s, "+-") || !take_digits(s, 2, &hours) || !take_any(s, ":") ||
        !take_digits(s, 2, &rest))
        return false;
    *minutes = sign * (hours * 60 + rest);
    return hours < 24 && rest < 60;
}

static bool take_fraction(str *s)
{
    if (!take_any(s, "."))
        return true;
    if (!take_any(s, "0123456789"))
        return false;
    while (take_any(s, "0123456789"))
        ;
    return true;
}

static bool take_clock(str *s, struct tm *t, int *zone_minutes)
{
    return take_any(s, "Tt ") && take_digits(s, 2, &t->tm_hour) && take_any(s, ":") &&
           take_digits(s, 2, &t->tm_min) && take_any(s, ":") && take_digits(s, 2, &t->tm_sec) &&
           take_fraction(s) && take_zone(s, zone_minutes) && t->tm_hour < 24 &&
           t->tm_min < 60 && t->tm_sec <= 60; /* a leap second */
}

static bool date_time(str s, uint64_t *ms)
{
    struct tm t = {0};
    int zone_minutes = 0, month, day;

    if (!take_digits(&s, 4, &t.tm_year) || !take_any(&s, "-") || !take_digits(&s, 2, &month) ||
        !take_any(&s, "-") || !take_digits(&s, 2, &day))
        return false;
    if (s.n && !take_clock(&s, &t, &zone_minutes))
        return false;
    t.tm_year -= 1900;
    t.tm_mon = month - 1;
    t.tm_mday = day;
    struct tm date = {.tm_year = t.tm_year, .tm_mon = t.tm_mon, .tm_mday = day};
    (void)timegm(&date); /* moves a day that is not in the calendar */
    time_t seconds = timegm(&t) - zone_minutes * 60;
    if (s.n || date.tm_mon != month - 1 || date.tm_mday != day || seconds < 0)
        return false;
    *ms = (uint64_t)seconds * 1000;
    return true;
}

bool counts_time(str text, uint64_t *ms)
{
    uint64_t number;

    if (str_to_u64(text, &number)) {
        if (number >= time_end_ms)
            return false;
        *ms = number >= 100000000000ULL ? number : number * 1000;
        return true;
    }
    return date_time(text, ms);
}

uint64_t counts_time_of(const struct record *r, str member, struct arena *scratch)
{
    str value;
    uint64_t ms;

    if (member.n && record_find(r, member, &value) &&
        counts_time(json_text(scratch, value), &ms))
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

static void count(struct counts *c, const struct pipeline_count *rule, const struct record *r)
{
    uint64_t ms = rule->every_ms ? counts_time_of(r, rule->time, c->arena) : 0;
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

/* A record of a replay was counted when it first went through. */
static bool is_counted(const struct pipeline_count *rule, const struct record *r)
{
    return r->entry->run.n == 0 || rule->replays || str_starts(r->entry->run, STR("+"));
}

void counts_add(struct counts *c, const struct record *r)
{
    for (uint32_t i = 0; c && i < c->pipeline->count_count; i++)
        if (c->pipeline->counts[i].on == c->stage && is_counted(&c->pipeline->counts[i], r))
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
