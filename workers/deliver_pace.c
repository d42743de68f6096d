/* Two brakes. Waits after failures, as Amazon's own agent makes them: a call that fails weighs
 * one, a partial failure its share, a success leaves a tenth; the wait doubles with each, 100
 * ms to 10 s, with full jitter. And a rate, for a destination that takes only so much a second:
 * a partial failure sets it to what was taken of late, and it recovers slowly. */
#include "workers/deliver.h"

#include <math.h>

enum {
    FIRST_US = 100000,
    LONGEST_US = 10000000,
    DOUBLINGS_MAX = 16,
    SLOWEST = 1 << 20, /* bytes a second: the least quota of a stream */
};
static const uint64_t WINDOW_US = 1000000;
static const double REST = 0.1;      /* of the failures, after a success */
static const double STEP_DOWN = 0.7; /* of the rate, at most */
static const double RECOVERY = 0.03; /* of the rate, a second */
static const double CALM_US = 5e6;   /* doubles the recovery */
static const double FASTEST = 1e9;   /* bytes a second: no limit any more */

/* Bytes a second over what there is of the window, and at least all of it. */
static double taken_now(const struct pace *p, uint64_t now_us)
{
    return (double)p->window_bytes * 1e6 / (double)MAX(now_us - p->window_us, WINDOW_US);
}

static void note_taken(struct pace *p, size_t bytes, uint64_t now_us)
{
    if (p->window_us == 0 || now_us - p->window_us > 4 * WINDOW_US) { /* there was a pause */
        p->window_us = now_us;
        p->window_bytes = 0;
        p->taken = 0;
    }
    p->window_bytes += bytes;
    if (now_us - p->window_us < WINDOW_US)
        return;
    p->taken = taken_now(p, now_us);
    p->window_us = now_us;
    p->window_bytes = 0;
}

/* What was taken of late says it best, but a pause makes that small. */
static double slower(const struct pace *p, uint64_t now_us)
{
    double taken = MAX(p->taken, taken_now(p, now_us));

    return MAX(MAX(taken, p->rate * STEP_DOWN), (double)SLOWEST);
}

/* The longer nothing was refused, the faster. */
static double faster(const struct pace *p, uint64_t now_us)
{
    double calm = (double)(now_us - p->refused_us) / CALM_US;

    return p->rate * (1 + RECOVERY * (1 + calm) * (double)(now_us - p->answered_us) / 1e6);
}

void pace_answered(struct pace *p, size_t taken, size_t failed, uint64_t now_us)
{
    double share = (double)failed / (double)MAX(taken + failed, (size_t)1);

    note_taken(p, taken, now_us);
    p->failures = p->failures * MAX(share, REST) + share;
    if (!failed && p->failures < 1)
        p->failures = 0;
    if (failed && taken) {
        p->rate = slower(p, now_us);
        p->refused_us = now_us;
    } else if (p->rate > 0) {
        p->rate = faster(p, now_us);
    }
    if (p->rate > FASTEST)
        p->rate = 0;
    p->answered_us = now_us;
}

void pace_failed(struct pace *p)
{
    p->failures += 1;
}

void pace_sent(struct pace *p, size_t bytes, uint64_t now_us)
{
    if (p->rate > 0)
        p->next_us = MAX(p->next_us, now_us) + (uint64_t)((double)bytes * 1e6 / p->rate);
}

bool pace_is_failing(const struct pace *p)
{
    return lround(p->failures) > 0;
}

uint64_t pace_wait_us(const struct pace *p, uint64_t random)
{
    long n = lround(p->failures);

    if (n <= 0)
        return 0;
    uint64_t longest = (uint64_t)FIRST_US << MIN(n - 1, (long)DOUBLINGS_MAX);
    longest = MIN(longest, (uint64_t)LONGEST_US);
    return random % longest + 1;
}

uint64_t pace_due_us(const struct pace *p)
{
    return MAX(p->resume_us, p->next_us);
}
