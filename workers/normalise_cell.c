#include "workers/normalise_cell.h"

#include "common/data/json.h"

bool cell_look(struct arena *a, str raw, struct reading *r)
{
    if (!raw.n || json_type(raw) == JSON_NULL)
        return false;
    *r = (struct reading){.raw = raw, .text = raw};
    if (raw.p[0] != '"')
        return true;
    str inner = {raw.p + 1, raw.n - 2};
    if (raw.n < 2 || (memchr(inner.p, '\\', inner.n) && !json_unquote(a, raw, &inner)))
        return false;
    r->text = str_trim(inner);
    r->is_raw = r->text.n == inner.n;
    return r->text.n > 0;
}

static bool coerce(struct arena *a, const struct normalise_field *f, str text,
                   struct reading *r)
{
    struct coerced c = {0};
    bool is_read = f->coercer->run(&f->setup, a, text, &c);

    r->value = c.value;
    r->why = c.why;
    r->is_whole &= !c.is_part;
    return is_read;
}

/* The part of the text that the pattern catches. */
static bool read_match(struct arena *a, const struct normalise_field *f, struct reading *r)
{
    str group;

    if (!normalise_match(&f->match, a, r->text, &group))
        return true;
    group = str_trim(group);
    if (!group.n)
        return true;
    r->is_whole = group.n == r->text.n;
    if (f->coercer)
        return coerce(a, f, group, r);
    r->value = json_quoted(a, group);
    return true;
}

bool cell_read(struct arena *a, const struct normalise_field *f, struct reading *r)
{
    bool is_string = r->raw.p[0] == '"',
         is_text = !f->coercer || f->coercer->run == coerce_text;

    if (f->has_match)
        return read_match(a, f, r);
    r->is_whole = true;
    if (f->coercer && (r->raw.p[0] == '{' || r->raw.p[0] == '[')) {
        r->why = STR("is an object or an array");
        return false;
    }
    if (!is_text)
        return coerce(a, f, r->text, r);
    if (r->is_raw || (!f->coercer && !is_string))
        r->value = r->raw;
    else
        r->value = json_quoted(a, r->text);
    return true;
}
