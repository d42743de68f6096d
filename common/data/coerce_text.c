/* Text, and what is text though it looks like a number. */
#include "common/data/coerce.h"

#include "common/data/json.h"

bool coerce_text(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    (void)setup;
    out->value = json_quoted(a, text);
    return true;
}

/* 1.13984E+18, 1E+18: what a spreadsheet makes of long digits. 12E5 may be an id. */
static bool is_rounded(str text)
{
    const char *end = str_end(text), *p = ascii_skip_digits(text.p, end);
    bool has_point = p > text.p && p < end && (*p == '.' || *p == ',');

    if (p == text.p)
        return false;
    p = ascii_skip_digits(p + has_point, end);
    if (p == end || (*p != 'E' && *p != 'e'))
        return false;
    bool has_sign = ++p < end && (*p == '+' || *p == '-');
    p += has_sign;
    return (has_point || has_sign) && p < end && ascii_skip_digits(p, end) == end;
}

bool coerce_id(const struct coerce_setup *setup, struct arena *a, str text, struct coerced *out)
{
    if (is_rounded(text))
        return coerce_refuse(out, "lost its digits in a spreadsheet");
    return coerce_text(setup, a, text, out);
}
