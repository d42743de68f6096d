/* Names of fields: small letters of ASCII, digits and '_'. Letters of other scripts become
 * those that are written for them where ASCII is all there is. */
#include "common/data/text.h"
#include "tools/init_write.h"

enum { LETTERS_MAX = 4 }; /* that one letter becomes */

struct letters { /* small ones, in the order of Unicode */
    uint32_t first, last;
    const char *text;
};
static const struct letters known[] = {
    {0xe0, 0xe5, "a"},     {0xe6, 0xe6, "ae"},    {0xe7, 0xe7, "c"},     {0xe8, 0xeb, "e"},
    {0xec, 0xef, "i"},     {0xf0, 0xf0, "d"},     {0xf1, 0xf1, "n"},     {0xf2, 0xf6, "o"},
    {0xf8, 0xf8, "o"},     {0xf9, 0xfc, "u"},     {0xfd, 0xfd, "y"},     {0xfe, 0xfe, "th"},
    {0xff, 0xff, "y"},     {0xdf, 0xdf, "ss"},    {0x100, 0x105, "a"},   {0x106, 0x10d, "c"},
    {0x10e, 0x111, "d"},   {0x112, 0x11b, "e"},   {0x11c, 0x123, "g"},   {0x124, 0x127, "h"},
    {0x128, 0x131, "i"},   {0x132, 0x133, "ij"},  {0x134, 0x135, "j"},   {0x136, 0x138, "k"},
    {0x139, 0x142, "l"},   {0x143, 0x14b, "n"},   {0x14c, 0x151, "o"},   {0x152, 0x153, "oe"},
    {0x154, 0x159, "r"},   {0x15a, 0x161, "s"},   {0x162, 0x167, "t"},   {0x168, 0x173, "u"},
    {0x174, 0x175, "w"},   {0x176, 0x178, "y"},   {0x179, 0x17e, "z"},   {0x1a0, 0x1a1, "o"},
    {0x1af, 0x1b0, "u"},   {0x218, 0x219, "s"},   {0x21a, 0x21b, "t"},   {0x259, 0x259, "e"},
    {0x3ac, 0x3ac, "a"},   {0x3ad, 0x3ad, "e"},   {0x3ae, 0x3af, "i"},   {0x3b1, 0x3b1, "a"},
    {0x3b2, 0x3b2, "v"},   {0x3b3, 0x3b3, "g"},   {0x3b4, 0x3b4, "d"},   {0x3b5, 0x3b5, "e"},
    {0x3b6, 0x3b6, "z"},   {0x3b7, 0x3b7, "i"},   {0x3b8, 0x3b8, "th"},  {0x3b9, 0x3b9, "i"},
    {0x3ba, 0x3ba, "k"},   {0x3bb, 0x3bb, "l"},   {0x3bc, 0x3bc, "m"},   {0x3bd, 0x3bd, "n"},
    {0x3be, 0x3be, "x"},   {0x3bf, 0x3bf, "o"},   {0x3c0, 0x3c0, "p"},   {0x3c1, 0x3c1, "r"},
    {0x3c2, 0x3c3, "s"},   {0x3c4, 0x3c4, "t"},   {0x3c5, 0x3c5, "y"},   {0x3c6, 0x3c6, "f"},
    {0x3c7, 0x3c7, "ch"},  {0x3c8, 0x3c8, "ps"},  {0x3c9, 0x3c9, "o"},   {0x3cc, 0x3cc, "o"},
    {0x3cd, 0x3cd, "y"},   {0x3ce, 0x3ce, "o"},   {0x430, 0x430, "a"},   {0x431, 0x431, "b"},
    {0x432, 0x432, "v"},   {0x433, 0x433, "g"},   {0x434, 0x434, "d"},   {0x435, 0x435, "e"},
    {0x436, 0x436, "zh"},  {0x437, 0x437, "z"},   {0x438, 0x438, "i"},   {0x439, 0x439, "y"},
    {0x43a, 0x43a, "k"},   {0x43b, 0x43b, "l"},   {0x43c, 0x43c, "m"},   {0x43d, 0x43d, "n"},
    {0x43e, 0x43e, "o"},   {0x43f, 0x43f, "p"},   {0x440, 0x440, "r"},   {0x441, 0x441, "s"},
    {0x442, 0x442, "t"},   {0x443, 0x443, "u"},   {0x444, 0x444, "f"},   {0x445, 0x445, "kh"},
    {0x446, 0x446, "ts"},  {0x447, 0x447, "ch"},  {0x448, 0x448, "sh"},  {0x449, 0x449, "shch"},
    {0x44a, 0x44a, ""},    {0x44b, 0x44b, "y"},   {0x44c, 0x44c, ""},    {0x44d, 0x44d, "e"},
    {0x44e, 0x44e, "yu"},  {0x44f, 0x44f, "ya"},  {0x451, 0x451, "e"},   {0x454, 0x454, "ye"},
    {0x456, 0x456, "i"},   {0x457, 0x457, "yi"},  {0x491, 0x491, "g"},   {0x300, 0x36f, ""},
    {0x1ea0, 0x1eb7, "a"}, {0x1eb8, 0x1ec7, "e"}, {0x1ec8, 0x1ecb, "i"}, {0x1ecc, 0x1ee3, "o"},
    {0x1ee4, 0x1ef1, "u"}, {0x1ef2, 0x1ef9, "y"},
};

/* Empty, p not NULL: a sign without a sound. */
static str letters_for(uint32_t point)
{
    uint32_t small = text_small(point);

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (small >= known[i].first && small <= known[i].last)
            return str_of(known[i].text);
    return STR_NONE;
}

static uint32_t point_of(str s, unsigned n)
{
    const unsigned char *p = (const unsigned char *)s.p;

    if (n == 2)
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    return n == 3 ? (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu) : 0;
}

/* The next character; `*n` is its length. */
static char *put(char *out, const char *start, str rest, unsigned *n)
{
    char c = rest.p[0];

    *n = MAX(text_utf8_length(rest), 1u);
    str letters = *n > 1 ? letters_for(point_of(rest, *n)) : STR_NONE;
    if (letters.p)
        return mempcpy(out, letters.p, letters.n);
    if (ascii_is_letter_or_digit(c)) {
        if (out == start && ascii_is_digit(c))
            *out++ = 'n';
        *out++ = (char)(ascii_is_letter(c) ? c | 0x20 : c);
    } else if (out > start && out[-1] != '_') {
        *out++ = '_';
    }
    return out;
}

str init_field_name(struct arena *a, str header)
{
    char *start = arena_reserve(a, header.n * LETTERS_MAX + 3), *out = start;
    unsigned n;

    for (size_t i = 0; i < header.n; i += n)
        out = put(out, start, (str){header.p + i, header.n - i}, &n);
    while (out > start && out[-1] == '_')
        out--;
    if (str_starts(str_between(start, out), STR("sp_"))) {
        memmove(start + 2, start, (size_t)(out - start));
        memcpy(start, "x_", 2);
        out += 2;
    }
    arena_trim(a, out);
    return str_between(start, out);
}
