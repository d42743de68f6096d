#pragma once
/* Look-ups of one stage: calls to somebody else's HTTP service, as many at a time as it bears,
 * tried again where that helps. One key is asked for once however many want it. Knows nothing
 * of records, caches and Redis; what the whole pool agrees on stands behind a gate. */
#include "common/io/address.h"
#include "common/run/worker.h"

struct lookup;
struct lookup_config {   /* borrowed, as all that it points at */
    str name;            /* of the stage: for metrics */
    uint64_t in_flight;  /* 0: adaptive, 1 to 200 (run/concurrency.h) */
    uint64_t timeout_ms; /* of one call */
    uint64_t tries;      /* of one look-up, the first included */
    /* Within which a look-up is tried again, and for which it waits while the breaker is open.
     */
    uint64_t patience_ms;
    uint64_t max_answer;               /* bytes */
    const struct address_range *allow; /* may be called though they are not global */
    uint32_t allow_count;
    const uint16_t *missing; /* statuses that mean "there is none" */
    uint32_t missing_count;
};
struct lookup_request { /* copied */
    str key;            /* two look-ups with the same key are one */
    str method, url, body;
    const str *headers; /* "Name: value" */
    uint32_t header_count;
};
enum lookup_result {
    LOOKUP_FOUND,   /* `body` is JSON, checked */
    LOOKUP_MISSING, /* the service says that there is none */
    LOOKUP_FAILED,  /* `reason` and `detail` say how */
};
struct lookup_answer { /* valid in the callback only, but for `reason` */
    enum lookup_result result;
    str body;
    str reason;     /* static: address_refused no_answer not_json overload refused too_large */
    str detail;     /* a sentence without values of records */
    bool may_retry; /* another try, later, may go well */
    uint64_t retry_after_ms; /* not before; 0: as you like */
};
typedef void lookup_done(void *ctx, const struct lookup_answer *a);

/* Seam: what the pool agrees on. All of it runs on the loop; ask() may answer at once. One ask
 * is under way at a time. */
/* `n` calls begin now, at once or never; 0: none, ask again in `wait_us`, which may also follow
 * some. `is_open`: the breaker is; who waited out his patience fails. */
typedef void lookup_granted(void *lookup, uint32_t n, uint64_t wait_us, bool is_open);
struct lookup_gate {
    void *ctx;
    void (*ask)(void *ctx, uint32_t want, lookup_granted *granted, void *lookup);
    /* A call that was granted ended. Failed: no answer, 429, 408 or 5xx; anything else shows a
     * service that works. `retry_after_ms`: what it asked for, 0: nothing, at most an hour. */
    void (*report)(void *ctx, bool is_good, uint64_t retry_after_ms);
    void (*leave)(void *ctx); /* nobody is there any more for granted() */
};

/* `gate` NULL: everything passes. */
struct lookup *lookup_new(const struct lookup_config *config, const struct services *services,
                          const struct lookup_gate *gate, struct error *err) MUST_CHECK;
/* Calls in flight are dropped, no callback runs any more; not from inside one. NULL: nothing.
 */
void lookup_free(struct lookup *l);
/* `done` runs once, later, from the loop; it may send. Every look-up that waits is kept, so the
 * caller bounds them by the records that he holds. A wait that the service asks for (429 or 503
 * with Retry-After) or the gate imposes holds all calls, and costs no try. */
void lookup_send(struct lookup *l, const struct lookup_request *q, lookup_done *done,
                 void *ctx);

/* We are stopping: what is not in flight is answered as failed, to be tried again. */
void lookup_stop(struct lookup *l);

struct lookup_state {
    uint32_t limit, in_flight, waiting; /* waiting: in the queue or backing off */
    uint64_t calls, joined;             /* sent; answered by the call of another */
    uint64_t observed_us, mean_us;      /* time of a call: the last interval's, the past's */
};
struct lookup_state lookup_look(const struct lookup *l);
