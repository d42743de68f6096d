/* One call: sent, judged, and sent again where that may help. */
#include <stdlib.h>

#include "workers/lookup_parts.h"

enum {
    FIRST_WAIT_MS = 200, /* at most, before the second try; then twice as long ... */
    LONGEST_WAIT_MS = 10000,
    PAUSES_MAX = 10, /* that a service may ask for on behalf of one look-up */
};

void call_free(struct call *c)
{
    for (struct waiter *w = c->waiters, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    if (c->http)
        http_cancel(c->http);
    timer_free(c->timer);
    free(c);
}

void call_answer(struct call *c, const struct lookup_answer *a)
{
    struct waiter *w = c->waiters;

    lookup_forget(c); /* who asks for the key again asks anew */
    c->waiters = NULL;
    while (w) {
        struct waiter *next = w->next;
        w->done(w->ctx, a);
        free(w);
        w = next;
    }
    call_free(c);
}

static bool may_connect(void *ctx, const struct sockaddr *to)
{
    struct call *c = ctx;
    const struct lookup_config *config = c->owner->config;
    bool may = address_is_global(to) || address_is_in(to, config->allow, config->allow_count);

    c->was_address_refused |= !may;
    return may;
}

static void on_rested(void *ctx)
{
    struct call *c = ctx;

    lookup_put_back(c);
    lookup_pump(c->owner);
}

static uint64_t wait_us(const struct call *c)
{
    const struct services *s = c->owner->services;
    uint64_t bound = FIRST_WAIT_MS;

    for (uint32_t i = 1; i < c->tries && bound < LONGEST_WAIT_MS; i++)
        bound *= 2;
    bound = MIN(bound, (uint64_t)LONGEST_WAIT_MS);
    return s->random(s->random_ctx) % (bound * 1000) + 1;
}

/* False: that was the last try. */
static bool try_again(struct call *c, const struct lookup_answer *a)
{
    struct lookup *l = c->owner;

    if (!a->may_retry || l->is_stopping)
        return false;
    if (a->retry_after_ms && c->pauses < PAUSES_MAX) { /* nobody begins before that */
        c->pauses++;
        c->tries--;
        lookup_put_back(c);
        return true;
    }
    uint64_t wait = wait_us(c);
    if (c->tries >= l->config->tries ||
        lookup_now_us(l) + wait >= c->begun_us + l->config->patience_ms * 1000)
        return false;
    if (!c->timer)
        c->timer = timer_new(l->services->loop, on_rested, c);
    c->state = CALL_RESTING;
    timer_start(c->timer, wait);
    return true;
}

static void on_answer(void *ctx, const struct http_answer *a)
{
    struct call *c = ctx;
    struct lookup *l = c->owner;
    uint64_t now = lookup_now_us(l);
    char detail[200];
    struct lookup_verdict v = lookup_judge(l->config, a, c->was_address_refused,
                                           clock_wall_ms(l->services->clock), detail);

    c->http = NULL;
    concurrency_finish(&l->concurrency, v.end, a->elapsed_us, now);
    lookup_count(l, v.answer.result, a->elapsed_us);
    l->resume_us = MAX(l->resume_us, now + v.answer.retry_after_ms * 1000);
    if (l->gate)
        l->gate->report(l->gate->ctx, v.is_good, v.answer.retry_after_ms);
    if (!try_again(c, &v.answer))
        call_answer(c, &v.answer);
    lookup_pump(l);
}

void call_begin(struct call *c)
{
    struct lookup *l = c->owner;
    struct http_request q = {
        .method = c->request.method,
        .url = c->request.url,
        .headers = c->request.headers,
        .header_count = c->request.header_count,
        .body = c->request.body,
        .timeout_ms = l->config->timeout_ms,
        .max_answer = l->config->max_answer,
        .may_connect = may_connect,
        .asks_alike = true,
        .may_repeat = true, /* it only asks */
    };

    c->state = CALL_FLYING;
    c->was_address_refused = false;
    if (c->tries++ == 0)
        c->begun_us = lookup_now_us(l);
    concurrency_begin(&l->concurrency);
    c->http = http_send(l->http, &q, on_answer, c);
}
