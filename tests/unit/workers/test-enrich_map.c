#include "workers/enrich_map.h"

#include "common/data/yaml.h"
#include "tests/unit/check.h"

struct rig {
    struct arena arena;
    struct findings findings;
    struct enrich_map map;
    struct batch batch;
};

static void rig_open(struct rig *g, const char *set)
{
    struct error err = {0};

    *g = (struct rig){.findings.arena = &g->arena};
    const struct node *config = yaml_load(&g->arena, str_of(set), &err);
    CHECK_STR(str_of(err.text), STR(""));
    enrich_map_load(&g->map, config, &g->arena, &g->findings);
}

static void rig_free(struct rig *g)
{
    arena_free(&g->batch.arena);
    arena_free(&g->arena);
}

#define ANSWER                                                                                 \
    "{\"results\":[{\"lat\":51.50,\"lon\":\"-0.12\",\"n\":\" 7 "                               \
    "\",\"ok\":\"yes\",\"none\":null,"                                                         \
    "\"o\":{\n  \"a\": [1,\r\n2]}}],\"big\":12345678901234567890}"

static void test_values_by_pointer_and_type(void)
{
    const struct {
        const char *set, *want;
    } cases[] = {
        {"{lat: /results/0/lat}", "{\"lat\":51.50}"},
        {"{lat: /results/0/lat, lon: {at: /results/0/lon, as: number}}",
         "{\"lat\":51.50,\"lon\":-0.12}"},
        {"{lon: /results/0/lon}", "{\"lon\":\"-0.12\"}"},
        {"{n: {at: /results/0/n, as: integer}, big: /big}",
         "{\"n\":7,\"big\":12345678901234567890}"},
        {"{t: {at: /big, as: text}}", "{\"t\":\"12345678901234567890\"}"},
        {"{b: {at: /results/0/ok, as: boolean}}", "{\"b\":true}"},
        {"{x: /results/0/none, y: /results/1/lat}", "{\"x\":null}"},
        {"{o: /results/0/o}", "{\"o\":{   \"a\": [1,  2]}}"},
        {"{o: {at: /results/0/o/a/1, as: text}}", "{\"o\":\"2\"}"},
        {"{n: {at: /results/0/lat, as: integer}}",
         "{\"n\":null,\"sp_issues\":[{\"field\":\"n\",\"issue\":\"unparsed\",\"reason\":\"has "
         "a "
         "decimal sign: parse it as number\"}]}"},
        {"{n: {at: /results/0/o, as: number}, b: {at: /results/0/lon, as: boolean}}",
         "{\"n\":null,\"b\":null,\"sp_issues\":[{\"field\":\"n\",\"issue\":\"unparsed\","
         "\"reason\":\"is nothing of its type\"},{\"field\":\"b\",\"issue\":\"unparsed\","
         "\"reason\":\"is none of the words for true or false\"}]}"},
        {"{x: /nowhere}", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g;
        str members;
        rig_open(&g, cases[i].set);
        CHECK_INT(g.findings.errors, 0);
        bool is_there = enrich_map_read(&g.map, STR(ANSWER), &g.arena, &members);
        CHECK_INT(is_there, cases[i].want != NULL);
        if (cases[i].want)
            CHECK_STR(members, str_of(cases[i].want));
        rig_free(&g);
    }
}

static void test_members_replace_their_namesakes(void)
{
    const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"sp_id\":\"a\"}", "{\"sp_id\":\"a\",\"lat\":1,\"sp_issues\":[{\"x\":1}]}"},
        {"{\"lat\":0,\"c\":2}", "{\"c\":2,\"lat\":1,\"sp_issues\":[{\"x\":1}]}"},
        {"{\"l\\u0061t\":0}", "{\"lat\":1,\"sp_issues\":[{\"x\":1}]}"},
        {"{\"sp_issues\":[{\"y\":2}]}", "{\"lat\":1,\"sp_issues\":[{\"y\":2},{\"x\":1}]}"},
        {"{\"sp_issues\":[ ]}", "{\"lat\":1,\"sp_issues\":[{\"x\":1}]}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g;
        struct record r = {.line = str_of(cases[i].line)};
        char out[200];
        rig_open(&g, "{lat: /lat}");
        enrich_map_give(&g.map, &g.batch, &r, STR("{\"lat\":1,\"sp_issues\":[{\"x\":1}]}"));
        CHECK(record_length(&r) <= sizeof(out));
        CHECK_STR(str_between(out, record_write(&r, out)), str_of(cases[i].want));
        rig_free(&g);
    }
}

static void test_mistakes_are_named(void)
{
    const struct {
        const char *set, *want;
    } cases[] = {
        {"{}", "'set' is a map of members"},
        {"[a]", "'set' is a map of members"},
        {"{lat: results}", "'results' is no JSON pointer"},
        {"{lat: /a~2}", "is no JSON pointer"},
        {"{lat: {at: /a, as: float}}", "unknown type 'float'"},
        {"{lat: {as: number}}", "'at' is missing"},
        {"{lat: {at: /a, is: text}}", "unknown key 'is'"},
        {"{lat: [/a]}", "a member is a JSON pointer"},
        {"{sp_id: /a}", "standpipe's own"},
        {"{'a\"b': /a}", "no quotes"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g;
        rig_open(&g, cases[i].set);
        CHECK(g.findings.errors > 0);
        str text = g.findings.list[0].text;
        if (!memmem(text.p, text.n, cases[i].want, strlen(cases[i].want)))
            CHECK_STR(text, str_of(cases[i].want));
        rig_free(&g);
    }
}

int main(void)
{
    RUN(test_values_by_pointer_and_type);
    RUN(test_members_replace_their_namesakes);
    RUN(test_mistakes_are_named);
    return check_done();
}
