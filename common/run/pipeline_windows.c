#include <stddef.h>

#include "common/run/pipeline_load.h"

enum { DECIMALS_MAX = 9, TOP_MAX = 1000 };
static const uint64_t keys_max = 100000;
const char *const window_op_names[WINDOW_OPS] = {"count", "sum",  "min",      "max", "avg",
                                                 "first", "last", "distinct", "top"};
struct value_settings {
    str members[WINDOW_OPS];
    uint64_t decimals, k;
};
#define OP(name, number, help)                                                                 \
    {                                                                                          \
        name, SETTING_STR, "", offsetof(struct value_settings, members[number]), help          \
    }
static const struct setting value_table[] = {
    OP("sum", WINDOW_SUM, "Sum of a member, an exact decimal."),
    OP("min", WINDOW_MIN, "Least number of a member."),
    OP("max", WINDOW_MAX, "Greatest number of a member."),
    OP("avg", WINDOW_AVG, "Mean of a member: of the records that have it."),
    OP("first", WINDOW_FIRST, "Member of the earliest record, by event time."),
    OP("last", WINDOW_LAST, "Member of the latest record, by event time."),
    OP("distinct", WINDOW_DISTINCT, "How many texts a member has, to about 1 %."),
    OP("top", WINDOW_TOP, "The most frequent texts of a member."),
    {"decimals", SETTING_COUNT, "2", offsetof(struct value_settings, decimals),
     "Digits behind the point of a sum or mean, 0 to 9; finer numbers are rounded."},
    {"k", SETTING_COUNT, "10", offsetof(struct value_settings, k),
     "How many of the most frequent are shown, up to 1000."},
    {0},
};
struct window_settings {
    str on, time, late, to;
    const struct node *key, *values;
    uint64_t every_ms, over_ms, lateness_ms, idle_ms, keep_ms, max_keys;
    bool reduces, replays;
};
const struct setting pipeline_window_settings[] = {
    {"on", SETTING_STR, NULL, offsetof(struct window_settings, on),
     "Stage whose records are summed up when they leave it."},
    {"key", SETTING_NODE, "", offsetof(struct window_settings, key),
     "Member, or list of members, whose texts make a group; without it, one group: ~all."},
    {"every", SETTING_MSEC, NULL, offsetof(struct window_settings, every_ms),
     "Step of the window, in whole seconds."},
    {"over", SETTING_MSEC, "0", offsetof(struct window_settings, over_ms),
     "Width of a hopping window, a multiple of `every`; without it, as wide as its step."},
    {"time", SETTING_STR, "", offsetof(struct window_settings, time),
     "Member with the time of the event; without it, the time it was accepted."},
    {"lateness", SETTING_MSEC, "1m", offsetof(struct window_settings, lateness_ms),
     "How far behind the newest event time, or the clock, a record may come; later ones are "
     "late."},
    {"idle", SETTING_MSEC, "5m", offsetof(struct window_settings, idle_ms),
     "With event times: a stream that stood still so long has come to its end; 0: never."},
    {"values", SETTING_NODE, NULL, offsetof(struct window_settings, values),
     "What is told of a group, by name: `count`, or a map like {sum: price}.", INSIDE_FIELDS,
     value_table},
    {"max_keys", SETTING_COUNT, "10k", offsetof(struct window_settings, max_keys),
     "Groups of a pane, up to 100k; what comes with further ones is summed as ~other."},
    {"late", SETTING_STR, "", offsetof(struct window_settings, late),
     "Stage that late records go to, too, with the member sp_late."},
    {"to", SETTING_STR, "", offsetof(struct window_settings, to),
     "Stage that the results go to as records, once a window is closed."},
    {"reduce", SETTING_BOOL, "false", offsetof(struct window_settings, reduces),
     "The records themselves end here, filtered as `reduced`: only results go on."},
    {"replays", SETTING_BOOL, "false", offsetof(struct window_settings, replays),
     "Sum up replayed records too; else only those of a run whose name begins with '+'."},
    {"keep", SETTING_MSEC, "48h", offsetof(struct window_settings, keep_ms),
     "How long a pane stays after its end and lateness."},
    {0},
};

static bool is_member_name(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_letter_or_digit(s.p[i]) && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n <= 64;
}

static void complain(struct loader *l, const struct node *n, const char *what)
{
    findings_error(l->f, n->at, node_width(n), "%s", what);
}

static bool read_value_map(struct loader *l, const struct node *n, struct window_value *v)
{
    struct value_settings s = {0};
    uint32_t before = l->f->errors, ops = 0;

    setting_fill(value_table, n, &s, l->f);
    for (uint32_t op = 0; op < WINDOW_OPS; op++) {
        if (!s.members[op].n)
            continue;
        v->op = (enum window_op)op;
        v->member = s.members[op];
        ops++;
    }
    if (ops != 1)
        complain(l, n,
                 "a value is `count`, or one of sum, min, max, avg, first, last, distinct, "
                 "top with the name of a member: {sum: price}");
    if (s.decimals > DECIMALS_MAX)
        findings_error(l->f, node_at(n, "decimals"), 1, "'decimals' is 0 to %d", DECIMALS_MAX);
    if (s.k == 0 || s.k > TOP_MAX)
        findings_error(l->f, node_at(n, "k"), 1, "'k' is 1 to %d", TOP_MAX);
    v->decimals = v->op == WINDOW_SUM || v->op == WINDOW_AVG ? (uint32_t)s.decimals : 0;
    v->k = (uint32_t)s.k;
    return l->f->errors == before;
}

static void read_value(struct loader *l, const struct node *n, struct window_value *v)
{
    *v = (struct window_value){.name = n->key};
    if (!is_member_name(n->key) || str_starts(n->key, STR("sp_")))
        findings_error(
            l->f, n->key_at, (uint32_t)n->key.n,
            "the name of a value is letters, digits and '_', and does not begin with "
            "'sp_'");
    if (n->type == NODE_MAP)
        read_value_map(l, n, v);
    else if (n->type != NODE_TEXT || !str_is(n->text, "count"))
        complain(l, n, "a value is `count` or a map like {sum: price}");
}

static void read_values(struct loader *l, const struct node *n, struct pipeline_window *w)
{
    if (n->type != NODE_MAP || n->count == 0 || n->count > WINDOW_VALUES_MAX) {
        findings_error(l->f, n->at, node_width(n), "'values' is a map of 1 to %d names",
                       WINDOW_VALUES_MAX);
        return;
    }
    struct window_value *values = arena_alloc(&l->p->arena, n->count * sizeof(*values));
    w->values = values;
    for (const struct node *v = n->children; v; v = v->next)
        read_value(l, v, &values[w->value_count++]);
}

/* Results carry the members of the key beside the values. */
static void check_names(struct loader *l, const struct node *values,
                        const struct pipeline_window *w)
{
    static const char *const ours[] = {"window", "start", "end"};

    for (const struct node *v = values->children; v; v = v->next) {
        bool is_taken = false;
        for (size_t i = 0; i < ARRAY_LEN(ours); i++)
            is_taken |= str_is(v->key, ours[i]);
        for (uint32_t i = 0; i < w->key_count; i++)
            is_taken |= str_equal(v->key, w->keys[i]);
        if (is_taken)
            findings_error(l->f, v->key_at, (uint32_t)v->key.n,
                           "results have a member '" STR_FMT "' already: of the key, or one of "
                           "window, start, end",
                           STR_ARG(v->key));
    }
}

static void check_times(struct loader *l, const struct node *map,
                        const struct pipeline_window *w)
{
    if (w->every_ms == 0 || w->every_ms % 1000)
        findings_error(l->f, node_at(map, "every"), 1, "a step is whole seconds");
    else if (w->over_ms % w->every_ms || w->over_ms / w->every_ms > WINDOW_PANES_MAX)
        findings_error(l->f, node_at(map, "over"), 1,
                       "the width is a multiple of `every`, up to %d times", WINDOW_PANES_MAX);
}

/* Name and number of a stage that is given; false: it is not. */
static bool read_stage(struct loader *l, const struct node *map, const char *key, str name,
                       uint32_t *number)
{
    return name.n && pipeline_stage_of(l, node_get(map, key), number);
}

static void read_window(struct loader *l, const struct node *map)
{
    struct window_settings s = {0};
    struct pipeline_window w = {.name = map->key, .node = map};
    uint32_t before = l->f->errors;

    if (!pipeline_is_name(w.name))
        findings_error(l->f, map->key_at, (uint32_t)map->key.n,
                       "the name of a window is a small letter, then up to 63 small letters, "
                       "digits, '_' and '-'");
    setting_fill(pipeline_window_settings, map, &s, l->f);
    if (l->f->errors > before || !pipeline_stage_of(l, node_get(map, "on"), &w.on))
        return;
    w.every_ms = s.every_ms;
    w.over_ms = s.over_ms ? s.over_ms : s.every_ms;
    w.time = s.time;
    w.lateness_ms = s.lateness_ms;
    w.idle_ms = s.idle_ms;
    w.keep_ms = s.keep_ms;
    w.max_keys = s.max_keys;
    w.reduces = s.reduces;
    w.replays = s.replays;
    w.has_late = read_stage(l, map, "late", s.late, &w.late);
    w.has_to = read_stage(l, map, "to", s.to, &w.to);
    if (w.reduces && !w.has_to && l->f->errors == before)
        findings_error(l->f, node_at(map, "reduce"), 1,
                       "the records end here, so the results need a stage: add `to`");
    if (w.reduces && l->p->stages[w.on].kind && l->p->stages[w.on].kind->is_end)
        findings_error(l->f, node_at(map, "reduce"), 1,
                       "what leaves '" STR_FMT "' was delivered: reduce it in a stage before",
                       STR_ARG(s.on));
    if (w.max_keys == 0 || w.max_keys > keys_max)
        findings_error(l->f, node_at(map, "max_keys"), 1, "'max_keys' is 1 to 100k");
    check_times(l, map, &w);
    if (s.key && s.key->type != NODE_EMPTY)
        (void)pipeline_members(l, s.key, WINDOW_KEYS_MAX, &w.keys, &w.key_count);
    read_values(l, s.values, &w);
    if (l->f->errors == before)
        check_names(l, s.values, &w);
    l->p->windows[l->p->window_count++] = w;
}

void pipeline_read_windows(struct loader *l)
{
    const struct node *windows = node_get(l->p->root, "windows");

    if (!windows || windows->type == NODE_EMPTY)
        return;
    if (windows->type != NODE_MAP || windows->count > PIPELINE_COUNTS_MAX) {
        findings_error(l->f, windows->at, node_width(windows),
                       "'windows' is a map of up to %d names to {on, every, values, ...}",
                       PIPELINE_COUNTS_MAX);
        return;
    }
    l->p->windows = arena_alloc(&l->p->arena, (windows->count + 1) * sizeof(*l->p->windows));
    for (const struct node *w = windows->children; w; w = w->next)
        read_window(l, w);
}

bool pipeline_reduces(const struct pipeline *p, uint32_t stage)
{
    for (uint32_t i = 0; i < p->window_count; i++)
        if (p->windows[i].on == stage && p->windows[i].reduces)
            return true;
    for (uint32_t i = 0; i < p->table_count; i++)
        if (p->tables[i].on == stage && p->tables[i].reduces)
            return true;
    return false;
}
