/* Who asks for what: calls by key, and the queue of those that have not begun. Callers are
 * answered from the loop alone, so that asking never calls back. */
#include "workers/lookup.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "workers/lookup_parts.h"

enum { BUCKETS_FIRST = 64, ASK_AGAIN_US = 1000 };

uint64_t lookup_now_us(const struct lookup *l)
{
    return clock_mono_us(l->services->clock);
}

/* The table of keys. */

static struct call **bucket_of(const struct lookup *l, uint64_t hash)
{
    return &l->buckets[hash & (l->bucket_count - 1)];
}

static struct call *find_call(const struct lookup *l, uint64_t hash, str key)
{
    for (struct call *c = *bucket_of(l, hash); c; c = c->same_bucket)
        if (c->hash == hash && str_equal(c->request.key, key))
            return c;
    return NULL;
}

static void link_call(struct lookup *l, struct call *c)
{
    struct call **bucket = bucket_of(l, c->hash);

    c->same_bucket = *bucket;
    *bucket = c;
}

static void grow(struct lookup *l)
{
    struct call **old = l->buckets;
    uint32_t n = l->bucket_count;

    l->bucket_count = n ? n * 2 : BUCKETS_FIRST;
    l->buckets = xalloc(l->bucket_count * sizeof(struct call *));
    for (uint32_t i = 0; i < n; i++)
        for (struct call *c = old[i], *next; c; c = next) {
            next = c->same_bucket;
            link_call(l, c);
        }
    free(old);
}

void lookup_forget(struct call *c)
{
    struct call **at = bucket_of(c->owner, c->hash);

    while (*at != c)
        at = &(*at)->same_bucket;
    *at = c->same_bucket;
    c->owner->call_count--;
}

/* The queue. */

static void queue_push(struct call_queue *q, struct call *c)
{
    c->next = NULL;
    if (q->last)
        q->last->next = c;
    else
        q->first = c;
    q->last = c;
    q->n++;
}

static struct call *queue_pop(struct call_queue *q)
{
    struct call *c = q->first;

    q->first = c->next;
    if (!q->first)
        q->last = NULL;
    q->n--;
    return c;
}

void lookup_put_back(struct call *c)
{
    struct call_queue *q = &c->owner->queue;

    c->state = CALL_QUEUED;
    c->next = q->first;
    q->first = c;
    if (!q->last)
        q->last = c;
    q->n++;
}

/* Beginning what may begin. */

static void give_up(struct call *c, str reason, str detail)
{
    const struct lookup_answer a = {
        .result = LOOKUP_FAILED, .reason = reason, .detail = detail, .may_retry = true};

    call_answer(c, &a);
}

/* Nobody waits longer than his patience for a breaker to close. */
static uint64_t out_of_patience_us(const struct lookup *l, const struct call *c)
{
    return MAX(c->asked_us, l->opened_us) + l->config->patience_ms * 1000;
}

static void drop_impatient(struct lookup *l, uint64_t now)
{
    struct call_queue queue = l->queue;

    l->queue = (struct call_queue){0};
    while (queue.n) {
        struct call *c = queue_pop(&queue);
        if (l->is_stopping)
            give_up(c, STR("stopping"), STR("the worker stops"));
        else if (now >= out_of_patience_us(l, c))
            give_up(c, STR("no_answer"),
                    STR("the service failed for so long that it is left alone"));
        else
            queue_push(&l->queue, c);
    }
}

static void on_granted(void *lookup, uint32_t n, uint64_t wait_us, bool is_open)
{
    struct lookup *l = lookup;
    uint64_t now = lookup_now_us(l);

    assert(l->is_asking);
    l->is_asking = false;
    if (!is_open)
        l->opened_us = 0;
    else if (!l->opened_us)
        l->opened_us = now;
    if (n == 0)
        wait_us = MAX(wait_us, (uint64_t)ASK_AGAIN_US);
    l->resume_us = MAX(l->resume_us, now + wait_us);
    for (; n > 0 && l->queue.n > 0; n--)
        call_begin(queue_pop(&l->queue));
    lookup_pump(l);
}

static void begin_some(struct lookup *l)
{
    uint32_t room = MIN(concurrency_room(&l->concurrency), l->queue.n);

    if (l->gate) {
        l->is_asking = true;
        l->gate->ask(l->gate->ctx, room, on_granted, l);
        return;
    }
    for (; room > 0; room--)
        call_begin(queue_pop(&l->queue));
}

/* Calls in flight call us when they end, and the gate when it answers. */
static void set_timer(struct lookup *l, uint64_t now)
{
    uint64_t due = l->resume_us;

    if (l->queue.n == 0 || l->is_asking)
        return;
    if (l->opened_us)
        due = MIN(due, out_of_patience_us(l, l->queue.first));
    if (due > now)
        timer_start(l->timer, due - now);
}

void lookup_pump(struct lookup *l)
{
    uint64_t now = lookup_now_us(l);

    if (l->is_pumping)
        return;
    l->is_pumping = true;
    if (l->opened_us || l->is_stopping)
        drop_impatient(l, now);
    while (l->queue.n && !l->is_asking && now >= l->resume_us &&
           concurrency_room(&l->concurrency))
        begin_some(l);
    set_timer(l, now);
    lookup_show(l);
    l->is_pumping = false;
}

static void on_timer(void *ctx)
{
    lookup_pump(ctx);
}

/* Who asks. */

static str keep(char **at, str text)
{
    char *start = *at;

    if (text.n)
        memcpy(start, text.p, text.n);
    *at = start + text.n + 1; /* there is a NUL behind */
    return (str){start, text.n};
}

/* One piece of memory for a call and all its texts. */
static struct call *call_new(struct lookup *l, const struct lookup_request *q, uint64_t hash)
{
    size_t list = q->header_count * sizeof(str);
    size_t bytes = q->key.n + q->method.n + q->url.n + q->body.n + 4;

    for (uint32_t i = 0; i < q->header_count; i++)
        bytes += q->headers[i].n + 1;
    struct call *c = xalloc(sizeof(*c) + list + bytes);
    str *headers = (str *)(void *)(c + 1);
    char *at = (char *)(c + 1) + list;
    for (uint32_t i = 0; i < q->header_count; i++)
        headers[i] = keep(&at, q->headers[i]);
    c->request = (struct lookup_request){.key = keep(&at, q->key),
                                         .method = keep(&at, q->method),
                                         .url = keep(&at, q->url),
                                         .body = keep(&at, q->body),
                                         .headers = headers,
                                         .header_count = q->header_count};
    c->owner = l;
    c->hash = hash;
    c->asked_us = lookup_now_us(l);
    return c;
}

static void add_waiter(struct call *c, lookup_done *done, void *ctx)
{
    struct waiter *w = xalloc(sizeof(*w));

    *w = (struct waiter){NULL, done, ctx};
    if (c->last_waiter)
        c->last_waiter->next = w;
    else
        c->waiters = w;
    c->last_waiter = w;
}

void lookup_send(struct lookup *l, const struct lookup_request *q, lookup_done *done, void *ctx)
{
    uint64_t hash = hash_bytes(q->key);
    struct call *c = find_call(l, hash, q->key);

    if (c) {
        l->joined++;
        add_waiter(c, done, ctx);
        return;
    }
    if (l->call_count == l->bucket_count)
        grow(l);
    c = call_new(l, q, hash);
    add_waiter(c, done, ctx);
    link_call(l, c);
    l->call_count++;
    queue_push(&l->queue, c);
    timer_start(l->timer, 0);
}

/* Also those that rest, and what is asked from now on; from the loop, as ever. */
void lookup_stop(struct lookup *l)
{
    l->is_stopping = true;
    for (uint32_t i = 0; i < l->bucket_count; i++)
        for (struct call *c = l->buckets[i]; c; c = c->same_bucket)
            if (c->state == CALL_RESTING) {
                timer_stop(c->timer);
                lookup_put_back(c);
            }
    timer_start(l->timer, 0);
}

struct lookup_state lookup_look(const struct lookup *l)
{
    const struct concurrency *c = &l->concurrency;

    return (struct lookup_state){
        .limit = c->limit,
        .in_flight = c->in_flight,
        .waiting = l->call_count - c->in_flight,
        .calls = l->calls,
        .joined = l->joined,
        .observed_us = (uint64_t)c->observed_us,
        .mean_us = (uint64_t)c->past.mean,
    };
}

struct lookup *lookup_new(const struct lookup_config *config, const struct services *services,
                          const struct lookup_gate *gate, struct error *err)
{
    struct http *http = http_new(services->loop, err);

    if (!http)
        return NULL;
    struct lookup *l = xalloc(sizeof(*l));
    l->config = config;
    l->services = services;
    l->gate = gate;
    l->http = http;
    http_keep(http, (uint32_t)MAX(config->in_flight, (uint64_t)CONCURRENCY_MAX));
    l->timer = timer_new(services->loop, on_timer, l);
    concurrency_init(&l->concurrency, (uint32_t)config->in_flight);
    grow(l);
    lookup_get_metrics(l);
    return l;
}

void lookup_free(struct lookup *l)
{
    if (!l)
        return;
    if (l->gate && l->gate->leave)
        l->gate->leave(l->gate->ctx);
    for (uint32_t i = 0; i < l->bucket_count; i++)
        for (struct call *c = l->buckets[i], *next; c; c = next) {
            next = c->same_bucket;
            call_free(c);
        }
    timer_free(l->timer);
    http_free(l->http);
    free(l->buckets);
    free(l);
}
