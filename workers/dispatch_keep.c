#include "workers/dispatch_keep.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/run/metrics.h"

enum { EVERY_US = 1000 * 1000 };

struct keeper {
    struct process *process;
    struct timer *timer;
    struct arena arena; /* of a round */
    struct metric *trimmed, *expired;
    loop_fn *looked;
    void *ctx;
    uint32_t waiting;
    bool is_more;                 /* a topic has more to let go */
    bool has_failed, was_failing; /* in this round; in the last one: said once */
};

static void rest(struct keeper *k)
{
    if (--k->waiting > 0)
        return;
    timer_start(k->timer, k->is_more ? 0 : EVERY_US);
    k->looked(k->ctx);
    process_settled(k->process);
}

static void look_for_failure(struct keeper *k, const struct reply *reply)
{
    if (!reply || reply->type != REPLY_ERROR)
        return;
    if (!k->has_failed && !k->was_failing)
        log_warn("old entries or dead letters stay", LOG_STR("answer", reply->text));
    k->has_failed = true;
}

static void on_trimmed(void *ctx, const struct reply *reply)
{
    struct keeper *k = ctx;

    look_for_failure(k, reply);
    if (reply && reply->type == REPLY_ARRAY && reply->n == 2) {
        metric_add(k->trimmed, (uint64_t)MAX(reply->items[0].integer, 0));
        k->is_more |= reply->items[1].integer != 0;
    }
    rest(k);
}

static void on_expired(void *ctx, const struct reply *reply)
{
    struct keeper *k = ctx;
    struct process *p = k->process;

    look_for_failure(k, reply);
    if (reply && reply->type == REPLY_ARRAY && reply->n == 3) {
        metric_add(k->expired, (uint64_t)MAX(reply->items[0].integer, 0));
        k->is_more |= reply->items[1].integer != 0;
        p->levels[p->pipeline->stage_count] = reply->items[2].integer;
    }
    rest(k);
}

static void expire_letters(struct keeper *k)
{
    struct process *p = k->process;
    struct arena *a = &k->arena;
    const struct pipeline_dead *d = &p->pipeline->dead;

    k->waiting++;
    redis_say(p->redis, a, on_expired, k, STR("FCALL"), STR("sp1_expire"), STR("2"),
              keys_lane(&p->keys, a, "dead"), keys_lane(&p->keys, a, "books"),
              arena_printf(a, "%" PRIu64, d->keep_ms),
              arena_printf(a, "%" PRIu64, d->drops_oldest ? d->high_bytes : 0));
}

static str bound(struct arena *a, uint64_t value)
{
    return value ? arena_printf(a, "%" PRIu64, value) : STR("");
}

static void on_timer(void *ctx)
{
    struct keeper *k = ctx;
    struct process *p = k->process;
    struct arena *a = &k->arena;

    arena_reset(a);
    k->is_more = false;
    k->was_failing = k->has_failed;
    k->has_failed = false;
    k->waiting = 1; /* this call: early answers do not end the round */
    for (uint32_t i = 0; i < p->pipeline->stage_count && p->is_library_there; i++) {
        const struct pipeline_stage *s = &p->pipeline->stages[i];
        if (!pipeline_keeps(s))
            continue;
        k->waiting++;
        redis_say(p->redis, a, on_trimmed, k, STR("FCALL"), STR("sp1_trim"), STR("1"),
                  keys_topic(&p->keys, a, s->name), bound(a, s->keep_ms),
                  bound(a, s->keep_bytes));
    }
    if (p->is_library_there)
        expire_letters(k);
    rest(k);
}

struct keeper *keeper_open(struct process *p, loop_fn *looked, void *ctx)
{
    struct keeper *k = xalloc(sizeof(*k));

    *k = (struct keeper){.process = p, .looked = looked, .ctx = ctx};
    k->expired = metrics_get("standpipe_expired_letters_total", METRIC_COUNTER,
                             "Dead letters that were let go at their bounds.", STR(""));
    k->trimmed = metrics_get("standpipe_trimmed_entries_total", METRIC_COUNTER,
                             "Kept entries that were let go.", STR(""));
    k->timer = timer_new(p->loop, on_timer, k);
    timer_start(k->timer, 0);
    return k;
}

void keeper_close(struct keeper *k)
{
    timer_free(k->timer);
    arena_free(&k->arena);
    free(k);
}

bool keeper_is_idle(const struct keeper *k)
{
    return k->waiting == 0;
}
