#include "tools/show.h"

#include "tests/unit/check.h"

static void test_show_numbers_as_people_read_them(void)
{
    static const struct {
        struct show (*show)(uint64_t);
        uint64_t n;
        const char *want;
    } cases[] = {
        {show_digits, 0, "0"},          {show_digits, 999, "999"},
        {show_digits, 46524, "46,524"}, {show_digits, UINT64_MAX, "18,446,744,073,709,551,615"},
        {show_count, 999, "999"},       {show_count, 1000, "1.00k"},
        {show_count, 84000, "84.0k"},   {show_count, 999999, "999k"},
        {show_count, 1211000, "1.21M"}, {show_count, UINT64_MAX, "18446744T"},
        {show_bytes, 512, "512 B"},     {show_bytes, 118ull << 20, "118 MiB"},
        {show_age, 4100, "4.1s"},       {show_age, 302000, "5m02s"},
        {show_age, 8040000, "2h14m"},   {show_age, 273600000, "3d04h"},
        {show_clock, 14, "0:14"},       {show_clock, 3723, "1:02:03"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct show got = cases[i].show(cases[i].n);
        CHECK_STR(str_of(got.text), str_of(cases[i].want));
    }
}

int main(void)
{
    RUN(test_show_numbers_as_people_read_them);
    return check_done();
}
