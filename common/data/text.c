#include "common/data/text.h"

#ifdef __SSE2__
    #include <emmintrin.h>
#endif

/* The first byte from 0x80 on, or the end. */
static const char *skip_ascii(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        int high = _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p));
        if (high)
            return p + __builtin_ctz((unsigned)high);
    }
#endif
    while (p < end && (unsigned char)*p < 0x80)
        p++;
    return p;
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The Unicode Standard, table 3-7: the first byte limits what the second may be. */
unsigned text_utf8_length(str s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    if (s.n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (s.n < 2 || p[0] < 0xc2 || p[0] > 0xf4 || !is_tail(s.p[1]))
        return 0;
    if (p[0] < 0xe0)
        return 2;
    bool is_overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool is_surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool is_beyond = p[0] == 0xf4 && p[1] > 0x8f;
    if (s.n < 3 || is_overlong || is_surrogate || is_beyond || !is_tail(s.p[2]))
        return 0;
    if (p[0] < 0xf0)
        return 3;
    return s.n >= 4 && is_tail(s.p[3]) ? 4 : 0;
}

bool text_is_utf8(str s)
{
    const char *end = str_end(s), *p = skip_ascii(s.p, end);

    while (p < end) {
        if ((unsigned char)*p < 0x80) {
            p = skip_ascii(p, end);
            continue;
        }
        unsigned n = text_utf8_length(str_between(p, end));
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

bool text_is_ascii(str s)
{
    return skip_ascii(s.p, str_end(s)) == str_end(s);
}

str text_skip_bom(str s)
{
    str bom = STR("\xef\xbb\xbf");

    return str_starts(s, bom) ? (str){s.p + bom.n, s.n - bom.n} : s;
}

char *text_put(char *out, uint32_t point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }
    if (point < 0x800) {
        *out++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *out++ = (char)(0xe0 | point >> 12);
        } else {
            *out++ = (char)(0xf0 | point >> 18);
            *out++ = (char)(0x80 | (point >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (point & 0x3f));
    return out;
}

/* WHATWG Encoding Standard, index windows-1252: bytes 0x80 to 0x9f. */
static const uint16_t points_1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

uint32_t text_point_1252(unsigned char c)
{
    return c >= 0x80 && c < 0xa0 ? points_1252[c - 0x80] : c;
}

str text_from_1252(struct arena *a, str s)
{
    char *start = arena_reserve(a, s.n * 3), *out = start;

    for (size_t i = 0; i < s.n; i++)
        out = text_put(out, text_point_1252((unsigned char)s.p[i]));
    arena_trim(a, out);
    return str_between(start, out);
}

static bool is_joint(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '_' || c == '-' || c == '.';
}

uint32_t text_small(uint32_t point)
{
    if (point < 0x80)
        return point >= 'A' && point <= 'Z' ? point | 0x20 : point;
    if ((point >= 0xc0 && point <= 0xde && point != 0xd7) || (point >= 0x391 && point <= 0x3a9))
        return point + 0x20;
    if ((point >= 0x139 && point <= 0x148) || (point >= 0x179 && point <= 0x17e))
        return point + (point & 1);
    if ((point >= 0x100 && point <= 0x137) || (point >= 0x14a && point <= 0x177))
        return point | 1;
    if (point == 0x18f) /* schwa */
        return 0x259;
    if (point >= 0x400 && point <= 0x40f)
        return point + 0x50;
    return point >= 0x410 && point <= 0x42f ? point + 0x20 : point;
}

/* All letters with a small one that is not ASCII are two bytes long, and so is that. */
static size_t put_folded(char *out, str rest)
{
    unsigned char c = (unsigned char)rest.p[0];

    if (c < 0xc2 || c > 0xdf || text_utf8_length(rest) != 2) {
        *out = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : (char)c;
        return 1;
    }
    text_put(out, text_small((c & 0x1fu) << 6 | ((unsigned char)rest.p[1] & 0x3fu)));
    return 2;
}

str text_fold(struct arena *a, str s)
{
    s = str_trim(text_skip_bom(str_trim(s)));
    char *start = arena_reserve(a, s.n), *out = start;

    for (size_t i = 0, n; i < s.n; i += n) {
        n = 1;
        if (!is_joint(s.p[i]))
            out += n = put_folded(out, (str){s.p + i, s.n - i});
        else if (out == start || out[-1] != '_')
            *out++ = '_';
    }
    arena_trim(a, out);
    return str_between(start, out);
}
