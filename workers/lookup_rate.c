#include "workers/lookup_rate.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/data/keys.h"
#include "common/io/loop.h"
#include "common/io/redis.h"

enum {
    TRIP = 10, /* failures in a row */
    OPEN_MS = 5000,
    OPEN_MAX_MS = 60000,
    PROBE_MORE_MS = 2000, /* a prober that is not heard of is dead so long behind the timeout */
    SLACK_MAX_MS = 100,
    REPORT_US = 20 * 1000, /* reports wait for an ask so long */
    AWAY_US = 250 * 1000,
    ERROR_US = 1000 * 1000,
    WAIT_MAX_US = 10 * 1000 * 1000, /* an operator may end a pause */
    ARGS_MAX = 20,
};
struct call { /* of the function, under way; an orphan when the gate went first */
    struct lookup_rate *r;
    struct call *next;
    struct arena arena;
    uint64_t sent_us;
    bool is_ask;
};
struct lookup_rate {
    struct lookup_rate_config config;
    const struct services *services;
    struct lookup_gate gate;
    struct arena arena;
    str key;
    char me[16];
    struct call *calls;
    struct timer *report;
    lookup_granted *granted; /* who asked; NULL: nobody */
    void *lookup;
    uint64_t good, failed, retry_after_ms, unused; /* not told yet */
    struct lookup_rate_state state;
};

static uint64_t mono_us(const struct lookup_rate *r)
{
    return clock_mono_us(r->services->clock);
}

static uint64_t random_below(const struct lookup_rate *r, uint64_t n)
{
    return n ? r->services->random(r->services->random_ctx) % n : 0;
}

static void free_call(struct call *call)
{
    struct call **link = call->r ? &call->r->calls : NULL;

    while (link && *link != call)
        link = &(*link)->next;
    if (link)
        *link = call->next;
    arena_free(&call->arena);
    free(call);
}

/* With what was not told yet. */
static void send(struct lookup_rate *r, uint64_t want, bool is_ask, redis_done *done)
{
    const struct lookup_rate_config *g = &r->config;
    const uint64_t numbers[] = {want,
                                g->limit,
                                g->limit ? g->period_ms : 0,
                                g->limit ? g->burst : 0,
                                TRIP,
                                OPEN_MS,
                                OPEN_MAX_MS,
                                g->timeout_ms + PROBE_MORE_MS,
                                r->unused,
                                r->good,
                                r->failed,
                                r->retry_after_ms};
    struct call *call = xalloc(sizeof(*call));
    str args[ARGS_MAX] = {
        STR("FCALL"), STR("sp1_gate"), STR("1"), r->key, {r->me, sizeof(r->me)}};
    uint32_t n = 5;

    *call = (struct call){.r = r, .next = r->calls, .sent_us = mono_us(r), .is_ask = is_ask};
    r->calls = call;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        args[n++] = arena_printf(&call->arena, "%llu", (unsigned long long)numbers[i]);
    r->good = r->failed = r->retry_after_ms = r->unused = 0;
    timer_stop(r->report);
    redis_send(r->services->redis, args, n, &call->arena, done, call);
}

/* A tenth of the period at most is what the bound leaves for being late; half of it is ours. */
static bool is_too_late(const struct lookup_rate *r, const struct call *call)
{
    uint64_t slack_us = MIN(r->config.period_ms * 100, (uint64_t)SLACK_MAX_MS * 1000);

    return r->config.limit && mono_us(r) - call->sent_us > slack_us / 2;
}

static bool is_answer(const struct reply *reply)
{
    return reply && reply->type == REPLY_ARRAY && reply->n == 3 &&
           reply->items[0].integer >= 0 && reply->items[1].integer >= 0;
}

static const char *word_of(str state)
{
    static const char *const words[] = {"closed", "open", "half", "paused"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_is(state, words[i]))
            return words[i];
    return "closed";
}

static void take_word(struct lookup_rate *r, str state)
{
    const char *word = word_of(state);

    if (word != r->state.word && (word[0] == 'o' || r->state.word[0] == 'o'))
        log_warn("circuit breaker", LOG_STR("rate", r->config.name),
                 LOG_STR("state", str_of(word)));
    r->state.word = word;
}

static void start_report(struct lookup_rate *r, uint64_t us)
{
    if (!timer_is_running(r->report))
        timer_start(r->report, us);
}

static void on_asked(struct lookup_rate *r, const struct call *call, const struct reply *reply)
{
    lookup_granted *granted = r->granted;
    uint32_t n = is_answer(reply) ? (uint32_t)reply->items[0].integer : 0;
    uint64_t wait =
        is_answer(reply) ? (uint64_t)reply->items[1].integer : (reply ? ERROR_US : AWAY_US);
    bool is_shut = r->state.word[0] == 'o' || r->state.word[0] == 'h' || wait > WAIT_MAX_US;

    if (n && (!granted || is_too_late(r, call))) {
        r->unused += n;
        r->state.thrown_away += n;
        start_report(r, REPORT_US);
        n = 0;
        wait = 0;
    }
    r->granted = NULL;
    r->state.granted += n;
    if (!granted)
        return;
    wait = MIN(wait, WAIT_MAX_US);
    if (wait || n == 0)
        wait += 1000 + random_below(r, wait / 8 + 1); /* so that they do not come all at once */
    granted(r->lookup, n, wait, n == 0 && is_shut);
}

static void on_answer(void *ctx, const struct reply *reply)
{
    struct call *call = ctx;
    struct lookup_rate *r = call->r;

    if (r && is_answer(reply))
        take_word(r, reply->items[2].text);
    else if (r && reply)
        log_warn("redis does not tell what may go out, waiting",
                 LOG_STR("rate", r->config.name), LOG_STR("answer", reply->text));
    if (r && call->is_ask)
        on_asked(r, call, reply);
    free_call(call);
}

static void ask(void *ctx, uint32_t want, lookup_granted *granted, void *lookup)
{
    struct lookup_rate *r = ctx;

    r->granted = granted;
    r->lookup = lookup;
    r->state.asks++;
    send(r, want, true, on_answer);
}

static void on_report(void *ctx)
{
    struct lookup_rate *r = ctx;

    if (redis_is_ready(r->services->redis))
        send(r, 0, false, on_answer);
    else
        timer_start(r->report, AWAY_US);
}

static void report(void *ctx, bool is_good, uint64_t retry_after_ms)
{
    struct lookup_rate *r = ctx;

    r->good += is_good;
    r->failed += !is_good;
    r->retry_after_ms = MAX(r->retry_after_ms, retry_after_ms);
    if (retry_after_ms)
        timer_start(r->report, 0);
    else
        start_report(r, REPORT_US);
}

static void leave(void *ctx)
{
    struct lookup_rate *r = ctx;

    r->granted = NULL;
}

struct lookup_rate *lookup_rate_new(const struct lookup_rate_config *config,
                                    const struct services *services)
{
    struct lookup_rate *r = xalloc(sizeof(*r));

    r->config = *config;
    r->services = services;
    r->gate = (struct lookup_gate){.ctx = r, .ask = ask, .report = report, .leave = leave};
    r->key = keys_gate(services->keys, &r->arena, config->name);
    hash_hex(services->random(services->random_ctx), r->me);
    r->report = timer_new(services->loop, on_report, r);
    r->state.word = word_of(STR_NONE);
    return r;
}

const struct lookup_gate *lookup_rate_gate(struct lookup_rate *r)
{
    return &r->gate;
}

void lookup_rate_free(struct lookup_rate *r)
{
    if (!r)
        return;
    for (struct call *call = r->calls; call; call = call->next)
        call->r = NULL;
    timer_free(r->report);
    arena_free(&r->arena);
    free(r);
}

struct lookup_rate_state lookup_rate_state(const struct lookup_rate *r)
{
    return r->state;
}
