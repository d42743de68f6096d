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

    pace_answered(&p, 10, 0, 1);
    CHECK(p.failures > 1.4 && p.failures < 1.6);
    CHECK(pace_is_failing(&p));
    pace_answered(&p, 10, 0, 2);
    CHECK(!pace_is_failing(&p));
    CHECK(p.failures == 0);
}

static void test_pace_partial_failure_weighs_its_share(void)
{
    struct pace p = {0};

    for (int i = 0; i < 100; i++) /* a third lost for ever: only those again, no wait */
        pace_answered(&p, 20, 10, 1);
    CHECK(!pace_is_failing(&p));
    for (int i = 0; i < 100; i++)
        pace_answered(&p, 1, 9, 1);
    CHECK(p.failures > 8);
    p.failures = 0;
    for (int i = 0; i < 3; i++)
        pace_answered(&p, 0, 10, 1);
    pace_failed(&p);
    CHECK(p.failures > 3.9 && p.failures < 4.1);
}

struct stream { /* takes `quota` bytes a second, and a second's worth at once */
    double quota, left;
    uint64_t taken, failed, now_us, seen_us;
};

/* A call of ten records. */
static void call(struct stream *s, struct pace *p, uint64_t random)
{
    enum { RECORD = 100 << 10, RECORDS = 10, ANSWER_US = 5000 };
    size_t taken = 0, failed = 0;

    s->now_us = MAX(s->now_us, pace_due_us(p));
    pace_sent(p, RECORDS * RECORD, s->now_us);
    s->left += s->quota * (double)(s->now_us - s->seen_us) / 1e6;
    s->left = MIN(s->left, s->quota);
    s->seen_us = s->now_us;
    for (int i = 0; i < RECORDS; i++) {
        bool is_taken = s->left >= RECORD;
        s->left -= is_taken ? RECORD : 0;
        taken += is_taken ? RECORD : 0;
        failed += is_taken ? 0 : RECORD;
    }
    s->taken += taken;
    s->failed += failed;
    s->now_us += ANSWER_US;
    pace_answered(p, taken, failed, s->now_us);
    p->resume_us = s->now_us + pace_wait_us(p, random);
}

static void test_pace_finds_the_rate_of_a_stream(void)
{
    static const uint64_t quotas[] = {1 << 20, 5 << 20, 20 << 20};

    for (size_t i = 0; i < ARRAY_LEN(quotas); i++) {
        struct stream s = {.quota = (double)quotas[i], .now_us = 1};
        struct pace p = {0};
        uint64_t random = 1;
        while (s.now_us < 30000000)
            call(&s, &p, random = random * 6364136223846793005u + 1442695040888963407u);
        s.taken = s.failed = 0;
        while (s.now_us < 90000000)
            call(&s, &p, random = random * 6364136223846793005u + 1442695040888963407u);
        printf("# quota %" PRIu64 " B/s: %.1f %% of it used, %.1f %% refused\n", quotas[i],
               (double)s.taken * 100 / 60 / s.quota,
               (double)s.failed * 100 / (double)(s.taken + s.failed));
        CHECK((double)s.taken > 0.85 * 60 * s.quota);
        CHECK((double)s.failed < 0.05 * (double)(s.taken + s.failed));
    }
}

int main(void)
{
    RUN(test_pace_waits_double_up_to_a_cap);
    RUN(test_pace_success_leaves_a_tenth);
    RUN(test_pace_partial_failure_weighs_its_share);
    RUN(test_pace_finds_the_rate_of_a_stream);
    return check_done();
}
