#include "common/data/coerce.h"

#include "tests/unit/data/coerce_cases.h"

#define UTC                                                                                    \
    {                                                                                          \
        .has_zone = true                                                                       \
    }
#define OF(what)                                                                               \
    {                                                                                          \
        .form = (what)                                                                         \
    }
#define OF_UTC(what)                                                                           \
    {                                                                                          \
        .form = (what), .has_zone = true                                                       \
    }

static void test_date_iso_is_as_precise_as_it_was(void)
{
    static const struct coerce_case cases[] = {
        {"2021-05-24", "\"2021-05-24\"", {0}},
        {"2016-03-26 00:00:00", "\"2016-03-26\"", {0}}, /* ebay: dateCreated */
        {"2021-05-24T23:11:12Z", "\"2021-05-24\"", {0}},
        {"2021-01-01T00:30:00+0100", "\"2021-01-01\"", {0}}, /* that day, where it was */
        {"2015-10-03", "\"2015-10-03\"", {0}},               /* airbnb: last_scraped */
        {"2019", "\"2019\"", {0}},
        {"2021-05", "\"2021-05\"", {0}},
        {"2000-02-29", "\"2000-02-29\"", {0}},
        {"2021-02-29", NULL, {0}},
        {"1900-02-29", NULL, {0}},
        {"2021-13-01", NULL, {0}},
        {"2021-00-10", NULL, {0}},
        {"2021-13", NULL, {0}},
        {"2021-04-31", NULL, {0}},
        {"0000", NULL, {0}},
        {"2021-05-24T24:00:00Z", NULL, {0}},
        {"2021-05-24T10:60:00Z", NULL, {0}},
        {"2021-05-24T10:11:12+25:00", NULL, {0}},
        {"2021-05-24T", NULL, {0}},
        {"2021-05-24 tomorrow", NULL, {0}},
        {"2021-5-24", NULL, {0}},
        {"2021-05-", NULL, {0}},
        {"24/05/2021", NULL, {0}},
        {"19-Dec", NULL, {0}}, /* bengaluru: a year and a month, or a day and a month? */
        {"Ready To Move", NULL, {0}},
    };

    check_cases("date", cases, ARRAY_LEN(cases));
}

static void test_timestamp_is_in_utc_when_its_zone_is_known(void)
{
    static const struct coerce_case cases[] = {
        {"2016-03-26 17:47:46", "\"2016-03-26T17:47:46\"", {0}}, /* ebay: dateCrawled */
        {"2016-03-26 17:47:46", "\"2016-03-26T17:47:46Z\"", UTC},
        {"2016-03-26 00:47:46", "\"2016-03-25T23:47:46Z\"", {.has_zone = true, .zone = 60}},
        {"2021-05-24T10:11:12Z", "\"2021-05-24T10:11:12Z\"", {0}},
        {"2019-05-15 15:19:25 UTC", "\"2019-05-15T15:19:25Z\"", {0}},
        {"2021-05-24T10:11", "\"2021-05-24T10:11:00\"", {0}},
        {"2021-05-24T10:11:12.123456Z", "\"2021-05-24T10:11:12.123456Z\"", {0}},
        {"2021-05-24T10:11:12.1234567890123Z", "\"2021-05-24T10:11:12.123456789Z\"", {0}},
        {"2021-05-24T10:11:12+02:00", "\"2021-05-24T08:11:12Z\"", {.has_zone = true}},
        {"2020-02-28T23:30:00-01", "\"2020-02-29T00:30:00Z\"", {0}},
        {"9999-12-31T23:59:59Z", "\"9999-12-31T23:59:59Z\"", {0}},
        {"0001-01-01T00:00:00Z", "\"0001-01-01T00:00:00Z\"", {0}},
        {"2021-05-24", "\"2021-05-24\"", {0}},
        {"2019-12", "\"2019-12\"", UTC},
        {"9999-12-31T23:59:59-01:00", NULL, {0}},
        {"0001-01-01T00:00:00+01:00", NULL, {0}},
    };

    check_cases("timestamp", cases, ARRAY_LEN(cases));
}

static void test_dates_in_the_form_of_their_type(void)
{
    static const struct coerce_case dates[] = {
        {"1970-01-01", "0", OF(FORM_DAYS)},
        {"1969-12-31", "-1", OF(FORM_DAYS)},
        {"2021-05-24", "18771", OF(FORM_DAYS)},
        {"0001-01-01", "-719162", OF(FORM_DAYS)},
        {"9999-12-31", "2932896", OF(FORM_DAYS)},
        {"2016-03-26 17:47:46", "16886", OF(FORM_DAYS)},
        {"2019-12", NULL, OF(FORM_DAYS)},
        {"2019", NULL, OF_UTC(FORM_DAYS)},
        {"1970-01-02T00:00:00Z", "86400000", OF(FORM_MILLIS)},
    };
    static const struct coerce_case times[] = {
        {"2016-03-26 17:47:46", "1459014466000", OF_UTC(FORM_MILLIS)},
        {"2016-03-26 17:47:46.5+01:00", "1459010866500", OF(FORM_MILLIS)},
        {"1969-12-31T23:59:59.9994Z", "-1", OF(FORM_MILLIS)},
        {"2021-05-24T10:11:12.1234567Z", "1621851072123456", OF(FORM_MICROS)},
        {"2016-03-26 17:47:46", NULL, OF(FORM_MILLIS)},
        {"2016-03-26", NULL, OF_UTC(FORM_MILLIS)},
        {"2016-03-26T23:30:00-01:00", "16887", OF(FORM_DAYS)},
    };

    check_cases("date", dates, ARRAY_LEN(dates));
    check_cases("timestamp", times, ARRAY_LEN(times));
}

static void test_timestamp_without_its_zone_says_what_to_declare(void)
{
    const struct coerce_setup setup = OF(FORM_MILLIS);
    struct arena a = {0};
    struct coerced out = {0};

    CHECK(!coerce_timestamp(&setup, &a, STR("2016-03-26 17:47:46"), &out));
    CHECK_STR(out.why, STR("names no zone: declare `zone`"));
    arena_free(&a);
}

static void test_dates_by_formats(void)
{
    static const struct {
        const char *formats[2], *text, *want, *language;
    } cases[] = {
        {{"%d/%m/%Y"}, "24/05/2021", "2021-05-24"},
        {{"%d/%m/%Y"}, "4/5/2021", "2021-05-04"},
        {{"%d/%m/%Y"}, "31/02/2021", NULL},
        {{"%d/%m/%Y"}, "24/05/21", NULL},
        {{"%y-%b"}, "19-Dec", "2019-12"}, /* bengaluru */
        {{"%y-%b"}, "Ready To Move", NULL},
        {{"%y-%b"}, "19-Dek", NULL},
        {{"%Y-%m", "%Y-0"}, "2003-7", "2003-07"}, /* ebay: year and month, by a template */
        {{"%Y-%m", "%Y-0"}, "2000-0", "2000"},
        {{"%Y-%m", "%Y-0"}, "2000-13", NULL},
        {{"%Y"}, "2019", "2019"},
        {{"%d-%b-%y"}, "07-Dec-19", "2019-12-07"},
        {{"%d-%b-%y"}, "07-Dec-69", "1969-12-07"},
        {{"%d %B %Y"}, "3 september 2020", "2020-09-03"},
        {{"%d %B %Y"}, "3 Sep. 2020", "2020-09-03"},
        {{"%d. %b. %Y"}, "3. Sep. 2020", "2020-09-03"},
        {{"%d %B %Y"}, "3\u00a0Sep 2020", "2020-09-03"},
        {{"%d %B %Y"}, "3 Septem 2020", NULL},
        {{"%B %d, %Y"}, "May 9th, 2018", "2018-05-09"},
        {{"%a %d %b %Y"}, "Tues 1st Dec 2020", "2020-12-01"},
        {{"%A, %d%b%Y"}, "Friday, 22Jan2021", "2021-01-22"},
        {{"%d %B %Y"}, "2nd May 2020", "2020-05-02"},
        {{"%Y%m%d"}, "20180509", "2018-05-09"},
        {{"%m/%d/%Y", "%d/%m/%Y"}, "13/01/2020", NULL}, /* first that fits decides */
        {{"%d%% %m %Y"}, "1% 2 2003", "2003-02-01"},
        {{"%d %B %Y"}, "3 März 2020", "2020-03-03", "de"},
        {{"%d. %b %Y"}, "3. MÄR 2020", "2020-03-03", "de"},
        {{"%d %B %Y"}, "3 March 2020", NULL, "de"},
        {{"%d %B %Y"}, "1er févr. 2020", "2020-02-01", "fr"},
        {{"%d %B %Y"}, "14 AOÛT 2020", "2020-08-14", "fr"},
        {{"%a %d %b %Y"}, "wo 3 mrt 2021", "2021-03-03", "nl"},
        {{"%d de %B de %Y"}, "24 de agosto de 2021", "2021-08-24", "es"},
        {{"%d %B %Y"}, "1° maggio 2021", "2021-05-01", "it"},
        {{"%d de %B de %Y"}, "2 de março de 2021", "2021-03-02", "pt"},
        {{"%d %B %Y"}, "30 października 2021", "2021-10-30", "pl"},
        {{"%d %b %Y"}, "30 paź 2021", "2021-10-30", "pl"},
        {{"%B %Y"}, "Wrzesień 2021", "2021-09", "pl"},
        {{"%d %B %Y"}, "9 мая 2021", "2021-05-09", "ru"},
        {{"%d %B %Y г."}, "21 Сентября 2021 г.", "2021-09-21", "ru"},
        {{"%d %b %Y"}, "21 сент. 2021", "2021-09-21", "ru"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str formats[2] = {str_of(cases[i].formats[0]), str_of(cases[i].formats[1])};
        str language = str_of(cases[i].language);
        char want[32];
        (void)snprintf(want, sizeof(want), "\"%s\"", cases[i].want);
        struct coerce_case c = {cases[i].text,
                                cases[i].want ? want : NULL,
                                {.formats = formats,
                                 .format_count = 1 + !!formats[1].n,
                                 .languages = &language,
                                 .language_count = language.n > 0}};
        CHECK(!coerce_check_format(formats[0]));
        check_case("date", &c);
    }
}

static void test_times_by_formats(void)
{
    static const struct {
        const char *format, *text, *want;
    } cases[] = {
        {"%d.%m.%Y %H:%M", "09.05.2018 7:05", "\"2018-05-09T07:05:00\""},
        {"%Y-%m-%d %H:%M:%S %z", "2018-05-09 01:02:03 +0530", "\"2018-05-08T19:32:03Z\""},
        {"%Y-%m-%d %H:%M", "2018-05-09 25:00", NULL},
        {"%m/%d/%Y %I:%M %p", "5/9/2018 12:30 AM", "\"2018-05-09T00:30:00\""},
        {"%m/%d/%Y %I:%M %p", "5/9/2018 12:30 p.m.", "\"2018-05-09T12:30:00\""},
        {"%m/%d/%Y %I:%M%p", "5/9/2018 7:30pm", "\"2018-05-09T19:30:00\""},
        {"%m/%d/%Y %I:%M %p", "5/9/2018 13:30 PM", NULL},
        {"%m/%d/%Y %I:%M %p", "5/9/2018 0:30 AM", NULL},
        {"%d/%m/%Y %H:%M:%S.%f", "09/05/2018 01:02:03.25", "\"2018-05-09T01:02:03.25\""},
        {"%s", "1557933565", "\"2019-05-15T15:19:25Z\""}, /* github: pushed_at of a push */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str format = str_of(cases[i].format);
        struct coerce_case c = {
            cases[i].text, cases[i].want, {.formats = &format, .format_count = 1}};
        CHECK(!coerce_check_format(format));
        check_case("timestamp", &c);
    }
}

static void test_times_of_day(void)
{
    static const struct coerce_case cases[] = {
        {"17:47", "\"17:47:00\"", {0}},
        {"7:05:09", "\"07:05:09\"", {0}},
        {"17:47:46.250", "\"17:47:46.250\"", {0}},
        {"5:47 pm", "\"17:47:00\"", {0}},
        {"12:05 AM", "\"00:05:00\"", {0}},
        {"7 p.m.", "\"19:00:00\"", {0}},
        {"17:47:46.25", "64066250", OF(FORM_MILLIS)},
        {"00:00", "0", OF(FORM_MILLIS)},
        {"23:59:59.999999", "86399999999", OF(FORM_MICROS)},
        {"17", NULL, {0}},
        {"24:00", NULL, {0}},
        {"17:60", NULL, {0}},
        {"17:4", NULL, {0}},
        {"17:47:", NULL, {0}},
        {"17:47 pm", NULL, {0}},
        {"0:30 am", NULL, {0}},
        {"17:47 Uhr", NULL, {0}},
        {"2016-03-26 17:47", NULL, {0}},
        {"17:47", NULL, OF(FORM_DAYS)},
    };

    check_cases("time", cases, ARRAY_LEN(cases));
}

static void test_check_format_names_what_is_wrong(void)
{
    static const struct {
        const char *format, *want; /* NULL: it is good */
    } cases[] = {
        {"%y%b%d%z", NULL},
        {"%Y", NULL},
        {"%A %b. %y", NULL},
        {"%s", NULL},
        {"%b-%d", "needs a year, or is one of epoch_s epoch_ms epoch_us epoch_days"},
        {"", "needs a year, or is one of epoch_s epoch_ms epoch_us epoch_days"},
        {"%Y %d", "has a day without its month"},
        {"%Y-%m %H:%M", "has a time without its day"},
        {"%Y-%m-%d %M", "has a part of an hour without the hour"},
        {"%Y-%m-%d %I:%M", "has one of %I and %p without the other"},
        {"%Y-%m-%d%", "knows %Y %y %m %b %d %a %H %I %p %M %S %f %z %s and %% only"},
        {"%Y-%j", "knows %Y %y %m %b %d %a %H %I %p %M %S %f %z %s and %% only"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(str_of(coerce_check_format(str_of(cases[i].format))), str_of(cases[i].want));
}

enum { NOON = 12 * 3600 };
#define SCRAPED INT64_C(1443830400) /* 2015-10-03: airbnb_dc */

struct relative_case {
    const char *text, *age, *day, *language; /* NULL: refused; null; English */
};

static void check_relative(const struct relative_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        str language = str_of(cases[i].language);
        struct coerce_setup now = {.has_now = true,
                                   .now = SCRAPED,
                                   .languages = &language,
                                   .language_count = language.n > 0};
        struct coerce_setup age = now, none = now;
        age.take = TAKE_AGE;
        none.has_now = age.has_now = false;
        bool is_never = str_is(str_of(cases[i].age), "null");
        const char *issue = cases[i].age && !is_never ? "relative_date" : NULL;
        struct coerce_case dated = {cases[i].text, cases[i].day, now,
                                    cases[i].day ? NULL : issue};
        struct coerce_case aged = {cases[i].text, cases[i].age, age, NULL};
        struct coerce_case open = {cases[i].text, cases[i].age ? "null" : NULL, none, issue};
        check_case("date", &dated);
        check_case("date", &aged);
        check_case("date", &open);
    }
}

static void test_relative_dates(void)
{
    static const struct relative_case cases[] = {
        {"today", "\"P0D\"", "\"2015-10-03\""},
        {"Yesterday", "\"P1D\"", "\"2015-10-02\""},
        {"a week ago", "\"P1W\"", "\"2015-09-26\""},
        {"2 weeks ago", "\"P2W\"", "\"2015-09-19\""},
        {"3 days ago", "\"P3D\"", "\"2015-09-30\""},
        {"30+ days ago", "\"P30D\"", "\"2015-09-03\""},
        {"35 months ago", "\"P35M\"", "\"2012-11\""},
        {"1 month ago", "\"P1M\"", "\"2015-09\""},
        {"10 months ago", "\"P10M\"", "\"2014-12\""},
        {"2 years ago", "\"P2Y\"", "\"2013\""},
        {"9999 years ago", "\"P9999Y\"", NULL},
        {"never", "null", "null"},
        {"the day before yesterday", "\"P2D\"", "\"2015-10-01\""},
        {"Yesterday at 14:30", "\"P1D\"", "\"2015-10-02\""},
        {"3d ago", "\"P3D\"", "\"2015-09-30\""},
        {"ago", NULL, NULL},
        {"3 days", NULL, NULL},
        {"3 moons ago", NULL, NULL},
        {"days ago", NULL, NULL},
        {"3 days ago or so", NULL, NULL},
        {"today 25:00", NULL, NULL},
        {"never 10:00", NULL, NULL},
        {"heute", NULL, NULL},
    };

    check_relative(cases, ARRAY_LEN(cases));
}

static void test_relative_dates_in_other_languages(void)
{
    static const struct relative_case cases[] = {
        {"Heute, 14:30", "\"P0D\"", "\"2015-10-03\"", "de"},
        {"vor einer Woche", "\"P1W\"", "\"2015-09-26\"", "de"},
        {"vor 3 Tagen", "\"P3D\"", "\"2015-09-30\"", "de"},
        {"nie", "null", "null", "de"},
        {"il y a 3 jours", "\"P3D\"", "\"2015-09-30\"", "fr"},
        {"aujourd’hui", "\"P0D\"", "\"2015-10-03\"", "fr"},
        {"een maand geleden", "\"P1M\"", "\"2015-09\"", "nl"},
        {"hace 2 días", "\"P2D\"", "\"2015-10-01\"", "es"},
        {"un mese fa", "\"P1M\"", "\"2015-09\"", "it"},
        {"há 3 meses", "\"P3M\"", "\"2015-07\"", "pt"},
        {"3 meses atrás", "\"P3M\"", "\"2015-07\"", "pt"},
        {"Dzisiaj o 14:05", "\"P0D\"", "\"2015-10-03\"", "pl"},
        {"tydzień temu", "\"P1W\"", "\"2015-09-26\"", "pl"},
        {"Вчера", "\"P1D\"", "\"2015-10-02\"", "ru"},
        {"5 лет назад", "\"P5Y\"", "\"2010\"", "ru"},
        {"today", NULL, NULL, "de"},
    };

    check_relative(cases, ARRAY_LEN(cases));
}

static void test_relative_dates_of_the_clock(void)
{
    static const struct coerce_case cases[] = {
        {"3 hours ago", "\"2015-10-03T09:00:00Z\"", {.has_now = true, .now = SCRAPED + NOON}},
        {"3 hours ago", "null", {.has_now = true, .now = SCRAPED}, "relative_date"},
        {"3 hours ago", "\"PT3H\"", {.take = TAKE_AGE}},
        {"just now", "\"PT0S\"", {.take = TAKE_AGE}},
        {"20 mins ago", "\"PT20M\"", {.take = TAKE_AGE}},
        {"30+ days ago", "\"more_than\"", {.take = TAKE_NOTE}},
        {"3 days ago", "null", {.take = TAKE_NOTE}},
        {"2021-05-24", "null", {.take = TAKE_AGE}},
        {"yesterday 14:30",
         "\"2015-10-02T14:30:00Z\"",
         {.has_now = true, .now = SCRAPED, .has_zone = true}},
        {"2 months ago",
         NULL,
         {.has_now = true, .now = SCRAPED, .form = FORM_DAYS},
         "relative_date"},
        {"2 weeks ago", "16697", {.has_now = true, .now = SCRAPED, .form = FORM_DAYS}},
    };

    check_cases("timestamp", cases, ARRAY_LEN(cases));
}

static void test_what_a_date_leaves_out_is_said(void)
{
    static const struct {
        const char *text;
        bool is_part;
    } cases[] = {
        {"2021-05-24", false}, {"2019", false}, {"2016-03-26 00:00:00", true},
        {"a week ago", true},  {"never", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct coerce_setup setup = {.has_now = true, .now = SCRAPED};
        struct arena a = {0};
        struct coerced out = {0};
        CHECK(coerce_date(&setup, &a, str_of(cases[i].text), &out));
        CHECK_INT(out.is_part, cases[i].is_part);
        arena_free(&a);
    }
}

int main(void)
{
    RUN(test_date_iso_is_as_precise_as_it_was);
    RUN(test_timestamp_is_in_utc_when_its_zone_is_known);
    RUN(test_dates_in_the_form_of_their_type);
    RUN(test_timestamp_without_its_zone_says_what_to_declare);
    RUN(test_dates_by_formats);
    RUN(test_times_by_formats);
    RUN(test_times_of_day);
    RUN(test_check_format_names_what_is_wrong);
    RUN(test_relative_dates);
    RUN(test_relative_dates_in_other_languages);
    RUN(test_relative_dates_of_the_clock);
    RUN(test_what_a_date_leaves_out_is_said);
    return check_done();
}
