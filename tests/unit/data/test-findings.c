#include "common/data/findings.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static struct arena arena;
static struct findings findings;

static void begin(void)
{
    arena_reset(&arena);
    findings = (struct findings){.arena = &arena};
}

static const struct {
    const char *word, *hint;
} near_words[] = {
    {"m22", "did you mean 'm2'? one of: m2, ft2, acre, ha"},
    {"arce", "did you mean 'acre'? one of: m2, ft2, acre, ha"},
    {"kilometres", "one of: m2, ft2, acre, ha"},
    {"x", "one of: m2, ft2, acre, ha"},
};

static void test_findings_name_the_nearest_word(void)
{
    const str units[] = {STR("m2"), STR("ft2"), STR("acre"), STR("ha")};

    for (size_t i = 0; i < ARRAY_LEN(near_words); i++) {
        begin();
        findings_unknown(&findings, (struct mark){1, 2}, str_of(near_words[i].word), "unit",
                         units, ARRAY_LEN(units));
        CHECK_STR(findings.list[0].hint, str_of(near_words[i].hint));
        CHECK_INT(findings.list[0].length, strlen(near_words[i].word));
    }
    CHECK_STR(findings.list[0].text, STR("unknown unit 'x'"));
}

static void test_findings_do_not_list_many_words(void)
{
    str many[9];

    begin();
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = STR("country");
    CHECK_STR(findings_hint(&arena, STR("contry"), many, 9), STR("did you mean 'country'?"));
    CHECK_STR(findings_hint(&arena, STR("price"), many, 9), STR(""));
    CHECK_STR(findings_hint(&arena, STR("price"), many, 0), STR(""));
}

static void test_findings_are_sorted_and_capped(void)
{
    begin();
    for (uint32_t i = 0; i < 60; i++)
        findings_warn(&findings, (struct mark){100 - i, 1}, 0, "warning %u", i);
    findings_error(&findings, (struct mark){1, 1}, 1, "one more");
    CHECK_INT(findings.n, FINDINGS_MAX);
    CHECK_INT(findings.left_out, 11);
    CHECK_INT(findings.warnings, 60);
    CHECK_INT(findings.errors, 1);
    findings_sort(&findings);
    CHECK_INT(findings.list[0].at.line, 51);
    CHECK_INT(findings.list[49].at.line, 100);
    CHECK_INT(findings.list[0].length, 1);
}

static void test_findings_cannot_steer_a_terminal(void)
{
    struct error error;

    begin();
    findings_error(&findings, (struct mark){1, 1}, 1,
                   "key '\x1b[2J' \xc2\x9b"
                   "1m é");
    CHECK_STR(findings.list[0].text, STR("key '.[2J' ..1m é"));
    error_at(&error, (struct mark){3, 4}, "no such thing");
    findings_take(&findings, &error);
    CHECK_INT(findings.list[1].at.line, 3);
    CHECK_STR(findings.list[1].text, STR("no such thing"));
}

static void test_findings_line_is_what_an_editor_shows(void)
{
    CHECK_STR(findings_line(STR("a\r\nb\n\nc"), 1), STR("a"));
    CHECK_STR(findings_line(STR("a\r\nb\n\nc"), 2), STR("b"));
    CHECK_STR(findings_line(STR("a\r\nb\n\nc"), 4), STR("c"));
    CHECK_STR(findings_line(STR("a\n"), 2), STR(""));
    CHECK_STR(findings_line(STR("a"), 7), STR(""));
}

int main(void)
{
    RUN(test_findings_name_the_nearest_word);
    RUN(test_findings_do_not_list_many_words);
    RUN(test_findings_are_sorted_and_capped);
    RUN(test_findings_line_is_what_an_editor_shows);
    RUN(test_findings_cannot_steer_a_terminal);
    arena_free(&arena);
    return check_done();
}
