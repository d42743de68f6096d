#include "common/run/retry.h"

#include <stddef.h>

const struct setting retry_settings[] = {
    {"attempts", SETTING_COUNT, "5", offsetof(struct retry_policy, attempts),
     "How often a record is tried before it becomes a dead letter, at least 1."},
    {"wait", SETTING_SPAN, "200ms..30s", offsetof(struct retry_policy, wait),
     "How long it may wait at most before the second attempt, and before any: the bound "
     "doubles "
     "with each attempt, and the wait is drawn from 0 to it."},
    {0},
};

uint64_t retry_delay_ms(const struct retry_policy *policy, uint32_t try, uint64_t random)
{
    uint64_t bound = policy->wait.least;

    for (uint32_t i = 1; i < try && bound > 0 && bound < policy->wait.most; i++)
        bound *= 2;
    bound = MIN(bound, policy->wait.most);
    return bound ? random % (bound + 1) : 0;
}
