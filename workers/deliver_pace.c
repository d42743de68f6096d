/* The throttler of Amazon's own agent: a partial failure weighs as much as what failed, an
 * error one, and a success leaves a tenth. The wait doubles with each, 100 ms to 10 s, with
 * full jitter. */
#include "workers/deliver.h"

#include <math.h>

enum { FIRST_US = 100000, LONGEST_US = 10000000, DOUBLINGS_MAX = 16 };

void pace_answered(struct pace *p, uint32_t failed, uint32_t total)
{
    if (failed) {
        p->failures += (double)failed / total;
        return;
    }
    p->failures /= 10;
    if (p->failures < 1)
        p->failures = 0;
}

void pace_failed(struct pace *p)
{
    p->failures += 1;
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
