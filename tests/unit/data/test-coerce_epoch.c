#include "tests/unit/data/coerce_cases.h"

static const str epoch_days[] = {{"epoch_days", 10}}, epoch_s[] = {{"epoch_s", 7}},
                 epoch_ms[] = {{"epoch_ms", 8}}, epoch_us[] = {{"epoch_us", 8}};

#define EPOCH(word)                                                                            \
    {                                                                                          \
        .formats = (word), .format_count = 1                                                   \
    }

static void test_instants_are_counted_from_the_epoch(void)
{
    static const struct coerce_case cases[] = {
        {"1633024800", "\"2021-09-30T18:00:00Z\"", EPOCH(epoch_s)},
        {"1633024800.5", "\"2021-09-30T18:00:00.5Z\"", EPOCH(epoch_s)},
        {"1633024800.1234567891", "\"2021-09-30T18:00:00.123456789Z\"", EPOCH(epoch_s)},
        {"1633024800123", "\"2021-09-30T18:00:00.123Z\"", EPOCH(epoch_ms)},
        {"1633024800000.0", "\"2021-09-30T18:00:00Z\"", EPOCH(epoch_ms)},
        {"1633024800123456", "\"2021-09-30T18:00:00.123456Z\"", EPOCH(epoch_us)},
        {"0", "\"1970-01-01T00:00:00Z\"", EPOCH(epoch_ms)},
        {"7", "\"1970-01-01T00:00:00.007Z\"", EPOCH(epoch_ms)},
        {"-1", "\"1969-12-31T23:59:59.999Z\"", EPOCH(epoch_ms)},
        {"-1500", "\"1969-12-31T23:59:58.5Z\"", EPOCH(epoch_ms)},
        {"-86400", "\"1969-12-31T00:00:00Z\"", EPOCH(epoch_s)},
        {"253402300799", "\"9999-12-31T23:59:59Z\"", EPOCH(epoch_s)},
        {"-62135596800", "\"0001-01-01T00:00:00Z\"", EPOCH(epoch_s)},
        {"253402300800", NULL, EPOCH(epoch_s)}, /* milliseconds, taken for seconds */
        {"-62135596801", NULL, EPOCH(epoch_s)},
        {"99999999999999999999", NULL, EPOCH(epoch_us)},
        {"2021-09-30", NULL, EPOCH(epoch_ms)},
        {"", NULL, EPOCH(epoch_ms)},
        {"-", NULL, EPOCH(epoch_ms)},
    };

    check_cases("timestamp", cases, ARRAY_LEN(cases));
}

static void test_days_are_counted_from_the_epoch(void)
{
    static const struct coerce_case cases[] = {
        {"18900", "\"2021-09-30\"", EPOCH(epoch_days)},
        {"18900.0", "\"2021-09-30\"", EPOCH(epoch_days)},
        {"-1", "\"1969-12-31\"", EPOCH(epoch_days)},
        {"2932896", "\"9999-12-31\"", EPOCH(epoch_days)},
        {"-719162", "\"0001-01-01\"", EPOCH(epoch_days)},
        {"2932897", NULL, EPOCH(epoch_days)},
        {"18900.5", NULL, EPOCH(epoch_days)},
        {"1633024800", "\"2021-09-30\"", EPOCH(epoch_s)},
    };

    check_cases("date", cases, ARRAY_LEN(cases));
}

int main(void)
{
    RUN(test_instants_are_counted_from_the_epoch);
    RUN(test_days_are_counted_from_the_epoch);
    return check_done();
}
