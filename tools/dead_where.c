#include "tools/dead_where.h"

#include <stdlib.h>

#include "common/data/json.h"
#include "common/data/rows.h"
#include "common/data/script.h"
#include "tools/dead_letters.h"

enum { COLUMN_NONE = 0 };

struct dead_where {
    struct script *script;
    uint32_t condition;
};

static const char *const numbers[] = {"attempts", "at", "first", "last", "row", "offset"};

/* Lua tells the word that it stumbled over, not its place: a column when it stands only once.
 */
static size_t column_of(str text, str why)
{
    const char *near = memmem(why.p, why.n, "near '", 6);

    if (memmem(why.p, why.n, "near <eof>", 10))
        return text.n + 1;
    if (!near)
        return COLUMN_NONE;
    str word = {near + 6, why.n - (size_t)(near + 6 - why.p)};
    const char *end = memchr(word.p, '\'', word.n);
    if (!end || end == word.p)
        return COLUMN_NONE;
    word.n = (size_t)(end - word.p);
    const char *at = memmem(text.p, text.n, word.p, word.n);
    if (!at || memmem(at + 1, text.n - (size_t)(at + 1 - text.p), word.p, word.n))
        return COLUMN_NONE;
    return (size_t)(at - text.p) + 1;
}

int where_new(struct dead_where **w, str text, struct error *err)
{
    struct dead_where *new = xalloc(sizeof(*new));
    struct error why = {0};

    new->script = script_new();
    if (script_compile(new->script, text, &new->condition, &why) == 0) {
        *w = new;
        return 0;
    }
    where_free(new);
    size_t column = column_of(text, str_of(why.text));
    if (column == COLUMN_NONE)
        return error_set(err, ERR_USAGE, "--where: %s", why.text);
    return error_set(err, ERR_USAGE, "--where, column %zu: %s", column, why.text);
}

void where_free(struct dead_where *w)
{
    if (!w)
        return;
    script_free(w->script);
    free(w);
}

/* The letter as a record, whose members are its fields. */

struct view {
    struct arena *arena;
    struct record record;
};

static void add(struct view *v, str name, str value)
{
    struct member *m = arena_alloc(v->arena, sizeof(*m));

    *m = (struct member){v->record.added, name, value};
    v->record.added = m;
}

static str value_of(struct arena *a, str name, str text)
{
    uint64_t number;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (str_is(name, numbers[i]) && str_to_u64(text, &number))
            return text;
    return json_quoted(a, text);
}

/* {"column":"cell",...} of [offset,"cell",...]; cells behind the last column have no name. */
static bool is_good(str json, enum json_type type)
{
    return json_type(json) == type && !json_check(json, NULL, NULL);
}

static bool are_names(str cols)
{
    str rest, name;

    if (!is_good(cols, JSON_ARRAY) || !json_open(cols, &rest))
        return false;
    while (json_next_item(&rest, &name))
        if (json_type(name) != JSON_STRING)
            return false;
    return true;
}

static void add_record(struct view *v, const struct letter *l)
{
    str cols = letter_field(l, "cols");
    bool is_row = is_good(l->data, JSON_ARRAY);

    if (is_row && are_names(cols))
        add(v, STR("record"), rows_object(v->arena, cols, l->data));
    else if (is_row || is_good(l->data, JSON_OBJECT))
        add(v, STR("record"), l->data);
}

int where_test(struct dead_where *w, const struct letter *l, struct arena *a, bool *holds,
               struct error *err)
{
    struct view v = {.arena = a};
    str why;

    add(&v, STR("id"), json_quoted(a, l->id));
    for (uint32_t i = 0; i + 1 < l->fields->n; i += 2) {
        str name = l->fields->items[i].text;
        add(&v, name, value_of(a, name, l->fields->items[i + 1].text));
    }
    add_record(&v, l);
    if (script_test(w->script, w->condition, &v.record, holds, &why))
        return 0;
    return error_set(err, ERR_DATA,
                     "--where: on letter " STR_FMT ": " STR_FMT " (nothing was changed)",
                     STR_ARG(l->id), STR_ARG(why));
}
