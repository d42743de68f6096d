#include "common/data/units.h"

#include "common/data/decimal.h"
#include "common/data/words.h"
#include "tests/unit/check.h"

static struct arena arena;

static void test_word_keys_join_what_belongs_together(void)
{
    static const struct {
        const char *text, *want; /* its keys, one for each end */
    } cases[] = {
        {"Sq. Yards", "sq sqyards"},
        {"sq ft lot", "sq sqft sqftlot"},
        {"sq.ft.", "sq sqft"},
        {"Sq.-Meter", "sq sqmeter"},
        {"cm3", "cm cm3"},
        {"m²", "m m2"},
        {"М²,", "м м2"},
        {"m^2", "m m2"},
        {"km/h", "km km/h"},
        {"l / 100 km", "l l/100 l/100km"},
        {"kWh/(m²·a)", "kwh kwh/m kwh/m2 kwh/m2a"},
        {"/maand", "/maand"},
        {"л.с.", "л лс"},
        {"R$4,172", "r r$"},
        {"Rs.500", "rs rs500"},
        {"à partir de 5", "à àpartir àpartirde"},
        {"ZŁ", "zł"},
        {"〒", "〒"},
        {"5 m", ""},
        {"- m", ""},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct word_keys k;
        char got[200], *out = got;
        word_keys(str_of(cases[i].text), WORD_WORDS_MAX, &k);
        for (uint32_t n = 0; n < k.count; n++) {
            if (n > 0)
                *out++ = ' ';
            memcpy(out, k.key, k.ends[n].n);
            out += k.ends[n].n;
        }
        CHECK_STR(str_between(got, out), str_of(cases[i].want));
    }
}

static void test_word_has_key_of_a_declared_word(void)
{
    CHECK(word_has_key(STR("ask_for_price"), STR("askforprice")));
    CHECK(word_has_key(STR("P.O.A."), STR("poa")));
    CHECK(word_has_key(STR("По Запросу"), STR("позапросу")));
    CHECK(!word_has_key(STR("poa"), STR("po")));
    CHECK(!word_has_key(STR("po"), STR("poa")));
    CHECK(!word_has_key(STR(""), STR("")));
}

static void test_unit_named_knows_spellings(void)
{
    static const struct {
        const char *word, *want;
        enum dimension wanted;
    } cases[] = {
        {"Sq. Meter", "m2", DIMENSION_AREA}, {"м²", "m2", DIMENSION_AREA},
        {"sq ft", "sqft", DIMENSION_ANY},    {"Sq. Yards", "sqyd", DIMENSION_ANY},
        {"Acres", "acre", DIMENSION_ANY},    {"Grounds", "ground", DIMENSION_AREA},
        {"KM", "PS", DIMENSION_POWER},       {"KM", "km", DIMENSION_DISTANCE},
        {"KM", "km", DIMENSION_ANY},         {"mi.", "mi", DIMENSION_DISTANCE},
        {"л.с.", "PS", DIMENSION_POWER},     {"a.g.", "PS", DIMENSION_POWER},
        {"BHP", "hp", DIMENSION_POWER},      {"CC", "cm3", DIMENSION_VOLUME},
        {"Liter", "l", DIMENSION_VOLUME},    {"kWu/m2", "kWh/m2", DIMENSION_ENERGY_PER_AREA},
        {"US mpg", "US mpg", DIMENSION_ANY}, {"%", "%", DIMENSION_RATIO},
        {"furlong", NULL, DIMENSION_ANY},    {"m2 or so", NULL, DIMENSION_AREA},
        {"km", "km", DIMENSION_AREA},
    };

    CHECK(unit_words_are_sorted());
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct unit *u = unit_named(str_of(cases[i].word), cases[i].wanted);
        CHECK_STR(str_of(u ? u->name : NULL), str_of(cases[i].want));
    }
}

static void test_unit_convert(void)
{
    static const struct {
        const char *number, *from, *to;
        int digits;
        const char *want;
    } cases[] = {
        {"51000", "mi", "km", 0, "82077"},
        {"22372", "mi", "km", 0, "36004"},
        {"5.31", "acre", "m2", -1, "21488.81"},
        {"117", "sqyd", "m2", -1, "97.83"},
        {"1", "ground", "m2", -1, "222.97"},
        {"2850", "sqft", "m2", -1, "264.77"},
        {"34.46", "m2", "sqft", 1, "370.9"},
        {"178", "PS", "kW", -1, "130.9"},
        {"300.0", "hp", "kW", -1, "223.7"},
        {"136", "PS", "kW", -1, "100"},
        {"3.7", "l", "cm3", -1, "3700"},
        {"1332", "cm3", "l", -1, "1.332"},
        {"24", "guntha", "acre", -1, "0.6"},
        {"8.5", "l/100km", "km/l", 2, "11.76"},
        {"11.764705882", "km/l", "l/100km", 4, "8.5"},
        {"30", "US mpg", "l/100km", 1, "7.8"},
        {"6", "l/100km", "UK mpg", 1, "47.1"},
        {"30", "US mpg", "UK mpg", 2, "36.03"},
        {"22.4", "kgm", "Nm", -1, "219.7"},
        {"100", "km/h", "mph", -1, "62.1"},
        {"92", "%", "1", -1, "0.92"},
        {"36", "MJ", "kWh", -1, "10"},
        {"-10", "km", "mi", 1, "-6.2"},
        {"1", "tsubo", "m2", -1, "3.31"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct unit *from = unit_named(str_of(cases[i].from), DIMENSION_ANY);
        const struct unit *to = unit_named(str_of(cases[i].to), from->dimension);
        str got = STR_NONE;
        CHECK(unit_convert(&arena, str_of(cases[i].number), from, to, cases[i].digits, &got));
        CHECK_STR(got, str_of(cases[i].want));
    }
    arena_free(&arena);
}

static void test_unit_convert_divides_by_no_zero(void)
{
    const struct unit *litres = unit_named(STR("l/100km"), DIMENSION_ANY);
    const struct unit *kml = unit_named(STR("km/l"), DIMENSION_ANY);
    str got = STR_NONE;

    CHECK(!unit_convert(&arena, STR("0"), litres, kml, 1, &got));
    CHECK(!unit_convert(&arena, STR("0.00"), kml, litres, 1, &got));
    CHECK(!unit_convert(&arena, STR("-5"), kml, litres, 1, &got));
    arena_free(&arena);
}

static void test_unit_declare(void)
{
    const struct unit *m2 = unit_named(STR("m2"), DIMENSION_AREA);
    const struct unit *sqft = unit_named(STR("sqft"), DIMENSION_AREA);
    struct unit marla;
    str got = STR_NONE;

    CHECK(unit_declare(&arena, STR("marla"), STR("225"), sqft, &marla));
    CHECK(unit_convert(&arena, STR("5"), &marla, m2, -1, &got));
    CHECK_STR(got, STR("104.52"));
    CHECK(!unit_declare(&arena, STR("marla"), STR("0"), sqft, &marla));
    CHECK(!unit_declare(&arena, STR("marla"), STR("1.2345678901234567"), sqft, &marla));
    arena_free(&arena);
}

int main(void)
{
    RUN(test_word_keys_join_what_belongs_together);
    RUN(test_word_has_key_of_a_declared_word);
    RUN(test_unit_named_knows_spellings);
    RUN(test_unit_convert);
    RUN(test_unit_convert_divides_by_no_zero);
    RUN(test_unit_declare);
    return check_done();
}
