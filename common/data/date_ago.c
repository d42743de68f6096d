/* Dates that count from the day of the scrape: "today", "a week ago", "30+ days ago". */
#include "common/data/date.h"

enum { COUNT_DIGITS = 4, DAY_S = 86400 };
enum moment { MOMENT_NOW, MOMENT_TODAY, MOMENT_YESTERDAY, MOMENT_BEFORE, MOMENT_NEVER };

static bool ends(struct date_reader *r)
{
    date_skip_blanks(r);
    return r->p == r->end;
}

/* ", 14:30", " at 14:30" */
static bool take_clock(const struct date_language *l, struct date_reader *r,
                       struct date_ago *ago)
{
    date_take(r, ',');
    date_skip_blanks(r);
    date_take_word(r, l->at);
    date_skip_blanks(r);
    ago->has_clock = true;
    return date_take_number(r, 1, 2, &ago->hour) && date_take(r, ':') &&
           date_take_number(r, 2, 2, &ago->minute) && ago->hour < 24 && ago->minute < 60 &&
           ends(r);
}

static bool read_moment(const struct date_language *l, struct date_reader r,
                        struct date_ago *ago)
{
    int moment;

    *ago = (struct date_ago){.unit = AGO_DAY};
    if (!date_take_name(&r, l->moments, &moment))
        return false;
    ago->is_never = moment == MOMENT_NEVER;
    if (moment == MOMENT_NOW)
        ago->unit = AGO_SECOND;
    else if (!ago->is_never)
        ago->n = moment - MOMENT_TODAY;
    if (ends(&r))
        return true;
    return ago->unit == AGO_DAY && !ago->is_never && take_clock(l, &r, ago);
}

/* "3", "30+", "a"; where a language has no article the unit alone is one. */
static bool take_count(const struct date_language *l, struct date_reader *r,
                       struct date_ago *ago)
{
    if (date_take_number(r, 1, COUNT_DIGITS, &ago->n)) {
        ago->is_open = date_take(r, '+');
        return true;
    }
    ago->n = 1;
    return !l->one || date_take_word(r, l->one);
}

static bool read_count(const struct date_language *l, struct date_reader r,
                       struct date_ago *ago)
{
    int unit;

    *ago = (struct date_ago){0};
    bool is_before = date_take_word(&r, l->before);
    date_skip_blanks(&r);
    if (!take_count(l, &r, ago))
        return false;
    date_skip_blanks(&r);
    if (!date_take_name(&r, l->units, &unit))
        return false;
    ago->unit = (enum date_unit)unit;
    date_skip_blanks(&r);
    bool is_behind = date_take_word(&r, l->behind);
    return (is_before || is_behind) && ends(&r);
}

bool date_read_ago(const struct coerce_setup *setup, str text, struct date_ago *ago)
{
    struct date_reader r = {text.p, str_end(text)};
    const struct date_language *l;

    for (uint32_t i = 0; (l = date_next_language(setup, &i));)
        if (read_moment(l, r, ago) || read_count(l, r, ago))
            return true;
    return false;
}

str date_write_age(struct arena *a, const struct date_ago *ago)
{
    static const char letters[] = "SMHDWMY";

    if (ago->is_never)
        return STR("null");
    return arena_printf(a, "\"P%s%d%c\"", ago->unit < AGO_DAY ? "T" : "", ago->n,
                        letters[ago->unit]);
}

static void days_back(struct date *d, int days)
{
    date_from_days(date_days(d) - days, d);
}

bool date_from_ago(const struct date_ago *ago, int64_t now, struct date *d)
{
    static const int seconds[] = {1, 60, 3600};

    *d = (struct date){0};
    date_from_seconds(now, d);
    switch (ago->unit) {
    case AGO_SECOND:
    case AGO_MINUTE:
    case AGO_HOUR:
        date_from_seconds(now - (int64_t)ago->n * seconds[ago->unit], d);
        return now % DAY_S != 0;
    case AGO_DAY:
        days_back(d, ago->n);
        break;
    case AGO_WEEK:
        days_back(d, ago->n * 7);
        break;
    case AGO_MONTH:
        date_months_back(d, ago->n);
        d->precision = DATE_MONTH;
        break;
    case AGO_YEAR:
        d->year -= ago->n;
        d->precision = DATE_YEAR;
        break;
    }
    d->has_zone = false;
    if (ago->has_clock) {
        d->precision = DATE_TIME;
        d->hour = ago->hour;
        d->minute = ago->minute;
        d->second = 0;
    }
    return true;
}
