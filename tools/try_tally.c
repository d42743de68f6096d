#include "tools/try_tally.h"

#include "common/data/json.h"
#include "common/data/shape.h"
#include "common/data/text.h"

enum { SAMPLE_MAX = 80, GROUPS_MAX = 1000 };

struct try_file *try_file_new(struct arena *a, str name, str uri)
{
    struct try_file *f = arena_zalloc(a, sizeof(*f));

    *f = (struct try_file){.arena = a, .name = name, .uri = uri};
    f->last_column = &f->columns;
    return f;
}

static struct try_column *find_column(struct try_file *f, str name)
{
    for (struct try_column *c = f->columns; c; c = c->next)
        if (str_equal(c->name, name))
            return c;
    return NULL;
}

static struct try_column *add_column(struct try_file *f, str name)
{
    struct try_column *c = find_column(f, name);

    if (c || f->column_count == TRY_COLUMNS_MAX)
        return c;
    c = arena_zalloc(f->arena, sizeof(*c));
    c->name = arena_copy(f->arena, name);
    c->folded = text_fold(f->arena, c->name);
    *f->last_column = c;
    f->last_column = &c->next;
    f->column_count++;
    return c;
}

void try_take_split(struct try_file *f, const struct offline_file *file)
{
    str *fields = arena_alloc(f->arena, (file->field_count + 1) * sizeof(*fields)), rest, item;

    for (uint32_t i = 0; i < file->field_count; i++)
        fields[i] = arena_copy(f->arena, file->fields[i]);
    f->split = fields;
    f->split_count = file->field_count;
    if (!json_open(file->cols, &rest))
        return;
    while (json_next_item(&rest, &item))
        add_column(f, json_text(f->arena, item));
}

/* Members of documents are columns as well: those that were seen. */
static void see_members(struct try_file *f, str line, struct arena *scratch)
{
    str rest, name, value;

    if (!str_starts(line, STR("{")) || !json_open(line, &rest))
        return;
    while (json_next_member(&rest, &name, &value)) {
        str text = json_text(scratch, str_between(name.p - 1, str_end(name) + 1));
        if (!str_starts(text, STR("sp_")))
            add_column(f, text);
    }
}

static str columns_json(const struct try_file *f)
{
    size_t room = 2;

    for (const struct try_column *c = f->columns; c; c = c->next)
        room += JSON_QUOTED_MAX(c->name.n) + 1;
    char *start = arena_reserve(f->arena, room), *out = start;
    *out++ = '[';
    for (const struct try_column *c = f->columns; c; c = c->next) {
        if (c != f->columns)
            *out++ = ',';
        out = json_quote(out, c->name);
    }
    *out++ = ']';
    arena_trim(f->arena, out);
    return str_between(start, out);
}

void try_explain(struct try_file *f)
{
    if (!f->worker || f->used_columns == f->column_count)
        return;
    f->used_columns = f->column_count;
    if (!f->worker->stage->columns(f->worker, f->uri, columns_json(f), f->arena, &f->uses))
        f->uses = (struct column_uses){0};
}

static struct try_group *group(struct try_file *f, struct try_group **list, str name, str word)
{
    struct try_group **at = list;
    uint32_t n = 0;

    for (; *at; at = &(*at)->next, n++)
        if (str_equal((*at)->word, word) && str_equal((*at)->name, name))
            return *at;
    if (n == GROUPS_MAX)
        return NULL;
    *at = arena_zalloc(f->arena, sizeof(**at));
    (*at)->name = arena_copy(f->arena, name);
    (*at)->word = arena_copy(f->arena, word);
    return *at;
}

static void add_value(struct try_file *f, struct try_group *g, str text, uint64_t row,
                      struct arena *scratch)
{
    str shape = shape_of(scratch, text);
    struct try_shape **at = &g->shapes;

    for (; *at; at = &(*at)->next)
        if (str_equal((*at)->shape, shape)) {
            (*at)->count++;
            return;
        }
    if (g->shape_count == TRY_SHAPES_MAX) {
        g->others++;
        return;
    }
    g->shape_count++;
    *at = arena_zalloc(f->arena, sizeof(**at));
    **at = (struct try_shape){.shape = arena_copy(f->arena, shape),
                              .sample = arena_copy(f->arena, shape_cut(text, SAMPLE_MAX)),
                              .count = 1,
                              .row = row};
}

void try_take_values(struct try_file *f, const struct record *r, struct arena *scratch)
{
    str line = r->line, rest, item;

    see_members(f, line, scratch);
    struct try_column *c = f->columns;
    if (!json_open(line, &rest))
        return;
    if (str_starts(line, STR("["))) {
        (void)json_next_item(&rest, &item); /* the offset */
        for (; c && json_next_item(&rest, &item); c = c->next) {
            if (!c->values)
                c->values = arena_zalloc(f->arena, sizeof(*c->values));
            c->values->count++;
            add_value(f, c->values, json_text(scratch, item), offline_row(r), scratch);
        }
        return;
    }
    for (; c; c = c->next) {
        if (!json_find(line, c->name, &item))
            continue;
        if (!c->values)
            c->values = arena_zalloc(f->arena, sizeof(*c->values));
        c->values->count++;
        add_value(f, c->values, json_text(scratch, item), offline_row(r), scratch);
    }
}

static const struct field_use *find_use(const struct try_file *f, str field)
{
    for (uint32_t i = 0; i < f->uses.field_count; i++)
        if (str_equal(f->uses.fields[i].name, field))
            return &f->uses.fields[i];
    return NULL;
}

/* The cell of a column, in a row or in a document. */
static bool cell_of(const struct try_file *f, str was, uint32_t column, str *cell)
{
    str rest;

    if (str_starts(was, STR("{")))
        return column < f->uses.n && json_find(was, f->uses.names[column], cell);
    if (!json_open(was, &rest))
        return false;
    for (uint32_t i = 0; i <= column + 1; i++) /* the offset stands first */
        if (!json_next_item(&rest, cell))
            return false;
    return true;
}

/* What the field found there: the first of its columns that holds something. */
static str value_of(const struct try_file *f, str field, str was, struct arena *scratch)
{
    const struct field_use *use = find_use(f, field);
    str cell;

    for (uint32_t i = 0; use && i < use->column_count; i++)
        if (cell_of(f, was, use->columns[i], &cell)) {
            str text = json_text(scratch, cell);
            if (str_trim(text).n && !str_is(cell, "null"))
                return text;
        }
    return STR_NONE;
}

static void take_issue(struct try_file *f, const struct record *r, str was, str field, str word,
                       str why, struct arena *scratch)
{
    struct try_group *g = group(f, &f->issues, field, word);

    if (!g)
        return;
    if (!g->count++)
        g->detail = arena_copy(f->arena, why);
    add_value(f, g, value_of(f, field, was, scratch), offline_row(r), scratch);
}

static str text_at(str object, const char *name, struct arena *scratch)
{
    str value;

    if (!json_find(object, str_of(name), &value) || str_is(value, "null"))
        return STR_NONE;
    return json_text(scratch, value);
}

bool try_take_work(struct try_file *f, struct worker *w, const struct record *r, str was,
                   struct arena *scratch)
{
    str issues, rest, item;
    bool has_some = false;

    if (!w->stage->columns)
        return false;
    f->worker = f->worker ? f->worker : w;
    see_members(f, was, scratch);
    if (f->worker == w)
        charset_add(&f->charset, was);
    if (r->verdict != VERDICT_PASS || f->worker != w)
        return false;
    try_explain(f);
    str member = f->uses.issues.n ? f->uses.issues : STR("sp_issues");
    if (!record_find(r, member, &issues) || !json_open(issues, &rest))
        return false;
    for (; json_next_item(&rest, &item); has_some = true) {
        if (str_starts(item, STR("{"))) {
            take_issue(f, r, was, text_at(item, "field", scratch),
                       text_at(item, "issue", scratch), text_at(item, "reason", scratch),
                       scratch);
            continue;
        }
        str word = json_text(scratch, item), field = str_cut(&word, ':');
        take_issue(f, r, was, field, word, STR_NONE, scratch);
    }
    return has_some;
}

void try_take_death(struct try_file *f, const struct offline_end *end)
{
    struct try_group *g = group(f, &f->deaths, end->stage, end->reason);

    if (g && !g->count++)
        g->detail = arena_copy(f->arena, end->detail);
}

/* By insertion: the lists are short. */
static void sort_shapes(struct try_group *g)
{
    struct try_shape *sorted = NULL;

    for (struct try_shape *s = g->shapes, *next; s; s = next) {
        struct try_shape **at = &sorted;
        next = s->next;
        while (*at && (*at)->count >= s->count)
            at = &(*at)->next;
        s->next = *at;
        *at = s;
    }
    g->shapes = sorted;
}

static struct try_group *sort_groups(struct try_group *list)
{
    struct try_group *sorted = NULL;

    for (struct try_group *g = list, *next; g; g = next) {
        struct try_group **at = &sorted;
        next = g->next;
        sort_shapes(g);
        while (*at && (*at)->count >= g->count)
            at = &(*at)->next;
        g->next = *at;
        *at = g;
    }
    return sorted;
}

void try_sort(struct try_file *f)
{
    f->issues = sort_groups(f->issues);
    f->deaths = sort_groups(f->deaths);
    for (struct try_column *c = f->columns; c; c = c->next)
        if (c->values)
            sort_shapes(c->values);
}
