#include "common/run/concurrency.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/check.h"

enum { MS = 1000 };

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

/* The published example of the algorithm that this follows. */
static void test_moving_mean_and_variance(void)
{
    static const struct {
        double x, mean, variance;
    } rows[] = {{2, 2, 0}, {2, 2, 0}, {1, 1.5, 0.25}, {2, 1.75, 0.1875}};
    struct moving m = {0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        moving_add(&m, rows[i].x, 0.5);
        CHECK(is_near(m.mean, rows[i].mean));
        CHECK(is_near(m.variance, rows[i].variance));
    }
}

/* Rounds of calls that all begin together and end together: one interval each. */
static uint64_t round_of(struct concurrency *c, uint32_t calls, enum concurrency_end how,
                         uint64_t took_us, uint64_t now_us)
{
    for (uint32_t i = 0; i < calls; i++)
        concurrency_begin(c);
    now_us += took_us;
    for (uint32_t i = 0; i < calls; i++)
        concurrency_finish(c, how, took_us, now_us);
    return now_us;
}

/* From a limit of 20 and calls of 100 ms, what one more round does. */
static void test_concurrency_one_step(void)
{
    static const struct {
        uint32_t calls;
        enum concurrency_end how;
        uint64_t took_us;
        uint32_t limit;
    } rows[] = {
        {20, CONCURRENCY_GOOD, 100 * MS, 21},
        {20, CONCURRENCY_GOOD, 95 * MS, 20},    /* the interval is not over */
        {20, CONCURRENCY_GOOD, 105 * MS, 20},   /* no quicker than before: stay */
        {19, CONCURRENCY_GOOD, 100 * MS, 20},   /* the limit was not needed */
        {20, CONCURRENCY_GOOD, 200 * MS, 18},   /* above 2.5 deviations */
        {1, CONCURRENCY_REFUSED, 100 * MS, 19}, /* it may be chance */
        {20, CONCURRENCY_REFUSED, 100 * MS, 17},
        {20, CONCURRENCY_REFUSED, 1 * MS, 17}, /* at once, and once in an interval */
        {20, CONCURRENCY_OTHER, 100 * MS, 20},
        {5, CONCURRENCY_GOOD, 900 * MS, 20}, /* too few to tell */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct concurrency c;
        concurrency_init(&c, 0);
        uint64_t now = round_of(&c, 1, CONCURRENCY_GOOD, 100 * MS, 1);
        c.limit = 20;
        c.has_fallen = true; /* else the steps are larger */
        now = round_of(&c, 10, CONCURRENCY_GOOD, 100 * MS, now);
        CHECK_INT(c.limit, 20);
        round_of(&c, rows[i].calls, rows[i].how, rows[i].took_us, now);
        CHECK_INT(c.limit, rows[i].limit);
        CHECK_INT(c.in_flight, 0);
    }
}

/* Where nothing is ever too much, the most is reached in some thirty rounds of calls. */
static void test_concurrency_begins_in_larger_steps(void)
{
    struct concurrency c;
    uint64_t now = 1;

    concurrency_init(&c, 0);
    for (int i = 0; i < 40; i++)
        now = round_of(&c, concurrency_room(&c), CONCURRENCY_GOOD, 100 * MS, now);
    CHECK(c.limit > 40);
    uint32_t before = c.limit;
    now = round_of(&c, before, CONCURRENCY_REFUSED, 100 * MS, now);
    now = round_of(&c, concurrency_room(&c), CONCURRENCY_GOOD, 100 * MS, now);
    CHECK(c.limit < before);
    before = c.limit;
    round_of(&c, before, CONCURRENCY_GOOD, 100 * MS, now);
    CHECK(c.limit <= before + 1);
}

static void test_concurrency_idle_limit_does_not_shrink(void)
{
    struct concurrency c;
    uint64_t now = 1;

    concurrency_init(&c, 0);
    now = round_of(&c, 1, CONCURRENCY_GOOD, 100 * MS, now);
    c.limit = 50;
    for (int i = 0; i < 1000; i++)
        now = round_of(&c, 8, CONCURRENCY_GOOD, 100 * MS, now);
    CHECK_INT(c.limit, 50);
}

static void test_concurrency_never_below_one_nor_above_the_most(void)
{
    struct concurrency c;
    uint64_t now = 1;

    concurrency_init(&c, 0);
    for (int i = 0; i < 100; i++)
        now = round_of(&c, 1, CONCURRENCY_REFUSED, 10 * MS, now);
    CHECK_INT(c.limit, 1);
    for (int i = 0; i < 1000; i++)
        now = round_of(&c, concurrency_room(&c), CONCURRENCY_GOOD, 10 * MS, now);
    CHECK_INT(c.limit, CONCURRENCY_MAX);
    CHECK(is_near(c.observed_us, 10 * MS));
}

static void test_concurrency_fixed_stays(void)
{
    struct concurrency c;
    uint64_t now = 1;

    concurrency_init(&c, 7);
    for (int i = 0; i < 10; i++)
        now = round_of(&c, 7, CONCURRENCY_REFUSED, 10 * MS, now);
    CHECK_INT(c.limit, 7);
    for (int i = 0; i < 10; i++)
        now = round_of(&c, 7, CONCURRENCY_GOOD, 10 * MS, now);
    CHECK_INT(c.limit, 7);
    now = round_of(&c, 8, CONCURRENCY_GOOD, 30 * MS, now);
    round_of(&c, 8, CONCURRENCY_GOOD, 30 * MS, now);
    CHECK(c.observed_us > 20 * MS); /* what it sees it says all the same */
}

/* A service with more to do than the limit lets through, call by call. */
enum { CALLS_MAX = 256, TIME_US = 20000 };
enum model {
    STEADY,
    DOUBLES, /* calls above `k` take twice as long */
    CREEPS,  /* and by one time more for each of them */
    REFUSES, /* calls above `k` are turned away at once */
    SHARES,  /* `k` at a time; more of them share that */
    FAILS,   /* one call in `k`, whatever the load */
    SLOWER,  /* steady, and from the middle on three times as slow by its own doing */
};
struct service {
    enum model model;
    uint32_t k;
    double spread; /* of the times, 0 to 1 */
    struct {
        uint64_t begun_us, ends_us;
        enum concurrency_end how;
    } calls[CALLS_MAX];
    uint32_t n;
    uint64_t now_us, random;
};

static double uniform(struct service *s)
{
    s->random = s->random * 6364136223846793005U + 1442695040888963407U;
    return (double)(s->random >> 11) / (double)(1ULL << 53);
}

static double times(const struct service *s, uint64_t half_us)
{
    uint32_t over = s->n > s->k ? s->n - s->k : 0;

    switch (s->model) {
    case DOUBLES:
        return over ? 2 : 1;
    case CREEPS:
        return 1 + over;
    case SHARES:
        return over ? (double)s->n / s->k : 1;
    case SLOWER:
        return s->now_us > half_us ? 3 : 1;
    case STEADY:
    case FAILS:
    case REFUSES:
        break;
    }
    return 1;
}

static void call(struct service *s, uint64_t half_us)
{
    uint32_t i = s->n++;
    double took = TIME_US * (1 + s->spread * (2 * uniform(s) - 1)) * times(s, half_us);
    bool is_refused =
        s->model == REFUSES ? s->n > s->k : s->model == FAILS && uniform(s) * s->k < 1;

    s->calls[i].begun_us = s->now_us;
    s->calls[i].ends_us = s->now_us + (is_refused ? 1000 : (uint64_t)took);
    s->calls[i].how = is_refused ? CONCURRENCY_REFUSED : CONCURRENCY_GOOD;
}

static void end_next(struct service *s, struct concurrency *c)
{
    uint32_t next = 0;

    for (uint32_t i = 1; i < s->n; i++)
        if (s->calls[i].ends_us < s->calls[next].ends_us)
            next = i;
    uint64_t begun = s->calls[next].begun_us;
    enum concurrency_end how = s->calls[next].how;
    s->now_us = s->calls[next].ends_us;
    s->calls[next] = s->calls[--s->n];
    concurrency_finish(c, how, s->now_us - begun, s->now_us);
}

/* The limit's mean over the last half of so long a run. */
static double settles_at(struct service *s, uint64_t run_us)
{
    struct concurrency c;
    double sum = 0;
    uint64_t half = run_us / 2, last = half;

    concurrency_init(&c, 0);
    s->now_us = s->random = 1;
    while (s->now_us < run_us) {
        while (concurrency_room(&c) > 0) {
            concurrency_begin(&c);
            call(s, half);
        }
        uint32_t limit = c.limit;
        end_next(s, &c);
        if (s->now_us > half) {
            sum += limit * (double)(s->now_us - last);
            last = s->now_us;
        }
    }
    return sum / (double)(last - half);
}

static void test_concurrency_settles_where_the_service_bears_it(void)
{
    static const struct {
        enum model model;
        uint32_t k;
        double spread, least, most;
    } rows[] = {
        {STEADY, 0, 0, 200, 200},   {STEADY, 0, 0.5, 200, 200},  {DOUBLES, 10, 0, 7, 10},
        {DOUBLES, 10, 0.5, 6, 10},  {DOUBLES, 50, 0.2, 35, 50},  {CREEPS, 10, 0, 7, 10},
        {CREEPS, 10, 0.5, 6, 10},   {CREEPS, 50, 0.2, 35, 50},   {REFUSES, 10, 0, 7, 10},
        {REFUSES, 10, 0.5, 7, 10},  {REFUSES, 50, 0.2, 35, 50},  {SHARES, 10, 0, 9, 14},
        {SHARES, 10, 0.5, 8, 14},   {SHARES, 50, 0.2, 45, 75},   {SLOWER, 0, 0.2, 100, 200},
        {STEADY, 0, 0.9, 150, 200}, {FAILS, 100, 0.5, 100, 200}, {FAILS, 30, 0.5, 60, 200},
        {FAILS, 10, 0.5, 100, 200}, {FAILS, 1000, 0.2, 90, 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct service s = {.model = rows[i].model, .k = rows[i].k, .spread = rows[i].spread};
        double at = settles_at(&s, 60 * 1000 * 1000);
        if (at < rows[i].least || at > rows[i].most)
            printf("# row %zu settles at %.2f\n", i, at);
        CHECK(at >= rows[i].least && at <= rows[i].most);
    }
}

int main(void)
{
    RUN(test_moving_mean_and_variance);
    RUN(test_concurrency_one_step);
    RUN(test_concurrency_begins_in_larger_steps);
    RUN(test_concurrency_idle_limit_does_not_shrink);
    RUN(test_concurrency_never_below_one_nor_above_the_most);
    RUN(test_concurrency_fixed_stays);
    RUN(test_concurrency_settles_where_the_service_bears_it);
    return check_done();
}
