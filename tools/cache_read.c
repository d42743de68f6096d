/* The caches that stand in Redis: found by their `about`, read without a function. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/io/redis.h"
#include "tools/cache.h"

enum { CACHES_MAX = 1000 };

static int ask(struct cache_call *c, const struct reply **reply, struct error *err,
               const str *args, uint32_t n)
{
    return redis_call(c->redis, args, n, c->call->arena, reply, err);
}

#define ASK(c, reply, err, ...)                                                                \
    ask((c), (reply), (err), (const str[]){__VA_ARGS__},                                       \
        (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)))

static str key_of(const struct cache_call *c, const struct cache_seen *s, const char *what)
{
    return keys_cache(&c->keys, c->call->arena, s->stage, s->fingerprint, what);
}

/* prefix:cache:{stage:fingerprint}:about */
static bool name_of(str key, struct cache_seen *s)
{
    str rest = key;

    (void)str_cut(&rest, '{');
    s->stage = str_cut(&rest, ':');
    s->fingerprint = str_cut(&rest, '}');
    return s->stage.n && s->fingerprint.n;
}

static uint64_t number_of(const struct reply *fields, const char *name)
{
    uint64_t n;

    for (uint32_t i = 0; i + 1 < fields->n; i += 2)
        if (str_is(fields->items[i].text, name))
            return str_to_u64(fields->items[i + 1].text, &n) ? n : 0;
    return 0;
}

static int read_generation(struct cache_call *c, const struct cache_seen *s, const char *what,
                           struct cache_generation *g, struct error *err)
{
    const struct reply *reply;
    int rc = ASK(c, &reply, err, STR("HLEN"), key_of(c, s, what));

    if (rc == 0)
        g->entries = (uint64_t)reply->integer;
    if (rc == 0 && g->entries == 0)
        g->bytes = 0; /* it vanished since */
    return rc;
}

static int read_one(struct cache_call *c, struct cache_seen *s, struct error *err)
{
    const struct {
        const char *name;
        uint64_t *to;
    } fields[] = {
        {"bytes", &s->young.bytes}, {"old_bytes", &s->old.bytes}, {"turned", &s->turned},
        {"puts", &s->puts},         {"local", &s->local},         {"shared", &s->shared},
        {"waited", &s->waited},     {"joined", &s->joined},       {"stale", &s->stale},
        {"fetched", &s->fetched},
    };
    const struct reply *about;
    int rc = ASK(c, &about, err, STR("HGETALL"), key_of(c, s, "about"));

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(fields); i++)
        *fields[i].to = number_of(about, fields[i].name);
    if (rc == 0)
        rc = read_generation(c, s, "new", &s->young, err);
    return rc ? rc : read_generation(c, s, "old", &s->old, err);
}

static int compare(const void *x, const void *y)
{
    const struct cache_seen *a = x, *b = y;
    int stages = str_compare(a->stage, b->stage);

    return stages ? stages : str_compare(a->fingerprint, b->fingerprint);
}

/* SCAN may give a key twice. */
static void add(struct cache_seen *list, uint32_t *n, const struct cache_seen *s)
{
    for (uint32_t i = 0; i < *n; i++)
        if (compare(&list[i], s) == 0)
            return;
    list[(*n)++] = *s;
}

int cache_find(struct cache_call *c, struct cache_seen **list, uint32_t *n, struct error *err)
{
    struct arena *a = c->call->arena;
    str pattern = keys_cache(&c->keys, a, c->stage.n ? c->stage : STR("*"), STR("*"), "about");
    str cursor = STR("0");
    const struct reply *found;

    *list = arena_alloc(a, CACHES_MAX * sizeof(**list));
    *n = 0;
    do {
        if (ASK(c, &found, err, STR("SCAN"), cursor, STR("MATCH"), pattern, STR("COUNT"),
                STR("1000")) != 0)
            return err->code;
        if (found->type != REPLY_ARRAY || found->n != 2)
            return error_set(err, ERR_REDIS, "SCAN: an answer of the wrong form");
        cursor = found->items[0].text;
        for (uint32_t i = 0; i < found->items[1].n && *n < CACHES_MAX; i++) {
            struct cache_seen seen = {0};
            if (name_of(found->items[1].items[i].text, &seen))
                add(*list, n, &seen);
        }
    } while (!str_is(cursor, "0"));
    qsort(*list, *n, sizeof(**list), compare);
    for (uint32_t i = 0; i < *n; i++)
        if (read_one(c, &(*list)[i], err) != 0)
            return err->code;
    return 0;
}

int cache_value(struct cache_call *c, const struct cache_seen *seen, str *value,
                struct error *err)
{
    char bytes[KEYS_FIELD_MAX];
    str field = keys_cache_field(c->options->key, bytes);
    static const char *const generations[] = {"new", "old"};

    *value = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(generations) && !value->n; i++) {
        const struct reply *reply;
        if (ASK(c, &reply, err, STR("HMGET"), key_of(c, seen, generations[i]), field) != 0)
            return err->code;
        if (reply->n == 1 && reply->items[0].type == REPLY_STRING)
            *value = reply->items[0].text;
    }
    return 0;
}
