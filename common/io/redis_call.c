/* What stands around a connection: the address in a URL, and one call at a time for commands.
 */
#include "common/io/redis.h"

/* Percent-decoding of the parts of a URL; a broken escape stays as it is, a password may well
 * hold one. */
static str decoded(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n + 1), *end = out;

    for (size_t i = 0; i < s.n; i++) {
        int high = i + 3 <= s.n ? str_hex_digit(s.p[i + 1]) : -1;
        int low = i + 3 <= s.n ? str_hex_digit(s.p[i + 2]) : -1;
        if (s.p[i] == '%' && high >= 0 && low >= 0) {
            *end++ = (char)(high * 16 + low);
            i += 2;
        } else {
            *end++ = s.p[i];
        }
    }
    *end = '\0';
    return (str){out, (size_t)(end - out)};
}

static const char *last_byte(str s, char c)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c)
            return s.p + i - 1;
    return NULL;
}

/* What stands before the last '@' may be a password: it is not shown. */
static int bad_url(str url, struct error *err)
{
    const char *at = last_byte(url, '@');
    str shown = at ? str_between(at, str_end(url)) : url;

    return error_set(err, ERR_CONFIG,
                     "redis address '%s" STR_FMT "' is not understood; write "
                     "redis://[user:password@]host[:port][/db] or unix:///path/to/socket",
                     at ? "..." : "", STR_ARG(shown));
}

static bool has_nul(str s)
{
    return s.n && memchr(s.p, '\0', s.n);
}

static bool take_number(str digits, uint64_t max, uint64_t *value)
{
    return str_to_u64(digits, value) && *value <= max;
}

static int parse_unix(struct arena *a, str url, struct redis_address *to, struct error *err)
{
    str rest = {url.p + 7, url.n - 7};
    str path = str_cut(&rest, '?');
    uint64_t database = 0;

    if (path.n == 0 || path.p[0] != '/')
        return bad_url(url, err);
    if (rest.p && (!str_starts(rest, STR("db=")) ||
                   !take_number((str){rest.p + 3, rest.n - 3}, 65535, &database)))
        return bad_url(url, err);
    path = decoded(a, path);
    if (has_nul(path))
        return bad_url(url, err);
    *to = (struct redis_address){.path = path, .database = (uint32_t)database};
    return 0;
}

/* host, host:port, [address], [address]:port; an IPv6 address without brackets could be read in
 * two ways. */
static bool parse_place(str place, str *host, uint64_t *port)
{
    str rest = place;

    if (str_starts(place, STR("["))) {
        rest = (str){place.p + 1, place.n - 1};
        *host = str_cut(&rest, ']');
        if (!rest.p || (rest.n && rest.p[0] != ':'))
            return false;
        rest = rest.n ? (str){rest.p + 1, rest.n - 1} : STR_NONE;
    } else {
        *host = str_cut(&rest, ':');
    }
    if (rest.p && (!take_number(rest, UINT16_MAX, port) || *port == 0))
        return false;
    return host->n > 0;
}

static int parse_tcp(struct arena *a, str url, struct redis_address *to, struct error *err)
{
    str rest = {url.p + 8, url.n - 8}, login = STR_NONE, user = STR_NONE, host;
    const char *at = last_byte(rest, '@');
    uint64_t port = 6379, database = 0;

    if (at) {
        login = (str){rest.p, (size_t)(at - rest.p)};
        rest = (str){at + 1, rest.n - login.n - 1};
        user = str_cut(&login, ':');
        if (!login.p) /* one word is the password, as redis-cli takes it */
            login = user, user = STR_NONE;
    }
    str place = str_cut(&rest, '/');
    if (rest.n && !take_number(rest, 65535, &database))
        return bad_url(url, err);
    if (!parse_place(place, &host, &port))
        return bad_url(url, err);
    host = decoded(a, host);
    if (has_nul(host))
        return bad_url(url, err);
    *to = (struct redis_address){.host = host,
                                 .port = (uint16_t)port,
                                 .user = decoded(a, user),
                                 .password = decoded(a, login),
                                 .database = (uint32_t)database};
    return 0;
}

int redis_address_parse(struct arena *a, str url, struct redis_address *to, struct error *err)
{
    if (str_starts(url, STR("unix://")))
        return parse_unix(a, url, to, err);
    if (str_starts(url, STR("redis://")))
        return parse_tcp(a, url, to, err);
    return bad_url(url, err);
}

struct call {
    const struct reply *reply;
    bool is_over;
};

static void on_called(void *ctx, const struct reply *reply)
{
    struct call *c = ctx;

    c->reply = reply;
    c->is_over = true;
}

int redis_call(struct redis *r, const str *args, uint32_t n, struct arena *a,
               const struct reply **reply, struct error *err)
{
    struct call c = {0};

    redis_send(r, args, n, a, on_called, &c);
    while (!c.is_over)
        loop_once(redis_loop(r));
    if (!c.reply)
        return error_set(err, ERR_REDIS, STR_FMT ": the connection to redis was lost",
                         STR_ARG(args[0]));
    if (c.reply->type == REPLY_ERROR)
        return error_set(err, ERR_REDIS, STR_FMT ": " STR_FMT, STR_ARG(args[0]),
                         STR_ARG(c.reply->text));
    *reply = c.reply;
    return 0;
}
