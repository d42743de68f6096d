#include "common/data/json.h"
#include "common/data/yaml.h"
#include "tests/unit/check.h"
#include "workers/stages.h"

#define SRC STR("0123456789abcdef")

struct rig { /* the stage, open, and a batch for it */
    struct arena arena;
    struct worker worker;
    struct entry entry;
    struct batch batch;
    struct findings findings;
    struct error err;
};

static void rig_configure(struct rig *g, const char *config)
{
    g->findings.arena = &g->arena;
    g->worker =
        (struct worker){.stage = &stage_normalise, .arena = &g->arena, .host = &host_nobody};
    g->worker.config = yaml_load(&g->arena, str_of(config), &g->err);
    g->worker.state = arena_zalloc(&g->arena, stage_normalise.state_size);
    CHECK_STR(str_of(g->err.text), STR(""));
    setting_fill(stage_normalise.settings, g->worker.config, g->worker.state, &g->findings);
}

static void rig_open(struct rig *g, const char *config)
{
    rig_configure(g, config);
    stage_normalise.check(g->worker.state, g->worker.config, &g->findings);
    for (uint32_t i = 0; i < g->findings.n; i++)
        CHECK_STR(g->findings.list[i].text, STR(""));
    CHECK_INT(stage_normalise.open(&g->worker, &g->err), 0);
    g->entry = (struct entry){.src = SRC, .row = 7};
}

static void rig_free(struct rig *g)
{
    stage_normalise.close(&g->worker);
    arena_free(&g->batch.arena);
    arena_free(&g->arena);
}

static struct record *rig_run(struct rig *g, const char *cols, const char *line)
{
    g->entry.cols = str_of(cols);
    struct record *r = batch_emit(&g->batch, &g->entry, str_of(line), 2);
    CHECK_INT(stage_normalise.process(&g->worker, &g->batch), WORK_DONE);
    g->batch.records = NULL;
    g->batch.record_count = g->batch.record_room = 0;
    return r;
}

/* `want`: the document behind its sp_id, or "!reason part of the detail". */
struct normalise_case {
    const char *config, *cols, *line, *want;
};

static void check_case(const struct normalise_case *c)
{
    struct rig g = {0};
    size_t at;

    rig_open(&g, c->config);
    struct record *r = rig_run(&g, c->cols, c->line);
    str want = str_of(c->want);
    if (want.p[0] == '!') {
        str says = {want.p + 1, want.n - 1}, reason = str_cut(&says, ' ');
        CHECK_INT(r->verdict, VERDICT_DEAD);
        CHECK_STR(r->reason, reason);
        if (!r->detail.n || !memmem(r->detail.p, r->detail.n, says.p, says.n))
            CHECK_STR(r->detail, says);
        CHECK_STR(r->line, str_trim(str_of(c->line)));
    } else {
        CHECK_INT(r->verdict, VERDICT_PASS);
        CHECK_STR(r->line, want);
        CHECK_STR(str_of(json_check(r->line, NULL, &at)), STR(""));
    }
    rig_free(&g);
}

static void check_cases(const struct normalise_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_case(&cases[i]);
}

#define ID "{\"sp_id\":\"0123456789abcdef-9-44\""

static void test_normalise_takes_declared_fields_in_their_order(void)
{
    static const struct normalise_case cases[] = {
        {"fields: {b: {}, a: {}}", "[\"a\",\"b\"]", "[44,\"x\",\"y\"]",
         ID ",\"b\":\"y\",\"a\":\"x\"}"},
        {"fields: {}", "[\"a\"]", "[44,\"x\"]", ID ",\"sp_extra\":{\"a\":\"x\"}}"},
        {"{}", "[\"a\"]", "[44,\"\"]", ID ",\"sp_extra\":{\"a\":\"\"}}"},
        {"fields: {n: integer}", "[\"n\"]", "[44,\"1,234\"]", ID ",\"n\":1234}"},
        {"fields: {missing: }", "[\"a\"]", "[44,\"x\"]",
         ID ",\"missing\":null,\"sp_extra\":{\"a\":\"x\"}}"},
        /* names are folded */
        {"fields: {prod_year: integer}", "[\"\\ufeff Prod. Year \"]", "[44,\"2010\"]",
         ID ",\"prod_year\":2010}"},
        {"fields: {y: {from: PROD YEAR}}", "[\"prod.year\"]", "[44,\"2010\"]",
         ID ",\"y\":\"2010\"}"},
        /* by pattern */
        {"fields: {y: {from: '/^prod.*year$/'}}", "[\"id\",\"Production year\"]",
         "[44,\"1\",\"2010\"]", ID ",\"y\":\"2010\",\"sp_extra\":{\"id\":\"1\"}}"},
        /* a row made by hand */
        {"fields: {a: integer, b: text}", "[\"a\", \"b\",\"c\",\"d\"]",
         " [ 44 , 12,\"x\", null,{\"e\": 1} ]\t",
         ID ",\"a\":12,\"b\":\"x\",\"sp_extra\":{\"c\":null,\"d\":{\"e\": 1}}}"},
        /* a name that needs escapes */
        {"fields: {'a\"b': {}}", "[\"a\\\"b\",\"c\\\"d\"]", "[44,\"x\",\"y\"]",
         ID ",\"a\\\"b\":\"x\",\"sp_extra\":{\"c\\\"d\":\"y\"}}"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_normalise_takes_the_first_header_that_holds_something(void)
{
    static const char config[] = "fields: {price: {from: [price, asking], parse: integer}}";
    static const struct normalise_case cases[] = {
        {config, "[\"asking\",\"price\"]", "[44,\"2\",\"1\"]",
         ID ",\"price\":1,\"sp_extra\":{\"asking\":\"2\"}}"},
        {config, "[\"asking\",\"price\"]", "[44,\"2\",\"\"]", ID ",\"price\":2}"},
        {config, "[\"asking\",\"price\"]", "[44,\" 2\",\" \\t\"]",
         ID ",\"price\":2,\"sp_extra\":{\"price\":\" \\t\"}}"},
        {config, "[\"asking\",\"price\"]", "[44,\"\",\"\"]", ID ",\"price\":null}"},
        {config, "[\"asking\"]", "[44,\"2\"]", ID ",\"price\":2}"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_normalise_follows_its_order(void)
{
    static const struct normalise_case cases[] = {
        /* trim */
        {"fields: {a: {}}", "[\"a\"]", "[44,\"  x y \"]", ID ",\"a\":\"x y\"}"},
        {"fields: {a: {}}", "[\"a\"]", "[44,\"\\n x\\ty\\\\\"]", ID ",\"a\":\"x\\ty\\\\\"}"},
        {"fields: {a: {}}", "[\"a\"]", "[44,\"caf\xc3\xa9 \\u00e9\"]",
         ID ",\"a\":\"caf\xc3\xa9 \\u00e9\"}"},
        /* match: a cell of which a part was taken stays */
        {"fields: {beds: {from: title, match: '/([0-9]+) bed/', parse: integer}}",
         "[\"title\"]", "[44,\"3 bed house\"]",
         ID ",\"beds\":3,\"sp_extra\":{\"title\":\"3 bed house\"}}"},
        {"fields: {beds: {from: title, match: '/([0-9]+) bed/', parse: integer}}",
         "[\"title\"]", "[44,\"Studio\"]",
         ID ",\"beds\":null,\"sp_extra\":{\"title\":\"Studio\"}}"},
        {"fields: {a: {match: '/^(.*)$/'}}", "[\"a\"]", "[44,\"x\"]", ID ",\"a\":\"x\"}"},
        {"fields: {km: {from: Mileage, match: '/^([0-9]+) km$/', parse: integer}, raw: {from: "
         "Mileage}}",
         "[\"Mileage\"]", "[44,\"186005 km\"]", ID ",\"km\":186005,\"raw\":\"186005 km\"}"},
        /* parse */
        {"fields: {a: {parse: number, decimal: ','}}", "[\"a\"]", "[44,\"1.330,50\"]",
         ID ",\"a\":1330.50}"},
        {"fields: {a: {parse: integer, group: ' '}}", "[\"a\"]", "[44,\"242\\u00a0600\"]",
         ID ",\"a\":242600}"},
        {"fields: {a: {parse: integer, group: none}}", "[\"a\"]", "[44,\"1,234\"]",
         ID ",\"a\":null,\"sp_extra\":{\"a\":\"1,234\"},"
            "\"sp_issues\":[{\"field\":\"a\",\"issue\":\"unparsed\",\"reason\":\"is no "
            "integer\"}]}"},
        {"fields: {a: {parse: date, formats: ['%d/%m/%Y']}}", "[\"a\"]", "[44,\"24/05/2021\"]",
         ID ",\"a\":\"2021-05-24\"}"},
        {"fields: {a: {parse: boolean, truthy: acept, falsy: [Not Acept, never]}}", "[\"a\"]",
         "[44,\"not acept\"]", ID ",\"a\":false}"},
        /* default, when there is nothing; not when it cannot be read */
        {"fields: {a: {parse: integer, default: '0'}}", "[\"a\"]", "[44,\"\"]", ID ",\"a\":0}"},
        {"fields: {a: {default: ''}}", "[\"a\"]", "[44,\" \"]",
         ID ",\"a\":\"\",\"sp_extra\":{\"a\":\" \"}}"},
        {"fields: {a: {parse: integer, default: 0}}", "[\"a\"]", "[44,\"POA\"]",
         ID ",\"a\":null,\"sp_extra\":{\"a\":\"POA\"},"
            "\"sp_issues\":[{\"field\":\"a\",\"issue\":\"unparsed\",\"reason\":\"is no "
            "integer\"}]}"},
        {"fields: {a: {required: true, default: none}}", "[\"b\"]", "[44,\"\"]",
         ID ",\"a\":\"none\",\"sp_extra\":{\"b\":\"\"}}"},
        /* required */
        {"fields: {a: {required: true}}", "[\"a\"]", "[44,\"\"]", "!required field \"a\""},
        {"fields: {a: {required: true}}", "[\"b\"]", "[44,\"\"]", "!required field \"a\""},
        {"fields: {a: {required: true, parse: integer}}", "[\"a\"]", "[44,\" POA \"]",
         "!cannot_parse field \"a\": 'POA' is no integer"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_normalise_marks_ragged_rows(void)
{
    static const struct normalise_case cases[] = {
        {"fields: {b: {}}", "[\"a\",\"b\"]", "[44,\"x\"]",
         ID ",\"b\":null,\"sp_extra\":{\"a\":\"x\"},\"sp_ragged\":\"short\"}"},
        {"fields: {a: {}}", "[\"a\",\"b\"]", "[44,\"x\"]",
         ID ",\"a\":\"x\",\"sp_ragged\":\"short\"}"},
        {"fields: {a: {}}", "[\"a\"]", "[44,\"x\",\"y\",\"\"]",
         ID ",\"a\":\"x\",\"sp_extra\":{\"column_2\":\"y\",\"column_3\":\"\"},"
            "\"sp_ragged\":\"long\"}"},
        {"fields: {a: {}}", "[\"a\",\"column_3\",\"column_3_2\"]", "[44,\"x\",\"\",\"\",\"y\"]",
         ID
         ",\"a\":\"x\",\"sp_extra\":{\"column_3\":\"\",\"column_3_2\":\"\",\"column_4\":\"y\"},"
         "\"sp_ragged\":\"long\"}"},
        {"fields: {a: {}}", "[\"a\",\"column_3\"]", "[44,\"x\",\"y\",\"z\"]",
         ID ",\"a\":\"x\",\"sp_extra\":{\"column_3\":\"y\",\"column_3_2\":\"z\"},"
            "\"sp_ragged\":\"long\"}"},
        {"{fields: {a: {}}, ragged: dead}", "[\"a\"]", "[44]", "!ragged fewer cells"},
        {"{fields: {a: {}}, ragged: dead}", "[\"a\"]", "[44,\"\",\"\"]", "!ragged more cells"},
        {"{fields: {a: {}}, ragged: dead}", "[\"a\"]", "[44,\"x\"]", ID ",\"a\":\"x\"}"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

#define DOC "{\"sp_id\":\"0123456789abcdef-9-0\""

static void test_normalise_takes_documents(void)
{
    static const struct normalise_case cases[] = {
        {"fields: {a: {}}", "", " {\"A\" : \"x\", \"b\": [1, 2]} \r",
         DOC ",\"a\":\"x\",\"sp_extra\":{\"b\":[1, 2]}}"},
        {"fields: {a: {}, b: {}, c: {}, d: {}}", "",
         "{\"a\":12345678901234567890.10,\"b\":null,\"c\":false,\"d\":{\"e\":1}}",
         DOC ",\"a\":12345678901234567890.10,\"b\":null,\"c\":false,\"d\":{\"e\":1}}"},
        {"fields: {a: integer, b: text, c: boolean, d: text}", "",
         "{\"a\":\"007\",\"b\":1.50,\"c\":true,\"d\":{\"e\":1}}",
         DOC ",\"a\":7,\"b\":\"1.50\",\"c\":true,\"d\":null,\"sp_extra\":{\"d\":{\"e\":1}},"
             "\"sp_issues\":[{\"field\":\"d\",\"issue\":\"unparsed\",\"reason\":\"is an object "
             "or an array\"}]}"},
        {"fields: {a: {}}", "", "{}", DOC ",\"a\":null}"},
        /* what standpipe added is kept, and what was left before stays with it */
        {"fields: {a: integer}", "",
         "{\"sp_id\":\"s-1-2\",\"a\":\"x\",\"sp_extra\":{\"b\":1},"
         "\"sp_issues\":[{\"field\":\"b\",\"reason\":\"r\"}],\"sp_ragged\":\"long\"}",
         "{\"sp_id\":\"s-1-2\",\"a\":null,\"sp_ragged\":\"long\","
         "\"sp_extra\":{\"a\":\"x\",\"b\":1},\"sp_issues\":[{\"field\":\"b\",\"reason\":\"r\"},"
         "{\"field\":\"a\",\"issue\":\"unparsed\",\"reason\":\"is no integer\"}]}"},
        /* a foreign member that looks like ours is moved */
        {"{}", "", "{\"sp_other\":1}", DOC ",\"sp_extra\":{\"sp_other\":1}}"},
        {"{}", "", "{\"sp_extra\":{}}", DOC "}"},
        {"{}", "", "{\"sp_extra\":7,\"sp_issues\":\"x\",\"sp_id\":5}",
         DOC ",\"sp_extra\":{\"sp_extra\":7,\"sp_issues\":\"x\",\"sp_id\":5}}"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_normalise_refuses_what_it_cannot_read(void)
{
    static const struct normalise_case cases[] = {
        {"{}", "", "{\"a\":", "!bad_json at byte"},
        {"{}", "[\"a\"]", "[44,\"x]", "!bad_json at byte"},
        {"{}", "[\"a\",\"b\"]", "[44,\"x\"\"y\"]", "!bad_json at byte"},
        {"{}", "[\"a\",\"b\"]", "[44,\"x\",\"y\"", "!bad_json at byte"},
        {"{}", "[\"a\"]", "[44,\"x\",\"y\"],", "!bad_json at byte"},
        {"{}", "[\"a\"]", "[44,\"\x01\"]", "!bad_json at byte"},
        {"{}", "[\"a\"]", "[44,\"\xff\"]", "!bad_json at byte"},
        {"{}", "[\"a\"]", "[]", "!bad_row offset"},
        {"{}", "", " ", "!bad_json at byte"},
        {"{}", "", "42", "!bad_json neither"},
        {"{}", "", "[44,\"x\"]", "!bad_row 'cols'"},
        {"{}", "[1]", "[44,\"x\"]", "!bad_row no JSON string"},
        {"{}", "[\"a\"", "[44,\"x\"]", "!bad_row no JSON array"},
        {"{}", "[\"a\"]", "[\"x\"]", "!bad_row offset"},
        {"{}", "[\"a\"]", "[-1,\"x\"]", "!bad_row offset"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_normalise_cuts_long_values_in_details(void)
{
    struct rig g = {0};
    char line[256] = "[44,\"", *end = line + strlen(line);

    rig_open(&g, "fields: {a: {parse: integer, required: true}}");
    for (int i = 0; i < 100; i++)
        end = mempcpy(end, "\xc3\xa9", 2);
    memcpy(end, "\"]", 3);
    struct record *r = rig_run(&g, "[\"a\"]", line);
    CHECK_STR(r->reason, STR("cannot_parse"));
    CHECK_INT(r->detail.n, strlen("field \"a\": '' is no integer") + 80);
    rig_free(&g);
}

static void test_normalise_keeps_plans_apart(void)
{
    struct rig g = {0};
    char cols[64], line[64], want[128];

    rig_open(&g, "fields: {k: {from: k3}}");
    for (int round = 0; round < 40; round++) {
        int i = round * 7 % 12; /* more columns than plans are kept */
        snprintf(cols, sizeof(cols), "[\"k%d\"]", i);
        snprintf(line, sizeof(line), "[44,\"%d\"]", i);
        snprintf(want, sizeof(want), ID ",\"k\":null,\"sp_extra\":{\"k%d\":\"%d\"}}", i, i);
        struct record *r = rig_run(&g, cols, line);
        CHECK_STR(r->line, i == 3 ? STR(ID ",\"k\":\"3\"}") : str_of(want));
    }
    rig_free(&g);
}

static void test_normalise_check_names_every_mistake(void)
{
    static const struct {
        const char *config, *says;
    } cases[] = {
        {"fields: {a: {parse: integr}}", "integr"},
        {"fields: {a: interger}", "interger"},
        {"fields: {a: {form: b}}", "form"},
        {"fields: {a: {match: '/\\d+/'}}", "needs a group"},
        {"fields: {a: {match: '/(?=x)(y)/'}}", "looking ahead"},
        {"fields: {a: {match: '/(x/'}}", "is no pattern"},
        {"fields: {a: {match: '/x/'}}", "needs a group"},
        {"fields: {a: {match: x}}", "between slashes"},
        {"fields: {a: {from: {b: c}}}", "{pointer: /member/0/member}"},
        {"fields: {a: {from: '@rwo'}}", "@rwo"},
        {"fields: {a: {value: x, from: b}}", "one is enough"},
        {"fields: {a: {template: 'x{b'}}", "a { without its }"},
        {"fields: {a: {use: gbp}}", "gbp"},
        {"fields: {a: {map: {x: [y]}}}", "a text is wanted"},
        {"fields: {a: {unmapped: drop}}", "drop"},
        {"fields: {a: {take: most}}", "most"},
        {"fields: {a: {between: {}}}", "one of them at least"},
        {"fields: {a: {pad: {width: 5}}}", "{width: 5, with: '0'}"},
        {"fields: {a: {clean: tags}}", "tags"},
        {"fields: {a: {zone: Leeds}}", "is no zone"},
        {"fields: {a: {scraped: 2021-5-26}}", "is no day"},
        {"fields: {a: {parse: date, languages: [en, jp]}}", "is none of en"},
        {"fields: {a: {parse: enum}}", "needs `symbols`"},
        {"fields: {a: {parse: list, item: list}}", "made of"},
        {"fields: {a: {parse: phone, country: UK}}", "is no country"},
        {"fields: {a: {digits: 13}}", "from 0 to 12"},
        {"{defaults: {decimal: ',,'}, fields: {a: {}, b: {}}}", "one sign"},
        {"sources: [{fields: {a: {}}}]", "needs files"},
        {"sources: [{files: x, field: {}}]", "field"},
        {"fields: {a: {from: ['']}}", "is no header"},
        {"fields: {a: {parse: date, formats: '%Q'}}", "%Y"},
        {"fields: {a: {decimal: ',,'}}", "one sign"},
        {"fields: {a.b: {}, a: {}}", "'a.b' lies inside of it"},
        {"fields: {a: {pad: {width: 5, with: '\"'}}}", "printable"},
        {"fields: {a: {pad: {width: 5, with: '\\'}}}", "printable"},
        {"fields: {a: {decimal: ',', group: ','}}", "not the decimal"},
        {"fields: {a: {parse: integer, default: many}}", "is no integer"},
        {"fields: {a: {required: maybe}}", "neither true nor false"},
        {"fields: {sp_a: {}}", "sp_"},
        {"fields: [a]", "must be a map"},
        {"ragged: kill", "kill"},
        {"fields: {a: {parse: money, multiplier: '0'}}", "is no number above zero"},
        {"fields: {a: {parse: money, multiplier: 1e5}}", "is no number above zero"},
        {"fields: {a: {parse: money, multiplier: dozen}}", "is no number above zero"},
        {"fields: {a: {parse: area, unit: km}}", "is no unit of that"},
        {"fields: {a: {parse: area, units: {plot: {m2: 0}}}}", "so many of a known one"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g = {0};
        rig_configure(&g, cases[i].config);
        stage_normalise.check(g.worker.state, g.worker.config, &g.findings);
        CHECK_INT(g.findings.errors, 1);
        str text = g.findings.n ? g.findings.list[0].text : STR_NONE;
        if (!text.n || !memmem(text.p, text.n, cases[i].says, strlen(cases[i].says)))
            CHECK_STR(text, str_of(cases[i].says));
        CHECK(!g.findings.n || g.findings.list[0].at.line == 1);
        arena_free(&g.arena);
    }
}

static void test_normalise_open_refuses_what_check_refuses(void)
{
    struct rig g = {0};

    rig_configure(&g, "fields: {a: {match: '/(x/'}, b: {from: '/x/', match: '/(x)/'}}");
    CHECK_INT(stage_normalise.open(&g.worker, &g.err), ERR_CONFIG);
    CHECK(g.err.at.line == 1 && g.err.text[0]);
    arena_free(&g.arena);
}

int main(void)
{
    RUN(test_normalise_takes_declared_fields_in_their_order);
    RUN(test_normalise_takes_the_first_header_that_holds_something);
    RUN(test_normalise_follows_its_order);
    RUN(test_normalise_marks_ragged_rows);
    RUN(test_normalise_takes_documents);
    RUN(test_normalise_refuses_what_it_cannot_read);
    RUN(test_normalise_cuts_long_values_in_details);
    RUN(test_normalise_keeps_plans_apart);
    RUN(test_normalise_check_names_every_mistake);
    RUN(test_normalise_open_refuses_what_check_refuses);
    return check_done();
}
