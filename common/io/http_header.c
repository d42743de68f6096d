/* What the headers of an answer say. */
#include <strings.h>
#include <time.h>

#include "common/io/http.h"

enum { RETRY_AFTER_MAX_MS = 3600 * 1000 };

str http_header(str headers, const char *name)
{
    str found = STR_NONE;

    while (headers.n) {
        str value = str_cut(&headers, '\n'), key = str_cut(&value, ':');
        if (value.p && key.n == strlen(name) && strncasecmp(key.p, name, key.n) == 0)
            found = str_trim(value);
    }
    return found;
}

bool http_date(str text, uint64_t *ms)
{
    static const char *const formats[] = {/* RFC 9110, 5.6.7; the last two are obsolete */
                                          "%a, %d %b %Y %H:%M:%S GMT",
                                          "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};
    char copy[48];

    if (text.n == 0 || text.n >= sizeof(copy))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct tm t = {0};
        const char *end = strptime(copy, formats[i], &t);
        time_t at = end && !*end ? timegm(&t) : -1;
        if (at < 0)
            continue;
        *ms = (uint64_t)at * 1000;
        return true;
    }
    return false;
}

uint64_t http_retry_after_ms(const struct http_answer *a, uint64_t now_ms)
{
    uint64_t seconds, until, now = now_ms;

    if (str_to_u64(a->retry_after, &seconds))
        return MIN(seconds, RETRY_AFTER_MAX_MS / UINT64_C(1000)) * 1000;
    if (!http_date(a->retry_after, &until))
        return 0;
    if (!http_date(a->date, &now)) /* their clock, when they tell it */
        now = now_ms;
    return until > now ? MIN(until - now, (uint64_t)RETRY_AFTER_MAX_MS) : 0;
}
