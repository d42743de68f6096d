/* Dates as ISO 8601, or as numbers since the epoch. */
#include "common/data/date.h"

enum { STAMP_MAX = 64, MILLI_DIGITS = 3, MICRO_DIGITS = 6 };

static char *put_number(char *out, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + digits;
}

static char *put_part(char *out, char sign, int number)
{
    *out++ = sign;
    return put_number(out, number, 2);
}

static char *put_time(char *out, const struct date *d)
{
    out = put_part(out, 'T', d->hour);
    out = put_part(out, ':', d->minute);
    out = put_part(out, ':', d->second);
    if (d->fraction.n) {
        *out++ = '.';
        memcpy(out, d->fraction.p, d->fraction.n);
        out += d->fraction.n;
    }
    if (d->has_zone)
        *out++ = 'Z';
    return out;
}

static str write_text(struct arena *a, const struct date *d)
{
    char *start = arena_reserve(a, STAMP_MAX), *out = start;

    *out++ = '"';
    out = put_number(out, d->year, 4);
    if (d->precision >= DATE_MONTH)
        out = put_part(out, '-', d->month);
    if (d->precision >= DATE_DAY)
        out = put_part(out, '-', d->day);
    if (d->precision == DATE_TIME)
        out = put_time(out, d);
    *out++ = '"';
    arena_trim(a, out);
    return str_between(start, out);
}

static int64_t instant(const struct date *d, size_t digits)
{
    int64_t t = date_seconds(d);

    for (size_t i = 0; i < digits; i++)
        t = t * 10 + (i < d->fraction.n ? d->fraction.p[i] - '0' : 0);
    return t;
}

static const char *refuse_form(const struct date *d, enum coerce_form form)
{
    if (form == FORM_DAYS)
        return d->precision < DATE_DAY ? "names no day, and its type wants one" : NULL;
    if (form == FORM_TEXT)
        return NULL;
    if (d->precision < DATE_TIME)
        return "has no time of day, and its type wants one";
    return d->has_zone ? NULL : "names no zone: declare `zone`";
}

str date_write(struct arena *a, const struct date *d, enum coerce_form form, const char **why)
{
    *why = refuse_form(d, form);
    if (*why)
        return STR_NONE;
    switch (form) {
    case FORM_DAYS:
        return arena_printf(a, "%d", date_days(d));
    case FORM_MILLIS:
        return arena_printf(a, "%lld", (long long)instant(d, MILLI_DIGITS));
    case FORM_MICROS:
        return arena_printf(a, "%lld", (long long)instant(d, MICRO_DIGITS));
    case FORM_TEXT:
        break;
    }
    return write_text(a, d);
}
