/* A time of day: 17:47, 17:47:46.5, 5:47 pm, 7 pm. */
#include "common/data/date.h"

static bool take_minutes(struct date_reader *r, struct date *d)
{
    if (!date_take_number(r, 2, 2, &d->minute))
        return false;
    if (!date_take(r, ':'))
        return true;
    if (!date_take_number(r, 2, 2, &d->second))
        return false;
    return !date_take(r, '.') || date_take_digits(r, &d->fraction);
}

static bool read_time(str text, struct date *d)
{
    struct date_reader r = {text.p, str_end(text)};

    if (!date_take_number(&r, 1, 2, &d->hour))
        return false;
    bool has_minutes = date_take(&r, ':');
    if (has_minutes && !take_minutes(&r, d))
        return false;
    date_skip_blanks(&r);
    enum date_half half = HALF_UNSAID;
    if (r.p < r.end && !date_take_half(&r, &half))
        return false;
    return (has_minutes || half) && r.p == r.end && date_settle_half(d, half);
}

static str write(struct arena *a, const struct date *d)
{
    return arena_printf(a, "\"%02d:%02d:%02d%s" STR_FMT "\"", d->hour, d->minute, d->second,
                        d->fraction.n ? "." : "", STR_ARG(d->fraction));
}

bool coerce_time(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    struct date d = {.precision = DATE_TIME, .year = 1970, .month = 1, .day = 1};
    const char *why = read_time(text, &d) ? date_refuse(&d) : "is no time of day";

    d.has_zone = true; /* since midnight is since the epoch on its first day */
    if (why || setup->form == FORM_DAYS)
        return coerce_refuse(out, why ? why : "is no day, and its type wants one");
    out->value = setup->form == FORM_TEXT ? write(a, &d) : date_write(a, &d, setup->form, &why);
    return true;
}
