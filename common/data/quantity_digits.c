#include "common/data/quantity_digits.h"

enum { GROUPS_MAX = sizeof(((struct coerce_setup *)NULL)->groups) };
static const char bad_group[] = "has group signs in places where no group ends";
static const char two_meanings[] =
    "has three digits behind a point, decimals or a group: declare `decimal`";
static const char bad_sign[] = "has a sign inside a number that is neither decimal nor group";

struct digits {
    const char *p, *end, *wrong, *groups;
    char decimal;
};

size_t quantity_digits_at(const char *p, const char *end)
{
    return (size_t)(ascii_skip_digits(p, end) - p);
}

/* The declared group sign that stands at `p`, of several bytes or one; 0: none. */
static char group_at(const struct digits *s, const char *p, size_t *width)
{
    str rest = str_between(p, s->end);
    const char *groups = s->groups;

    for (size_t i = 0; i < GROUPS_MAX && groups[i] && rest.n; i++) {
        bool is_wide = (groups[i] == ' ' &&
                        (str_starts(rest, STR("\u202f")) || str_starts(rest, STR("\u2009")))) ||
                       (groups[i] == '\'' && str_starts(rest, STR("\u2019")));
        *width = is_wide ? 3 : 1;
        if (groups[i] == ' ' && str_starts(rest, STR("\u00a0")))
            *width = 2;
        if (*width > 1 || *p == groups[i])
            return groups[i];
    }
    return 0;
}

/* 1,234,567 and 12,34,567; a blank groups only threes, as it also stands between words. One
 * number has one sign. */
static char *take_groups(struct digits *s, char *out, size_t first)
{
    bool is_zero = *(s->p - first) == '0';
    size_t width = 0, digits = 3;
    char sign = group_at(s, s->p, &width);

    while (sign && group_at(s, s->p, &width) == sign) {
        size_t n = quantity_digits_at(s->p + width, s->end);
        if (n == 0 || (sign == ' ' && (n != 3 || first > 3)))
            break;
        digits = n;
        if (digits > 3 || digits < 2 || first > 3 || is_zero)
            s->wrong = bad_group;
        memcpy(out, s->p + width, digits);
        out += digits;
        s->p += width + digits;
    }
    if (digits != 3)
        s->wrong = bad_group;
    return out;
}

static char *take_fraction(struct digits *s, char *out)
{
    size_t n = s->p < s->end && *s->p == s->decimal ? quantity_digits_at(s->p + 1, s->end) : 0;

    if (!n)
        return out;
    *out++ = '.';
    memcpy(out, s->p + 1, n);
    s->p += n + 1;
    return out + n;
}

/* 1.2.3, 12:30 and signs that nobody declared. */
static bool is_broken(const struct digits *s)
{
    if (s->p == s->end || quantity_digits_at(s->p + 1, s->end) == 0)
        return false;
    return *s->p == '.' || *s->p == ',' || *s->p == '\'' || *s->p == ':';
}

/* 12.990 is what Spaniards write for twelve thousand. */
static bool is_like_group(const struct coerce_setup *setup, const char *number, const char *end)
{
    size_t n = quantity_digits_at(number, end);

    return !setup->decimal && n > 0 && n <= 3 && *number != '0' && number + n < end &&
           number[n] == '.' && quantity_digits_at(number + n + 1, end) == 3;
}

str quantity_digits(const struct coerce_setup *setup, struct arena *a, const char **p,
                    const char *end, const char **wrong, bool *is_ambiguous)
{
    bool is_open = is_like_group(setup, *p, end);
    struct digits s = {.p = *p,
                       .end = end,
                       .groups = setup->groups,
                       .decimal = setup->decimal ? setup->decimal : '.'};
    char *start = arena_reserve(a, (size_t)(end - *p) + 2), *out = start, *first = start;
    size_t n = quantity_digits_at(s.p, end);

    if (n == 0)
        *out++ = '0'; /* .5 */
    memcpy(out, s.p, n);
    out += n;
    s.p += n;
    if (n > 0)
        out = take_groups(&s, out, n);
    while (first < out - 1 && *first == '0')
        first++;
    out = take_fraction(&s, out);
    if (is_broken(&s))
        s.wrong = bad_sign;
    else if (is_open)
        s.wrong = two_meanings;
    arena_trim(a, out);
    *p = s.p;
    if (s.wrong)
        *wrong = s.wrong;
    *is_ambiguous = s.wrong == two_meanings;
    return str_between(first, out);
}
