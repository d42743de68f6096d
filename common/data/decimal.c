#include "common/data/decimal.h"

#include <assert.h>

struct factor { /* mantissa / 10^scale */
    uint64_t mantissa;
    uint32_t scale;
};

static bool read_factor(str s, struct factor *f)
{
    bool has_point = false;
    uint32_t digits = 0;

    *f = (struct factor){0};
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !has_point && i > 0 && i + 1 < s.n) {
            has_point = true;
            continue;
        }
        digits += f->mantissa > 0 || s.p[i] != '0';
        if (!ascii_is_digit(s.p[i]) || digits > DECIMAL_FACTOR_DIGITS || f->scale >= 60)
            return false;
        f->mantissa = f->mantissa * 10 + (uint64_t)(s.p[i] - '0');
        f->scale += has_point;
    }
    return f->mantissa > 0;
}

bool decimal_is_factor(str s)
{
    struct factor f;

    return read_factor(s, &f);
}

static void drop_leading_zeros(struct decimal *d)
{
    while (d->n > 0 && d->digits[d->n - 1] == 0)
        d->n--;
}

bool decimal_read(struct decimal *d, str s)
{
    d->n = d->scale = 0;
    d->is_negative = s.n > 0 && s.p[0] == '-';
    if (s.n > DECIMAL_DIGITS_MAX || s.n == (size_t)d->is_negative)
        return false;
    for (size_t i = s.n; i-- > (size_t)d->is_negative;) {
        if (ascii_is_digit(s.p[i]))
            d->digits[d->n++] = (uint8_t)(s.p[i] - '0');
        else if (s.p[i] != '.' || d->scale || !d->n || i == (size_t)d->is_negative)
            return false;
        else
            d->scale = d->n;
    }
    drop_leading_zeros(d);
    return true;
}

bool decimal_multiply(struct decimal *d, str by)
{
    struct factor f = {0};
    bool is_factor = read_factor(by, &f);
    uint64_t carry = 0;

    assert(is_factor);
    if (f.mantissa > 1)
        for (uint32_t i = 0; i < d->n; i++) {
            carry += d->digits[i] * f.mantissa;
            d->digits[i] = (uint8_t)(carry % 10);
            carry /= 10;
        }
    for (; carry > 0; carry /= 10) {
        if (d->n == DECIMAL_DIGITS_MAX)
            return false;
        d->digits[d->n++] = (uint8_t)(carry % 10);
    }
    d->scale += f.scale;
    return d->scale <= DECIMAL_DIGITS_MAX;
}

static bool append_zeros(struct decimal *d, uint32_t n)
{
    if (d->n + n > DECIMAL_DIGITS_MAX)
        return false;
    memmove(d->digits + n, d->digits, d->n);
    memset(d->digits, 0, n);
    d->n += n;
    d->scale += n;
    return true;
}

/* Half up needs to know one digit more than it keeps, and no more. */
bool decimal_divide(struct decimal *d, str by, uint32_t digits)
{
    struct factor f = {0};
    bool is_factor = read_factor(by, &f);
    uint64_t rest = 0;

    assert(is_factor);
    if (d->scale < f.scale + digits + 1 && !append_zeros(d, f.scale + digits + 1 - d->scale))
        return false;
    for (uint32_t i = d->n; i-- > 0;) {
        rest = rest * 10 + d->digits[i];
        d->digits[i] = (uint8_t)(rest / f.mantissa);
        rest %= f.mantissa;
    }
    d->scale -= f.scale;
    drop_leading_zeros(d);
    decimal_round(d, digits);
    return true;
}

void decimal_round(struct decimal *d, uint32_t digits)
{
    if (d->scale <= digits)
        return;
    uint32_t cut = d->scale - digits, i = 0;
    d->scale = digits;
    if (cut > d->n) {
        d->n = 0;
        return;
    }
    bool is_up = d->digits[cut - 1] >= 5;
    d->n -= cut;
    memmove(d->digits, d->digits + cut, d->n);
    for (; is_up && i < d->n; i++) {
        is_up = d->digits[i] == 9;
        d->digits[i] = is_up ? 0 : (uint8_t)(d->digits[i] + 1);
    }
    if (is_up)
        d->digits[d->n++] = 1; /* there is room: at least one digit was cut */
}

static uint8_t digit_at(const struct decimal *d, uint32_t i)
{
    return i < d->n ? d->digits[i] : 0;
}

str decimal_write(const struct decimal *d, struct arena *a)
{
    uint32_t whole = d->n > d->scale ? d->n - d->scale : 1, last = 0;
    char *start = arena_reserve(a, whole + d->scale + 2), *out = start;

    while (last < d->scale && digit_at(d, last) == 0)
        last++;
    if (d->is_negative && d->n > 0)
        *out++ = '-';
    for (uint32_t i = d->scale + whole; i-- > last;) {
        *out++ = (char)('0' + digit_at(d, i));
        if (i == d->scale && i > last)
            *out++ = '.';
    }
    arena_trim(a, out);
    return str_between(start, out);
}

static bool is_zero(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '0' && s.p[i] != '.')
            return false;
    return true;
}

/* Of digits without a sign and without needless zeros in front. */
static int compare_sizes(str x, str y)
{
    str x_whole = str_cut(&x, '.'), y_whole = str_cut(&y, '.');
    int order = x_whole.n == y_whole.n ? str_compare(x_whole, y_whole)
                                       : (x_whole.n > y_whole.n) - (x_whole.n < y_whole.n);

    while (x.n > 0 && x.p[x.n - 1] == '0')
        x.n--;
    while (y.n > 0 && y.p[y.n - 1] == '0')
        y.n--;
    return order ? order : str_compare(x, y);
}

int decimal_compare(str x, str y)
{
    bool x_minus = x.n && x.p[0] == '-', y_minus = y.n && y.p[0] == '-';

    x = x_minus ? str_between(x.p + 1, str_end(x)) : x;
    y = y_minus ? str_between(y.p + 1, str_end(y)) : y;
    x_minus = x_minus && !is_zero(x);
    y_minus = y_minus && !is_zero(y);
    if (x_minus != y_minus)
        return x_minus ? -1 : 1;
    return x_minus ? compare_sizes(y, x) : compare_sizes(x, y);
}

double decimal_about(str s)
{
    double value = 0, unit = 1;
    bool has_point = false, is_negative = s.n > 0 && s.p[0] == '-';

    for (size_t i = is_negative; i < s.n; i++) {
        if (s.p[i] == '.') {
            has_point = true;
            continue;
        }
        value = value * 10 + (s.p[i] - '0');
        unit = has_point ? unit * 10 : unit;
    }
    value /= unit;
    return is_negative ? -value : value;
}
