#include "common/data/shape.h"

#include "common/data/text.h"

enum sign { SIGN_DIGIT, SIGN_LETTER, SIGN_BLANK, SIGN_CONTROL, SIGN_OTHER };

/* Letters beyond ASCII, by their blocks: shapes need no more. */
static bool is_letter(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } blocks[] = {
        {0xaa, 0xaa},     {0xb5, 0xb5},     {0xba, 0xba},     {0xc0, 0xd6},
        {0xd8, 0xf6},     {0xf8, 0x2af},    {0x300, 0x373},   {0x376, 0x377},
        {0x37b, 0x37d},   {0x386, 0x386},   {0x388, 0x52f},   {0x531, 0x587},
        {0x591, 0x5f4},   {0x620, 0x65f},   {0x66e, 0x6d3},   {0x900, 0x963},
        {0x971, 0xdff},   {0xe01, 0xe3a},   {0xe40, 0xe4e},   {0x10a0, 0x10ff},
        {0x1e00, 0x1fff}, {0x3041, 0x30ff}, {0x3400, 0x9fff}, {0xac00, 0xd7a3},
    };

    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        if (point >= blocks[i].first && point <= blocks[i].last)
            return true;
    return false;
}

static uint32_t point_of(const unsigned char *p, unsigned n)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = n ? p[0] & first[n] : p[0];

    for (unsigned i = 1; i < n; i++)
        point = point << 6 | (p[i] & 0x3f);
    return point;
}

static enum sign sign_of(uint32_t point)
{
    if (point >= '0' && point <= '9')
        return SIGN_DIGIT;
    if ((point | 0x20) >= 'a' && (point | 0x20) <= 'z' && point < 0x80)
        return SIGN_LETTER;
    if (point == ' ' || (point >= '\t' && point <= '\r') || point == 0xa0 ||
        (point >= 0x2000 && point <= 0x200a) || point == 0x202f || point == 0x3000)
        return SIGN_BLANK;
    if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x200b || point == 0xfeff ||
        (point >= 0x200e && point <= 0x200f) || (point >= 0x202a && point <= 0x202e))
        return SIGN_CONTROL;
    return point >= 0x80 && is_letter(point) ? SIGN_LETTER : SIGN_OTHER;
}

struct drawing {
    char *start, *out;
    uint32_t points;
};

static bool ends_in(const struct drawing *d, str tail)
{
    return str_ends(str_between(d->start, d->out), tail);
}

static void draw(struct drawing *d, char c)
{
    *d->out++ = c;
    d->points++;
}

/* Three words are two. */
static void draw_letter(struct drawing *d)
{
    if (ends_in(d, STR("a")))
        return;
    if (ends_in(d, STR("a a "))) {
        d->out--;
        d->points--;
        return;
    }
    draw(d, 'a');
}

str shape_of(struct arena *a, str text)
{
    struct drawing d = {.start = arena_reserve(a, 4 * SHAPE_MAX + 8)};
    str s = str_trim(text);

    d.out = d.start;
    while (s.n && d.points < SHAPE_MAX) {
        unsigned known = text_utf8_length(s), n = known ? known : 1;
        switch (known ? sign_of(point_of((const unsigned char *)s.p, known)) : SIGN_OTHER) {
        case SIGN_DIGIT:
            if (!ends_in(&d, STR("9")))
                draw(&d, '9');
            break;
        case SIGN_LETTER:
            draw_letter(&d);
            break;
        case SIGN_BLANK:
            if (!ends_in(&d, STR(" ")))
                draw(&d, ' ');
            break;
        case SIGN_CONTROL:
            break;
        case SIGN_OTHER:
            d.out = mempcpy(d.out, known ? s.p : "?", n);
            d.points++;
            break;
        }
        s = (str){s.p + n, s.n - n};
    }
    if (s.n)
        d.out = mempcpy(d.out, "…", sizeof("…") - 1);
    else if (ends_in(&d, STR(" ")))
        d.out--;
    arena_trim(a, d.out);
    return str_between(d.start, d.out);
}

str shape_printable(struct arena *a, str text)
{
    char *start = arena_reserve(a, text.n + 1), *out = start;

    for (str s = text; s.n;) {
        unsigned known = text_utf8_length(s), n = known ? known : 1;
        uint32_t point = point_of((const unsigned char *)s.p, known);
        enum sign sign = known ? sign_of(point) : SIGN_OTHER;
        if (sign == SIGN_CONTROL || (sign == SIGN_BLANK && point < ' '))
            *out++ = ' ';
        else
            out = mempcpy(out, s.p, n);
        s = (str){s.p + n, s.n - n};
    }
    arena_trim(a, out);
    return str_between(start, out);
}

str shape_cut(str text, size_t max)
{
    size_t n = MIN(text.n, max);

    while (n && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return (str){text.p, n};
}
