/* What a file is, by its first bytes. */
#include "common/data/json.h"
#include "common/data/json_cut.h"
#include "common/data/json_find.h"
#include "common/data/json_scan.h"
#include "common/data/text.h"

/* Behind the brace of an object: a name and a colon, or the other brace. */
static bool is_object(const char *p, const char *end)
{
    bool has_escape = false;

    p = json_skip_blanks(p + 1, end);
    if (p < end && *p == '}')
        return true;
    if (p == end || *p != '"')
        return false;
    p = json_find_quote(p + 1, end, &has_escape);
    p = p < end ? json_skip_blanks(p + 1, end) : end;
    return p < end && *p == ':';
}

/* Behind the bracket of an array: an object, an array, its end; or a value and a comma. */
static bool is_array(const char *p, const char *end)
{
    struct json_nesting nesting = {0};

    p = json_skip_blanks(p + 1, end);
    if (p == end)
        return true;
    if (*p == '{')
        return is_object(p, end);
    if (*p == '[' || *p == ']')
        return true;
    const char *behind = json_nesting_end(&nesting, str_between(p, end));
    if (!behind || json_check(str_between(p, behind), NULL, NULL))
        return false;
    p = json_skip_blanks(behind, end);
    return p == end || *p == ',' || *p == ']';
}

/* An object: one of many, each in its line; or the whole file, with its records inside or not.
 */
static enum rows_format kind_of_object(str text, bool is_whole)
{
    struct json_nesting nesting = {0};
    const char *end = str_end(text), *behind = json_nesting_end(&nesting, text);
    const char *line_end = memchr(text.p, '\n', text.n);
    size_t at;
    struct arena scratch = {0};
    enum json_found found = json_find_array(text, is_whole, STR("auto"), &scratch, &at);

    arena_free(&scratch);
    if (line_end && (!behind || behind > line_end))
        return ROWS_JSON; /* it goes on in the next line */
    bool is_alone = behind && is_whole && json_skip_blanks(behind, end) == end;
    return found == JSON_FOUND && (is_alone || !behind) ? ROWS_JSON : ROWS_NDJSON;
}

enum rows_format rows_format_of(str head, bool is_whole)
{
    str text = text_skip_bom(head);
    const char *end = str_end(text), *p = json_skip_blanks(text.p, end);

    if (p < end && *p == '[' && is_array(p, end))
        return ROWS_JSON;
    if (p < end && *p == '{' && is_object(p, end))
        return kind_of_object(str_between(p, end), is_whole);
    return ROWS_CSV;
}
