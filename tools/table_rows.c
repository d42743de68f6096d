#include "tools/table_rows.h"

#include "common/data/findings.h"
#include "common/data/json.h"
#include "common/data/record_key.h"

int table_rows_key(struct table_rows *t, struct arena *a, str names, struct error *err)
{
    str *key = arena_alloc(a, ARRAY_LEN(t->places) * sizeof(*key));

    t->key = key;
    t->key_count = 0;
    while (names.p) {
        str name = str_trim(str_cut(&names, ','));
        if (!name.n || t->key_count == ARRAY_LEN(t->places))
            return error_set(err, ERR_USAGE,
                             "--key takes one to %zu names of columns: --key country,city",
                             ARRAY_LEN(t->places));
        key[t->key_count++] = name;
    }
    return 0;
}

static bool find_column(struct table_rows *t, str name, uint32_t *place)
{
    for (uint32_t i = 0; i < t->column_count; i++) {
        if (!str_equal(t->columns[i], name))
            continue;
        *place = i;
        return true;
    }
    return false;
}

int table_rows_columns(struct table_rows *t, struct arena *a, str cols, struct error *err)
{
    str rest, item, *columns = arena_alloc(a, (cols.n + 1) * sizeof(*columns));

    t->columns = columns;
    t->column_count = 0;
    if (!json_open(cols, &rest))
        return 0;
    while (json_next_item(&rest, &item))
        columns[t->column_count++] = arena_copy(a, json_text(a, item));
    for (uint32_t i = 0; i < t->key_count; i++) {
        if (find_column(t, t->key[i], &t->places[i]))
            continue;
        str hint = findings_hint(a, t->key[i], t->columns, t->column_count);
        return error_set(err, ERR_DATA, "it has no column '" STR_FMT "': %s" STR_FMT,
                         STR_ARG(t->key[i]), hint.n ? "" : "name another with --key",
                         STR_ARG(hint));
    }
    return 0;
}

static const char *no_key(struct arena *a, str name)
{
    return arena_printf(a, "no '" STR_FMT "', which is of the key", STR_ARG(name)).p;
}

/* `cells`: the text of each, as it stands in JSON. */
static str object_of(const struct table_rows *t, struct arena *a, const str *cells, uint32_t n)
{
    size_t room = 2;

    for (uint32_t i = 0; i < n; i++)
        room += JSON_QUOTED_MAX(t->columns[i].n) + cells[i].n + 2;
    char *start = arena_reserve(a, room), *end = start;
    *end++ = '{';
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            *end++ = ',';
        end = json_quote(end, t->columns[i]);
        *end++ = ':';
        memcpy(end, cells[i].p, cells[i].n);
        end += cells[i].n;
    }
    *end++ = '}';
    arena_trim(a, end);
    return str_between(start, end);
}

static const char *row_of_cells(const struct table_rows *t, struct arena *a, str line, str *key,
                                str *value)
{
    str *cells = arena_alloc(a, (t->column_count + 1) * sizeof(*cells)), texts[8], rest, item;
    uint32_t n = 0;

    if (!json_open(line, &rest) || !json_next_item(&rest, &item)) /* its offset */
        return "no row";
    while (json_next_item(&rest, &item)) {
        if (n == t->column_count)
            return arena_printf(a, "more cells than the %u columns", n).p;
        cells[n++] = item;
    }
    for (uint32_t i = 0; i < t->key_count; i++) {
        texts[i] = t->places[i] < n ? json_text(a, cells[t->places[i]]) : STR_NONE;
        if (!texts[i].n)
            return no_key(a, t->key[i]);
    }
    *value = object_of(t, a, cells, n);
    return record_key_of(a, texts, t->key_count, key) ? NULL : "no key";
}

/* The document without what the splitter put before it. */
static str without_id(struct arena *a, str line)
{
    char *start = arena_reserve(a, line.n), *end = start;
    str rest, name, member;

    *end++ = '{';
    if (json_open(line, &rest))
        while (json_next_member(&rest, &name, &member)) {
            if (str_is(name, "sp_id"))
                continue;
            if (end > start + 1)
                *end++ = ',';
            *end++ = '"';
            memcpy(end, name.p, name.n);
            end += name.n;
            *end++ = '"';
            *end++ = ':';
            memcpy(end, member.p, member.n);
            end += member.n;
        }
    *end++ = '}';
    arena_trim(a, end);
    return str_between(start, end);
}

const char *table_row(const struct table_rows *t, struct arena *a, const struct record *r,
                      str *key, str *value)
{
    str member;

    if (str_starts(r->line, STR("[")))
        return row_of_cells(t, a, r->line, key, value);
    for (uint32_t i = 0; i < t->key_count; i++)
        if (!record_find(r, t->key[i], &member) || json_type(member) == JSON_NULL)
            return no_key(a, t->key[i]);
    *value = without_id(a, r->line);
    return record_key(a, r, t->key, t->key_count, key) ? NULL : "no key";
}
