/* Tables that records of a stage write. */
#include <stddef.h>

#include "common/run/pipeline_load.h"

enum { SET_MAX = 64 };

struct table_settings {
    str on, time;
    const struct node *key, *set;
    uint64_t max;
    bool reduces;
};
const struct setting pipeline_table_settings[] = {
    {"on", SETTING_STR, NULL, offsetof(struct table_settings, on),
     "Stage whose records write the table when they leave it."},
    {"key", SETTING_NODE, NULL, offsetof(struct table_settings, key),
     "Member, or list of up to 8 members, that name the row."},
    {"set", SETTING_NODE, NULL, offsetof(struct table_settings, set),
     "Members that the row holds, up to 64."},
    {"time", SETTING_STR, "", offsetof(struct table_settings, time),
     "Member with the time of the event: the latest wins; without it, the time it was "
     "accepted."},
    {"max", SETTING_COUNT, "1M", offsetof(struct table_settings, max),
     "Rows of the table; further keys are not stored, but counted."},
    {"reduce", SETTING_BOOL, "false", offsetof(struct table_settings, reduces),
     "The records themselves end here, filtered as `reduced`: only their rows stay."},
    {0},
};

static void read_table(struct loader *l, const struct node *map)
{
    struct table_settings s = {0};
    struct pipeline_table t = {.name = map->key};
    uint32_t before = l->f->errors;

    if (!pipeline_is_name(t.name))
        findings_error(l->f, map->key_at, (uint32_t)map->key.n,
                       "the name of a table is a small letter, then up to 63 small letters, "
                       "digits, '_' and '-'");
    setting_fill(pipeline_table_settings, map, &s, l->f);
    if (l->f->errors > before || !pipeline_stage_of(l, node_get(map, "on"), &t.on) ||
        !pipeline_members(l, s.key, PIPELINE_KEY_MAX, &t.key, &t.key_count) ||
        !pipeline_members(l, s.set, SET_MAX, &t.set, &t.set_count))
        return;
    if (s.max == 0)
        findings_error(l->f, node_at(map, "max"), 1, "'max' must be at least 1");
    if (s.reduces && l->p->stages[t.on].kind && l->p->stages[t.on].kind->is_end)
        findings_error(l->f, node_at(map, "reduce"), 1,
                       "what leaves '" STR_FMT "' was delivered: reduce it in a stage before",
                       STR_ARG(s.on));
    t.reduces = s.reduces;
    t.time = s.time;
    t.max = s.max;
    l->p->tables[l->p->table_count++] = t;
}

void pipeline_read_tables(struct loader *l)
{
    const struct node *tables = node_get(l->p->root, "tables");

    if (!tables || tables->type == NODE_EMPTY)
        return;
    if (tables->type != NODE_MAP || tables->count > PIPELINE_TABLES_MAX) {
        findings_error(l->f, tables->at, node_width(tables),
                       "'tables' is a map of up to %d names to {on, key, set, time, max}",
                       PIPELINE_TABLES_MAX);
        return;
    }
    l->p->tables = arena_alloc(&l->p->arena, (tables->count + 1) * sizeof(*l->p->tables));
    for (const struct node *t = tables->children; t; t = t->next)
        read_table(l, t);
}
