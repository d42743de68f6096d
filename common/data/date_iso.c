/* Dates by ISO 8601, as short as they are: 2019, 2019-12, 2019-12-01, 2019-12-01T10:11:12Z. */
#include "common/data/date.h"

enum { FRACTION_MAX = 9 };

bool date_is_digit(const struct date_reader *r)
{
    return r->p < r->end && ascii_is_digit(*r->p);
}

bool date_take(struct date_reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool take_text(struct date_reader *r, str text)
{
    if (!str_starts(str_between(r->p, r->end), text))
        return false;
    r->p += text.n;
    return true;
}

void date_skip_blanks(struct date_reader *r)
{
    while (date_take(r, ' ') || date_take(r, '\t') || take_text(r, STR("\u00a0")) ||
           take_text(r, STR("\u202f")))
        continue;
}

bool date_take_number(struct date_reader *r, int least, int most, int *number)
{
    int n = 0, v = 0;

    for (; n < most && date_is_digit(r); n++)
        v = v * 10 + (*r->p++ - '0');
    if (n < least)
        return false;
    *number = v;
    return true;
}

bool date_take_digits(struct date_reader *r, str *fraction)
{
    const char *start = r->p;

    while (date_is_digit(r))
        r->p++;
    *fraction = str_between(start, r->p);
    fraction->n = MIN(fraction->n, (size_t)FRACTION_MAX);
    return fraction->n > 0;
}

bool date_take_zone(struct date_reader *r, struct date *d)
{
    int sign = 1, hours, minutes = 0;

    d->has_zone = true;
    d->offset = 0;
    if (date_take(r, 'Z') || date_take(r, 'z') || take_text(r, STR("UTC")) ||
        take_text(r, STR("GMT")))
        return true;
    if (date_take(r, '-'))
        sign = -1;
    else if (!date_take(r, '+'))
        return false;
    if (!date_take_number(r, 2, 2, &hours))
        return false;
    bool has_colon = date_take(r, ':');
    if (!date_take_number(r, 2, 2, &minutes) && has_colon)
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    d->offset = sign * (hours * 60 + minutes);
    return true;
}

static bool take_time(struct date_reader *r, struct date *d)
{
    if (!date_take_number(r, 2, 2, &d->hour) || !date_take(r, ':') ||
        !date_take_number(r, 2, 2, &d->minute))
        return false;
    if (date_take(r, ':')) {
        if (!date_take_number(r, 2, 2, &d->second))
            return false;
        if ((date_take(r, '.') || date_take(r, ',')) && !date_take_digits(r, &d->fraction))
            return false;
    }
    date_skip_blanks(r);
    return r->p == r->end || date_take_zone(r, d);
}

static bool take_date(struct date_reader *r, struct date *d)
{
    d->precision = DATE_YEAR;
    if (!date_take_number(r, 4, 4, &d->year))
        return false;
    if (r->p == r->end)
        return true;
    d->precision = DATE_MONTH;
    if (!date_take(r, '-') || !date_take_number(r, 2, 2, &d->month))
        return false;
    if (r->p == r->end)
        return true;
    d->precision = DATE_DAY;
    if (!date_take(r, '-') || !date_take_number(r, 2, 2, &d->day))
        return false;
    if (!date_take(r, 'T') && !date_take(r, 't') && !date_take(r, ' '))
        return true;
    d->precision = DATE_TIME;
    return take_time(r, d);
}

bool date_read_iso(str text, struct date *d)
{
    struct date_reader r = {text.p, str_end(text)};

    *d = (struct date){0};
    return take_date(&r, d) && r.p == r.end;
}

bool coerce_zone(str text, int *minutes)
{
    struct date_reader r = {text.p, str_end(text)};
    struct date d = {0};
    bool is_zone = date_take_zone(&r, &d) && r.p == r.end;

    *minutes = d.offset;
    return is_zone;
}

bool coerce_day(str text, int64_t *days)
{
    struct date d;

    if (!date_read_iso(text, &d) || d.precision != DATE_DAY || date_refuse(&d))
        return false;
    *days = date_days(&d);
    return true;
}

bool coerce_moment(str text, int64_t *seconds)
{
    struct date d;

    if (!date_read_iso(text, &d) || d.precision < DATE_DAY || date_refuse(&d))
        return false;
    if (d.precision == DATE_TIME)
        date_to_utc(&d);
    *seconds = date_seconds(&d);
    return !date_refuse(&d);
}
