/* Rows and documents in, documents with declared fields out. A plan says once for each set of
 * columns what goes where; a record is then one scan for its cells, the coercers of its fields,
 * and one write. What no field took stands under sp_extra: nothing is discarded. */
#include <stdlib.h>

#include "common/data/json.h"
#include "workers/normalise_cell.h"
#include "workers/normalise_write.h"
#include "workers/stages.h"

enum { SHOWN_MAX = 80 }; /* bytes of a value in a detail */

struct normalise {
    const struct node *fields_node;
    str ragged;
    struct normalise_rules rules;
    struct plans plans;
    str *cells;     /* owned; of the record at hand */
    uint8_t *flags; /* owned; one a cell */
    uint32_t room;  /* for cells and flags */
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
                   const struct normalise_field *f, const struct reading *reading)
{
    if (!f->is_required) {
        s->outcome.issues[s->outcome.issue_count++] = (struct issue){f, reading->why};
        return;
    }
    dead(r, STR("cannot_parse"),
         arena_printf(a, "field " STR_FMT ": '" STR_FMT "' " STR_FMT, STR_ARG(f->name),
                      STR_ARG(shown(reading->text)), STR_ARG(reading->why)));
}

static void fill_field(struct normalise *s, struct arena *a, struct record *r,
                       const struct plan *p, uint32_t number)
{
    const struct normalise_field *f = &s->rules.fields[number];
    str *value = &s->outcome.values[number];
    struct reading reading;

    *value = f->fallback;
    for (uint32_t i = 0; i < p->sources[number].n; i++) {
        uint32_t column = p->sources[number].columns[i];
        if (!cell_look(a, s->cells[column], &reading))
            continue;
        if (!cell_read(a, f, &reading)) {
            s->flags[column] |= CELL_KEPT;
            *value = STR_NONE;
            refuse(s, a, r, f, &reading);
            return;
        }
        if (!reading.value.n)
            break;
        s->flags[column] |= reading.is_whole ? CELL_SAID : 0;
        *value = reading.value;
        return;
    }
    if (f->is_required && !value->n)
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
    s->flags = xrealloc(s->flags, s->room * sizeof(*s->flags));
}

static bool is_digits(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0 && s.n <= 20;
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

    src->plan = plans_find(&s->plans, &s->rules, cols, src->is_document, &why);
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
    bool has_offset = json_next_item(&rest, &src->offset) && is_digits(src->offset);
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
    free(s->flags);
    s->cells = NULL;
    s->flags = NULL;
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
