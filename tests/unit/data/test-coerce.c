#include "common/data/coerce.h"

#include "tests/unit/data/coerce_cases.h"

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
    RUN(test_coerce_boolean);
    RUN(test_coercer_find_knows_its_words);
    return check_done();
}
