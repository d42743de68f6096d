/* Prices of many sites, and what is said beside them. */
#include "tests/unit/data/quantity_cases.h"

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

int main(void)
{
    RUN(test_money_of_english_sites);
    RUN(test_money_of_other_languages);
    RUN(test_money_of_india_indonesia_and_brazil);
    RUN(test_money_knows_its_currency_and_period);
    RUN(test_money_takes_declared_notes);
    return check_done();
}
