/* JSON inside a cell, as it stands, on one line. */
#include "common/data/coerce.h"
#include "common/data/json.h"

enum { DEPTH_MAX = 32 }; /* it stands inside a document */

/* Outside of strings a line end is a blank like any other; inside there is none. */
static str on_one_line(struct arena *a, str text)
{
    if (!memchr(text.p, '\n', text.n) && !memchr(text.p, '\r', text.n))
        return text;
    char *p = arena_alloc(a, text.n);
    for (size_t i = 0; i < text.n; i++)
        p[i] = text.p[i] == '\n' || text.p[i] == '\r' ? ' ' : text.p[i];
    return (str){p, text.n};
}

bool coerce_json(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    static const struct json_limits limits = {.depth = DEPTH_MAX};
    const char *wrong = json_check(text, &limits, NULL);

    (void)setup;
    if (wrong) {
        coerce_refuse(out, "is no JSON");
        out->why = arena_printf(a, "is no JSON: %s", wrong);
        return false;
    }
    out->value = on_one_line(a, str_trim(text));
    return true;
}
