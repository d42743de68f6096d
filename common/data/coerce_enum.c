#include <stdio.h>

#include "common/data/coerce.h"
#include "common/data/json.h"
#include "common/data/text.h"

enum { LIST_MAX = 240 }; /* bytes of the symbols that an issue names */

static const str *find_symbol(const struct coerce_setup *setup, struct arena *a, str text)
{
    for (uint32_t i = 0; i < setup->symbol_count; i++)
        if (str_equal(setup->symbols[i], text))
            return &setup->symbols[i];
    struct arena_mark mark = arena_mark(a);
    const str *found = NULL;
    str folded = text_fold(a, text);
    for (uint32_t i = 0; i < setup->symbol_count && !found; i++)
        if (str_equal(text_fold(a, setup->symbols[i]), folded))
            found = &setup->symbols[i];
    arena_rewind(a, mark);
    return found;
}

static bool refuse(const struct coerce_setup *setup, struct arena *a, struct coerced *out)
{
    char list[LIST_MAX + 8];
    size_t n = 0;

    for (uint32_t i = 0; i < setup->symbol_count; i++) {
        str symbol = setup->symbols[i];
        bool is_full = n + symbol.n + 2 > LIST_MAX;
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s" STR_FMT, i ? ", " : "",
                              STR_ARG(is_full ? STR("...") : symbol));
        if (is_full)
            break;
    }
    out->issue = STR("not_in_enum");
    out->why = n ? arena_printf(a, "is none of: %s", list)
                 : STR("is of an enum without symbols: declare them");
    return false;
}

bool coerce_enum(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    const str *symbol = find_symbol(setup, a, text);

    if (!symbol)
        return refuse(setup, a, out);
    out->value = json_quoted(a, *symbol);
    return true;
}
