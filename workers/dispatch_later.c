#include "workers/dispatch_later.h"

#include <stdlib.h>

enum {
    EVERY_US = 1000 * 1000,
    AGAIN_US = 250 * 1000, /* something is due, and its workers were told */
    LEAST_US = 10 * 1000,
};

struct later {
    struct process *process;
    struct timer *timer;
    struct arena arena;
    uint64_t now_ms; /* by the clock of Redis */
    bool is_waiting;
};

/* TIME: [seconds, microseconds] */
static void on_time(void *ctx, const struct reply *reply)
{
    struct later *l = ctx;
    uint64_t s, us;

    l->now_ms = 0;
    if (reply && reply->type == REPLY_ARRAY && reply->n == 2 &&
        str_to_u64(reply->items[0].text, &s) && str_to_u64(reply->items[1].text, &us))
        l->now_ms = s * 1000 + us / 1000;
}

static bool is_told(const struct reply *list, uint32_t n, str stage)
{
    for (uint32_t i = 0; i < n; i += 2) {
        str member = list->items[i].text;
        if (str_equal(str_cut(&member, ' '), stage))
            return true;
    }
    return false;
}

static void tell(struct later *l, str stage)
{
    const struct process *p = l->process;

    redis_say(p->redis, NULL, NULL, NULL, STR("PUBLISH"),
              arena_printf(&l->arena, STR_FMT ":wake:" STR_FMT, STR_ARG(p->keys.prefix),
                           STR_ARG(stage)),
              STR("due"));
}

/* "<stage> <id>", score, ... from the earliest on; how long to sleep. */
static uint64_t tell_due(struct later *l, const struct reply *list)
{
    uint64_t pause = EVERY_US, due;

    for (uint32_t i = 0; i + 1 < list->n; i += 2) {
        str member = list->items[i].text, score = list->items[i + 1].text;
        if (!str_to_u64(score, &due))
            continue;
        if (due > l->now_ms)
            return MIN(pause, MAX((due - l->now_ms) * 1000, (uint64_t)LEAST_US));
        pause = AGAIN_US;
        str stage = str_cut(&member, ' ');
        if (!is_told(list, i, stage))
            tell(l, stage);
    }
    return pause;
}

static void on_first(void *ctx, const struct reply *reply)
{
    struct later *l = ctx;
    uint64_t pause = EVERY_US;

    l->is_waiting = false;
    if (reply && reply->type == REPLY_ARRAY && l->now_ms)
        pause = tell_due(l, reply);
    timer_start(l->timer, pause);
    process_settled(l->process);
}

static void on_timer(void *ctx)
{
    struct later *l = ctx;
    const struct process *p = l->process;

    arena_reset(&l->arena);
    l->is_waiting = true;
    redis_say(p->redis, &l->arena, on_time, l, STR("TIME"));
    redis_say(p->redis, &l->arena, on_first, l, STR("ZRANGE"),
              keys_lane(&p->keys, &l->arena, "later"), STR("0"), STR("63"), STR("WITHSCORES"));
}

struct later *later_open(struct process *p)
{
    struct later *l = xalloc(sizeof(*l));

    l->process = p;
    l->timer = timer_new(p->loop, on_timer, l);
    timer_start(l->timer, 0);
    return l;
}

void later_close(struct later *l)
{
    timer_free(l->timer);
    arena_free(&l->arena);
    free(l);
}

bool later_is_idle(const struct later *l)
{
    return !l->is_waiting;
}
