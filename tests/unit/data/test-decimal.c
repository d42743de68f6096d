#include "common/data/decimal.h"

#include "tests/unit/check.h"

static struct arena arena;

static void test_decimal_multiply_is_exact(void)
{
    static const struct {
        const char *x, *by, *want;
    } cases[] = {
        {"51000", "1.609344", "82076.544"}, /* carscom_us */
        {"136397", "1.609344", "219509.693568"},
        {"5.31", "4046.8564224", "21488.807602944"}, /* bengaluru_sale */
        {"0.1", "0.3", "0.03"},                      /* no 0.030000000000000002 */
        {"39.07", "100000", "3907000"},
        {"1.2", "10000000", "12000000"},
        {"-2.5", "4", "-10"},
        {"-0.0", "4", "0"},
        {"0", "0.09290304", "0"},
        {"007.50", "1", "7.5"},
        {"92", "0.01", "0.92"},
        {"999999999999999999999999999999", "999999999999999999",
         "999999999999999998999999999999000000000000000001"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct decimal d;
        CHECK(decimal_read(&d, str_of(cases[i].x)));
        CHECK(decimal_multiply(&d, str_of(cases[i].by)));
        CHECK_STR(decimal_write(&d, &arena), str_of(cases[i].want));
    }
    arena_free(&arena);
}

static void test_decimal_divide_rounds_half_up(void)
{
    static const struct {
        const char *x, *by;
        uint32_t digits;
        const char *want;
    } cases[] = {
        {"1", "3", 5, "0.33333"},
        {"2", "3", 5, "0.66667"},
        {"1", "8", 2, "0.13"},
        {"-1", "8", 2, "-0.13"},
        {"1", "8", 3, "0.125"},
        {"82.076544", "1.609344", 3, "51"},
        {"195.096384", "0.09290304", 0, "2100"},
        {"123456789012345678901234567890", "7", 1, "17636684144620811271604938270"},
        {"1.23456789", "100", 3, "0.012"},
        {"0", "7", 2, "0"},
        {"0.0049", "1", 2, "0"},
        {"0.005", "1", 2, "0.01"},
        {"9.995", "1", 2, "10"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct decimal d;
        CHECK(decimal_read(&d, str_of(cases[i].x)));
        CHECK(decimal_divide(&d, str_of(cases[i].by), cases[i].digits));
        CHECK_STR(decimal_write(&d, &arena), str_of(cases[i].want));
    }
    arena_free(&arena);
}

static void test_decimal_round(void)
{
    static const struct {
        const char *x;
        uint32_t digits;
        const char *want;
    } cases[] = {
        {"82076.544", 0, "82077"}, {"21488.807602944", 2, "21488.81"},
        {"0.5", 0, "1"},           {"-0.5", 0, "-1"},
        {"0.49999999", 0, "0"},    {"0.05", 0, "0"},
        {"99.995", 2, "100"},      {"1.005", 2, "1.01"},
        {"2.675", 2, "2.68"},      {"7", 2, "7"},
        {"7.10", 5, "7.1"},        {"0.0001", 2, "0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct decimal d;
        CHECK(decimal_read(&d, str_of(cases[i].x)));
        decimal_round(&d, cases[i].digits);
        CHECK_STR(decimal_write(&d, &arena), str_of(cases[i].want));
    }
    arena_free(&arena);
}

static void test_decimal_takes_no_other_texts(void)
{
    static const char *const numbers[] = {"", "-", ".5", "5.", "1.2.3", "1e5", "+1", "1,5"};
    static const char *const factors[] = {"",    "0",  "0.0", "-1",
                                          "1e3", "1.", ".1",  "1234567890123456789"};
    struct decimal d;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        CHECK(!decimal_read(&d, str_of(numbers[i])));
    for (size_t i = 0; i < ARRAY_LEN(factors); i++)
        CHECK(!decimal_is_factor(str_of(factors[i])));
    CHECK(decimal_is_factor(STR("4046.8564224")));
    CHECK(decimal_is_factor(STR("0.000000000000000001")));
    CHECK(decimal_is_factor(STR("1000000000000000.00")));
}

static void test_decimal_refuses_to_grow_for_ever(void)
{
    char digits[DECIMAL_DIGITS_MAX];
    struct decimal d;

    memset(digits, '9', sizeof(digits));
    CHECK(decimal_read(&d, (str){digits, 1000}));
    CHECK(decimal_multiply(&d, STR("999999999999999999")));
    CHECK_INT(d.n, 1018);
    CHECK(decimal_read(&d, (str){digits, sizeof(digits)}));
    CHECK(!decimal_multiply(&d, STR("10")));
    CHECK(decimal_read(&d, (str){digits, sizeof(digits)}));
    CHECK(!decimal_divide(&d, STR("3"), 2));
}

static void test_decimal_compare(void)
{
    static const struct {
        const char *x, *y;
        int want;
    } cases[] = {
        {"5", "10", -1},  {"10", "5", 1},      {"1.5", "1.50", 0}, {"0.3", "0.25", 1},
        {"-5", "-10", 1}, {"-1", "0", -1},     {"-0", "0.00", 0},  {"950", "1330", -1},
        {"1.1", "1", 1},  {"0.05", "0.5", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int order = decimal_compare(str_of(cases[i].x), str_of(cases[i].y));
        CHECK_INT((order > 0) - (order < 0), cases[i].want);
    }
}

int main(void)
{
    RUN(test_decimal_multiply_is_exact);
    RUN(test_decimal_divide_rounds_half_up);
    RUN(test_decimal_round);
    RUN(test_decimal_takes_no_other_texts);
    RUN(test_decimal_refuses_to_grow_for_ever);
    RUN(test_decimal_compare);
    return check_done();
}
