#include "common/run/setting.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/data/yaml.h"
#include "tests/unit/check.h"

struct state {
    str name, secret;
    bool fast;
    uint64_t count, bytes, wait_ms;
    struct rate rate;
    struct span_ms span;
    const struct node *fields;
};
static const struct setting table[] = {
    {"name", SETTING_STR, NULL, offsetof(struct state, name), "What it is called."},
    {"secret", SETTING_SECRET, "", offsetof(struct state, secret), "Its secret."},
    {"fast", SETTING_BOOL, "false", offsetof(struct state, fast), "Whether to hurry."},
    {"count", SETTING_COUNT, "500", offsetof(struct state, count), "How many."},
    {"bytes", SETTING_BYTES, "4MiB", offsetof(struct state, bytes), "How much."},
    {"wait", SETTING_MSEC, "200ms", offsetof(struct state, wait_ms), "How long."},
    {"rate", SETTING_RATE, "40/s", offsetof(struct state, rate), "How often."},
    {"span", SETTING_SPAN, "200ms..30s", offsetof(struct state, span), "From when to when."},
    {"fields", SETTING_NODE, "", offsetof(struct state, fields), "Fields."},
    {0},
};
static struct arena arena;
static struct findings findings;

static struct state fill(const char *text)
{
    struct state state = {0};
    struct error error;

    arena_reset(&arena);
    findings = (struct findings){.arena = &arena};
    setting_fill(table, yaml_load(&arena, str_of(text), &error), &state, &findings);
    return state;
}

static void test_setting_fill_types_and_defaults(void)
{
    struct state s =
        fill("{name: 01234, secret: !secret aws, fast: true, count: 2M, bytes: 64KiB,"
             " wait: 1h, rate: 10k/m, span: 0..5m, fields: {a: b}}");

    CHECK_INT(findings.errors, 0);
    CHECK_STR(s.name, STR("01234"));
    CHECK_STR(s.secret, STR("aws"));
    CHECK(s.fast);
    CHECK_INT(s.count, 2000000);
    CHECK_INT(s.bytes, 65536);
    CHECK_INT(s.wait_ms, 3600000);
    CHECK_INT(s.rate.count, 10000);
    CHECK_INT(s.rate.period_ms, 60000);
    CHECK_INT(s.span.least, 0);
    CHECK_INT(s.span.most, 300000);
    CHECK_STR(node_get(s.fields, "a")->text, STR("b"));

    s = fill("{name: x, count: , wait: null}");
    CHECK_INT(findings.errors, 0);
    CHECK(!s.fast && !s.fields && s.secret.n == 0);
    CHECK_INT(s.count, 500);
    CHECK_INT(s.bytes, 4 * 1024 * 1024);
    CHECK_INT(s.wait_ms, 200);
    CHECK_INT(s.rate.period_ms, 1000);
    CHECK_INT(s.span.least, 200);
    CHECK_INT(s.span.most, 30000);
}

static const struct mistake {
    const char *text;
    uint32_t column;
    const char *says, *hint;
} mistakes[] = {
    {"{name: x, wait: 30}", 17, "wait: 30 what? write 30s", ""},
    {"{name: x, bytes: 30}", 18, "bytes: 30 what? write 30KiB", ""},
    {"{name: x, rate: 30}", 17, "rate: 30 what? write 30/s", ""},
    {"{name: x, wait: 5 min}", 17,
     "wait: '5 min' is no duration: write 200ms, 30s, 5m, 1h or 30d", ""},
    {"{name: x, wait: 5M}", 17, "wait: '5M' is no duration: write 200ms, 30s, 5m, 1h or 30d",
     ""},
    {"{name: x, count: -1}", 18, "count: '-1' is no count: write 500, 200k or 2M", ""},
    {"{name: x, count: 99999999999999999999}", 18, "count: '99999999999999999999' is too large",
     ""},
    {"{name: x, wait: 200000000000000d}", 17, "wait: '200000000000000d' is too large", ""},
    {"{name: x, fast: yes}", 17, "fast: 'yes' is neither true nor false", ""},
    {"{name: x, rate: 40/ms}", 17, "rate: '40/ms' is no rate: write 40/s, 600/m, 10k/h or 1M/d",
     ""},
    {"{name: x, span: 5s}", 17, "span: '5s' is no span of time: write 200ms..30s", ""},
    {"{name: x, span: 5s..x}", 17, "span: '5s..x' is no span of time: write 200ms..30s", ""},
    {"{name: x, span: 5s..}", 17, "span: '5s..' is no span of time: write 200ms..30s", ""},
    {"{name: x, span: 5s..1s}", 17, "span: '5s..1s' ends before it begins", ""},
    {"{name: x, secret: abc}", 19,
     "'secret' is a secret: write !secret and a name, never the secret itself", ""},
    {"{name: x, secret: !secret ../a}", 19,
     "secret: '../a' is no name of a secret: letters, digits, '_', '-' and '.' only", ""},
    {"{name: !secret x}", 8, "'name' takes no !secret", ""},
    {"{name: [x]}", 8, "'name' must be text, not a list", ""},
    {"{name: x, coutn: 5}", 11, "unknown key 'coutn'", "did you mean 'count'?"},
    {"{}", 1, "'name' is missing: What it is called.", ""},
    {"", 1, "'name' is missing: What it is called.", ""},
};

static void test_setting_fill_finds_mistakes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        fill(mistakes[i].text);
        CHECK_INT(findings.n, 1);
        CHECK_STR(findings.list[0].text, str_of(mistakes[i].says));
        CHECK_STR(findings.list[0].hint, str_of(mistakes[i].hint));
        CHECK_INT(findings.list[0].at.column, mistakes[i].column);
    }
}

static void test_setting_fill_goes_on_behind_a_mistake(void)
{
    struct state s = fill("{wait: 30, fast: maybe, count: 7}");

    CHECK_INT(findings.errors, 3);
    CHECK_INT(s.count, 7);
    CHECK_INT(s.wait_ms, 200);
    fill("just text");
    CHECK_STR(findings.list[0].text, STR("a map of settings is wanted here"));
}

static const struct {
    enum setting_type type;
    const char *text;
    uint64_t value;
} numbers[] = {
    {SETTING_COUNT, "0", 0},           {SETTING_COUNT, "200k", 200000},
    {SETTING_BYTES, "4MB", 4000000},   {SETTING_BYTES, "512B", 512},
    {SETTING_BYTES, "10KB", 10000},    {SETTING_BYTES, "10kB", 10000},
    {SETTING_BYTES, "1GiB", 1u << 30}, {SETTING_MSEC, "0", 0},
    {SETTING_MSEC, "5m", 300000},      {SETTING_MSEC, "30d", 2592000000},
    {SETTING_MSEC, "200ms", 200},      {SETTING_MSEC, "0s", 0},
};

static void test_setting_parse_knows_units(void)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uint64_t value = 1;
        CHECK(setting_parse(numbers[i].type, str_of(numbers[i].text), &value) == NULL);
        CHECK_INT(value, numbers[i].value);
    }
}

int main(void)
{
    RUN(test_setting_fill_types_and_defaults);
    RUN(test_setting_fill_finds_mistakes);
    RUN(test_setting_fill_goes_on_behind_a_mistake);
    RUN(test_setting_parse_knows_units);
    arena_free(&arena);
    return check_done();
}
