/* The calendar: which days there are, and counting them. */
#include "common/data/date.h"

enum { DAYS_ERA = 146097, DAYS_TO_EPOCH = 719468, DAY_MINUTES = 1440, DAY_SECONDS = 86400 };
enum { YEAR_LAST = 9999 };

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

const char *date_refuse(const struct date *d)
{
    if (d->year < 1 || d->year > YEAR_LAST)
        return "is outside the years 1 to 9999";
    if (d->precision >= DATE_MONTH && (d->month < 1 || d->month > 12))
        return "is a month that no calendar has";
    if (d->precision >= DATE_DAY && (d->day < 1 || d->day > days_in(d->year, d->month)))
        return "is a day that no calendar has";
    if (d->precision == DATE_TIME && (d->hour > 23 || d->minute > 59 || d->second > 59))
        return "is a time that no clock shows";
    return NULL;
}

/* In eras of 400 years that begin in March, so that the leap day ends a year. Counted for the
 * years 0 to 9999. */
int date_days(const struct date *d)
{
    int y = d->year - (d->month <= 2) + 400, m = (d->month + 9) % 12; /* never negative */
    int of_era =
        (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 + (153 * m + 2) / 5 + d->day - 1;

    return (y / 400 - 1) * DAYS_ERA + of_era - DAYS_TO_EPOCH;
}

void date_from_days(int days, struct date *d)
{
    int z = days + DAYS_TO_EPOCH + DAYS_ERA, of_era = z % DAYS_ERA;
    int y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

    d->day = of_year - (153 * m + 2) / 5 + 1;
    d->month = m < 10 ? m + 3 : m - 9;
    d->year = y + (z / DAYS_ERA - 1) * 400 + (d->month <= 2);
    d->precision = DATE_DAY;
}

void date_from_seconds(int64_t seconds, struct date *d)
{
    int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
    int of_day = (int)(seconds - days * DAY_SECONDS);

    date_from_days((int)days, d);
    d->precision = DATE_TIME;
    d->hour = of_day / 3600;
    d->minute = of_day / 60 % 60;
    d->second = of_day % 60;
    d->has_zone = true;
    d->offset = 0;
}

int64_t date_seconds(const struct date *d)
{
    return (int64_t)date_days(d) * DAY_SECONDS + d->hour * 3600 + d->minute * 60 + d->second;
}

void date_months_back(struct date *d, int months)
{
    int month = d->year * 12 + d->month - 1 - months;

    d->year = month < 0 ? 0 : month / 12;
    d->month = month < 0 ? 1 : month % 12 + 1;
}

void date_to_utc(struct date *d)
{
    int minutes = d->hour * 60 + d->minute - d->offset;
    int days = date_days(d) + (minutes + 2 * DAY_MINUTES) / DAY_MINUTES - 2;

    minutes = (minutes + 2 * DAY_MINUTES) % DAY_MINUTES;
    date_from_days(days, d);
    d->precision = DATE_TIME;
    d->hour = minutes / 60;
    d->minute = minutes % 60;
    d->offset = 0;
}
