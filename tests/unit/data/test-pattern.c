#include "common/data/pattern.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static struct arena arena;

static struct pattern *made(const char *source)
{
    str why = STR_NONE;
    struct pattern *p = pattern_new(&arena, str_of(source), &why);

    if (!p)
        printf("# '%s' " STR_FMT "\n", source, STR_ARG(why));
    return p;
}

static void test_pattern_catches_the_first_group(void)
{
    static const struct {
        const char *source, *text, *want; /* NULL: not found */
    } cases[] = {
        {"([0-9]+) bed", "127 bedroom apartment for sale", "127"},
        {"^(\\d+)-комнатная", "2-комнатная квартира, 70 м²", "2"},
        {", ([\\d.,]+) м²", "3-комнатная квартира, 107.2 м², 10/13 этаж", "107.2"},
        {"/(\\d+) этаж$", "3-комнатная квартира, 107.2 м², 10/13 этаж", "13"},
        {"([A-Z]{1,2}\\d[A-Z\\d]?(?: \\d[A-Z]{2})?)$", "Horsforth, Leeds, LS18 5HH",
         "LS18 5HH"},
        {"([A-Z]{1,2}\\d[A-Z\\d]?(?: \\d[A-Z]{2})?)$", "Sheriff Hutton, York, YO60", "YO60"},
        {"(?:Added|Reduced) (?:on )?(.+)", "Reduced today", "today"},
        {"(?i)(half)-bath", "Shared HALF-bath", "HALF"},
        {"([а-я]+)", "Алматы", "лматы"},
        {"^(.)$", "€", "€"},
        {"(a)|b", "b", ""},
        {"([]x]+)", "a]x]", "]x]"},
        {"([^]]+)", "a]", "a"},
        {"([\\w\\s]+)", "-ab c_1-", "ab c_1"},
        {"([[:alpha:]\\.]+)", "12a.b", "a.b"},
        {"\\$([\\d,]+) HOA", "8,071 sq ft lot; $8,478 HOA; Walker's paradise", "8,478"},
        {"\\b(\\d{4})\\b", "1000 BRUXELLES", "1000"},
        {"(x{2,3})", "xxxx", "xxx"},
        {"(\\(\\))", "f()", "()"},
        {"(\\d+) bed", "studio", NULL},
        {"^(a|aa|aaa)*b$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pattern *p = made(cases[i].source);
        str group = STR_NONE;
        CHECK(p != NULL);
        if (!p)
            continue;
        bool is_found = pattern_find(p, str_of(cases[i].text), &group, 1);
        if (is_found != (cases[i].want != NULL))
            printf("# '%s' in '%s'\n", cases[i].source, cases[i].text);
        CHECK_INT(is_found, cases[i].want != NULL);
        if (is_found)
            CHECK_STR(group, str_of(cases[i].want));
        pattern_free(p);
    }
}

static void test_pattern_gives_the_groups_that_were_asked_for(void)
{
    struct pattern *p = made("(\\d+)/(\\d+)(?: (этаж))?");
    str groups[3];

    CHECK_INT(pattern_groups(p), 3);
    CHECK(pattern_find(p, STR("5/10"), groups, 3));
    CHECK_STR(groups[0], STR("5"));
    CHECK_STR(groups[1], STR("10"));
    CHECK_STR(groups[2], STR_NONE);
    CHECK(pattern_find(p, STR("5/10 этаж"), NULL, 0));
    pattern_free(p);
}

static void test_pattern_refuses_what_it_cannot_keep(void)
{
    static const struct {
        const char *source, *why;
    } cases[] = {
        {"", "must have 1 to 1000 bytes"},
        {"(a", "is no pattern: Missing ')'"},
        {"[a", "has a [ without its ]"},
        {"a\\", "ends with a \\"},
        {"\xff", "is no UTF-8"},
        {"(a)\\1", "refers back to a group, which takes more than linear time"},
        {"a{9B}", "has a { that begins no repeat as {2} or {2,5}: write \\{"},
        {"a{2", "has a { that begins no repeat as {2} or {2,5}: write \\{"},
        {"a)b", "has a ) without its ("},
        {"\\Qa", "has an escape that is none of \\d \\w \\s \\b, their opposites, \\t \\n \\r"},
        {"(?=a)", "has a (? that is not (?: or (?i): looking ahead and behind is not offered"},
        {"((a{99}){99}){99}",
         "repeats too much: some 2000 characters, with its repeats written out"},
        {"(((a{2,50}){2,50}b)+c){9}",
         "repeats too much: some 2000 characters, with its repeats written out"},
        {"[a\\-z]",
         "has an escape between [ and ] that is not \\d \\w or \\s: there a ] stands "
         "first, a - last and a ^ not first"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str why = STR_NONE;
        struct pattern *p = pattern_new(&arena, str_of(cases[i].source), &why);
        CHECK(p == NULL);
        CHECK_STR(why, str_of(cases[i].why));
        pattern_free(p);
    }
}

static void test_pattern_looks_at_the_first_4096_bytes(void)
{
    struct pattern *p = made("(x)$");
    char text[PATTERN_TEXT_MAX + 1];

    memset(text, 'a', sizeof(text));
    text[PATTERN_TEXT_MAX] = 'x';
    CHECK(!pattern_find(p, (str){text, sizeof(text)}, NULL, 0));
    text[PATTERN_TEXT_MAX - 1] = 'x';
    CHECK(pattern_find(p, (str){text, sizeof(text)}, NULL, 0));
    memcpy(text + PATTERN_TEXT_MAX - 1, "\xc3\xa9", 2); /* a character across the end */
    text[PATTERN_TEXT_MAX - 2] = 'x';
    CHECK(pattern_find(p, (str){text, sizeof(text)}, NULL, 0));
    pattern_free(p);
}

int main(void)
{
    RUN(test_pattern_catches_the_first_group);
    RUN(test_pattern_gives_the_groups_that_were_asked_for);
    RUN(test_pattern_refuses_what_it_cannot_keep);
    RUN(test_pattern_looks_at_the_first_4096_bytes);
    arena_free(&arena);
    return check_done();
}
