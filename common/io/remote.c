#include "common/io/remote.h"

#include <strings.h>

static bool is_same_name(str a, str b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* "host", "host:port", "[::1]:port" */
static void split_host(str text, str *host, str *port)
{
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;

    *host = text;
    *port = STR_NONE;
    if (!colon || (text.p[0] == '[' && text.p[text.n - 1] == ']'))
        return;
    *host = str_between(text.p, colon);
    *port = str_between(colon + 1, text.p + text.n);
}

static bool is_address(str host)
{
    for (size_t i = 0; i < host.n; i++)
        if ((host.p[i] < '0' || host.p[i] > '9') && host.p[i] != '.')
            return host.p[0] == '[';
    return true;
}

static str without_brackets(str host)
{
    return host.n > 1 && host.p[0] == '[' ? (str){host.p + 1, host.n - 2} : host;
}

bool remote_may_call(str allow, str host, str port, str *address)
{
    while (allow.n) {
        str said = str_trim(str_cut(&allow, ',')), name, number;
        str given = said;
        said = str_cut(&given, '=');
        split_host(said, &name, &number);
        if (name.n == 0 || !is_same_name(name, host) || (number.n && !str_equal(number, port)))
            continue;
        *address = given.p            ? without_brackets(given)
                   : is_address(host) ? without_brackets(host)
                                      : STR_NONE;
        return true;
    }
    return false;
}

bool remote_may_read(str allow, str bucket, str key)
{
    while (allow.n) {
        str prefix = str_trim(str_cut(&allow, ','));
        str name = str_cut(&prefix, '/');
        if (str_is(name, "*") || (str_equal(name, bucket) && str_starts(key, prefix)))
            return true;
    }
    return false;
}
