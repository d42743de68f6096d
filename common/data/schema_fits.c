/* Whether a JSON value conforms to a type. The value was checked as JSON before. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/data/json.h"
#include "common/data/schema.h"

enum { DAY_MS = 86400000, NUMBER_MAX = 1024, SHOWN_SYMBOLS = 8, LIST_MAX = 256 };

struct verdict_on {
    struct arena *arena;
    str *issue, *why;
};

static bool refuse(const struct verdict_on *v, const char *issue, const char *why)
{
    *v->issue = str_of(issue);
    *v->why = str_of(why);
    return false;
}

/* Digits with an optional minus, as JSON has them: no point and no exponent. */
static bool fits_integer(const struct verdict_on *v, str value, int64_t least, int64_t most,
                         const char *range)
{
    int64_t number;

    if (json_type(value) != JSON_NUMBER)
        return refuse(v, "wrong_type", "is no number");
    if (memchr(value.p, '.', value.n) || memchr(value.p, 'e', value.n) ||
        memchr(value.p, 'E', value.n))
        return refuse(v, "wrong_type", "is no whole number");
    if (!str_to_i64(value, &number) || number < least || number > most)
        return refuse(v, "out_of_range", range);
    return true;
}

static bool fits_int(const struct verdict_on *v, const struct schema_type *t, str value)
{
    if (t->logical == SCHEMA_TIME_MILLIS)
        return fits_integer(v, value, 0, DAY_MS - 1, "is no time of day");
    return fits_integer(v, value, INT32_MIN, INT32_MAX, "is beyond 32 bits");
}

static bool fits_long(const struct verdict_on *v, const struct schema_type *t, str value)
{
    if (t->logical == SCHEMA_TIME_MICROS)
        return fits_integer(v, value, 0, DAY_MS * INT64_C(1000) - 1, "is no time of day");
    return fits_integer(v, value, INT64_MIN, INT64_MAX, "is beyond 64 bits");
}

static bool fits_real(const struct verdict_on *v, str value, double most, const char *range)
{
    char text[NUMBER_MAX + 1] UNSET;

    if (json_type(value) != JSON_NUMBER)
        return refuse(v, "wrong_type", "is no number");
    if (value.n > NUMBER_MAX)
        return refuse(v, "out_of_range", range);
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    double number = strtod(text, NULL);
    return number <= most && number >= -most ? true : refuse(v, "out_of_range", range);
}

/* A number with at most `scale` digits behind its point and `precision` in all. */
static bool fits_decimal(const struct verdict_on *v, const struct schema_type *t, str value)
{
    if (json_type(value) != JSON_NUMBER)
        return refuse(v, "wrong_type", "is no number");
    if (memchr(value.p, 'e', value.n) || memchr(value.p, 'E', value.n))
        return refuse(v, "wrong_type", "is a number with an exponent");
    str whole = str_trim(value), fraction = whole;
    if (whole.n && whole.p[0] == '-')
        fraction = (str){whole.p + 1, whole.n - 1};
    whole = str_cut(&fraction, '.');
    size_t digits = str_is(whole, "0") ? 0 : whole.n;
    if (fraction.n > t->scale)
        return refuse(v, "out_of_range", "has more decimals than its decimal type");
    if (digits + t->scale > t->precision)
        return refuse(v, "out_of_range", "has more digits than its decimal type");
    return true;
}

static bool is_uuid(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.p[i] != '-' : str_hex_digit(s.p[i]) < 0)
            return false;
    }
    return s.n == 36;
}

static bool fits_string(const struct verdict_on *v, const struct schema_type *t, str value)
{
    if (json_type(value) != JSON_STRING)
        return refuse(v, "wrong_type", "is no text");
    if (t->logical == SCHEMA_UUID && !is_uuid((str){value.p + 1, value.n - 2}))
        return refuse(v, "wrong_type", "is no UUID");
    return true;
}

/* Bytes stand as text of code points up to U+00FF: two bytes of UTF-8 that begin with C2 or C3.
 */
static bool fits_bytes(const struct verdict_on *v, const struct schema_type *t, str value)
{
    size_t n = 0;
    str text;

    if (t->logical == SCHEMA_DECIMAL)
        return fits_decimal(v, t, value);
    if (!json_unquote(v->arena, value, &text))
        return refuse(v, "wrong_type", "is no text");
    for (size_t i = 0; i < text.n; i++, n++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80 && c != 0xc2 && c != 0xc3)
            return refuse(v, "out_of_range",
                          "has characters beyond U+00FF, which are no bytes");
        i += c >= 0x80;
    }
    if (t->kind == SCHEMA_FIXED && n != t->size)
        return refuse(v, "out_of_range", "has not the length of its fixed type");
    return true;
}

static bool fits_enum(const struct verdict_on *v, const struct schema_type *t, str value)
{
    str inner = {value.p + 1, value.n - 2}; /* symbols are letters, digits and _: no escapes */
    char list[LIST_MAX] = "";
    size_t n = 0;

    if (json_type(value) != JSON_STRING)
        return refuse(v, "wrong_type", "is no text");
    for (uint32_t i = 0; i < t->symbol_count; i++)
        if (str_equal(t->symbols[i], inner))
            return true;
    for (uint32_t i = 0; i < MIN(t->symbol_count, (uint32_t)SHOWN_SYMBOLS); i++)
        if (n + t->symbols[i].n + 2 < sizeof(list))
            n += (size_t)snprintf(list + n, sizeof(list) - n, "%s" STR_FMT, i ? " " : "",
                                  STR_ARG(t->symbols[i]));
    *v->issue = STR("not_in_enum");
    *v->why = arena_printf(v->arena, "is none of: %s%s", list,
                           t->symbol_count > SHOWN_SYMBOLS ? " ..." : "");
    return false;
}

static bool fits(const struct verdict_on *v, const struct schema_type *t, str value);

static bool fits_items(const struct verdict_on *v, const struct schema_type *t, str value)
{
    str rest, item;

    if (json_type(value) != JSON_ARRAY)
        return refuse(v, "wrong_type", "is no array");
    for (json_open(value, &rest); json_next_item(&rest, &item);)
        if (!fits(v, t->branches[0], item))
            return false;
    return true;
}

static bool fits_values(const struct verdict_on *v, const struct schema_type *t, str value)
{
    str rest, name, member;

    if (json_type(value) != JSON_OBJECT)
        return refuse(v, "wrong_type", "is no object");
    for (json_open(value, &rest); json_next_member(&rest, &name, &member);)
        if (!fits(v, t->branches[0], member))
            return false;
    return true;
}

static bool fits_record(const struct verdict_on *v, const struct schema_type *t, str value)
{
    str rest, name, member;

    if (json_type(value) != JSON_OBJECT)
        return refuse(v, "wrong_type", "is no object");
    for (json_open(value, &rest); json_next_member(&rest, &name, &member);)
        if (!schema_find(t->record, name)) {
            *v->issue = STR("wrong_type");
            *v->why = arena_printf(v->arena, "has '" STR_FMT "', which its schema has not",
                                   STR_ARG(name));
            return false;
        }
    for (uint32_t i = 0; i < t->record->n; i++) {
        const struct schema_field *f = &t->record->fields[i];
        if (json_find(value, f->name, &member)) {
            if (!fits(v, f->type, member))
                return false;
        } else if (!f->fallback.n) {
            *v->issue = STR("missing_member");
            *v->why = arena_printf(v->arena, "has no '" STR_FMT "'", STR_ARG(f->name));
            return false;
        }
    }
    return true;
}

static bool fits_branch(const struct verdict_on *v, const struct schema_type *t, str value)
{
    for (uint32_t i = 0; i < t->branch_count; i++)
        if (fits(v, t->branches[i], value)) {
            *v->issue = *v->why = STR_NONE; /* of the branches before it */
            return true;
        }
    return refuse(v, "wrong_type", "is of none of the types that it may have");
}

static bool fits(const struct verdict_on *v, const struct schema_type *t, str value)
{
    enum json_type type = json_type(value);

    if (type == JSON_NULL)
        return t->is_nullable ? true : refuse(v, "wrong_type", "must not be null");
    switch (t->kind) {
    case SCHEMA_NULL:
        return refuse(v, "wrong_type", "must be null");
    case SCHEMA_BOOLEAN:
        return type == JSON_TRUE || type == JSON_FALSE
                   ? true
                   : refuse(v, "wrong_type", "is neither true nor false");
    case SCHEMA_INT:
        return fits_int(v, t, value);
    case SCHEMA_LONG:
        return fits_long(v, t, value);
    case SCHEMA_FLOAT:
        return fits_real(v, value, (double)FLT_MAX, "is beyond a float");
    case SCHEMA_DOUBLE:
        return fits_real(v, value, DBL_MAX, "is beyond a double");
    case SCHEMA_STRING:
        return fits_string(v, t, value);
    case SCHEMA_BYTES:
    case SCHEMA_FIXED:
        return fits_bytes(v, t, value);
    case SCHEMA_ENUM:
        return fits_enum(v, t, value);
    case SCHEMA_ARRAY:
        return fits_items(v, t, value);
    case SCHEMA_MAP:
        return fits_values(v, t, value);
    case SCHEMA_RECORD:
        return fits_record(v, t, value);
    case SCHEMA_UNION:
        return fits_branch(v, t, value);
    }
    return false;
}

bool schema_fits(const struct schema_type *t, struct arena *a, str value, str *issue, str *why)
{
    const struct verdict_on v = {a, issue, why};

    return fits(&v, t, value);
}

const char *schema_type_name(const struct schema_type *t)
{
    static const char *const names[] = {
        [SCHEMA_NULL] = "null",     [SCHEMA_BOOLEAN] = "boolean", [SCHEMA_INT] = "int",
        [SCHEMA_LONG] = "long",     [SCHEMA_FLOAT] = "float",     [SCHEMA_DOUBLE] = "double",
        [SCHEMA_STRING] = "string", [SCHEMA_BYTES] = "bytes",     [SCHEMA_FIXED] = "fixed",
        [SCHEMA_ENUM] = "enum",     [SCHEMA_ARRAY] = "array",     [SCHEMA_MAP] = "map",
        [SCHEMA_RECORD] = "record", [SCHEMA_UNION] = "union",
    };

    return names[t->kind];
}
