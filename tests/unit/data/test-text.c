#include "common/data/text.h"

#include "tests/unit/check.h"

static struct arena arena;

static void test_text_is_utf8_is_strict(void)
{
    const struct {
        str text;
        bool is_good;
    } cases[] = {
        {STR_NONE, true},
        {STR("plain, and longer than sixteen bytes"), true},
        {STR("\0\x7f"), true},
        {STR("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"), true},
        {STR("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"), true},
        {STR("0123456789abcdef\xc5\x82"), true},
        {STR("0123456789abcdef\xc5"), false},
        {STR("\x80"), false},             /* a tail alone */
        {STR("\xc1\xbf"), false},         /* overlong */
        {STR("\xe0\x9f\xbf"), false},     /* overlong */
        {STR("\xf0\x8f\xbf\xbf"), false}, /* overlong */
        {STR("\xed\xa0\x80"), false},     /* surrogate */
        {STR("\xf4\x90\x80\x80"), false}, /* beyond U+10FFFF */
        {STR("\xf5\x80\x80\x80"), false},
        {STR("\xff"), false},
        {STR("\xe2\x82"), false},
        {STR("\xe2\x82\x41"), false},
        {STR("\xf0\x9f\x9a"), false},
        {STR("\xf0\x9f\x41\x97"), false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(text_is_utf8(cases[i].text), cases[i].is_good);
}

/* What text_put() writes is what text_is_utf8() takes: all code points, there and back. */
static void test_text_put_writes_valid_sequences(void)
{
    char out[4];

    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        str text = str_between(out, text_put(out, point));
        bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
        if (text_utf8_length(text) != (is_surrogate ? 0 : text.n)) {
            CHECK_INT(point, -1);
            return;
        }
    }
}

static void test_text_knows_ascii_and_marks(void)
{
    CHECK(text_is_ascii(STR_NONE));
    CHECK(text_is_ascii(STR("0123456789abcdef\x7f")));
    CHECK(!text_is_ascii(STR("0123456789abcdef\x80")));
    CHECK(!text_is_ascii(STR("\xc3\xa9")));
    CHECK_STR(text_skip_bom(STR("\xef\xbb\xbfID")), STR("ID"));
    CHECK_STR(text_skip_bom(STR("\xef\xbb")), STR("\xef\xbb"));
    CHECK_STR(text_skip_bom(STR_NONE), STR_NONE);
}

static void test_text_from_1252_follows_the_table(void)
{
    CHECK_STR(text_from_1252(&arena, STR("Stra\xdf"
                                         "e 5 \x80 \x84gut\x93")),
              STR("Stra\xc3\x9f"
                  "e 5 \xe2\x82\xac \xe2\x80\x9egut\xe2\x80\x9c"));
    CHECK_STR(text_from_1252(&arena, STR("\x81\x9f\xa0\xff")),
              STR("\xc2\x81\xc5\xb8\xc2\xa0\xc3\xbf"));
    CHECK_STR(text_from_1252(&arena, STR_NONE), STR(""));
}

static void test_text_fold_makes_names_comparable(void)
{
    const struct {
        const char *text, *want;
    } cases[] = {
        {"Prod. year", "prod_year"},
        {"\xef\xbb\xbf ID ", "id"},
        {"  Leather\tinterior", "leather_interior"},
        {"gear-box__Type", "gear_box_type"},
        {"_id", "_id"},
        {"Cena Z\xc5\x81", "cena_z\xc5\x82"},
        {"POJEMNO\xc5\x9a\xc4\x86", "pojemno\xc5\x9b\xc4\x87"},
        {"GR\xc3\x96SSE", "gr\xc3\xb6sse"},
        {"\xd0\xa6\xd0\x95\xd0\x9d\xd0\x90", "\xd1\x86\xd0\xb5\xd0\xbd\xd0\xb0"},
        {"M\xc3\x9cH\xc6\x8fRR", "m\xc3\xbch\xc9\x99rr"},
        {"A\xc3", "a\xc3"},
        {"", ""},
        {" ", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(text_fold(&arena, str_of(cases[i].text)), str_of(cases[i].want));
}

int main(void)
{
    RUN(test_text_is_utf8_is_strict);
    RUN(test_text_put_writes_valid_sequences);
    RUN(test_text_knows_ascii_and_marks);
    RUN(test_text_from_1252_follows_the_table);
    RUN(test_text_fold_makes_names_comparable);
    arena_free(&arena);
    return check_done();
}
