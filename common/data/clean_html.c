/* HTML to its text, as far as a cell of it goes. Linear: what a search did not find once, from
 * anywhere further on, it is not asked for again. */
#include "common/data/clean_parts.h"
#include "common/data/text.h"

enum { ENTITY_MAX = 12, REPLACEMENT = 0xfffd, POINT_MAX = 0x10ffff };

struct html {
    const char *p, *end;
    char *start, *out;
    bool has_no_tag_end, has_no_comment_end, has_no_double, has_no_single;
};

static bool is_name(char c)
{
    return ascii_is_letter_or_digit(c) || c == '-' || c == ':';
}

static bool ends_name(const char *p, const char *end)
{
    return p < end && (*p == '>' || *p == '/' || *p == ' ' || (*p >= '\t' && *p <= '\r'));
}

/* Is `name` what stands there, in letters of either case, and nothing longer? */
static bool is_word(const char *p, const char *end, str name)
{
    for (size_t i = 0; i < name.n; i++, p++)
        if (p >= end || (*p | 0x20) != (name.p[i] | 0x20))
            return false;
    return p >= end || !is_name(*p);
}

static void put_blank(struct html *h)
{
    if (h->out > h->start && h->out[-1] != ' ')
        *h->out++ = ' ';
}

/* Behind the value that a quote at `p` opens; behind the quote alone when nothing closes it. */
static const char *skip_value(struct html *h, const char *p)
{
    bool *is_missing = *p == '"' ? &h->has_no_double : &h->has_no_single;
    const char *from = p + 1,
               *close = *is_missing ? NULL : memchr(from, *p, (size_t)(h->end - from));

    *is_missing |= !close;
    return close ? close + 1 : p + 1;
}

/* Behind the tag that begins at `p`; NULL: it has no end. A '>' in a quoted value is none. */
static const char *skip_tag(struct html *h, const char *p)
{
    bool is_value = false;

    while (!h->has_no_tag_end && p < h->end && *p != '>') {
        if (is_value && (*p == '"' || *p == '\'')) {
            p = skip_value(h, p);
            is_value = false;
            continue;
        }
        is_value = *p == '=' || (is_value && (*p == ' ' || *p == '\n'));
        p++;
    }
    h->has_no_tag_end |= p == h->end;
    return h->has_no_tag_end ? NULL : p + 1;
}

/* Behind "-->"; NULL: there is none. */
static const char *skip_comment(struct html *h, const char *p)
{
    const char *close =
        h->has_no_comment_end ? NULL : memmem(p, (size_t)(h->end - p), "-->", 3);

    h->has_no_comment_end |= !close;
    return close ? close + 3 : NULL;
}

/* Where an element's end tag begins, or the end. */
static const char *skip_raw(const struct html *h, const char *p, str name)
{
    for (; (p = memchr(p, '<', (size_t)(h->end - p))); p++)
        if (h->end - p > 2 && p[1] == '/' && is_word(p + 2, h->end, name))
            return p;
    return h->end;
}

/* <!-- -->, <!DOCTYPE>, <?xml ?> */
static bool take_declaration(struct html *h)
{
    const char *name = h->p + 2, *behind = NULL;

    if (name >= h->end || !(ascii_is_letter(*name) || *name == '-' || *name == '['))
        return false;
    if (str_starts(str_between(name, h->end), STR("--")))
        behind = skip_comment(h, name + 2);
    if (!behind)
        behind = skip_tag(h, name);
    h->p = behind ? behind : h->p;
    return behind != NULL;
}

/* At '<': steps over a tag and all that goes with it; false: it is only a sign. */
static bool take_tag(struct html *h)
{
    const char *start = h->p + 1;

    if (start < h->end && (*start == '!' || *start == '?'))
        return take_declaration(h);
    bool is_end = start < h->end && *start == '/';
    start += is_end;
    str name = {start, 0};
    while (start + name.n < h->end && is_name(start[name.n]))
        name.n++;
    bool is_tag = name.n && ascii_is_letter(*start) && ends_name(str_end(name), h->end);
    enum clean_tag tag = is_tag ? clean_tag(name) : TAG_UNKNOWN;
    const char *behind = tag ? skip_tag(h, str_end(name)) : NULL;
    if (!behind)
        return false;
    if (tag == TAG_RAW && !is_end)
        behind = skip_raw(h, behind, name);
    if (tag == TAG_BLOCK)
        put_blank(h);
    h->p = behind;
    return true;
}

/* &#8211; &#x2013; the digits of it. What is no character becomes U+FFFD, and 128 to 159 are
 * what windows-1252 has there. */
static uint32_t number_of(str digits)
{
    bool is_hex = digits.n && (digits.p[0] | 0x20) == 'x';
    uint32_t point = 0;

    if (digits.n == is_hex)
        return 0;
    for (size_t i = is_hex; i < digits.n; i++) {
        int digit = str_hex_digit(digits.p[i]);
        if (digit < 0 || (!is_hex && digit > 9))
            return 0;
        point = MIN(point * (is_hex ? 16 : 10) + (uint32_t)digit, POINT_MAX + 1u);
    }
    if (point == 0 || point > POINT_MAX || (point >= 0xd800 && point < 0xe000))
        return REPLACEMENT;
    return point < 0x100 ? text_point_1252((unsigned char)point) : point;
}

/* At '&': false: it is only a sign. */
static bool take_entity(struct html *h)
{
    const char *name = h->p + 1;
    size_t room = MIN((size_t)(h->end - name), (size_t)ENTITY_MAX);
    const char *close = room ? memchr(name, ';', room) : NULL;

    if (!close || close == name)
        return false;
    uint32_t point = *name == '#' ? number_of(str_between(name + 1, close))
                                  : clean_entity(str_between(name, close));
    if (!point)
        return false;
    h->out = text_put(h->out, point);
    h->p = close + 1;
    return true;
}

char *clean_html(char *out, str text)
{
    struct html h = {.p = text.p, .end = str_end(text), .start = out, .out = out};

    while (h.p < h.end) {
        bool is_taken = (*h.p == '<' && take_tag(&h)) || (*h.p == '&' && take_entity(&h));
        if (!is_taken)
            *h.out++ = *h.p++;
    }
    return h.out;
}
