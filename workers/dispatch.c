#include "workers/dispatch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/data/entry.h"
#include "common/io/answer.h"
#include "common/run/adopt.h"
#include "common/run/metrics.h"
#include "workers/door.h"
#include "workers/gauges.h"

enum {
    COUNT = 64,                 /* inbox entries a round */
    AGAIN_US = 250 * 1000,      /* a full topic, or a Redis that cannot write */
    SEEN_MS = 24 * 3600 * 1000, /* far longer than an inbox entry stays unacknowledged */
    SOURCE_KEEP_DAYS = 30,
};
static const uint64_t day_ms = 24 * 3600 * 1000;

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
    struct timer *again;
    struct batch batch; /* of a round */
    struct visit *visits;
    uint32_t waiting; /* answers of a round */
    uint32_t asks;
    str topic;
    struct arena arena;
    struct metric *taken, *dead;
    bool is_busy, is_reading, is_catching_up, is_begun, is_quiescing;
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

/* Every topic of an entry has it: the inbox lets it go. */

static void on_released(void *ctx, const struct reply *reply)
{
    struct dispatch *d = ctx;

    if (--d->waiting > 0)
        return;
    if (!reply) {
        timer_start(d->again, AGAIN_US); /* the admits answer SEEN, then this is asked again */
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
    str *ack = arena_alloc(a, (3 + n) * sizeof(str)),
        *del = arena_alloc(a, (2 + n) * sizeof(str));
    uint32_t i = 0;

    ack[0] = STR("XACK"), ack[1] = d->topic, ack[2] = STR("sp");
    del[0] = STR("XDEL"), del[1] = d->topic;
    for (const struct visit *v = d->visits; v; v = v->next)
        if (is_taken(v))
            ack[3 + i] = del[2 + i] = v->entry->id, i++;
    d->waiting = 2;
    redis_send(d->process->redis, ack, 3 + n, a, on_released, d);
    redis_send(d->process->redis, del, 2 + n, a, on_released, d);
}

static void settle_round(struct dispatch *d)
{
    uint32_t n = 0, left = 0;

    for (const struct visit *v = d->visits; v; v = v->next)
        is_taken(v) ? n++ : left++;
    if (left > 0) { /* what was taken stays until all is: SEEN makes the repeat harmless */
        timer_start(d->again, AGAIN_US);
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

    if (kind == ANSWER_DENIED) {
        error_set(&err, ERR_CONFIG, "redis denies the dispatcher to write: " STR_FMT,
                  STR_ARG(reply->text));
        process_fail(d->process, &err);
        return;
    }
    if (kind != ANSWER_FULL && kind != ANSWER_LOST)
        log_warn("the inbox waits", LOG_STR("topic", a->topic),
                 LOG_CSTR("meaning", answer_name(kind)), LOG_STR("answer", reply->text));
}

static void on_admitted(void *ctx, const struct reply *reply)
{
    struct call *c = ctx;
    struct dispatch *d = c->dispatch;

    if (reply && reply->type == REPLY_ARRAY && reply->n)
        reply = &reply->items[reply->n - 1];
    enum answer kind = answer_of(reply);
    c->admit->is_done = kind == ANSWER_GOOD || kind == ANSWER_SEEN;
    if (!c->admit->is_done)
        complain(d, c->admit, kind, reply);
    if (--d->waiting == 0)
        settle_round(d);
}

struct words { /* the arguments of one FCALL */
    struct arena *arena;
    str list[64];
    uint32_t n;
};

static void word(struct words *w, str s)
{
    w->list[w->n++] = s;
}

static void word_number(struct words *w, int64_t v)
{
    word(w, arena_printf(w->arena, "%" PRId64, v));
}

static void word_move(struct words *w, str name, int64_t delta)
{
    word(w, name);
    word_number(w, delta);
}

static void add_books(struct words *w, const struct admit *a)
{
    bool is_dead = str_is(a->topic, "dead");

    word_number(w, 5);
    word_move(w, arena_printf(w->arena, STR_FMT ":bytes", STR_ARG(a->topic)),
              (int64_t)a->pack.bytes);
    word_move(w, arena_printf(w->arena, STR_FMT ":records", STR_ARG(a->topic)),
              a->pack.records);
    word_move(w,
              is_dead ? STR("inbox:dead")
                      : arena_printf(w->arena, STR_FMT ":in", STR_ARG(a->topic)),
              a->pack.records);
    word_move(w, STR("inbox:filtered"), a->filtered);
    word_move(w, STR("inbox:in"), a->is_job ? 1 : a->rows);
}

static void add_source(struct dispatch *d, struct words *w, const struct entry *e,
                       const struct admit *a)
{
    uint64_t now = clock_wall_ms(d->process->services.clock);

    if (a->is_job) { /* its own hash: redis-cli HGETALL shows it from now on */
        word_number(w, 0);
        word_number(w, 3);
        word(w, STR("uri")), word(w, e->uri);
        word(w, STR("state")), word(w, STR("queued"));
        word(w, STR("queued")), word_number(w, (int64_t)now);
        word(w, STR("0"));
        return;
    }
    word_number(w, 4);
    word_move(w, STR("rows"), a->rows);
    word_move(w, STR("dead"), a->dead);
    word_move(w, STR("filtered"), a->filtered);
    word_move(w, STR("open"), a->open);
    word_number(w, 3);
    word(w, STR("uri")), word(w, arena_printf(w->arena, "inbox:" STR_FMT, STR_ARG(e->id)));
    word(w, STR("version")), word(w, e->id);
    word(w, STR("seen")), word_number(w, (int64_t)now);
    word_number(w, (int64_t)(now + SOURCE_KEEP_DAYS * day_ms));
}

static str topic_key(struct dispatch *d, struct arena *a, str topic)
{
    if (str_is(topic, "dead"))
        return keys_lane(&d->process->keys, a, "dead");
    return keys_topic(&d->process->keys, a, topic);
}

static void send_admit(struct dispatch *d, const struct entry *e, struct admit *a)
{
    struct process *p = d->process;
    struct arena *arena = &d->batch.arena;
    struct words w = {.arena = arena};
    struct call *c = arena_alloc(arena, sizeof(*c));
    str key = topic_key(d, arena, a->topic);
    str seen = arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(e->id), STR_ARG(a->topic));

    *c = (struct call){.dispatch = d, .admit = a};
    d->waiting++;
    redis_say(p->redis, arena, NULL, NULL, STR("MULTI"));
    for (const struct pack_entry *one = a->pack.first; one; one = one->next) {
        str *args = arena_alloc(arena, (3 + one->arg_count) * sizeof(str));
        args[0] = STR("XADD");
        args[1] = key;
        args[2] = STR("*");
        memcpy(args + 3, one->args, one->arg_count * sizeof(str));
        redis_send(p->redis, args, 3 + one->arg_count, arena, NULL, NULL);
    }
    word(&w, STR("FCALL")), word(&w, STR("sp1_admit")), word(&w, STR("4"));
    word(&w, key);
    word(&w, keys_lane(&p->keys, arena, "books"));
    word(&w, keys_seen(&p->keys, arena, seen));
    word(&w,
         a->is_job ? keys_job(&p->keys, arena, e->id) : keys_source(&p->keys, arena, e->src));
    word_number(&w, a->pack.entries);
    word_number(&w, SEEN_MS);
    word_number(&w, (int64_t)a->high);
    add_books(&w, a);
    add_source(d, &w, e, a);
    redis_send(p->redis, w.list, w.n, arena, NULL, NULL);
    redis_say(p->redis, arena, on_admitted, c, STR("EXEC"));
}

static void send_round(struct dispatch *d)
{
    d->waiting = 1; /* our own: early answers do not end the round */
    for (struct visit *v = d->visits; v; v = v->next)
        for (struct admit *a = v->admits; a; a = a->next)
            if (!a->is_done)
                send_admit(d, v->entry, a);
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

    d->is_reading = false;
    if (reply && reply->type == REPLY_ERROR) {
        log_warn("reading the inbox failed", LOG_STR("answer", reply->text));
        redis_drop(d->reader, "reading failed");
    }
    if (reply && reply->type == REPLY_ARRAY && reply->n == 1 && reply->items[0].n == 2)
        list = &reply->items[0].items[1];
    if (d->is_catching_up && reply && (!list || list->n == 0))
        d->is_catching_up = false;
    for (uint32_t i = 0; list && i < list->n; i++)
        if (list->items[i].n == 2 && list->items[i].items[1].type == REPLY_ARRAY)
            visit(d, &list->items[i]);
    if (!d->visits) {
        end_round(d);
        return;
    }
    d->is_busy = true;
    send_round(d);
}

static void pump(struct dispatch *d)
{
    str me = d->process->consumer;

    if (!d->is_begun || d->is_quiescing || d->is_reading || d->is_busy ||
        !d->process->is_library_there || !redis_is_ready(d->reader))
        return;
    d->is_reading = true;
    if (d->is_catching_up)
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
    if (reply && reply->type == REPLY_ERROR && !str_starts(reply->text, STR("BUSYGROUP")))
        log_error("cannot make a consumer group", LOG_STR("answer", reply->text));
    if (d->asks == 0 && reply)
        adopter_round(d->adopter);
    process_settled(d->process);
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
    d->taken = metrics_get("standpipe_records_accepted_total", METRIC_COUNTER,
                           "Inbox entries taken into the lanes.", STR(""));
    d->reader = redis_new(p->loop, &p->address, &events);
    d->again = timer_new(p->loop, on_again, d);
    d->adopter = adopter_new(p, d->topic, on_adopted, d);
    d->gauges = gauges_open(p);
    resume(p);
    return 0;
}

static void close_role(struct process *p)
{
    struct dispatch *d = p->work;

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
           gauges_is_idle(d->gauges);
}

static void release_role(struct process *p)
{
    const struct dispatch *d = p->work;

    adopter_release(d->adopter);
}

static void woken(struct process *p, str topic)
{
    struct dispatch *d = p->work;

    (void)topic;
    if (timer_is_running(d->again))
        timer_start(d->again, 0);
}

static const char *state(struct process *p)
{
    const struct dispatch *d = p->work;

    return timer_is_running(d->again) ? "held" : "running";
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
