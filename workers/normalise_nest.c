/* Nested records: "address.city" is a member of the object "address". Fields of one record are
 * written one after the other, between its braces. */
#include "common/data/json.h"
#include "workers/normalise_load.h"

/* "a.b" of "a.b.c"; empty: it stands in the document itself. */
static str parent_of(str name)
{
    const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;

    return dot ? str_between(name.p, dot) : STR_NONE;
}

/* "c" of "a.b.c". */
static str last_of(str name)
{
    str parent = parent_of(name);

    return parent.n ? (str){name.p + parent.n + 1, name.n - parent.n - 1} : name;
}

/* The innermost record that both paths are, or lie in. */
static str common_parent(str a, str b)
{
    while (a.n && !(str_equal(a, b) || (str_starts(b, a) && b.n > a.n && b.p[a.n] == '.')))
        a = parent_of(a);
    return a;
}

void nest_group(struct load_place *places, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct load_place place = places[i];
        str parent = parent_of(place.node->key);
        uint32_t to = i;
        for (uint32_t j = 0; parent.n && j < i; j++)
            if (common_parent(parent, parent_of(places[j].node->key)).n)
                to = j + 1;
        memmove(&places[to + 1], &places[to], (i - to) * sizeof(*places));
        places[to] = place;
    }
}

/* ,"a":{"b":{ for the records from `from` down to `to`. */
static str open_records(struct arena *a, str from, str to)
{
    if (to.n <= from.n)
        return STR_NONE;
    str text = open_records(a, from, parent_of(to)), quoted = json_quoted(a, last_of(to));
    return arena_printf(a, STR_FMT "%s" STR_FMT ":{", STR_ARG(text), text.n ? "" : ",",
                        STR_ARG(quoted));
}

/* A brace for each record from `from` up to `to`, which stays open. */
static str close_records(struct arena *a, str from, str to)
{
    char *start = arena_reserve(a, from.n), *out = start;

    for (; from.n > to.n; from = parent_of(from))
        *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}

void nest_write(struct arena *a, struct normalise_rules *rules)
{
    str open = STR_NONE;

    for (uint32_t i = 0; i < rules->n; i++) {
        struct normalise_field *f = &rules->fields[i];
        str parent = parent_of(f->name), quoted = json_quoted(a, last_of(f->name));
        str next = i + 1 < rules->n ? parent_of(rules->fields[i + 1].name) : STR_NONE;
        str opened = open_records(a, open, parent);
        f->prefix = arena_printf(a, STR_FMT "%s" STR_FMT ":", STR_ARG(opened),
                                 opened.n ? "" : ",", STR_ARG(quoted));
        open = common_parent(parent, next);
        f->suffix = close_records(a, parent, open);
    }
}
