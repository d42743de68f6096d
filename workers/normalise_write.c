#include "workers/normalise_write.h"

#include "common/data/json.h"

enum { FIXED_MAX = 256 }; /* braces, names and numbers of our own members */

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

static char *put_kept(char *out, const struct source *src)
{
    for (uint32_t i = 0; i < src->plan->n; i++)
        if (src->plan->columns[i].kind == COLUMN_KEPT) {
            out = put(out, src->plan->columns[i].prefix);
            out = put(out, src->cells[i]);
        }
    return out;
}

static size_t bound(const struct record *r, const struct source *src, const struct outcome *o)
{
    size_t n = FIXED_MAX + src->plan->bound + normalise_rest_bound(r, src, o);

    for (uint32_t i = 0; i < src->plan->rules->n; i++)
        n += MAX(o->values[i].n, STR("null").n);
    return n;
}

str normalise_write(struct arena *a, const struct record *r, const struct source *src,
                    const struct outcome *o)
{
    const struct normalise_rules *rules = src->plan->rules;
    char *start = arena_reserve(a, bound(r, src, o)), *out = put_id(start, r, src);

    for (uint32_t i = 0; i < rules->n; i++) {
        out = put(out, rules->fields[i].prefix);
        out = put(out, o->values[i].n ? o->values[i] : STR("null"));
        if (rules->fields[i].suffix.n)
            out = put(out, rules->fields[i].suffix);
    }
    if (src->is_document)
        out = put_kept(out, src);
    if (!rules->has_extra)
        out = normalise_put_extra(out, src);
    if (!rules->has_issues && (o->issue_count || src->is_document))
        out = normalise_put_issues(out, src, o);
    if (src->is_short)
        out = put(out, STR(",\"sp_ragged\":\"short\""));
    else if (src->extras)
        out = put(out, STR(",\"sp_ragged\":\"long\""));
    *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}
