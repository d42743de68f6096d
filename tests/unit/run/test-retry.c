#include "common/run/retry.h"

#include "tests/unit/check.h"

static const struct retry_policy policy = {.attempts = 5, .wait = {200, 30000}};

/* The least and the most that any random number makes of it: those that count from 0 hit every
 * remainder. */
static void test_retry_delay_is_drawn_from_all_of_a_doubling_span(void)
{
    const struct {
        uint32_t try;
        uint64_t bound;
    } rows[] = {
        {1, 200},   {2, 400},   {3, 800},    {7, 12800},
        {8, 25600}, {9, 30000}, {10, 30000}, {UINT32_MAX / 2, 30000},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t most = 0, least = UINT64_MAX, sum = 0, n = rows[i].bound + 1;
        for (uint64_t random = 0; random < n; random++) {
            uint64_t delay = retry_delay_ms(&policy, rows[i].try, random);
            most = MAX(most, delay);
            least = MIN(least, delay);
            sum += delay;
        }
        CHECK_INT(least, 0);
        CHECK_INT(most, rows[i].bound);
        CHECK_INT(sum / n, rows[i].bound / 2);
        CHECK(retry_delay_ms(&policy, rows[i].try, UINT64_MAX) <= rows[i].bound);
    }
}

static void test_retry_delay_may_be_none(void)
{
    const struct retry_policy at_once = {.attempts = 5};

    CHECK_INT(retry_delay_ms(&at_once, UINT32_MAX / 2, 12345), 0);
}

int main(void)
{
    RUN(test_retry_delay_is_drawn_from_all_of_a_doubling_span);
    RUN(test_retry_delay_may_be_none);
    return check_done();
}
