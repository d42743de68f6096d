#include "common/data/json.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static struct arena arena;

static void test_json_check_accepts_and_refuses_as_the_grammar_says(void)
{
    const struct {
        str text;
        const char *wrong; /* NULL: good */
        size_t at;
    } cases[] = {
        {STR("{}"), NULL, 0},
        {STR(" [ ] \r\n\t"), NULL, 0},
        {STR("\"\""), NULL, 0},
        {STR("-0.5e+10"), NULL, 0},
        {STR("[0,-0,1E5,1.25,12e-3,true,false,null]"), NULL, 0},
        {STR("{\"a\" : [ {} , \"b\" ] , \"a\":1}"), NULL, 0},
        {STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\\u0000\""), NULL, 0},
        {STR("\"z\xc5\x82oty \xe2\x82\xac \xf0\x9f\x9a\x97\x7f\""), NULL, 0},
        {STR(""), "a value is missing", 0},
        {STR("  "), "a value is missing", 2},
        {STR("[1,]"), "not a value", 3},
        {STR("[1 2]"), "an array is not closed", 3},
        {STR("[,1]"), "not a value", 1},
        {STR("[1"), "an array is not closed", 2},
        {STR("[1}"), "an array is not closed", 2},
        {STR("{\"a\":1,}"), "a name is missing", 7},
        {STR("{a:1}"), "a name is missing", 1},
        {STR("{\"a\" 1}"), "a colon is missing", 5},
        {STR("{\"a\":}"), "not a value", 5},
        {STR("{\"a\":1"), "an object is not closed", 6},
        {STR("1 2"), "something stands behind the value", 2},
        {STR("nul"), "not a value", 0},
        {STR("True"), "not a value", 0},
        {STR("NaN"), "not a value", 0},
        {STR("'a'"), "not a value", 0},
        {STR("01"), "a malformed number", 1},
        {STR("-"), "a malformed number", 1},
        {STR("1."), "a malformed number", 2},
        {STR("1.e1"), "a malformed number", 2},
        {STR("1e"), "a malformed number", 2},
        {STR("+1"), "not a value", 0},
        {STR(".5"), "not a value", 0},
        {STR("\"abc"), "a string is not closed", 4},
        {STR("\"a\nb\""), "a control character in a string", 2},
        {STR("\"a\0b\""), "a control character in a string", 2},
        {STR("\"\\x\""), "a bad escape", 1},
        {STR("\"\\u12g4\""), "a bad escape", 1},
        {STR("\"\\u12"), "a bad escape", 1},
        {STR("\"\\"), "a bad escape", 1},
        {STR("\"\\ud800\""), "half a surrogate pair", 1},
        {STR("\"\\ud800\\u0041\""), "half a surrogate pair", 1},
        {STR("\"\\udc00\\ud800\""), "half a surrogate pair", 1},
        {STR("\"\xe9t\xe9\""), "not UTF-8", 1},
        {STR("\"\xc0\x80\""), "not UTF-8", 1},
        {STR("\"\xed\xa0\x80\""), "not UTF-8", 1},
        {STR("\"\xf4\x90\x80\x80\""), "not UTF-8", 1},
        {STR("\"0123456789abcdef\xe2\x82\""), "not UTF-8", 17},
        {STR("\xef\xbb\xbf{}"), "not a value", 0},
        {STR("{}\0"), "something stands behind the value", 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t at = 0;
        const char *wrong = json_check(cases[i].text, NULL, &at);
        CHECK_STR(str_of(wrong), str_of(cases[i].wrong));
        CHECK_INT(at, cases[i].at);
    }
}

static void test_json_check_holds_its_limits(void)
{
    struct json_limits limits = {.depth = 3, .number_bytes = 5, .members = 2};
    const struct {
        const char *text, *wrong;
        size_t at;
    } cases[] = {
        {"[[[1]]]", NULL, 0},
        {"[[[[1]]]]", "nested too deeply", 3},
        {"[{\"a\":[]},[[]]]", NULL, 0},
        {"-1.25", NULL, 0},
        {"-1.255", "a number is too long", 0},
        {"{\"a\":1,\"b\":2}", NULL, 0},
        {"{\"a\":1,\"b\":2,\"c\":3}", "too many members", 13},
        {"[1,2,3]", "too many members", 5},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t at = 0;
        CHECK_STR(str_of(json_check(str_of(cases[i].text), &limits, &at)),
                  str_of(cases[i].wrong));
        CHECK_INT(at, cases[i].at);
    }
}

static void test_json_check_survives_any_depth(void)
{
    enum { N = 100000 };
    struct json_limits limits = {.depth = UINT32_MAX};
    char *text = xalloc(N);

    memset(text, '[', N);
    size_t at;
    CHECK_STR(str_of(json_check((str){text, N}, NULL, &at)), STR("nested too deeply"));
    CHECK_INT(at, 64);
    CHECK_STR(str_of(json_check((str){text, N}, &limits, &at)), STR("nested too deeply"));
    CHECK_INT(at, 1024);
    free(text);
}

static void test_json_skip_cuts_values_off(void)
{
    str rest = STR(" 12 , \"a\\\"]}\" ,[1,{\"b\":\"]\"},[]] , {\"c\":[\"}\"]}true]");
    static const char *const wants[] = {"12", "\"a\\\"]}\"", "[1,{\"b\":\"]\"},[]]",
                                        "{\"c\":[\"}\"]}"};

    for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
        CHECK_STR(json_skip(&rest), str_of(wants[i]));
        if (i < 3)
            str_cut(&rest, ',');
    }
    CHECK_STR(json_skip(&rest), STR("true"));
    CHECK_STR(json_skip(&rest), STR_NONE);
    CHECK_STR(rest, STR("]"));
    rest = STR("  ");
    CHECK_STR(json_skip(&rest), STR_NONE);
    rest = STR_NONE;
    CHECK_STR(json_skip(&rest), STR_NONE);
}

static void test_json_members_and_items_come_in_order(void)
{
    str rest, name, value, item;

    CHECK(json_open(STR(" {\"a\" : 1 , \"b\\n\":[2, \"x\"],\"\":{}} "), &rest));
    CHECK(json_next_member(&rest, &name, &value));
    CHECK_STR(name, STR("a"));
    CHECK_STR(value, STR("1"));
    CHECK(json_next_member(&rest, &name, &value));
    CHECK_STR(name, STR("b\\n"));
    str items;
    CHECK(json_open(value, &items));
    CHECK(json_next_item(&items, &item));
    CHECK_STR(item, STR("2"));
    CHECK(json_next_item(&items, &item));
    CHECK_STR(item, STR("\"x\""));
    CHECK(!json_next_item(&items, &item));
    CHECK(json_next_member(&rest, &name, &value));
    CHECK_STR(name, STR(""));
    CHECK_STR(value, STR("{}"));
    CHECK(!json_next_member(&rest, &name, &value));
    CHECK(json_open(STR("[]"), &rest) && !json_next_item(&rest, &item));
    CHECK(json_open(STR("{}"), &rest) && !json_next_member(&rest, &name, &value));
    CHECK(!json_open(STR("\"{}\""), &rest));
    CHECK(!json_open(STR_NONE, &rest));
}

static void test_json_find_compares_decoded_names_and_takes_the_last(void)
{
    const struct {
        str object, name, want; /* p == NULL: not there */
    } cases[] = {
        {STR("{\"a\":1,\"b\":2}"), STR("b"), STR("2")},
        {STR("{\"a\":1,\"b\":2,\"a\":\"x\"}"), STR("a"), STR("\"x\"")},
        {STR("{\"a\":1}"), STR("A"), STR_NONE},
        {STR("{\"abc\":1}"), STR("ab"), STR_NONE},
        {STR("{\"\\u0061b\":1}"), STR("ab"), STR("1")},
        {STR("{\"a\\n\":1}"), STR("a\\n"), STR_NONE},
        {STR("{\"a\\n\":1}"), STR("a\n"), STR("1")},
        {STR("{\"\\ud83d\\ude97\":[1]}"), STR("\xf0\x9f\x9a\x97"), STR("[1]")},
        {STR("{\"cena_z\xc5\x82\":true}"), STR("cena_z\xc5\x82"), STR("true")},
        {STR("{\"a\":{\"b\":1}}"), STR("b"), STR_NONE},
        {STR("{\"x\":\"\\\"b\\\":1\",\"b\":2}"), STR("b"), STR("2")},
        {STR("{\"\":0}"), STR(""), STR("0")},
        {STR("[\"a\",1]"), STR("a"), STR_NONE},
        {STR(""), STR("a"), STR_NONE},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str got = STR_NONE;
        CHECK_INT(json_find(cases[i].object, cases[i].name, &got), cases[i].want.p != NULL);
        CHECK_STR(got, cases[i].want);
    }
}

/* RFC 6901, part 5, and the answers that look-ups see. */
static void test_json_pointer_finds_what_the_rfc_says(void)
{
    static const char document[] =
        "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"i\\\\j\":5,"
        "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"results\":[{\"lat\":52.2296760},{}]}";
    const struct {
        const char *pointer, *want;
    } cases[] = {
        {"", document},
        {"/foo", "[\"bar\",\"baz\"]"},
        {"/foo/0", "\"bar\""},
        {"/foo/1", "\"baz\""},
        {"/", "0"},
        {"/a~1b", "1"},
        {"/c%d", "2"},
        {"/i\\j", "5"},
        {"/k\"l", "6"},
        {"/ ", "7"},
        {"/m~0n", "8"},
        {"/results/0/lat", "52.2296760"},
        {"/foo/2", NULL},
        {"/foo/00", NULL},
        {"/foo/-", NULL},
        {"/foo/", NULL},
        {"/foo/0/x", NULL},
        {"/m~n", NULL},
        {"/m~2n", NULL},
        {"foo", NULL},
        {"/results/1/lat", NULL},
        {"/foo/99999999999999999999", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str got = STR_NONE;
        CHECK_INT(json_pointer(str_of(document), str_of(cases[i].pointer), &got),
                  cases[i].want != NULL);
        CHECK_STR(got, str_of(cases[i].want));
    }
}

static void test_json_quote_escapes_and_repairs(void)
{
    const struct {
        str text, want;
    } cases[] = {
        {STR_NONE, STR("\"\"")},
        {STR("abc"), STR("\"abc\"")},
        {STR("Left wheel"), STR("\"Left wheel\"")},
        {STR("0123456789abcdef0123"), STR("\"0123456789abcdef0123\"")},
        {STR("a\"b\\c"), STR("\"a\\\"b\\\\c\"")},
        {STR("\b\f\n\r\t"), STR("\"\\b\\f\\n\\r\\t\"")},
        {STR("x\0\x1fy\x7f"), STR("\"x\\u0000\\u001fy\x7f\"")},
        {STR("12345\"7"), STR("\"12345\\\"7\"")},
        {STR("1234567\n9"), STR("\"1234567\\n9\"")},
        {STR("0123456789abcde\"0123456789abcde\\x"),
         STR("\"0123456789abcde\\\"0123456789abcde\\\\x\"")},
        {STR("z\xc5\x82oty \xf0\x9f\x9a\x97"), STR("\"z\xc5\x82oty \xf0\x9f\x9a\x97\"")},
        {STR("\xe9t\xe9"), STR("\"\xef\xbf\xbdt\xef\xbf\xbd\"")},
        {STR("cut \xe2\x82"), STR("\"cut \xef\xbf\xbd\xef\xbf\xbd\"")},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(json_quoted(&arena, cases[i].text), cases[i].want);
}

/* Every length and every place of a special byte: blocks, words and single bytes agree. */
static void test_json_quote_is_undone_by_unquote(void)
{
    static const char specials[] = "\"\\\n\x01\0";
    char text[70];

    for (size_t n = 0; n < sizeof(text); n++)
        for (size_t at = 0; at <= n; at++)
            for (size_t i = 0; i < sizeof(specials); i++) {
                memset(text, 'a', sizeof(text));
                if (at < n)
                    text[at] = specials[i];
                str back = STR_NONE, quoted = json_quoted(&arena, (str){text, n});
                CHECK(!json_check(quoted, NULL, NULL));
                CHECK(json_unquote(&arena, quoted, &back));
                CHECK_STR(back, ((str){text, n}));
                arena_reset(&arena);
            }
}

static void test_json_unquote_decodes_or_borrows(void)
{
    const struct {
        str quoted, want; /* p == NULL: no string */
    } cases[] = {
        {STR("\"\""), STR("")},
        {STR("\"a\\u00e9\\u20ac\\ud83d\\ude97\""),
         STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x97")},
        {STR("\"a\\u0000b\""), STR("a\0b")},
        {STR("\"\\/\\\"\\\\\\b\\f\\n\\r\\t\""), STR("/\"\\\b\f\n\r\t")},
        {STR("\"\\ud800x\""), STR("\xef\xbf\xbdx")},
        {STR("\"a"), STR_NONE},
        {STR("\""), STR_NONE},
        {STR("\"a\"b\""), STR_NONE},
        {STR("\"a\\\""), STR_NONE},
        {STR("\"\\q\""), STR_NONE},
        {STR("12"), STR_NONE},
        {STR_NONE, STR_NONE},
    };
    str text;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str got = STR_NONE;
        CHECK_INT(json_unquote(&arena, cases[i].quoted, &got), cases[i].want.p != NULL);
        CHECK_STR(got, cases[i].want);
    }
    str plain = STR("\"borrowed\"");
    CHECK(json_unquote(&arena, plain, &text) && text.p == plain.p + 1);
    CHECK_STR(json_text(&arena, STR("\"a\\tb\"")), STR("a\tb"));
    CHECK_STR(json_text(&arena, STR("1.10")), STR("1.10"));
    CHECK_STR(json_text(&arena, STR("[1, 2]")), STR("[1, 2]"));
}

static void look_everywhere(str text)
{
    str rest = text, name, value;

    while (json_skip(&rest).n)
        ;
    if (json_open(text, &rest))
        while (json_next_member(&rest, &name, &value))
            ;
    if (json_open(text, &rest))
        while (json_next_item(&rest, &value))
            ;
    if (json_find(text, STR("\xc3\xa9\n"), &value) ||
        json_pointer(text, STR("/b/0/c~0"), &value))
        CHECK(value.p >= text.p && value.p + value.n <= text.p + text.n);
}

/* Cut and bent texts, each in memory of its very size: the sanitizer sees a step too far. */
static void test_json_stays_inside_broken_text(void)
{
    static const char good[] =
        "{ \"\\u00e9\\n\" : \"x\\\\\", \"b\":[{\"c~\":-1.5e3}, \"\\ud83d"
        "\\ude97\", null] ,\"long member name\":\"and a long value in it\"}";

    for (size_t n = 0; n < sizeof(good); n++)
        for (size_t at = 0; at <= n; at++) {
            char *text = malloc(n ? n : 1);
            memcpy(text, good, n);
            if (at < n)
                text[at] = "\"\\{}[],:u"[(at + n) % 9];
            look_everywhere((str){text, n});
            CHECK(json_text(&arena, (str){text, n}).n <= n);
            arena_reset(&arena);
            free(text);
        }
}

int main(void)
{
    RUN(test_json_check_accepts_and_refuses_as_the_grammar_says);
    RUN(test_json_check_holds_its_limits);
    RUN(test_json_check_survives_any_depth);
    RUN(test_json_skip_cuts_values_off);
    RUN(test_json_members_and_items_come_in_order);
    RUN(test_json_find_compares_decoded_names_and_takes_the_last);
    RUN(test_json_pointer_finds_what_the_rfc_says);
    RUN(test_json_quote_escapes_and_repairs);
    RUN(test_json_quote_is_undone_by_unquote);
    RUN(test_json_unquote_decodes_or_borrows);
    RUN(test_json_stays_inside_broken_text);
    arena_free(&arena);
    return check_done();
}
