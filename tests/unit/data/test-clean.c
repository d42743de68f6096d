#include "common/data/clean.h"

#include "tests/unit/check.h"

static void check_clean(const char *text, const char *want, unsigned what)
{
    struct arena a = {0};

    CHECK_STR(clean_text(&a, str_of(text), what), str_of(want));
    arena_free(&a);
}

struct clean_case {
    const char *text, *want;
};

static void check_cases(const struct clean_case *cases, size_t n, unsigned what)
{
    for (size_t i = 0; i < n; i++)
        check_clean(cases[i].text, cases[i].want, what);
}

static void test_html_leaves_the_words(void)
{
    static const struct clean_case cases[] = {
        /* airbnb_antwerp: description */
        {"The space<br />All of it.<br/><br />Near", "The space All of it. Near"},
        {"<p>one</p><p>two</p>", "one two"},
        {"<ul><LI>one</LI><li>two</ul>", "one two"},
        {"<b>bold</b>er", "bolder"},
        {"<my-brand>x</my-brand><o:p></o:p>", "x"},
        {"Euro_3_<FESTPREIS>", "Euro_3_<FESTPREIS>"}, /* ebay: name */
        {"<Tel. 0171> </Tel>", "<Tel. 0171> </Tel>"},
        {"<SALE-2018> <a@b.de> <https://b.de>", "<SALE-2018> <a@b.de> <https://b.de>"},
        {"<!> <? <!3>", "<!> <? <!3>"},
        {"a<td class=x>b", "a b"},
        {"<a href='/x?a>b' title = \"c > d\">link</a>", "link"},
        {"<a title=it's>link</a> isn't", "link isn't"},
        {"<a title=\"unclosed>link</a>", "link"},
        {"one<!-- two > <b> -->three", "onethree"},
        {"one<!-- two>three", "onethree"},
        {"<!DOCTYPE html><?xml ?>x", "x"},
        {"x<script type=a>if (a < b) \"</b>\"</script >y", "xy"},
        {"x<STYLE>p {}</style>y", "xy"},
        {"x<script>rest", "x"},
        {"3 < 5 and 7 > 6", "3 < 5 and 7 > 6"},
        {"<3 and <", "<3 and <"},
        {"a <b and no end", "a <b and no end"},
        {"<", "<"},
        {"</", "</"},
        {"", ""},
    };

    check_cases(cases, ARRAY_LEN(cases), CLEAN_HTML);
}

static void test_html_decodes_entities(void)
{
    static const struct clean_case cases[] = {
        {"Caf&eacute; &amp; Bar", "Café & Bar"},
        {"&lt;b&gt;", "<b>"},
        {"&AElig;&zwnj;&euro;&apos;&quot;", "Æ\u200c€'\""},
        {"&thetasym;&Mu;", "ϑΜ"},
        {"&#8211;&#x2013;&#X2013;", "–––"},
        {"&#150;&#128;", "–€"}, /* windows-1252 */
        {"&#x1F600;", "😀"},
        {"&#0;&#xD800;&#x110000;&#99999999;", "\ufffd\ufffd\ufffd\ufffd"},
        {"&nosuch; &EACUTE; &; &#; &#x; &#12a; & &amp",
         "&nosuch; &EACUTE; &; &#; &#x; &#12a; & &amp"},
        {"?a=1&copy=2", "?a=1&copy=2"},
        {"&amp;lt;", "&lt;"},
    };

    check_cases(cases, ARRAY_LEN(cases), CLEAN_HTML);
}

static void test_blanks_of_any_kind_become_one(void)
{
    static const struct clean_case cases[] = {
        /* immoweb: address */
        {"1000 BRUXELLES\n    \n    ¦\n    \n      Adres", "1000 BRUXELLES ¦ Adres"},
        {"Super built-up  Area ", "Super built-up Area"}, /* bengaluru */
        {"52\u00a0000\u202f000\u2003〒", "52 000 000 〒"},
        {"\u3000a\u2028b\xc2\x85"
         "c\t\r\nd\u00a0",
         "a b c d"},
        {"a_b", "a_b"},
        {"a\u200bb", "a\u200bb"},
        {" \u00a0 ", ""},
    };

    check_cases(cases, ARRAY_LEN(cases), CLEAN_BLANKS);
}

static void test_signs_of_other_kinds(void)
{
    /* ebay: name */
    check_clean("Golf_1.6__Tech._AHK_", "Golf 1.6  Tech. AHK", CLEAN_UNDERSCORES);
    check_clean("Golf_1.6__Tech._AHK_", "Golf 1.6 Tech. AHK", CLEAN_UNDERSCORES | CLEAN_BLANKS);
    check_clean("Абая 28а\u200b", "Абая 28а", CLEAN_INVISIBLE); /* krisha */
    check_clean("\ufeffa\u00adb\u200e\u202ac\u2060\u2066", "abc", CLEAN_INVISIBLE);
    check_clean("a \u200b b", "a  b", CLEAN_INVISIBLE);
    check_clean("a \u200b b", "a b", CLEAN_INVISIBLE | CLEAN_BLANKS);
    check_clean("<p>a&nbsp;\u200b_b</p>", "a b",
                CLEAN_HTML | CLEAN_INVISIBLE | CLEAN_BLANKS | CLEAN_UNDERSCORES);
}

static void test_what_is_clean_is_borrowed(void)
{
    struct arena a = {0};
    str text = STR(" 3 < 5 & äöü "), inner = {text.p + 1, text.n - 2};
    str clean = clean_text(&a, text, CLEAN_HTML | CLEAN_UNDERSCORES | CLEAN_INVISIBLE);

    CHECK(clean.p == inner.p && clean.n == inner.n);
    clean = clean_text(&a, inner, CLEAN_BLANKS);
    CHECK(clean.p == inner.p && clean.n == inner.n);
    arena_free(&a);
}

int main(void)
{
    RUN(test_html_leaves_the_words);
    RUN(test_html_decodes_entities);
    RUN(test_blanks_of_any_kind_become_one);
    RUN(test_signs_of_other_kinds);
    RUN(test_what_is_clean_is_borrowed);
    return check_done();
}
