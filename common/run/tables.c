#include "common/run/tables.h"

#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/record_key.h"
#include "common/run/counts.h"

enum { SLOTS_FIRST = 64 };

struct row {
    uint64_t hash, ms;
    str key, value;
};
struct table { /* what one commit writes of it */
    struct table *next;
    const struct pipeline_table *rule;
    struct row *rows; /* open addressing; a power of two, at most half of them taken */
    uint32_t room, count;
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
        *t = (struct table){.next = s->tables, .rule = rule, .room = SLOTS_FIRST};
        t->rows = arena_zalloc(a, t->room * sizeof(*t->rows));
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

static struct row *find_row(struct table *t, uint64_t hash, str key)
{
    uint32_t i = (uint32_t)hash & (t->room - 1);

    while (t->rows[i].value.n && (t->rows[i].hash != hash || !str_equal(t->rows[i].key, key)))
        i = (i + 1) & (t->room - 1);
    return &t->rows[i];
}

static void grow(struct table *t, struct arena *a)
{
    struct row *old = t->rows;
    uint32_t old_room = t->room;

    t->room *= 2;
    t->rows = arena_zalloc(a, t->room * sizeof(*t->rows));
    for (uint32_t i = 0; i < old_room; i++)
        if (old[i].value.n)
            *find_row(t, old[i].hash, old[i].key) = old[i];
}

/* A replay writes again what its event time says was first; without one it would write old
 * values over newer ones. */
static bool writes(const struct pipeline_table *rule, const struct record *r)
{
    return rule->time.n || r->entry->run.n == 0 || str_starts(r->entry->run, STR("+"));
}

static void write(struct table *t, const struct record *r, struct arena *a)
{
    str key;

    if (!writes(t->rule, r) || !record_key(a, r, t->rule->key, t->rule->key_count, &key))
        return;
    uint64_t ms = counts_time_of(r, t->rule->time, a), hash = hash_bytes(key);
    struct row *row = find_row(t, hash, key);
    if (row->value.n && ms < row->ms)
        return;
    str value = value_of(t->rule, r, a);
    if (row->value.n && ms == row->ms && str_compare(value, row->value) <= 0)
        return;
    t->count += !row->value.n;
    *row = (struct row){.hash = hash, .ms = ms, .key = key, .value = value};
    if (2 * t->count > t->room)
        grow(t, a);
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
    for (const struct row *r = t->rows; r < t->rows + t->room; r++) {
        if (!r->value.n)
            continue;
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
