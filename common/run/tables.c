#include "common/run/tables.h"

#include "common/data/event.h"
#include "common/data/json.h"
#include "common/data/record_key.h"
#include "common/data/text_map.h"

struct row {
    struct row *next;
    uint64_t ms;
    str key, value;
};
struct table { /* what one commit writes of it */
    struct table *next;
    const struct pipeline_table *rule;
    struct text_map map; /* of the rows, by key */
    struct row *rows;
    uint32_t count;
};
struct sums {
    struct arena *arena;
    const struct keys *keys;
    struct table *tables;
};

static void *begin(struct arena *a, const struct output_context *c, const struct batch *b)
{
    struct sums *s = NULL;

    (void)b;
    for (uint32_t i = 0; i < c->pipeline->table_count; i++) {
        const struct pipeline_table *rule = &c->pipeline->tables[i];
        if (rule->on != c->stage)
            continue;
        if (!s)
            s = arena_zalloc(a, sizeof(*s));
        struct table *t = arena_alloc(a, sizeof(*t));
        *t = (struct table){.next = s->tables, .rule = rule, .map = {.arena = a}};
        *s = (struct sums){.arena = a, .keys = c->keys, .tables = t};
    }
    return s;
}

/* The members as they stand; one that is absent is left out. */
static str value_of(const struct pipeline_table *rule, const struct record *r, struct arena *a)
{
    str *values = arena_alloc(a, rule->set_count * sizeof(*values));
    size_t room = 2;

    for (uint32_t i = 0; i < rule->set_count; i++) {
        if (!record_find(r, rule->set[i], &values[i]))
            values[i] = STR_NONE;
        room += JSON_QUOTED_MAX(rule->set[i].n) + values[i].n + 2;
    }
    char *start = arena_reserve(a, room), *end = start;
    *end++ = '{';
    for (uint32_t i = 0; i < rule->set_count; i++) {
        if (!values[i].n)
            continue;
        if (end > start + 1)
            *end++ = ',';
        end = json_quote(end, rule->set[i]);
        *end++ = ':';
        memcpy(end, values[i].p, values[i].n);
        end += values[i].n;
    }
    *end++ = '}';
    arena_trim(a, end);
    return str_between(start, end);
}

/* A replay writes again what its event time says was first; without one it would write old
 * values over newer ones. */
static bool writes(const struct pipeline_table *rule, const struct record *r)
{
    return event_counts(r, rule->time.n > 0);
}

static void write(struct table *t, const struct record *r, struct arena *a)
{
    str key;

    if (!writes(t->rule, r) || !record_key(a, r, t->rule->key, t->rule->key_count, &key))
        return;
    uint64_t ms = event_time(r, t->rule->time, a);
    bool is_new;
    struct row *row = text_map_get(&t->map, t, key, sizeof(*row), &is_new);
    if (!is_new && ms < row->ms)
        return;
    str value = value_of(t->rule, r, a);
    if (!is_new && ms == row->ms && str_compare(value, row->value) <= 0)
        return;
    row->key = key;
    row->ms = ms;
    row->value = value;
    if (!is_new)
        return;
    row->next = t->rows;
    t->rows = row;
    t->count++;
}

static void add(void *sums, const struct record *r)
{
    const struct sums *s = sums;

    for (struct table *t = s->tables; t; t = t->next)
        write(t, r, s->arena);
}

static str number(struct arena *a, uint64_t v)
{
    return arena_printf(a, "%llu", (unsigned long long)v);
}

static void say(const struct sums *s, const struct table *t, struct parts *p)
{
    struct arena *a = s->arena;
    str *keys = arena_alloc(a, 3 * sizeof(*keys));
    str *args = arena_alloc(a, (2 + 3 * (size_t)t->count) * sizeof(*args));
    uint32_t n = 0;

    keys[0] = keys_named(s->keys, a, "table", t->rule->name, "");
    keys[1] = keys_named(s->keys, a, "table", t->rule->name, ":at");
    keys[2] = keys_lane(s->keys, a, "books");
    args[n++] = number(a, t->rule->max);
    args[n++] = number(a, t->count);
    for (const struct row *r = t->rows; r; r = r->next) {
        args[n++] = r->key;
        args[n++] = number(a, r->ms);
        args[n++] = r->value;
    }
    parts_say(
        p,
        &(struct commit_part){
            .kind = STR("table"), .keys = keys, .args = args, .key_count = 3, .arg_count = n});
}

static void build(void *sums, struct parts *p)
{
    const struct sums *s = sums;

    for (const struct table *t = s->tables; t; t = t->next)
        if (t->count)
            say(s, t, p);
}

const struct part_kind part_table = {.begin = begin, .add = add, .build = build};
