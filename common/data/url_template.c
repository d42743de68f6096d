#include "common/data/url_template.h"

#include <assert.h>

#include "common/data/json.h"
#include "common/data/url_template_parts.h"

bool url_template_is_literal(const struct url_template *t)
{
    return t->member_count == 0;
}

str url_template_origin(const struct url_template *t)
{
    return t->origin;
}

bool record_find_path(const struct record *r, str path, str *value)
{
    str rest = path, inner;

    if (record_find(r, path, value))
        return true;
    str name = str_cut(&rest, '.');
    if (!rest.p || !record_find(r, name, &inner))
        return false;
    while (json_type(inner) == JSON_OBJECT) {
        if (json_find(inner, rest, value))
            return true;
        name = str_cut(&rest, '.');
        if (!rest.p || !json_find(inner, name, &inner))
            return false;
    }
    return false;
}

/* The text of a scalar; empty for all that there is nothing to ask for with. */
static str text_of(const struct record *r, str member, struct arena *a)
{
    str value, text;

    if (!record_find_path(r, member, &value))
        return STR_NONE;
    switch (json_type(value)) {
    case JSON_STRING:
        return json_unquote(a, value, &text) ? text : STR_NONE;
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        return json_check(value, NULL, NULL) == NULL ? value : STR_NONE;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
    case JSON_INVALID:
        break;
    }
    return STR_NONE;
}

/* The JSON that stands for it: a value, or what stands between the quotes of one. */
static str json_of(const struct record *r, const struct url_piece *p, str text, struct arena *a)
{
    str value = STR_NONE;

    if (text.n > URL_TEMPLATE_MAX) /* too long, however it is written */
        return text;
    if (!p->is_in_string && record_find_path(r, p->text, &value) &&
        json_type(value) != JSON_STRING)
        return value;
    str quoted = json_quoted(a, text);
    return p->is_in_string ? (str){quoted.p + 1, quoted.n - 2} : quoted;
}

static bool has_control(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
            return true;
    return false;
}

static bool is_unreserved(char c)
{
    return ascii_is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* NULL: there is no room before `end`. */
static char *put_encoded(char *out, const char *end, str text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (end - out < 3)
            return NULL;
        if (is_unreserved(text.p[i])) {
            *out++ = text.p[i];
            continue;
        }
        *out++ = '%';
        *out++ = hex[c >> 4];
        *out++ = hex[c & 15];
    }
    return out;
}

static char *put(char *out, const char *end, str text)
{
    if ((size_t)(end - out) < text.n)
        return NULL;
    if (text.n)
        memcpy(out, text.p, text.n);
    return out + text.n;
}

/* `values`: what stands for each member, in their order. */
static bool write_pieces(const struct url_template *t, const str *values, struct arena *a,
                         str *text)
{
    char *start = arena_reserve(a, URL_TEMPLATE_MAX + 3), *out = start;
    const char *end = start + URL_TEMPLATE_MAX + 2;

    for (uint32_t i = 0; out && i < t->piece_count; i++) {
        const struct url_piece *p = &t->pieces[i];
        if (!p->is_member)
            out = put(out, end, p->text);
        else if (t->kind == URL_TEMPLATE_URL)
            out = put_encoded(out, end, *values++);
        else
            out = put(out, end, *values++);
    }
    if (!out || out - start > URL_TEMPLATE_MAX) {
        arena_trim(a, start);
        return false;
    }
    *out = '\0';
    arena_trim(a, out + 1);
    *text = str_between(start, out);
    return true;
}

static enum url_expansion refuse(struct url_expanded *to, const char *why)
{
    to->why = str_of(why);
    return URL_REFUSED;
}

enum url_expansion url_template_expand(const struct url_template *t, const struct record *r,
                                       struct arena *a, struct url_expanded *to)
{
    str values[URL_TEMPLATE_MEMBERS];
    uint32_t n = 0;

    *to = (struct url_expanded){0};
    for (uint32_t i = 0; i < t->piece_count; i++) {
        const struct url_piece *p = &t->pieces[i];
        if (!p->is_member)
            continue;
        assert(n < URL_TEMPLATE_MEMBERS);
        values[n] = text_of(r, p->text, a);
        if (!values[n].n) {
            to->member = p->text;
            return URL_MISSING;
        }
        if (t->kind == URL_TEMPLATE_HEADER && has_control(values[n]))
            return refuse(to, "a value with control characters fits no header");
        if (t->kind == URL_TEMPLATE_JSON)
            values[n] = json_of(r, p, values[n], a);
        n++;
    }
    if (!write_pieces(t, values, a, &to->text))
        return refuse(to, "what is asked for is longer than 8 KiB");
    if (t->kind == URL_TEMPLATE_URL && url_has_dots(to->text, t->origin.n))
        return refuse(to, "a value makes a path segment '.' or '..'");
    return URL_EXPANDED;
}
