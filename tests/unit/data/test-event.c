#include "common/data/event.h"

#include "tests/unit/check.h"

static void test_times_of_dates_and_numbers(void)
{
    const struct {
        const char *text;
        uint64_t ms; /* 0: none */
    } rows[] = {
        {"1970-01-02", 86400000},
        {"2024-02-29", 1709164800000},
        {"2024-05-01T12:00:00Z", 1714564800000},
        {"2024-05-01t12:00:00z", 1714564800000},
        {"2024-05-01 12:00:00Z", 1714564800000},
        {"2024-05-01T12:00:00", 1714564800000},
        {"2024-05-01T12:00:00.5Z", 1714564800000},
        {"2024-05-01T12:00:00.123456789+00:00", 1714564800000},
        {"2024-05-01T14:00:00+02:00", 1714564800000},
        {"2024-05-01T06:30:00-05:30", 1714564800000},
        {"2024-04-30T23:00:00-13:00", 1714564800000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
        {"1714564800", 1714564800000},
        {"1714564800000", 1714564800000},
        {"99999999999", 99999999999000},
        {"100000000000", 100000000000},
        {"1", 1000},
        {"9999-12-31T23:59:59Z", 253402300799000},
        /* no time at all */
        {"", 0},
        {"yesterday", 0},
        {"2024", 2024000},
        {"2024-05", 0},
        {"2024-5-1", 0},
        {"2024-05-1", 0},
        {"24-05-01", 0},
        {"2024-00-01", 0},
        {"2024-13-01", 0},
        {"2024-05-00", 0},
        {"2024-05-32", 0},
        {"2023-02-29", 0},
        {"2024-04-31", 0},
        {"2024-05-01T", 0},
        {"2024-05-01T12", 0},
        {"2024-05-01T12:00", 0},
        {"2024-05-01T24:00:00Z", 0},
        {"2024-05-01T12:60:00Z", 0},
        {"2024-05-01T12:00:61Z", 0},
        {"2024-05-01T12:00:00.Z", 0},
        {"2024-05-01T12:00:00+2:00", 0},
        {"2024-05-01T12:00:00+0200", 0},
        {"2024-05-01T12:00:00+24:00", 0},
        {"2024-05-01T12:00:00+02:60", 0},
        {"2024-05-01T12:00:00+02:00 ", 0},
        {"2024-05-01X12:00:00Z", 0},
        {"2024-05-01T12:00:00ZZ", 0},
        {"2024\r05-01", 0},
        {" 2024-05-01", 0},
        {"1969-12-31", 0},
        {"-1", 0},
        {"+5", 0},
        {"1714564800.5", 0},
        {"253402300800000", 0}, /* the year 10000 */
        {"99999999999999999", 0},
        {"18446744073709551615", 0},
        {"18446744073709551616", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t ms = 0;
        bool good = event_time_read(str_of(rows[i].text), &ms);

        if (good != (rows[i].ms != 0) || ms != rows[i].ms)
            printf("# of '%s'\n", rows[i].text);
        CHECK_INT(good, rows[i].ms != 0);
        CHECK_INT(ms, rows[i].ms);
    }
}

static void test_time_of_a_record(void)
{
    struct arena a = {0};
    const struct entry e = {.at = 5};
    const struct record r = {.entry = &e,
                             .line = STR("{\"at\":\"1970-01-02\",\"no\":\"soon\"}")};

    CHECK_INT(event_time(&r, STR("at"), &a), 86400000);
    CHECK_INT(event_time(&r, STR("no"), &a), 5);
    CHECK_INT(event_time(&r, STR("none"), &a), 5);
    CHECK_INT(event_time(&r, STR_NONE, &a), 5);
    arena_free(&a);
}

static void test_replays_count_when_asked(void)
{
    struct entry e = {0};
    const struct record r = {.entry = &e};

    CHECK(event_counts(&r, false));
    e.run = STR("again");
    CHECK(!event_counts(&r, false) && event_counts(&r, true));
    e.run = STR("+again");
    CHECK(event_counts(&r, false));
}

int main(void)
{
    RUN(test_times_of_dates_and_numbers);
    RUN(test_time_of_a_record);
    RUN(test_replays_count_when_asked);
    return check_done();
}
