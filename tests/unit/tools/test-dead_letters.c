#include "tools/dead_letters.h"

#include "tests/unit/check.h"

static struct arena arena;

static void test_foreign_bytes_are_harmless_on_a_terminal(void)
{
    const struct {
        str in, out;
    } rows[] = {
        {STR("plain \"text\""), STR("plain \"text\"")},
        {STR("\x1b[2J\n\t"), STR("\\x1b[2J\\x0a\\x09")},
        {STR("\x7f"), STR("\\x7f")},
        {STR("M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80"),
         STR("M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80")},
        {STR("\xc2\x9b"
             "31m"),
         STR("\\xc2\\x9b"
             "31m")},
        {STR("cut \xe2\x82"), STR("cut \\xe2\\x82")},
        {STR("\xff\xc0\x80"), STR("\\xff\\xc0\\x80")},
        {{"a\0b", 3}, STR("a\\x00b")},
        {STR_NONE, STR("")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(letter_printable(&arena, rows[i].in), rows[i].out);
    arena_reset(&arena);
}

static void test_a_filter_takes_what_matches_in_all_it_names(void)
{
    const struct letter l = {.stage = STR("tidy"),
                             .reason = STR("required"),
                             .src = STR("00000000000000aa"),
                             .uri = STR("file:///a")};
    const struct {
        struct letter_filter filter;
        bool matches;
    } rows[] = {
        {{STR_NONE, STR_NONE, STR_NONE, NULL}, true},
        {{{"tidy", 4}, STR_NONE, STR_NONE, NULL}, true},
        {{{"tid", 3}, STR_NONE, STR_NONE, NULL}, false},
        {{STR_NONE, {"required", 8}, STR_NONE, NULL}, true},
        {{{"tidy", 4}, {"ragged", 6}, STR_NONE, NULL}, false},
        {{STR_NONE, STR_NONE, {"00000000000000aa", 16}, NULL}, true},
        {{STR_NONE, STR_NONE, {"file:///a", 9}, NULL}, true},
        {{STR_NONE, STR_NONE, {"file:///", 8}, NULL}, false},
        {{{"ship", 4}, {"required", 8}, {"file:///a", 9}, NULL}, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(letter_matches(&l, &rows[i].filter), rows[i].matches);
}

int main(void)
{
    RUN(test_foreign_bytes_are_harmless_on_a_terminal);
    RUN(test_a_filter_takes_what_matches_in_all_it_names);
    arena_free(&arena);
    return check_done();
}
