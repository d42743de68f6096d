#include "common/data/charset.h"

#include "common/data/text.h"
#include "tests/unit/check.h"

struct charset_case {
    const char *bytes, *want; /* NULL: none is suggested */
};

static void check_cases(const struct charset_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena a = {0};
        struct charset c = {0};
        charset_add(&c, text_from_1252(&a, str_of(cases[i].bytes)));
        const char *guess = charset_guess(&c);
        CHECK_STR(str_of(guess), str_of(cases[i].want));
        arena_free(&a);
    }
}

static void test_letters_of_other_encodings_are_told(void)
{
    static const struct charset_case cases[] = {
        /* "Продается дом у реки" and "Квартира", in windows-1251 and in koi8-r */
        {"\xcf\xf0\xee\xe4\xe0\xe5\xf2\xf1\xff \xe4\xee\xec \xf3 \xf0\xe5\xea\xe8, "
         "\xca\xe2\xe0\xf0\xf2\xe8\xf0\xe0",
         "windows-1251"},
        {"\xf0\xd2\xcf\xc4\xc1\xc5\xd4\xd3\xd1 \xc4\xcf\xcd \xd5 \xd2\xc5\xcb\xc9, "
         "\xeb\xd7\xc1\xd2\xd4\xc9\xd2\xc1",
         "koi8-r"},
        /* "Πωλείται διαμέρισμα" */
        {"\xd0\xf9\xeb\xe5\xdf\xf4\xe1\xe9 \xe4\xe9\xe1\xec\xdd\xf1\xe9\xf3\xec\xe1",
         "windows-1253"},
        /* "działka pod miastem, duża łąka, mała stodoła, wieża" */
        {"dzia\xb3ka pod miastem, du\xbf"
         "a \xb3\xb9ka, ma\xb3"
         "a stodo\xb3"
         "a, wie\xbf"
         "a",
         "windows-1250"},
        /* "město, někde, dvě světlé, věž, měsíc" */
        {"m\xecsto, n\xeckde, sv\xectl\xe9, v\xec\x9e, m\xecs\xed"
         "c",
         "windows-1250"},
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_letters_of_windows_1252_stay(void)
{
    static const struct charset_case cases[] = {
        {"plain ascii", NULL},
        {"", NULL},
        /* "Größe der Küche: 12 m², Süden, schöne Tür, Bäder, größer, Straße, Öl, grün" */
        {"Gr\xf6\xdf"
         "e der K\xfc"
         "che: 12 m\xb2, S\xfc"
         "den, sch\xf6ne T\xfcr, B\xe4"
         "der, "
         "gr\xf6\xdf"
         "er, Stra\xdf"
         "e, \xd6l, gr\xfcn",
         NULL},
        {"\xbfQu\xe9? \xbfY el a\xf1o? 30 m\xb3 de agua, 2\xba piso, 3\xba, 4\xaa, se\xf1or, "
         "ba\xf1os, ping\xfcino, \xfaltimo, caf\xe9, jard\xedn",
         NULL},
        {"luned\xec, cos\xec, venerd\xec, gioved\xec, marted\xec, citt\xe0, perch\xe9, pi\xf9",
         NULL},
        {"c\x9cur, s\x9cur, \x9cuvre, n\x9cud, \xe9t\xe9, No\xebl, \xe7"
         "a, l\xe0, o\xf9, "
         "cr\xe9\xe9"
         "e, \xe9\xe9",
         NULL},
        {"\xa3"
         "250k, \xa3"
         "300 pcm, \xa9 2020, 20\xb0"
         "C, \xbd acre",
         NULL},
        {"S\xe3o Jo\xe3o, cora\xe7\xe3o, n.\xba 5, avi\xf5"
         "es, pens\xf5"
         "es, a\xe7\xfa"
         "car",
         NULL},
        {"\xcf\xf0\xee", NULL}, /* too few to say */
    };

    check_cases(cases, ARRAY_LEN(cases));
}

static void test_texts_add_up(void)
{
    struct charset c = {0};

    for (int i = 0; i < 3; i++) {
        CHECK(!charset_guess(&c));
        charset_add(&c, STR("\u00cf\u00f0\u00ee\u00e4\u00e0")); /* Прода */
    }
    CHECK_STR(str_of(charset_guess(&c)), STR("windows-1251"));
}

int main(void)
{
    RUN(test_letters_of_other_encodings_are_told);
    RUN(test_letters_of_windows_1252_stay);
    RUN(test_texts_add_up);
    return check_done();
}
