#include "common/data/json.h"
#include "tests/unit/check.h"

static void test_json_next_strings_cuts_what_stands_close(void)
{
    static const struct {
        const char *items;
        uint32_t n;
        bool is_plain;
        const char *rest;
    } cases[] = {
        {"\"a\",\"b\"]", 2, true, "]"},
        {",\"a\",\"\"]", 2, true, "]"},
        {"\"a\",\"b\",\"c\",\"d\"]", 3, true, ",\"d\"]"}, /* at most three */
        {"\"a\" ,\"b\"]", 1, true, " ,\"b\"]"},
        {"\"a\", \"b\"]", 1, true, ", \"b\"]"},
        {"\"a\"\"b\"]", 1, true, "\"b\"]"},
        {"\"a\",1]", 1, true, ",1]"},
        {"\"a\\\"b\",\"c\"]", 2, false, "]"},
        {"\"caf\xc3\xa9\",\"c\"]", 2, false, "]"},
        {"\"a\x01\"]", 1, false, "]"},
        {"\"a long text that needs more than one block of sixteen\",\"b\"]", 2, true, "]"},
        {"\"a\",\"open", 1, true, ",\"open"},
        {"\"a\",\"open\\\"", 1, false, ",\"open\\\""},
        {"]", 0, true, "]"},
        {"", 0, true, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str rest = str_of(cases[i].items), values[3];
        bool is_plain = true;
        uint32_t n = json_next_strings(&rest, values, ARRAY_LEN(values), &is_plain);
        CHECK_INT(n, cases[i].n);
        CHECK_INT(is_plain, cases[i].is_plain);
        CHECK_STR(rest, str_of(cases[i].rest));
        for (uint32_t j = 0; j < n; j++)
            CHECK(values[j].n >= 2 && values[j].p[0] == '"' &&
                  values[j].p[values[j].n - 1] == '"');
    }
}

int main(void)
{
    RUN(test_json_next_strings_cuts_what_stands_close);
    return check_done();
}
