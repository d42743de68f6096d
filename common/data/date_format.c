/* Dates by a format, as strptime has them: %d/%m/%Y. */
#include "common/data/date.h"

enum { EPOCH_DIGITS = 11, CENTURY_PIVOT = 69 /* POSIX strptime */ };

struct format_reader {
    const struct coerce_setup *setup;
    struct date_reader r;
    char next; /* of the format, behind the directive; 0: its end */
    enum date_half half;
};

/* A letter, or something that is not ASCII, which may be one: there are many words to compare
 * with, and most texts have a digit or a sign where a format has a name. */
static bool is_at_word(const struct format_reader *f)
{
    return f->r.p < f->r.end && (ascii_is_letter(*f->r.p) || (unsigned char)*f->r.p >= 0x80);
}

/* Of any language; the dot of a short form goes with it, unless the format has one there. */
static bool take_named(struct format_reader *f, bool is_month, int *index)
{
    const struct date_language *l;

    for (uint32_t i = 0; is_at_word(f) && (l = date_next_language(f->setup, &i));) {
        if (!date_take_name(&f->r, is_month ? l->months : l->weekdays, index))
            continue;
        if (f->next != '.')
            date_take(&f->r, '.');
        return true;
    }
    return false;
}

static bool take_month(struct format_reader *f, int *month)
{
    bool is_name = take_named(f, true, month);

    ++*month; /* an index until here */
    return is_name;
}

static bool take_weekday(struct format_reader *f)
{
    int index;

    return take_named(f, false, &index);
}

/* A number from 1: a 0 stands for what is not known, and another format may know it. */
static bool take_ordinal(struct date_reader *r, int *number)
{
    return date_take_number(r, 1, 2, number) && *number > 0;
}

/* 1st, 2nd: unless letters are what the format has next. */
static bool take_day(struct format_reader *f, int *day)
{
    const struct date_language *l;
    bool is_taken = ascii_is_letter(f->next) || f->next == '%';

    if (!take_ordinal(&f->r, day))
        return false;
    is_taken = is_taken || !(is_at_word(f) || (f->r.p < f->r.end && *f->r.p == '-')); /* -го */
    for (uint32_t i = 0; !is_taken && (l = date_next_language(f->setup, &i));)
        is_taken = date_take_word(&f->r, l->ordinals);
    return true;
}

static bool take_short_year(struct date_reader *r, int *year)
{
    if (!date_take_number(r, 2, 2, year))
        return false;
    *year += *year < CENTURY_PIVOT ? 2000 : 1900;
    return true;
}

bool date_take_half(struct date_reader *r, enum date_half *half)
{
    int index;

    if (!date_take_name(r, "am|a.m.,pm|p.m.", &index))
        return false;
    *half = index ? HALF_PM : HALF_AM;
    return true;
}

/* 12 is the first hour of its half. */
bool date_settle_half(struct date *d, enum date_half half)
{
    bool is_hour = half == HALF_UNSAID || (d->hour > 0 && d->hour <= 12);

    if (half != HALF_UNSAID)
        d->hour = d->hour % 12 + (half == HALF_PM ? 12 : 0);
    return is_hour;
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

static bool take_directive(struct format_reader *f, char letter, struct date *d)
{
    struct date_reader *r = &f->r;

    switch (letter) {
    case 'Y':
        return date_take_number(r, 4, 4, &d->year);
    case 'y':
        return take_short_year(r, &d->year);
    case 'm':
        return take_ordinal(r, &d->month);
    case 'b':
    case 'B':
        return take_month(f, &d->month);
    case 'd':
        return take_day(f, &d->day);
    case 'a':
    case 'A':
        return take_weekday(f);
    case 'I':
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
        return date_take_half(r, &f->half);
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

bool date_read_format(const struct coerce_setup *setup, str format, str text, struct date *d)
{
    struct format_reader f = {.setup = setup, .r = {text.p, str_end(text)}};

    *d = (struct date){.precision = DATE_YEAR};
    for (size_t i = 0; i < format.n; i++) {
        bool fits = true;
        if (format.p[i] == ' ') {
            date_skip_blanks(&f.r);
        } else if (format.p[i] == '%' && i + 1 < format.n) {
            char letter = format.p[++i];
            f.next = i + 1 < format.n ? format.p[i + 1] : '\0';
            fits = take_directive(&f, letter, d);
            d->precision = MAX(d->precision, precision_of(letter));
        } else {
            fits = date_take(&f.r, format.p[i]);
        }
        if (!fits)
            return false;
    }
    return f.r.p == f.r.end && date_settle_half(d, f.half);
}

const char *coerce_check_format(str format)
{
    bool has[128] = {false};

    if (date_is_epoch(format))
        return NULL;
    for (size_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        char letter = ++i < format.n ? format.p[i] : '\0';
        if (!letter || !strchr("YymbBdaAHIMSfpzs%", letter))
            return "knows %Y %y %m %b %d %a %H %I %p %M %S %f %z %s and %% only";
        has[(unsigned char)letter] = true;
    }
    bool has_month = has['m'] || has['b'] || has['B'], has_hour = has['H'] || has['I'];
    if (has['s'])
        return NULL;
    if (!has['Y'] && !has['y'])
        return "needs a year, or is one of epoch_s epoch_ms epoch_us epoch_days";
    if (has['d'] && !has_month)
        return "has a day without its month";
    if (has_hour && !has['d'])
        return "has a time without its day";
    if ((has['M'] && !has_hour) || (has['S'] && !has['M']) || (has['f'] && !has['S']))
        return "has a part of an hour without the hour";
    return has['I'] != has['p'] ? "has one of %I and %p without the other" : NULL;
}
