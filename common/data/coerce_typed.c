/* Numbers that were numbers before: those of JSON. Nothing about them is for the source to
 * declare. */
#include "common/data/coerce.h"
#include "common/data/decimal.h"

enum { EXPONENT_MAX = 400 }; /* beyond those of a double */

/* The digits of mantissa and exponent in full. */
static bool write_out(struct arena *a, str mantissa, int64_t exponent, str *number)
{
    struct decimal d UNSET;

    if (exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX || !decimal_read(&d, mantissa))
        return false;
    for (; exponent > 0 && d.scale; exponent--)
        d.scale--;
    for (; exponent > 0; exponent--)
        if (!decimal_multiply(&d, STR("10")))
            return false;
    d.scale += (uint32_t)-exponent;
    *number = decimal_write(&d, a);
    return true;
}

static str without_exponent(struct arena *a, str number)
{
    str exponent = number,
        mantissa = str_cut(&exponent, memchr(number.p, 'e', number.n) ? 'e' : 'E');
    int64_t by;

    if (exponent.n && exponent.p[0] == '+')
        exponent = (str){exponent.p + 1, exponent.n - 1};
    if (str_to_i64(exponent, &by))
        (void)!write_out(a, mantissa, by, &number);
    return number;
}

/* 5.0 is how many programs write a 5 once a column had a null. */
static str without_zeros(str number)
{
    str fraction = number, whole = str_cut(&fraction, '.');

    for (size_t i = 0; i < fraction.n; i++)
        if (fraction.p[i] != '0')
            return number;
    return whole;
}

str coerce_plain_digits(const struct coercer *c, struct arena *a, str number)
{
    if (c->run == coerce_id) /* lost its digits before it came here */
        return number;
    number = without_exponent(a, number);
    return c->run == coerce_integer ? without_zeros(number) : number;
}

struct coerce_setup coerce_setup_of_json(const struct coerce_setup *setup)
{
    struct coerce_setup typed = *setup;

    typed.decimal = '.';
    memset(typed.groups, 0, sizeof(typed.groups));
    return typed;
}
