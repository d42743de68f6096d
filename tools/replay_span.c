/* The span of a topic, read or copied. The copying is done by sp1_replay on the server, whose
 * cursor stands there too: a call whose answer got lost is simply made again. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/data/keys.h"
#include "common/io/loop.h"
#include "common/io/redis.h"
#include "tools/replay.h"
#include "tools/show.h"

enum {
    PAGE = 50,
    STEP = 256,           /* entries a call; the function stops at 256 KiB */
    FULL_US = 250 * 1000, /* until a full topic is asked again */
    LOST_US = 30 * 1000000,
    SAY_US = 10 * 1000000,
    REDRAW_US = 100 * 1000,
};

static void add_entry(struct replay_sum *sum, const struct reply *fields)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i + 1 < fields->n; i += 2)
        if (str_is(fields->items[i].text, "copy"))
            return; /* of a record that stands before it */

    for (uint32_t i = 0; i + 1 < fields->n; i += 2) {
        str name = fields->items[i].text, value = fields->items[i + 1].text;
        if (str_is(name, "n") && !str_to_u64(value, &n))
            n = 0;
        if (str_is(name, "data") || str_is(name, "uri"))
            sum->bytes += value.n;
    }
    sum->entries++;
    sum->records += n;
}

int replay_count(struct redis *r, const struct keys *k, const struct replay_span *s,
                 struct arena *a, struct replay_sum *sum, struct error *err)
{
    struct arena page = {0};
    str from = s->first, key = keys_topic(k, a, s->topic);
    uint32_t n = PAGE;
    int rc = 0;

    *sum = (struct replay_sum){0};
    while (rc == 0 && n == PAGE) {
        const struct reply *entries;
        const str args[] = {STR("XRANGE"), key, from, s->last, STR("COUNT"), STR("50")};
        arena_reset(&page);
        rc = redis_call(r, args, ARRAY_LEN(args), &page, &entries, err);
        n = rc == 0 && entries->type == REPLY_ARRAY ? entries->n : 0;
        for (uint32_t i = 0; i < n; i++)
            if (entries->items[i].n == 2)
                add_entry(sum, &entries->items[i].items[1]);
        if (n == 0)
            break;
        sum->cursor = arena_copy(a, entries->items[n - 1].items[0].text);
        from = arena_printf(a, "(" STR_FMT, STR_ARG(sum->cursor));
    }
    arena_free(&page);
    return rc;
}

static void on_late(void *ctx)
{
    *(bool *)ctx = true;
}

/* True: the time is over; false: `redis` (when given) is ready. */
static bool wait_us(struct loop *l, uint64_t us, const struct redis *redis)
{
    bool is_late = false;
    struct timer *t = timer_new(l, on_late, &is_late);

    timer_start(t, us);
    while (!is_late && !(redis && redis_is_ready(redis)))
        loop_once(l);
    timer_free(t);
    return is_late;
}

struct copying {
    struct redis *redis;
    const struct replay_span *span;
    str keys[5];
    struct arena page;
    struct replay_sum *sum;
    uint64_t started_us, said_us;
    char cursor[64];
    struct error *err;
};

static int call_once(struct copying *c, bool *is_more)
{
    const struct replay_span *s = c->span;
    struct arena *a = &c->page;
    const struct reply *r;
    const str args[] = {STR("FCALL"),
                        STR("sp1_replay"),
                        STR("5"),
                        c->keys[0],
                        c->keys[1],
                        c->keys[2],
                        c->keys[3],
                        c->keys[4],
                        s->first,
                        s->last,
                        s->rate.count ? STR("1") : arena_printf(a, "%d", STEP),
                        s->run,
                        arena_printf(a, "%" PRIu64, s->high)};

    if (redis_call(c->redis, args, ARRAY_LEN(args), a, &r, c->err) != 0)
        return c->err->code;
    if (r->type != REPLY_ARRAY || r->n != 4)
        return error_set(c->err, ERR_REDIS, "sp1_replay: an answer of the wrong form");
    c->sum->entries += (uint64_t)r->items[0].integer;
    c->sum->records += (uint64_t)r->items[1].integer;
    snprintf(c->cursor, sizeof(c->cursor), STR_FMT, STR_ARG(r->items[2].text));
    *is_more = r->items[3].integer != 0;
    return 0;
}

static void say(struct copying *c)
{
    bool is_bar = show_is_terminal(2);
    uint64_t now = clock_mono_us(&clock_system);

    if (now - c->said_us < (is_bar ? REDRAW_US : SAY_US))
        return;
    c->said_us = now;
    fprintf(stderr, "%s%" PRIu64 " entries, %" PRIu64 " records, to %s%s", is_bar ? "\r" : "",
            c->sum->entries, c->sum->records, c->cursor, is_bar ? "\033[K" : "\n");
}

/* So long that what was copied until now keeps to the rate. */
static void keep_rate(struct copying *c)
{
    const struct rate *rate = &c->span->rate;
    uint64_t now = clock_mono_us(&clock_system);

    if (!rate->count)
        return;
    double due = (double)c->sum->records * (double)rate->period_ms * 1000 / (double)rate->count;
    uint64_t at = c->started_us + (uint64_t)due;
    if (at > now)
        (void)wait_us(redis_loop(c->redis), at - now, NULL);
}

/* A full topic, and a lost connection, are waited for. False: `err` is the end. */
static bool can_go_on(struct copying *c)
{
    struct loop *l = redis_loop(c->redis);

    if (!redis_is_ready(c->redis))
        return !wait_us(l, LOST_US, c->redis);
    if (strstr(c->err->text, "TAKEN ") != NULL)
        error_set(c->err, ERR_USAGE,
                  "run '" STR_FMT "' is the replay of another span: choose another --run, or "
                  "repeat its own line",
                  STR_ARG(c->span->run));
    else if (strstr(c->err->text, "FULL ") != NULL)
        return wait_us(l, FULL_US, NULL);
    return false;
}

static int copy_all(struct copying *c)
{
    bool is_more = true;

    while (is_more) {
        arena_reset(&c->page);
        int rc = call_once(c, &is_more);
        if (rc == 0)
            keep_rate(c);
        else if (!can_go_on(c))
            return c->err->code;
        *c->err = (struct error){0};
        say(c);
    }
    return 0;
}

int replay_copy(struct redis *r, const struct keys *k, const struct replay_span *s,
                struct arena *a, struct replay_sum *sum, struct error *err)
{
    struct copying c = {
        .redis = r,
        .span = s,
        .keys = {keys_topic(k, a, s->topic), keys_topic(k, a, s->to), keys_lane(k, a, "books"),
                 keys_source(k, a, STR_NONE), keys_replay(k, a, s->run)},
        .sum = sum,
        .started_us = clock_mono_us(&clock_system),
        .err = err,
    };

    *sum = (struct replay_sum){0};
    c.said_us = c.started_us;
    int rc = copy_all(&c);
    sum->cursor = arena_copy(a, str_of(c.cursor));
    arena_free(&c.page);
    if (show_is_terminal(2))
        fputs("\r\033[K", stderr);
    return rc;
}
