/* What the fields left of a record, and what was wrong with it: nothing is discarded. */
#include "common/data/json.h"
#include "workers/normalise_write.h"

enum {
    FIXED_MAX = 256,   /* braces and names of our own members */
    NUMBERED_MAX = 32, /* "column_4294967296_4096":, or the names in an issue */
};

static const str record_label = {"\"record\"", sizeof("\"record\"") - 1}; /* of no field */

static inline char *put(char *out, str s)
{
    return mempcpy(out, s.p, s.n);
}

/* Is it a member that standpipe writes, in the form in which it does? */
static bool is_ours(enum column_kind kind, str raw)
{
    switch (kind) {
    case COLUMN_ID:
        return raw.p[0] == '"';
    case COLUMN_EXTRA:
        return raw.p[0] == '{';
    case COLUMN_ISSUES:
        return raw.p[0] == '[';
    case COLUMN_KEPT:
        return true;
    case COLUMN_PLAIN:
        break;
    }
    return false;
}

/* Does a cell still say something that no field says? Where a field holds all cells as they
 * came (`has_raw`), only those count that no field looks at. */
static inline bool is_left(const struct column *column, str raw, unsigned flags, bool has_raw)
{
    if (!raw.n || (column->kind && is_ours(column->kind, raw)))
        return false;
    if (!column->is_claimed || (!has_raw && (flags & CELL_KEPT)))
        return true;
    return !has_raw && !(flags & CELL_SAID) && !str_equal(raw, STR("\"\"")) &&
           !str_equal(raw, STR("null"));
}

/* The members of an object, or items of an array, that was there before; with a comma. */
static char *put_inside(char *out, str value)
{
    str body = str_trim((str){value.p + 1, value.n - 2});

    if (!body.n)
        return out;
    out = put(out, body);
    *out++ = ',';
    return out;
}

static bool has_column(const struct plan *p, str name)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (str_equal((str){p->columns[i].prefix.p + 1, p->columns[i].prefix.n - 1}, name))
            return true;
    return false;
}

/* "column_<n>":, or "column_<n>_2": when the header has that name itself. */
static char *put_number(char *out, const struct plan *p, uint32_t n)
{
    char *start = out, *end = str_write_u64(put(out, STR("\"column_")), n);

    out = put(end, STR("\":"));
    for (uint32_t k = 2; p->has_numbered && has_column(p, str_between(start, out)); k++)
        out = put(str_write_u64(put(end, STR("_")), k), STR("\":"));
    return out;
}

static char *put_beyond(char *out, const struct source *src)
{
    str rest = src->beyond, item;

    for (uint32_t n = src->plan->n + 1; json_next_item(&rest, &item); n++) {
        out = put_number(out, src->plan, n);
        out = put(out, item);
        *out++ = ',';
    }
    return out;
}

char *normalise_put_extra(char *out, const struct source *src)
{
    const struct column *columns = src->plan->columns;
    const uint8_t *flags = src->flags;
    const str *cells = src->cells;
    bool has_raw = src->plan->rules->has_raw;
    char *start = out;

    out = put(out, STR(",\"sp_extra\":{"));
    char *first = out;
    for (uint32_t i = 0, n = src->plan->n; i < n; i++) {
        if (is_left(&columns[i], cells[i], flags[i], has_raw)) {
            out = mempcpy(out, columns[i].prefix.p + 1, columns[i].prefix.n - 1);
            out = put(out, cells[i]);
            *out++ = ',';
        } else if (columns[i].kind == COLUMN_EXTRA) {
            out = put_inside(out, cells[i]);
        }
    }
    if (src->extras)
        out = put_beyond(out, src);
    if (out == first)
        return start;
    out[-1] = '}';
    return out;
}

char *normalise_put_issues(char *out, const struct source *src, const struct outcome *o)
{
    char *start = out;

    out = put(out, STR(",\"sp_issues\":["));
    char *first = out;
    for (uint32_t i = 0; src->is_document && i < src->plan->n; i++)
        if (src->plan->columns[i].kind == COLUMN_ISSUES &&
            is_ours(COLUMN_ISSUES, src->cells[i]))
            out = put_inside(out, src->cells[i]);
    for (uint32_t i = 0; i < o->issue_count; i++) {
        const struct issue *issue = &o->issues[i];
        out = put(out, STR("{\"field\":"));
        out = put(out, issue->field ? issue->field->label : STR("null"));
        out = put(out, STR(",\"issue\":"));
        out = json_quote(out, issue->issue);
        out = put(out, STR(",\"reason\":"));
        out = json_quote(out, issue->why);
        out = put(out, STR("},"));
    }
    if (out == first)
        return start;
    out[-1] = ']';
    return out;
}

/* A cell as text: of a string what it says, of anything else its JSON. */
static char *put_text(char *out, str raw)
{
    return raw.p[0] == '"' ? put(out, raw) : json_quote(out, raw);
}

static char *put_texts_beyond(char *out, const struct source *src)
{
    str rest = src->beyond, item;

    for (uint32_t n = src->plan->n + 1; json_next_item(&rest, &item); n++) {
        out = put_number(out, src->plan, n);
        out = put_text(out, item);
        *out++ = ',';
    }
    return out;
}

/* The members of the sp_extra that a document came with. */
static char *put_texts_inside(char *out, str object)
{
    str rest, name, value;

    if (!json_open(object, &rest))
        return out;
    while (json_next_member(&rest, &name, &value)) {
        *out++ = '"';
        out = put(put(out, name), STR("\":"));
        out = put_text(out, value);
        *out++ = ',';
    }
    return out;
}

static size_t cells_bound(const struct record *r, const struct source *src)
{
    size_t n = FIXED_MAX + src->plan->bound + (size_t)src->extras * NUMBERED_MAX;

    return n + JSON_QUOTED_MAX(r->line.n);
}

static str write_texts(struct arena *a, const struct record *r, const struct source *src,
                       bool all)
{
    char *start = arena_reserve(a, cells_bound(r, src)), *out = start;

    *out++ = '{';
    for (uint32_t i = 0; i < src->plan->n; i++) {
        const struct column *column = &src->plan->columns[i];
        str raw = src->cells[i];
        if (!all && raw.n && column->kind == COLUMN_EXTRA && is_ours(COLUMN_EXTRA, raw))
            out = put_texts_inside(out, raw);
        if (!raw.n || str_is(raw, "null") || (all && column->kind != COLUMN_PLAIN))
            continue;
        if (!all && !is_left(column, raw, src->flags[i], src->plan->rules->has_raw))
            continue;
        out = mempcpy(out, column->prefix.p + 1, column->prefix.n - 1);
        out = put_text(out, raw);
        *out++ = ',';
    }
    out = put_texts_beyond(out, src);
    if (out[-1] == ',')
        out--;
    *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}

str normalise_raw(struct arena *a, const struct record *r, const struct source *src)
{
    return write_texts(a, r, src, true);
}

str normalise_extra(struct arena *a, const struct record *r, const struct source *src)
{
    return write_texts(a, r, src, false);
}

/* "field:issue", with a comma. `label` is a JSON string, `issue` what stands in one. */
static char *put_issue(char *out, str label, str issue)
{
    out = put(out, (str){label.p, label.n - 1});
    *out++ = ':';
    out = put(out, issue);
    return put(out, STR("\","));
}

/* The items of the sp_issues that a document came with. */
static char *put_issues_inside(char *out, str array)
{
    str rest, item, label, issue;

    if (!json_open(array, &rest))
        return out;
    while (json_next_item(&rest, &item)) {
        if (json_type(item) != JSON_OBJECT || !json_pointer(item, STR("/issue"), &issue) ||
            json_type(issue) != JSON_STRING) {
            out = put_text(out, item);
            *out++ = ',';
            continue;
        }
        bool has_field =
            json_pointer(item, STR("/field"), &label) && json_type(label) == JSON_STRING;
        out = put_issue(out, has_field ? label : record_label, (str){issue.p + 1, issue.n - 2});
    }
    return out;
}

static size_t issues_bound(const struct record *r, const struct source *src,
                           const struct outcome *o)
{
    size_t n = FIXED_MAX + (src->is_document ? JSON_QUOTED_MAX(r->line.n) : 0);

    for (uint32_t i = 0; i < o->issue_count; i++)
        n += (o->issues[i].field ? o->issues[i].field->label.n : 0) + o->issues[i].issue.n +
             NUMBERED_MAX;
    return n;
}

str normalise_issues(struct arena *a, const struct record *r, const struct source *src,
                     const struct outcome *o)
{
    char *start = arena_reserve(a, issues_bound(r, src, o)), *out = start;

    *out++ = '[';
    for (uint32_t i = 0; src->is_document && i < src->plan->n; i++)
        if (src->plan->columns[i].kind == COLUMN_ISSUES &&
            is_ours(COLUMN_ISSUES, src->cells[i]))
            out = put_issues_inside(out, src->cells[i]);
    for (uint32_t i = 0; i < o->issue_count; i++) {
        const struct issue *issue = &o->issues[i];
        out = put_issue(out, issue->field ? issue->field->label : record_label, issue->issue);
    }
    if (src->is_short || src->extras)
        out = put(out, STR("\"record:ragged\","));
    if (out[-1] == ',')
        out--;
    *out++ = ']';
    arena_trim(a, out);
    return str_between(start, out);
}

size_t normalise_rest_bound(const struct record *r, const struct source *src,
                            const struct outcome *o)
{
    size_t n = FIXED_MAX + r->line.n + (size_t)src->extras * NUMBERED_MAX;

    for (uint32_t i = 0; i < o->issue_count; i++) {
        const struct issue *issue = &o->issues[i];
        n += (issue->field ? issue->field->label.n : 0) + JSON_QUOTED_MAX(issue->why.n) +
             JSON_QUOTED_MAX(issue->issue.n) + 2 * NUMBERED_MAX;
    }
    return n;
}
