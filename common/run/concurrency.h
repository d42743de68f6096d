#pragma once
/* How many calls a service bears at once, learned from how long they take: one more while they
 * are as quick as before, a tenth less when they are slower or turned away. A pure function of
 * the calls' beginnings and ends.
 *
 * A mean that follows the times of late forgets what was quick, and the limit creeps up with a
 * service that gets slower bit by bit. So the quickest mean is kept too; only when the limit
 * has been halved and that has not helped, the service itself has become slower. The same with
 * calls that are turned away: those that fail whatever the load are no reason to hold back. */
#include <stdbool.h>
#include <stdint.h>

enum { CONCURRENCY_MAX = 200 };

struct moving { /* mean and variance that forget; zeroed: of nothing */
    double mean, variance;
    bool has_value;
};
void moving_add(struct moving *m, double x, double alpha);

struct concurrency {
    uint32_t limit, in_flight;
    bool is_fixed, is_warm, has_fallen;
    struct moving past; /* us; of the intervals before */
    struct moving calm; /* the same over more of them: less by chance */
    double quickest;    /* us; the least that was */
    double sum_us;      /* of this interval's good calls */
    uint32_t good;
    uint64_t end_us;               /* of this interval */
    bool was_reached, was_refused; /* in this interval */
    bool was_refused_again;        /* it was not one call alone */
    uint32_t fell_from;            /* limit when calls became slow; 0: they are not */
    uint32_t too_high, kept_off;   /* limit that fell last; raises that it is not tried for */
    double fell_at;                /* and their mean then */
    double observed_us;            /* mean of the last interval */
    double refused;                /* share of the calls of late */
    double usual;                  /* share that is refused whatever the load */
    uint32_t cut_from;             /* limit when calls were refused; 0: they are not */
    uint32_t ends, refusals;       /* at half of that, and below */
};

enum concurrency_end {
    CONCURRENCY_GOOD,    /* an answer; only these tell how long a call takes */
    CONCURRENCY_REFUSED, /* 429, 5xx, no answer in time: too much */
    CONCURRENCY_OTHER,   /* tells nothing about the load */
};
/* `fixed`: 0, or the limit that nothing moves. */
void concurrency_init(struct concurrency *c, uint32_t fixed);
void concurrency_begin(struct concurrency *c);
/* One attempt ended that took `took_us`, without waits between attempts. */
void concurrency_finish(struct concurrency *c, enum concurrency_end how, uint64_t took_us,
                        uint64_t now_us);

static inline uint32_t concurrency_room(const struct concurrency *c) /* calls that may begin */
{
    return c->limit > c->in_flight ? c->limit - c->in_flight : 0;
}
