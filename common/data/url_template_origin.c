/* What must not depend on any value: where a URL leads to. */
#include <strings.h>

#include "common/data/url_template_parts.h"

/* "." and "..", also with their dots encoded, which some servers decode first. */
static bool is_dots(str segment)
{
    unsigned dots = 0;

    while (segment.n) {
        bool is_encoded = segment.n >= 3 && strncasecmp(segment.p, "%2e", 3) == 0;
        if (!is_encoded && segment.p[0] != '.')
            return false;
        size_t n = is_encoded ? 3 : 1;
        segment = (str){segment.p + n, segment.n - n};
        dots++;
    }
    return dots == 1 || dots == 2;
}

bool url_has_dots(str url, size_t from)
{
    str query = {url.p + from, url.n - from}, path = str_cut(&query, '?');

    while (path.p) {
        str segment = str_cut(&path, '/');
        if (segment.n && (segment.p[0] == '.' || segment.p[0] == '%') && is_dots(segment))
            return true;
    }
    return false;
}

static bool is_host_char(char c)
{
    return ascii_is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
}

static size_t fail(size_t *at, size_t where, struct error *err, const char *what)
{
    *at = where;
    error_set(err, ERR_CONFIG, "%s", what);
    return 0;
}

/* Where the host ends: an address in brackets, or a name. */
static size_t read_host(str authority)
{
    size_t n = 0;

    if (authority.n && authority.p[0] == '[') {
        for (n = 1; n < authority.n && authority.p[n] != ']'; n++)
            if (str_hex_digit(authority.p[n]) < 0 && authority.p[n] != ':' &&
                authority.p[n] != '.')
                return 0;
        return n > 2 && n < authority.n ? n + 1 : 0;
    }
    while (n < authority.n && is_host_char(authority.p[n]))
        n++;
    return n;
}

static bool is_port(str port)
{
    uint64_t number;

    return str_to_u64(port, &number) && number >= 1 && number <= 65535;
}

size_t url_read_origin(str url, size_t *at, struct error *err)
{
    size_t scheme = str_starts(url, STR("https://"))  ? 8
                    : str_starts(url, STR("http://")) ? 7
                                                      : 0;
    if (!scheme)
        return fail(at, 0, err,
                    "a URL begins with https:// or http:// as it stands: values may fill the "
                    "path and the query only");
    str rest = {url.p + scheme, url.n - scheme}, authority = str_cut(&rest, '/');
    const char *brace = memchr(authority.p, '{', authority.n);
    if (brace)
        return fail(at, (size_t)(brace - url.p), err,
                    "host and port stand as they are, with a '/' behind them: values may fill "
                    "the path and the query only");
    const char *sign = memchr(authority.p, '@', authority.n);
    if (sign)
        return fail(at, scheme, err,
                    "no user or password in a URL: use headers: {Authorization: !secret name}");
    if (!rest.p)
        return fail(at, url.n, err, "write a '/' behind the host");
    size_t host = read_host(authority);
    if (!host)
        return fail(at, scheme, err,
                    "a host is a name of letters, digits, '-' and '.', or an IPv6 address in "
                    "brackets");
    str port = {authority.p + host, authority.n - host};
    if (port.n && (port.p[0] != ':' || !is_port((str){port.p + 1, port.n - 1})))
        return fail(at, scheme + host, err,
                    "a host is a name of letters, digits, '-' and '.', and ':port' from 1 to "
                    "65535 may follow");
    return scheme + authority.n;
}
