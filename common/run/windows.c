#include "common/run/windows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/event.h"
#include "common/data/json.h"
#include "common/data/origin.h"
#include "common/data/record_key.h"
#include "common/data/text_map.h"
#include "common/run/windows_sums.h"

enum { TEXT_MAX = 200, NUMBER_MAX = 40 };
static const uint64_t day_ms = 24 * 3600 * 1000;
static const double exact_max = 9007199254740991.0; /* 2^53 - 1 */

struct windows {
    struct arena *arena;
    const struct output_context *c;
    struct text_map map;
    struct window_sums *sums; /* one a window of the pipeline */
};

static void *begin(struct arena *a, const struct output_context *c, const struct batch *b)
{
    const struct pipeline *p = c->pipeline;

    (void)b;
    for (uint32_t i = 0; i < p->window_count; i++) {
        if (p->windows[i].on != c->stage)
            continue;
        struct windows *w = arena_alloc(a, sizeof(*w));
        *w = (struct windows){.arena = a, .c = c, .map = {.arena = a}};
        w->sums = arena_zalloc(a, p->window_count * sizeof(*w->sums));
        return w;
    }
    return NULL;
}

/* A long text stands for itself by its hash: names in Redis stay short. */
static str short_text(struct arena *a, str text)
{
    char hex[16];

    if (text.n <= TEXT_MAX)
        return text;
    hash_hex(hash_bytes(text), hex);
    return arena_printf(a, "~%.16s", hex);
}

static str group_key(const struct pipeline_window *rule, const struct record *r,
                     struct arena *a)
{
    str key;

    if (rule->key_count == 0)
        return STR("~all");
    if (!record_key(a, r, rule->keys, rule->key_count, &key) && rule->key_count == 1)
        return STR("~none");
    return short_text(a, key);
}

static struct window_pane *pane_of(struct window_sums *s, uint64_t start_ms, struct arena *a)
{
    struct window_pane *p = s->panes;

    while (p && p->start_ms != start_ms)
        p = p->next;
    if (p)
        return p;
    p = arena_zalloc(a, sizeof(*p));
    *p = (struct window_pane){.next = s->panes, .start_ms = start_ms};
    s->pane_count++;
    return s->panes = p;
}

static struct window_group *group_of(struct windows *w, const struct pipeline_window *rule,
                                     struct window_pane *pane, const struct record *r)
{
    str key = group_key(rule, r, w->arena);
    bool is_new;
    struct window_group *g = text_map_get(&w->map, pane, key, sizeof(*g), &is_new);

    if (is_new) {
        *g = (struct window_group){.next = pane->groups, .key = key};
        g->cells = arena_zalloc(w->arena, rule->value_count * sizeof(*g->cells));
        pane->groups = g;
        pane->group_count++;
    }
    return g;
}

/* A JSON number, bare or in a string, as its text with a NUL behind it. */
static bool read_number(struct arena *a, str raw, str *text)
{
    *text = str_trim(json_text(a, raw));
    if (text->n > NUMBER_MAX || json_type(*text) != JSON_NUMBER ||
        json_check(*text, NULL, NULL))
        return false;
    *text = arena_copy(a, *text);
    return true;
}

/* A number in units of the last decimal, rounded half away from zero: by its digits, so
 * that 1.255 is 1.26. With an exponent it goes by what a computer can hold of it. */
static double in_units(str number, uint32_t decimals)
{
    const char *p = number.p, *point = NULL;
    bool is_negative = *p == '-', is_up = false;
    double units = 0;

    for (p += is_negative; *p; p++) {
        if (*p == 'e' || *p == 'E')
            return (double)roundl(strtold(number.p, NULL) * powl(10, decimals));
        if (*p == '.') {
            point = p;
            continue;
        }
        if (!point || p - point <= decimals)
            units = units * 10 + (*p - '0');
        else if (p - point == decimals + 1)
            is_up = *p >= '5';
    }
    for (uint32_t have = point ? (uint32_t)(p - point - 1) : 0; have < decimals; have++)
        units *= 10;
    units += is_up;
    return is_negative ? -units : units;
}

static void add_units(struct window_cell *c, double units)
{
    c->n++;
    c->number += units;
    c->is_beyond |= fabs(c->number) > exact_max || fabs(units) > exact_max;
}

static void keep_extreme(struct window_cell *c, str number, bool is_max)
{
    double v = strtod(number.p, NULL);
    bool is_better = is_max ? v > c->number : v < c->number;

    if (c->n && !is_better && (v != c->number || str_compare(number, c->text) >= 0))
        return;
    *c = (struct window_cell){.n = 1, .number = v, .text = number};
}

static void add_number(const struct window_value *v, struct window_cell *c, str number)
{
    if (v->op == WINDOW_MIN || v->op == WINDOW_MAX)
        keep_extreme(c, number, v->op == WINDOW_MAX);
    else
        add_units(c, in_units(number, v->decimals));
}

static str id_of(const struct record *r, struct arena *a)
{
    struct origin o;

    (void)origin_of(r, &o);
    return arena_printf(a, STR_FMT "-%llu-%llu", STR_ARG(o.src), (unsigned long long)o.row,
                        (unsigned long long)o.offset);
}

/* A scalar as it is; anything else, and what is long, as a short text. */
static str shown(struct arena *a, str raw)
{
    bool is_scalar = json_type(raw) != JSON_ARRAY && json_type(raw) != JSON_OBJECT;

    return is_scalar && raw.n <= TEXT_MAX ? raw
                                          : json_quoted(a, short_text(a, json_text(a, raw)));
}

static void keep_by_time(struct window_cell *c, const struct window_cell *new, bool is_last)
{
    int order = new->ms != c->ms ? (new->ms < c->ms ? -1 : 1) : str_compare(new->id, c->id);

    if (c->n == 0 || (is_last ? order > 0 : order < 0))
        *c = *new;
}

static void count_text(struct windows *w, struct window_cell *c, str raw)
{
    str text = short_text(w->arena, json_text(w->arena, raw));
    bool is_new;
    struct window_text *t = text_map_get(&w->map, c, text, sizeof(*t), &is_new);

    if (is_new) {
        *t = (struct window_text){.next = c->texts, .text = text};
        c->texts = t;
        c->n++;
    }
    t->n++;
}

static void add_value(struct windows *w, const struct window_value *v, struct window_cell *c,
                      const struct record *r, uint64_t ms)
{
    str raw, number;

    if (v->op == WINDOW_COUNT) {
        c->n++;
        return;
    }
    if (!record_find(r, v->member, &raw) || json_type(raw) == JSON_NULL)
        return;
    if (v->op == WINDOW_FIRST || v->op == WINDOW_LAST)
        keep_by_time(
            c,
            &(struct window_cell){
                .n = 1, .ms = ms, .id = id_of(r, w->arena), .text = shown(w->arena, raw)},
            v->op == WINDOW_LAST);
    else if (v->op == WINDOW_DISTINCT || v->op == WINDOW_TOP)
        count_text(w, c, raw);
    else if (read_number(w->arena, raw, &number))
        add_number(v, c, number);
}

/* False: it is late. */
static bool add(struct windows *w, uint32_t number, const struct record *r)
{
    const struct pipeline_window *rule = &w->c->pipeline->windows[number];
    struct window_sums *s = &w->sums[number];
    uint64_t ms = event_time(r, rule->time, w->arena), start = ms - ms % rule->every_ms;

    s->is_moved = true;
    if (start + rule->every_ms <= w->c->closed[number]) {
        s->late++;
        return false;
    }
    if (ms <= r->entry->at + day_ms) /* a time beyond belief closes nothing */
        s->newest_ms = MAX(s->newest_ms, ms);
    struct window_group *g = group_of(w, rule, pane_of(s, start, w->arena), r);
    for (uint32_t i = 0; i < rule->value_count; i++)
        add_value(w, &rule->values[i], &g->cells[i], r, ms);
    return true;
}

uint64_t windows_add(struct windows *w, const struct record *r)
{
    uint64_t late = 0;

    for (uint32_t i = 0; w && i < w->c->pipeline->window_count; i++) {
        const struct pipeline_window *rule = &w->c->pipeline->windows[i];
        if (rule->on == w->c->stage && event_counts(r, rule->replays) && !add(w, i, r))
            late |= UINT64_C(1) << i;
    }
    return late;
}

struct record *windows_late_copy(struct arena *a, const struct pipeline_window *rule,
                                 const struct record *r)
{
    struct record *copy = arena_alloc(a, sizeof(*copy));
    struct member *m = arena_alloc(a, sizeof(*m));

    *m = (struct member){
        .next = r->added, .name = STR("sp_late"), .value = json_quoted(a, rule->name)};
    *copy = *r;
    copy->added = m;
    copy->last = r->last ? r->last : m;
    return copy;
}

static void build(void *sums, struct parts *parts)
{
    const struct windows *w = sums;
    struct commit_part part;

    for (uint32_t i = 0; i < w->c->pipeline->window_count; i++) {
        if (!w->sums[i].is_moved)
            continue;
        window_part(w->arena, &w->c->pipeline->windows[i], &w->sums[i], w->c, &part);
        parts_say(parts, &part);
    }
}

/* Nothing new is good as well: another commit, built as early as this one, was told first. */
static bool learn(const struct output_context *c, str text)
{
    const struct pipeline *p = c->pipeline;
    struct arena scratch = {0};
    str key = str_cut(&text, ' ');
    bool is_ours = false;
    uint64_t ms;

    for (uint32_t i = 0; i < p->window_count && str_to_u64(text, &ms); i++) {
        if (!str_equal(key, keys_window(c->keys, &scratch, p->windows[i].name)))
            continue;
        c->closed[i] = MAX(c->closed[i], ms);
        is_ours = true;
    }
    arena_free(&scratch);
    return is_ours;
}

const struct part_kind part_windows = {
    .begin = begin, .build = build, .refusal = "CLOSED ", .learn = learn};
