#include "common/data/json.h"
#include "common/data/json_scan.h"

uint32_t json_next_strings(str *rest, str *values, uint32_t max, bool *is_plain)
{
    const char *p = rest->p, *end = str_end(*rest), *start = p + (p < end && *p == ',');
    uint32_t n = 0;

    while (n < max && start < end && *start == '"') {
        const char *quote = json_scan(start + 1, end, SCAN_SPECIAL);
        if (quote < end && *quote != '"') {
            bool has_escape;
            *is_plain = false;
            quote = json_find_quote(quote, end, &has_escape);
        }
        if (quote == end)
            break;
        p = quote + 1;
        values[n++] = str_between(start, p);
        if (p == end || *p != ',')
            break;
        start = p + 1;
    }
    *rest = str_between(p, end);
    return n;
}
