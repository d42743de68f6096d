/* Dates and times: ISO 8601, or the formats that a field declares. What comes out is as precise
 * as the text, and nothing is guessed: a date that the calendar does not have is refused. */
#include "common/data/date.h"

static bool read_date(const struct coerce_setup *setup, str text, struct date *d)
{
    for (uint32_t i = 0; i < setup->format_count; i++)
        if (date_read_format(setup, setup->formats[i], text, d))
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

static bool coerce(const struct coerce_setup *setup, struct arena *a, struct date *d,
                   struct coerced *out)
{
    const char *why = date_refuse(d);

    if (!why && d->precision == DATE_TIME)
        why = settle_zone(setup, d);
    if (!why)
        out->value = date_write(a, d, setup->form, &why);
    return why ? coerce_refuse(out, why) : true;
}

static bool refuse(const struct coerce_setup *setup, struct coerced *out)
{
    return coerce_refuse(out, setup->format_count
                                  ? "fits none of the formats"
                                  : "is no ISO 8601 date: declare its formats");
}

bool coerce_timestamp(const struct coerce_setup *setup, struct arena *a, str text,
                      struct coerced *out)
{
    struct date d;

    if (!read_date(setup, text, &d))
        return refuse(setup, out);
    return coerce(setup, a, &d, out);
}

/* The day that the text names, wherever it was that day; but a type that is an instant gets
 * the instant. */
bool coerce_date(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    struct date d;
    bool wants_day = setup->form == FORM_TEXT || setup->form == FORM_DAYS;

    if (!read_date(setup, text, &d))
        return refuse(setup, out);
    const char *why = date_refuse(&d);
    if (why)
        return coerce_refuse(out, why);
    if (d.precision == DATE_TIME && wants_day) {
        d.precision = DATE_DAY;
        out->is_part = true;
    }
    return coerce(setup, a, &d, out);
}
