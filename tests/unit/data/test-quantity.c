#include "common/data/quantity.h"

#include "common/data/json.h"
#include "common/data/quantity_words.h"
#include "tests/unit/check.h"

struct quantity_case {
    const char *text, *want; /* NULL: refused */
    const char *max, *note;  /* NULL: null, when `want` is set; for `currency` see there */
    const char *issue;       /* of a refusal; NULL: unparsed */
};
static struct arena arena;

static struct coerced take(const char *word, const struct coerce_setup *setup,
                           enum coerce_take part, const char *text, bool *good)
{
    struct coerce_setup taking = *setup;
    struct coerced out = {0};
    size_t at;

    taking.take = part;
    *good = coercer_find(str_of(word))->run(&taking, &arena, str_of(text), &out);
    if (*good)
        CHECK(!json_check(out.value, NULL, &at));
    else
        CHECK(out.why.n > 0 && out.issue.n > 0);
    return out;
}

static void check_taken(const char *word, const struct coerce_setup *setup,
                        enum coerce_take part, const char *text, const char *want)
{
    bool good;
    struct coerced out = take(word, setup, part, text, &good);
    char quoted[64];

    if (want && part != TAKE_VALUE && part != TAKE_MAX) {
        snprintf(quoted, sizeof(quoted), "\"%s\"", want);
        want = quoted;
    }
    if (!good || !str_is(out.value, want ? want : "null")) {
        printf("# %s '%s', part %u: want '%s', got '" STR_FMT "' " STR_FMT "\n", word, text,
               part, want ? want : "null", STR_ARG(out.value), STR_ARG(out.why));
        check_failures++;
    }
}

static void check_cases(const char *word, const struct coerce_setup *setup,
                        const struct quantity_case *cases, size_t n)
{
    for (const struct quantity_case *c = cases; c < cases + n; c++) {
        bool good;
        if (c->want) {
            check_taken(word, setup, TAKE_VALUE, c->text,
                        str_is(str_of(c->want), "null") ? NULL : c->want);
            check_taken(word, setup, TAKE_MAX, c->text, c->max);
            check_taken(word, setup, TAKE_NOTE, c->text, c->note);
            continue;
        }
        struct coerced out = take(word, setup, TAKE_VALUE, c->text, &good);
        if (good || !str_is(out.issue, c->issue ? c->issue : "unparsed")) {
            printf("# %s '%s': got '" STR_FMT "' " STR_FMT "\n", word, c->text,
                   STR_ARG(out.value), STR_ARG(out.issue));
            check_failures++;
        }
    }
    arena_free(&arena);
}

#define CHECK_CASES(word, setup, cases) check_cases(word, setup, cases, ARRAY_LEN(cases))

static const struct unit *unit(const char *name)
{
    return unit_named(str_of(name), DIMENSION_ANY);
}

static void test_money_of_english_sites(void)
{
    static const struct quantity_case cases[] = {
        {"£275,000", "275000"},
        {"£12,583,000", "12583000"},
        {"$18,000,000", "18000000"},
        {"$1,000.00", "1000.00"},
        {"$0", "0"},
        {"$1,375+ 1 bd", "1375", NULL, "from"},
        {"$1,423+ 2 bds", "1423", NULL, "from"},
        {"$1,900+ Studio", "1900", NULL, "from"},
        {"$350+/mo", "350", NULL, "from"},
        {"$1,095+/mo", "1095", NULL, "from"},
        {"$310 /mo", "310"},
        {"8,071 sq ft lot; $8,478 HOA; Walker's paradise", "8478"},
        {"***GUIDE PRICE £275,000 - £285,000*** Offered", "275000", "285000"},
        {"POA", "null", NULL, "on_request"},
        {"P.O.A.", "null", NULL, "on_request"},
        {"Ask For Price", "null", NULL, "on_request"},
        {"Coming Soon", "null", NULL, "coming_soon"},
        {"Offers Invited", "null", NULL, "offers_invited"},
        {"Sale by Tender", "null", NULL, "tender"},
        {"From £120,000", "120000", NULL, "from"},
        {"Offers over £120,000", "120000", NULL, "from"},
        {"£120,000 ono", "120000", NULL, "negotiable"},
        {"$500 to $600", "500", "600"},
        {"$1.2 - $1.5m", "1200000", "1500000"},
        {"£950 - £1.2k", "950", "1200"},
        {"£1,200 pcm (£277 pw)", "1200"},
        {"$1,375 $1,375", "1375"},
        {"-$500", "-500"},
        {"$-500", "-500"},
        {"USD 1,234.50", "1234.50"},
        {"US$ 500", "500"},
        {"1,200 USD", "1200"},
        {"$1,200 USD", "1200"},
        {"£250k", "250000"},
        {"£1,200 pcm£277 pw", "1200"},
        {"Was $500, now $450", NULL, .issue = "ambiguous"},
        {"3 bd | 2 ba | $1,500", "1500"},
        {"1.5m", "1500000"},
        {"$.50", "0.50"},
        {"1375", "1375"},
        {"$1,200 $999", NULL, .issue = "ambiguous"},
        {"£500 £600 £700", NULL, .issue = "ambiguous"},
        {"1200 1999", NULL, .issue = "ambiguous"},
        {"12/05/2020", NULL},
        {"2020-05-12", NULL, .issue = "ambiguous"},
        {"$600 - $500", NULL, .issue = "ambiguous"},
        {"$500 - €600", NULL, .issue = "ambiguous"},
        {"€500 - $600", NULL, .issue = "ambiguous"},
        {"US$500 - $600", "500", "600"},
        {"$12 / sq ft", NULL},
        {"$12/sq ft", NULL},
        {"$12 per m²", NULL},
        {"$500 per person", "500"},
        {"$1,200/month + utilities", "1200"},
        {"$1,375 120 sq ft", "1375"},
        {"3 beds", NULL},
        {"1,056 sq ft", NULL},
        {"2 km", NULL},
        {"$1,23", NULL},
        {"$1.2.3", NULL},
        {"RX300", NULL},
        {"from", NULL},
        {"price", NULL},
        {"-", NULL},
        {"$", NULL},
        {"N/A", NULL},
        {"Petrol", NULL},
    };
    const struct coerce_setup setup = {.groups = {','}, .digits = -1};

    CHECK_CASES("money", &setup, cases);
}

static void test_money_of_other_languages(void)
{
    static const struct quantity_case belgium[] = {
        {"€ 730 /maand", "730"},
        {"€ 1.000 /maand", "1000"},
        {"€ 450.000 k.k.", "450000"},
        {"€ 950 - € 1.330", "950", "1330"},
        {"€ 10", "10"},
        {"vanaf € 1.330,50", "1330.50", NULL, "from"},
        {"€ 800 tot € 900", "800", "900"},
        {"ab 500 €", "500", NULL, "from"},
        {"von 500 € bis 600 €", "500", "600"},
        {"1.299 € VB", "1299", NULL, "negotiable"},
        {"1.299,- €", "1299"},
        {"1,5 Mio. €", "1500000"},
        {"VB", "null", NULL, "negotiable"},
        {"Preis auf Anfrage", "null", NULL, "on_request"},
        {"à partir de 700 €", "700", NULL, "from"},
        {"prix : 1.200 €", "1200"},
    };
    static const struct quantity_case almaty[] = {
        {"52\u00a0000\u00a0000\u00a0〒", "52000000"},
        {"от 79\u00a0458\u00a0000\u00a0〒", "79458000", NULL, "from"},
        {"ОТ 5\u00a0000\u00a0〒", "5000", NULL, "from"},
        {"от 5 000 до 6 000 〒", "5000", "6000"},
        {"до 6 000 〒", "6000", NULL, "less_than"},
        {"1,2 млн ₸", "1200000"},
        {"Договорная", "null", NULL, "on_request"},
        {"52 000 000 ₡", NULL},
    };
    static const str some[] = {{"nl", 2}, {"de", 2}, {"fr", 2}}, russian = {"ru", 2};
    static const struct coerce_word mark = {{"〒", 3}, {"KZT", 3}};
    const struct coerce_setup west = {
        .decimal = ',', .groups = {'.', ' '}, .languages = some, .language_count = 3};
    const struct coerce_setup east = {.decimal = ',',
                                      .groups = {' '},
                                      .languages = &russian,
                                      .language_count = 1,
                                      .currencies = &mark,
                                      .currency_count = 1};

    CHECK_CASES("money", &west, belgium);
    CHECK_CASES("money", &east, almaty);
}

static void test_money_of_india_indonesia_and_brazil(void)
{
    static const struct quantity_case india[] = {
        {"4,25,000", "425000"},
        {"80000.00", "80000.00"},
        {"Ask For Price", "null", NULL, "on_request"},
        {"Rs. 4,25,000/-", "425000"},
        {"Rs500", "500"},
        {"25 Lac", "2500000"},
        {"₹ 1.2 Cr", "12000000"},
        {"₹45 L", "4500000"},
        {"20 - 25 Lac", "2000000", "2500000"},
        {"20 Lac - 25 Lac", "2000000", "2500000"},
        {"50 Lac - 1.2 Cr", "5000000", "12000000"},
    };
    static const struct quantity_case lakhs[] = {
        {"39.07", "3907000"}, {"120", "12000000"}, {"1.2 Cr", "12000000"}, {"0.1", "10000"}};
    static const struct quantity_case dots[] = {{"Rp 8.700.000.000", "8700000000"},
                                                {"Rp 125.000.000", "125000000"},
                                                {"Rp 1,5 juta", "1500000"}};
    static const struct quantity_case brazil[] = {
        {"R$4,172", "4172"}, {"R$0", "0"}, {"Sem info", NULL}, {"Incluso", NULL}};
    const struct coerce_setup english = {.groups = {','}, .digits = -1};
    const struct coerce_setup lakh = {.multiplier = STR("100000")};
    const struct coerce_setup indonesian = {.decimal = ',', .groups = {'.'}};

    CHECK_CASES("money", &english, india);
    CHECK_CASES("money", &lakh, lakhs);
    CHECK_CASES("money", &indonesian, dots);
    CHECK_CASES("money", &english, brazil);
}

static void test_money_knows_its_currency_and_period(void)
{
    static const struct {
        const char *text, *currency, *period;
    } cases[] = {
        {"€ 730 /maand", "EUR", "month"},
        {"£275,000", "GBP"},
        {"$350+/mo", "USD", "month"},
        {"R$4,172", "BRL"},
        {"Rp 8,700", "IDR"},
        {"120", "USD"},
        {"A$ 120 p.w.", "AUD", "week"},
        {"CHF 1,200.– / Monat", "CHF", "month"},
        {"£1,200 pcm", "GBP", "month"},
        {"£1,200 per annum", "GBP", "year"},
        {"€99 per night", "EUR", "night"},
        {"1200 zł/mies.", "PLN", "month"},
        {"950 € pro Woche", "EUR", "week"},
        {"12,000 AED yearly", "AED", "year"},
        {"€ 9,000 /jaar", "EUR", "year"},
        {"$2,100 (AUD)", "AUD"},
        {"€ 2,100 (AUD)", "EUR"},
        {"$1,200 CAD", "CAD"},
        {"US$500 - US$600/day", "USD", "day"},
        {"POA", "USD"},
    };
    const struct coerce_setup setup = {.groups = {','}, .currency = STR("USD")};
    const struct coerce_setup bare = {.groups = {','}};
    bool good;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_taken("money", &setup, TAKE_CURRENCY, cases[i].text, cases[i].currency);
        check_taken("money", &setup, TAKE_PERIOD, cases[i].text, cases[i].period);
    }
    check_taken("money", &bare, TAKE_CURRENCY, "120", NULL);
    check_taken("money", &bare, TAKE_VALUE, "$120", "120");
    struct coerced out = take("money", &bare, TAKE_CURRENCY, "$120", &good);
    CHECK(!good);
    CHECK_STR(out.issue, STR("ambiguous"));
    arena_free(&arena);
}

static void test_money_takes_declared_notes(void)
{
    static const struct coerce_word notes[] = {{{"sob_medida", 10}, {"made_to_measure", 15}},
                                               {{"poa", 3}, {"ask", 3}}};
    static const struct quantity_case cases[] = {
        {"POA", "null", NULL, "ask"},
        {"Sob medida", "null", NULL, "made_to_measure"},
        {"$500 sob medida", "500", NULL, "made_to_measure"},
    };
    const struct coerce_setup setup = {.notes = notes, .note_count = 2};

    CHECK_CASES("money", &setup, cases);
}

static void test_area(void)
{
    static const struct quantity_case cases[] = {
        {"1056", "98.11"},
        {"2100 - 2850", "195.1", "264.77"},
        {"34.46Sq. Meter", "34.46"},
        {"5.31Acres", "21488.81"},
        {"117Sq. Yards", "97.83"},
        {"1Grounds", "222.97"},
        {"24Guntha", "2428.11"},
        {"3Cents", "121.41"},
        {"4125Perch", "104333.02"},
        {"3,420 sq ft", "317.73"},
        {"450 sq ft", "41.81"},
        {"— sq ft", "null"},
        {"8,071 sq ft lot", "749.82"},
        {"8,071 sq ft lot; $8,478 HOA; Walker's paradise", "749.82"},
        {"0.24 acre lot; Very walkable", "971.25"},
        {"2-комнатная квартира, 70 м², 5/10 этаж", "70"},
        {"3-комнатная квартира, 107.2 м², 10/13 этаж", "107.2"},
        {"75 m2", "75"},
        {"75m²", "75"},
        {"1,000 - 1,500 sq.ft.", "92.9", "139.35"},
        {"1000 sqft - 0.5 acre", "92.9", "2023.43"},
        {"over 1,000 sq ft", "92.9", NULL, "more_than"},
        {"1,000 sq ft (92.9 m2)", "92.9"},
        {"$1,040 HOA; Walker's paradise", NULL},
        {"Very walkable", NULL},
        {"12 km", NULL},
        {"3 rooms", NULL},
        {"3 rooms, 2 baths", NULL},
        {"450 m² + 30 m² terrace", NULL, .issue = "ambiguous"},
        {"5 Marla", NULL},
        {"70 m2, 12 m2", NULL, .issue = "ambiguous"},
        {"1056 1200", NULL, .issue = "ambiguous"},
        {"1,23 sq ft", NULL},
        {"1/2 acre", NULL},
        {"1½ acres", NULL},
        {"10 x 20 m2", NULL},
        {"10 × 20 m2", NULL},
        {"2BHK 1,000 sqft", "92.9"},
    };
    const struct coerce_setup setup = {
        .groups = {','}, .digits = -1, .unit = unit("m2"), .assume = unit("sqft")};

    CHECK_CASES("area", &setup, cases);
}

static void test_distance(void)
{
    static const struct quantity_case english[] = {
        {"51,000 mi.", "82077"},
        {"136,397 mi.", "219510"},
        {"952 mi.", "1532"},
        {"186005 km", "186005"},
        {"150,000km", "150000"},
        {"1,30,000 kms", "130000"},
        {"0 km", "0"},
        {"777777777 km", "777777777"},
        {"85k miles", "136794"},
        {"120 thousand km", "120000"},
        {"5.0 km", "5"},
        {"12", "12"},
        {"150,000 km (93,206 mi)", "150000"},
        {"approx. 45,000 KM", "45000"},
        {"Less than 5,000 miles", "8047", NULL, "less_than"},
        {"17.3 km/kg", NULL},
        {"120 km/h", NULL},
        {"Petrol", NULL},
        {"1 owner", NULL},
        {"5 ft 10 in", NULL, .issue = "ambiguous"},
        {"242 600 km", NULL}, /* as a blank is no group sign here */
    };
    static const struct quantity_case dots[] = {
        {"155.000 - 160.000", "155000", "160000"},
        {"0 - 5.000", "0", "5000"},
        {">300.000", "300000", NULL, "more_than"},
        {"< 5.000 km", "5000", NULL, "less_than"},
        {"242 600 km", "242600"},
        {"242\u202f600 km", "242600"},
        {"10 km", "10"},
        {"2 - 2 km", "2", "2"},
    };
    const struct coerce_setup setup = {
        .groups = {','}, .digits = -1, .unit = unit("km"), .is_integral = true};
    const struct coerce_setup dotted = {
        .decimal = ',', .groups = {'.', ' '}, .digits = -1, .unit = unit("km")};

    CHECK_CASES("distance", &setup, english);
    CHECK_CASES("distance", &dotted, dots);
}

static void test_power_and_volume_of_engines(void)
{
    static const struct quantity_case powers[] = {
        {"300.0HP 3.7L V6 Cylinder Engine Flex Fuel Capability", "223.7"},
        {"534.0HP Electric Motor Electric Fuel System", "398.2"},
        {"178 KM", "130.9"},
        {"75 KM", "55.2"},
        {"136 KM", "100"},
        {"110 kW (150 PS)", "110"},
        {"1.6 L / 132 a.g. / Benzin", "97.1"},
        {"150 л.с.", "110.3"},
        {"74 bhp", "55.2"},
        {"158", "116.2"},
        {"5.2L V12 48V GDI DOHC Twin Turbo", NULL},
        {"2.4 Liter", NULL},
        {"–", NULL},
        {"110 kW (300 PS)", NULL, .issue = "ambiguous"},
    };
    static const struct quantity_case volumes[] = {
        {"300.0HP 3.7L V6 Cylinder Engine Flex Fuel Capability", "3700"},
        {"2.0L I4 16V GDI DOHC Turbo", "2000"},
        {"3.5 Liter DOHC", "3500"},
        {"6.7L Straight 6 Cylinder Engine Diesel Fuel", "6700"},
        {"3 960 cm3", "3960"},
        {"999 cm3", "999"},
        {"1248 CC", "1248"},
        {"1 332 см³", "1332"},
        {"3.5", "3500"},
        {"534.0HP Electric Motor Electric Fuel System", NULL},
        {"Electric", NULL},
        {"brak danych", NULL},
    };
    const struct coerce_setup power = {.digits = -1, .unit = unit("kW"), .assume = unit("PS")};
    const struct coerce_setup volume = {
        .digits = -1, .groups = {' '}, .unit = unit("cm3"), .assume = unit("l")};

    CHECK_CASES("power", &power, powers);
    CHECK_CASES("volume", &volume, volumes);
}

static void test_quantity_of_other_dimensions(void)
{
    static const struct {
        const char *word, *to, *text, *want, *unit;
    } cases[] = {
        {"quantity", "kWh/m2", "1 108 kWu/m2", "1108", "kWh/m2"},
        {"quantity", "kWh/m2", "179 kWu/m2", "179", "kWh/m2"},
        {"quantity", NULL, "179 kWu/m2", "179", "kWh/m2"},
        {"quantity", NULL, "12 Sq. Yards", "12", "sqyd"},
        {"torque", "Nm", "190Nm@ 2000rpm", "190", "Nm"},
        {"torque", "Nm", "22.4 kgm at 1750-2750rpm", "219.7", "kgm"},
        {"consumption", "km/l", "23.4 kmpl", "23.4", "km/l"},
        {"consumption", "km/l", "5,9 l / 100 km", NULL, NULL},
        {"consumption", "km/l", "5.9 l / 100 km", "16.95", "l/100km"},
        {"mass", "kg", "3,300 lbs", NULL, NULL},
        {"mass", "kg", "3 300 lbs", "1496.9", "lb"},
        {"mass", "kg", "1.4 t", "1400", "t"},
        {"speed", "km/h", "120 mph", "193.1", "mph"},
        {"energy", "kWh", "36 MJ", "10", "MJ"},
    };
    bool good;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coerce_setup setup = {.groups = {' '}, .digits = -1};
        setup.unit = cases[i].to ? unit(cases[i].to) : NULL;
        setup.digits = str_is(str_of(cases[i].word), "mass") ? 1 : -1;
        if (cases[i].want) {
            check_taken(cases[i].word, &setup, TAKE_VALUE, cases[i].text, cases[i].want);
            check_taken(cases[i].word, &setup, TAKE_UNIT, cases[i].text, cases[i].unit);
        } else {
            take(cases[i].word, &setup, TAKE_VALUE, cases[i].text, &good);
            CHECK(!good);
        }
    }
    arena_free(&arena);
}

static void test_quantity_in_declared_units(void)
{
    static const struct quantity_case cases[] = {
        {"1Grounds", "200"}, {"5 marla", "104.52"}, {"2 Marlas", "41.81"}, {"10 m2", "10"}};
    struct unit units[2];
    struct coerce_setup setup = {
        .digits = -1, .unit = unit("m2"), .units = units, .unit_count = 2};

    CHECK(unit_declare(&arena, STR("ground"), STR("200"), unit("m2"), &units[0]));
    CHECK(unit_declare(&arena, STR("marla"), STR("225"), unit("sqft"), &units[1]));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_taken("area", &setup, TAKE_VALUE, cases[i].text, cases[i].want);
    arena_free(&arena);
}

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
    RUN(test_money_of_english_sites);
    RUN(test_money_of_other_languages);
    RUN(test_money_of_india_indonesia_and_brazil);
    RUN(test_money_knows_its_currency_and_period);
    RUN(test_money_takes_declared_notes);
    RUN(test_area);
    RUN(test_distance);
    RUN(test_power_and_volume_of_engines);
    RUN(test_quantity_of_other_dimensions);
    RUN(test_quantity_in_declared_units);
    RUN(test_range);
    RUN(test_percent);
    RUN(test_quantity_tells_when_the_text_says_more);
    RUN(test_nothing_groups_behind_a_zero);
    RUN(test_quantity_has_bounds);
    RUN(test_what_is_open_is_ambiguous);
    RUN(test_quantity_multiplier_named);
    return check_done();
}
