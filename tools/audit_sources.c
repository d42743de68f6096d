/* Sources and counts: hashes, found with SCAN. A source's books are one hash, so they agree
 * with themselves at any moment. */
#include <inttypes.h>

#include "common/io/redis.h"
#include "tools/audit.h"

enum { SOURCE_BOOKS = 5 };

static const char *const source_names[SOURCE_BOOKS] = {"rows", "delivered", "dead", "filtered",
                                                       "open"};

#define ask(a, reply, ...)                                                                     \
    redis_call((a)->redis, (const str[]){__VA_ARGS__},                                         \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), &(a)->page,       \
               (reply), (a)->err)

/* What SCAN or HSCAN found from `cursor` on, which moves; NULL: it failed. SCAN may give a key
 * twice. */
static const struct reply *scan(struct audit *a, const char *command, str key, str pattern,
                                str *cursor)
{
    const struct reply *reply;
    str words[7] = {str_of(command)};
    uint32_t n = 1;

    if (key.n)
        words[n++] = key;
    words[n++] = *cursor;
    if (pattern.n) {
        words[n++] = STR("MATCH");
        words[n++] = pattern;
    }
    words[n++] = STR("COUNT");
    words[n++] = STR("256");
    if (redis_call(a->redis, words, n, &a->page, &reply, a->err) != 0)
        return NULL;
    if (reply->type != REPLY_ARRAY || reply->n != 2 || reply->items[1].type != REPLY_ARRAY) {
        error_set(a->err, ERR_REDIS, "%s: an answer of the wrong form", command);
        return NULL;
    }
    *cursor = arena_copy(a->arena, reply->items[0].text);
    return &reply->items[1];
}

typedef int each_key(struct audit *a, str key);

static int for_each(struct audit *a, str pattern, each_key *look)
{
    str cursor = STR("0");

    do {
        arena_reset(&a->page);
        const struct reply *keys = scan(a, "SCAN", STR_NONE, pattern, &cursor);
        if (!keys)
            return a->err->code;
        for (uint32_t i = 0; i < keys->n; i++)
            if (look(a, keys->items[i].text) != 0)
                return a->err->code;
    } while (!str_is(cursor, "0"));
    return 0;
}

/* False as well when it is gone meanwhile, or when asking failed. */
static bool is_hash(struct audit *a, str key)
{
    const struct reply *type;

    if (ask(a, &type, STR("TYPE"), key) != 0 || str_is(type->text, "none"))
        return false;
    if (!str_is(type->text, "hash"))
        audit_differ(a, "type", arena_copy(a->arena, key), 0, "it is no hash, but a " STR_FMT,
                     STR_ARG(type->text));
    return str_is(type->text, "hash");
}

/* A record that a route hands to two stages has two ends. */
static bool has_forks(const struct pipeline *p)
{
    for (uint32_t i = 0; i < p->routes.n; i++)
        if (p->routes.rows[i].act == ROUTE_TO && p->routes.rows[i].to_count > 1)
            return true;
    return false;
}

static bool is_empty(const struct audit_topic *t)
{
    return t->is_letters || (!t->is_moving && t->records == 0 && t->entries == 0);
}

/* Nothing waits in any topic, nor has anything come in since they were read: then no copy of a
 * record is on its way. */
static bool is_at_rest(struct audit *a)
{
    uint32_t n = a->topic_count;
    str *args = arena_alloc(&a->page, (2 + n) * sizeof(*args));
    const struct reply *came;
    int64_t in;

    args[0] = STR("HMGET");
    args[1] = keys_lane(a->keys, &a->page, "books");
    for (uint32_t i = 0; i < n; i++) {
        if (!is_empty(&a->topics[i]))
            return false;
        args[2 + i] = arena_printf(&a->page, STR_FMT ":in", STR_ARG(a->topics[i].name));
    }
    if (redis_call(a->redis, args, 2 + n, &a->page, &came, a->err) != 0)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (came->items[i].type != REPLY_STRING || !str_to_i64(came->items[i].text, &in))
            in = 0;
        if (in != a->topics[i].in)
            return false;
    }
    return true;
}

static void compare_source(struct audit *a, str key, const int64_t *v)
{
    int64_t rows = v[0], ends = v[1] + v[2] + v[3] + v[4];
    bool has_excess = ends > rows && !has_forks(a->pipeline);

    for (size_t i = 0; i < SOURCE_BOOKS; i++)
        if (v[i] < 0)
            audit_differ(a, "negative", key, 0, "%s is %" PRId64, source_names[i], v[i]);
    if (ends < rows || has_excess)
        audit_differ(a, "source", key, (uint64_t)(ends < rows ? rows - ends : ends - rows),
                     "rows are %" PRId64 ", but delivered + dead + filtered + open are %" PRId64
                     ": the books were moved%s",
                     rows, ends,
                     has_excess ? ", or its records were forked by a pipeline of that time, "
                                  "which is not written anywhere"
                                : "");
    if (v[4] > 0 && is_at_rest(a))
        audit_differ(a, "open", key, (uint64_t)v[4],
                     "%" PRId64 " copies of its records are on their way, but nothing waits: "
                     "they are lost, or the books were moved",
                     v[4]);
}

static int look_at_source(struct audit *a, str key)
{
    const struct reply *books;
    int64_t v[SOURCE_BOOKS] = {0};

    if (!is_hash(a, key))
        return a->err->code;
    if (ask(a, &books, STR("HMGET"), key, str_of(source_names[0]), str_of(source_names[1]),
            str_of(source_names[2]), str_of(source_names[3]), str_of(source_names[4])) != 0)
        return a->err->code;
    a->sources++;
    for (uint32_t i = 0; i < books->n && i < SOURCE_BOOKS; i++)
        if (books->items[i].type == REPLY_STRING && !str_to_i64(books->items[i].text, &v[i]))
            audit_differ(a, "number", arena_copy(a->arena, key), 0, "%s is no whole number",
                         source_names[i]);
    compare_source(a, arena_copy(a->arena, key), v);
    return a->err->code;
}

static int look_at_count(struct audit *a, str key)
{
    struct arena_mark mark = arena_mark(&a->page);
    str cursor = STR("0");
    int64_t v;

    if (!is_hash(a, key))
        return a->err->code;
    a->counts++;
    do {
        arena_rewind(&a->page, mark);
        const struct reply *pairs = scan(a, "HSCAN", key, STR_NONE, &cursor);
        if (!pairs)
            return a->err->code;
        for (uint32_t i = 1; i < pairs->n; i += 2)
            if (!str_to_i64(pairs->items[i].text, &v))
                audit_differ(a, "number", arena_copy(a->arena, key), 0,
                             "a count is no whole number");
    } while (!str_is(cursor, "0"));
    return 0;
}

int audit_sources(struct audit *a)
{
    return for_each(a, keys_source(a->keys, a->arena, STR("*")), look_at_source);
}

int audit_counts(struct audit *a)
{
    return for_each(a, keys_count(a->keys, a->arena, STR("*"), STR("*")), look_at_count);
}
