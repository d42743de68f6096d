#include "common/data/url_template.h"

#include "tests/unit/check.h"

static struct record record_of(const char *line)
{
    return (struct record){.line = str_of(line)};
}

struct row {
    const char *template, *line, *want; /* want: the text; "?name": missing; "!word": refused */
};

static void check_row(enum url_template_kind kind, const struct row *row)
{
    struct arena a = {0};
    struct error err = {0};
    struct url_expanded e = {0};
    struct record r = record_of(row->line);
    size_t at = 0;
    struct url_template *t = url_template_compile(kind, str_of(row->template), &a, &at, &err);

    CHECK_STR(str_of(err.text), STR_NONE);
    if (t) {
        enum url_expansion got = url_template_expand(t, &r, &a, &e);
        str want = str_of(row->want);
        if (want.p[0] == '?' || want.p[0] == '!') {
            str word = {want.p + 1, want.n - 1};
            CHECK_INT(got, want.p[0] == '?' ? URL_MISSING : URL_REFUSED);
            if (got == URL_REFUSED)
                CHECK(memmem(e.why.p, e.why.n, word.p, word.n) != NULL);
            else
                CHECK_STR(e.member, word);
        } else {
            CHECK_INT(got, URL_EXPANDED);
            CHECK_STR(e.text, want);
            CHECK(!e.text.n || e.text.p[e.text.n] == '\0');
        }
    }
    arena_free(&a);
}

#define FROM(v) "https://h/{v}", "{\"v\":" v "}"

static void test_url_template_encodes_values(void)
{
    static const struct row rows[] = {
        {FROM("\"N1 9GU\""), "https://h/N1%209GU"},
        {FROM("\"a/b?c&d=e#f\""), "https://h/a%2Fb%3Fc%26d%3De%23f"},
        {FROM("\"\xc5\x81\xc3\xb3\x64\xc5\xba\""), "https://h/%C5%81%C3%B3d%C5%BA"},
        {FROM("\"100%\""), "https://h/100%25"},
        {FROM("\"O'Brien (UK)\""), "https://h/O%27Brien%20%28UK%29"},
        {FROM("\"a+b\""), "https://h/a%2Bb"},
        {FROM("\"\\n\""), "https://h/%0A"},
        {FROM("\"\\u0000\""), "https://h/%00"},
        {FROM("\"\xff\xc3\""), "https://h/%FF%C3"},
        {FROM("\"Az09-._~\""), "https://h/Az09-._~"},
        {FROM("\"@evil.example:1/\""), "https://h/%40evil.example%3A1%2F"},
        {FROM("1.10"), "https://h/1.10"},
        {FROM("-1E+7"), "https://h/-1E%2B7"},
        {FROM("true"), "https://h/true"},
        {FROM("\"...\""), "https://h/..."},
        {FROM("\".\""), "!path segment"},
        {FROM("\"..\""), "!path segment"},
        {FROM("null"), "?v"},
        {FROM("\"\""), "?v"},
        {FROM("{}"), "?v"},
        {FROM("[1]"), "?v"},
        {FROM("12x"), "?v"},
        {"https://h/{v}", "{\"w\":1}", "?v"},
        {"https://h/{v}", "", "?v"},
        {"https://h/{v}{w}/x", "{\"v\":\".\",\"w\":\".\"}", "!path segment"},
        {"https://h/%2E{v}", "{\"v\":\".\"}", "!path segment"},
        {"https://h/?q={v}", "{\"v\":\"..\"}", "https://h/?q=.."},
        {"https://h/?q={v}&r=a{w}", "{\"v\":\"a&b\",\"w\":2}", "https://h/?q=a%26b&r=a2"},
        {"http://h:8080/j/{a.b.c}", "{\"a\":{\"b\":{\"c\":5}}}", "http://h:8080/j/5"},
        {"https://h/{a.b}", "{\"a.b\":1,\"a\":{\"b\":2}}", "https://h/1"},
        {"https://h/{a.b.c}", "{\"a\":{\"b.c\":3}}", "https://h/3"},
        {"https://h/{a.b}", "{\"a\":4}", "?a.b"},
        {"https://h/{Post code}", "{\"Post code\":\"x\"}", "https://h/x"},
        {"https://[::1]:1/", "{}", "https://[::1]:1/"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(URL_TEMPLATE_URL, &rows[i]);
}

static void test_url_template_headers(void)
{
    static const struct row rows[] = {
        {"Bearer {v}", "{\"v\":\"a b:c\"}", "Bearer a b:c"},
        {"{{{v}}}", "{\"v\":1}", "{1}"},
        {"application/json", "{}", "application/json"},
        {"{v}", "{\"v\":\"a\\r\\nX-Evil: 1\"}", "!control"},
        {"{v}", "{\"v\":\"a\\u0000\"}", "!control"},
        {"{v}", "{\"v\":\"a\\u007f\"}", "!control"},
        {"{v}", "{}", "?v"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(URL_TEMPLATE_HEADER, &rows[i]);
}

static void test_url_template_bodies(void)
{
    static const struct row rows[] = {
        {"{\"q\": {v}}", "{\"v\":\"a\\\"b\"}", "{\"q\": \"a\\\"b\"}"},
        {"{\"q\": {v}}", "{\"v\":1.10}", "{\"q\": 1.10}"},
        {"{\"q\": {v}}", "{\"v\":true}", "{\"q\": true}"},
        {"{\"q\":\"x {v} y\"}", "{\"v\":\"\\\",\\\"evil\\\":\\\"\\n\"}",
         "{\"q\":\"x \\\",\\\"evil\\\":\\\"\\n y\"}"},
        {"{\"q\":\"{v}\"}", "{\"v\":7}", "{\"q\":\"7\"}"},
        {"[{v},{\"{{\":{}}]", "{\"v\":7}", "[7,{\"{\":{}}]"},
        {"[\"\\\"\",{v}]", "{\"v\":\"x\"}", "[\"\\\"\",\"x\"]"},
        {"[{v}]", "{\"v\":[1]}", "?v"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(URL_TEMPLATE_JSON, &rows[i]);
}

static void test_url_template_length(void)
{
    static const enum url_template_kind kinds[] = {URL_TEMPLATE_URL, URL_TEMPLATE_HEADER,
                                                   URL_TEMPLATE_JSON};
    static const char *const templates[] = {"https://h/{v}", "{v}", "{v}"};
    static const size_t around[] = {10, 0, 2};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (size_t more = 0; more < 2; more++) {
            struct arena a = {0};
            struct error err = {0};
            struct url_expanded e;
            size_t at, n = URL_TEMPLATE_MAX - around[i] + more;
            char *text = arena_alloc(&a, n);
            memset(text, 'x', n);
            struct record r = {
                .line = arena_printf(&a, "{\"v\":\"" STR_FMT "\"}", STR_ARG(((str){text, n})))};
            struct url_template *t =
                url_template_compile(kinds[i], str_of(templates[i]), &a, &at, &err);
            CHECK(t != NULL);
            CHECK_INT(url_template_expand(t, &r, &a, &e), more ? URL_REFUSED : URL_EXPANDED);
            CHECK(more || e.text.n == URL_TEMPLATE_MAX);
            arena_free(&a);
        }
    }
}

static void test_url_template_refuses(void)
{
    static const struct {
        enum url_template_kind kind;
        const char *text;
        size_t at;
        const char *word; /* of what is said */
    } rows[] = {
        {URL_TEMPLATE_URL, "{v}", 0, "begins with https://"},
        {URL_TEMPLATE_URL, "ftp://h/", 0, "begins with https://"},
        {URL_TEMPLATE_URL, "HTTPS://h/", 0, "begins with https://"},
        {URL_TEMPLATE_URL, "https{v}://h/", 0, "begins with https://"},
        {URL_TEMPLATE_URL, "https://{v}/", 8, "host and port stand"},
        {URL_TEMPLATE_URL, "https://h{v}/", 9, "host and port stand"},
        {URL_TEMPLATE_URL, "https://h:{v}/", 10, "host and port stand"},
        {URL_TEMPLATE_URL, "https://h?q={v}", 12, "host and port stand"},
        {URL_TEMPLATE_URL, "https://h{v}", 9, "host and port stand"},
        {URL_TEMPLATE_URL, "https://{u}@h/", 8, "host and port stand"},
        {URL_TEMPLATE_URL, "https://u:p@h/", 8, "Authorization"},
        {URL_TEMPLATE_URL, "https://h", 9, "'/' behind the host"},
        {URL_TEMPLATE_URL, "https:///x", 8, "a host is"},
        {URL_TEMPLATE_URL, "https://h\\x/", 9, "a host is"},
        {URL_TEMPLATE_URL, "https://h:0/", 9, "65535"},
        {URL_TEMPLATE_URL, "https://h:65536/", 9, "65535"},
        {URL_TEMPLATE_URL, "https://h:/", 9, "65535"},
        {URL_TEMPLATE_URL, "https://[::1/", 8, "a host is"},
        {URL_TEMPLATE_URL, "https://[]/", 8, "a host is"},
        {URL_TEMPLATE_URL, "https://h\xc3\xa9/", 9, "a host is"},
        {URL_TEMPLATE_URL, "https://h/a b", 11, "percent-encoded"},
        {URL_TEMPLATE_URL, "https://h/\xc3\xa9", 10, "percent-encoded"},
        {URL_TEMPLATE_URL, "https://h/\\", 10, "percent-encoded"},
        {URL_TEMPLATE_URL, "https://h/#{v}", 10, "never sent"},
        {URL_TEMPLATE_URL, "https://h/%2", 10, "%25"},
        {URL_TEMPLATE_URL, "https://h/%{v}", 10, "%25"},
        {URL_TEMPLATE_URL, "https://h/?{v}", 11, "name={member}"},
        {URL_TEMPLATE_URL, "https://h/?{v}=1", 11, "name={member}"},
        {URL_TEMPLATE_URL, "https://h/?a=1&{v}", 15, "name={member}"},
        {URL_TEMPLATE_URL, "https://h/{v", 10, "opens the name"},
        {URL_TEMPLATE_URL, "https://h/{}", 10, "opens the name"},
        {URL_TEMPLATE_URL, "https://h/{ v}", 10, "opens the name"},
        {URL_TEMPLATE_URL, "https://h/v}", 11, "closes nothing"},
        {URL_TEMPLATE_URL, "https://h/{{", 10, "%7B"},
        {URL_TEMPLATE_URL, "https://h/../x", 0, "segments"},
        {URL_TEMPLATE_URL, "https://h/%2e%2E", 0, "segments"},
        {URL_TEMPLATE_HEADER, "a\nb", 1, "control"},
        {URL_TEMPLATE_HEADER, " ", 0, "has a value"},
        {URL_TEMPLATE_HEADER, "a}", 1, "closes nothing"},
        {URL_TEMPLATE_JSON, "{\"q\": x{v}}", 6, "must be JSON"},
        {URL_TEMPLATE_JSON, "q={v}", 0, "must be JSON"},
        {URL_TEMPLATE_JSON, "{\"a\": \"}\"}", 7, "closes nothing"},
        {URL_TEMPLATE_JSON, "", 0, "must be JSON"},
        {URL_TEMPLATE_JSON, "[2{v}]", 2, "must be JSON"},
        {URL_TEMPLATE_JSON, "[-{v}]", 2, "must be JSON"},
        {URL_TEMPLATE_JSON, "[{v}{w}]", 2, "must be JSON"},
        {URL_TEMPLATE_JSON, "{{v}:1}", 1, "must be JSON"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct error err = {0};
        size_t at = 999;
        CHECK(!url_template_compile(rows[i].kind, str_of(rows[i].text), &a, &at, &err));
        CHECK_INT(err.code, ERR_CONFIG);
        if (!strstr(err.text, rows[i].word) || at != rows[i].at)
            printf("# row %zu '%s': at %zu: %s\n", i, rows[i].text, at, err.text);
        CHECK(strstr(err.text, rows[i].word) != NULL);
        CHECK_INT(at, rows[i].at);
        arena_free(&a);
    }
}

static void test_url_template_says_what_is_fixed(void)
{
    struct arena a = {0};
    struct error err = {0};
    size_t at;
    struct url_template *t = url_template_compile(
        URL_TEMPLATE_URL, STR("https://geo.example:8443/j/{c}?q={p}"), &a, &at, &err);

    CHECK_STR(url_template_origin(t), STR("https://geo.example:8443"));
    CHECK(!url_template_is_literal(t));
    CHECK(url_template_is_literal(
        url_template_compile(URL_TEMPLATE_HEADER, STR("x"), &a, &at, &err)));
    CHECK(!url_template_compile(
        URL_TEMPLATE_HEADER,
        STR("{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}"
            "{a}{a}{a}{a}{a}{a}"),
        &a, &at, &err));
    CHECK_STR(str_of(err.text), STR("at most 32 members fit in one template"));
    arena_free(&a);
}

int main(void)
{
    RUN(test_url_template_encodes_values);
    RUN(test_url_template_headers);
    RUN(test_url_template_bodies);
    RUN(test_url_template_length);
    RUN(test_url_template_refuses);
    RUN(test_url_template_says_what_is_fixed);
    return check_done();
}
