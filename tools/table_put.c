#include "tools/table_put.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/random.h"
#include "common/io/redis.h"

enum {
    CHUNK_ROWS = 512,
    CHUNK_BYTES = 256 * 1024,
    UNDER_WAY_MAX = 8,
    LOADING_MS = 10 * 60 * 1000, /* what nobody goes on with vanishes */
};

struct put_row {
    struct put_chunk *chunk;
    str key;
    uint64_t number;
};
struct put_chunk { /* rows that are sent together */
    struct put_chunk *next;
    struct table_put *put;
    struct arena arena;
    struct put_row rows[CHUNK_ROWS];
    str values[CHUNK_ROWS];
    uint32_t n, answered;
    size_t bytes;
};

void table_put_begin(struct table_put *p, struct table_call *t)
{
    char hex[16];

    hash_hex(random_bits(NULL), hex);
    *p = (struct table_put){.call = t};
    p->loading = arena_printf(t->call->arena, STR_FMT ":loading:%.*s", STR_ARG(t->table),
                              (int)sizeof(hex), hex);
}

static struct put_chunk *chunk_new(struct table_put *p)
{
    struct put_chunk *c = p->spare;

    if (c)
        p->spare = c->next;
    else
        c = xalloc(sizeof(*c));
    arena_reset(&c->arena);
    c->put = p;
    c->n = c->answered = 0;
    c->bytes = 0;
    return c;
}

static void take_double(struct table_put *p, const struct put_row *row)
{
    if (p->doubles < TABLE_EXAMPLES)
        p->examples[p->doubles] = (struct table_double){
            .key = arena_copy(p->call->call->arena, row->key), .row = row->number};
    p->doubles++;
}

static void answered(struct put_chunk *c)
{
    if (++c->answered <= c->n) /* one more: the lifetime */
        return;
    c->next = c->put->spare;
    c->put->spare = c;
    c->put->under_way--;
}

static void on_reply(struct table_put *p, const struct reply *reply)
{
    if (p->err.code)
        return;
    if (!reply)
        error_set(&p->err, ERR_REDIS,
                  "the connection to redis was lost: nothing was changed, load it again");
    else if (reply->type == REPLY_ERROR)
        error_set(&p->err, ERR_REDIS, "redis takes no row, nothing was changed: " STR_FMT,
                  STR_ARG(reply->text));
}

static void on_row(void *ctx, const struct reply *reply)
{
    struct put_row *row = ctx;
    struct table_put *p = row->chunk->put;

    on_reply(p, reply);
    p->answered++;
    if (!p->err.code && reply->integer == 0)
        take_double(p, row);
    answered(row->chunk);
}

static void on_lifetime(void *ctx, const struct reply *reply)
{
    struct put_chunk *c = ctx;

    on_reply(c->put, reply);
    answered(c);
}

static void send_chunk(struct table_put *p)
{
    struct put_chunk *c = p->open;
    struct redis *r = p->call->redis;

    p->open = NULL;
    p->under_way++;
    for (uint32_t i = 0; i < c->n; i++)
        redis_say(r, NULL, on_row, &c->rows[i], STR("HSET"), p->loading, c->rows[i].key,
                  c->values[i]);
    redis_say(r, NULL, on_lifetime, c, STR("PEXPIRE"), p->loading,
              arena_printf(&c->arena, "%d", LOADING_MS));
}

/* Until no more than `most` chunks are under way. */
static int wait_for(struct table_put *p, uint32_t most, struct error *err)
{
    while (p->under_way > most)
        loop_once(p->call->loop);
    *err = p->err.code ? p->err : *err;
    return p->err.code;
}

int table_put_row(struct table_put *p, str key, str value, uint64_t row, struct error *err)
{
    struct put_chunk *c = p->open;

    if (!c)
        c = p->open = chunk_new(p);
    c->rows[c->n] =
        (struct put_row){.chunk = c, .key = arena_copy(&c->arena, key), .number = row};
    c->values[c->n] = arena_copy(&c->arena, value);
    c->bytes += key.n + value.n;
    c->n++;
    if (c->n < CHUNK_ROWS && c->bytes < CHUNK_BYTES)
        return 0;
    send_chunk(p);
    return wait_for(p, UNDER_WAY_MAX, err);
}

static int call(struct table_put *p, const struct reply **reply, struct error *err,
                const str *args, uint32_t n)
{
    return redis_call(p->call->redis, args, n, p->call->call->arena, reply, err);
}
#define CALL(p, reply, err, ...)                                                               \
    call((p), (reply), (err), (const str[]){__VA_ARGS__},                                      \
         (uint32_t)ARRAY_LEN(((const str[]){__VA_ARGS__})))

/* Watched, so that a loaded table which vanished meanwhile does not take the old one along. */
static int swap(struct table_put *p, str about, struct error *err)
{
    const struct table_call *t = p->call;
    const struct reply *r;
    str index = keys_lane(&t->keys, t->call->arena, "tables");

    if (CALL(p, &r, err, STR("WATCH"), p->loading) ||
        CALL(p, &r, err, STR("EXISTS"), p->loading))
        return err->code;
    if (r->integer != 1)
        return error_set(err, ERR_REDIS, "what was loaded is gone: nothing was changed");
    if (CALL(p, &r, err, STR("MULTI")) || CALL(p, &r, err, STR("UNLINK"), t->table, t->at) ||
        CALL(p, &r, err, STR("RENAME"), p->loading, t->table) ||
        CALL(p, &r, err, STR("PERSIST"), t->table) ||
        CALL(p, &r, err, STR("HSET"), index, t->name, about) || CALL(p, &r, err, STR("EXEC")))
        return err->code;
    if (r->type != REPLY_ARRAY)
        return error_set(err, ERR_REDIS, "what was loaded is gone: nothing was changed");
    for (uint32_t i = 0; i < r->n; i++)
        if (r->items[i].type == REPLY_ERROR)
            return error_set(err, ERR_REDIS, STR_FMT, STR_ARG(r->items[i].text));
    return 0;
}

int table_put_end(struct table_put *p, str about, uint64_t *rows, struct error *err)
{
    if (p->open && p->open->n)
        send_chunk(p);
    if (wait_for(p, 0, err))
        return err->code;
    *rows = p->answered - p->doubles;
    return swap(p, about, err);
}

static void free_chunk(struct put_chunk *c)
{
    if (c)
        arena_free(&c->arena);
    free(c);
}

void table_put_free(struct table_put *p)
{
    struct error ignored = {0};
    const struct reply *r;

    if (p->under_way)
        (void)wait_for(p, 0, &ignored);
    if (redis_is_ready(p->call->redis))
        (void)!CALL(p, &r, &ignored, STR("UNLINK"), p->loading);
    free_chunk(p->open);
    for (struct put_chunk *c = p->spare, *next; c; c = next) {
        next = c->next;
        free_chunk(c);
    }
}
