#pragma once
/* What the files of lookup_cache share. */
#include "common/data/keys.h"
#include "common/data/lru.h"
#include "common/io/redis.h"
#include "workers/lookup_cache.h"

enum {
    BUCKETS = 1024,
    ROUND_MAX = 256,
    LEASE_MS = 5000, /* a dead worker's key waits so long */
};
#define EPOCH_UNKNOWN SIZE_MAX

enum sought_state {
    SOUGHT_QUEUED, /* its next round is due, now or later */
    SOUGHT_ASKED,  /* in a round */
    SOUGHT_FETCHED /* `fetch` of its first one was called */
};
struct sought { /* a key under way, and who wants it; key and field stand behind it */
    struct sought *in_bucket, *next;
    struct wanted *first, **last;
    str key, field;
    enum sought_state state;
    uint64_t due_us;
    uint32_t wait_ms; /* of the last wait; 0: it never waited */
    bool was_read, has_lease;
    char *stale; /* a text as in Redis, or NULL */
    size_t stale_n;
};
struct found { /* a text of Redis, taken apart */
    enum cached kind;
    uint64_t until;
    bool is_last; /* not to be used behind that: it is stale already */
    str members;
};
struct round { /* commands under way; an orphan when the cache went first */
    struct lookup_cache *c;
    struct round *next;
    struct arena arena;
    struct sought **list;
    uint32_t n, answered;
    bool is_for_leases;
    const struct reply **leases, *young;
    str *moves;
    uint32_t move_count;
};
struct lookup_cache {
    struct lookup_cache_config config;
    const struct services *services;
    struct redis *redis; /* NULL: this process alone */
    struct arena arena;
    str young, old, about, lease; /* keys; `lease` ends where that of the field begins */
    char token[16], epoch[24];
    size_t epoch_n; /* or EPOCH_UNKNOWN */
    uint64_t seed;
    struct lru *lru;
    struct sought *buckets[BUCKETS], *queue;
    struct round *rounds;
    struct timer *turn, *renew, *tell;
    bool is_stopping;
    struct lookup_cache_state state, told;
};

bool found_parse(str text, struct found *f) MUST_CHECK;
/* Into this process' part. */
void cache_keep(struct lookup_cache *c, str key, const struct found *f);
/* To all who want it; `s` is gone behind it. */
void cache_answer(struct lookup_cache *c, struct sought *s, const struct lookup_answer *a);
void cache_answer_found(struct lookup_cache *c, struct sought *s, const struct found *f);
void cache_fail_stopping(struct lookup_cache *c, struct sought *s);
/* This worker fetches it. */
void cache_lead(struct lookup_cache *c, struct sought *s);
bool cache_has_stale(const struct lookup_cache *c, const struct sought *s, struct found *f);
void cache_queue(struct lookup_cache *c, struct sought *s, uint64_t wait_ms);

/* lookup_share.c: asking Redis. */
void share_turn(void *ctx);

/* lookup_keep.c: telling it. */
void share_open(struct lookup_cache *c);
void share_close(struct lookup_cache *c);
struct round *trip_new(struct lookup_cache *c) MUST_CHECK;
void trip_free(struct round *r);
str share_token(const struct lookup_cache *c);
str share_lease_key(const struct lookup_cache *c, struct arena *a, str field);
void share_put(struct lookup_cache *c, struct sought *s, const struct found *f);
void share_move_up(struct lookup_cache *c, const struct round *from);
void share_release(struct lookup_cache *c, str field);
void share_tell(struct lookup_cache *c);
