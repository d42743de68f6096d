#include "common/data/script.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "tests/unit/check.h"

static struct script *script;
static struct error error;
static str why;

static const char document[] =
    "{\"price\":250,\"s\":\"250\",\"zero\":0,\"empty\":\"\",\"none\":null,\"yes\":true,"
    "\"big\":12345678901234567,\"huge\":123456789012345678901,\"rate\":2.5e1,"
    "\"text\":\"a\\u0062\\n\\\"\",\"country\":\"GB\",\"listing id\":7,\"type\":\"sale\","
    "\"address\":{\"city\":\"Leeds\",\"no\":{\"n\":[1,[2,3],null,4]}},\"tags\":[\"x\",\"y\"],"
    "\"a\\\"b\":1,\"sp_id\":\"1\"}";

/* 't', 'f', or 'e' when it raised, 'c' when it does not compile */
static char outcome(const char *text)
{
    struct record r = {.line = str_of(document)};
    uint32_t number;
    bool holds;

    if (script_compile(script, str_of(text), &number, &error))
        return 'c';
    if (!script_test(script, number, &r, &holds, &why))
        return 'e';
    return holds ? 't' : 'f';
}

static const struct {
    const char *text;
    char outcome;
} cases[] = {
    /* members and their types */
    {"price == 250 and country == \"GB\"", 't'},
    {"price > 100", 't'},
    {"s == 250", 'f'},
    {"s + 0 > 100", 't'},
    {"big == 12345678901234567", 't'},
    {"math.type(big) == 'integer'", 't'},
    {"huge > 1e20 and rate == 25", 't'},
    {"text == 'ab\\n\"'", 't'},
    {"_['listing id'] == 7 and _['a\"b'] == 1", 't'},
    {"yes", 't'},
    {"zero and empty", 't'},
    {"none == nil", 't'},
    {"none ~= nil", 'f'},
    {"type == 'sale'", 't'},
    {"_.price == price", 't'},
    {"address.city == 'Leeds'", 't'},
    {"address.no.n[2][1] == 2 and address.no.n[4] == 4 and address.no.n[3] == nil", 't'},
    {"#tags == 2 and tags[1] == 'x' and tags[0] == nil", 't'},
    {"_[1] == nil", 't'},
    /* what is missing compares as false */
    {"missing > 100", 'f'},
    {"missing <= 100", 'f'},
    {"not (missing > 100)", 't'},
    {"'a' < missing", 'f'},
    {"missing.city.street == nil", 't'},
    {"missing + 1 > 0", 'e'},
    /* functions */
    {"tostring(price) == '250' and tonumber(s) == price", 't'},
    {"country:lower() == 'gb' and string.upper('a') == 'A'", 't'},
    {"('a.b'):find('.') == 2", 't'},
    {"('aab'):find('b', -1) == 3 and ('aab'):find('a', 9) == nil", 't'},
    {"string.format('%03d %s', 7, 'x') == '007 x'", 't'},
    {"math.floor(2.5) == 2 and utf8.len('\xc3\xa9') == 1", 't'},
    {"table.concat({1, 2}, '-') == '1-2' and select('#', 1, 2) == 2", 't'},
    {"tostring({}) == 'table' and tostring(math.floor) == 'function'", 't'},
    /* what is not there */
    {"load == nil and require == nil and os == nil and io == nil and debug == nil", 't'},
    {"pcall == nil and coroutine == nil and setmetatable == nil and rawset == nil", 't'},
    {"collectgarbage == nil and string.rep == nil and string.gsub == nil", 't'},
    {"('x').rep == nil and ('x').match == nil and ('x').gmatch == nil", 't'},
    {"math.random == nil and table.sort == nil and table.move == nil", 't'},
    {"string.format('%p', {}) == ''", 'e'},
    {"string.format('%-5p', {}) == ''", 'e'},
    {"(function() x = 1 return true end)()", 'e'},
    {"(function() string.len = nil return true end)()", 'e'},
    {"(function() _.price = 1 return true end)()", 'e'},
    {"(function() table.insert(_, 1) return true end)()", 'e'},
    /* no expression */
    {"", 'c'},
    {"-- nothing", 'c'},
    {"a, b", 'c'},
    {"true; x = 1", 'c'},
    {"_ENV == nil", 'c'},
    {"\033Lua", 'c'},
    {"a and\n  b == nil", 'f'},
};

static void test_script_conditions(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got = outcome(cases[i].text);
        if (got != cases[i].outcome)
            printf("# %s -> %c, wanted %c: %s " STR_FMT "\n", cases[i].text, got,
                   cases[i].outcome, error.text, STR_ARG(why));
        CHECK(got == cases[i].outcome);
    }
}

static const struct {
    const char *text, *says;
} compile_errors[] = {
    {"country != \"GB\"", "write ~= for !="},
    {"a && b", "write and for &&"},
    {"a || b", "write or for ||"},
    {"a = \"x\"", "write == for ="},
    {"!a", "write not for !"},
    {"a and", "compile: unexpected symbol near <eof>"},
    {"a == '!=' and", "near <eof>"},
    {"a and\n)", "2: unexpected symbol"},
};

static void test_script_compile_says_what_to_write(void)
{
    for (size_t i = 0; i < ARRAY_LEN(compile_errors); i++) {
        CHECK(outcome(compile_errors[i].text) == 'c');
        CHECK(strstr(error.text, compile_errors[i].says));
    }
    CHECK(outcome("a == '!=' and") == 'c' && !strstr(error.text, "write"));
}

static void test_script_errors_name_the_member(void)
{
    CHECK(outcome("country == 'GB' and s > 100") == 'e');
    CHECK_STR(why,
              STR("attempt to compare number with string (country is \"GB\", s is \"250\")"));
    CHECK(outcome("error('no')") == 'e');
    CHECK_STR(why, STR("no"));
    CHECK(outcome("error({})") == 'e');
    CHECK_STR(why, STR("it raised something that is no text"));
    CHECK(outcome("nothing()") == 'e');
    CHECK_STR(why, STR("attempt to call a nil value (global 'nothing')"));
}

static const char *const bombs[] = {
    "(function() while true do end end)()",
    "(function() local s = 'x' while true do s = s .. s end end)()",
    ("(function() local s = 'x' for i = 1, 18 do s = s .. s end "
     "while true do local t = s:lower() end end)()"),
    "(function() local t = {} for i = 1, 1e12 do t[i] = i end end)()",
    "(function() local function f() return 1 + f() end return f() end)()",
    "(function() while true do local t = address end end)()",
    "(function() while true do local t = price end end)()",
    "(function() local t = {table.unpack({}, 1, 1e7)} end)()",
    "table.concat({}, ',', 1, 1e12)",
};

static void test_script_stops_what_runs_away(void)
{
    uint32_t first;
    struct record r = {.line = STR("{\"price\":1}")};
    bool holds = false;

    CHECK_INT(script_compile(script, STR("price == 1"), &first, &error), 0);
    for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
        uint64_t start_us = clock_mono_us(&clock_system);
        CHECK(outcome(bombs[i]) == 'e');
        uint64_t took_us = clock_mono_us(&clock_system) - start_us;
        if (took_us > 2000000)
            printf("# %s took %u us\n", bombs[i], (unsigned)took_us);
        CHECK(took_us < 2000000); /* 5 ms and what one look may be late, on a busy machine */
        CHECK(script_test(script, first, &r, &holds, &why) && holds);
    }
}

static void test_script_looks_at_added_members_and_rows(void)
{
    struct member added = {NULL, STR("price"), STR("3")};
    struct record r = {.line = STR("{\"price\":1}"), .added = &added, .last = &added};
    struct record row = {.line = STR("[0,\"a\"]")};
    uint32_t number;
    bool holds = false;

    CHECK_INT(script_compile(script, STR("price == 3"), &number, &error), 0);
    CHECK(script_test(script, number, &r, &holds, &why) && holds);
    CHECK(script_test(script, number, &row, &holds, &why) && !holds);
}

static void test_script_takes_many_and_long_conditions(void)
{
    static char text[70000];
    struct record r = {.line = STR("{\"n\":1}")};
    uint32_t number;
    bool holds;

    memset(text, ' ', sizeof(text));
    text[0] = '1';
    CHECK(script_compile(script, (str){text, sizeof(text)}, &number, &error) == ERR_CONFIG);
    CHECK(script_compile(script, (str){text, 60000}, &number, &error) == 0);
    memset(text, '(', 300);
    CHECK(script_compile(script, (str){text, 300}, &number, &error) == ERR_CONFIG);
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "n == %d and tostring(n) .. 'some text' ~= 'x%d'", i, i);
        CHECK(script_compile(script, str_of(text), &number, &error) == 0);
        CHECK(script_test(script, number, &r, &holds, &why) && holds == (i == 1));
    }
}

int main(void)
{
    script = script_new();
    RUN(test_script_conditions);
    RUN(test_script_compile_says_what_to_write);
    RUN(test_script_errors_name_the_member);
    RUN(test_script_stops_what_runs_away);
    RUN(test_script_looks_at_added_members_and_rows);
    RUN(test_script_takes_many_and_long_conditions);
    script_free(script);
    script_free(NULL);
    return check_done();
}
