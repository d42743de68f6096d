#include "common/run/concurrency.h"

#include <assert.h>
#include <math.h>

#include "common/base/base.h"

enum {
    SAMPLES = 8,       /* good calls that tell something, unless one was refused */
    KEPT_OFF = 20,     /* intervals, at most, until a limit that was too high is tried again */
    KEPT_OFF_ONCE = 3, /* the same when one call was refused, which may be chance */
    PROOF = 200,       /* calls at half the limit that tell whether the load was the cause */
};
static const double ALPHA = 0.4, CALM_ALPHA = 0.1;
static const double DEVIATIONS = 2.5;       /* above the mean: slower */
static const double LEAST_DEVIATION = 0.05; /* of the mean: equal times deviate by nothing */
static const double LEAST_DEVIATION_US = 1000;
static const double LESS = 0.9;
static const double AS_QUICK = 1.2, SLOW = 1.4; /* of the quickest mean */
static const double NOISE_US = 3000;            /* of two busy machines, on top */
static const double NO_BETTER = 0.8;            /* of the mean before */

static const double OF_LATE = 0.05, IN_THE_LONG_RUN = 0.002; /* weights of a call */
static const double MORE_THAN_USUAL = 3, AND_MORE = 0.05;    /* refused: it is the load */

void moving_add(struct moving *m, double x, double alpha)
{
    if (!m->has_value) {
        *m = (struct moving){.mean = x, .has_value = true};
        return;
    }
    double difference = x - m->mean, step = alpha * difference;
    m->mean += step;
    m->variance = (1 - alpha) * (m->variance + difference * step);
}

void concurrency_init(struct concurrency *c, uint32_t fixed)
{
    *c = (struct concurrency){.limit = fixed ? fixed : 1, .is_fixed = fixed != 0};
}

void concurrency_begin(struct concurrency *c)
{
    c->in_flight++;
    if (c->in_flight >= c->limit)
        c->was_reached = true;
}

static void begin_interval(struct concurrency *c, uint64_t now_us)
{
    c->sum_us = 0;
    c->good = 0;
    c->was_refused = c->was_refused_again = false;
    c->was_reached = c->in_flight >= c->limit;
    c->end_us = now_us + (uint64_t)c->past.mean;
}

/* In larger steps until it was too much for the first time. */
static void raise(struct concurrency *c)
{
    uint32_t step = c->has_fallen ? 1 : 1 + c->limit / 8;

    if (c->kept_off && c->limit + 1 >= c->too_high)
        c->kept_off--;
    else
        c->limit = MIN(c->limit + step, (uint32_t)CONCURRENCY_MAX);
}

static void lower(struct concurrency *c, bool is_too_high)
{
    c->has_fallen = true;
    if (is_too_high && c->limit > 1) {
        c->too_high = c->limit;
        c->kept_off = MIN(c->limit * 2, (uint32_t)KEPT_OFF);
    }
    c->limit = MAX((uint32_t)(c->limit * LESS), 1U);
}

/* Half the calls, or one alone, and each as slow as before: it is not our doing. */
static void learn_quickest(struct concurrency *c, bool is_slow)
{
    c->quickest = fmin(c->quickest, c->calm.mean);
    if (!is_slow) {
        c->fell_from = 0;
        return;
    }
    c->fell_at = fmax(c->fell_at, c->past.mean);
    if (c->limit > 1 &&
        (c->limit * 2 > c->fell_from || c->observed_us < c->fell_at * NO_BETTER))
        return;
    c->past.mean = c->quickest = c->observed_us;
    c->calm = c->past;
    c->fell_from = 0;
}

static void decide(struct concurrency *c, const struct moving *before)
{
    double least = fmax(before->mean * LEAST_DEVIATION, LEAST_DEVIATION_US);
    double deviation = fmax(sqrt(before->variance), least);
    double mean = c->past.mean;
    bool is_slow = mean >= c->quickest * SLOW + NOISE_US;
    bool is_quick = mean <= c->quickest * AS_QUICK + NOISE_US;
    bool has_jumped = c->observed_us >= before->mean + DEVIATIONS * deviation;

    if (c->was_refused) { /* lower already */
    } else if (is_quick && c->was_reached && c->observed_us <= before->mean) {
        raise(c);
    } else if (is_slow || (has_jumped && !is_quick)) {
        if (is_slow && !c->fell_from) {
            c->fell_from = c->limit;
            c->fell_at = 0;
        }
        lower(c, is_slow);
    }
    learn_quickest(c, is_slow);
}

static void end_interval(struct concurrency *c)
{
    struct moving before = c->past;

    if (c->good) {
        c->observed_us = c->sum_us / c->good;
        if (!c->is_warm) { /* the very first call had to connect, too */
            c->past.mean = c->calm.mean = c->quickest = before.mean = c->observed_us;
            c->is_warm = true;
        }
        moving_add(&c->past, c->observed_us, ALPHA);
        moving_add(&c->calm, c->observed_us, CALM_ALPHA);
    }
    if (!c->is_fixed && c->good)
        decide(c, &before);
}

/* Calls that are refused as ever at half the limit are not refused for their number. */
static void learn_usual(struct concurrency *c)
{
    if (!c->cut_from || (c->limit > 1 && c->limit * 2 > c->cut_from) || c->ends < PROOF)
        return;
    if (c->refusals) {
        c->usual = fmax(c->usual, (double)c->refusals / c->ends);
        c->kept_off = 0;
    }
    c->cut_from = 0;
}

/* Was a call turned away for there were too many? */
static bool is_overload(struct concurrency *c, bool is_refused)
{
    c->refused += OF_LATE * (is_refused - c->refused);
    if (c->usual > 0)
        c->usual += IN_THE_LONG_RUN * (is_refused - c->usual);
    if (c->limit == 1 || c->limit * 2 <= c->cut_from) {
        c->ends++;
        c->refusals += is_refused;
    }
    learn_usual(c);
    return is_refused && (c->usual <= 0 || c->refused > MORE_THAN_USUAL * c->usual + AND_MORE);
}

static void lower_by_one(struct concurrency *c)
{
    if (c->limit > 1) {
        c->too_high = c->limit--;
        c->kept_off = MAX(c->kept_off, (uint32_t)KEPT_OFF_ONCE);
    }
}

/* Who is turned away makes room at once for the next one, who is turned away as well: this does
 * not wait for the end of the interval, but begins one. One alone may be chance. */
static void take_refusal(struct concurrency *c, uint64_t now_us)
{
    bool is_first = !c->was_refused;

    if (c->was_refused_again)
        return;
    if (!c->cut_from) {
        c->cut_from = c->limit;
        c->ends = c->refusals = 0;
    }
    if (!c->is_fixed && is_first)
        lower_by_one(c);
    else if (!c->is_fixed)
        lower(c, true);
    begin_interval(c, now_us);
    c->was_refused = true;
    c->was_refused_again = !is_first;
}

void concurrency_finish(struct concurrency *c, enum concurrency_end how, uint64_t took_us,
                        uint64_t now_us)
{
    assert(c->in_flight > 0);
    c->in_flight--;
    if (how == CONCURRENCY_GOOD) {
        c->sum_us += (double)took_us;
        c->good++;
    }
    if (how != CONCURRENCY_OTHER && is_overload(c, how == CONCURRENCY_REFUSED))
        take_refusal(c, now_us);
    if (!c->past.has_value && c->good) { /* the first says how long an interval is */
        moving_add(&c->past, c->sum_us, ALPHA);
        c->calm = c->past;
        c->quickest = c->observed_us = c->past.mean;
        begin_interval(c, now_us);
        return;
    }
    if (now_us < c->end_us || (c->good < SAMPLES && !c->was_refused))
        return;
    end_interval(c);
    begin_interval(c, now_us);
}
