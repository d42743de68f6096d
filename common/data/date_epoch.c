/* Dates as programs write them: a number of days, seconds or parts of them since 1970. */
#include "common/data/date.h"
#include "common/data/decimal.h"

enum { FRACTION_MAX = 9 };
#define DAY_FIRST    INT64_C(-719162) /* 0001-01-01 */
#define DAY_LAST     INT64_C(2932896) /* 9999-12-31 */
#define DAY_SECONDS  INT64_C(86400)
#define SECOND_FIRST (DAY_FIRST * DAY_SECONDS)
#define SECOND_LAST  ((DAY_LAST + 1) * DAY_SECONDS - 1)

static const struct {
    const char *format;
    uint32_t decimals; /* of a second that one is of the last digit */
    bool is_days;
} epochs[] = {{"epoch_days", 0, true}, {"epoch_s", 0}, {"epoch_ms", 3}, {"epoch_us", 6}};

static size_t find(str format)
{
    size_t i = 0;

    while (i < ARRAY_LEN(epochs) && !str_is(format, epochs[i].format))
        i++;
    return i;
}

bool date_is_epoch(str format)
{
    return find(format) < ARRAY_LEN(epochs);
}

/* -1.25 is 0.75 behind -2; the last digit is no 0. */
static str complement(struct arena *a, str fraction)
{
    char *digits = arena_alloc(a, fraction.n);

    for (size_t i = 0; i < fraction.n; i++)
        digits[i] = (char)('9' - fraction.p[i] + '0');
    digits[fraction.n - 1]++;
    return (str){digits, fraction.n};
}

bool date_read_epoch(struct arena *a, str format, str text, struct date *d)
{
    size_t kind = find(format);
    struct decimal number UNSET;
    int64_t n;

    if (!decimal_read(&number, text))
        return false;
    number.scale += epochs[kind].decimals;
    if (number.scale > FRACTION_MAX)
        decimal_round(&number, FRACTION_MAX);
    str fraction = decimal_write(&number, a), whole = str_cut(&fraction, '.');
    if (!str_to_i64(whole, &n))
        return false;
    *d = (struct date){0};
    if (epochs[kind].is_days) {
        if (fraction.n || n < DAY_FIRST || n > DAY_LAST)
            return false;
        date_from_days((int)n, d);
        return true;
    }
    bool is_before = fraction.n && whole.p[0] == '-';
    n -= is_before;
    if (n < SECOND_FIRST || n > SECOND_LAST)
        return false;
    date_from_seconds(n, d);
    d->fraction = is_before ? complement(a, fraction) : fraction;
    return true;
}
