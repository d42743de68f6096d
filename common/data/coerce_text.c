#include "common/data/coerce.h"

#include "common/data/json.h"

bool coerce_text(const struct coerce_setup *setup, struct arena *a, str text, str *value,
                 str *why)
{
    (void)setup, (void)why;
    *value = json_quoted(a, text);
    return true;
}
