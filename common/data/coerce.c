#include "common/data/coerce.h"

const struct coercer coercers[] = {
    {"text", "The text as it stands.", coerce_text},
    {"integer", "A whole number of any length, with a sign and group signs.", coerce_integer},
    {"number", "A decimal number of any length, its digits kept as they are.", coerce_number},
    {"date", "A date or a date with a time, written by RFC 3339 in UTC.", coerce_date},
    {"boolean", "True or false, by lists of words.", coerce_boolean},
    {0},
};

const struct coercer *coercer_find(str name)
{
    for (const struct coercer *c = coercers; c->name; c++)
        if (str_is(name, c->name))
            return c;
    return NULL;
}

bool coerce_refuse(struct coerced *out, const char *why)
{
    *out = (struct coerced){.issue = STR("unparsed"), .why = str_of(why)};
    return false;
}
