/* Numbers stay digits: signs and groups go, nothing is computed, so no length and no precision
 * is lost on the way. */
#include "common/data/coerce.h"

enum { NUMBER_MAX = 1000 }; /* bytes; json_check() takes numbers up to 1024 */

struct reader {
    const char *p, *end;
    char decimal;
    const char *groups; /* 4 of them, 0 behind the last */
};

static bool take(struct reader *r, str what)
{
    if ((size_t)(r->end - r->p) < what.n || memcmp(r->p, what.p, what.n) != 0)
        return false;
    r->p += what.n;
    return true;
}

static bool take_char(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* A blank that stands for a group may be any of those that do not break a line. */
static bool take_group(struct reader *r)
{
    for (size_t i = 0; i < 4 && r->groups[i]; i++) {
        if (r->groups[i] == ' ' && (take(r, STR("\u00a0")) || take(r, STR("\u202f"))))
            return true;
        if (take_char(r, r->groups[i]))
            return true;
    }
    return false;
}

static char *copy_digits(struct reader *r, char *out)
{
    str digits = str_between(r->p, ascii_skip_digits(r->p, r->end));

    r->p = str_end(digits);
    return mempcpy(out, digits.p, digits.n);
}

/* 1,234,567 and 12,34,567: the last group has three digits, inner ones two or three. */
static char *copy_grouped(struct reader *r, char *out, const char **why)
{
    char *start = out, *group;

    out = copy_digits(r, out);
    size_t digits = (size_t)(out - start);
    if (!take_group(r))
        return out;
    if (digits < 1 || digits > 3)
        *why = "has group signs in places where no group ends";
    do {
        group = out;
        out = copy_digits(r, out);
        digits = (size_t)(out - group);
        if (digits < 2 || digits > 3)
            *why = "has group signs in places where no group ends";
    } while (take_group(r));
    if (digits != 3)
        *why = "has group signs in places where no group ends";
    return out;
}

/* JSON knows no leading zeros. */
static char *drop_zeros(char *digits, char *out)
{
    char *first = digits;

    while (first < out - 1 && *first == '0')
        first++;
    memmove(digits, first, (size_t)(out - first));
    return out - (first - digits);
}

static char *copy_exponent(struct reader *r, char *out, const char **why)
{
    if (!take_char(r, 'e') && !take_char(r, 'E'))
        return out;
    *out++ = 'e';
    if (take_char(r, '-'))
        *out++ = '-';
    else
        take_char(r, '+');
    char *digits = out;
    out = copy_digits(r, out);
    if (out == digits)
        *why = "has an exponent without digits";
    return out;
}

static struct reader reader_of(const struct coerce_setup *setup, str text)
{
    return (struct reader){text.p, text.p + text.n, setup->decimal ? setup->decimal : '.',
                           setup->groups};
}

static char *copy_sign(struct reader *r, char *out)
{
    if (take_char(r, '-') || take(r, STR("\u2212")))
        *out++ = '-';
    else
        take_char(r, '+');
    return out;
}

/* Most numbers are written as JSON writes them: nothing to copy then. */
static bool is_plain(str text)
{
    size_t i = text.n > 1 && text.p[0] == '-';

    if (text.n - i > 1 && text.p[i] == '0')
        return false;
    if (i && text.p[i] == '0')
        return false;
    for (; i < text.n; i++)
        if (!ascii_is_digit(text.p[i]))
            return false;
    return text.n > 0;
}

bool coerce_integer(const struct coerce_setup *setup, struct arena *a, str text,
                    struct coerced *result)
{
    struct reader r = reader_of(setup, text);
    const char *wrong = NULL;

    if (text.n > NUMBER_MAX)
        return coerce_refuse(result, "is longer than 1000 bytes");
    if (is_plain(text)) {
        result->value = text;
        return true;
    }
    char *start = arena_reserve(a, text.n + 2), *digits = copy_sign(&r, start);
    char *out = copy_grouped(&r, digits, &wrong);
    if (out > digits && r.p < r.end && *r.p == r.decimal)
        return coerce_refuse(result, "has a decimal sign: parse it as number");
    if (out == digits || r.p != r.end)
        return coerce_refuse(result, "is no integer");
    if (wrong)
        return coerce_refuse(result, wrong);
    out = drop_zeros(digits, out);
    if (out - digits == 1 && *digits == '0')
        start = digits; /* -0 */
    arena_trim(a, out);
    result->value = (str){start, (size_t)(out - start)};
    return true;
}

bool coerce_number(const struct coerce_setup *setup, struct arena *a, str text,
                   struct coerced *result)
{
    struct reader r = reader_of(setup, text);
    const char *wrong = NULL;

    if (text.n > NUMBER_MAX)
        return coerce_refuse(result, "is longer than 1000 bytes");
    if (is_plain(text)) {
        result->value = text;
        return true;
    }
    char *start = arena_reserve(a, text.n + 2), *digits = copy_sign(&r, start);
    char *out = copy_grouped(&r, digits, &wrong);
    if (out == digits && r.p + 1 < r.end && *r.p == r.decimal && ascii_is_digit(r.p[1]))
        *out++ = '0'; /* .5 */
    if (out == digits)
        return coerce_refuse(result, "is no number");
    out = drop_zeros(digits, out);
    if (take_char(&r, r.decimal)) {
        *out++ = '.';
        char *fraction = out;
        out = copy_digits(&r, out);
        if (out == fraction)
            return coerce_refuse(result, "ends with its decimal sign");
    }
    out = copy_exponent(&r, out, &wrong);
    if (r.p != r.end)
        return coerce_refuse(result, "is no number");
    if (wrong)
        return coerce_refuse(result, wrong);
    arena_trim(a, out);
    result->value = (str){start, (size_t)(out - start)};
    return true;
}
