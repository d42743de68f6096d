#include "common/data/json.h"
#include "common/data/json_scan.h"
#include "common/data/text.h"

/* The number behind "\u" at the front of `s`, or -1. */
static int32_t hex_escape(str s)
{
    int32_t point = 0;

    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = str_hex_digit(s.p[i]);
        if (digit < 0)
            return -1;
        point = point << 4 | digit;
    }
    return point;
}

static bool is_surrogate(int32_t point)
{
    return point >= 0xd800 && point <= 0xdfff;
}

int32_t json_read_escape(str s, unsigned *length)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int32_t point = hex_escape(s);

    if (point >= 0xd800 && point <= 0xdbff) {
        int32_t low = s.n >= 12 ? hex_escape((str){s.p + 6, s.n - 6}) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            *length = 12;
            return 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    *length = 6;
    if (point >= 0)
        return point;
    const char *letter = s.n >= 2 && s.p[0] == '\\' ? memchr(letters, s.p[1], 8) : NULL;
    *length = 2;
    return letter ? meanings[letter - letters] : -1;
}

unsigned json_take(str *raw, char out[4])
{
    unsigned length = 1, n = 1;

    out[0] = raw->p[0];
    if (out[0] == '\\') {
        int32_t point = json_read_escape(*raw, &length);
        if (point < 0)
            return 0;
        n = (unsigned)(text_put(out, is_surrogate(point) ? 0xfffd : (uint32_t)point) - out);
    }
    *raw = (str){raw->p + length, raw->n - length};
    return n;
}

static char *put_escape(char *out, char c)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";

    *out++ = '\\';
    if (c == '"' || c == '\\') {
        *out++ = c;
        return out;
    }
    const char *meaning = memchr(meanings, c, 5);
    if (meaning) {
        *out++ = letters[meaning - meanings];
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = "0123456789abcdef"[c >> 4 & 15];
    out[4] = "0123456789abcdef"[c & 15];
    return out + 5;
}

#define EACH_BYTE(c) (0x0101010101010101ULL * (unsigned char)(c))

static inline uint64_t has_byte(uint64_t v, char c)
{
    v ^= EACH_BYTE(c);
    return (v - EACH_BYTE(1)) & ~v & EACH_BYTE(0x80);
}

/* Is one of eight bytes a byte that such a scan stops at? */
static inline bool has_hit(uint64_t v, enum json_scan what)
{
    uint64_t is_control = (v - EACH_BYTE(0x20)) & ~v & EACH_BYTE(0x80),
             is_beyond = what == SCAN_SPECIAL ? v & EACH_BYTE(0x80) : 0;

    return (is_control | is_beyond | has_byte(v, '"') | has_byte(v, '\\')) != 0;
}

/* Copy fewer than sixteen bytes as two words that overlap; false, and nothing is copied, when
 * one of them is special. Most cells of a table go through here. */
static inline bool copy_short(char *out, const char *p, size_t n, enum json_scan what)
{
    if (n >= 8) {
        uint64_t first, last;
        memcpy(&first, p, 8);
        memcpy(&last, p + n - 8, 8);
        if (has_hit(first, what) || has_hit(last, what))
            return false;
        memcpy(out, &first, 8);
        memcpy(out + n - 8, &last, 8);
        return true;
    }
    if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + n - 4, 4);
        if (has_hit((uint64_t)last << 32 | first, what))
            return false;
        memcpy(out, &first, 4);
        memcpy(out + n - 4, &last, 4);
        return true;
    }
    return false;
}

/* Copy what needs no escape. Whole blocks are stored before anyone looks whether all of them
 * counts: the room for escapes is behind them. */
static inline const char *copy_plain(char **out, const char *p, const char *end,
                                     enum json_scan what)
{
    char *o = *out;

#ifdef __SSE2__
    for (; end - p >= 16; p += 16, o += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        _mm_storeu_si128((__m128i *)(void *)o, block);
        unsigned found = json_hits(block, what);
        if (found) {
            *out = o + __builtin_ctz(found);
            return p + __builtin_ctz(found);
        }
    }
#endif
    size_t n = (size_t)(end - p);
    if (n < 16 && copy_short(o, p, n, what)) {
        *out = o + n;
        return end;
    }
    while (p < end && !json_is_hit(*p, what))
        *o++ = *p++;
    *out = o;
    return p;
}

/* One special byte, or one sequence of UTF-8. */
static const char *copy_special(char **out, const char *p, const char *end)
{
    if ((unsigned char)*p < 0x80) {
        *out = put_escape(*out, *p);
        return p + 1;
    }
    unsigned n = text_utf8_length(str_between(p, end));
    if (n == 0) {
        *out = text_put(*out, 0xfffd);
        return p + 1;
    }
    memcpy(*out, p, n);
    *out += n;
    return p + n;
}

static inline char *escape(char *out, str text, enum json_scan what)
{
    const char *p = text.p, *end = str_end(text);

    while (p < end) {
        p = copy_plain(&out, p, end, what);
        while (p < end && json_is_hit(*p, what))
            p = copy_special(&out, p, end);
    }
    return out;
}

char *json_escape(char *out, str text)
{
    return escape(out, text, SCAN_SPECIAL);
}

char *json_escape_utf8(char *out, str text)
{
    return escape(out, text, SCAN_ESCAPED);
}

char *json_quote(char *out, str text)
{
    *out++ = '"';
    out = json_escape(out, text);
    *out++ = '"';
    return out;
}

str json_quoted(struct arena *a, str text)
{
    char *start = arena_reserve(a, JSON_QUOTED_MAX(text.n)), *end = json_quote(start, text);

    arena_trim(a, end);
    return str_between(start, end);
}

bool json_unquote(struct arena *a, str quoted, str *text)
{
    bool has_escape = false;

    if (quoted.n < 2 || quoted.p[0] != '"')
        return false;
    const char *end = json_find_quote(quoted.p + 1, str_end(quoted), &has_escape);
    if (end + 1 != str_end(quoted))
        return false;
    str raw = str_between(quoted.p + 1, end);
    if (!has_escape) {
        *text = raw;
        return true;
    }
    char *start = arena_reserve(a, raw.n), *out = start;
    while (raw.n) {
        unsigned n = json_take(&raw, out);
        if (n == 0) {
            arena_trim(a, start);
            return false;
        }
        out += n;
    }
    arena_trim(a, out);
    *text = str_between(start, out);
    return true;
}

str json_text(struct arena *a, str value)
{
    str text;

    return json_unquote(a, value, &text) ? text : value;
}
