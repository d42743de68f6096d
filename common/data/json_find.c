#include "common/data/json_find.h"

#include "common/data/json.h"
#include "common/data/json_scan.h"

static const char *end_string(struct json_nesting *n, const char *p, const char *end)
{
    for (; p < end; p++) {
        if (n->is_escaped) {
            n->is_escaped = false;
            continue;
        }
        p = json_scan(p, end, SCAN_STRING);
        if (p == end)
            return p;
        if (*p == '"') {
            n->is_string = false;
            return p + 1;
        }
        n->is_escaped = true;
    }
    return p;
}

/* Outside all brackets: does the value end before this byte? */
static bool is_end(const struct json_nesting *n, char c)
{
    bool is_sign = c == '"' || c == ',' || c == ':' || json_is_blank(c) || (c | 0x20) == '{' ||
                   (c | 0x20) == '}';

    return n->depth == 0 && n->is_begun && is_sign;
}

const char *json_nesting_end(struct json_nesting *n, str piece)
{
    const char *p = piece.p, *end = str_end(piece);

    while (p < end) {
        if (n->is_string) {
            p = end_string(n, p, end);
            if (!n->is_string && n->depth == 0)
                return p;
            continue;
        }
        if (n->depth && (p = json_scan(p, end, SCAN_NESTING)) == end)
            break;
        char c = *p;
        if (is_end(n, c))
            return p;
        p++;
        n->is_begun = true;
        n->is_string = c == '"';
        if ((c | 0x20) == '{')
            n->depth++;
        else if ((c | 0x20) == '}' && (n->depth == 0 || --n->depth == 0))
            return p;
    }
    return NULL;
}

/* From the brace of an object to the value of its first member called `name`. */
static enum json_found find_member(const char **at, const char *end, bool is_last, str name,
                                   struct arena *a)
{
    const char *p = *at + 1;
    str text;

    for (bool is_first = true;; is_first = false) {
        p = json_skip_blanks(p, end);
        if (!is_first && p < end && *p == ',')
            p = json_skip_blanks(p + 1, end);
        if (p == end)
            return is_last ? JSON_FOUND_BAD : JSON_FOUND_MORE;
        if (*p == '}')
            return JSON_FOUND_ONE;
        struct json_nesting key = {0}, value = {0};
        const char *behind = *p == '"' ? json_nesting_end(&key, str_between(p, end)) : p;
        const char *colon = behind ? json_skip_blanks(behind, end) : end;
        if (colon < end && *colon != ':')
            return JSON_FOUND_BAD;
        const char *begin = colon < end ? json_skip_blanks(colon + 1, end) : end;
        if (begin == end)
            return is_last ? JSON_FOUND_BAD : JSON_FOUND_MORE;
        if (json_unquote(a, str_between(p, behind), &text) && str_equal(text, name)) {
            *at = begin;
            return JSON_FOUND;
        }
        p = json_nesting_end(&value, str_between(begin, end));
        if (!p)
            return is_last ? JSON_FOUND_BAD : JSON_FOUND_MORE;
    }
}

enum json_found json_find_array(str text, bool is_last, str pointer, struct arena *a,
                                size_t *at)
{
    const char *end = str_end(text), *root = json_skip_blanks(text.p, end), *p = root;
    bool is_auto = str_is(pointer, "auto");
    str rest = is_auto ? STR("/records") : pointer;

    if (p == end)
        return is_last ? JSON_FOUND_EMPTY : JSON_FOUND_MORE;
    if (is_auto && *p == '[')
        rest = STR_NONE;
    *at = (size_t)(root - text.p);
    (void)str_cut(&rest, '/');
    while (rest.p) {
        str name = str_cut(&rest, '/');
        enum json_found found =
            *p == '{' ? find_member(&p, end, is_last, name, a) : JSON_FOUND_ONE;
        if (found != JSON_FOUND)
            return is_auto || found == JSON_FOUND_MORE ? found : JSON_FOUND_BAD;
    }
    if (*p != '[')
        return is_auto ? JSON_FOUND_ONE : JSON_FOUND_BAD;
    *at = (size_t)(p + 1 - text.p);
    return JSON_FOUND;
}

static bool closes(str rest, uint32_t levels, struct arena *a)
{
    char *start = arena_alloc(a, rest.n + levels * 4 + 1), *out = start;

    for (uint32_t i = 0; i < levels; i++)
        out = mempcpy(out, "{\"\":", 4);
    *out++ = '[';
    out = mempcpy(out, rest.p, rest.n);
    return !json_check(str_between(start, out), NULL, NULL);
}

bool json_closes(str rest, str pointer, struct arena *a)
{
    uint32_t levels = 0;

    if (str_is(pointer, "auto"))
        return closes(rest, 0, a) || closes(rest, 1, a);
    for (size_t i = 0; i < pointer.n; i++)
        levels += pointer.p[i] == '/';
    return closes(rest, levels, a);
}
