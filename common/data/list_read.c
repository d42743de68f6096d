/* Two ways of writing lists that are not JSON: PostgreSQL's arrays and Python's. */
#include "common/data/json.h"
#include "common/data/list.h"
#include "common/data/text.h"

struct cursor {
    const char *p, *end;
    char *out;
};

static bool take(struct cursor *c, char byte)
{
    if (c->p == c->end || *c->p != byte)
        return false;
    c->p++;
    return true;
}

/* Behind the first quote: a backslash makes the next byte plain, as a second quote does. */
static bool read_quoted(struct cursor *c, str *item)
{
    char *start = c->out;

    while (c->p < c->end) {
        if (take(c, '"') && !(c->p < c->end && *c->p == '"')) {
            *item = str_between(start, c->out);
            return true;
        }
        take(c, '\\');
        if (c->p < c->end)
            *c->out++ = *c->p++;
    }
    return false;
}

static bool read_item(struct list *l, struct cursor *c)
{
    str item;

    c->p = json_skip_blanks(c->p, c->end);
    if (take(c, '"')) {
        if (!read_quoted(c, &item))
            return coerce_refuse(l->out, "has a quote that is not closed");
        c->p = json_skip_blanks(c->p, c->end);
        return list_add(l, item);
    }
    const char *start = c->p;
    while (c->p < c->end && !strchr(",{}\"", *c->p))
        c->p++;
    item = str_trim(str_between(start, c->p));
    return str_is(item, "NULL") ? list_add_value(l, STR("null")) : list_add(l, item);
}

bool list_read_braces(struct list *l, str text)
{
    struct cursor c = {text.p + 1, str_end(text) - 1, arena_alloc(l->arena, text.n)};

    if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}')
        return coerce_refuse(l->out, "does not stand in braces");
    do {
        if (!read_item(l, &c))
            return false;
    } while (take(&c, ','));
    return c.p == c.end || coerce_refuse(l->out, "has a brace or a quote inside of an item");
}

/* \x41, \u0041, \U00000041: the digits behind the letter. */
static bool read_point(struct cursor *c, int digits, char **out)
{
    uint32_t point = 0;

    for (int i = 0; i < digits; i++, c->p++) {
        int digit = c->p < c->end ? str_hex_digit(*c->p) : -1;
        if (digit < 0)
            return false;
        point = point << 4 | (uint32_t)digit;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return false;
    *out = text_put(*out, point);
    return true;
}

static bool read_escape(struct cursor *c, char **out)
{
    static const char letters[] = "ntr\\'\"", plain[] = "\n\t\r\\'\"";
    const char *known;

    if (c->p == c->end)
        return false;
    char letter = *c->p++;
    switch (letter) {
    case 'x':
        return read_point(c, 2, out);
    case 'u':
        return read_point(c, 4, out);
    case 'U':
        return read_point(c, 8, out);
    default:
        known = strchr(letters, letter);
        if (!letter || !known)
            *(*out)++ = '\\';
        *(*out)++ = letter && known ? plain[known - letters] : letter;
        return true;
    }
}

/* Behind its first quote; `decoded` has room for it. */
static bool copy_string(struct cursor *c, char quote, char *decoded)
{
    char *end = decoded;

    while (!take(c, quote)) {
        if (c->p == c->end)
            return false;
        if (!take(c, '\\'))
            *end++ = *c->p++;
        else if (!read_escape(c, &end))
            return false;
    }
    c->out = json_quote(c->out, str_between(decoded, end));
    return true;
}

/* Of equal length in both languages. */
static bool copy_word(struct cursor *c)
{
    static const struct {
        str python, json;
    } words[] = {{{"None", 4}, {"null", 4}},
                 {{"True", 4}, {"true", 4}},
                 {{"False", 5}, {"false", 5}},
                 {{"(", 1}, {"[", 1}},
                 {{")", 1}, {"]", 1}}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!str_starts(str_between(c->p, c->end), words[i].python))
            continue;
        c->out = mempcpy(c->out, words[i].json.p, words[i].json.n);
        c->p += words[i].python.n;
        return true;
    }
    return false;
}

str list_from_python(struct arena *a, str text)
{
    char *decoded = arena_alloc(a, text.n), *start = arena_reserve(a, JSON_QUOTED_MAX(text.n));
    struct cursor c = {text.p, str_end(text), start};

    while (c.p < c.end) {
        char byte = *c.p;
        if (byte == '\'' || byte == '"') {
            c.p++;
            if (!copy_string(&c, byte, decoded))
                return STR_NONE;
        } else if (!copy_word(&c)) {
            *c.out++ = *c.p++;
        }
    }
    arena_trim(a, c.out);
    return str_between(start, c.out);
}
