#include "common/data/event.h"

#include <time.h>

#include "common/data/json.h"

static const uint64_t time_end_ms = 253402300800000; /* the year 10000 */

static bool take_digits(str *s, size_t n, int *value)
{
    uint64_t v;

    if (s->n < n || !str_to_u64((str){s->p, n}, &v))
        return false;
    *value = (int)v;
    *s = (str){s->p + n, s->n - n};
    return true;
}

static bool take_any(str *s, const char *of)
{
    if (s->n == 0 || s->p[0] == '\0' || !strchr(of, s->p[0]))
        return false;
    *s = (str){s->p + 1, s->n - 1};
    return true;
}

static bool take_zone(str *s, int *minutes)
{
    int sign, hours, rest;

    *minutes = 0;
    if (s->n == 0 || take_any(s, "Zz"))
        return true;
    sign = s->p[0] == '-' ? -1 : 1;
    if (!take_any(s, "+-") || !take_digits(s, 2, &hours) || !take_any(s, ":") ||
        !take_digits(s, 2, &rest))
        return false;
    *minutes = sign * (hours * 60 + rest);
    return hours < 24 && rest < 60;
}

static bool take_fraction(str *s)
{
    if (!take_any(s, "."))
        return true;
    if (!take_any(s, "0123456789"))
        return false;
    while (take_any(s, "0123456789"))
        ;
    return true;
}

static bool take_clock(str *s, struct tm *t, int *zone_minutes)
{
    return take_any(s, "Tt ") && take_digits(s, 2, &t->tm_hour) && take_any(s, ":") &&
           take_digits(s, 2, &t->tm_min) && take_any(s, ":") && take_digits(s, 2, &t->tm_sec) &&
           take_fraction(s) && take_zone(s, zone_minutes) && t->tm_hour < 24 &&
           t->tm_min < 60 && t->tm_sec <= 60; /* a leap second */
}

static bool date_time(str s, uint64_t *ms)
{
    struct tm t = {0};
    int zone_minutes = 0, month, day;

    if (!take_digits(&s, 4, &t.tm_year) || !take_any(&s, "-") || !take_digits(&s, 2, &month) ||
        !take_any(&s, "-") || !take_digits(&s, 2, &day))
        return false;
    if (s.n && !take_clock(&s, &t, &zone_minutes))
        return false;
    t.tm_year -= 1900;
    t.tm_mon = month - 1;
    t.tm_mday = day;
    struct tm date = {.tm_year = t.tm_year, .tm_mon = t.tm_mon, .tm_mday = day};
    (void)timegm(&date); /* moves a day that is not in the calendar */
    time_t seconds = timegm(&t) - zone_minutes * 60;
    if (s.n || date.tm_mon != month - 1 || date.tm_mday != day || seconds < 0)
        return false;
    *ms = (uint64_t)seconds * 1000;
    return true;
}

bool event_time_read(str text, uint64_t *ms)
{
    uint64_t number;

    if (str_to_u64(text, &number)) {
        if (number >= time_end_ms)
            return false;
        *ms = number >= 100000000000ULL ? number : number * 1000;
        return true;
    }
    return date_time(text, ms);
}

uint64_t event_time(const struct record *r, str member, struct arena *a)
{
    str value;
    uint64_t ms;

    if (member.n && record_find(r, member, &value) && event_time_read(json_text(a, value), &ms))
        return ms;
    return r->entry->at;
}

bool event_counts(const struct record *r, bool replays)
{
    return r->entry->run.n == 0 || replays || str_starts(r->entry->run, STR("+"));
}
