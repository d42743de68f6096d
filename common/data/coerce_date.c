/* Dates and times: ISO 8601, or the formats that a field declares; relative ones, which count
 * from the day of the scrape. What comes out is as precise as the text, and nothing is guessed:
 * a date that the calendar does not have is refused. */
#include "common/data/date.h"

static bool read_date(const struct coerce_setup *setup, struct arena *a, str text,
                      struct date *d)
{
    for (uint32_t i = 0; i < setup->format_count; i++)
        if (date_is_epoch(setup->formats[i])
                ? date_read_epoch(a, setup->formats[i], text, d)
                : date_read_format(setup, setup->formats[i], text, d))
            return true;
    return !setup->format_count && date_read_iso(text, d);
}

/* To UTC, when it is known how far that is. */
static const char *settle_zone(const struct coerce_setup *setup, struct date *d)
{
    if (!d->has_zone && setup->has_zone) {
        d->has_zone = true;
        d->offset = setup->zone;
    }
    if (d->has_zone)
        date_to_utc(d);
    return date_refuse(d);
}

static bool refuse(struct coerced *out, str issue, const char *why)
{
    coerce_refuse(out, why);
    out->issue = issue;
    return false;
}

/* Without the time of day: the day that the text names, wherever it was that day. */
static bool write_value(const struct coerce_setup *setup, struct arena *a, struct date *d,
                        bool keeps_time, struct coerced *out)
{
    const char *why = date_refuse(d);

    if (!why && d->precision == DATE_TIME) {
        if (keeps_time) {
            why = settle_zone(setup, d);
        } else {
            d->precision = DATE_DAY;
            out->is_part = true;
        }
    }
    if (!why)
        out->value = date_write(a, d, setup->form, &why);
    return why ? coerce_refuse(out, why) : true;
}

static bool leave_open(struct coerced *out, const char *why)
{
    out->value = STR("null");
    out->issue = STR("relative_date");
    out->why = str_of(why);
    return true;
}

static bool write_relative(const struct coerce_setup *setup, struct arena *a,
                           const struct date_ago *ago, bool keeps_time, struct coerced *out)
{
    struct date d;

    out->is_part = true;
    if (ago->is_never) {
        out->value = STR("null");
        return true;
    }
    if (!setup->has_now)
        return leave_open(out, "counts from a day that is not declared: declare `scraped`");
    if (!date_from_ago(ago, setup->now, &d))
        return leave_open(out, "is finer than the day that `scraped` declares");
    if (!write_value(setup, a, &d, keeps_time, out))
        return refuse(out, STR("relative_date"), out->why.p);
    return true;
}

/* What of a date is no date; null, when it has no such part. */
static bool write_part(enum coerce_take take, struct arena *a, const struct date_ago *ago,
                       struct coerced *out)
{
    out->is_part = true;
    out->value = STR("null");
    if (ago && take == TAKE_AGE)
        out->value = date_write_age(a, ago);
    else if (ago && take == TAKE_NOTE && ago->is_open)
        out->value = STR("\"more_than\"");
    return true;
}

static bool coerce(const struct coerce_setup *setup, struct arena *a, str text, bool keeps_time,
                   struct coerced *out)
{
    struct date_ago ago;
    struct date d;
    bool is_date = read_date(setup, a, text, &d);

    if (!is_date && !date_read_ago(setup, text, &ago))
        return coerce_refuse(out, setup->format_count
                                      ? "fits none of the formats"
                                      : "is no ISO 8601 date: declare its formats");
    if (setup->take != TAKE_VALUE)
        return write_part(setup->take, a, is_date ? NULL : &ago, out);
    return is_date ? write_value(setup, a, &d, keeps_time, out)
                   : write_relative(setup, a, &ago, keeps_time, out);
}

bool coerce_timestamp(const struct coerce_setup *setup, struct arena *a, str text,
                      struct coerced *out)
{
    return coerce(setup, a, text, true, out);
}

/* A type that is an instant gets the instant. */
bool coerce_date(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    bool is_instant = setup->form == FORM_MILLIS || setup->form == FORM_MICROS;

    return coerce(setup, a, text, is_instant, out);
}
