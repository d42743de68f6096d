/* Batches that are kept and the wants in them. A want lives until its answer comes, its batch
 * only as long as somebody has patience. */
#include <stdlib.h>

#include "common/io/loop.h"
#include "workers/enrich.h"

enum {
    PATIENCE_MS = 30 * 1000,   /* of a join: how long settled records wait for others */
    STOP_US = 3 * 1000 * 1000, /* how long calls in flight may take when we stop */
};

static uint64_t now_us(const struct enrich *s)
{
    return clock_mono_us(s->worker->services->clock);
}

/* How long records that are settled wait for those beside them. */
static uint64_t patience_us(const struct enrich *s)
{
    return 1000 * (s->plan.lookups ? lookup_plan_config(s->plan.lookups)->patience_ms
                                   : (uint64_t)PATIENCE_MS);
}

/* Batches that are kept. */

struct held *enrich_hold(struct enrich *s, struct batch *b)
{
    struct held *h = arena_zalloc(&b->arena, sizeof(*h));

    *h = (struct held){.next = s->held, .link = &s->held, .batch = b, .since_us = now_us(s)};
    if (h->next)
        h->next->link = &h->next;
    if (s->timer && !timer_is_running(s->timer))
        timer_start(s->timer, s->is_stopping ? STOP_US : patience_us(s));
    return s->held = h;
}

void enrich_let_go(struct held *h)
{
    *h->link = h->next;
    if (h->next)
        h->next->link = h->link;
}

static void finish(struct enrich *s, struct held *h)
{
    enrich_let_go(h);
    if (s->cache)
        enrich_fetch_tell(s);
    s->worker->host->finish(s->worker, h->batch);
}

void enrich_want(struct enrich *s, struct held *h, struct record *r, str key)
{
    struct want *w = xalloc(sizeof(*w) + key.n);

    *w = (struct want){.after = s->wants,
                       .before = &s->wants,
                       .next = h->wants,
                       .link = &h->wants,
                       .held = h,
                       .owner = s,
                       .record = r};
    if (w->after)
        w->after->before = &w->after;
    s->wants = w;
    if (w->next)
        w->next->link = &w->next;
    h->wants = w;
    h->open++;
    memcpy(w->key, key.p, key.n);
    w->wanted.key = (str){w->key, key.n};
    if (s->table)
        enrich_table_want(w);
    else
        enrich_fetch(w);
}

static void detach(struct held *h, struct want *w)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->held = NULL;
    h->open--;
}

void enrich_want_end(struct want *w)
{
    struct enrich *s = w->owner;
    struct held *h = w->held;

    if (h)
        detach(h, w);
    *w->before = w->after;
    if (w->after)
        w->after->before = w->before;
    free(w);
    if (h && h->open == 0)
        finish(s, h);
}

/* The records that are settled go on; those that still wait do so as entries of their own. */
static void part(struct enrich *s, struct held *h)
{
    while (h->wants) {
        struct want *w = h->wants;
        struct record *r = w->record;
        r->is_untried = true;
        record_settle(r, VERDICT_RETRY, STR("lookup_failed"),
                      STR("late: the answer was not there in time"));
        detach(h, w);
    }
    finish(s, h);
}

static void on_timer(void *ctx)
{
    struct enrich *s = ctx;
    uint64_t now = now_us(s), patience = s->is_stopping ? 0 : patience_us(s), next = 0;

    for (struct held *h = s->held, *after; h; h = after) {
        after = h->next;
        uint64_t due = h->since_us + patience;
        if (due <= now)
            part(s, h);
        else
            next = next ? MIN(next, due) : due;
    }
    if (next)
        timer_start(s->timer, next - now);
}

void enrich_hold_open(struct enrich *s)
{
    s->timer = timer_new(s->worker->services->loop, on_timer, s);
}

void enrich_hold_stop(struct enrich *s)
{
    s->is_stopping = true;
    timer_start(s->timer, STOP_US);
}

/* When the time to stop is over batches may be held: their entries stay pending. */
void enrich_hold_close(struct enrich *s)
{
    for (struct want *w = s->wants, *next; w; w = next) {
        next = w->after;
        free(w);
    }
    if (s->timer)
        timer_free(s->timer);
}
