#include "common/run/pipeline_load.h"

/* No state: a row is read by hand. */
const struct setting pipeline_route_settings[] = {
    {"from", SETTING_STR, NULL, 0, "Stage, source, or inbox that a record comes from."},
    {"when", SETTING_STR, "", 0, "Condition in Lua over the members of the record."},
    {"to", SETTING_NODE, "", 0, "Stage that it goes to, or a list of them."},
    {"drop", SETTING_STR, "", 0, "Filter it, and count it by this reason."},
    {"dead", SETTING_STR, "", 0, "Make it a dead letter with this reason."},
    {0},
};
static const char *const row_keys[] = {"from", "when", "to", "drop", "dead"};
_Static_assert(ARRAY_LEN(row_keys) + 1 == ARRAY_LEN(pipeline_route_settings),
               "the same keys twice");

/* A condition in {...} ends at its first comma, and what is behind becomes a key. */
static bool is_piece_of_condition(str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (strchr("()[]<>=~\"' ", key.p[i]))
            return true;
    return false;
}

static void check_keys(struct loader *l, const struct node *row)
{
    const struct node *when = node_get(row, "when");

    for (const struct node *n = row->children; n && when; n = n->next) {
        if (!is_piece_of_condition(n->key))
            continue;
        findings_error(l->f, n->key_at, (uint32_t)n->key.n,
                       "'" STR_FMT "' looks like a piece of the condition: quote the whole "
                       "condition",
                       STR_ARG(n->key));
        return;
    }
    pipeline_close(l, row, row_keys, ARRAY_LEN(row_keys));
}

static bool read_from(struct loader *l, const struct node *row, struct route *r)
{
    str names[PIPELINE_STAGES_MAX + 1] = {STR("inbox")};
    uint32_t n = 1, number;

    if (!node_get(row, "from"))
        findings_error(l->f, row->at, 1, "'from' is missing: a stage, or inbox");
    if (!pipeline_text(l, row, "from", &r->from))
        return false;
    const struct node *from = node_get(row, "from");
    if (str_is(r->from, "inbox") || node_get(node_get(l->p->root, "sources"), from->text.p))
        return true;
    const struct pipeline_stage *s = pipeline_find(l->p, r->from, &number);
    if (s && s->kind && str_is(str_of(s->kind->name), "deliver")) {
        findings_error(l->f, from->at, node_width(from),
                       "'" STR_FMT "' delivers: nothing comes out of it", STR_ARG(r->from));
        return false;
    }
    if (s)
        return true;
    for (uint32_t i = 0; i < l->p->stage_count; i++)
        names[n++] = l->p->stages[i].name;
    findings_unknown(l->f, from->at, r->from, "stage", names, n);
    return false;
}

/* Did YAML cut the condition at a comment? The error then is about what was left. */
static bool is_cut_by_comment(const struct loader *l, const struct node *when)
{
    str line = findings_line(l->text, when->end.line);
    uint32_t column = 1;
    size_t i = 0;

    for (; i < line.n && column < when->end.column; column++)
        for (i++; i < line.n && ((unsigned char)line.p[i] & 0xc0) == 0x80;)
            i++;
    str rest = str_trim((str){line.p + i, line.n - i});
    return rest.n && rest.p[0] == '#';
}

static bool read_when(struct loader *l, const struct node *row, struct route *r)
{
    const struct node *when = node_get(row, "when");
    struct error error;
    str text;

    r->condition = ROUTE_ALWAYS;
    if (!when)
        return true;
    if (when->type == NODE_EMPTY) {
        findings_error(l->f, when->at, 1, "'when' is empty%s",
                       is_cut_by_comment(l, when)
                           ? ": '#' begins a comment in YAML, quote the condition"
                           : "");
        return false;
    }
    if (!pipeline_text(l, row, "when", &text))
        return false;
    if (!script_compile(l->p->script, text, &r->condition, &error))
        return true;
    bool is_cut = when->is_plain && is_cut_by_comment(l, when);
    findings_error(l->f, when->at, node_width(when), "%s%s", error.text,
                   is_cut ? " (what stands behind ' #' is a comment in YAML: quote the "
                            "condition)"
                          : "");
    return false;
}

/* Add a stage to where a row leads, in ascending order. */
static bool add_target(struct loader *l, const struct node *n, struct route *r)
{
    uint32_t number, i = r->to_count;

    if (n->type != NODE_TEXT) {
        findings_error(l->f, n->at, node_width(n), "'to' names a stage, or a list of stages");
        return false;
    }
    if (!pipeline_stage_of(l, n, &number))
        return false;
    for (uint32_t k = 0; k < r->to_count; k++)
        if (r->to[k] == number) {
            findings_error(l->f, n->at, node_width(n), "'" STR_FMT "' stands twice",
                           STR_ARG(n->text));
            return false;
        }
    const struct pipeline_stage *s = &l->p->stages[number];
    if (s->kind && s->kind->wants_jobs && pipeline_find(l->p, r->from, &(uint32_t){0})) {
        findings_error(l->f, n->at, node_width(n),
                       "'" STR_FMT "' splits files: only the inbox can feed it",
                       STR_ARG(n->text));
        return false;
    }
    for (; i > 0 && r->to[i - 1] > number; i--)
        r->to[i] = r->to[i - 1];
    r->to[i] = number;
    r->to_count++;
    return true;
}

static bool read_to(struct loader *l, const struct node *to, struct route *r)
{
    bool is_good = true;

    if (to->type != NODE_LIST)
        return add_target(l, to, r);
    if (to->count == 0 || to->count > ROUTE_FORK_MAX) {
        findings_error(l->f, to->at, node_width(to), "'to' names 1 to %d stages",
                       ROUTE_FORK_MAX);
        return false;
    }
    for (const struct node *n = to->children; n; n = n->next)
        is_good = add_target(l, n, r) && is_good;
    return is_good;
}

static bool read_reason(struct loader *l, const struct node *row, const char *key,
                        struct route *r)
{
    if (!pipeline_text(l, row, key, &r->reason))
        return false;
    if (pipeline_is_name(r->reason))
        return true;
    const struct node *n = node_get(row, key);
    findings_error(l->f, n->at, node_width(n),
                   "a reason is a word to count by, like %s: no_price", key);
    return false;
}

static bool read_act(struct loader *l, const struct node *row, struct route *r)
{
    const struct node *to = node_get(row, "to"), *drop = node_get(row, "drop"),
                      *dead = node_get(row, "dead");

    if (!!to + !!drop + !!dead != 1) {
        findings_error(l->f, row->at, 1, "a row has one of 'to', 'drop' and 'dead'");
        return false;
    }
    r->act = to ? ROUTE_TO : drop ? ROUTE_DROP : ROUTE_DEAD;
    return to ? read_to(l, to, r) : read_reason(l, row, drop ? "drop" : "dead", r);
}

static void read_row(struct loader *l, const struct node *row)
{
    struct route r = {0};

    if (row->type != NODE_MAP) {
        findings_error(l->f, row->at, node_width(row),
                       "a row of the routes is a map, like {from: tidy, to: ship}");
        l->has_broken_rows = true;
        return;
    }
    check_keys(l, row);
    bool has_from = read_from(l, row, &r);
    bool is_good = read_when(l, row, &r);
    is_good = read_act(l, row, &r) && is_good && has_from;
    l->has_broken_rows |= !is_good;
    if (!has_from)
        return;
    l->row_nodes[l->p->routes.n] = row;
    l->rows[l->p->routes.n++] = r;
}

void pipeline_read_routes(struct loader *l)
{
    struct pipeline *p = l->p;
    const struct node *routes = node_get(p->root, "routes");

    if (!routes || routes->type != NODE_LIST || routes->count > PIPELINE_ROWS_MAX) {
        findings_error(l->f, node_at(p->root, "routes"), 1,
                       "'routes' is missing: a list of up to %d rows, like "
                       "{from: inbox, to: rows}",
                       PIPELINE_ROWS_MAX);
        l->has_broken_rows = true;
        return;
    }
    l->rows = arena_alloc(&p->arena, (routes->count + 1) * sizeof(*l->rows));
    l->row_nodes = arena_alloc(&p->arena, (routes->count + 1) * sizeof(struct node *));
    p->routes.rows = l->rows;
    p->routes.script = p->script;
    for (const struct node *row = routes->children; row; row = row->next)
        read_row(l, row);
}
