/* Words, identifiers and telephone numbers. */
#include "common/data/coerce.h"

#include "tests/unit/data/coerce_cases.h"

#define SYMBOLS(list)                                                                          \
    {                                                                                          \
        .symbols = (list), .symbol_count = ARRAY_LEN(list)                                     \
    }

static const str drives[] = {{"fwd", 3}, {"rwd", 3}, {"awd", 3}};
static const str fuels[] = {{"petrol", 6}, {"plugin_hybrid", 13}, {"LPG", 3}};
static const str cyrillic[] = {{"Дизель", 12}};

static void test_enum_is_written_as_it_is_declared(void)
{
    static const struct coerce_case cases[] = {
        {"fwd", "\"fwd\"", SYMBOLS(drives)},
        {"RWD", "\"rwd\"", SYMBOLS(drives)},
        {"Petrol", "\"petrol\"", SYMBOLS(fuels)},
        {"Plugin-Hybrid", "\"plugin_hybrid\"", SYMBOLS(fuels)},
        {"plugin hybrid", "\"plugin_hybrid\"", SYMBOLS(fuels)},
        {"lpg", "\"LPG\"", SYMBOLS(fuels)},
        {"ДИЗЕЛЬ", "\"Дизель\"", SYMBOLS(cyrillic)},
        {"4wd", NULL, SYMBOLS(drives), "not_in_enum"},
        {"Front", NULL, SYMBOLS(drives), "not_in_enum"},
        {"fw", NULL, SYMBOLS(drives), "not_in_enum"},
        {"fwd", NULL, {0}, "not_in_enum"},
    };

    check_cases("enum", cases, ARRAY_LEN(cases));
}

static void test_enum_says_what_it_knows(void)
{
    static const struct coerce_setup setup = SYMBOLS(drives);
    struct coerce_setup long_one = {.symbol_count = 40};
    str symbols[40];
    struct arena a = {0};
    struct coerced out = {0};

    CHECK(!coerce_enum(&setup, &a, STR("4x4"), &out));
    CHECK_STR(out.why, STR("is none of: fwd, rwd, awd"));
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++)
        symbols[i] = STR("convertible");
    long_one.symbols = symbols;
    CHECK(!coerce_enum(&long_one, &a, STR("4x4"), &out));
    CHECK(str_ends(out.why, STR(", ...")) && out.why.n < 270);
    arena_free(&a);
}

static void test_id_keeps_its_digits(void)
{
    static const struct coerce_case cases[] = {
        {"1139844543126920712", "\"1139844543126920712\"", {0}}, /* airbnb: above 2^53 */
        {"07426", "\"07426\"", {0}},
        {"20002-6645", "\"20002-6645\"", {0}},
        {"12E5", "\"12E5\"", {0}},
        {"3e8b9c", "\"3e8b9c\"", {0}},
        {"E+12", "\"E+12\"", {0}},
        {"1.5", "\"1.5\"", {0}},
        {"1.13984E+18", NULL, {0}},
        {"1,13984E+18", NULL, {0}},
        {"1.13984e18", NULL, {0}},
        {"1E+18", NULL, {0}},
    };

    check_cases("id", cases, ARRAY_LEN(cases));
}

static void test_json_in_a_cell_stands_on_one_line(void)
{
    static const struct coerce_case cases[] = {
        {"{\"a\": [1, \"b\"]}", "{\"a\": [1, \"b\"]}", {0}},
        {"[\n  1,\r\n  2\n]", "[   1,    2 ]", {0}},
        {"1139844543126920712", "1139844543126920712", {0}},
        {"null", "null", {0}},
        {"\"a\\nb\"", "\"a\\nb\"", {0}},
        {"{'a': 1}", NULL, {0}},
        {"{\"a\": 1", NULL, {0}},
        {"today", NULL, {0}},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL, {0}},
    };

    check_cases("json", cases, ARRAY_LEN(cases));
}

#define OF(name)                                                                               \
    {                                                                                          \
        .country = { name, 2 }                                                                 \
    }

static void test_phone_is_e164(void)
{
    static const struct coerce_case cases[] = {
        {"01709 230035", "\"+441709230035\"", OF("GB")}, /* rightmove */
        {"020 8012 2565", "\"+442080122565\"", OF("GB")},
        {"(0114) 276-0151", "\"+441142760151\"", OF("GB")},
        {"0113.880.7290", "\"+441138807290\"", OF("GB")},
        {"0800\u00a01111", NULL, OF("GB")},
        {"+44 1709 230035", "\"+441709230035\"", {0}},
        {"+44 (0)1709 230035", "\"+441709230035\"", {0}},
        {"+44 01709 230035", "\"+441709230035\"", OF("DE")},
        {"0044 1709 230035", "\"+441709230035\"", OF("DE")},
        {"0044(0)1709230035", "\"+441709230035\"", OF("FR")},
        {"1709 230035", NULL, OF("GB")}, /* who knows what stood before it */
        {"01709 23003", "\"+44170923003\"", OF("GB")},
        {"01709 2300", NULL, OF("GB")},
        {"01709 2300356789", NULL, OF("GB")},
        {"01709 230035 ext 12", NULL, OF("GB")},
        {"01709 230035, 01709 230036", NULL, OF("GB")},
        {"01709 230035", NULL, {0}},
        {"030/1234567", "\"+49301234567\"", OF("DE")},
        {"0151 23456789", "\"+4915123456789\"", OF("DE")},
        {"06 12345678", "\"+31612345678\"", OF("NL")},
        {"01 23 45 67 89", "\"+33123456789\"", OF("FR")},
        {"0471 12 34 56", "\"+32471123456\"", OF("BE")},
        {"06 1234 5678", "\"+390612345678\"", OF("IT")},
        {"612 345 678", "\"+34612345678\"", OF("ES")},
        {"601 234 567", "\"+48601234567\"", OF("PL")},
        {"(202) 555-0134", "\"+12025550134\"", OF("US")},
        {"1-202-555-0134", "\"+12025550134\"", OF("US")},
        {"555-0134", NULL, OF("US")},
        {"8 (727) 250-00-00", "\"+77272500000\"", OF("KZ")},
        {"+7 727 250 00 00", "\"+77272500000\"", OF("RU")},
        {"06 30 123 4567", "\"+36301234567\"", OF("HU")},
        {"98765 43210", "\"+919876543210\"", OF("IN")},
        {"(11) 91234-5678", "\"+5511912345678\"", OF("BR")},
        {"0812-3456-7890", "\"+6281234567890\"", OF("ID")},
        {"+998 90 123 45 67", "\"+998901234567\"", {0}}, /* a country without a row */
        {"+0 123 456 789", NULL, {0}},
        {"+44 1709", NULL, {0}},
        {"+", NULL, OF("GB")},
        {"call us", NULL, OF("GB")},
        {"1234567890123456789012345", NULL, OF("GB")},
        {"01709 230035", NULL, OF("UK")},
    };

    check_cases("phone", cases, ARRAY_LEN(cases));
}

int main(void)
{
    RUN(test_enum_is_written_as_it_is_declared);
    RUN(test_enum_says_what_it_knows);
    RUN(test_id_keeps_its_digits);
    RUN(test_json_in_a_cell_stands_on_one_line);
    RUN(test_phone_is_e164);
    return check_done();
}
