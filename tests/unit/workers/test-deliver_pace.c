#include "tests/unit/check.h"
#include "workers/deliver.h"

/* A wait is uniform up to the longest: try numbers spread over its range. */
static uint64_t longest_wait(double failures)
{
    const struct pace p = {.failures = failures};
    uint64_t longest = 0;

    for (uint64_t random = 0; random < 20000000; random += 9973)
        longest = MAX(longest, pace_wait_us(&p, random));
    return longest;
}

static void test_pace_waits_double_up_to_a_cap(void)
{
    static const struct {
        double failures;
        uint64_t at_most_ms;
    } cases[] = {{0, 0},    {0.4, 0},   {1, 100},    {1.5, 200},  {2, 200},
                 {5, 1600}, {8, 10000}, {40, 10000}, {1e6, 10000}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t longest = longest_wait(cases[i].failures);
        CHECK(longest <= cases[i].at_most_ms * 1000);
        CHECK(longest >= cases[i].at_most_ms * 1000 / 2);
    }
}

static void test_pace_success_leaves_a_tenth(void)
{
    struct pace p = {.failures = 15};

    pace_answered(&p, 0, 10);
    CHECK(p.failures > 1.4 && p.failures < 1.6);
    CHECK(pace_is_failing(&p));
    pace_answered(&p, 0, 10);
    CHECK(!pace_is_failing(&p));
    CHECK(p.failures == 0);
}

static void test_pace_partial_failure_weighs_its_share(void)
{
    struct pace p = {0};

    for (int i = 0; i < 4; i++)
        pace_answered(&p, 1, 10);
    CHECK(!pace_is_failing(&p));
    pace_answered(&p, 10, 10);
    CHECK(pace_is_failing(&p));
    pace_failed(&p);
    CHECK(p.failures > 2.3 && p.failures < 2.5);
}

int main(void)
{
    RUN(test_pace_waits_double_up_to_a_cap);
    RUN(test_pace_success_leaves_a_tenth);
    RUN(test_pace_partial_failure_weighs_its_share);
    return check_done();
}
