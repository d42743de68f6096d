/* Whatever the values are, a URL leads to where its template says, has as many path segments
 * and the same parameters; a header has no control characters; a body is JSON. The first byte
 * says which kind, the template follows, and behind each NUL a value of the members a to d. */
#include <curl/curl.h>
#include <string.h>

#include "common/data/json.h"
#include "common/data/url_template.h"
#include "tests/fuzz/fuzz.h"

enum { MEMBERS = 4 };
struct parts {
    char *scheme, *host, *port, *user, *password, *fragment, *path, *query;
};

/* As the client reads it, and, for the path, as a server may that resolves dots. */
static bool read_parts(const char *url, struct parts *p)
{
    CURLU *u = curl_url();
    CURLUcode code = curl_url_set(u, CURLUPART_URL, url, 0);

    *p = (struct parts){0};
    if (code == CURLUE_OK) {
        curl_url_get(u, CURLUPART_SCHEME, &p->scheme, 0);
        curl_url_get(u, CURLUPART_HOST, &p->host, 0);
        curl_url_get(u, CURLUPART_PORT, &p->port, 0);
        curl_url_get(u, CURLUPART_USER, &p->user, 0);
        curl_url_get(u, CURLUPART_PASSWORD, &p->password, 0);
        curl_url_get(u, CURLUPART_FRAGMENT, &p->fragment, 0);
        curl_url_get(u, CURLUPART_PATH, &p->path, 0);
        curl_url_get(u, CURLUPART_QUERY, &p->query, 0);
    }
    curl_url_cleanup(u);
    return code == CURLUE_OK;
}

static void free_parts(struct parts *p)
{
    char *all[] = {p->scheme,   p->host,     p->port, p->user,
                   p->password, p->fragment, p->path, p->query};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        curl_free(all[i]);
}

static bool is_same(const char *a, const char *b)
{
    return str_equal(str_of(a), str_of(b)) && !a == !b;
}

static unsigned count(const char *text, char c)
{
    unsigned n = 0;

    for (; text && *text; text++)
        n += *text == c;
    return n;
}

static void check_printable(str text)
{
    for (size_t i = 0; i < text.n; i++)
        PROMISE((unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f);
}

/* The names of the parameters, one behind the other. */
static str names_of(struct arena *a, const char *query)
{
    str rest = str_of(query), names = STR("");

    while (rest.n) {
        str value = str_cut(&rest, '&'), name = str_cut(&value, '=');
        names = arena_printf(a, STR_FMT "&" STR_FMT, STR_ARG(names), STR_ARG(name));
    }
    return names;
}

static void check_url(struct arena *a, str filled, str harmless)
{
    struct parts got, want;
    bool is_good = read_parts(harmless.p, &want);

    check_printable(filled);
    PROMISE(strlen(filled.p) == filled.n);
    PROMISE(read_parts(filled.p, &got) == is_good);
    PROMISE(is_same(got.scheme, want.scheme) && is_same(got.host, want.host));
    PROMISE(is_same(got.port, want.port));
    PROMISE(!got.user && !got.password && !got.fragment);
    PROMISE(count(got.path, '/') == count(want.path, '/'));
    PROMISE(count(got.query, '&') == count(want.query, '&'));
    PROMISE(str_equal(names_of(a, got.query), names_of(a, want.query)));
    free_parts(&got);
    free_parts(&want);
}

static str record_line(struct arena *a, str values)
{
    str line = STR("{\"z\":0");

    for (char name = 'a'; name < 'a' + MEMBERS && values.p; name++) {
        str value = json_quoted(a, str_cut(&values, '\0'));
        line = arena_printf(a, STR_FMT ",\"%c\":" STR_FMT, STR_ARG(line), name, STR_ARG(value));
    }
    return arena_printf(a, STR_FMT "}", STR_ARG(line));
}

static void fill(struct arena *a, enum url_template_kind kind, str text, str values)
{
    struct error err = {0};
    struct url_expanded filled, harmless;
    size_t at;
    struct url_template *t = url_template_compile(kind, text, a, &at, &err);

    if (!t) {
        PROMISE(err.text[0] && at <= text.n);
        return;
    }
    struct record r = {.line = record_line(a, values)};
    enum url_expansion e = url_template_expand(t, &r, a, &filled);
    PROMISE(e != URL_MISSING || filled.member.n);
    PROMISE(e != URL_REFUSED || filled.why.n);
    if (e != URL_EXPANDED)
        return;
    PROMISE(filled.text.n <= URL_TEMPLATE_MAX);
    r.line = STR("{\"a\":\"x\",\"b\":\"x\",\"c\":\"x\",\"d\":\"x\",\"z\":\"x\"}");
    if (kind == URL_TEMPLATE_HEADER)
        check_printable(filled.text);
    else if (kind == URL_TEMPLATE_JSON)
        PROMISE(json_check(filled.text, NULL, NULL) == NULL);
    else if (url_template_expand(t, &r, a, &harmless) == URL_EXPANDED)
        check_url(a, filled.text, harmless.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const enum url_template_kind kinds[] = {URL_TEMPLATE_URL, URL_TEMPLATE_HEADER,
                                                   URL_TEMPLATE_JSON};
    struct arena a = {0};

    if (n < 2)
        return 0;
    str values = {(const char *)bytes + 1, n - 1}, text = str_cut(&values, '\0');
    fill(&a, kinds[bytes[0] % 3], text, values);
    arena_free(&a);
    return 0;
}
