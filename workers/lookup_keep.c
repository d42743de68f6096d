/* What goes to Redis beside questions: what was fetched, what is used, leases for longer or
 * given up, and once a second what was counted. */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/io/answer.h"
#include "common/io/loop.h"
#include "workers/lookup_cache_parts.h"

enum { RENEW_US = 1500 * 1000, TELL_US = 1000 * 1000, HEAD_MAX = 16 };

str share_lease_key(const struct lookup_cache *c, struct arena *a, str field)
{
    return arena_printf(a, STR_FMT STR_FMT, STR_ARG(c->lease), STR_ARG(field));
}

str share_token(const struct lookup_cache *c)
{
    return (str){c->token, sizeof(c->token)};
}

static uint64_t keep_ms(const struct lookup_cache *c)
{
    return MAX(c->config.ttl_ms, c->config.missing_ttl_ms) + c->config.stale_ms;
}

struct round *trip_new(struct lookup_cache *c)
{
    struct round *r = xalloc(sizeof(*r));

    r->c = c;
    r->next = c->rounds;
    c->rounds = r;
    return r;
}

void trip_free(struct round *r)
{
    struct round **link = r->c ? &r->c->rounds : NULL;

    while (link && *link != r)
        link = &(*link)->next;
    if (link)
        *link = r->next;
    arena_free(&r->arena);
    free(r);
}

static void on_nothing(void *ctx, const struct reply *reply)
{
    (void)reply;
    trip_free(ctx);
}

void share_release(struct lookup_cache *c, str field)
{
    struct round *r = trip_new(c);
    const str args[] = {STR("FCALL"),   STR("sp1_lease"),
                        STR("1"),       share_lease_key(c, &r->arena, field),
                        share_token(c), STR("0")};

    redis_send(c->redis, args, ARRAY_LEN(args), &r->arena, on_nothing, r);
}

static void on_put(void *ctx, const struct reply *reply)
{
    struct round *r = ctx;
    struct lookup_cache *c = r->c;

    if (c && reply && reply->type == REPLY_ARRAY && reply->n && reply->items[0].integer) {
        c->state.put++;
    } else if (c) {
        c->state.refused++;
        if (answer_of(reply) == ANSWER_OOM)
            share_release(c, r->moves[0]); /* a full Redis lets go of leases */
        else if (reply && reply->type == REPLY_ERROR)
            log_warn("what was looked up is not kept", LOG_STR("stage", c->config.stage),
                     LOG_STR("answer", reply->text));
    }
    trip_free(r);
}

/* The arguments of sp1_cache_put that stand before the values. */
static uint32_t put_head(struct lookup_cache *c, struct arena *a, str *args, const str *lease)
{
    const str head[] = {
        STR("FCALL"), STR("sp1_cache_put"), lease ? STR("4") : STR("3"), c->young, c->old,
        c->about};
    const uint64_t numbers[] = {c->config.entries, c->config.bytes, keep_ms(c)};
    uint32_t n = ARRAY_LEN(head);

    memcpy(args, head, sizeof(head));
    if (lease)
        args[n++] = *lease;
    args[n++] = share_token(c);
    args[n++] = c->epoch_n == EPOCH_UNKNOWN ? STR("?") : (str){c->epoch, c->epoch_n};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        args[n++] = arena_printf(a, "%llu", (unsigned long long)numbers[i]);
    return n;
}

void share_put(struct lookup_cache *c, struct sought *s, const struct found *f)
{
    struct round *r = trip_new(c);
    str args[HEAD_MAX], lease = share_lease_key(c, &r->arena, s->field);
    uint32_t n = put_head(c, &r->arena, args, &lease);

    r->moves = arena_alloc(&r->arena, sizeof(str));
    r->moves[0] = arena_copy(&r->arena, s->field);
    args[n++] = STR("1");
    args[n++] = r->moves[0];
    args[n++] = f->kind == CACHED_FOUND
                    ? arena_printf(&r->arena, "+%llu " STR_FMT, (unsigned long long)f->until,
                                   STR_ARG(f->members))
                    : arena_printf(&r->arena, "-%llu", (unsigned long long)f->until);
    args[n++] = STR("0");
    redis_send(c->redis, args, n, &r->arena, on_put, r);
}

void share_move_up(struct lookup_cache *c, const struct round *from)
{
    struct round *r;
    str *args;
    uint32_t n;

    if (from->move_count == 0)
        return;
    r = trip_new(c);
    args = arena_alloc(&r->arena, (HEAD_MAX + from->move_count) * sizeof(*args));
    n = put_head(c, &r->arena, args, NULL);
    args[n++] = STR("0");
    args[n++] = arena_printf(&r->arena, "%u", from->move_count);
    for (uint32_t i = 0; i < from->move_count; i++)
        args[n++] = arena_copy(&r->arena, from->moves[i]);
    redis_send(c->redis, args, n, &r->arena, on_nothing, r);
}

/* ---- leases of fetches under way ---- */

static void renew(struct lookup_cache *c, struct round *r, const str *keys, uint32_t n)
{
    str *args = arena_alloc(&r->arena, (n + 5) * sizeof(*args));

    args[0] = STR("FCALL"), args[1] = STR("sp1_lease"),
    args[2] = arena_printf(&r->arena, "%u", n);
    memcpy(args + 3, keys, n * sizeof(*keys));
    args[n + 3] = share_token(c), args[n + 4] = arena_printf(&r->arena, "%d", LEASE_MS);
    redis_send(c->redis, args, n + 5, &r->arena, on_nothing, r);
}

static void on_renew(void *ctx)
{
    struct lookup_cache *c = ctx;
    struct round *r = NULL;
    str keys[ROUND_MAX];
    uint32_t n = 0;

    for (uint32_t i = 0; i < BUCKETS && redis_is_ready(c->redis); i++)
        for (const struct sought *s = c->buckets[i]; s; s = s->in_bucket) {
            if (!s->has_lease || s->state != SOUGHT_FETCHED)
                continue;
            r = n ? r : trip_new(c);
            keys[n++] = share_lease_key(c, &r->arena, s->field);
            if (n == ROUND_MAX) {
                renew(c, r, keys, n);
                n = 0;
            }
        }
    if (n)
        renew(c, r, keys, n);
    timer_start(c->renew, RENEW_US);
}

/* ---- counters, and the epoch ---- */

static void on_told(void *ctx, const struct reply *reply)
{
    struct round *r = ctx;
    struct lookup_cache *c = r->c;

    if (c && reply && reply->type == REPLY_STRING && reply->text.n < sizeof(c->epoch)) {
        str now = reply->text;
        if (c->epoch_n != EPOCH_UNKNOWN && !str_equal(now, (str){c->epoch, c->epoch_n}))
            lru_clear(c->lru); /* something was dropped */
        if (now.n)
            memcpy(c->epoch, now.p, now.n);
        c->epoch_n = now.n;
    }
    trip_free(r);
}

void share_tell(struct lookup_cache *c)
{
    const struct lookup_cache_state *s = &c->state, *t = &c->told;
    const struct {
        str name;
        uint64_t n;
    } counters[] = {
        {STR("local"), s->local - t->local},       {STR("shared"), s->shared - t->shared},
        {STR("waited"), s->waited - t->waited},    {STR("joined"), s->joined - t->joined},
        {STR("fetched"), s->fetched - t->fetched}, {STR("stale"), s->stale - t->stale},
    };
    struct round *r = trip_new(c);
    str args[5 + 2 * ARRAY_LEN(counters)] = {STR("FCALL"), STR("sp1_cache_tell"), STR("1"),
                                             c->about};
    uint32_t n = 4;

    args[n++] = arena_printf(&r->arena, "%llu", (unsigned long long)keep_ms(c));
    for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
        if (counters[i].n == 0)
            continue;
        args[n++] = counters[i].name;
        args[n++] = arena_printf(&r->arena, "%llu", (unsigned long long)counters[i].n);
    }
    c->told = c->state;
    redis_send(c->redis, args, n, &r->arena, on_told, r);
}

static void on_tell(void *ctx)
{
    struct lookup_cache *c = ctx;

    if (redis_is_ready(c->redis))
        share_tell(c);
    else
        timer_start(c->tell, TELL_US);
}

void share_open(struct lookup_cache *c)
{
    const struct lookup_cache_config *g = &c->config;
    const struct keys *k = c->services->keys;

    c->epoch_n = EPOCH_UNKNOWN;
    c->turn = timer_new(c->services->loop, share_turn, c);
    if (!c->redis)
        return;
    c->young = keys_cache(k, &c->arena, g->stage, g->fingerprint, "new");
    c->old = keys_cache(k, &c->arena, g->stage, g->fingerprint, "old");
    c->about = keys_cache(k, &c->arena, g->stage, g->fingerprint, "about");
    c->lease = keys_cache(k, &c->arena, g->stage, g->fingerprint, "lease:");
    c->tell = timer_new(c->services->loop, on_tell, c);
    c->renew = timer_new(c->services->loop, on_renew, c);
    timer_start(c->renew, RENEW_US);
}

void share_close(struct lookup_cache *c)
{
    for (struct round *r = c->rounds; r; r = r->next)
        r->c = NULL;
    timer_free(c->turn);
    timer_free(c->renew);
    timer_free(c->tell);
}
