#include "workers/dispatch_round.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/data/entry.h"
#include "common/io/answer.h"
#include "common/run/metrics.h"
#include "workers/dispatch_admit.h"
#include "workers/dispatch_door.h"

enum { AGAIN_US = 250 * 1000 }; /* a full topic, or a Redis that cannot write */

struct visit { /* one inbox entry on its way in */
    struct visit *next;
    struct entry *entry;
    struct admit *admits;
};
struct round {
    struct process *process;
    str topic;
    loop_fn *ended;
    void *ctx;
    struct timer *again;
    struct arena arena; /* of a round */
    struct visit *visits;
    uint32_t waiting; /* answers */
    bool is_busy, is_quiescing;
    struct metric *taken;
};
struct call { /* one sp1_admit under way */
    struct round *round;
    struct admit *admit;
};

static void end_round(struct round *r)
{
    arena_reset(&r->arena);
    r->visits = NULL;
    r->is_busy = false;
    r->ended(r->ctx);
}

/* Every topic of an entry has it: the inbox lets it go, in one step. */

static void on_released(void *ctx, const struct reply *reply)
{
    struct round *r = ctx;

    if (!reply || reply->type == REPLY_ERROR) {
        timer_start(r->again, AGAIN_US); /* the admits are done; only this is asked again */
        return;
    }
    end_round(r);
}

static void release(struct round *r, uint32_t n)
{
    struct arena *a = &r->arena;
    struct redis *redis = r->process->redis;
    const str call[] = {STR("FCALL"),
                        STR("sp1_leave"),
                        STR("1"),
                        r->topic,
                        STR("sp"),
                        keys_lane(&r->process->keys, a, "books"),
                        arena_printf(a, "%" PRIu32, n)};
    str *args = arena_alloc(a, sizeof(call) + n * sizeof(str));

    memcpy(args, call, sizeof(call));
    n = ARRAY_LEN(call);
    for (const struct visit *v = r->visits; v; v = v->next, n++)
        args[n] = v->entry->id;
    redis_send(redis, args, n, a, on_released, r);
}

static bool is_in(const struct visit *v)
{
    for (const struct admit *a = v->admits; a; a = a->next)
        if (!a->is_done)
            return false;
    return true;
}

static void settle(struct round *r)
{
    uint32_t n = 0;

    for (const struct visit *v = r->visits; v; v = v->next, n++) {
        if (is_in(v))
            continue;
        timer_start(r->again, AGAIN_US); /* what is in stays in: the repeat answers SEEN */
        return;
    }
    metric_add(r->taken, n);
    r->process->records += n;
    release(r, n);
}

/* Admission. */

static void complain(struct round *r, const struct admit *a, enum answer kind,
                     const struct reply *reply)
{
    struct error err = {0};
    str text = reply ? reply->text : STR_NONE;

    if (kind == ANSWER_DENIED) {
        error_set(&err, ERR_CONFIG, "redis denies the dispatcher to write: " STR_FMT,
                  STR_ARG(text));
        process_fail(r->process, &err);
        return;
    }
    if (kind != ANSWER_FULL && kind != ANSWER_LOST)
        log_warn("the inbox waits", LOG_STR("topic", a->topic),
                 LOG_CSTR("meaning", answer_name(kind)), LOG_STR("answer", text));
    if (kind == ANSWER_RECONNECT)
        redis_drop(r->process->redis, "it is the wrong server now");
}

static void on_admitted(void *ctx, const struct reply *reply)
{
    struct call *c = ctx;
    struct round *r = c->round;
    enum answer kind = answer_of(reply);

    c->admit->is_done = kind == ANSWER_GOOD || kind == ANSWER_SEEN;
    if (!c->admit->is_done)
        complain(r, c->admit, kind, reply);
    if (--r->waiting == 0)
        settle(r);
}

static void ask(struct round *r, const struct entry *e, struct admit *a)
{
    struct process *p = r->process;
    struct call *c = arena_alloc(&r->arena, sizeof(*c));
    const struct admit_context to = {.redis = p->redis,
                                     .keys = &p->keys,
                                     .now_ms = clock_wall_ms(p->services.clock),
                                     .arena = &r->arena};

    *c = (struct call){.round = r, .admit = a};
    r->waiting++;
    admit_send(&to, e, a, on_admitted, c);
}

static void ask_all(struct round *r)
{
    r->waiting = 1; /* our own: early answers do not end the round */
    for (struct visit *v = r->visits; v; v = v->next)
        for (struct admit *a = v->admits; a; a = a->next)
            if (!a->is_done)
                ask(r, v->entry, a);
    if (--r->waiting == 0)
        settle(r);
}

static void on_again(void *ctx)
{
    struct round *r = ctx;

    if (r->is_quiescing)
        end_round(r);
    else if (redis_is_ready(r->process->redis) && r->process->is_library_there)
        ask_all(r);
    else
        timer_start(r->again, AGAIN_US);
}

/* From the first to the last. */

static struct visit *visit(struct round *r, const struct raw_entry *raw)
{
    struct process *p = r->process;
    const struct door_context door = {
        .pipeline = p->pipeline, .keys = &p->keys, .now_ms = clock_wall_ms(p->services.clock)};
    struct visit *v = arena_alloc(&r->arena, sizeof(*v));
    struct entry *e = arena_zalloc(&r->arena, sizeof(*e));
    struct batch one = {.arena = r->arena, .entries = e, .entry_count = 1};
    str detail = STR_NONE;
    const char *why = entry_decode(&one.arena, e, raw->id, raw->fields, raw->n, &detail);

    if (!why && !e->uri.n)
        batch_cut(&one);
    *v = (struct visit){.next = r->visits, .entry = e};
    v->admits = door_sort(&door, &one, e, why, detail);
    r->arena = one.arena;
    return v;
}

void round_begin(struct round *r, const struct reading *in)
{
    for (uint32_t i = 0; i < in->n; i++)
        r->visits = visit(r, &in->entries[i]);
    if (!r->visits) {
        end_round(r);
        return;
    }
    r->is_busy = true;
    ask_all(r);
}

struct round *round_new(struct process *p, str topic, loop_fn *ended, void *ctx)
{
    struct round *r = xalloc(sizeof(*r));

    *r = (struct round){.process = p, .topic = topic, .ended = ended, .ctx = ctx};
    r->again = timer_new(p->loop, on_again, r);
    r->taken = metrics_get("standpipe_inbox_entries_total", METRIC_COUNTER,
                           "Inbox entries taken into the lanes.", STR(""));
    return r;
}

void round_free(struct round *r)
{
    if (!r)
        return;
    timer_free(r->again);
    arena_free(&r->arena);
    free(r);
}

struct arena *round_arena(struct round *r)
{
    return &r->arena;
}

bool round_is_busy(const struct round *r)
{
    return r->is_busy;
}

bool round_is_held(const struct round *r)
{
    return timer_is_running(r->again);
}

void round_hurry(struct round *r)
{
    if (round_is_held(r))
        timer_start(r->again, 0);
}

void round_quiesce(struct round *r)
{
    r->is_quiescing = true;
    round_hurry(r);
}
