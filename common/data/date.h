#pragma once
/* What the coercers of dates share: a date as a cell has it, the calendar, reading and writing.
 * Private to coerce_date.c and date_*.c. */
#include "common/data/coerce.h"

enum date_precision { DATE_YEAR = 1, DATE_MONTH, DATE_DAY, DATE_TIME };
struct date {
    enum date_precision precision; /* what is finer was not said */
    int year, month, day, hour, minute, second;
    str fraction; /* digits of a second */
    bool has_zone;
    int offset; /* with a zone: minutes east of UTC */
};

/* date_calendar.c */
const char *date_refuse(const struct date *d) MUST_CHECK; /* NULL: there is such a date */
int date_days(const struct date *d); /* since 1970-01-01; of a date with a day */
void date_from_days(int days, struct date *d);
void date_from_seconds(int64_t seconds, struct date *d); /* since then; with a time, in UTC */
void date_months_back(struct date *d, int months); /* year and month; the year may be below 1 */
void date_to_utc(struct date *d); /* of a time with a zone; the year may be refused then */

int64_t date_seconds(const struct date *d); /* since the epoch, of a date in UTC */

/* date_iso.c: the pieces that a date is read from. False: something else stands there. */
struct date_reader {
    const char *p, *end;
};
bool date_is_digit(const struct date_reader *r);
bool date_take(struct date_reader *r, char c);
void date_skip_blanks(struct date_reader *r); /* also those that do not break a line */
bool date_take_number(struct date_reader *r, int least, int most, int *number); /* digits */
bool date_take_digits(struct date_reader *r, str *fraction);
bool date_take_zone(struct date_reader *r, struct date *d); /* Z, UTC, GMT, +02, +02:00 */
bool date_read_iso(str text, struct date *d) MUST_CHECK;

/* date_names.c: words in one language. A list has its entries between commas and the forms of
 * an entry between bars, small letters all; NULL: the language has none. */
struct date_language {
    const char *code;
    const char *months, *weekdays, *ordinals; /* 12 entries; one; one, behind a number */
    const char *moments;                      /* now, today, yesterday, the day before, never */
    const char *before, *behind, *one, *at;   /* "vor", "ago", "a", "at" a time of day */
    const char *units;                        /* second minute hour day week month year */
};
/* The languages that a field declares, `*i` from 0; NULL behind the last. */
const struct date_language *date_next_language(const struct coerce_setup *setup, uint32_t *i);
/* The longest form that stands at the reader, in letters of either case. */
bool date_take_name(struct date_reader *r, const char *list, int *index);
bool date_take_word(struct date_reader *r, const char *list);

/* date_ago.c: a date that counts from the day of the scrape */
enum date_unit { AGO_SECOND, AGO_MINUTE, AGO_HOUR, AGO_DAY, AGO_WEEK, AGO_MONTH, AGO_YEAR };
struct date_ago {
    int n;
    enum date_unit unit;
    bool is_never, is_open; /* "30+" */
    bool has_clock;         /* "yesterday 14:30" */
    int hour, minute;
};
bool date_read_ago(const struct coerce_setup *setup, str text, struct date_ago *ago) MUST_CHECK;
str date_write_age(struct arena *a, const struct date_ago *ago); /* ISO 8601 duration, JSON */
/* False: `now` is a day, and the text is finer. */
bool date_from_ago(const struct date_ago *ago, int64_t now, struct date *d) MUST_CHECK;

/* date_format.c */
enum date_half { HALF_UNSAID, HALF_AM, HALF_PM };
bool date_take_half(struct date_reader *r, enum date_half *half); /* am, P.M. */
bool date_settle_half(struct date *d, enum date_half half); /* false: no hour of its clock */
bool date_read_format(const struct coerce_setup *setup, str format, str text,
                      struct date *d) MUST_CHECK;

/* date_epoch.c: epoch_days, epoch_s, epoch_ms, epoch_us, in place of a format */
bool date_is_epoch(str format);
bool date_read_epoch(struct arena *a, str format, str text, struct date *d) MUST_CHECK;

/* date_write.c: as JSON. Empty: the form cannot have it, `why` says for what reason. */
str date_write(struct arena *a, const struct date *d, enum coerce_form form, const char **why);
