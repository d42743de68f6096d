#pragma once
/* Inside of the look-ups of a stage. Private to lookup*.c of the engine. */
#include "common/io/http.h"
#include "common/run/concurrency.h"
#include "common/run/metrics.h"
#include "workers/lookup.h"

struct waiter {
    struct waiter *next;
    lookup_done *done;
    void *ctx;
};
enum call_state { CALL_QUEUED, CALL_FLYING, CALL_RESTING };
struct call { /* one look-up, from the first who asks until all are answered; its texts behind
               */
    struct lookup *owner;
    struct call *same_bucket;
    struct call *next; /* in the queue */
    uint64_t hash;
    struct lookup_request request;
    struct waiter *waiters, *last_waiter;
    enum call_state state;
    struct http_call *http; /* FLYING */
    struct timer *timer;    /* RESTING, made when first needed */
    uint64_t asked_us, begun_us;
    uint32_t tries, pauses;
    bool was_address_refused;
};
struct call_queue {
    struct call *first, *last;
    uint32_t n;
};
struct lookup {
    const struct lookup_config *config;
    const struct services *services;
    const struct lookup_gate *gate;
    struct http *http; /* of its own: kept connections have passed its rule */
    struct concurrency concurrency;
    struct call **buckets; /* by key */
    uint32_t bucket_count, call_count;
    struct call_queue queue;
    struct timer *timer; /* something may begin */
    uint64_t resume_us;  /* no call before */
    uint64_t opened_us;  /* since when the breaker is open; 0: it is not */
    bool is_asking;      /* the gate */
    bool is_pumping, is_stopping;
    uint64_t calls, joined;
    struct {
        struct metric *limit, *in_flight, *waiting, *observed, *mean, *seconds, *joined;
        struct metric *calls[3]; /* by enum lookup_result */
    } metrics;
};

/* What an answer means: pure. */
struct lookup_verdict {
    struct lookup_answer answer; /* its body is borrowed from `a` */
    enum concurrency_end end;
    bool is_good; /* the service works */
};
struct lookup_verdict lookup_judge(const struct lookup_config *c, const struct http_answer *a,
                                   bool was_address_refused, uint64_t now_ms,
                                   char detail[200]) MUST_CHECK;

/* lookup_call.c */
void call_begin(struct call *c);
void call_answer(struct call *c, const struct lookup_answer *a); /* all who wait; frees it */
void call_free(struct call *c);

/* lookup_metrics.c */
void lookup_get_metrics(struct lookup *l);
void lookup_count(struct lookup *l, enum lookup_result result, uint64_t took_us); /* a call */
void lookup_show(struct lookup *l);

/* lookup.c */
uint64_t lookup_now_us(const struct lookup *l);
void lookup_put_back(struct call *c); /* to the front of the queue */
void lookup_forget(struct call *c);   /* no longer under its key */
void lookup_pump(struct lookup *l);   /* begin what may begin */
