/* Joins with a table in Redis: the rows of a batch's keys in one command, kept here for some
 * seconds as the members that records get. */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/data/json.h"
#include "common/data/keys.h"
#include "common/data/lru.h"
#include "common/io/redis.h"
#include "workers/enrich.h"

enum { KEYS_MAX = 1000 }; /* of one command */

struct table {
    struct lru *rows; /* empty: there is none */
    str key;          /* in Redis */
    struct want *wanted, **last;
    uint32_t count;
    struct table_ask *asks;
    bool was_absent; /* and that was said */
};
struct table_ask { /* two commands on their way: the rows, and whether the table is there */
    struct table_ask *next, **link;
    struct arena arena;
    struct enrich *owner; /* NULL: the stage was closed */
    struct want *wants;
    uint32_t count;
};

void enrich_table_open(struct enrich *s)
{
    const struct services *services = s->worker->services;
    struct table *t = xalloc(sizeof(*t));

    t->rows = lru_new(s->plan.table_local, services->random(services->random_ctx));
    t->key = keys_named(services->keys, s->worker->arena, "table", s->plan.table_name, "");
    t->last = &t->wanted;
    s->table = t;
}

void enrich_table_close(struct enrich *s)
{
    if (!s->table)
        return;
    for (struct table_ask *ask = s->table->asks; ask; ask = ask->next) {
        ask->owner = NULL;
        ask->wants = NULL;
    }
    lru_free(s->table->rows);
    free(s->table);
}

static uint64_t now_ms(const struct enrich *s)
{
    return clock_mono_us(s->worker->services->clock) / 1000;
}

enum cached enrich_table_look(struct enrich *s, str key, str *members)
{
    struct lru_value value;

    if (!lru_get(s->table->rows, key, &value) || value.time < now_ms(s))
        return CACHED_NOT;
    *members = value.text;
    return value.text.n ? CACHED_FOUND : CACHED_MISSING;
}

void enrich_table_want(struct want *w)
{
    struct table *t = w->owner->table;

    w->behind = NULL;
    *t->last = w;
    t->last = &w->behind;
    t->count++;
}

/* A table that nobody has loaded is no error, a stream may fill it; but it is worth a word. */
static void on_type(void *ctx, const struct reply *reply)
{
    struct table_ask *ask = ctx;
    struct enrich *s = ask->owner;
    bool is_absent = reply && reply->type == REPLY_STATUS && str_is(reply->text, "none");

    if (s && is_absent && !s->table->was_absent)
        log_warn("the table is empty or was not loaded: no key is found",
                 LOG_STR("stage", s->worker->name), LOG_STR("table", s->plan.table_name));
    if (s) {
        s->table->was_absent = is_absent;
        *ask->link = ask->next;
        if (ask->next)
            ask->next->link = ask->link;
    }
    arena_free(&ask->arena);
    free(ask);
}

static void take_row(struct want *w, const struct reply *row)
{
    struct enrich *s = w->owner;
    struct lookup_answer a = {.result = LOOKUP_MISSING};

    arena_reset(&s->scratch);
    if (row->type == REPLY_STRING && json_check(row->text, NULL, NULL))
        a = (struct lookup_answer){.result = LOOKUP_FAILED,
                                   .reason = STR("not_json"),
                                   .detail = STR("the row of the table is no JSON")};
    else if (row->type == REPLY_STRING &&
             enrich_map_read(&s->plan.map, row->text, &s->scratch, &a.body))
        a.result = LOOKUP_FOUND;
    if (a.result != LOOKUP_FAILED)
        lru_put(s->table->rows, w->wanted.key, a.body, now_ms(s) + s->plan.table_fresh_ms);
    if (w->held)
        enrich_answered(s, w->held->batch, w->record, &a);
}

static void on_rows(void *ctx, const struct reply *reply)
{
    struct table_ask *ask = ctx;
    struct enrich *s = ask->owner;
    const struct lookup_answer failed = {.result = LOOKUP_FAILED,
                                         .reason = STR("no_answer"),
                                         .detail = reply && reply->type == REPLY_ERROR
                                                       ? reply->text
                                                       : STR("Redis did not answer"),
                                         .may_retry = true};
    bool is_good = reply && reply->type == REPLY_ARRAY && reply->n == ask->count;
    struct want *w = ask->wants;

    ask->wants = NULL;
    for (uint32_t i = 0; w; i++) {
        struct want *next = w->behind;
        if (is_good)
            take_row(w, &reply->items[i]);
        else if (w->held)
            enrich_answered(s, w->held->batch, w->record, &failed);
        enrich_want_end(w);
        w = next;
    }
}

static void ask_some(struct enrich *s)
{
    struct table *t = s->table;
    struct redis *redis = s->worker->services->redis;
    struct table_ask *ask = xalloc(sizeof(*ask));
    uint32_t n = MIN(t->count, (uint32_t)KEYS_MAX);

    *ask = (struct table_ask){
        .next = t->asks, .link = &t->asks, .owner = s, .wants = t->wanted, .count = n};
    if (t->asks)
        t->asks->link = &ask->next;
    t->asks = ask;
    str *args = arena_alloc(&ask->arena, (n + 2) * sizeof(*args));
    args[0] = STR("HMGET");
    args[1] = t->key;
    struct want *w = t->wanted, *last = w;
    for (uint32_t i = 0; i < n; i++, w = w->behind) {
        args[2 + i] = w->wanted.key;
        last = w;
    }
    t->wanted = w;
    if (!w)
        t->last = &t->wanted;
    t->count -= n;
    last->behind = NULL;
    redis_send(redis, args, n + 2, &ask->arena, on_rows, ask);
    redis_say(redis, &ask->arena, on_type, ask, STR("TYPE"), t->key);
}

void enrich_table_ask(struct enrich *s)
{
    while (s->table->count > 0)
        ask_some(s);
}
