#include "workers/dispatch.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/data/entry.h"
#include "common/io/answer.h"
#include "common/run/adopt.h"
#include "common/run/metrics.h"
#include "common/run/promise.h"
#include "workers/dispatch_admit.h"
#include "workers/dispatch_door.h"
#include "workers/dispatch_gauges.h"
#include "workers/dispatch_keep.h"
#include "workers/dispatch_later.h"

enum {
    COUNT = 64,            /* inbox entries a round */
    AGAIN_US = 250 * 1000, /* a full topic, or a Redis that cannot write */
};
struct visit { /* one inbox entry on its way in */
    struct visit *next;
    struct entry *entry;
    struct admit *admits;
};
struct dispatch {
    struct process *process;
    struct redis *reader;
    struct adopter *adopter;
    struct gauges *gauges;
    struct later *later;
    struct keeper *keeper;
    struct timer *again;
    struct batch batch; /* of a round */
    struct visit *visits;
    uint32_t waiting; /* answers of a round */
    uint32_t asks;
    str topic;
    struct arena arena;
    struct metric *taken, *dead;
    const struct reply *config; /* of redis, while the promise is asked for */
    bool is_busy, is_reading, is_reading_ours, is_catching_up, is_begun, is_quiescing,
        is_dead_full;
};
struct call { /* one sp1_admit under way */
    struct dispatch *dispatch;
    struct admit *admit;
};

static void pump(struct dispatch *d);
static void send_round(struct dispatch *d);

static void end_round(struct dispatch *d)
{
    arena_reset(&d->batch.arena);
    d->batch = (struct batch){.arena = d->batch.arena};
    d->visits = NULL;
    d->is_busy = false;
    pump(d);
    process_settled(d->process);
}

/* Every topic of an entry has it: the inbox lets it go, in one step. */

static void on_released(void *ctx, const struct reply *reply)
{
    struct dispatch *d = ctx;

    if (!reply || reply->type == REPLY_ERROR) {
        timer_start(d->again, AGAIN_US); /* the admits are done; only this is asked again */
        return;
    }
    end_round(d);
}

static bool is_taken(const struct visit *v)
{
    for (const struct admit *a = v->admits; a; a = a->next)
        if (!a->is_done)
            return false;
    return true;
}

static void release(struct dispatch *d, uint32_t n)
{
    struct arena *a = &d->batch.arena;
    struct redis *r = d->process->redis;
    str *ack = arena_alloc(a, (3 + n) * sizeof(str));
    str *del = arena_alloc(a, (2 + n) * sizeof(str));

    memcpy(ack, (const str[]){STR("XACK"), d->topic, STR("sp")}, 3 * sizeof(str));
    memcpy(del, (const str[]){STR("XDEL"), d->topic}, 2 * sizeof(str));
    n = 0;
    for (const struct visit *v = d->visits; v; v = v->next, n++)
        ack[3 + n] = del[2 + n] = v->entry->id;
    redis_say(r, a, NULL, NULL, STR("MULTI"));
    redis_send(r, ack, 3 + n, a, NULL, NULL);
    redis_send(r, del, 2 + n, a, NULL, NULL);
    redis_say(r, a, on_released, d, STR("EXEC"));
}

static void settle_round(struct dispatch *d)
{
    uint32_t n = 0;

    for (const struct visit *v = d->visits; v; v = v->next, n++) {
        if (is_taken(v))
            continue;
        timer_start(d->again, AGAIN_US); /* what is in stays in: the repeat answers SEEN */
        return;
    }
    metric_add(d->taken, n);
    d->process->records += n;
    release(d, n);
}

/* Admission. */

static void complain(struct dispatch *d, const struct admit *a, enum answer kind,
                     const struct reply *reply)
{
    struct error err = {0};
    str text = reply ? reply->text : STR_NONE;

    if (kind == ANSWER_DENIED) {
        error_set(&err, ERR_CONFIG, "redis denies the dispatcher to write: " STR_FMT,
                  STR_ARG(text));
        process_fail(d->process, &err);
        return;
    }
    if (kind != ANSWER_FULL && kind != ANSWER_LOST)
        log_warn("the inbox waits", LOG_STR("topic", a->topic),
                 LOG_CSTR("meaning", answer_name(kind)), LOG_STR("answer", text));
    if (kind == ANSWER_RECONNECT)
        redis_drop(d->process->redis, "it is the wrong server now");
}

static void on_admitted(void *ctx, const struct reply *reply)
{
    struct call *c = ctx;
    struct dispatch *d = c->dispatch;

    enum answer kind = answer_of(reply);
    c->admit->is_done = kind == ANSWER_GOOD || kind == ANSWER_SEEN;
    if (!c->admit->is_done)
        complain(d, c->admit, kind, reply);
    if (--d->waiting == 0)
        settle_round(d);
}

static void send(struct dispatch *d, const struct entry *e, struct admit *a)
{
    struct process *p = d->process;
    struct arena *arena = &d->batch.arena;
    struct call *c = arena_alloc(arena, sizeof(*c));
    const struct admit_context to = {.redis = p->redis,
                                     .keys = &p->keys,
                                     .now_ms = clock_wall_ms(p->services.clock),
                                     .arena = arena};

    *c = (struct call){.dispatch = d, .admit = a};
    d->waiting++;
    admit_send(&to, e, a, on_admitted, c);
}

static void send_round(struct dispatch *d)
{
    d->waiting = 1; /* our own: early answers do not end the round */
    for (struct visit *v = d->visits; v; v = v->next)
        for (struct admit *a = v->admits; a; a = a->next)
            if (!a->is_done)
                send(d, v->entry, a);
    if (--d->waiting == 0)
        settle_round(d);
}

static void on_again(void *ctx)
{
    struct dispatch *d = ctx;

    if (!d->is_busy)
        return;
    if (d->is_quiescing || !redis_is_ready(d->process->redis) ||
        !d->process->is_library_there) {
        if (d->is_quiescing)
            end_round(d); /* they stay in the inbox, ours until somebody takes them over */
        else
            timer_start(d->again, AGAIN_US);
        return;
    }
    send_round(d);
}

/* Reading. */

static void visit(struct dispatch *d, const struct reply *item)
{
    struct process *p = d->process;
    struct arena *a = &d->batch.arena;
    const struct door_context c = {
        .pipeline = p->pipeline, .keys = &p->keys, .now_ms = clock_wall_ms(p->services.clock)};
    const struct reply *fields = &item->items[1];
    struct visit *v = arena_alloc(a, sizeof(*v));
    struct entry *e = arena_zalloc(a, sizeof(*e));
    struct batch one = {.arena = *a};
    str *list = arena_alloc(&one.arena, (fields->n + 1) * sizeof(*list)), detail = STR_NONE;

    for (uint32_t i = 0; i < fields->n; i++)
        list[i] = fields->items[i].text;
    const char *why =
        entry_decode(&one.arena, e, item->items[0].text, list, fields->n, &detail);
    one.entries = e;
    one.entry_count = 1;
    if (!why && !e->uri.n)
        batch_cut(&one);
    *v = (struct visit){.next = d->visits, .entry = e};
    v->admits = door_sort(&c, &one, e, why, detail);
    *a = one.arena;
    d->visits = v;
}

static void on_read(void *ctx, const struct reply *reply)
{
    struct dispatch *d = ctx;
    const struct reply *list = NULL;
    bool is_good = reply && reply->type != REPLY_ERROR;

    d->is_reading = false;
    if (reply && reply->type == REPLY_ERROR) {
        log_warn("reading the inbox failed", LOG_STR("answer", reply->text));
        redis_drop(d->reader, "reading failed");
        if (answer_of(reply) == ANSWER_GONE)
            process_begin_again(d->process);
    }
    if (reply && reply->type == REPLY_ARRAY && reply->n == 1 && reply->items[0].n == 2)
        list = &reply->items[0].items[1];
    if (d->is_reading_ours && !(is_good && (!list || list->n == 0)))
        d->is_catching_up = true; /* there may be more */
    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct reply *item = &list->items[i];
        if (item->n == 2 && item->items[1].type == REPLY_ARRAY)
            visit(d, item);
        else if (item->n == 2)
            process_lost_entry(d->reader, d->topic, item->items[0].text);
    }
    if (!d->visits) {
        end_round(d);
        return;
    }
    d->is_busy = true;
    send_round(d);
}

/* Nothing new comes in while the dead letters are at their bound. */
static void look_at_dead(void *ctx)
{
    struct dispatch *d = ctx;
    bool was_full = d->is_dead_full;

    d->is_dead_full = process_is_dead_full(d->process);
    if (d->is_dead_full && !was_full)
        log_warn("the dead letters are at their bound: the door is closed until some are "
                 "redriven or dropped",
                 LOG_U64("high", d->process->pipeline->dead.high_bytes));
    if (!d->is_dead_full && was_full)
        log_info("the door is open again");
    pump(d);
}

static void pump(struct dispatch *d)
{
    str me = d->process->consumer;

    if (d->is_dead_full || !d->is_begun || d->is_quiescing || d->is_reading || d->is_busy ||
        !d->process->is_library_there || !redis_is_ready(d->reader))
        return;
    d->is_reading = true;
    d->is_reading_ours = d->is_catching_up;
    d->is_catching_up = false; /* whoever takes entries over meanwhile sets it again */
    if (d->is_reading_ours)
        redis_say(d->reader, &d->batch.arena, on_read, d, STR("XREADGROUP"), STR("GROUP"),
                  STR("sp"), me, STR("COUNT"), STR("64"), STR("STREAMS"), d->topic, STR("0"));
    else
        redis_say(d->reader, &d->batch.arena, on_read, d, STR("XREADGROUP"), STR("GROUP"),
                  STR("sp"), me, STR("COUNT"), STR("64"), STR("BLOCK"), STR("500"),
                  STR("STREAMS"), d->topic, STR(">"));
}

static void on_reader_ready(void *ctx)
{
    struct dispatch *d = ctx;

    d->is_catching_up = true;
    pump(d);
}

static void on_adopted(void *ctx, uint64_t taken)
{
    struct dispatch *d = ctx;

    if (!d->is_begun)
        redis_connect(d->reader);
    d->is_begun = true;
    d->is_catching_up |= taken > 0;
    pump(d);
    process_settled(d->process);
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
        adopter_round(d->adopter);
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
    if (d->is_busy)
        timer_start(d->again, 0);
    pump(d);
}

static int open_role(struct process *p, struct error *err)
{
    struct dispatch *d = p->work;
    const struct redis_events events = {.ready = on_reader_ready, .ctx = d};

    (void)err;
    *d = (struct dispatch){.process = p};
    d->topic = keys_global(&p->keys, &d->arena, "inbox");
    d->taken = metrics_get("standpipe_inbox_entries_total", METRIC_COUNTER,
                           "Inbox entries taken into the lanes.", STR(""));
    d->reader = redis_new(p->loop, &p->address, &events);
    d->again = timer_new(p->loop, on_again, d);
    d->adopter = adopter_new(p, d->topic, on_adopted, d);
    d->gauges = gauges_open(p);
    d->later = later_open(p);
    d->keeper = keeper_open(p, look_at_dead, d);
    ask_promise(d);
    resume(p);
    return 0;
}

static void close_role(struct process *p)
{
    struct dispatch *d = p->work;

    later_close(d->later);
    keeper_close(d->keeper);
    gauges_close(d->gauges);
    adopter_free(d->adopter);
    timer_free(d->again);
    redis_free(d->reader);
    arena_free(&d->batch.arena);
    arena_free(&d->arena);
}

static void quiesce(struct process *p)
{
    struct dispatch *d = p->work;

    d->is_quiescing = true;
    if (timer_is_running(d->again))
        timer_start(d->again, 0);
}

static bool is_quiet(struct process *p)
{
    const struct dispatch *d = p->work;

    return !d->is_busy && !d->is_reading && d->asks == 0 && adopter_is_idle(d->adopter) &&
           gauges_is_idle(d->gauges) && later_is_idle(d->later) && keeper_is_idle(d->keeper);
}

static void release_role(struct process *p)
{
    const struct dispatch *d = p->work;

    adopter_release(d->adopter);
}

static void woken(struct process *p, str topic, str message)
{
    struct dispatch *d = p->work;

    (void)topic;
    if (!str_is(message, "due") && timer_is_running(d->again))
        timer_start(d->again, 0);
}

static const char *state(struct process *p)
{
    const struct dispatch *d = p->work;

    return timer_is_running(d->again) || d->is_dead_full ? "held" : "running";
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
