/* Dates: ISO 8601, or the formats that a field declares; what comes out is RFC 3339, a time
 * always in UTC. Nothing is guessed: a date that the calendar does not have is refused. */
#include "common/data/coerce.h"

enum { STAMP_MAX = 64, FRACTION_MAX = 9, DAYS_ERA = 146097, DAYS_TO_EPOCH = 719468 };

struct date {
    int year, month, day, hour, minute, second;
    int offset; /* minutes east of UTC */
    str fraction;
    bool has_time;
};
struct reader {
    const char *p, *end;
};

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_char(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (take_char(r, ' ') || take_char(r, '\t'))
        ;
}

/* A number of `least` to `most` digits. */
static bool take_number(struct reader *r, int least, int most, int *number)
{
    int n = 0, v = 0;

    for (; n < most && r->p < r->end && is_digit(*r->p); n++)
        v = v * 10 + (*r->p++ - '0');
    if (n < least)
        return false;
    *number = v;
    return true;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t equal_letters(const struct reader *r, const char *word)
{
    size_t n = 0;

    while (word[n] && r->p + n < r->end && lower(r->p[n]) == word[n])
        n++;
    return n;
}

/* "May", "september", "Sep": an English name, whole or its first three letters. */
static bool take_month(struct reader *r, int *month)
{
    for (int m = 0; m < 12; m++) {
        size_t n = equal_letters(r, months[m]);
        if (n < 3)
            continue;
        r->p += n == strlen(months[m]) ? n : 3;
        *month = m + 1;
        return true;
    }
    return false;
}

/* Z, +02, +0200, +02:00 */
static bool take_zone(struct reader *r, int *offset)
{
    int sign, hours, minutes = 0;

    if (take_char(r, 'Z') || take_char(r, 'z')) {
        *offset = 0;
        return true;
    }
    if (take_char(r, '+'))
        sign = 1;
    else if (take_char(r, '-'))
        sign = -1;
    else
        return false;
    if (!take_number(r, 2, 2, &hours))
        return false;
    bool has_colon = take_char(r, ':');
    if (!take_number(r, 2, 2, &minutes) && has_colon)
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *offset = sign * (hours * 60 + minutes);
    return true;
}

static bool take_fraction(struct reader *r, str *fraction)
{
    const char *start = r->p;

    if (!take_char(r, '.') && !take_char(r, ','))
        return true;
    while (r->p < r->end && is_digit(*r->p))
        r->p++;
    size_t digits = (size_t)(r->p - start) - 1;
    *fraction = (str){start + 1, MIN(digits, (size_t)FRACTION_MAX)};
    return digits > 0;
}

static bool take_iso_time(struct reader *r, struct date *d)
{
    d->has_time = true;
    if (!take_number(r, 2, 2, &d->hour) || !take_char(r, ':') ||
        !take_number(r, 2, 2, &d->minute))
        return false;
    if (take_char(r, ':') &&
        (!take_number(r, 2, 2, &d->second) || !take_fraction(r, &d->fraction)))
        return false;
    skip_blanks(r);
    return r->p == r->end || take_zone(r, &d->offset);
}

static bool take_iso(struct reader *r, struct date *d)
{
    if (!take_number(r, 4, 4, &d->year) || !take_char(r, '-') ||
        !take_number(r, 2, 2, &d->month) || !take_char(r, '-') ||
        !take_number(r, 2, 2, &d->day))
        return false;
    if (take_char(r, 'T') || take_char(r, 't') || take_char(r, ' '))
        return take_iso_time(r, d);
    return true;
}

static bool take_short_year(struct reader *r, int *year)
{
    if (!take_number(r, 2, 2, year))
        return false;
    *year += *year < 69 ? 2000 : 1900; /* POSIX strptime */
    return true;
}

static bool take_directive(struct reader *r, char letter, struct date *d)
{
    switch (letter) {
    case 'Y':
        return take_number(r, 4, 4, &d->year);
    case 'y':
        return take_short_year(r, &d->year);
    case 'm':
        return take_number(r, 1, 2, &d->month);
    case 'b':
    case 'B':
        return take_month(r, &d->month);
    case 'd':
        return take_number(r, 1, 2, &d->day);
    case 'H':
        d->has_time = true;
        return take_number(r, 1, 2, &d->hour);
    case 'M':
        return take_number(r, 1, 2, &d->minute);
    case 'S':
        return take_number(r, 1, 2, &d->second);
    case 'z':
        return take_zone(r, &d->offset);
    default: /* %%, the only other one that coerce_check_format() lets through */
        return take_char(r, '%');
    }
}

static bool take_format(struct reader *r, str format, struct date *d)
{
    for (size_t i = 0; i < format.n; i++) {
        bool fits = true;
        if (format.p[i] == ' ')
            skip_blanks(r);
        else if (format.p[i] == '%' && i + 1 < format.n)
            fits = take_directive(r, format.p[++i], d);
        else
            fits = take_char(r, format.p[i]);
        if (!fits)
            return false;
    }
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

static const char *refuse_date(const struct date *d)
{
    if (d->year < 1 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > days_in(d->year, d->month))
        return "is a day that no calendar has";
    if (d->hour > 23 || d->minute > 59 || d->second > 59)
        return "is a time that no clock shows";
    return NULL;
}

/* Days since 1970-01-01 and back, in eras of 400 years that begin in March, so that the leap
 * day ends a year. Counted for the years 0 to 9999. */
static int days_from(int year, int month, int day)
{
    int y = year - (month <= 2) + 400, m = (month + 9) % 12; /* + 400: never negative */
    int of_era =
        (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 + (153 * m + 2) / 5 + day - 1;

    return (y / 400 - 1) * DAYS_ERA + of_era - DAYS_TO_EPOCH;
}

static void date_from(int days, struct date *d)
{
    int z = days + DAYS_TO_EPOCH + DAYS_ERA, of_era = z % DAYS_ERA;
    int y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

    d->day = of_year - (153 * m + 2) / 5 + 1;
    d->month = m < 10 ? m + 3 : m - 9;
    d->year = y + (z / DAYS_ERA - 1) * 400 + (d->month <= 2);
}

static void to_utc(struct date *d)
{
    if (!d->has_time || !d->offset)
        return;
    int minutes = d->hour * 60 + d->minute - d->offset;
    int days = days_from(d->year, d->month, d->day) + (minutes + 2 * 1440) / 1440 - 2;
    minutes = (minutes + 2 * 1440) % 1440;
    date_from(days, d);
    d->hour = minutes / 60;
    d->minute = minutes % 60;
}

static char *put_number(char *out, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + digits;
}

static char *put_time(char *out, const struct date *d)
{
    *out++ = 'T';
    out = put_number(out, d->hour, 2);
    *out++ = ':';
    out = put_number(out, d->minute, 2);
    *out++ = ':';
    out = put_number(out, d->second, 2);
    if (d->fraction.n) {
        *out++ = '.';
        memcpy(out, d->fraction.p, d->fraction.n);
        out += d->fraction.n;
    }
    *out++ = 'Z';
    return out;
}

static str write_date(struct arena *a, const struct date *d)
{
    char *start = arena_reserve(a, STAMP_MAX), *out = start;

    *out++ = '"';
    out = put_number(out, d->year, 4);
    *out++ = '-';
    out = put_number(out, d->month, 2);
    *out++ = '-';
    out = put_number(out, d->day, 2);
    if (d->has_time)
        out = put_time(out, d);
    *out++ = '"';
    arena_trim(a, out);
    return (str){start, (size_t)(out - start)};
}

static bool read_date(const struct coerce_setup *setup, str text, struct date *d)
{
    for (uint32_t i = 0; i < MAX(setup->format_count, 1u); i++) {
        struct reader r = {text.p, text.p + text.n};
        *d = (struct date){0};
        bool fits =
            setup->format_count ? take_format(&r, setup->formats[i], d) : take_iso(&r, d);
        if (fits && r.p == r.end)
            return true;
    }
    return false;
}

bool coerce_date(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    struct date d;

    if (!read_date(setup, text, &d))
        return coerce_refuse(out, setup->format_count
                                      ? "fits none of the formats"
                                      : "is no ISO 8601 date: declare its formats");
    const char *wrong = refuse_date(&d);
    if (!wrong) {
        to_utc(&d);
        wrong = d.year < 1 || d.year > 9999 ? "is outside the years 1 to 9999" : NULL;
    }
    if (wrong)
        return coerce_refuse(out, wrong);
    out->value = write_date(a, &d);
    return true;
}

const char *coerce_check_format(str format)
{
    bool has_year = false, has_month = false, has_day = false;

    for (size_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        char letter = ++i < format.n ? format.p[i] : '\0';
        if (!letter || !strchr("YymbBdHMSz%", letter))
            return "knows %Y %y %m %b %B %d %H %M %S %z and %% only";
        has_year |= letter == 'Y' || letter == 'y';
        has_month |= letter == 'm' || letter == 'b' || letter == 'B';
        has_day |= letter == 'd';
    }
    if (!has_year || !has_month || !has_day)
        return "needs a year, a month and a day";
    return NULL;
}

bool coerce_zone(str text, int *minutes)
{
    struct reader r = {text.p, text.p + text.n};

    *minutes = 0;
    return str_is(text, "UTC") || (take_zone(&r, minutes) && r.p == r.end);
}

bool coerce_day(str text, int64_t *days)
{
    struct reader r = {text.p, text.p + text.n};
    struct date d = {0};

    if (!take_iso(&r, &d) || r.p != r.end || d.has_time || refuse_date(&d))
        return false;
    *days = days_from(d.year, d.month, d.day);
    return true;
}
