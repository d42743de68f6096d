#include "tools/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/redis.h"

enum {
    WORKERS_MAX = 4096,
    BEHIND_FILL = 60, /* per cent: where people expect yellow */
    BEHIND_MS = 30 * 1000,
};

struct reader { /* what every function here needs */
    struct redis *redis;
    const struct keys *keys;
    struct arena *arena;
    struct error *err;
};

#define ask(r, reply, ...)                                                                     \
    redis_call((r)->redis, (const str[]){__VA_ARGS__},                                         \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), (r)->arena,       \
               (reply), (r)->err)

static uint64_t number_of(const struct reply *reply)
{
    uint64_t n = 0;

    if (reply->type == REPLY_INTEGER)
        return reply->integer > 0 ? (uint64_t)reply->integer : 0;
    return reply->type == REPLY_STRING && str_to_u64(reply->text, &n) ? n : 0;
}

int snapshot_pipeline(struct redis *r, const struct keys *k, const struct stage *const *kinds,
                      struct arena *a, struct pipeline **pipeline, struct error *err)
{
    struct reader reader = {.redis = r, .keys = k, .arena = a, .err = err};
    str key = keys_global(k, a, "pipeline");
    const struct reply *text;

    if (ask(&reader, &text, STR("GET"), key) != 0)
        return err->code;
    if (text->type != REPLY_STRING)
        return error_set(err, ERR_CONFIG, "no pipeline is applied ('%s' is empty)", key.p);
    *pipeline = pipeline_from_json(text->text, kinds, err);
    return *pipeline ? 0 : err->code;
}

static int read_books(struct reader *r, const struct pipeline *p, struct snapshot *s)
{
    static const char *const fields[] = {"records", "bytes", "in", "out", "dead", "filtered"};
    uint32_t n = 2, last = 2 + (uint32_t)(p->stage_count * ARRAY_LEN(fields)) + 2;
    str *args = arena_alloc(r->arena, last * sizeof(*args));
    const struct reply *books;

    args[0] = STR("HMGET");
    args[1] = keys_lane(r->keys, r->arena, "books");
    for (uint32_t i = 0; i < p->stage_count; i++)
        for (size_t f = 0; f < ARRAY_LEN(fields); f++)
            args[n++] =
                arena_printf(r->arena, STR_FMT ":%s", STR_ARG(p->stages[i].name), fields[f]);
    args[n++] = STR("dead:records");
    args[n++] = STR("dead:bytes");
    if (redis_call(r->redis, args, n, r->arena, &books, r->err) != 0)
        return r->err->code;
    if (books->type != REPLY_ARRAY || books->n != n - 2)
        return error_set(r->err, ERR_REDIS, "HMGET '%s': an answer of the wrong form",
                         args[1].p);
    const struct reply *item = books->items;
    for (uint32_t i = 0; i < p->stage_count; i++) {
        struct snapshot_stage *stage = &s->stages[i];
        uint64_t *const to[] = {&stage->records, &stage->bytes, &stage->in,
                                &stage->out,     &stage->dead,  &stage->filtered};
        for (size_t f = 0; f < ARRAY_LEN(fields); f++)
            *to[f] = number_of(item++);
    }
    s->dead_records = number_of(item++);
    s->dead_bytes = number_of(item);
    return 0;
}

static int read_time(struct reader *r, struct snapshot *s)
{
    const struct reply *now;

    if (ask(r, &now, STR("TIME")) != 0)
        return r->err->code;
    if (now->type != REPLY_ARRAY || now->n != 2)
        return error_set(r->err, ERR_REDIS, "TIME: an answer of the wrong form");
    s->at_ms = number_of(&now->items[0]) * 1000 + number_of(&now->items[1]) / 1000;
    return 0;
}

static int read_head(struct reader *r, str topic, str *id)
{
    const struct reply *head;

    if (ask(r, &head, STR("XRANGE"), topic, STR("-"), STR("+"), STR("COUNT"), STR("1")) != 0)
        return r->err->code;
    if (head->type == REPLY_ARRAY && head->n && head->items[0].type == REPLY_ARRAY &&
        head->items[0].n)
        *id = head->items[0].items[0].text;
    return 0;
}

/* What is done stays at the head of a kept topic. */
static int read_oldest(struct reader *r, str topic, str *id)
{
    const struct reply *oldest;

    if (ask(r, &oldest, STR("FCALL_RO"), STR("sp1_oldest"), STR("1"), topic, STR("sp")) != 0)
        return r->err->code;
    *id = oldest->text;
    return 0;
}

static int read_age(struct reader *r, uint64_t now_ms, struct snapshot_stage *stage,
                    bool is_kept)
{
    str topic = keys_topic(r->keys, r->arena, stage->name), id = STR_NONE;
    uint64_t id_ms;

    if ((is_kept ? read_oldest : read_head)(r, topic, &id) != 0)
        return r->err->code;
    if (str_to_u64(str_cut(&id, '-'), &id_ms) && now_ms > id_ms)
        stage->oldest_ms = now_ms - id_ms;
    return 0;
}

static int read_worker(struct reader *r, str key, struct snapshot *s)
{
    const struct reply *kind;

    if (ask(r, &kind, STR("HGET"), key, STR("kind")) != 0)
        return r->err->code;
    if (kind->type != REPLY_STRING)
        return 0; /* its time ran out meanwhile */
    s->workers++;
    s->has_dispatcher |= str_is(kind->text, "dispatch");
    for (uint32_t i = 0; i < s->stage_count; i++)
        s->stages[i].workers += str_equal(s->stages[i].kind, kind->text);
    return 0;
}

static int compare_keys(const void *a, const void *b)
{
    return str_compare(*(const str *)a, *(const str *)b);
}

static int read_workers(struct reader *r, struct snapshot *s)
{
    str pattern = keys_worker(r->keys, r->arena, STR("*")), cursor = STR("0");
    str *found = arena_alloc(r->arena, WORKERS_MAX * sizeof(*found));
    uint32_t n = 0;
    int rc = 0;

    do {
        const struct reply *page;
        if (ask(r, &page, STR("SCAN"), cursor, STR("MATCH"), pattern, STR("COUNT"),
                STR("1000")) != 0)
            return r->err->code;
        if (page->type != REPLY_ARRAY || page->n != 2 || page->items[1].type != REPLY_ARRAY)
            return error_set(r->err, ERR_REDIS, "SCAN: an answer of the wrong form");
        cursor = page->items[0].text;
        for (uint32_t i = 0; i < page->items[1].n && n < WORKERS_MAX; i++)
            found[n++] = page->items[1].items[i].text;
    } while (!str_is(cursor, "0"));
    qsort(found, n, sizeof(*found), compare_keys); /* SCAN may give a key twice */
    for (uint32_t i = 0; i < n && rc == 0; i++)
        if (i == 0 || !str_equal(found[i], found[i - 1]))
            rc = read_worker(r, found[i], s);
    return rc;
}

static void find_holders(const struct pipeline *p, struct snapshot *s)
{
    for (uint32_t row = 0; row < p->routes.n; row++) {
        const struct route *route = &p->routes.rows[row];
        uint32_t from;
        if (!pipeline_find(p, route->from, &from))
            continue;
        for (uint32_t i = 0; i < route->to_count; i++) {
            const struct snapshot_stage *output = &s->stages[route->to[i]];
            if (output->high_bytes && output->bytes >= output->high_bytes)
                s->stages[from].held_by = output->name;
        }
    }
}

int snapshot_take(struct redis *redis, const struct keys *k, const struct pipeline *p,
                  struct arena *a, struct snapshot *s, struct error *err)
{
    struct reader r = {.redis = redis, .keys = k, .arena = a, .err = err};
    const struct reply *inbox;

    *s = (struct snapshot){.version = p->version, .stage_count = p->stage_count};
    s->stages = arena_zalloc(a, p->stage_count * sizeof(*s->stages));
    for (uint32_t i = 0; i < p->stage_count; i++)
        s->stages[i] = (struct snapshot_stage){.name = arena_copy(a, p->stages[i].name),
                                               .kind = str_of(p->stages[i].kind->name),
                                               .high_bytes = p->stages[i].high_bytes};
    int rc = read_time(&r, s);
    if (rc == 0)
        rc = read_books(&r, p, s);
    for (uint32_t i = 0; i < p->stage_count && rc == 0; i++)
        rc = read_age(&r, s->at_ms, &s->stages[i], pipeline_keeps(&p->stages[i]));
    if (rc == 0)
        rc = read_workers(&r, s);
    if (rc == 0)
        rc = ask(&r, &inbox, STR("XLEN"), keys_global(k, a, "inbox"));
    if (rc != 0)
        return rc;
    s->inbox = number_of(inbox);
    find_holders(p, s);
    return 0;
}

uint32_t snapshot_fill(const struct snapshot_stage *s)
{
    return s->high_bytes ? (uint32_t)((double)s->bytes * 100 / (double)s->high_bytes) : 0;
}

enum snapshot_state snapshot_state(const struct snapshot_stage *s)
{
    if (s->workers == 0)
        return STAGE_ALONE;
    if (s->held_by.n)
        return STAGE_HELD;
    /* A job is as old as its file is long: age says nothing about a splitter. */
    bool is_old = s->oldest_ms > BEHIND_MS && !str_is(s->kind, "split");
    return is_old || snapshot_fill(s) >= BEHIND_FILL ? STAGE_BEHIND : STAGE_OK;
}
