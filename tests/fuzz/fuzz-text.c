/* Our UTF-8 check against a decoder that works the other way round: read a code point, write
 * it, compare. And what comes out of windows-1252 and of folding is sound. */
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

/* The code point that so many bytes at `s` would stand for, valid or not. */
static uint32_t decode(str s, size_t n)
{
    uint32_t point = (unsigned char)s.p[0] & (n == 1 ? 0x7f : 0xff >> (n + 1));

    for (size_t i = 1; i < n; i++)
        point = point << 6 | ((unsigned char)s.p[i] & 0x3f);
    return point;
}

static size_t reference_length(str s)
{
    char again[4];

    for (size_t n = 1; n <= 4 && n <= s.n; n++) {
        uint32_t point = decode(s, n);
        bool is_sound = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
        if (is_sound && str_equal(str_between(again, text_put(again, point)), (str){s.p, n}))
            return n;
    }
    return 0;
}

static bool reference_is_utf8(str s)
{
    while (s.n) {
        size_t n = reference_length(s);
        if (n == 0)
            return false;
        s = (str){s.p + n, s.n - n};
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena arena;
    str text = {(const char *)bytes, n};

    PROMISE(text_is_utf8(text) == reference_is_utf8(text));
    PROMISE(text_utf8_length(text) == (n ? reference_length(text) : 0));
    PROMISE(!text_is_ascii(text) || text_is_utf8(text));
    str recoded = text_from_1252(&arena, text);
    PROMISE(text_is_utf8(recoded) && recoded.n <= 3 * n);
    PROMISE(!text_is_ascii(text) || str_equal(recoded, text));
    str folded = text_fold(&arena, text);
    bool has_mark = str_starts(folded, STR("\xef\xbb\xbf")); /* one of two */
    PROMISE(folded.n <= n && (has_mark || str_equal(text_fold(&arena, folded), folded)));
    PROMISE(!text_is_utf8(text) || text_is_utf8(folded));
    arena_reset(&arena);
    return 0;
}
