#include "workers/normalise_plan.h"

#include "common/data/json.h"
#include "common/data/text.h"

static enum column_kind kind_of(str name)
{
    static const struct {
        const char *name;
        enum column_kind kind;
    } known[] = {
        {"sp_id", COLUMN_ID},       {"sp_extra", COLUMN_EXTRA}, {"sp_issues", COLUMN_ISSUES},
        {"sp_ragged", COLUMN_KEPT}, {"sp_source", COLUMN_KEPT},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_is(name, known[i].name))
            return known[i].kind;
    return COLUMN_PLAIN;
}

static const char *count_columns(str cols, uint32_t *n)
{
    str rest, item;
    size_t at;

    *n = 0;
    if (json_check(cols, NULL, &at) || !json_open(cols, &rest) || str_starts(cols, STR("{")))
        return "the columns of the entry are no JSON array of at most 4096 names";
    while (json_next_item(&rest, &item)) {
        if (json_type(item) != JSON_STRING)
            return "a column of the entry has a name that is no JSON string";
        ++*n;
    }
    return *n > NORMALISE_COLUMNS_MAX ? "the entry has more than 4096 columns" : NULL;
}

static bool fits(const struct normalise_alias *alias, str folded)
{
    return alias->pattern ? pattern_find(alias->pattern, folded, NULL, 0)
                          : str_equal(alias->name, folded);
}

struct search { /* room for all columns, for each field in turn */
    str *folded;
    uint32_t *columns;
    const struct normalise_alias **aliases;
    bool *is_taken;
};

static struct search search_new(struct arena *a, uint32_t n)
{
    struct search s = {
        .folded = arena_alloc(a, (n + 1) * sizeof(*s.folded)),
        .columns = arena_alloc(a, (n + 1) * sizeof(*s.columns)),
        .aliases = arena_alloc(a, (n + 1) * sizeof(*s.aliases)),
        .is_taken = arena_alloc(a, n + 1),
    };

    return s;
}

static void *copy(struct arena *a, const void *from, size_t n)
{
    void *to = arena_alloc(a, n);

    return n ? memcpy(to, from, n) : to;
}

/* The columns that a field is taken from: those of its first alias first. */
static void find_aliases(struct plan *p, const struct normalise_field *field, struct search *s,
                         uint32_t number)
{
    uint32_t n = 0;

    memset(s->is_taken, 0, p->n);
    for (uint32_t i = 0; i < field->alias_count; i++)
        for (uint32_t j = 0; j < p->n; j++) {
            if (s->is_taken[j] || p->columns[j].kind != COLUMN_PLAIN ||
                !fits(&field->aliases[i], s->folded[j]))
                continue;
            s->aliases[n] = &field->aliases[i];
            s->columns[n++] = j;
            s->is_taken[j] = p->columns[j].is_claimed = true;
        }
    p->sources[number].columns = copy(&p->arena, s->columns, n * sizeof(*s->columns));
    p->sources[number].aliases = copy(&p->arena, s->aliases, n * sizeof(*s->aliases));
    p->sources[number].n = n;
}

static uint32_t find_column(const struct plan *p, const str *folded, str name)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (str_equal(name, folded[i]))
            return i;
    return COLUMN_NONE;
}

static void find_parts(struct plan *p, const struct normalise_field *field, const str *folded,
                       uint32_t number)
{
    uint32_t *columns = arena_alloc(&p->arena, (field->part_count + 1) * sizeof(*columns));

    for (uint32_t i = 0; i < field->part_count; i++) {
        columns[i] = field->parts[i].is_column ? find_column(p, folded, field->parts[i].text)
                                               : COLUMN_NONE;
        if (columns[i] != COLUMN_NONE)
            p->columns[columns[i]].is_claimed = true;
    }
    p->sources[number].columns = columns;
    p->sources[number].n = field->part_count;
}

static void find_sources(struct plan *p, struct search *s, uint32_t number)
{
    const struct normalise_field *field = &p->rules->fields[number];

    p->bound += field->prefix.n + field->suffix.n;
    p->sources[number].scraped =
        field->scraped.n ? find_column(p, s->folded, field->scraped) : COLUMN_NONE;
    if (field->from == FROM_COLUMNS)
        find_aliases(p, field, s, number);
    else if (field->from == FROM_TEMPLATE)
        find_parts(p, field, s->folded, number);
}

static void make_plan(struct plan *p, const struct normalise_rules *rules, str cols,
                      bool is_document, uint32_t n)
{
    str rest, item, name;

    arena_reset(&p->arena);
    *p = (struct plan){.arena = p->arena, .rules = rules, .is_document = is_document};
    p->cols = arena_copy(&p->arena, cols);
    p->columns = arena_zalloc(&p->arena, (n + 1) * sizeof(*p->columns));
    p->sources = arena_zalloc(&p->arena, (rules->n + 1) * sizeof(*p->sources));
    struct search search = search_new(&p->arena, n);
    for (json_open(p->cols, &rest); json_next_item(&rest, &item); p->n++) {
        struct column *c = &p->columns[p->n];
        if (!json_unquote(&p->arena, item, &name))
            name = STR_NONE;
        search.folded[p->n] = text_fold(&p->arena, name);
        p->has_numbered |= str_starts(item, STR("\"column_"));
        c->kind = is_document ? kind_of(name) : COLUMN_PLAIN;
        c->prefix = arena_printf(&p->arena, "," STR_FMT ":", STR_ARG(item));
        p->bound += c->prefix.n;
    }
    for (uint32_t i = 0; i < rules->n; i++)
        find_sources(p, &search, i);
}

static bool is_for(const struct plan *p, const struct normalise_rules *rules, str cols,
                   bool is_document)
{
    return p->rules == rules && p->is_document == is_document && str_equal(p->cols, cols);
}

const struct plan *plans_find(struct plans *p, const struct normalise_rules *rules, str cols,
                              bool is_document, const char **why)
{
    uint32_t n;

    if (p->n && is_for(&p->list[p->last], rules, cols, is_document))
        return &p->list[p->last];
    for (uint32_t i = 0; i < p->n; i++)
        if (is_for(&p->list[i], rules, cols, is_document)) {
            p->last = i;
            return &p->list[i];
        }
    *why = count_columns(cols, &n);
    if (*why)
        return NULL;
    p->last = p->next;
    p->next = (p->next + 1) % NORMALISE_PLANS;
    p->n = MAX(p->n, p->last + 1);
    make_plan(&p->list[p->last], rules, cols, is_document, n);
    return &p->list[p->last];
}

void plans_free(struct plans *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        arena_free(&p->list[i].arena);
    *p = (struct plans){0};
}
