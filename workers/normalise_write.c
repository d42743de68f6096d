#include "workers/normalise_write.h"

#include "common/data/json.h"

enum {
    FIXED_MAX = 256,   /* braces, names and numbers of our own members */
    NUMBERED_MAX = 32, /* "column_4294967296_4096":, */
};

static inline char *put(char *out, str s)
{
    return mempcpy(out, s.p, s.n);
}

static char *put_id(char *out, const struct record *r, const struct source *src)
{
    out = put(out, STR("{\"sp_id\":"));
    if (src->id.n)
        return put(out, src->id);
    *out++ = '"';
    out = put(out, r->entry->src);
    *out++ = '-';
    out = str_write_u64(out, r->entry->row + r->number);
    *out++ = '-';
    out = put(out, src->offset);
    *out++ = '"';
    return out;
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

/* Does a cell still say something that no field says? */
static bool is_left(const struct column *column, str raw, unsigned flags)
{
    if (!raw.n || is_ours(column->kind, raw))
        return false;
    if (!column->is_claimed || (flags & CELL_KEPT))
        return true;
    return !(flags & CELL_SAID) && !str_equal(raw, STR("\"\"")) && !str_equal(raw, STR("null"));
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
    for (uint32_t k = 2; has_column(p, str_between(start, out)); k++)
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

static char *put_extra(char *out, const struct source *src)
{
    char *start = out;

    out = put(out, STR(",\"sp_extra\":{"));
    char *first = out;
    for (uint32_t i = 0; i < src->plan->n; i++) {
        const struct column *column = &src->plan->columns[i];
        if (is_left(column, src->cells[i], src->flags[i])) {
            out = mempcpy(out, column->prefix.p + 1, column->prefix.n - 1);
            out = put(out, src->cells[i]);
            *out++ = ',';
        } else if (column->kind == COLUMN_EXTRA) {
            out = put_inside(out, src->cells[i]);
        }
    }
    out = put_beyond(out, src);
    if (out == first)
        return start;
    out[-1] = '}';
    return out;
}

static char *put_issues(char *out, const struct source *src, const struct outcome *o)
{
    char *start = out;

    out = put(out, STR(",\"sp_issues\":["));
    char *first = out;
    for (uint32_t i = 0; src->is_document && i < src->plan->n; i++)
        if (src->plan->columns[i].kind == COLUMN_ISSUES &&
            is_ours(COLUMN_ISSUES, src->cells[i]))
            out = put_inside(out, src->cells[i]);
    for (uint32_t i = 0; i < o->issue_count; i++) {
        out = put(out, STR("{\"field\":"));
        out = put(out, o->issues[i].field->name);
        out = put(out, STR(",\"reason\":"));
        out = json_quote(out, o->issues[i].why);
        out = put(out, STR("},"));
    }
    if (out == first)
        return start;
    out[-1] = ']';
    return out;
}

static char *put_kept(char *out, const struct source *src)
{
    for (uint32_t i = 0; i < src->plan->n; i++)
        if (src->plan->columns[i].kind == COLUMN_KEPT) {
            out = put(out, src->plan->columns[i].prefix);
            out = put(out, src->cells[i]);
        }
    return out;
}

/* Bytes that the document takes at most. */
static size_t bound(const struct record *r, const struct source *src, const struct outcome *o)
{
    size_t n = FIXED_MAX + src->plan->bound + r->line.n + (size_t)src->extras * NUMBERED_MAX;

    for (uint32_t i = 0; i < o->rules->n; i++)
        n += MAX(o->values[i].n, STR("null").n);
    for (uint32_t i = 0; i < o->issue_count; i++)
        n += o->issues[i].field->name.n + JSON_QUOTED_MAX(o->issues[i].why.n) + NUMBERED_MAX;
    return n;
}

str normalise_write(struct arena *a, const struct record *r, const struct source *src,
                    const struct outcome *o)
{
    char *start = arena_reserve(a, bound(r, src, o)), *out = put_id(start, r, src);

    for (uint32_t i = 0; i < o->rules->n; i++) {
        out = put(out, o->rules->fields[i].prefix);
        out = put(out, o->values[i].n ? o->values[i] : STR("null"));
    }
    if (src->is_document)
        out = put_kept(out, src);
    out = put_extra(out, src);
    out = put_issues(out, src, o);
    if (src->is_short)
        out = put(out, STR(",\"sp_ragged\":\"short\""));
    else if (src->extras)
        out = put(out, STR(",\"sp_ragged\":\"long\""));
    *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}
