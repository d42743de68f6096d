#include "common/data/json.h"

#include "common/data/json_scan.h"

enum json_type json_type(str value)
{
    switch (value.n ? value.p[0] : '\0') {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    case '-':
        return JSON_NUMBER;
    default:
        return value.n && ascii_is_digit(value.p[0]) ? JSON_NUMBER : JSON_INVALID;
    }
}

static inline const char *skip_string(const char *p, const char *end)
{
    bool has_escape;

    p = json_find_quote(p + 1, end, &has_escape);
    return p < end ? p + 1 : end;
}

static const char *skip_nested(const char *p, const char *end)
{
    size_t depth = 0;

    while (p < end) {
        if (*p == '"')
            p = skip_string(p, end);
        else if ((*p++ | 0x20) == '{')
            depth++;
        else if (--depth == 0)
            return p;
        p = json_scan(p, end, SCAN_NESTING);
    }
    return end;
}

/* Behind the value at `p`, which is no blank; `p` itself when there is none. */
static inline const char *skip_value(const char *p, const char *end)
{
    if (p < end && *p == '"')
        return skip_string(p, end);
    if (p < end && (*p | 0x20) == '{')
        return skip_nested(p, end);
    while (p < end && (unsigned char)*p > ' ' && *p != ',' && *p != '}' && *p != ']')
        p++;
    return p;
}

str json_skip(str *rest)
{
    const char *end = str_end(*rest), *start = json_skip_blanks(rest->p, end),
               *p = skip_value(start, end);

    *rest = str_between(p, end);
    return str_between(start, p);
}

bool json_open(str value, str *rest)
{
    const char *end = str_end(value), *p = json_skip_blanks(value.p, end);

    if (p == end || (*p != '{' && *p != '['))
        return false;
    *rest = str_between(p + 1, end);
    return true;
}

/* To the next member or item: over blanks and one comma. */
static inline const char *next(const char *p, const char *end)
{
    p = json_skip_blanks(p, end);
    return p < end && *p == ',' ? json_skip_blanks(p + 1, end) : p;
}

/* Cut a member off the front of p..end. Returns the place behind it; NULL when there is none.
 */
static inline const char *next_member(const char *p, const char *end, str *name,
                                      bool *has_escape, str *value)
{
    p = next(p, end);
    *has_escape = false;
    if (p == end || *p != '"')
        return NULL;
    const char *quote = json_find_quote(p + 1, end, has_escape);
    if (quote == end)
        return NULL;
    const char *colon = json_skip_blanks(quote + 1, end);
    if (colon == end || *colon != ':')
        return NULL;
    const char *start = json_skip_blanks(colon + 1, end), *behind = skip_value(start, end);
    if (behind == start)
        return NULL;
    *name = str_between(p + 1, quote);
    *value = str_between(start, behind);
    return behind;
}

bool json_next_member(str *rest, str *name, str *value)
{
    const char *end = str_end(*rest);
    bool has_escape;
    const char *p = next_member(rest->p, end, name, &has_escape, value);

    if (p)
        *rest = str_between(p, end);
    return p != NULL;
}

bool json_next_item(str *rest, str *value)
{
    const char *end = str_end(*rest), *start = next(rest->p, end), *p = skip_value(start, end);

    if (p == start)
        return false;
    *value = str_between(start, p);
    *rest = str_between(p, end);
    return true;
}

/* One byte off the front of a reference token of RFC 6901; -1: a bad "~". */
static int take_token(str *token)
{
    char c = token->p[0];
    size_t length = 1;

    if (c == '~') {
        if (token->n < 2 || (token->p[1] != '0' && token->p[1] != '1'))
            return -1;
        c = token->p[1] == '0' ? '~' : '/';
        length = 2;
    }
    *token = (str){token->p + length, token->n - length};
    return (unsigned char)c;
}

/* The next byte of a name, or of a reference token. */
static int take_name(str *name, bool is_token)
{
    if (is_token)
        return take_token(name);
    name->n--;
    return (unsigned char)*name->p++;
}

/* Decoded on the way: names have no place to stand. */
static bool is_same(str raw, str name, bool is_token)
{
    while (raw.n) {
        char decoded[4];
        unsigned n = json_take(&raw, decoded);
        if (n == 0)
            return false;
        for (unsigned i = 0; i < n; i++)
            if (name.n == 0 || take_name(&name, is_token) != (unsigned char)decoded[i])
                return false;
    }
    return name.n == 0;
}

static bool find(str object, str name, bool is_token, str *value)
{
    str rest, raw, at, found = STR_NONE;
    bool has_escape;

    if (!json_open(object, &rest))
        return false;
    const char *end = str_end(rest), *p = next_member(rest.p, end, &raw, &has_escape, &at);
    for (; p; p = next_member(p, end, &raw, &has_escape, &at))
        if (has_escape || is_token ? is_same(raw, name, is_token) : str_equal(raw, name))
            found = at;
    if (found.p)
        *value = found;
    return found.p != NULL;
}

bool json_find(str object, str name, str *value)
{
    return find(object, name, false, value);
}

static bool find_item(str array, str token, str *value)
{
    uint64_t index;
    str rest, item;

    if (!str_to_u64(token, &index) || (token.n > 1 && token.p[0] == '0') ||
        !json_open(array, &rest))
        return false;
    for (uint64_t i = 0; json_next_item(&rest, &item); i++)
        if (i == index) {
            *value = item;
            return true;
        }
    return false;
}

bool json_pointer(str value, str pointer, str *found)
{
    str at = json_skip(&value);

    if (at.n == 0 || (pointer.n && pointer.p[0] != '/'))
        return false;
    if (pointer.n)
        pointer = (str){pointer.p + 1, pointer.n - 1};
    else
        pointer = STR_NONE;
    while (pointer.p) {
        str token = str_cut(&pointer, '/');
        enum json_type type = json_type(at);
        if (type != JSON_OBJECT && type != JSON_ARRAY)
            return false;
        bool has_tilde = token.n && memchr(token.p, '~', token.n);
        if (type == JSON_OBJECT ? !find(at, token, has_tilde, &at) : !find_item(at, token, &at))
            return false;
    }
    *found = at;
    return true;
}
