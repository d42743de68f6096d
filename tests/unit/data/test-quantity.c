/* Ranges and shares, and what holds for amounts of any kind: bounds, what is open, what is
 * left over. */
#include "tests/unit/data/quantity_cases.h"

static void test_range(void)
{
    static const struct quantity_case cases[] = {
        {"4-5", "4", "5"},
        {"4 – 5", "4", "5"},
        {"4 to 5", "4", "5"},
        {"6 - 10", "6", "10"},
        {"3", "3"},
        {">5", "6", NULL, "from"},
        {"6+", "6", NULL, "from"},
        {"<5", "null", "4", "less_than"},
        {"up to 5", "null", "5", "less_than"},
        {"≥ 5", "5", NULL, "from"},
        {"04-May", NULL},
        {"5 doors", NULL},
        {"4-5-6", NULL, .issue = "ambiguous"},
        {"5-4", NULL, .issue = "ambiguous"},
        {"4, 5", NULL},
        {"-", NULL},
        {">", NULL},
    };
    const struct coerce_setup whole = {.is_integral = true}, any = {0};

    CHECK_CASES("range", &whole, cases);
    check_taken("range", &any, TAKE_VALUE, ">5", "5");
    check_taken("range", &any, TAKE_NOTE, ">5", "more_than");
    check_taken("range", &any, TAKE_MAX, "1.5-2.5", "2.5");
    arena_free(&arena);
}

static void test_percent(void)
{
    static const struct quantity_case cases[] = {
        {"92%", "0.92"},  {"100%", "1"},
        {"0 %", "0"},     {"12.5 %", "0.125"},
        {"92", "0.92"},   {"5 ‰", "0.005"},
        {"-3%", "-0.03"}, {"5-10 %", "0.05", "0.1"},
        {"N/A", NULL},    {"92 of 100", NULL, .issue = "ambiguous"},
        {"7 km", NULL},
    };
    const struct coerce_setup setup = {.digits = -1};

    CHECK_CASES("percent", &setup, cases);
}

static void test_quantity_tells_when_the_text_says_more(void)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"$1,375", false}, {"1375", false},       {"$1,375+", true}, {"$1,375 /mo", true},
        {"€5", true},      {"$1,375 1 bd", true}, {"$5 - $6", true}, {"POA", true},
    };
    const struct coerce_setup setup = {.groups = {','}, .currency = STR("USD")};
    const struct coerce_setup area = {.digits = -1, .unit = unit("m2")};
    bool good;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(take("money", &setup, TAKE_VALUE, cases[i].text, &good).is_part,
                  cases[i].want);
    CHECK(!take("area", &area, TAKE_VALUE, "75 m2", &good).is_part);
    CHECK(!take("area", &area, TAKE_VALUE, "75", &good).is_part);
    CHECK(!take("area", &area, TAKE_VALUE, "450 sq ft", &good).is_part);
    CHECK(take("area", &area, TAKE_VALUE, "450 sq ft lot", &good).is_part);
    arena_free(&arena);
}

/* What a point before three digits is, and the unit of a bare number, is never guessed. */
static void test_what_is_open_is_ambiguous(void)
{
    static const struct {
        const char *word, *text, *open; /* NULL: ambiguous */
    } cases[] = {
        {"money", "12.990 €", NULL},         {"money", "ab 425.000 €", NULL},
        {"money", "1.25 Cr", "12500000"},    {"money", "£9,995", "9995"},
        {"money", "$1,234.567", "1234.567"}, {"distance", "125.000 km", NULL},
        {"area", "54 + 12 m2", NULL},        {"area", "54+12 m2", NULL},
        {"money", "$1,375+ 1 bd", "1375"},   {"distance", "> 125.000 - 130.000 km", NULL},
        {"volume", "1.968 cm³", NULL},       {"area", "0.125 m2", "0.125"},
        {"area", "1204.125 m2", "1204.125"}, {"area", "87.25 m2", "87.25"},
    };
    const struct coerce_setup open = {.groups = {','}, .digits = -1};
    const struct coerce_setup dots = {.decimal = '.', .groups = {','}, .digits = -1};
    const struct coerce_setup picky = {.wants_unit = true, .unit = unit("km"), .digits = -1};
    bool good;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coerced out = take(cases[i].word, &open, TAKE_VALUE, cases[i].text, &good);
        CHECK_INT(good, cases[i].open != NULL);
        if (cases[i].open)
            CHECK(str_is(out.value, cases[i].open));
        else
            CHECK(str_is(out.issue, "ambiguous"));
    }
    CHECK(str_is(take("money", &dots, TAKE_VALUE, "12.990 €", &good).value, "12.990"));
    CHECK(str_is(take("distance", &picky, TAKE_VALUE, "8 km", &good).value, "8"));
    CHECK(str_is(take("distance", &picky, TAKE_VALUE, "4 - 8 km", &good).value, "4"));
    CHECK(str_is(take("distance", &picky, TAKE_VALUE, "45,600", &good).issue, "unparsed"));
    CHECK(str_is(take("distance", &picky, TAKE_VALUE, "45600", &good).issue, "ambiguous"));
}

/* No group begins with a zero: 0,250 ha are not 250. */
static void test_nothing_groups_behind_a_zero(void)
{
    bool good;
    const struct coerce_setup setup = {.groups = {','}, .digits = -1};

    CHECK(str_is(take("area", &setup, TAKE_VALUE, "0,250 ha", &good).issue, "unparsed"));
    CHECK(str_is(take("area", &setup, TAKE_VALUE, "0.250 ha", &good).value, "0.250"));
}

static void test_quantity_has_bounds(void)
{
    char text[1002];
    const struct coerce_setup setup = {.digits = -1, .unit = unit("m2")};
    bool good;

    memset(text, '9', sizeof(text));
    memcpy(text + 996, "acre", 5);
    CHECK_INT(take("area", &setup, TAKE_VALUE, text, &good).value.n, 996 + 4 + 3);
    CHECK(good);
    memcpy(text + 997, "acre", 5);
    take("area", &setup, TAKE_VALUE, text, &good);
    CHECK(!good);
    for (size_t i = 0; i < 1000; i++)
        text[i] = i % 2 ? ' ' : '5';
    text[999] = '\0';
    take("area", &setup, TAKE_VALUE, text, &good);
    CHECK(!good);
    arena_free(&arena);
}

static void test_quantity_multiplier_named(void)
{
    CHECK_STR(quantity_multiplier_named(STR("lakh")), STR("100000"));
    CHECK_STR(quantity_multiplier_named(STR("Crore")), STR("10000000"));
    CHECK_STR(quantity_multiplier_named(STR("1000.5")), STR("1000.5"));
    CHECK_STR(quantity_multiplier_named(STR("dozen")), STR(""));
    CHECK_STR(quantity_multiplier_named(STR("0")), STR(""));
    CHECK(quantity_words_are_sorted());
}

int main(void)
{
    RUN(test_range);
    RUN(test_percent);
    RUN(test_quantity_tells_when_the_text_says_more);
    RUN(test_what_is_open_is_ambiguous);
    RUN(test_nothing_groups_behind_a_zero);
    RUN(test_quantity_has_bounds);
    RUN(test_quantity_multiplier_named);
    return check_done();
}
