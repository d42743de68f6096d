#include "workers/dispatch.h"

#include "common/base/log.h"
#include "common/run/levels.h"
#include "common/run/promise.h"
#include "workers/dispatch_gauges.h"
#include "workers/dispatch_keep.h"
#include "workers/dispatch_later.h"
#include "workers/dispatch_round.h"
#include "workers/dispatch_watch.h"
#include "workers/dispatch_windows.h"

enum { COUNT = 64 }; /* inbox entries a round */

struct dispatch {
    struct process *process;
    struct consumer *consumer; /* of the inbox */
    struct round *round;
    struct gauges *gauges;
    struct later *later;
    struct keeper *keeper;
    struct closer *closer;
    struct watcher *watcher;
    struct arena arena; /* lives as long as the role is open */
    str topic;
    uint32_t asks;              /* answers that know this dispatcher */
    const struct reply *config; /* of redis, while the promise is asked for */
    bool is_quiescing, is_dead_full;
};

/* Reading. */

static void on_read(void *ctx, const struct reading *in)
{
    struct dispatch *d = ctx;

    round_begin(d->round, in);
}

static void pump(struct dispatch *d)
{
    if (d->is_dead_full || d->is_quiescing || round_is_busy(d->round) ||
        !consumer_can_read(d->consumer))
        return;
    consumer_read(d->consumer, round_arena(d->round), COUNT, on_read, d);
}

static void on_wake(void *ctx)
{
    pump(ctx);
}

static void on_round_ended(void *ctx)
{
    struct dispatch *d = ctx;

    pump(d);
    process_settled(d->process);
}

/* Nothing new comes in while the dead letters are at their bound. */
static void look_at_dead(void *ctx)
{
    struct dispatch *d = ctx;
    bool was_full = d->is_dead_full;

    d->is_dead_full = levels_is_dead_full(d->process);
    if (d->is_dead_full && !was_full)
        log_warn("the dead letters are at their bound: the door is closed until some are "
                 "redriven or dropped",
                 LOG_U64("high", d->process->pipeline->dead.high_bytes));
    if (!d->is_dead_full && was_full)
        log_info("the door is open again");
    pump(d);
}

/* The role. */

static void on_group(void *ctx, const struct reply *reply)
{
    struct dispatch *d = ctx;

    d->asks--;
    if (reply && process_is_denied(d->process, reply, "make a consumer group"))
        return;
    if (reply && reply->type == REPLY_ERROR && !str_starts(reply->text, STR("BUSYGROUP")))
        log_error("cannot make a consumer group", LOG_STR("answer", reply->text));
    if (d->asks == 0 && reply)
        consumer_begin(d->consumer);
    process_settled(d->process);
}

/* Once a pipeline: what the settings of this Redis are worth stands in the log. */

static void on_config(void *ctx, const struct reply *reply)
{
    struct dispatch *d = ctx;

    d->asks--;
    d->config = reply;
}

static void on_role(void *ctx, const struct reply *reply)
{
    struct dispatch *d = ctx;
    enum promise p = promise_of(d->config, reply);

    d->asks--;
    if (reply)
        log_info("what redis keeps", LOG_CSTR("promise", promise_name(p)),
                 LOG_CSTR("meaning", promise_sentence(p)));
}

/* Before the groups: their answers, which come behind these, begin the work. */
static void ask_promise(struct dispatch *d)
{
    struct redis *r = d->process->redis;

    d->asks += 2;
    redis_say(r, &d->arena, on_config, d, STR("CONFIG"), STR("GET"), PROMISE_SETTINGS);
    redis_say(r, &d->arena, on_role, d, STR("ROLE"));
}

static void make_group(struct dispatch *d, str topic)
{
    d->asks++;
    redis_say(d->process->redis, NULL, on_group, d, STR("XGROUP"), STR("CREATE"), topic,
              STR("sp"), STR("0"), STR("MKSTREAM"));
}

static void resume(struct process *p)
{
    struct dispatch *d = p->work;

    for (uint32_t i = 0; i < p->pipeline->stage_count; i++)
        make_group(d, keys_topic(&p->keys, &d->arena, p->pipeline->stages[i].name));
    make_group(d, d->topic);
    round_hurry(d->round);
    pump(d);
}

static int open_role(struct process *p, struct error *err)
{
    struct dispatch *d = p->work;

    (void)err;
    *d = (struct dispatch){.process = p};
    d->topic = keys_global(&p->keys, &d->arena, "inbox");
    d->consumer = consumer_new(p, d->topic, on_wake, d);
    d->round = round_new(p, d->topic, on_round_ended, d);
    d->gauges = gauges_open(p);
    d->later = later_open(p);
    d->keeper = keeper_open(p, look_at_dead, d);
    d->closer = closer_open(p);
    d->watcher = watcher_open(p);
    ask_promise(d);
    resume(p);
    return 0;
}

static void close_role(struct process *p)
{
    struct dispatch *d = p->work;

    later_close(d->later);
    keeper_close(d->keeper);
    closer_close(d->closer);
    watcher_close(d->watcher);
    gauges_close(d->gauges);
    consumer_free(d->consumer);
    round_free(d->round);
    arena_free(&d->arena);
}

static void quiesce(struct process *p)
{
    struct dispatch *d = p->work;

    d->is_quiescing = true;
    round_quiesce(d->round);
}

static bool is_quiet(struct process *p)
{
    const struct dispatch *d = p->work;

    return !round_is_busy(d->round) && consumer_is_idle(d->consumer) && d->asks == 0 &&
           gauges_is_idle(d->gauges) && later_is_idle(d->later) && keeper_is_idle(d->keeper) &&
           closer_is_idle(d->closer) && watcher_is_idle(d->watcher);
}

static void release_role(struct process *p)
{
    const struct dispatch *d = p->work;

    consumer_release(d->consumer);
}

static void woken(struct process *p, str topic, str message)
{
    struct dispatch *d = p->work;

    (void)topic;
    if (!str_is(message, "due"))
        round_hurry(d->round);
}

static const char *state(struct process *p)
{
    const struct dispatch *d = p->work;

    return round_is_held(d->round) || d->is_dead_full ? "held" : "running";
}

int run_dispatcher(const struct stage *const *kinds, const struct options_common *common,
                   const struct run_options *options)
{
    const struct process_role role = {
        .kind = "dispatch",
        .loads_library = true,
        .open = open_role,
        .quiesce = quiesce,
        .is_quiet = is_quiet,
        .release = release_role,
        .close = close_role,
        .resume = resume,
        .woken = woken,
        .state = state,
    };
    struct dispatch d = {0};

    return process_run(&role, &d, kinds, common, options);
}
