#include "common/data/coerce.h"

#include "common/data/json.h"

bool coerce_text(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    (void)setup;
    out->value = json_quoted(a, text);
    return true;
}
