/* Rows and documents in, documents with declared fields out. A plan says once for each set of
 * columns what goes where; a record is then one scan for its cells, the coercers of its fields,
 * and one write. What no field took stands under sp_extra: nothing is discarded. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/marks.h"
#include "workers/normalise_fill.h"
#include "workers/normalise_load.h"
#include "workers/stages.h"

enum { FOUND_SLOTS = 64 };

struct found_rules {                     /* a uri, and which rules hold for it */
    str uri;                             /* owned */
    const struct normalise_rules *rules; /* NULL: the slot is empty */
};

struct normalise {
    struct normalise_config config;
    str ragged;
    struct normalise_sources sources;
    struct found_rules found[FOUND_SLOTS]; /* so that globs are matched once a file */
    const struct normalise_rules *rules;   /* of the entry at hand, which was read from: */
    str uri;
    struct plans plans;
    str *cells;     /* owned; of the record at hand */
    uint8_t *flags; /* owned; one a cell */
    uint32_t room;  /* for cells and flags */
    struct outcome outcome;
};

static const struct setting settings[] = {
    {"schema", SETTING_FILE, "", offsetof(struct normalise, config.schema),
     "File with an Avro record schema (.avsc), beside the pipeline file: documents keep to "
     "it."},
    {"defaults", SETTING_NODE, "", offsetof(struct normalise, config.defaults),
     "Keys of a field's rule that hold for all fields that do not say otherwise.", INSIDE_KEYS,
     normalise_rule_settings},
    {"rules", SETTING_NODE, "", offsetof(struct normalise, config.rules),
     "Rules with a name, for the key `use` of a field.", INSIDE_NAMED, normalise_rule_settings},
    {"fields", SETTING_NODE, "", offsetof(struct normalise, config.fields),
     "Map of the fields of the document, in the order in which they are written.",
     INSIDE_FIELDS, normalise_rule_settings},
    {"sources", SETTING_NODE, "", offsetof(struct normalise, config.sources),
     "What holds for some files only: a list of {name, files, defaults, fields}; the first "
     "whose files fit.",
     INSIDE_LIST, normalise_source_settings},
    {"ragged", SETTING_STR, "keep", offsetof(struct normalise, ragged),
     "A row with more or fewer cells than columns: keep (marked sp_ragged) or dead."},
    {0},
};

static void dead(struct record *r, str reason, str detail)
{
    record_settle(r, VERDICT_DEAD, reason, detail);
}

static void make_room(struct normalise *s, uint32_t n)
{
    if (n <= s->room)
        return;
    s->room = MAX(n, 2 * s->room);
    s->cells = xrealloc(s->cells, s->room * sizeof(*s->cells));
    s->flags = xrealloc(s->flags, s->room * sizeof(*s->flags));
}

/* The number in front of a row. */
static bool take_offset(str *rest, str *offset)
{
    const char *end = str_end(*rest), *p = ascii_skip_digits(rest->p, end);

    if (p < end && *p == ',') { /* as the splitter writes it */
        *offset = str_between(rest->p, p);
        *rest = str_between(p, end);
    } else if (!json_next_item(rest, offset)) {
        return false;
    }
    return offset->n > 0 && offset->n <= 20 &&
           ascii_skip_digits(offset->p, str_end(*offset)) == str_end(*offset);
}

/* Records are checked here, where documents enter; entries made by hand come this way too. */
static bool is_json(struct batch *b, struct record *r)
{
    size_t at;
    const char *problem = json_check(r->line, NULL, &at);

    if (problem)
        dead(r, STR("bad_json"),
             arena_printf(&b->arena, "%s, at byte %zu of the line", problem, at));
    return !problem;
}

static bool find_plan(struct normalise *s, struct record *r, str cols, struct source *src)
{
    const char *why = NULL;

    src->plan = plans_find(&s->plans, s->rules, cols, src->is_document, &why);
    if (!src->plan)
        dead(r, STR("bad_row"), str_of(why));
    return src->plan != NULL;
}

/* Cells of a row; those behind the last column are only counted. A row as the splitter writes
 * it needs no second look: plain strings with commas between them. */
static bool take_row(struct normalise *s, struct batch *b, struct record *r, struct source *src)
{
    bool is_plain = true;
    str rest, item;

    if (!r->entry->cols.n) {
        dead(r, STR("bad_row"), STR("a row needs its columns: give the entry a field 'cols'"));
        return false;
    }
    if (!find_plan(s, r, r->entry->cols, src))
        return false;
    make_room(s, src->plan->n);
    json_open(r->line, &rest);
    bool has_offset = take_offset(&rest, &src->offset);
    uint32_t n = json_next_strings(&rest, s->cells, src->plan->n, &is_plain);
    for (; n < src->plan->n && json_next_item(&rest, &s->cells[n]); n++)
        is_plain = false;
    src->is_short = n < src->plan->n;
    while (n < src->plan->n)
        s->cells[n++] = STR_NONE;
    src->beyond = rest;
    while (json_next_item(&rest, &item))
        src->extras++;
    if ((!is_plain || !has_offset || !str_is(src->beyond, "]")) && !is_json(b, r))
        return false;
    if (!has_offset)
        dead(r, STR("bad_row"), STR("a row must begin with its offset: [0,\"cell\",...]"));
    return has_offset;
}

/* A document is a row whose names stand beside its cells. */
static bool take_document(struct normalise *s, struct batch *b, struct record *r,
                          struct source *src)
{
    uint32_t n = 0;
    str rest, name, value;

    if (!is_json(b, r))
        return false;
    if (!json_open(r->line, &rest)) {
        dead(r, STR("bad_json"), STR("the line is neither an object nor a row"));
        return false;
    }
    char *start = arena_reserve(&b->arena, r->line.n + 2), *out = start;
    *out++ = '[';
    for (; json_next_member(&rest, &name, &value); n++) {
        make_room(s, n + 1);
        s->cells[n] = value;
        if (n)
            *out++ = ',';
        *out++ = '"';
        out = mempcpy(out, name.p, name.n);
        *out++ = '"';
    }
    *out++ = ']';
    arena_trim(&b->arena, out);
    src->offset = STR("0");
    src->is_document = true;
    if (!find_plan(s, r, str_between(start, out), src))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (src->plan->columns[i].kind == COLUMN_ID && s->cells[i].p[0] == '"')
            src->id = s->cells[i];
    return true;
}

static void normalise_record(struct normalise *s, struct batch *b, struct record *r)
{
    struct source src = {0};

    r->line = str_trim(r->line);
    bool is_row = str_starts(r->line, STR("["));
    if (is_row ? !take_row(s, b, r, &src) : !take_document(s, b, r, &src))
        return;
    if ((src.is_short || src.extras) && str_is(s->ragged, "dead")) {
        dead(r, STR("ragged"),
             src.is_short ? STR("the row has fewer cells than its header has columns")
                          : STR("the row has more cells than its header has columns"));
        return;
    }
    if (src.plan->n)
        memset(s->flags, 0, src.plan->n);
    src.cells = s->cells;
    src.flags = s->flags;
    if (fill_fields(&b->arena, r, &src, s->flags, s->uri, &s->outcome))
        r->line = normalise_write(&b->arena, r, &src, &s->outcome);
}

static const struct normalise_rules *rules_of(struct normalise *s, str uri)
{
    struct found_rules *slot = &s->found[hash_bytes(uri) % FOUND_SLOTS];

    if (slot->rules && str_equal(slot->uri, uri))
        return slot->rules;
    char *copy = xrealloc((char *)(uintptr_t)slot->uri.p, uri.n + 1);
    if (uri.n)
        memcpy(copy, uri.p, uri.n);
    *slot = (struct found_rules){{copy, uri.n}, normalise_sources_find(&s->sources, uri)};
    return slot->rules;
}

/* The rules for what an entry was read from. */
static void find_rules(struct normalise *s, struct worker *w, const struct entry *e)
{
    struct source_info info;

    s->uri = w->host->source(w, e->src, &info) ? info.uri : e->uri;
    s->rules = rules_of(s, s->uri);
}

static enum work process(struct worker *w, struct batch *b)
{
    struct normalise *s = w->state;
    const struct entry *entry = NULL;

    batch_each(r, b) {
        assert(r->entry);
        if (r->entry != entry)
            find_rules(s, w, r->entry);
        entry = r->entry;
        normalise_record(s, b, r);
    }
    return WORK_DONE;
}

static void load(struct normalise *s, struct arena *a, const struct node *config,
                 struct findings *f)
{
    s->config.schema_node = config ? node_get(config, "schema") : NULL;
    normalise_sources_load(&s->sources, a, &s->config, f);
}

static void check(void *state, const struct node *config, struct findings *f)
{
    struct normalise *s = state;

    load(s, f->arena, config, f);
    normalise_sources_free(&s->sources);
    if (!str_is(s->ragged, "keep") && !str_is(s->ragged, "dead"))
        findings_unknown(f, node_at(config, "ragged"), s->ragged, "word for 'ragged'",
                         (const str[]){STR("keep"), STR("dead")}, 2);
}

static void close_normalise(struct worker *w)
{
    struct normalise *s = w->state;

    for (uint32_t i = 0; i < FOUND_SLOTS; i++)
        free((char *)(uintptr_t)s->found[i].uri.p);
    memset(s->found, 0, sizeof(s->found));
    normalise_sources_free(&s->sources);
    plans_free(&s->plans);
    free(s->cells);
    free(s->flags);
    s->cells = NULL;
    s->flags = NULL;
}

static int open_normalise(struct worker *w, struct error *err)
{
    struct normalise *s = w->state;
    struct findings f = {.arena = w->arena};
    uint32_t most = 0;

    load(s, w->arena, w->config, &f);
    for (uint32_t i = 0; i < s->sources.n; i++)
        most = MAX(most, s->sources.list[i].n);
    s->outcome.values = arena_zalloc(w->arena, (most + 1) * sizeof(str));
    s->outcome.shares = arena_zalloc(w->arena, (most + 1) * sizeof(struct share));
    s->outcome.issues = arena_zalloc(w->arena, (most + MARKS + 2) * sizeof(struct issue));
    if (!f.errors)
        return 0;
    close_normalise(w);
    return error_at(err, f.list[0].at, STR_FMT, STR_ARG(f.list[0].text));
}

static bool columns(struct worker *w, str uri, str cols, struct arena *a,
                    struct column_uses *uses)
{
    struct normalise *s = w->state;
    const char *why;
    const struct normalise_rules *rules = normalise_sources_find(&s->sources, uri);
    const struct plan *plan = plans_find(&s->plans, rules, cols, false, &why);

    if (plan)
        plan_explain(plan, a, uses);
    return plan != NULL;
}

const struct stage stage_normalise = {
    .name = "normalise",
    .summary = "Rows and documents in, documents with declared, typed fields out.",
    .state_size = sizeof(struct normalise),
    .settings = settings,
    .check = check,
    .open = open_normalise,
    .process = process,
    .close = close_normalise,
    .columns = columns,
    .max_inflight = 1,
};
