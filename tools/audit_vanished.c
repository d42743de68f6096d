/* Entries that left a stream by a hand that is not ours: what it took in, less what stands
 * there, less what the functions took out. The dispatcher says when counting began
 * (lua/vanished.lua); here nothing is written. */
#include <inttypes.h>

#include "common/io/redis.h"
#include "tools/audit.h"

enum { COUNTERS = 3 };

static const char *const counters[COUNTERS] = {"removed", "added", "base"};

static int64_t number_in(const struct reply *info, const char *name)
{
    for (uint32_t i = 0; info->type == REPLY_ARRAY && i + 1 < info->n; i += 2)
        if (str_is(info->items[i].text, name))
            return info->items[i + 1].integer;
    return 0; /* there is no such stream */
}

static bool is_number(const struct reply *r, int64_t *v)
{
    *v = 0;
    return r->type == REPLY_STRING && str_to_i64(r->text, v);
}

static void count(struct audit_topic *t, const struct reply *info, const struct reply *books)
{
    int64_t removed, before, base, added = number_in(info, "entries-added");

    (void)is_number(&books->items[0], &removed);
    bool was_seen = is_number(&books->items[1], &before);
    t->is_counted = is_number(&books->items[2], &base);
    if (was_seen && added < before)
        base -= before; /* deleted and made anew, and the dispatcher has not seen it yet */
    t->vanished = added - number_in(info, "length") - removed - base;
}

static int look(struct audit *a, struct audit_topic *t)
{
    str books = keys_lane(a->keys, a->arena, "books"), fields[COUNTERS];
    const str exec = STR("EXEC");
    const struct reply *reply;

    arena_reset(&a->page);
    for (size_t i = 0; i < COUNTERS; i++)
        fields[i] = arena_printf(&a->page, STR_FMT ":%s", STR_ARG(t->name), counters[i]);
    redis_say(a->redis, &a->page, NULL, NULL, STR("MULTI"));
    redis_say(a->redis, &a->page, NULL, NULL, STR("XINFO"), STR("STREAM"), t->key);
    redis_say(a->redis, &a->page, NULL, NULL, STR("HMGET"), books, fields[0], fields[1],
              fields[2]);
    if (redis_call(a->redis, &exec, 1, &a->page, &reply, a->err) != 0)
        return a->err->code;
    if (reply->type != REPLY_ARRAY || reply->n != 2 || reply->items[1].n != COUNTERS)
        return error_set(a->err, ERR_REDIS, "EXEC: an answer of the wrong form");
    count(t, &reply->items[0], &reply->items[1]);
    return 0;
}

static void compare(struct audit *a, const struct audit_topic *t)
{
    str books = keys_lane(a->keys, a->arena, "books");

    if (!t->is_counted || t->vanished == 0)
        return;
    if (t->vanished > 0)
        audit_differ(a, "vanished", t->name, 0,
                     "%" PRId64 " entries were trimmed, deleted or evicted by another hand; "
                     "when that is settled, redis-cli HDEL '" STR_FMT "' " STR_FMT
                     ":base begins to count anew",
                     t->vanished, STR_ARG(books), STR_ARG(t->name));
    else
        audit_differ(a, "vanished", t->name, 0,
                     "%" PRId64 " entries less came in than were taken out: " STR_FMT
                     ":removed of the books was moved, or an older build was at work; "
                     "redis-cli HDEL '" STR_FMT "' " STR_FMT ":base begins to count anew",
                     -t->vanished, STR_ARG(t->name), STR_ARG(books), STR_ARG(t->name));
}

int audit_vanished(struct audit *a)
{
    for (uint32_t i = 0; i <= a->topic_count; i++) {
        struct audit_topic *t = i < a->topic_count ? &a->topics[i] : &a->inbox;
        if (look(a, t) != 0)
            return a->err->code;
        compare(a, t);
    }
    return 0;
}
