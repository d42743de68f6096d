/* Rows and documents in, documents with declared fields out. A plan says once for each set of
 * columns what goes where; a record is then one scan for its cells, the coercers of its fields,
 * and one write. What no field took stands under sp_extra: nothing is discarded. */
#include <stdlib.h>

#include "common/data/json.h"
#include "workers/normalise_write.h"
#include "workers/stages.h"

enum { SHOWN_MAX = 80 }; /* bytes of a value in a detail */

struct normalise {
    const struct node *fields_node;
    str ragged;
    struct normalise_rules rules;
    struct plans plans;
    struct cell *cells; /* owned; of the record at hand */
    uint32_t room;      /* for cells */
    struct outcome outcome;
};

static const struct setting settings[] = {
    {"fields", SETTING_NODE, "", offsetof(struct normalise, fields_node),
     "Map of the fields of the document, in the order in which they are written."},
    {"ragged", SETTING_STR, "keep", offsetof(struct normalise, ragged),
     "A row with more or fewer cells than columns: keep (marked sp_ragged) or dead."},
    {0},
};

/* At most SHOWN_MAX bytes, no code point cut in two. */
static str shown(str s)
{
    size_t n = MIN(s.n, (size_t)SHOWN_MAX);

    while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return (str){s.p, n};
}

static void dead(struct record *r, str reason, str detail)
{
    record_settle(r, VERDICT_DEAD, reason, detail);
}

static void refuse(struct normalise *s, struct arena *a, struct record *r,
                   const struct normalise_field *f, struct cell *c, str text, str why)
{
    c->is_kept = true;
    if (!f->is_required) {
        s->outcome.issues[s->outcome.issue_count++] = (struct issue){f, why};
        return;
    }
    dead(r, STR("cannot_parse"),
         arena_printf(a, "field " STR_FMT ": '" STR_FMT "' " STR_FMT, STR_ARG(f->name),
                      STR_ARG(shown(text)), STR_ARG(why)));
}

static void fill_field(struct normalise *s, struct arena *a, struct record *r,
                       const struct plan *p, uint32_t number)
{
    const struct normalise_field *f = &s->rules.fields[number];
    str value = STR_NONE, why = STR_NONE;

    for (uint32_t i = 0; i < p->sources[number].n; i++) {
        struct cell *c = &s->cells[p->sources[number].columns[i]];
        bool is_raw;
        str text = cell_text(a, c->raw, &is_raw);
        if (!text.n)
            continue;
        if (!cell_read(a, f, c, text, is_raw, &value, &why)) {
            refuse(s, a, r, f, c, text, why);
            s->outcome.values[number] = STR_NONE;
            return;
        }
        break;
    }
    s->outcome.values[number] = value.n ? value : f->fallback;
    if (f->is_required && !s->outcome.values[number].n)
        dead(r, STR("required"),
             arena_printf(a, "field " STR_FMT " has no value, and none by default",
                          STR_ARG(f->name)));
}

static void make_room(struct normalise *s, uint32_t n)
{
    if (n <= s->room)
        return;
    s->room = MAX(n, 2 * s->room);
    s->cells = xrealloc(s->cells, s->room * sizeof(*s->cells));
}

static bool is_digits(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0 && s.n <= 20;
}

/* Cells of a row; those behind the last column are only counted. */
static const char *take_row(struct normalise *s, const struct record *r, struct source *src)
{
    const char *why = NULL;
    str rest, item;

    if (!r->entry->cols.n)
        return "a row needs its columns: give the entry a field 'cols'";
    src->plan = plans_find(&s->plans, &s->rules, r->entry->cols, false, &why);
    if (!src->plan)
        return why;
    if (!json_open(r->line, &rest) || !json_next_item(&rest, &src->offset) ||
        !is_digits(src->offset))
        return "a row must begin with its offset: [0,\"cell\",...]";
    make_room(s, src->plan->n);
    uint32_t n = 0;
    while (n < src->plan->n && json_next_item(&rest, &item))
        s->cells[n++] = (struct cell){.raw = item};
    src->is_short = n < src->plan->n;
    while (n < src->plan->n)
        s->cells[n++] = (struct cell){.raw = STR_NONE};
    src->beyond = rest;
    while (json_next_item(&rest, &item))
        src->extras++;
    return NULL;
}

/* A document is a row whose names stand beside its cells. */
static const char *take_document(struct normalise *s, struct batch *b, const struct record *r,
                                 struct source *src)
{
    char *start = arena_reserve(&b->arena, r->line.n + 2), *out = start;
    const char *why = NULL;
    str rest, name, value;
    uint32_t n = 0;

    *out++ = '[';
    for (json_open(r->line, &rest); json_next_member(&rest, &name, &value); n++) {
        make_room(s, n + 1);
        s->cells[n] = (struct cell){.raw = value};
        if (n)
            *out++ = ',';
        *out++ = '"';
        out = mempcpy(out, name.p, name.n);
        *out++ = '"';
    }
    *out++ = ']';
    arena_trim(&b->arena, out);
    src->offset = STR("0");
    src->plan = plans_find(&s->plans, &s->rules, str_between(start, out), true, &why);
    for (uint32_t i = 0; src->plan && i < n; i++)
        if (src->plan->columns[i].kind == COLUMN_ID && s->cells[i].raw.p[0] == '"')
            src->id = s->cells[i].raw;
    return why;
}

/* Lines that our own splitter wrote are JSON; others are checked here, where documents enter.
 */
static bool is_json(struct batch *b, struct record *r)
{
    size_t at;
    const char *problem;

    if (r->entry->is_booked && r->line.p[0] == '[')
        return true;
    problem = json_check(r->line, NULL, &at);
    if (!problem && !str_starts(r->line, STR("[")) && !str_starts(r->line, STR("{")))
        problem = "neither an object nor a row";
    if (problem)
        dead(r, STR("bad_json"),
             arena_printf(&b->arena, "%s, at byte %zu of the line", problem, at));
    return !problem;
}

static void normalise_record(struct normalise *s, struct batch *b, struct record *r)
{
    struct source src = {0};
    const char *why;

    r->line = str_trim(r->line);
    if (!is_json(b, r))
        return;
    if (r->line.p[0] == '[')
        why = take_row(s, r, &src);
    else
        why = take_document(s, b, r, &src);
    if (why) {
        dead(r, STR("bad_row"), str_of(why));
        return;
    }
    if ((src.is_short || src.extras) && str_is(s->ragged, "dead")) {
        dead(r, STR("ragged"),
             src.is_short ? STR("the row has fewer cells than its header has columns")
                          : STR("the row has more cells than its header has columns"));
        return;
    }
    src.cells = s->cells;
    s->outcome.issue_count = 0;
    for (uint32_t i = 0; i < s->rules.n && r->verdict == VERDICT_PASS; i++)
        fill_field(s, &b->arena, r, src.plan, i);
    if (r->verdict == VERDICT_PASS)
        r->line = normalise_write(&b->arena, r, &src, &s->outcome);
}

static enum work process(struct worker *w, struct batch *b)
{
    batch_each(r, b)
        normalise_record(w->state, b, r);
    return WORK_DONE;
}

static void check(void *state, const struct node *config, struct findings *f)
{
    struct normalise *s = state;
    struct normalise_rules rules;

    normalise_rules_load(&rules, f->arena, s->fields_node, f);
    normalise_rules_free(&rules);
    if (!str_is(s->ragged, "keep") && !str_is(s->ragged, "dead"))
        findings_unknown(f, node_at(config, "ragged"), s->ragged, "word for 'ragged'",
                         (const str[]){STR("keep"), STR("dead")}, 2);
}

static void close_normalise(struct worker *w)
{
    struct normalise *s = w->state;

    normalise_rules_free(&s->rules);
    plans_free(&s->plans);
    free(s->cells);
    s->cells = NULL;
}

static int open_normalise(struct worker *w, struct error *err)
{
    struct normalise *s = w->state;
    struct findings f = {.arena = w->arena};

    normalise_rules_load(&s->rules, w->arena, s->fields_node, &f);
    s->outcome.rules = &s->rules;
    s->outcome.values = arena_zalloc(w->arena, (s->rules.n + 1) * sizeof(str));
    s->outcome.issues = arena_zalloc(w->arena, (s->rules.n + 1) * sizeof(struct issue));
    if (!f.errors)
        return 0;
    close_normalise(w);
    return error_at(err, f.list[0].at, STR_FMT, STR_ARG(f.list[0].text));
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
    .max_inflight = 1,
};
