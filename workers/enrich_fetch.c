/* Look-ups by HTTP: what the cache does not know is fetched, and kept as the members that
 * records get. */
#include "workers/enrich.h"

static void on_done(void *ctx, const struct lookup_answer *a)
{
    struct want *w = ctx;

    if (w->held)
        enrich_answered(w->owner, w->held->batch, w->record, a);
    enrich_want_end(w);
}

/* The service has answered the one who asked for all. */
static void on_fetched(void *ctx, const struct lookup_answer *a)
{
    struct want *w = ctx;
    struct enrich *s = w->owner;
    struct lookup_answer members = *a;

    arena_reset(&s->scratch);
    if (a->result == LOOKUP_FOUND &&
        !enrich_map_read(&s->plan.map, a->body, &s->scratch, &members.body))
        members.result = LOOKUP_MISSING;
    lookup_cache_fetched(s->cache, &w->wanted, &members);
}

static void fetch(void *ctx, struct wanted *wanted)
{
    struct want *w = ctx;
    struct enrich *s = w->owner;
    struct lookup_request q = {0};
    struct url_expanded e = {0};
    const struct lookup_answer late = {.result = LOOKUP_FAILED,
                                       .reason = STR("late"),
                                       .detail = STR("its record does not wait any more"),
                                       .may_retry = true};

    arena_reset(&s->scratch);
    if (!w->held || lookup_plan_fill(s->plan.lookups, w->record, &s->scratch, &q, &e)) {
        lookup_cache_fetched(s->cache, wanted, &late);
        return;
    }
    q.key = wanted->key;
    lookup_send(s->lookup, &q, on_fetched, w);
}

void enrich_fetch(struct want *w)
{
    w->wanted.fetch = fetch;
    w->wanted.done = on_done;
    w->wanted.ctx = w;
    lookup_cache_want(w->owner->cache, &w->wanted);
}

int enrich_fetch_open(struct enrich *s, struct error *err)
{
    const struct services *services = s->worker->services;

    if (lookup_plan_open(s->plan.lookups, err) != 0)
        return err->code;
    s->rates = lookup_rate_new(&s->plan.rated, services);
    s->lookup = lookup_new(lookup_plan_config(s->plan.lookups), services,
                           lookup_rate_gate(s->rates), err);
    if (!s->lookup) {
        lookup_rate_free(s->rates);
        return err->code;
    }
    s->cache = lookup_cache_new(&s->plan.cached, services);
    return 0;
}

void enrich_fetch_close(struct enrich *s)
{
    lookup_free(s->lookup);
    lookup_rate_free(s->rates);
    lookup_cache_free(s->cache);
}

void enrich_fetch_tell(struct enrich *s)
{
    struct lookup_cache_state c = lookup_cache_state(s->cache);

    metric_set(s->cached_local, (double)c.local);
    metric_set(s->cached_shared, (double)c.shared);
    metric_set(s->cached_joined, (double)(c.joined + c.waited));
    metric_set(s->cached_stale, (double)c.stale);
    metric_set(s->fetched, (double)c.fetched);
}
