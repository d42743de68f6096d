/* Which field a column may have been meant for. */
#include "common/data/text.h"
#include "tools/try_tally.h"

static bool shares_a_word(str a, str b)
{
    while (a.n) {
        str word = str_cut(&a, '_');
        for (str rest = b; rest.n && word.n >= 3;) {
            str other = str_cut(&rest, '_');
            if (str_equal(word, other))
                return true;
        }
    }
    return false;
}

static bool is_better(str column, str name, unsigned *best)
{
    unsigned limit = (unsigned)MAX((size_t)3, column.n / 3 + 1);
    unsigned distance = column.n <= 64 ? str_distance(column, name, limit) : limit;

    if (distance >= limit && shares_a_word(column, name))
        distance = limit + 32; /* only when nothing is spelt alike */
    else if (distance >= limit)
        return false;
    if (distance >= *best || distance >= MAX(column.n, name.n) + 32)
        return false;
    *best = distance;
    return true;
}

str try_near(const struct try_file *f, str column, struct arena *scratch)
{
    str folded = text_fold(scratch, column), found = STR_NONE;
    unsigned best = UINT32_MAX;

    for (uint32_t i = 0; i < f->uses.field_count; i++) {
        const struct field_use *use = &f->uses.fields[i];
        if (use->column_count)
            continue;
        if (is_better(folded, text_fold(scratch, use->name), &best))
            found = use->name;
        for (uint32_t k = 0; k < use->alias_count; k++)
            if (is_better(folded, use->aliases[k], &best))
                found = use->aliases[k];
    }
    return found;
}
