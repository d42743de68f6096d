#include "common/io/aws.h"

#include <stdlib.h>

#include "common/io/http.h"

enum { SKEW_MS = 240000 }; /* servers allow five minutes */

str aws_environment(const char *name)
{
    return str_of(getenv(name));
}

static str first_of(str a, str b)
{
    return a.n ? a : b;
}

str aws_region(struct arena *a, str setting)
{
    str said = first_of(aws_environment("AWS_REGION"), aws_environment("AWS_DEFAULT_REGION"));

    return arena_copy(a, first_of(first_of(setting, said), STR("us-east-1")));
}

str aws_endpoint_url(str setting, const char *service)
{
    struct arena a = {0};
    str name = arena_printf(&a, "AWS_ENDPOINT_URL_%s", service);
    str said = first_of(aws_environment(name.p), aws_environment("AWS_ENDPOINT_URL"));

    arena_free(&a);
    if (setting.n || str_is(aws_environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true"))
        return setting;
    return said;
}

int aws_endpoint_parse(struct arena *a, str url, struct aws_endpoint *e, struct error *err)
{
    bool is_tls = str_starts(url, STR("https://"));
    str rest = url, port = is_tls ? STR(":443") : STR(":80");

    if (!is_tls && !str_starts(url, STR("http://")))
        return error_set(err, ERR_CONFIG, "it must begin with https:// or http://");
    rest = (str){rest.p + (is_tls ? 8 : 7), rest.n - (is_tls ? 8 : 7)};
    str host = str_cut(&rest, '/');
    if (host.n == 0 || memchr(url.p, '@', url.n) || memchr(url.p, '?', url.n) ||
        memchr(url.p, '#', url.n))
        return error_set(err, ERR_CONFIG, "it must be scheme, host, port and path alone");
    *e = (struct aws_endpoint){
        .is_tls = is_tls,
        .host = arena_copy(a, str_ends(host, port) ? (str){host.p, host.n - port.n} : host),
        .path = arena_printf(a, "/" STR_FMT, STR_ARG(rest)),
    };
    return 0;
}

bool aws_set_clock(int64_t *offset_ms, str date, uint64_t now_ms)
{
    uint64_t theirs;

    if (!http_date(date, &theirs))
        return false;
    int64_t offset = (int64_t)(theirs - now_ms);
    if (llabs(offset - *offset_ms) <= SKEW_MS)
        return false;
    *offset_ms = offset;
    return true;
}

str aws_encode(struct arena *a, str text, bool is_path)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, text.n * 3 + 1), *end = out;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_bare = ascii_is_letter_or_digit((char)c) || (c && strchr("-_.~", c)) ||
                       (c == '/' && is_path);
        if (is_bare) {
            *end++ = (char)c;
            continue;
        }
        *end++ = '%';
        *end++ = hex[c >> 4];
        *end++ = hex[c & 15];
    }
    return str_between(out, end);
}

str aws_element(struct arena *a, str xml, const char *name)
{
    str open = arena_printf(a, "<%s>", name), close = arena_printf(a, "</%s>", name);
    const char *from = xml.n ? memmem(xml.p, xml.n, open.p, open.n) : NULL;

    if (!from)
        return STR_NONE;
    from += open.n;
    const char *to = memmem(from, (size_t)(xml.p + xml.n - from), close.p, close.n);
    return to ? str_between(from, to) : STR_NONE;
}
