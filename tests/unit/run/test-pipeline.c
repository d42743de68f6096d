#include "common/run/pipeline.h"

#include <stddef.h>
#include <stdlib.h>

#include "tests/unit/check.h"

struct state {
    str format;
    const struct node *fields;
    str key;
};
static const struct setting split_settings[] = {
    {"format", SETTING_STR, "csv", offsetof(struct state, format), "Format."}, {0}};
static const struct setting normalise_settings[] = {
    {"fields", SETTING_NODE, "", offsetof(struct state, fields), "Fields."}, {0}};
static const struct setting deliver_settings[] = {
    {"stream", SETTING_STR, NULL, offsetof(struct state, format), "Stream to put into."},
    {"key", SETTING_SECRET, "", offsetof(struct state, key), "Key."},
    {0}};

static void check_deliver(void *state, const struct node *config, struct findings *f)
{
    const struct state *s = state;

    if (s->format.n > 10)
        findings_error(f, node_at(config, "stream"), 1, "the stream has a long name");
}

static const struct stage split = {.name = "split",
                                   .summary = "Split.",
                                   .state_size = sizeof(struct state),
                                   .settings = split_settings,
                                   .wants_jobs = true};
static const struct stage normalise = {.name = "normalise",
                                       .summary = "Normalise.",
                                       .state_size = sizeof(struct state),
                                       .settings = normalise_settings};
static const struct stage deliver = {.name = "deliver",
                                     .summary = "Deliver.",
                                     .state_size = sizeof(struct state),
                                     .settings = deliver_settings,
                                     .check = check_deliver};
static const struct stage *const kinds[] = {&split, &normalise, &deliver, NULL};

static struct arena arena;
static struct findings findings;

static struct pipeline *load(const char *text)
{
    arena_reset(&arena);
    findings = (struct findings){.arena = &arena};
    return pipeline_load(str_of(text), STR_NONE, kinds, &findings);
}

static const char good[] =
    "pipeline: listings\n"
    "stages:\n"
    "  rows: {split: {format: csv}, high: 8MiB}\n"
    "  tidy:\n"
    "    normalise:\n"
    "      fields: {price: {from: price, match: '^a$'}}\n"
    "  ship: {deliver: {stream: \"${TEST_STREAM:-out}$$1\", key: !secret aws}}\n"
    "  side: {deliver: {stream: side}, high: 4KiB, low: 1KiB, keep: 7d, keep_bytes: 1GiB}\n"
    "routes:\n"
    "  - {from: inbox, to: rows}\n"
    "  - {from: rows, to: tidy}\n"
    "  - {from: tidy, when: price == nil, drop: no_price}\n"
    "  - {from: tidy, when: price > 100, to: [side, ship]}\n"
    "  - {from: tidy, when: price < 0, dead: negative}\n"
    "  - {from: tidy, to: ship}\n"
    "counts:\n"
    "  by_hour: {on: tidy, key: kind, every: 1h, time: at}\n"
    "  total: {on: ship, key: kind}\n"
    "dead: {keep: 7d, full: drop_oldest}\n";

static void check_good(const struct pipeline *p)
{
    uint32_t number;

    CHECK_STR(p->name, STR("listings"));
    CHECK_INT(p->dead.keep_ms, 7 * 86400000);
    CHECK_INT(p->dead.high_bytes, 256 << 20);
    CHECK(p->dead.drops_oldest);
    CHECK_INT(p->stage_count, 4);
    const struct pipeline_stage *s = pipeline_find(p, STR("rows"), &number);
    CHECK_INT(number, 0);
    CHECK(s->kind == &split);
    CHECK_INT(s->high_bytes, 8 << 20);
    CHECK(!pipeline_keeps(s));
    CHECK_INT(s->low_bytes, 4 << 20);
    s = pipeline_find(p, STR("ship"), &number);
    CHECK_INT(number, 2);
    CHECK_INT(s->high_bytes, 64 << 20);
    CHECK_INT(s->low_bytes, 32 << 20);
    CHECK_STR(node_get(s->config, "stream")->text, STR("out$1"));
    CHECK_INT(node_get(s->config, "key")->type, NODE_SECRET);
    s = pipeline_find(p, STR("side"), &number);
    CHECK(pipeline_keeps(s));
    CHECK_INT(s->keep_ms, 7 * 24 * 3600 * 1000);
    CHECK_INT(s->keep_bytes, 1 << 30);
    CHECK(pipeline_find(p, STR("none"), &number) == NULL);

    CHECK_INT(p->routes.n, 6);
    const struct route *r = p->routes.rows;
    CHECK_INT(r[0].condition, ROUTE_ALWAYS);
    CHECK_INT(r[2].act, ROUTE_DROP);
    CHECK_STR(r[2].reason, STR("no_price"));
    CHECK_INT(r[3].to_count, 2);
    CHECK_INT(r[3].to[0], 2);
    CHECK_INT(r[3].to[1], 3);
    CHECK_INT(r[4].act, ROUTE_DEAD);

    struct record record = {.line = STR("{\"price\":200}")};
    CHECK(route_match(&p->routes, STR("tidy"), &record, &arena) == &r[3]);

    CHECK_INT(p->count_count, 2);
    CHECK_INT(p->counts[0].on, 1);
    CHECK_INT(p->counts[0].every_ms, 3600000);
    CHECK_INT(p->counts[0].keep_ms, 2592000000);
    CHECK_STR(p->counts[0].time, STR("at"));
    CHECK_INT(p->counts[1].every_ms, 0);
    CHECK_INT(p->counts[1].keep_ms, 0);
}

static void test_pipeline_loads_a_good_file(void)
{
    struct pipeline *p = load(good);

    CHECK_INT(findings.n, 0);
    CHECK(p != NULL);
    if (p)
        check_good(p);
    pipeline_free(p);
}

static void test_pipeline_json_reads_back_the_same(void)
{
    struct pipeline *p = load(good), *again;
    struct error error = {0};
    struct buf json[2];

    buf_init(&json[0], 1 << 20);
    buf_init(&json[1], 1 << 20);
    setenv("TEST_STREAM", "changed", 1);
    CHECK(pipeline_to_json(p, 3, 1700000000000, &json[0]));
    CHECK(
        str_starts(buf_str(&json[0]),
                   STR("{\"version\":3,\"applied_at\":1700000000000,\"pipeline\":{\"pipeline\":"
                       "\"listings\",")));
    again = pipeline_from_json(buf_str(&json[0]), kinds, &error);
    CHECK_STR(str_of(error.text), STR(""));
    CHECK(again && again->version == 3);
    if (again) {
        check_good(again);
        CHECK(pipeline_to_json(again, 3, 1700000000000, &json[1]));
        CHECK_STR(buf_str(&json[1]), buf_str(&json[0]));
    }
    unsetenv("TEST_STREAM");
    pipeline_free(p);
    pipeline_free(again);
    buf_free(&json[0]);
    buf_free(&json[1]);
}

static const struct {
    const char *text, *says;
} bad_json[] = {
    {"", "it has no version and pipeline"},
    {"{\"version\":\"x\",\"pipeline\":{}}", "it has no version and pipeline"},
    {"{\"version\":1,\"pipeline\":{}}", "'stages' is missing: a map of names to stages"},
    {"{\"version\":1", "did not find expected"},
    {"{\"version\":1,\"pipeline\":{\"stages\":{\"a\":{\"enrich\":{}}},\"routes\":[]}}",
     "unknown key 'enrich'"},
};

static void test_pipeline_from_json_says_what_is_wrong(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_json); i++) {
        struct error error = {0};
        CHECK(pipeline_from_json(str_of(bad_json[i].text), kinds, &error) == NULL);
        CHECK_INT(error.code, ERR_CONFIG);
        CHECK(strstr(error.text, bad_json[i].says));
    }
}

#define STAGES                                                                                 \
    "stages:\n"                                                                                \
    "  rows: {split: {}}\n"                                                                    \
    "  tidy: {normalise: {}}\n"                                                                \
    "  locate: {normalise: {}}\n"                                                              \
    "  ship: {deliver: {stream: s}}\n"
#define FEED "  - {from: inbox, to: rows}\n  - {from: rows, to: tidy}\n"
#define REST "  - {from: tidy, to: locate}\n  - {from: locate, to: ship}\n"

/* One finding each; its place, its text, its hint. */
static const struct mistake {
    const char *text;
    uint32_t line, column;
    bool is_warning;
    const char *says, *hint;
} mistakes[] = {
    {STAGES "route:\n  - a\nroutes:\n" FEED REST, 6, 1, false, "unknown key 'route'",
     "did you mean 'routes'?"},
    {"pipeline: My Own\n" STAGES "routes:\n" FEED REST, 1, 11, false, "the name of a pipeline",
     ""},
    {"sources: {drops: {watch: {}}}\n" STAGES "routes:\n" FEED REST, 1, 11, false,
     "this release knows no sources yet", ""},
    {STAGES "  Big: {normalise: {}}\nroutes:\n" FEED REST "  - {from: Big, to: ship}\n"
            "  - {from: inbox, when: a, to: Big}\n",
     6, 3, false, "'Big' is no name of a stage", ""},
    {STAGES "  dead: {deliver: {stream: x}}\nroutes:\n" FEED REST
            "  - {from: inbox, when: a, to: dead}\n",
     6, 3, false, "'dead' is a word of our own keys", ""},
    {STAGES "  x: {split: {}, normalise: {}}\nroutes:\n" FEED REST "  - {from: x, to: ship}\n"
            "  - {from: tidy, to: x}\n",
     6, 18, false, "a stage has one kind: this one is 'split' already", ""},
    {STAGES "  x: {high: 1MiB}\nroutes:\n" FEED REST "  - {from: x, to: ship}\n"
            "  - {from: inbox, to: x}\n",
     6, 6, false, "stage 'x' has no kind, like {split: {...}}", ""},
    {STAGES "  x: {delivr: {}}\nroutes:\n" FEED REST "  - {from: x, to: ship}\n"
            "  - {from: inbox, to: x}\n",
     6, 7, false, "unknown key 'delivr'", "did you mean 'deliver'?"},
    {STAGES "  x: {deliver: {stream: y}, retry: {attempts: 0}}\nroutes:\n" FEED REST
            "  - {from: tidy, to: x}\n",
     6, 47, false, "attempts must be at least 1", ""},
    {STAGES "  x: {deliver: {stream: y}, high: 1KiB, low: 2KiB}\nroutes:\n" FEED REST
            "  - {from: inbox, to: x}\n",
     6, 46, false, "'low' must be below 'high'", ""},
    {STAGES "  x: {deliver: {stream: y}, high: 1000}\nroutes:\n" FEED REST
            "  - {from: inbox, to: x}\n",
     6, 35, false, "high: 1000 what? write 1000KiB", ""},
    {STAGES "  x: {deliver: }\nroutes:\n" FEED REST "  - {from: inbox, to: x}\n", 6, 16, false,
     "'stream' is missing: Stream to put into.", ""},
    {STAGES "  x: {deliver: {stream: abcdefghijklm}}\nroutes:\n" FEED REST
            "  - {from: inbox, to: x}\n",
     6, 25, false, "the stream has a long name", ""},
    {STAGES "  x: {deliver: {stream: !secret y}}\nroutes:\n" FEED REST
            "  - {from: inbox, to: x}\n",
     6, 25, false, "'stream' takes no !secret", ""},
    {STAGES "routes:\n" FEED REST "  - {from: tidy, to: locat}\n", 11, 22, false,
     "unknown stage 'locat'", "did you mean 'locate'? one of: rows, tidy, locate, ship"},
    {STAGES "routes:\n" FEED REST "  - {from: tidi, to: ship}\n", 11, 12, false,
     "unknown stage 'tidi'", "did you mean 'tidy'? one of: inbox, rows, tidy, locate, ship"},
    {STAGES "routes:\n" FEED REST "  - {to: ship}\n", 11, 5, false, "'from' is missing", ""},
    {STAGES "routes:\n" FEED REST "  - {from: ship, to: tidy}\n", 11, 12, false,
     "'ship' delivers: nothing comes out of it", ""},
    {STAGES "routes:\n" FEED REST "  - {from: inbox, when: a, too: ship, to: ship}\n", 11, 28,
     false, "unknown key 'too'", "did you mean 'to'? one of: from, when, to, drop, dead"},
    {STAGES "routes:\n" FEED REST "  - {from: inbox, when: a}\n", 11, 5, false,
     "a row has one of 'to', 'drop' and 'dead'", ""},
    {STAGES "routes:\n" FEED REST "  - {from: inbox, to: [ship, ship]}\n", 11, 30, false,
     "'ship' stands twice", ""},
    {STAGES "routes:\n" FEED REST "  - {from: inbox, to: []}\n", 11, 23, false,
     "'to' names 1 to 16 stages", ""},
    {STAGES "routes:\n" FEED REST "  - {from: inbox, when: a, drop: 'No price'}\n", 11, 34,
     false, "a reason is a word", ""},
    {STAGES "routes:\n" FEED REST "  - text\n", 11, 5, false, "a row of the routes is a map",
     ""},
    {STAGES "routes:\n" FEED
            "  - {from: tidy, to: [rows, locate]}\n  - {from: locate, to: ship}\n",
     9, 23, false, "'rows' splits files: only the inbox can feed it", ""},
    {STAGES "routes:\n" FEED REST "  - from: inbox\n    when: #tags > 0\n    to: ship\n", 12,
     10, false, "'when' is empty: '#' begins a comment in YAML, quote the condition", ""},
    {STAGES "routes:\n" FEED REST
            "  - from: inbox\n    when: a == 1 and #tags > 0\n    to: ship\n",
     12, 11, false, "behind ' #' is a comment in YAML: quote the condition", ""},
    {STAGES "routes:\n" FEED REST "  - {from: inbox, when: a != 1, to: ship}\n", 11, 25, false,
     "write ~= for !=", ""},
    {STAGES "routes:\n" FEED REST "  - {from: tidy, to: ship}\n", 11, 5, true,
     "nothing gets here: line 9 takes all from 'tidy'", ""},
    {STAGES "routes:\n" FEED "  - {from: tidy, to: locate}\n"
            "  - {from: locate, when: lat ~= nil, to: ship}\n",
     10, 26, true, "the last row from 'locate' has a condition", ""},
    {STAGES "  x: {deliver: {stream: y}}\nroutes:\n" FEED REST, 6, 3, true,
     "no route leads to 'x'", ""},
    {STAGES "routes:\n" FEED "  - {from: tidy, to: [locate, ship]}\n", 4, 3, true,
     "no route leads on from 'locate'", ""},
    {STAGES "routes:\n" FEED "  - {from: tidy, to: locate}\n"
            "  - {from: locate, when: a, to: tidy}\n  - {from: locate, to: ship}\n",
     10, 33, false, "the routes run in a circle: tidy -> locate -> tidy", ""},
    {STAGES "routes:\n" FEED REST "counts:\n  c: {on: tydi, key: a}\n", 12, 11, false,
     "unknown stage 'tydi'", "did you mean 'tidy'? one of: rows, tidy, locate, ship"},
    {STAGES "routes:\n" FEED REST "counts:\n  c: {on: tidy}\n", 12, 6, false,
     "'key' is missing", ""},
    {STAGES "routes:\n" FEED REST "counts:\n  c: {on: tidy, key: a, every: 500ms}\n", 12, 32,
     false, "a window is whole seconds wide", ""},
    {STAGES "routes:\n" FEED REST "counts:\n  C: {on: tidy, key: a}\n", 12, 3, false,
     "the name of a count", ""},
    {STAGES, 1, 1, false, "'routes' is missing", ""},
    {STAGES "routes:\n" FEED REST "dead: 30d\n", 11, 7, false, "'dead' is a map", ""},
    {STAGES "routes:\n" FEED REST "dead: {full: drop}\n", 11, 14, false, "unknown full 'drop'",
     "did you mean 'stop'? one of: stop, drop_oldest"},
    {STAGES "routes:\n" FEED REST "dead: {high: 5}\n", 11, 14, false, "5 what?", ""},
    {"routes: []\n", 1, 1, false, "'stages' is missing", ""},
    {"[]", 1, 1, false, "a pipeline is a map", ""},
    {"", 1, 1, false, "a pipeline is a map", ""},
    {"a: b: c\n", 1, 5, false, "quote a value that holds ': '", ""},
    {"pipeline: ${TEST_UNSET}\n", 1, 11, false,
     "environment variable TEST_UNSET is not set, and there is no default", ""},
    {"pipeline: ${TEST\n", 1, 11, false, "'${' without its '}'", ""},
    {"pipeline: ${1}\n", 1, 11, false, "'${1}' is no variable", ""},
    {"pipeline: ${A:=b}\n", 1, 11, false, "'${A:=b}' is no variable", ""},
    {"pipeline: ${TEST_BAD}\n", 1, 11, false, "environment variable TEST_BAD is not UTF-8", ""},
    {"pipeline: AKIAIOSFODNN7EXAMPLE${\n", 1, 11, true, "looks like a secret", ""},
};

static bool is_found(const struct mistake *m)
{
    for (uint32_t i = 0; i < findings.n; i++) {
        const struct finding *f = &findings.list[i];
        if (f->is_warning == m->is_warning && f->at.line == m->line &&
            f->at.column == m->column && str_is(f->hint, m->hint) &&
            memmem(f->text.p, f->text.n, m->says, strlen(m->says)))
            return true;
    }
    return false;
}

static void test_pipeline_finds_mistakes(void)
{
    setenv("TEST_BAD", "\xff", 1);
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        const struct mistake *m = &mistakes[i];
        struct pipeline *p = load(m->text);
        CHECK((p != NULL) == (findings.errors == 0));
        pipeline_free(p);
        CHECK(is_found(m));
        for (uint32_t k = 0; k < findings.n && !is_found(m); k++)
            printf("# %zu %u:%u " STR_FMT " [" STR_FMT "]\n", i, findings.list[k].at.line,
                   findings.list[k].at.column, STR_ARG(findings.list[k].text),
                   STR_ARG(findings.list[k].hint));
    }
}

static void test_pipeline_finds_all_mistakes_in_file_order(void)
{
    CHECK(load("stages:\n  rows: {split: {formt: csv}}\n  ship: {deliver: {stream: s}}\n"
               "routes:\n  - {from: inbox, to: row}\n"
               "  - {from: rows, when: f(a, b), to: ship}\n  - {from: row, to: ship}\n") ==
          NULL);
    static const uint32_t lines[] = {2, 5, 6, 6, 6, 7};
    CHECK_INT(findings.n, ARRAY_LEN(lines));
    for (uint32_t i = 0; i < MIN(findings.n, (uint32_t)ARRAY_LEN(lines)); i++)
        CHECK_INT(findings.list[i].at.line, lines[i]);
    CHECK_INT(findings.warnings, 1);
}

static void test_pipeline_checks_a_stage_beside_an_unknown_key(void)
{
    CHECK(load("stages:\n  rows: {split: {format: csv}}\n"
               "  ship: {deliver: {steam: x, stream: far_too_long}}\nroutes:\n"
               "  - {from: inbox, to: rows}\n  - {from: rows, to: ship}\n") == NULL);
    CHECK_INT(findings.errors, 2);
    CHECK_STR(findings.list[0].text, STR("unknown key 'steam'"));
    CHECK_STR(findings.list[1].text, STR("the stream has a long name"));
}

static void test_pipeline_expands_variables(void)
{
    setenv("TEST_STREAM", "a: [b]", 1);
    struct pipeline *p = load(good);
    uint32_t number;

    CHECK(p != NULL);
    if (p)
        CHECK_STR(node_get(pipeline_find(p, STR("ship"), &number)->config, "stream")->text,
                  STR("a: [b]$1"));
    pipeline_free(p);
    unsetenv("TEST_STREAM");
}

int main(void)
{
    RUN(test_pipeline_loads_a_good_file);
    RUN(test_pipeline_json_reads_back_the_same);
    RUN(test_pipeline_from_json_says_what_is_wrong);
    RUN(test_pipeline_finds_mistakes);
    RUN(test_pipeline_finds_all_mistakes_in_file_order);
    RUN(test_pipeline_checks_a_stage_beside_an_unknown_key);
    RUN(test_pipeline_expands_variables);
    arena_free(&arena);
    return check_done();
}
