/* `standpipe cache drop`: what would go, the question, and then it goes. Workers forget it
 * within a second or two, and what is being fetched is not kept. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/redis.h"
#include "tools/cache.h"
#include "tools/show.h"

static int count(struct cache_call *c, struct cache_seen *list, uint32_t n, uint64_t *entries,
                 struct error *err)
{
    *entries = 0;
    for (uint32_t i = 0; i < n; i++) {
        str value = STR_NONE;
        if (c->options->key.n && cache_value(c, &list[i], &value, err) != 0)
            return err->code;
        *entries +=
            c->options->key.n ? value.n > 0 : list[i].young.entries + list[i].old.entries;
    }
    return 0;
}

/* 0: go on. */
static int ask(const struct cache_call *c, uint64_t entries, struct error *err)
{
    char answer[8];

    if (c->options->yes)
        return 0;
    if (!isatty(0))
        return error_set(err, ERR_USAGE, "to drop %s entries say --yes",
                         show_digits(entries).text);
    fprintf(stderr, "drop %s entries of " STR_FMT "? [y/N] ", show_digits(entries).text,
            STR_ARG(c->stage));
    bool is_yes = fgets(answer, sizeof(answer), stdin) && (answer[0] | 0x20) == 'y';
    return is_yes ? 0 : error_set(err, ERR_DATA, "nothing was changed");
}

static int drop_one(struct cache_call *c, const struct cache_seen *s, uint64_t *gone,
                    struct error *err)
{
    struct arena *a = c->call->arena;
    char bytes[KEYS_FIELD_MAX];
    str field = c->options->key.n ? keys_cache_field(c->options->key, bytes) : STR_NONE;
    str args[9] = {STR("FCALL"), STR("sp1_cache_drop"), field.n ? STR("4") : STR("3")};
    uint32_t n = 3;
    const struct reply *reply;

    args[n++] = keys_cache(&c->keys, a, s->stage, s->fingerprint, "new");
    args[n++] = keys_cache(&c->keys, a, s->stage, s->fingerprint, "old");
    args[n++] = keys_cache(&c->keys, a, s->stage, s->fingerprint, "about");
    if (field.n) {
        str lease = keys_cache(&c->keys, a, s->stage, s->fingerprint, "lease:");
        args[n++] = arena_printf(a, STR_FMT STR_FMT, STR_ARG(lease), STR_ARG(field));
        args[n++] = field;
    }
    int rc = redis_call(c->redis, args, n, a, &reply, err);
    *gone += rc == 0 ? (uint64_t)reply->integer : 0;
    return rc;
}

static int conclude(const struct cache_call *c, const char *json, const char *text, uint64_t n,
                    struct error *err)
{
    int out = c->options->json ? printf("{\"v\":1,\"%s\":%" PRIu64 "}\n", json, n)
                               : printf("%s %" PRIu64 "\n", text, n);

    return out > 0 && fflush(stdout) == 0 ? 0 : error_set(err, ERR_SYSTEM, "stdout is closed");
}

int cache_drop(struct cache_call *c, struct error *err)
{
    struct cache_seen *list;
    uint64_t entries, gone = 0;
    uint32_t n;

    if (cache_find(c, &list, &n, err) != 0 || count(c, list, n, &entries, err) != 0)
        return err->code;
    if (c->options->dry_run)
        return conclude(c, "would_drop", "would drop", entries, err);
    if (n == 0)
        return error_set(err, ERR_DATA, "'" STR_FMT "' has no cache", STR_ARG(c->stage));
    if (ask(c, entries, err) != 0)
        return err->code;
    for (uint32_t i = 0; i < n; i++)
        if (drop_one(c, &list[i], &gone, err) != 0)
            return err->code;
    return conclude(c, "dropped", "dropped", gone, err);
}
