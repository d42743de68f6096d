/* http(s):// from an allow-list. Host and port are looked up there, also behind each redirect;
 * the address that is connected to must be global, unless the list names it. */
#include <stdarg.h>

#include "common/io/address.h"
#include "common/io/source_web.h"

enum { URL_MAX = 8192, REDIRECTS_MAX = 5 };

/* What libcurl and we might read differently does not pass. */
static bool is_plain(str url)
{
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("\\\"<>^`{|}#", c))
            return false;
    }
    return url.n <= URL_MAX;
}

static bool is_host(str host)
{
    static const char signs[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[]:";

    for (size_t i = 0; i < host.n; i++)
        if (!memchr(signs, host.p[i], sizeof(signs) - 1))
            return false;
    return host.n > 0;
}

/* `url` lives as long as the web. False: w->reason says why not. */
static bool set_url(struct web *w, str url)
{
    bool is_tls = str_starts(url, STR("https://"));
    str rest = {url.p + (is_tls ? 8 : 7), url.n - (is_tls ? 8 : 7)};
    size_t n = 0;

    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    str host = {rest.p, n}, port = is_tls ? STR("443") : STR("80");
    const char *colon = n ? memrchr(host.p, ':', host.n) : NULL;
    if (colon && host.p[host.n - 1] != ']') {
        port = str_between(colon + 1, host.p + host.n);
        host = str_between(host.p, colon);
    }
    uint64_t number;
    if (!(is_tls || str_starts(url, STR("http://"))) || !is_plain(url) || !is_host(host) ||
        !str_to_u64(port, &number)) {
        web_fail(w, STR("source_refused"),
                 "write it as https://host[:port]/path, percent-encoded");
        return false;
    }
    if (!remote_may_call(w->remote->http_allow, host, port, &w->address)) {
        web_fail(w, STR("source_refused"), "--http-allow does not name " STR_FMT ":" STR_FMT,
                 STR_ARG(host), STR_ARG(port));
        return false;
    }
    w->key = url;
    return true;
}

/* Each try begins at the URI itself: where it leads to may have an end. */
static bool http_ask(struct web *w)
{
    if (w->at_onces == 0 && !set_url(w, w->uri))
        return false;
    w->url = w->key;
    web_add_header(w, "User-Agent", STR("standpipe/" STANDPIPE_VERSION));
    if (w->is_found && w->etag.n && !str_starts(w->etag, STR("W/")))
        web_add_header(w, "If-Match", w->etag);
    else if (w->is_found && !w->etag.n && w->modified.n)
        web_add_header(w, "If-Unmodified-Since", w->modified);
    return true;
}

static bool http_may_connect(void *ctx, const struct sockaddr *to)
{
    struct web *w = ctx;
    bool may = address_is_global(to) || (w->address.n && address_is(to, w->address));

    w->was_refused |= !may;
    return may;
}

static enum web_verdict http_judge(struct web *w, const struct http_answer *a)
{
    if (a->failure)
        return web_fail(w, STR("source_refused"),
                        "its address is of a private network: --http-allow HOST=ADDRESS "
                        "allows that");
    if (a->status >= 300 && a->status < 400) {
        if (!a->redirect.n || w->at_onces >= REDIRECTS_MAX)
            return web_fail(w, STR("source_refused"), "HTTP status %d%s", a->status,
                            a->redirect.n ? ", too often" : "");
        return set_url(w, arena_copy(&w->arena, a->redirect)) ? WEB_AT_ONCE : WEB_FAIL;
    }
    error_set(&w->err, ERR_HTTP, "HTTP status %d", a->status);
    switch (a->status) {
    case 404:
    case 410:
        return web_fail(w, STR("source_missing"), "HTTP status %d", a->status);
    case 412:
    case 416:
        return web_fail(w, STR("source_changed"), "it was replaced while it was read");
    case 408:
    case 425:
    case 429:
        return WEB_AGAIN;
    default:
        if (a->status >= 500)
            return WEB_AGAIN;
        return web_fail(w, STR("source_refused"), "HTTP status %d", a->status);
    }
}

static const struct web_kind http_kind = {
    .ask = http_ask, .judge = http_judge, .may_connect = http_may_connect};

int source_http_open(struct source *s, struct arena *a, str uri,
                     const struct source_setup *setup, str *reason, struct error *err)
{
    struct web *w = s->self;

    if (!setup->remote)
        return source_refuse(reason, err, uri, "files alone can be read here");
    if (!w) {
        w = web_new(&http_kind, setup, uri);
        (void)set_url(w, w->uri);
    }
    return web_open(s, a, w, reason, err);
}
