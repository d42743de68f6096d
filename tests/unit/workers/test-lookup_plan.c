#include "workers/lookup_plan.h"

#include <stdlib.h>

#include "common/data/yaml.h"
#include "tests/unit/check.h"

static struct arena arena;
static struct findings findings;

static struct lookup_plan *load(const char *yaml)
{
    struct error err = {0};
    const struct node *http = yaml_load(&arena, str_of(yaml), &err);

    CHECK_STR(str_of(err.text), STR_NONE);
    findings = (struct findings){.arena = &arena};
    return lookup_plan_load(http, STR("locate"), &arena, &findings);
}

static void test_lookup_plan_fills_requests(void)
{
    static const struct {
        const char *yaml, *record;
        enum url_expansion want;
        const char *url, *body, *key, *headers; /* headers: joined by | */
        const char *member;
    } rows[] = {
        {"url: https://h/{a}?q={b}", "{\"a\":\"x\",\"b\":\"1 2\"}", URL_EXPANDED,
         "https://h/x?q=1%202", "", "https://h/x?q=1%202", "", ""},
        {"url: https://h/{a}?q={b}", "{\"a\":\"x\"}", URL_MISSING, "", "", "", "", "b"},
        {"{url: https://h/, method: POST, body: '{\"q\": {a}}'}", "{\"a\":\"x\"}", URL_EXPANDED,
         "https://h/", "{\"q\": \"x\"}", "POST https://h/\n{\"q\": \"x\"}",
         "Content-Type: application/json|", ""},
        {"{url: https://h/, method: POST, body: '[1]', headers: {content-type: text/json}}",
         "{}", URL_EXPANDED, "https://h/", "[1]", "POST https://h/\n[1]",
         "content-type: text/json|", ""},
        {"{url: https://h/, headers: {Accept: application/json, X-Tenant: 't-{t}'}}",
         "{\"t\":7}", URL_EXPANDED, "https://h/", "", "https://h/\nX-Tenant: t-7",
         "Accept: application/json|X-Tenant: t-7|", ""},
        {"{url: https://h/, headers: {X-Tenant: '{t}'}}", "{\"t\":\"a\\nb\"}", URL_REFUSED, "",
         "", "", "", ""},
        {"{url: https://h/, headers: {X-Key: !secret plan_test}}", "{}", URL_EXPANDED,
         "https://h/", "", "https://h/", "X-Key: s3cret|", ""},
    };

    setenv("STANDPIPE_SECRET_PLAN_TEST", "s3cret", 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct lookup_plan *p = load(rows[i].yaml);
        struct record r = {.line = str_of(rows[i].record)};
        struct lookup_request q = {0};
        struct url_expanded e;
        struct error err = {0};
        CHECK(p != NULL);
        CHECK_INT(lookup_plan_open(p, &err), 0);
        CHECK_INT(lookup_plan_fill(p, &r, &arena, &q, &e), rows[i].want);
        CHECK_STR(q.url, str_of(rows[i].url));
        CHECK_STR(q.body, str_of(rows[i].body));
        CHECK_STR(q.key, str_of(rows[i].key));
        CHECK_STR(rows[i].want == URL_MISSING ? e.member : STR_NONE, str_of(rows[i].member));
        str joined = STR_NONE;
        for (uint32_t k = 0; k < q.header_count; k++)
            joined = arena_printf(&arena, STR_FMT STR_FMT "|", STR_ARG(joined),
                                  STR_ARG(q.headers[k]));
        CHECK_STR(joined, str_of(rows[i].headers));
    }
    arena_free(&arena);
}

static void test_lookup_plan_defaults_and_limits(void)
{
    const struct lookup_config *c = lookup_plan_config(load("url: https://geo.example:8443/"));

    CHECK_STR(c->name, STR("locate"));
    CHECK_INT(c->in_flight, 0);
    CHECK_INT(c->timeout_ms, 5000);
    CHECK_INT(c->max_answer, 256 << 10);
    CHECK_INT(c->tries, 3);
    CHECK_INT(c->patience_ms, 30000);
    CHECK_INT(c->allow_count, 0);
    CHECK_INT(c->missing_count, 2);
    struct lookup_plan *p = load("{url: 'https://geo.example:8443/', missing: [404, 204], "
                                 "allow_cidr: 127.0.0.0/8, in_flight: 20}");
    c = lookup_plan_config(p);
    CHECK_INT(c->allow_count, 1);
    CHECK_INT(c->missing[1], 204);
    CHECK_INT(c->in_flight, 20);
    CHECK_STR(lookup_plan_origin(p), STR("https://geo.example:8443"));
    arena_free(&arena);
}

static void test_lookup_plan_says_what_is_wrong(void)
{
    static const struct {
        const char *yaml;
        uint32_t column; /* in line 1 */
        const char *word;
    } rows[] = {
        {"{method: GET}", 1, "'url' is missing"},
        {"url: https://{host}/x", 14, "host and port stand"},
        {"url: 'https://{host}/x'", 15, "host and port stand"},
        {"url: \"https://\\u0068/ \"", 6, "percent-encoded"}, /* not as it stands there */
        {"{url: https://h/, method: PUT}", 27, "GET or POST"},
        {"{url: https://h/, method: POST}", 27, "needs a body"},
        {"{url: https://h/, body: '1'}", 25, "goes with method: POST"},
        {"{url: https://h/, method: POST, body: 'q={a}'}", 40, "must be JSON"},
        {"{url: https://h/, headers: [a]}", 28, "a map of names"},
        {"{url: https://h/, headers: {Host: x}}", 29, "by the client itself"},
        {"{url: https://h/, headers: {content-Length: 1}}", 29, "by the client itself"},
        {"{url: https://h/, headers: {'a b': x}}", 29, "header's name"},
        {"{url: https://h/, headers: {a: [1]}}", 32, "text or !secret"},
        {"{url: https://h/, headers: {a: '{'}}", 33, "opens the name"},
        {"{url: https://h/, headers: {a: !secret ../x}}", 32, "name of a secret"},
        {"{url: https://h/, timeout: 1ms}", 28, "10ms to 10m"},
        {"{url: https://h/, in_flight: 1001}", 30, "0 to 1000"},
        {"{url: https://h/, tries: 0}", 26, "1 to 10"},
        {"{url: https://h/, max_answer: 65MiB}", 31, "64MiB"},
        {"{url: https://h/, patience: 2h}", 29, "at most 1h"},
        {"{url: https://h/, allow_cidr: [10.0.0.1/8]}", 32, "no range"},
        {"{url: https://h/, missing: [100]}", 29, "no status"},
        {"{url: https://h/, missing: [[404]]}", 29, "a text is wanted"},
        {"{url: https://h/, mising: [404]}", 19, "unknown key 'mising'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(!load(rows[i].yaml));
        const struct finding *f = &findings.list[0];
        if (findings.n != 1 || f->at.column != rows[i].column ||
            !memmem(f->text.p, f->text.n, rows[i].word, strlen(rows[i].word)))
            printf("# %s: %u findings, at %u: " STR_FMT "\n", rows[i].yaml, findings.n,
                   f->at.column, STR_ARG(f->text));
        CHECK_INT(findings.n, 1);
        CHECK_INT(f->at.column, rows[i].column);
        CHECK(memmem(f->text.p, f->text.n, rows[i].word, strlen(rows[i].word)) != NULL);
    }
    arena_free(&arena);
}

static void test_lookup_plan_needs_its_secrets(void)
{
    struct lookup_plan *p = load("{url: https://h/, headers: {X-Key: !secret plan_test}}");
    struct error err = {0};

    unsetenv("STANDPIPE_SECRET_PLAN_TEST");
    CHECK_INT(lookup_plan_open(p, &err), ERR_CONFIG);
    CHECK(strstr(err.text, "plan_test") != NULL);
    setenv("STANDPIPE_SECRET_PLAN_TEST", "a\rX: 1", 1);
    CHECK_INT(lookup_plan_open(p, &err), ERR_CONFIG);
    CHECK(strstr(err.text, "control characters") != NULL);
    CHECK(strstr(err.text, "X: 1") == NULL);
    arena_free(&arena);
}

int main(void)
{
    RUN(test_lookup_plan_fills_requests);
    RUN(test_lookup_plan_defaults_and_limits);
    RUN(test_lookup_plan_says_what_is_wrong);
    RUN(test_lookup_plan_needs_its_secrets);
    return check_done();
}
