/* What rules say of a record, through the whole stage: one source's over another's, the steps
 * from a cell to a value, and what a schema wants. */
#include "tests/unit/workers/rules.h"

static void test_rules_of_a_source_go_over_the_common_ones(void)
{
    static const char config[] =
        "defaults: {decimal: '.', nothing: ['-']}\n"
        "rules: {euro: {parse: number, decimal: ',', group: '.'}}\n"
        "fields: {price: {from: Price, parse: number}, where: {value: nowhere}}\n"
        "sources:\n"
        "  - {name: immo, files: ['*immo*.csv'], defaults: {nothing: [n/a]},\n"
        "     fields: {price: {use: euro, from: rent}, floor: integer}}\n"
        "  - {name: zoopla, files: ['file:///in/z/*'], fields: {where: {value: GB}}}\n";
    static const struct rules_case cases[] = {
        {config, "[\"Price\"]", "[44,\"1.5\"]", ",\"price\":1.5,\"where\":\"nowhere\"}"},
        {config, "[\"Price\"]", "[44,\"-\"]",
         ",\"price\":null,\"where\":\"nowhere\",\"sp_extra\":{\"Price\":\"-\"}}"},
    };
    static const struct rules_case immo[] = {
        {config, "[\"rent\",\"floor\"]", "[44,\"1.330,5\",\"7\"]",
         ",\"price\":1330.5,\"where\":\"nowhere\",\"floor\":7}"},
        {config, "[\"rent\",\"floor\"]", "[44,\"N/A\",\"-\"]",
         ",\"price\":null,\"where\":\"nowhere\",\"floor\":null,"
         "\"sp_extra\":{\"rent\":\"N/A\",\"floor\":\"-\"}}"},
    };
    static const struct rules_case zoopla[] = {
        {config, "[\"Price\"]", "[44,\"2\"]", ",\"price\":2,\"where\":\"GB\"}"},
        /* one way to come by a value takes the place of another */
        {"fields: {where: {from: a, map: {x: y}}}\n"
         "sources: [{files: ['*/z/*'], fields: {where: {value: x}}}]\n",
         "[\"a\"]", "[44,\"2\"]", ",\"where\":\"y\",\"sp_extra\":{\"a\":\"2\"}}"},
        {"fields: {where: {value: x, map: {x: y}}}\n"
         "sources: [{files: ['*/z/*'], fields: {where: {template: '{a}'}}}]\n",
         "[\"a\"]", "[44,\"x\"]", ",\"where\":\"y\"}"},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
    uri = STR("file:///in/x/immo_2018.csv");
    check_cases(immo, ARRAY_LEN(immo));
    uri = STR("file:///in/z/immo.txt");
    check_cases(zoopla, ARRAY_LEN(zoopla));
    uri = STR("file:///in/other.csv");
    check_cases(cases, 1);
}

static void test_rules_take_a_text_step_by_step(void)
{
    static const struct rules_case cases[] = {
        /* records that were read from no file */
        {"fields: {f: {from: '@file'}, u: {from: '@uri'}}", "[]", "[44]",
         ",\"f\":null,\"u\":null}"},
        /* map, whole words folded or patterns, in their order */
        {"fields: {a: {map: {'Benzyna': petrol, '/hyb/': hybrid}}}", "[\"a\"]",
         "[44,\"benzyna\"]", ",\"a\":\"petrol\"}"},
        {"fields: {a: {map: {'Benzyna': petrol, '/[Hh]yb/': hybrid}}}", "[\"a\"]",
         "[44,\"Hybryda\"]", ",\"a\":\"hybrid\",\"sp_extra\":{\"a\":\"Hybryda\"}}"},
        {"fields: {a: {map: {x: y}}}", "[\"a\"]", "[44,\"z\"]", ",\"a\":\"z\"}"},
        {"fields: {a: {map: {x: y}, unmapped: 'null'}}", "[\"a\"]", "[44,\"z\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"z\"}}"},
        {"fields: {a: {map: {x: y}, unmapped: issue}}", "[\"a\"]", "[44,\"z\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"z\"},\"sp_issues\":[{\"field\":\"a\",\"issue\":"
         "\"unmapped\",\"reason\":\"is not in the map\"}]}"},
        /* match: the first pattern that is found, behind the map */
        {"fields: {a: {match: ['/(\\d+) bd/', '/^(\\d+)/'], parse: integer}}", "[\"a\"]",
         "[44,\"$5+ 3 bd\"]", ",\"a\":3,\"sp_extra\":{\"a\":\"$5+ 3 bd\"}}"},
        {"fields: {a: {map: {'/Studio/': 0 bd}, match: '/(\\d+) bd/', parse: integer}}",
         "[\"a\"]", "[44,\"$5+ Studio\"]", ",\"a\":0,\"sp_extra\":{\"a\":\"$5+ Studio\"}}"},
        /* nothing */
        {"fields: {a: {nothing: ['/^\xe2\x80\x94/'], parse: integer}}", "[\"a\"]",
         "[44,\"\xe2\x80\x94 sq ft\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"\xe2\x80\x94 sq ft\"}}"},
        /* what was taken off with tags is said by no field */
        {"fields: {a: {clean: html}}", "[\"a\"]", "[44,\"x<br>y\"]",
         ",\"a\":\"x y\",\"sp_extra\":{\"a\":\"x<br>y\"}}"},
        {"fields: {a: {clean: [html, blanks]}}", "[\"a\"]", "[44,\"x y\"]", ",\"a\":\"x y\"}"},
        /* a cell that was read has all parts that there are */
        {"fields: {a: {parse: money, take: max, from: [a, b]}}", "[\"a\",\"b\"]",
         "[44,\"5 EUR\",\"6 - 7\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"5 EUR\",\"b\":\"6 - 7\"}}"},
        /* read, and odd: there is no value, and that is told */
        {"fields: {a: {parse: date, from: [a, b], default: '2020-01-01'}}", "[\"a\",\"b\"]",
         "[44,\"today\",\"2021-05-26\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"today\",\"b\":\"2021-05-26\"},\"sp_issues\":["
         "{\"field\":\"a\",\"issue\":\"relative_date\",\"reason\":\"counts from a day that is "
         "not declared: declare `scraped`\"}]}"},
        {"fields: {a: {parse: date, scraped: Last Scraped}}", "[\"a\",\"last_scraped\"]",
         "[44,\"2 weeks ago\",\"2015-10-03 10:00:00\"]",
         ",\"a\":\"2015-09-19\",\"sp_extra\":{\"a\":\"2 weeks "
         "ago\",\"last_scraped\":\"2015-10-03 10:00:00\"}}"},
        {"fields: {a: {parse: date, scraped: last_scraped}, b: {parse: date, take: age, from: "
         "a}}",
         "[\"last_scraped\",\"a\"]", "[44,\"yesterday\",\"2 weeks ago\"]",
         ",\"a\":null,\"b\":\"P2W\",\"sp_extra\":{\"last_scraped\":\"yesterday\",\"a\":\"2 "
         "weeks ago\"},\"sp_issues\":[{\"field\":\"a\",\"issue\":\"relative_date\","
         "\"reason\":\"counts from a day that is not declared: declare `scraped`\"}]}"},
        {"fields: {a: {parse: timestamp, scraped: s}}", "[\"a\",\"s\"]",
         "[44,\"3 hours ago\",\"2015-10-03T10:00:00+02:00\"]",
         ",\"a\":\"2015-10-03T05:00:00Z\",\"sp_extra\":{\"a\":\"3 hours "
         "ago\",\"s\":\"2015-10-03T10:00:00+02:00\"}}"},
        {"fields: {a: {parse: date, unreadable: 'null'}}", "[\"a\"]", "[44,\"today\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"today\"}}"},
        /* the default of a part that is a word */
        {"fields: {a: {parse: money, take: period, default: month}}", "[\"a\"]",
         "[44,\"7 EUR\"]", ",\"a\":\"month\",\"sp_extra\":{\"a\":\"7 EUR\"}}"},
        {"fields: {a: {nothing: '0', parse: integer, default: 7}}", "[\"a\"]", "[44,\"0\"]",
         ",\"a\":7,\"sp_extra\":{\"a\":\"0\"}}"},
        /* case, pad, between */
        {"fields: {a: {case: upper, pad: {width: 5, with: '0'}}}", "[\"a\"]", "[44,\"7ab\"]",
         ",\"a\":\"007AB\"}"},
        {"fields: {a: {parse: integer, between: {least: 0, most: 9}}}", "[\"a\"]",
         "[44,\"10\"]",
         ",\"a\":10,\"sp_issues\":[{\"field\":\"a\",\"issue\":\"implausible\",\"reason\":"
         "\"is outside of what is plausible\"}]}"},
        {"fields: {a: {parse: integer, unreadable: 'null'}}", "[\"a\"]", "[44,\"x\"]",
         ",\"a\":null,\"sp_extra\":{\"a\":\"x\"}}"},
        {"fields: {a: {parse: integer, unreadable: dead}}", "[\"a\"]", "[44,\"x\"]",
         "!cannot_parse"},
        /* two neighbours that cannot be read */
        {"fields: {a: integer, b: integer}", "[\"a\",\"b\"]", "[44,\"x\",\"y\"]",
         ",\"a\":null,\"b\":null,\"sp_extra\":{\"a\":\"x\",\"b\":\"y\"},\"sp_issues\":["
         "{\"field\":\"a\",\"issue\":\"unparsed\",\"reason\":\"is no integer\"},"
         "{\"field\":\"b\",\"issue\":\"unparsed\",\"reason\":\"is no integer\"},"
         "{\"field\":null,\"issue\":\"shifted\",\"reason\":\"two columns side by side cannot "
         "be "
         "read: cells may have moved\"}]}"},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
}

#define PRICE                                                                                  \
    "rules: {price: {parse: money, from: [p, q], nothing: '-'}}\n"                             \
    "fields: {a: {use: price}, b: {use: price, take: max}, c: {use: price, take: currency}"

static void test_rules_share_the_reading_of_a_cell(void)
{
    static const struct rules_case cases[] = {
        {PRICE "}", "[\"p\"]", "[44,\"5 - 6 EUR\"]",
         ",\"a\":5,\"b\":6,\"c\":\"EUR\",\"sp_extra\":{\"p\":\"5 - 6 EUR\"}}"},
        {PRICE "}", "[\"p\",\"q\"]", "[44,\"-\",\"7 EUR\"]",
         ",\"a\":7,\"b\":null,\"c\":\"EUR\",\"sp_extra\":{\"p\":\"-\",\"q\":\"7 EUR\"}}"},
        /* what cannot be read is one issue, of the first of them */
        {PRICE "}", "[\"p\"]", "[44,\"12.990 EUR\"]",
         ",\"a\":null,\"b\":null,\"c\":null,\"sp_extra\":{\"p\":\"12.990 EUR\"},\"sp_issues\":["
         "{\"field\":\"a\",\"issue\":\"ambiguous\",\"reason\":\"has three digits behind a "
         "point, decimals or a group: declare `decimal`\"}]}"},
        /* what is wrong with a part is an issue of that part */
        {PRICE "}", "[\"p\"]", "[44,\"$5 - $6\"]",
         ",\"a\":5,\"b\":6,\"c\":null,\"sp_extra\":{\"p\":\"$5 - $6\"},\"sp_issues\":["
         "{\"field\":\"c\",\"issue\":\"ambiguous\",\"reason\":\"has a sign of several "
         "currencies: declare it\"}]}"},
        /* another way of reading has its own */
        {PRICE ", d: {use: price, decimal: ','}, e: {use: price, take: note, unreadable: "
               "'null'}, f: {use: price, take: note, between: {most: 3}}}",
         "[\"p\"]", "[44,\"12.990 EUR\"]",
         ",\"a\":null,\"b\":null,\"c\":null,\"d\":12990,\"e\":null,\"f\":null,"
         "\"sp_extra\":{\"p\":\"12.990 EUR\"},\"sp_issues\":["
         "{\"field\":\"a\",\"issue\":\"ambiguous\",\"reason\":\"has three digits behind a "
         "point, decimals or a group: declare `decimal`\"}]}"},
        {"fields: {a: {from: p, map: {x: y}, unmapped: issue}, b: {from: p, map: {x: y}, "
         "unmapped: issue, case: upper}}",
         "[\"p\"]", "[44,\"z\"]",
         ",\"a\":null,\"b\":null,\"sp_extra\":{\"p\":\"z\"},\"sp_issues\":[{\"field\":\"a\","
         "\"issue\":\"unmapped\",\"reason\":\"is not in the map\"}]}"},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
}

static void test_rules_remember_what_patterns_said(void)
{
    static const char config[] =
        "fields: {a: {map: {'/^x/': one}}, b: {from: a, match: '/^x+(\\d*)/'}}";
    static const char *const lines[] = {"[44,\"x7\"]", "[44,\"xx8\"]", "[44,\"x7\"]",
                                        "[44,\"y\"]", "[44,\"x\"]"};
    static const char *const wants[] = {
        ",\"a\":\"one\",\"b\":\"7\",\"sp_extra\":{\"a\":\"x7\"}}",
        ",\"a\":\"one\",\"b\":\"8\",\"sp_extra\":{\"a\":\"xx8\"}}",
        ",\"a\":\"one\",\"b\":\"7\",\"sp_extra\":{\"a\":\"x7\"}}", ",\"a\":\"y\",\"b\":null}",
        ",\"a\":\"one\",\"b\":null,\"sp_extra\":{\"a\":\"x\"}}"};
    struct rules_rig g = {0};

    rig_open(&g, config, "[\"a\"]");
    for (size_t i = 0; i < 2 * ARRAY_LEN(lines); i++)
        rig_check(&g, lines[i % ARRAY_LEN(lines)], wants[i % ARRAY_LEN(wants)]);
    rig_free(&g);
}

static void test_rules_take_more_than_cells(void)
{
    static const struct rules_case cases[] = {
        {"fields: {a: {template: '{y}-{m}'}, b: {template: '{x}-{z}'}}", "[\"y\",\"m\"]",
         "[44,\"2004\",\"3\"]", ",\"a\":\"2004-3\",\"b\":null}"},
        /* a header that says what its cells do not */
        {"fields: {a: {from: [m2, '{sqft} sq ft'], parse: area, unit: m2, nothing: '-'}}",
         "[\"sqft\",\"m2\"]", "[44,\"1056\",\"\"]", ",\"a\":98.11}"},
        {"fields: {a: {from: [m2, '{sqft} sq ft'], parse: area, unit: m2, nothing: '-'}}",
         "[\"sqft\",\"m2\"]", "[44,\"5.31Acres\",\"-\"]",
         ",\"a\":21488.81,\"sp_extra\":{\"m2\":\"-\"}}"},
        {"fields: {a: {from: '{sqft} sq ft', parse: area, nothing: '-'}}", "[\"sqft\"]",
         "[44,\"-\"]", ",\"a\":null,\"sp_extra\":{\"sqft\":\"-\"}}"},
        /* a column whose text has escapes, twice as long as its cell */
        {"fields: {a: {template: '{x}{x}{x}'}}", "[\"x\"]", "[44,\"a\\\"b\"]",
         ",\"a\":\"a\\\"ba\\\"ba\\\"b\"}"},
        {"fields: {n: {from: '@row'}, o: {from: '@offset', parse: integer}, f: {from: '@file'},"
         " t: {from: '@accepted'}, u: {from: '@uri'}}",
         "[]", "[44]",
         ",\"n\":9,\"o\":44,\"f\":\"b.csv\",\"t\":1700000000000,\"u\":\"file:///in/b.csv\"}"},
        {"fields: {a: integer, raw: {from: '@raw'}, more: {from: '@extra'}, wrong: {from: "
         "'@issues'}}",
         "[\"a\",\"b\"]", "[44,\"x\",\"y\",\"z\"]",
         ",\"a\":null,\"raw\":{\"a\":\"x\",\"b\":\"y\",\"column_3\":\"z\"},"
         "\"more\":{\"b\":\"y\",\"column_3\":\"z\"},\"wrong\":[\"a:unparsed\",\"record:"
         "ragged\"]"
         ",\"sp_ragged\":\"long\"}"},
        /* a document that was normalised before keeps what was left of it then */
        {"fields: {more: {from: '@extra'}, wrong: {from: '@issues'}}", "",
         "{\"sp_id\":\"0123456789abcdef-9-44\",\"sp_extra\":{\"c\":\"d\",\"n\":1},\"sp_"
         "issues\":"
         "[{\"field\":\"y\",\"issue\":\"unparsed\",\"reason\":\"\"},{\"field\":null,\"issue\":"
         "\"shifted\"},7]}",
         ",\"more\":{\"c\":\"d\",\"n\":\"1\"},\"wrong\":[\"y:unparsed\",\"record:shifted\","
         "\"7\"]}"},
        {"fields: {more: {from: '@extra'}}", "",
         "{\"sp_id\":\"0123456789abcdef-9-44\",\"sp_extra\":\"mine\",\"sp_issues\":{}}",
         ",\"more\":{\"sp_extra\":\"mine\",\"sp_issues\":\"{}\"}}"},
        {"fields: {'at.city': {from: city}, n: {}, 'at.geo.lat': {from: lat, parse: number}}",
         "[\"city\",\"n\",\"lat\"]", "[44,\"Leeds\",\"1\",\"53.8\"]",
         ",\"at\":{\"city\":\"Leeds\",\"geo\":{\"lat\":53.8}},\"n\":\"1\"}"},
    };

    uri = STR("file:///in/b.csv");
    check_cases(cases, ARRAY_LEN(cases));
}

#define SCHEMA(fields)                                                                         \
    "schema: '{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}'\n"
#define F(name, type) "{\"name\":\"" name "\",\"type\":" type "}"

static void test_rules_keep_to_the_schema(void)
{
    static const struct rules_case cases[] = {
        /* its order; a column of that name and its type where no rule speaks */
        {SCHEMA(F("b", "[\"null\",\"int\"]") "," F(
             "a", "[\"null\",\"string\"]")) "fields: {a: {from: x}}",
         "[\"x\",\"b\"]", "[44,\"y\",\"7\"]", ",\"b\":7,\"a\":\"y\"}"},
        {SCHEMA(F("b", "[\"null\",\"int\"]")), "[\"b\"]", "[44,\"3000000000\"]",
         ",\"b\":null,\"sp_extra\":{\"b\":\"3000000000\"},\"sp_issues\":[{\"field\":\"b\","
         "\"issue\":\"out_of_range\",\"reason\":\"is beyond 32 bits\"}]}"},
        {SCHEMA(F("b", "\"int\"")), "[\"b\"]", "[44,\"\"]", "!required"},
        {SCHEMA(F("b", "\"int\"")) "fields: {b: {from: '@row'}}", "[]", "[44]", ",\"b\":9}"},
        {SCHEMA(F("b", "\"string\"")) "fields: {b: {from: '@row', parse: text}}", "[]", "[44]",
         ",\"b\":\"9\"}"},
        {SCHEMA(F("b", "\"int\"")), "[\"b\"]", "[44,\"x\"]", "!cannot_parse"},
        {SCHEMA("{\"name\":\"b\",\"type\":\"int\",\"default\":5}"), "[\"c\"]", "[44,\"\"]",
         ",\"b\":5,\"sp_extra\":{\"c\":\"\"}}"},
        {SCHEMA(
             F("at",
               "{\"type\":\"record\",\"name\":\"P\",\"fields\":[" F("city", "\"string\"") "," F(
                   "zip", "[\"null\",\"string\"]") "]}")) "fields: {at.city: {from: town}}",
         "[\"town\"]", "[44,\"Leeds\"]", ",\"at\":{\"city\":\"Leeds\",\"zip\":null}}"},
        {SCHEMA(F("n", "{\"type\":\"array\",\"items\":\"int\"}") "," F(
             "m", "{\"type\":\"map\",\"values\":\"string\"}")),
         "[\"n\",\"m\"]", "[44,\"1, 2\",\"{\\\"a\\\":\\\"b\\\"}\"]",
         ",\"n\":[1,2],\"m\":{\"a\":\"b\"}}"},
        {SCHEMA(F("raw",
                  "{\"type\":\"map\",\"values\":\"string\"}")) "fields: {raw: {from: '@raw'}}",
         "[\"a\"]", "[44,\"x\"]", ",\"raw\":{\"a\":\"x\"},\"sp_extra\":{\"a\":\"x\"}}"},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
}

int main(void)
{
    RUN(test_rules_of_a_source_go_over_the_common_ones);
    RUN(test_rules_take_a_text_step_by_step);
    RUN(test_rules_share_the_reading_of_a_cell);
    RUN(test_rules_remember_what_patterns_said);
    RUN(test_rules_take_more_than_cells);
    RUN(test_rules_keep_to_the_schema);
    return check_done();
}
