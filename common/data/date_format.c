/* Dates by a format, as strptime has them: %d/%m/%Y. */
#include "common/data/date.h"

enum { EPOCH_DIGITS = 11 };

struct directives { /* what a format reads, beside the date itself */
    int half;       /* 0: not said; 1: am, 2: pm */
    bool is_half_clock;
};

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t equal_letters(const struct date_reader *r, const char *word)
{
    size_t n = 0;

    while (word[n] && r->p + n < r->end && lower(r->p[n]) == word[n])
        n++;
    return n;
}

/* "May", "september", "Sep": an English name, whole or its first three letters. */
static bool take_month(struct date_reader *r, int *month)
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

static bool take_short_year(struct date_reader *r, int *year)
{
    if (!date_take_number(r, 2, 2, year))
        return false;
    *year += *year < 69 ? 2000 : 1900; /* POSIX strptime */
    return true;
}

/* A number from 1: a 0 stands for what is not known, and another format may know it. */
static bool take_ordinal(struct date_reader *r, int *number)
{
    return date_take_number(r, 1, 2, number) && *number > 0;
}

static bool take_half(struct date_reader *r, int *half)
{
    const char *p = r->p;

    if (r->end - p < 2 || lower(p[1]) != 'm' || (lower(p[0]) != 'a' && lower(p[0]) != 'p'))
        return false;
    *half = lower(p[0]) == 'a' ? 1 : 2;
    r->p += 2;
    return true;
}

static bool take_epoch(struct date_reader *r, struct date *d)
{
    int64_t seconds = 0;
    int n = 0;

    for (; n < EPOCH_DIGITS && date_is_digit(r); n++)
        seconds = seconds * 10 + (*r->p++ - '0');
    date_from_seconds(seconds, d);
    return n > 0;
}

static bool take_directive(struct date_reader *r, char letter, struct date *d,
                           struct directives *said)
{
    switch (letter) {
    case 'Y':
        return date_take_number(r, 4, 4, &d->year);
    case 'y':
        return take_short_year(r, &d->year);
    case 'm':
        return take_ordinal(r, &d->month);
    case 'b':
    case 'B':
        return take_month(r, &d->month);
    case 'd':
        return take_ordinal(r, &d->day);
    case 'I':
        said->is_half_clock = true;
        return take_ordinal(r, &d->hour);
    case 'H':
        return date_take_number(r, 1, 2, &d->hour);
    case 'M':
        return date_take_number(r, 1, 2, &d->minute);
    case 'S':
        return date_take_number(r, 1, 2, &d->second);
    case 'f':
        return date_take_digits(r, &d->fraction);
    case 'p':
        return take_half(r, &said->half);
    case 'z':
        return date_take_zone(r, d);
    case 's':
        return take_epoch(r, d);
    default: /* %%, the only other one that coerce_check_format() lets through */
        return date_take(r, '%');
    }
}

static enum date_precision precision_of(char letter)
{
    if (strchr("HIs", letter))
        return DATE_TIME;
    if (letter == 'd')
        return DATE_DAY;
    return strchr("mbB", letter) ? DATE_MONTH : DATE_YEAR;
}

/* 12 is the first hour of its half. */
static bool apply_half(struct date *d, const struct directives *said)
{
    if (!said->is_half_clock)
        return true;
    bool is_hour = d->hour <= 12;
    d->hour = d->hour % 12 + (said->half == 2 ? 12 : 0);
    return is_hour;
}

bool date_read_format(const struct coerce_setup *setup, str format, str text, struct date *d)
{
    struct date_reader r = {text.p, str_end(text)};
    struct directives said = {0};

    (void)setup;
    *d = (struct date){.precision = DATE_YEAR};
    for (size_t i = 0; i < format.n; i++) {
        bool fits = true;
        if (format.p[i] == ' ') {
            date_skip_blanks(&r);
        } else if (format.p[i] == '%' && i + 1 < format.n) {
            fits = take_directive(&r, format.p[++i], d, &said);
            d->precision = MAX(d->precision, precision_of(format.p[i]));
        } else {
            fits = date_take(&r, format.p[i]);
        }
        if (!fits)
            return false;
    }
    return r.p == r.end && apply_half(d, &said);
}

const char *coerce_check_format(str format)
{
    bool has[128] = {false};

    for (size_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        char letter = ++i < format.n ? format.p[i] : '\0';
        if (!letter || !strchr("YymbBdHIMSfpzs%", letter))
            return "knows %Y %y %m %b %B %d %H %I %p %M %S %f %z %s and %% only";
        has[(unsigned char)letter] = true;
    }
    bool has_month = has['m'] || has['b'] || has['B'], has_hour = has['H'] || has['I'];
    if (has['s'])
        return NULL;
    if (!has['Y'] && !has['y'])
        return "needs a year";
    if (has['d'] && !has_month)
        return "has a day without its month";
    if (has_hour && !has['d'])
        return "has a time without its day";
    if ((has['M'] && !has_hour) || (has['S'] && !has['M']) || (has['f'] && !has['S']))
        return "has a part of an hour without the hour";
    return has['I'] != has['p'] ? "has one of %I and %p without the other" : NULL;
}
