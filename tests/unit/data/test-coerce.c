#include "common/data/coerce.h"

#include "common/data/json.h"
#include "tests/unit/check.h"

struct coerce_case {
    const char *text, *want; /* NULL: refused */
    struct coerce_setup setup;
};

#define GERMAN                                                                                 \
    {                                                                                          \
        .decimal = ',', .groups = { '.' }                                                      \
    }
#define ENGLISH                                                                                \
    {                                                                                          \
        .decimal = '.', .groups = { ',' }                                                      \
    }
#define BLANKS                                                                                 \
    {                                                                                          \
        .decimal = ',', .groups = { ' ' }                                                      \
    }

static void check_cases(const char *word, const struct coerce_case *cases, size_t n)
{
    const struct coercer *c = coercer_find(str_of(word));

    for (size_t i = 0; i < n; i++) {
        struct arena a = {0};
        struct coerced out = {0};
        size_t at;
        bool good = c->run(&cases[i].setup, &a, str_of(cases[i].text), &out);
        if (good != (cases[i].want != NULL)) {
            printf("# %s '%s': " STR_FMT STR_FMT "\n", word, cases[i].text, STR_ARG(out.value),
                   STR_ARG(out.why));
            check_failures++;
        } else if (good) {
            CHECK_STR(out.value, str_of(cases[i].want));
            CHECK(!json_check(out.value, NULL, &at));
        } else {
            CHECK(out.why.n > 0);
        }
        arena_free(&a);
    }
}

static void test_coerce_text_is_quoted_as_it_stands(void)
{
    static const struct coerce_case cases[] = {
        {"Shared  half-bath", "\"Shared  half-bath\"", {0}},
        {"20002-6645", "\"20002-6645\"", {0}},
        {"07426", "\"07426\"", {0}},
        {"say \"hi\"\n", "\"say \\\"hi\\\"\\n\"", {0}},
        {"8 м²", "\"8 м²\"", {0}},
    };

    check_cases("text", cases, ARRAY_LEN(cases));
}

static void test_coerce_integer(void)
{
    static const struct coerce_case cases[] = {
        {"2010", "2010", {0}},
        {"0", "0", {0}},
        {"007", "7", {0}},
        {"000", "0", {0}},
        {"-0", "0", {0}},
        {"+5", "5", {0}},
        {"-012", "-12", {0}},
        {"\u22127", "-7", {0}},
        {"18446744073709551616", "18446744073709551616", {0}},
        {"-9223372036854775809", "-9223372036854775809", {0}},
        {"8.700.000.000", "8700000000", GERMAN},
        {"1,234,567", "1234567", ENGLISH},
        {"4,25,000", "425000", ENGLISH}, /* quikr_india: lakh */
        {"12,34,56,789", "123456789", ENGLISH},
        {"242 600", "242600", BLANKS},
        {"45\u00a0500\u00a0000", "45500000", BLANKS}, /* krisha_almaty */
        {"1\u202f108", "1108", BLANKS},
        {"0,123", "123", ENGLISH},
        {"1,23", NULL, ENGLISH}, /* a decimal comma, more likely than a group */
        {"1,2345", NULL, ENGLISH},
        {"1234,567", NULL, ENGLISH},
        {",123", NULL, ENGLISH},
        {"1,,234", NULL, ENGLISH},
        {"1,234,", NULL, ENGLISH},
        {"1,234", NULL, {0}},
        {"45\u00a0500", NULL, ENGLISH},
        {"80000.00", NULL, ENGLISH},
        {"51,000 mi.", NULL, ENGLISH}, /* units are no business of integer */
        {"777777777 km", NULL, {0}},
        {">5", NULL, {0}},
        {"POA", NULL, {0}},
        {"-", NULL, {0}},
        {"+", NULL, {0}},
        {"--1", NULL, {0}},
        {"$1", NULL, {0}},
        {"1e3", NULL, {0}},
        {"0x10", NULL, {0}},
        {"1 2", NULL, {0}},
    };

    check_cases("integer", cases, ARRAY_LEN(cases));
}

static void test_coerce_number(void)
{
    static const struct coerce_case cases[] = {
        {"3.7", "3.7", {0}},
        {"1.10", "1.10", {0}}, /* digits as they are */
        {"0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827", {0}},
        {"007.50", "7.50", {0}},
        {"00.5", "0.5", {0}},
        {"-.5", "-0.5", {0}},
        {"-12", "-12", {0}},
        {"42", "42", {0}},
        {"-0", "-0", {0}},
        {"80000.00", "80000.00", ENGLISH},
        {"1,234.56", "1234.56", ENGLISH},
        {"1.330,5", "1330.5", GERMAN},
        {"155.000", "155000", GERMAN},
        {"1 108,25", "1108.25", BLANKS},
        {"6.02e23", "6.02e23", {0}},
        {"1E+5", "1e5", {0}},
        {"2e-7", "2e-7", {0}},
        {"1,5", NULL, {0}},
        {"1,5", NULL, ENGLISH},
        {"1.2.3", NULL, {0}},
        {"5.", NULL, {0}},
        {".", NULL, {0}},
        {"1e", NULL, {0}},
        {"e5", NULL, {0}},
        {"3.7L", NULL, {0}},
        {"3 960 cm3", NULL, BLANKS},
        {"brak danych", NULL, {0}},
        {"NaN", NULL, {0}},
        {"Infinity", NULL, {0}},
    };

    check_cases("number", cases, ARRAY_LEN(cases));
}

static void test_coerce_number_refuses_what_no_reader_takes(void)
{
    struct arena a = {0};
    char digits[1001];
    struct coerced out = {0};
    const struct coerce_setup setup = {0};

    memset(digits, '7', sizeof(digits));
    CHECK(coerce_integer(&setup, &a, (str){digits, 1000}, &out));
    CHECK_STR(out.value, ((str){digits, 1000}));
    CHECK(!coerce_integer(&setup, &a, (str){digits, 1001}, &out));
    CHECK(!coerce_number(&setup, &a, (str){digits, 1001}, &out));
    arena_free(&a);
}

static void test_coerce_date_iso(void)
{
    static const struct coerce_case cases[] = {
        {"2021-05-24", "\"2021-05-24\"", {0}},
        {"2021-05-24T10:11:12Z", "\"2021-05-24T10:11:12Z\"", {0}},
        {"2016-03-26 17:47:46", "\"2016-03-26T17:47:46Z\"", {0}}, /* ebay_kleinanzeigen */
        {"2021-05-24T10:11", "\"2021-05-24T10:11:00Z\"", {0}},
        {"2021-05-24T10:11:12.123456Z", "\"2021-05-24T10:11:12.123456Z\"", {0}},
        {"2021-05-24T10:11:12.1234567890123Z", "\"2021-05-24T10:11:12.123456789Z\"", {0}},
        {"2021-05-24T10:11:12+02:00", "\"2021-05-24T08:11:12Z\"", {0}},
        {"2021-01-01T00:30:00+0100", "\"2020-12-31T23:30:00Z\"", {0}},
        {"2020-02-28T23:30:00-01", "\"2020-02-29T00:30:00Z\"", {0}},
        {"2000-02-29", "\"2000-02-29\"", {0}},
        {"9999-12-31T23:59:59Z", "\"9999-12-31T23:59:59Z\"", {0}},
        {"0001-01-01T00:00:00Z", "\"0001-01-01T00:00:00Z\"", {0}},
        {"2021-02-29", NULL, {0}},
        {"1900-02-29", NULL, {0}},
        {"2021-13-01", NULL, {0}},
        {"2021-00-10", NULL, {0}},
        {"2021-04-31", NULL, {0}},
        {"2021-05-24T24:00:00Z", NULL, {0}},
        {"2021-05-24T10:60:00Z", NULL, {0}},
        {"2021-05-24T10:11:12+25:00", NULL, {0}},
        {"9999-12-31T23:59:59-01:00", NULL, {0}},
        {"0001-01-01T00:00:00+01:00", NULL, {0}},
        {"2021-05-24T", NULL, {0}},
        {"2021-05-24 tomorrow", NULL, {0}},
        {"2021-05", NULL, {0}},
        {"2021-5-24", NULL, {0}},
        {"24/05/2021", NULL, {0}},
        {"19-Dec", NULL, {0}}, /* bengaluru: a year and a month, or a day and a month? */
        {"Ready To Move", NULL, {0}},
        {"today", NULL, {0}},
    };

    check_cases("date", cases, ARRAY_LEN(cases));
}

static void test_coerce_date_by_formats(void)
{
    static const struct {
        const char *formats[2], *text, *want;
    } cases[] = {
        {{"%d/%m/%Y"}, "24/05/2021", "\"2021-05-24\""},
        {{"%d/%m/%Y"}, "4/5/2021", "\"2021-05-04\""},
        {{"%d/%m/%Y"}, "31/02/2021", NULL},
        {{"%d/%m/%Y"}, "24/05/21", NULL},
        {{"Added on %d/%m/%Y", "Reduced on %d/%m/%Y"}, /* rightmove */
         "Reduced on 24/05/2021",
         "\"2021-05-24\""},
        {{"Added on %d/%m/%Y", "Reduced on %d/%m/%Y"}, "Added today", NULL},
        {{"%d-%b-%y"}, "07-Dec-19", "\"2019-12-07\""},
        {{"%d-%b-%y"}, "07-Dec-69", "\"1969-12-07\""},
        {{"%d %B %Y"}, "3 september 2020", "\"2020-09-03\""},
        {{"%d %B %Y"}, "3 Sep 2020", "\"2020-09-03\""},
        {{"%d %B %Y"}, "3 Septem 2020", NULL},
        {{"%B %d, %Y"}, "May 9, 2018", "\"2018-05-09\""},
        {{"%Y%m%d"}, "20180509", "\"2018-05-09\""},
        {{"%d.%m.%Y %H:%M"}, "09.05.2018 7:05", "\"2018-05-09T07:05:00Z\""},
        {{"%Y-%m-%d %H:%M:%S %z"}, "2018-05-09 01:02:03 +0530", "\"2018-05-08T19:32:03Z\""},
        {{"%Y-%m-%d %H:%M"}, "2018-05-09 25:00", NULL},
        {{"%m/%d/%Y", "%d/%m/%Y"}, "13/01/2020", NULL}, /* first that fits decides */
        {{"%d%% %m %Y"}, "1% 2 2003", "\"2003-02-01\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str formats[2] = {str_of(cases[i].formats[0]), str_of(cases[i].formats[1])};
        struct coerce_case c = {cases[i].text,
                                cases[i].want,
                                {.formats = formats, .format_count = 1 + !!formats[1].n}};
        CHECK(!coerce_check_format(formats[0]));
        check_cases("date", &c, 1);
    }
}

static void test_coerce_check_format_names_what_is_wrong(void)
{
    CHECK(!coerce_check_format(STR("%y%b%d%z")));
    CHECK_STR(str_of(coerce_check_format(STR("%Y-%m"))),
              STR("needs a year, a month and a day"));
    CHECK(coerce_check_format(STR("%Y-%m-%d %I")));
    CHECK(coerce_check_format(STR("%Y-%m-%d%")));
    CHECK(coerce_check_format(STR("")));
}

static void test_coerce_boolean(void)
{
    static const str yes[] = {{"nein", 4}}, no[] = {{"ja", 2}, {"not_acept", 9}};
    static const struct coerce_case cases[] = {
        {"true", "true", {0}},
        {"Yes", "true", {0}},
        {"t", "true", {0}},
        {"1", "true", {0}},
        {"FALSE", "false", {0}},
        {"No", "false", {0}},
        {"f", "false", {0}},
        {"0", "false", {0}},
        {"maybe", NULL, {0}},
        {"2", NULL, {0}},
        {"-", NULL, {0}},
        {"Nein", "true", {.truthy = yes, .truthy_count = 1, .falsy = no, .falsy_count = 2}},
        {"not acept",
         "false",
         {.truthy = yes, .truthy_count = 1, .falsy = no, .falsy_count = 2}},
        {"yes", NULL, {.truthy = yes, .truthy_count = 1, .falsy = no, .falsy_count = 2}},
        {"no", "false", {.truthy = yes, .truthy_count = 1}},
        {"a long sentence that surely is no boolean, however long one looks at it, none at all",
         NULL,
         {0}},
    };

    check_cases("boolean", cases, ARRAY_LEN(cases));
}

static void test_coercer_find_knows_its_words(void)
{
    CHECK(!coercer_find(STR("monies")));
    CHECK(!coercer_find(STR("")));
    for (const struct coercer *c = coercers; c->name; c++)
        CHECK(coercer_find(str_of(c->name)) == c);
}

int main(void)
{
    RUN(test_coerce_text_is_quoted_as_it_stands);
    RUN(test_coerce_integer);
    RUN(test_coerce_number);
    RUN(test_coerce_number_refuses_what_no_reader_takes);
    RUN(test_coerce_date_iso);
    RUN(test_coerce_date_by_formats);
    RUN(test_coerce_check_format_names_what_is_wrong);
    RUN(test_coerce_boolean);
    RUN(test_coercer_find_knows_its_words);
    return check_done();
}
