#include "workers/normalise_cell.h"

#include "common/data/json.h"

str cell_text(struct arena *a, str raw, bool *is_raw)
{
    *is_raw = false;
    if (!raw.n || json_type(raw) == JSON_NULL)
        return STR_NONE;
    if (raw.p[0] != '"')
        return raw;
    str inner = {raw.p + 1, raw.n - 2};
    if (raw.n < 2 || (memchr(inner.p, '\\', inner.n) && !json_unquote(a, raw, &inner)))
        return STR_NONE;
    str text = str_trim(inner);
    *is_raw = text.n == inner.n;
    return text;
}

/* The part of the text that the pattern catches; a cell of which only a part was taken still
 * has something to say. */
static bool read_match(struct arena *a, const struct normalise_field *f, struct cell *c,
                       str text, str *value, str *why)
{
    str group;

    if (!normalise_match(&f->match, a, text, &group))
        return true;
    group = str_trim(group);
    if (!group.n)
        return true;
    if (!f->coercer)
        *value = json_quoted(a, group);
    else if (!f->coercer->run(&f->setup, a, group, value, why))
        return false;
    c->is_used |= group.n == text.n;
    return true;
}

bool cell_read(struct arena *a, const struct normalise_field *f, struct cell *c, str text,
               bool is_raw, str *value, str *why)
{
    bool is_string = c->raw.p[0] == '"',
         is_text = !f->coercer || f->coercer->run == coerce_text;

    if (f->has_match)
        return read_match(a, f, c, text, value, why);
    if (f->coercer && (c->raw.p[0] == '{' || c->raw.p[0] == '[')) {
        *why = STR("is an object or an array");
        return false;
    }
    if ((is_text && is_raw) || (!f->coercer && !is_string))
        *value = c->raw;
    else if (is_text)
        *value = json_quoted(a, text);
    else if (!f->coercer->run(&f->setup, a, text, value, why))
        return false;
    c->is_used = true;
    return true;
}
