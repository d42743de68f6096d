#include "common/run/adopt.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/run/metrics.h"

enum {
    SEEN_MAX = 256,
    NAME_MAX_BYTES = 200,
    ROUND_US = 800 * 1000, /* two of them and a beat: a take-over within lease + 2 s */
};

static const char released[] = "~released"; /* the consumer that holds what was given back */
static const char later[] = "~later";       /* and the one that holds what is parked */

struct seen { /* another consumer, and when its heartbeat last changed */
    char name[NAME_MAX_BYTES];
    uint64_t beat, since_us;
    bool is_there; /* in this round */
};
struct adopter {
    struct process *process;
    str topic;
    adopt_done *done;
    void *ctx;
    struct timer *timer;
    struct arena arena; /* of a round */
    struct seen *seen;  /* owned; SEEN_MAX */
    uint32_t seen_count;
    uint32_t waiting; /* answers that this round still waits for */
    uint64_t taken;
    bool is_more; /* somebody held more than one call takes */
};

static void forget_gone(struct adopter *a)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < a->seen_count; i++)
        if (a->seen[i].is_there)
            a->seen[kept++] = a->seen[i];
    a->seen_count = kept;
}

static void settle_round(struct adopter *a)
{
    if (a->waiting > 0)
        return;
    forget_gone(a); /* nobody holds a pointer into the table any more */
    uint64_t pause = MIN(a->process->options->lease_ms * 1000 / 3, (uint64_t)ROUND_US);
    timer_start(a->timer, a->is_more ? 0 : pause);
    a->done(a->ctx, a->taken);
}

static void on_taken(void *ctx, const struct reply *reply)
{
    struct adopter *a = ctx;

    a->waiting--;
    if (reply && reply->type == REPLY_ARRAY && reply->n == 3) {
        uint64_t taken = (uint64_t)reply->items[0].integer;
        uint64_t lost = (uint64_t)reply->items[2].integer;
        a->taken += taken;
        a->is_more |= reply->items[1].integer > 0;
        metric_add(metrics_get("standpipe_takeovers_total", METRIC_COUNTER,
                               "Entries taken over from dead workers.", STR("")),
                   taken);
        if (taken || lost)
            log_info("took over entries of a dead worker", LOG_STR("topic", a->topic),
                     LOG_U64("taken", taken), LOG_U64("lost", lost));
    }
    settle_round(a);
}

static void move_entries(struct adopter *a, str from, str to, redis_done *done, void *ctx)
{
    redis_say(a->process->redis, &a->arena, done, ctx, STR("FCALL"), STR("sp1_adopt"), STR("1"),
              a->topic, STR("sp"), from, to, STR("256"));
}

static void take(struct adopter *a, str from)
{
    a->waiting++;
    move_entries(a, from, a->process->consumer, on_taken, a);
}

static struct seen *seen_of(struct adopter *a, str name)
{
    for (uint32_t i = 0; i < a->seen_count; i++)
        if (str_is(name, a->seen[i].name))
            return &a->seen[i];
    if (a->seen_count == SEEN_MAX || !name.n || name.n >= NAME_MAX_BYTES)
        return NULL;
    struct seen *s = &a->seen[a->seen_count++];
    *s = (struct seen){.since_us = clock_mono_us(a->process->services.clock)};
    memcpy(s->name, name.p, name.n);
    return s;
}

struct look { /* at the heartbeat of one consumer */
    struct adopter *adopter;
    struct seen *seen;
    str nonce;
};

static void on_beat(void *ctx, const struct reply *reply)
{
    struct look *l = ctx;
    struct adopter *a = l->adopter;
    struct seen *s = l->seen;
    uint64_t now = clock_mono_us(a->process->services.clock), beat = 0;

    a->waiting--;
    if (reply && reply->type == REPLY_ARRAY && reply->n == 2) {
        if (str_equal(reply->items[0].text, l->nonce) &&
            !str_to_u64(reply->items[1].text, &beat))
            beat = 0;
        if (beat != s->beat) {
            s->beat = beat;
            s->since_us = now;
        }
        if (now - s->since_us >= a->process->options->lease_ms * 1000)
            take(a, str_of(s->name));
    }
    settle_round(a);
}

static void look(struct adopter *a, str consumer)
{
    struct look *l = arena_alloc(&a->arena, sizeof(*l));
    str rest = consumer;
    str name = str_cut(&rest, ':');

    *l = (struct look){.adopter = a, .seen = seen_of(a, consumer), .nonce = rest};
    if (!l->seen)
        return;
    l->seen->is_there = true;
    a->waiting++;
    redis_say(a->process->redis, &a->arena, on_beat, l, STR("HMGET"),
              keys_worker(&a->process->keys, &a->arena, name), STR("nonce"), STR("beat"));
}

static bool is_ghost(const struct process *p, str consumer)
{
    return consumer.n > p->name.n && str_starts(consumer, p->name) &&
           consumer.p[p->name.n] == ':';
}

/* XINFO CONSUMERS: [[name, x, pending, n, idle, ms], ...] */
static void on_consumers(void *ctx, const struct reply *reply)
{
    struct adopter *a = ctx;

    if (reply && reply->type == REPLY_ARRAY) {
        for (uint32_t i = 0; i < a->seen_count; i++)
            a->seen[i].is_there = false;
        for (uint32_t i = 0; i < reply->n; i++) {
            str name = reply->items[i].n >= 2 ? reply->items[i].items[1].text : STR_NONE;
            if (str_equal(name, a->process->consumer) || str_is(name, later))
                continue;
            if (is_ghost(a->process, name) || str_is(name, released))
                take(a, name);
            else
                look(a, name);
        }
    }
    a->waiting--;
    settle_round(a);
}

void adopter_round(struct adopter *a)
{
    if (a->waiting > 0)
        return;
    arena_reset(&a->arena);
    a->taken = 0;
    a->is_more = false;
    a->waiting = 1;
    redis_say(a->process->redis, &a->arena, on_consumers, a, STR("XINFO"), STR("CONSUMERS"),
              a->topic, STR("sp"));
}

static void on_timer(void *ctx)
{
    adopter_round(ctx);
}

struct adopter *adopter_new(struct process *p, str topic, adopt_done *done, void *ctx)
{
    struct adopter *a = xalloc(sizeof(*a));

    *a = (struct adopter){.process = p, .topic = topic, .done = done, .ctx = ctx};
    a->seen = xalloc(SEEN_MAX * sizeof(*a->seen));
    a->timer = timer_new(p->loop, on_timer, a);
    return a;
}

void adopter_free(struct adopter *a)
{
    if (!a)
        return;
    timer_free(a->timer);
    arena_free(&a->arena);
    free(a->seen);
    free(a);
}

bool adopter_is_idle(const struct adopter *a)
{
    return a->waiting == 0;
}

void adopter_release(struct adopter *a)
{
    timer_stop(a->timer);
    move_entries(a, a->process->consumer, str_of(released), NULL, NULL);
}
