#include "common/data/json.h"
#include "common/data/json_scan.h"
#include "common/data/text.h"

enum { DEPTH = 64, DEPTH_MAX = 1024, NUMBER_BYTES = 1024, MEMBERS = 4096 };

struct check {
    const char *p, *end;
    struct json_limits limits;
    uint32_t depth;
    const char *wrong; /* static, NULL while all is well */
};

static bool fail(struct check *c, const char *why)
{
    c->wrong = why;
    return false;
}

/* Step over `byte` and the blanks around it, if it is next. */
static inline bool take(struct check *c, char byte)
{
    const char *end = c->end, *p = json_skip_blanks(c->p, end);
    bool is_next = p < end && *p == byte;

    c->p = is_next ? json_skip_blanks(p + 1, end) : p;
    return is_next;
}

static bool check_escape(struct check *c)
{
    unsigned length;
    int32_t point = json_read_escape(str_between(c->p, c->end), &length);

    if (point < 0)
        return fail(c, "a bad escape");
    if (point >= 0xd800 && point <= 0xdfff)
        return fail(c, "half a surrogate pair");
    c->p += length;
    return true;
}

/* The rest of a string with something in it that is neither plain nor its end. */
static bool check_special(struct check *c)
{
    for (;;) {
        c->p = json_scan(c->p, c->end, SCAN_SPECIAL);
        if (c->p == c->end)
            return fail(c, "a string is not closed");
        if (*c->p == '"')
            break;
        if (*c->p == '\\') {
            if (!check_escape(c))
                return false;
            continue;
        }
        if ((unsigned char)*c->p < 0x20)
            return fail(c, "a control character in a string");
        unsigned n = text_utf8_length(str_between(c->p, c->end));
        if (n == 0)
            return fail(c, "not UTF-8");
        c->p += n;
    }
    c->p++;
    return true;
}

/* Most strings are plain to their end. */
static inline bool check_string(struct check *c)
{
    const char *end = c->end, *p = json_scan(c->p + 1, end, SCAN_SPECIAL);

    if (p == end || *p != '"') {
        c->p = p;
        return check_special(c);
    }
    c->p = p + 1;
    return true;
}

static bool take_digits(struct check *c)
{
    const char *start = c->p;

    c->p = ascii_skip_digits(start, c->end);
    return c->p > start;
}

static bool take_one(struct check *c, char a, char b)
{
    if (c->p == c->end || (*c->p != a && *c->p != b))
        return false;
    c->p++;
    return true;
}

static bool check_number(struct check *c)
{
    const char *start = c->p;

    take_one(c, '-', '-');
    bool is_good = take_one(c, '0', '0') || take_digits(c);
    if (is_good && take_one(c, '.', '.'))
        is_good = take_digits(c);
    if (is_good && take_one(c, 'e', 'E')) {
        take_one(c, '+', '-');
        is_good = take_digits(c);
    }
    if (!is_good || (c->p < c->end && ascii_is_digit(*c->p)))
        return fail(c, "a malformed number");
    if ((size_t)(c->p - start) > c->limits.number_bytes) {
        c->p = start;
        return fail(c, "a number is too long");
    }
    return true;
}

static bool check_word(struct check *c, str word)
{
    if (!str_starts(str_between(c->p, c->end), word))
        return fail(c, "not a value");
    c->p += word.n;
    return true;
}

static bool check_scalar(struct check *c)
{
    switch (json_type(str_between(c->p, c->end))) {
    case JSON_STRING:
        return check_string(c);
    case JSON_NUMBER:
        return check_number(c);
    case JSON_TRUE:
        return check_word(c, STR("true"));
    case JSON_FALSE:
        return check_word(c, STR("false"));
    case JSON_NULL:
        return check_word(c, STR("null"));
    case JSON_ARRAY:
    case JSON_OBJECT:
    case JSON_INVALID:
        break;
    }
    return fail(c, c->p == c->end ? "a value is missing" : "not a value");
}

static bool check_name(struct check *c)
{
    if (c->p == c->end || *c->p != '"')
        return fail(c, "a name is missing");
    if (!check_string(c))
        return false;
    return take(c, ':') || fail(c, "a colon is missing");
}

/* Recursion ends at limits.depth. */
static bool check_value(struct check *c)
{
    char open = c->p < c->end ? *c->p : '\0', close = open == '{' ? '}' : ']';

    if (open == '"')
        return check_string(c);
    if (open != '{' && open != '[')
        return check_scalar(c);
    if (++c->depth > c->limits.depth)
        return fail(c, "nested too deeply");
    take(c, open);
    for (uint32_t n = 0; n == 0 || take(c, ','); n++) {
        if (n == 0 && c->p < c->end && *c->p == close)
            break;
        if (n == c->limits.members)
            return fail(c, "too many members");
        if ((open == '{' && !check_name(c)) || !check_value(c))
            return false;
    }
    if (c->p == c->end || *c->p != close)
        return fail(c, open == '{' ? "an object is not closed" : "an array is not closed");
    c->p++;
    c->depth--;
    return true;
}

static uint32_t or_default(uint32_t limit, uint32_t otherwise)
{
    return limit ? limit : otherwise;
}

const char *json_check(str text, const struct json_limits *limits, size_t *at)
{
    struct check c = {.p = text.p, .end = str_end(text)};

    if (limits)
        c.limits = *limits;
    c.limits.depth = MIN(or_default(c.limits.depth, DEPTH), (uint32_t)DEPTH_MAX);
    c.limits.number_bytes = or_default(c.limits.number_bytes, NUMBER_BYTES);
    c.limits.members = or_default(c.limits.members, MEMBERS);
    c.p = json_skip_blanks(c.p, c.end);
    if (check_value(&c)) {
        c.p = json_skip_blanks(c.p, c.end);
        if (c.p < c.end)
            fail(&c, "something stands behind the value");
    }
    if (c.wrong && at)
        *at = (size_t)(c.p - text.p);
    return c.wrong;
}
