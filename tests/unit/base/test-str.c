#include "common/base/str.h"

#include "tests/unit/check.h"

static void test_str_compares_bytes(void)
{
    CHECK(str_equal(STR_NONE, STR("")));
    CHECK(str_equal(STR("a\0b"), STR("a\0b")) && !str_equal(STR("a\0b"), STR("a\0c")));
    CHECK(str_is(STR("abc"), "abc") && !str_is(STR("abc"), "ab"));
    CHECK(str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
    CHECK(str_starts(STR_NONE, STR_NONE) && str_ends(STR("abc"), STR("bc")));
    CHECK(!str_ends(STR("c"), STR("bc")) && !str_ends(STR("abc"), STR("ab")));
    CHECK(str_compare(STR("a"), STR("b")) < 0 && str_compare(STR("b"), STR("a")) > 0);
    CHECK(str_compare(STR("a"), STR("ab")) < 0 && str_compare(STR("ab"), STR("ab")) == 0);
    CHECK(str_compare(STR("\x7f"), STR("\x80")) < 0 && str_compare(STR_NONE, STR("")) == 0);
}

static void test_str_trim_and_cut(void)
{
    str rest = STR("a,,b");

    CHECK_STR(str_trim(STR(" \t\r\n\v\f a b ")), STR("a b"));
    CHECK_STR(str_trim(STR("   ")), STR(""));
    CHECK_STR(str_trim(STR_NONE), STR(""));
    CHECK_STR(str_cut(&rest, ','), STR("a"));
    CHECK_STR(str_cut(&rest, ','), STR(""));
    CHECK_STR(rest, STR("b"));
    CHECK_STR(str_cut(&rest, ','), STR("b"));
    CHECK(rest.p == NULL);
    rest = STR("a,");
    CHECK_STR(str_cut(&rest, ','), STR("a"));
    CHECK(rest.p != NULL && rest.n == 0); /* an empty last piece is still one */
    CHECK_STR(str_cut(&rest, ','), STR(""));
    CHECK(rest.p == NULL);
}

static void test_str_reads_whole_numbers_only(void)
{
    const struct {
        const char *text;
        bool is_u64, is_i64;
        uint64_t unsigned_value;
        int64_t signed_value;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"007", true, true, 7, 7},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0},
        {"18446744073709551615", true, false, UINT64_MAX, 0},
        {"18446744073709551616", false, false, 0, 0},
        {"99999999999999999999", false, false, 0, 0},
        {"-1", false, true, 0, -1},
        {"-9223372036854775808", false, true, 0, INT64_MIN},
        {"-9223372036854775809", false, false, 0, 0},
        {"", false, false, 0, 0},
        {"-", false, false, 0, 0},
        {"+1", false, false, 0, 0},
        {" 1", false, false, 0, 0},
        {"1.0", false, false, 0, 0},
        {"0x1", false, false, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t u = 0;
        int64_t s = 0;
        CHECK_INT(str_to_u64(str_of(cases[i].text), &u), cases[i].is_u64);
        CHECK_INT(str_to_i64(str_of(cases[i].text), &s), cases[i].is_i64);
        CHECK(u == cases[i].unsigned_value);
        CHECK_INT(s, cases[i].signed_value);
    }
}

static void test_str_writes_what_it_reads(void)
{
    const char *const numbers[] = {"0", "9", "10", "1700000000000", "18446744073709551615"};
    char out[20];
    uint64_t v;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        CHECK(str_to_u64(str_of(numbers[i]), &v));
        CHECK_STR(str_between(out, str_write_u64(out, v)), str_of(numbers[i]));
    }
}

static void test_str_distance_counts_slips_of_the_finger(void)
{
    const struct {
        const char *a, *b;
        unsigned limit, want;
    } cases[] = {
        {"batch", "batch", 3, 0},   {"batch", "bacth", 3, 1},    {"batch", "bach", 3, 1},
        {"batch", "batches", 3, 2}, {"kitten", "sitting", 9, 3}, {"kitten", "sitting", 2, 2},
        {"", "abc", 9, 3},          {"abc", "", 9, 3},           {"", "", 1, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(str_distance(str_of(cases[i].a), str_of(cases[i].b), cases[i].limit),
                  cases[i].want);
}

int main(void)
{
    RUN(test_str_compares_bytes);
    RUN(test_str_trim_and_cut);
    RUN(test_str_reads_whole_numbers_only);
    RUN(test_str_writes_what_it_reads);
    RUN(test_str_distance_counts_slips_of_the_finger);
    return check_done();
}
