#include "common/data/clean.h"

#include "common/data/clean_parts.h"
#include "common/data/text.h"

static bool is_blank(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xa0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
           point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

/* Joiners, soft hyphens, marks of direction and of byte order. */
static bool is_invisible(uint32_t point)
{
    return point == 0xad || point == 0x61c || point == 0x180e ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x2069) || point == 0xfeff;
}

/* Of up to three bytes; longer ones, and what is no UTF-8, are no sign of ours. */
static uint32_t read_point(const char *p, unsigned n)
{
    const unsigned char *c = (const unsigned char *)p;

    if (n == 1)
        return c[0];
    if (n == 2)
        return (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
    return n == 3 ? (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu) : 0;
}

enum sign { SIGN_PLAIN, SIGN_BLANK, SIGN_NOTHING };

static enum sign sign_of(uint32_t point, unsigned what)
{
    if ((what & CLEAN_UNDERSCORES) && point == '_')
        return SIGN_BLANK;
    if ((what & CLEAN_INVISIBLE) && is_invisible(point))
        return SIGN_NOTHING;
    return (what & CLEAN_BLANKS) && is_blank(point) ? SIGN_BLANK : SIGN_PLAIN;
}

/* What no option asks for: most of any text. */
static bool is_common(char c)
{
    return c > ' ' && c < 0x7f && c != '_';
}

/* `out` may be where the text is: nothing grows. */
static char *clean_signs(char *out, str text, unsigned what)
{
    const char *start = out, *end = str_end(text);
    unsigned n;

    for (const char *p = text.p; p < end; p += MAX(n, 1u)) {
        n = 1;
        if (is_common(*p)) {
            *out++ = *p;
            continue;
        }
        n = (unsigned char)*p < 0x80 ? 1 : text_utf8_length(str_between(p, end));
        switch (sign_of(read_point(p, n), what)) {
        case SIGN_PLAIN:
            *out++ = *p;
            for (unsigned i = 1; i < n; i++)
                *out++ = p[i];
            break;
        case SIGN_BLANK:
            if (!(what & CLEAN_BLANKS) || (out > start && out[-1] != ' '))
                *out++ = ' ';
            break;
        case SIGN_NOTHING:
            break;
        }
    }
    return out;
}

str clean_text(struct arena *a, str text, unsigned what)
{
    char *start = arena_reserve(a, text.n), *end = start;
    str from = text;

    if (what & CLEAN_HTML) {
        end = clean_html(start, text);
        from = str_between(start, end);
    }
    if (what & ~(unsigned)CLEAN_HTML)
        end = clean_signs(start, from, what);
    bool is_changed = what && !str_equal(str_between(start, end), text);
    arena_trim(a, is_changed ? end : start);
    return str_trim(is_changed ? str_between(start, end) : text);
}
