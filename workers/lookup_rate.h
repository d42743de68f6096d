#pragma once
/* The gate of look-ups (workers/lookup.h) for a pool: rate, Retry-After and breaker that all
 * workers of a name share, by sp1_gate. Redis away: nothing passes until it is back. */
#include "workers/lookup.h"

struct lookup_rate_config {
    str name;                  /* workers with the same one share it */
    uint64_t limit, period_ms; /* calls in any window of the period; 0: any number */
    uint64_t burst;            /* 1 to limit */
    uint64_t timeout_ms;       /* of a call: so long a probe may take */
};
struct lookup_rate;
/* Needs services->redis. */
struct lookup_rate *lookup_rate_new(const struct lookup_rate_config *config,
                                    const struct services *services) MUST_CHECK;
const struct lookup_gate *lookup_rate_gate(struct lookup_rate *r);
void lookup_rate_free(struct lookup_rate *r); /* behind lookup_free(). NULL: nothing */

struct lookup_rate_state {
    uint64_t granted, thrown_away; /* calls that might begin; what came too late to be used */
    uint64_t asks;
    const char *word; /* closed open half paused, as last heard */
};
struct lookup_rate_state lookup_rate_state(const struct lookup_rate *r);
