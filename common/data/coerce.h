#pragma once
/* Text of a cell to a typed JSON value: a table of small pure functions. Adding one is one
 * function, one row in the table and one table of cases in its test. Nothing is guessed: what a
 * cell leaves open is declared in the setup, or the cell cannot be read. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/node.h"

enum coerce_take {             /* the part of what was read that a field wants: `take:` */
                   TAKE_VALUE, /* a number, the lower end of a range; a date */
                   TAKE_MAX,   /* the upper end of a range; null when there is none */
                   TAKE_NOTE, /* what words beside or in place of a number say: from, more_than,
                                 on_request */
                   TAKE_CURRENCY, /* ISO 4217 */
                   TAKE_PERIOD, /* that a price is for: year month week night day hour total */
                   TAKE_UNIT,   /* as it was written, by its name in the table of units */
                   TAKE_AGE,    /* of a relative date: ISO 8601 duration */
                   TAKE_LAT,
                   TAKE_LON, /* of a pair of coordinates */
};
enum coerce_form {              /* how a date or a time is written: by the type of its schema */
                   FORM_TEXT,   /* ISO 8601 */
                   FORM_DAYS,   /* since the epoch */
                   FORM_MILLIS, /* since the epoch, or since midnight for a time of day */
                   FORM_MICROS,
};
struct unit;
struct coerce_word { /* a word of the source and what it stands for */
    str word;        /* folded */
    str means;
};
struct coercer;
struct coerce_setup {          /* what a field's rule declares; the defaults in brackets */
    enum coerce_take take;     /* [TAKE_VALUE] */
    enum coerce_form form;     /* [FORM_TEXT] */
    const str *formats;        /* of dates, strptime-like, tried in order [ISO 8601] */
    const str *truthy, *falsy; /* of booleans, folded [true yes y 1 t; false no n 0 f] */
    const str *symbols;        /* of an enum; as they are written out */
    const str *languages; /* names of months, of relative dates, of notes: en de fr nl es it
                           * pt pl ru [en] */
    const struct coerce_word *notes;      /* words of numbers, beside the built-in ones: POA */
    const struct coerce_word *currencies; /* signs and words, beside the built-in ones */
    uint32_t format_count, truthy_count, falsy_count, symbol_count, language_count, note_count,
        currency_count;
    char
        decimal; /* sign of numbers ['.', and money and quantities like 12.990 are ambiguous] */
    char groups[4];   /* signs between groups, 0 behind the last [none]; a ' ' is any blank that
                       * does not break a line; one number has one of them */
    bool is_integral; /* a converted number is rounded, half up, to a whole one [no] */
    int8_t digits;    /* decimals of a converted number; negative: those of its unit */
    str currency;     /* that a bare number, or a sign of several currencies, is in [none] */
    str multiplier;   /* decimal number that a bare one is multiplied with [none] */
    str country;      /* ISO 3166-1 alpha-2, of phone numbers [none] */
    const struct unit *unit, *assume; /* to convert to; of a bare number [that one] */
    const struct unit *units;         /* of the source, beside the built-in ones */
    uint32_t unit_count;
    bool wants_unit;            /* a bare number is ambiguous */
    bool has_zone, has_now;     /* the next two are declared */
    int zone;                   /* of a time that names none, minutes east of UTC */
    int64_t now;                /* seconds since the epoch, that relative dates count from */
    str separator;              /* between the items of a list; or braces, json [","] */
    const struct coercer *item; /* of a list: what each is read as, with this setup [text] */
};

struct coerced {
    str value; /* JSON value, in the arena or borrowed from the text; "null": the text was read,
                * and says that there is none, or has not this part */
    str issue; /* word to group by, static; empty: none. With a value: what is odd about it */
    str why;   /* goes on after the text, static or in the arena ("is no integer") */
    bool is_part; /* the text says more than the value */
};

/* Read `text` (UTF-8, trimmed, not empty) into a zeroed `out`. False: it cannot be read as this
 * type, `issue` and `why` say how. */
typedef bool coerce_fn(const struct coerce_setup *setup, struct arena *a, str text,
                       struct coerced *out);
struct quantity_wish;
struct coercer {
    const char *name, *summary; /* the word behind `parse:`; a whole sentence for the manual */
    coerce_fn *run;
    bool takes_array, takes_object; /* text that is one in JSON, too */
    /* Not NULL: run() is quantity_read() with it, and quantity_take(). */
    const struct quantity_wish *wish;
};
const struct coercer *coercer_find(str name); /* NULL: no such word */
extern const struct coercer coercers[];       /* ends with a NULL name */

/* To read a number of JSON, as documents have them: whatever signs a setup declares for texts,
 * its point is one, and it has no groups. Exponents are written out, and 5.0 is 5 where an
 * integer is wanted. Any other text stays. */
struct coerce_setup coerce_setup_of_json(const struct coerce_setup *setup);
str coerce_plain_digits(const struct coercer *c, struct arena *a, str number) MUST_CHECK;

/* False, for a coercer to return; `issue` `unparsed`. */
bool coerce_refuse(struct coerced *out, const char *why);

/* `UTC`, `Z`, `+01:00` as minutes east of UTC; `2021-05-26` as days since the epoch. False: it
 * is none. */
bool coerce_zone(str text, int *minutes) MUST_CHECK;
bool coerce_day(str text, int64_t *days) MUST_CHECK;
/* By ISO 8601, a day with or without its time, in UTC when it names no zone, as seconds since
 * the epoch. */
bool coerce_moment(str text, int64_t *seconds) MUST_CHECK;

bool coerce_is_language(str code) MUST_CHECK; /* whose words of dates are known */
bool coerce_is_country(str code) MUST_CHECK;  /* whose telephone numbers are known */
/* NULL when `format` can be read and names at least a year; else what is wrong with it, static.
 */
const char *coerce_check_format(str format) MUST_CHECK;

coerce_fn coerce_text, coerce_integer, coerce_number, coerce_boolean;
coerce_fn coerce_date, coerce_timestamp, coerce_time, coerce_enum, coerce_list, coerce_json,
    coerce_phone, coerce_id;
coerce_fn coerce_money, coerce_quantity, coerce_range, coerce_percent, coerce_coordinate;
coerce_fn coerce_area, coerce_consumption, coerce_distance, coerce_energy, coerce_mass,
    coerce_power, coerce_speed, coerce_torque, coerce_volume;
