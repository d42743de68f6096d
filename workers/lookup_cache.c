#include "workers/lookup_cache.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/io/loop.h"
#include "workers/lookup_cache_parts.h"

enum {
    TELL_US = 1000 * 1000,
    FAILED_MS = 5000, /* a stale value is used, before its refresh is tried again */
};

static uint64_t now_ms(const struct lookup_cache *c)
{
    return clock_wall_ms(c->services->clock);
}

static uint64_t random_of(const struct lookup_cache *c)
{
    return c->services->random(c->services->random_ctx);
}

struct lookup_cache *lookup_cache_new(const struct lookup_cache_config *config,
                                      const struct services *services)
{
    struct lookup_cache *c = xalloc(sizeof(*c));

    c->config = *config;
    c->services = services;
    if (config->ttl_ms || config->missing_ttl_ms)
        c->redis = services->redis;
    c->seed = random_of(c);
    c->lru = lru_new(config->local, random_of(c));
    hash_hex(random_of(c), c->token);
    share_open(c);
    return c;
}

static void free_sought(struct sought *s)
{
    free(s->stale);
    free(s);
}

void lookup_cache_free(struct lookup_cache *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (struct sought *s = c->buckets[i], *next; s; s = next) {
            next = s->in_bucket;
            free_sought(s);
        }
    share_close(c);
    lru_free(c->lru);
    arena_free(&c->arena);
    free(c);
}

static struct sought **bucket_of(struct lookup_cache *c, str key)
{
    return &c->buckets[hash_more(c->seed, key) % BUCKETS];
}

static struct sought *find(struct lookup_cache *c, str key)
{
    struct sought *s = *bucket_of(c, key);

    while (s && !str_equal(s->key, key))
        s = s->in_bucket;
    return s;
}

/* ---- this process' part ---- */

enum { IS_FOUND = 1, IS_LAST = 2, TIME_SHIFT = 2 }; /* in the time of what is in `lru` */

void cache_keep(struct lookup_cache *c, str key, const struct found *f)
{
    lru_put(c->lru, key, f->members,
            f->until << TIME_SHIFT | (f->is_last ? IS_LAST : 0) |
                (f->kind == CACHED_FOUND ? IS_FOUND : 0));
}

enum cached lookup_cache_look(struct lookup_cache *c, str key, str *members)
{
    struct lru_value value;
    uint64_t now = now_ms(c);

    if (c->redis && !timer_is_running(c->tell))
        timer_start(c->tell, TELL_US);
    if (!lru_get(c->lru, key, &value))
        return CACHED_NOT;
    uint64_t until = value.time >> TIME_SHIFT;
    if (until <= now) {
        const struct sought *s = value.time & IS_LAST ? NULL : find(c, key);
        if (!s || s->state != SOUGHT_FETCHED || until + c->config.stale_ms <= now)
            return CACHED_NOT;
        c->state.stale++;
    } else {
        c->state.local++;
    }
    *members = value.text;
    return value.time & IS_FOUND ? CACHED_FOUND : CACHED_MISSING;
}

/* ---- keys under way ---- */

static struct sought *new_sought(struct lookup_cache *c, str key)
{
    char field_bytes[KEYS_FIELD_MAX];
    str field = keys_cache_field(key, field_bytes);
    struct sought *s = xalloc(sizeof(*s) + key.n + field.n), **bucket = bucket_of(c, key);
    char *bytes = (char *)(s + 1);

    if (key.n)
        memcpy(bytes, key.p, key.n);
    if (field.n)
        memcpy(bytes + key.n, field.p, field.n);
    s->key = (str){bytes, key.n};
    s->field = (str){bytes + key.n, field.n};
    s->last = &s->first;
    s->in_bucket = *bucket;
    *bucket = s;
    c->state.sought++;
    return s;
}

void cache_queue(struct lookup_cache *c, struct sought *s, uint64_t wait_ms)
{
    s->state = SOUGHT_QUEUED;
    s->due_us = clock_mono_us(c->services->clock) + wait_ms * 1000;
    s->next = c->queue;
    c->queue = s;
}

void lookup_cache_want(struct lookup_cache *c, struct wanted *w)
{
    struct sought *s = find(c, w->key);

    if (!s) {
        s = new_sought(c, w->key);
        cache_queue(c, s, 0);
        timer_start(c->turn, 0);
    }
    w->next = NULL;
    w->sought = s;
    *s->last = w;
    s->last = &w->next;
}

void cache_answer(struct lookup_cache *c, struct sought *s, const struct lookup_answer *a)
{
    struct sought **link = bucket_of(c, s->key);

    while (*link != s)
        link = &(*link)->in_bucket;
    *link = s->in_bucket;
    c->state.sought--;
    for (struct wanted *w = s->first, *next; w; w = next) {
        next = w->next;
        w->sought = NULL;
        w->done(w->ctx, a);
    }
    free_sought(s);
}

void cache_answer_found(struct lookup_cache *c, struct sought *s, const struct found *f)
{
    const struct lookup_answer a = {
        .result = f->kind == CACHED_FOUND ? LOOKUP_FOUND : LOOKUP_MISSING, .body = f->members};

    cache_answer(c, s, &a);
}

void cache_fail_stopping(struct lookup_cache *c, struct sought *s)
{
    const struct lookup_answer a = {.result = LOOKUP_FAILED,
                                    .reason = STR("stopping"),
                                    .detail = STR("the worker is stopping"),
                                    .may_retry = true};

    if (s->has_lease)
        share_release(c, s->field);
    cache_answer(c, s, &a);
}

void cache_lead(struct lookup_cache *c, struct sought *s)
{
    struct wanted *w = s->first;

    if (c->is_stopping) {
        cache_fail_stopping(c, s);
        return;
    }
    s->state = SOUGHT_FETCHED;
    w->fetch(w->ctx, w);
}

void lookup_cache_stop(struct lookup_cache *c)
{
    struct sought *list = c->queue;

    c->is_stopping = true;
    c->queue = NULL;
    for (struct sought *next; list; list = next) {
        next = list->next;
        cache_fail_stopping(c, list);
    }
}

/* ---- what was fetched ---- */

bool cache_has_stale(const struct lookup_cache *c, const struct sought *s, struct found *f)
{
    return s->stale && found_parse((str){s->stale, s->stale_n}, f) &&
           f->until + c->config.stale_ms > now_ms(c);
}

/* Shorter by a random part, so that what was fetched together does not end together. */
static uint64_t lifetime(const struct lookup_cache *c, uint64_t ttl_ms)
{
    uint64_t spread = ttl_ms / 100 * MIN(c->config.jitter, 100);

    return ttl_ms - (spread ? random_of(c) % (spread + 1) : 0);
}

static void fetch_failed(struct lookup_cache *c, struct sought *s,
                         const struct lookup_answer *answer)
{
    struct found f;

    if (s->has_lease)
        share_release(c, s->field);
    if (!cache_has_stale(c, s, &f)) {
        cache_answer(c, s, answer);
        return;
    }
    const struct found for_now = {.kind = f.kind,
                                  .until =
                                      MIN(now_ms(c) + FAILED_MS, f.until + c->config.stale_ms),
                                  .is_last = true,
                                  .members = f.members};
    cache_keep(c, s->key, &for_now);
    c->state.stale++;
    cache_answer_found(c, s, &f);
}

void lookup_cache_fetched(struct lookup_cache *c, struct wanted *w,
                          const struct lookup_answer *answer)
{
    struct sought *s = w->sought;

    assert(s && s->state == SOUGHT_FETCHED && s->first == w);
    if (answer->result == LOOKUP_FAILED) {
        fetch_failed(c, s, answer);
        return;
    }
    bool is_found = answer->result == LOOKUP_FOUND;
    uint64_t ttl = is_found ? c->config.ttl_ms : c->config.missing_ttl_ms;
    const struct found f = {.kind = is_found ? CACHED_FOUND : CACHED_MISSING,
                            .until = now_ms(c) + lifetime(c, ttl),
                            .members = is_found ? answer->body : STR_NONE};

    c->state.fetched++;
    for (const struct wanted *other = w->next; other; other = other->next)
        c->state.joined++;
    if (ttl)
        cache_keep(c, s->key, &f);
    if (s->has_lease && ttl)
        share_put(c, s, &f);
    else if (s->has_lease)
        share_release(c, s->field);
    cache_answer(c, s, answer);
}

struct lookup_cache_state lookup_cache_state(const struct lookup_cache *c)
{
    return c->state;
}
