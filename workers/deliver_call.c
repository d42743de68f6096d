/* Calls out: what may go into one, when it is full or old enough to leave, and when the pace
 * lets it. */
#include "workers/deliver.h"

enum { NOTE_AGAIN_US = 100000, READY_AGAIN_US = 100000 };

static uint64_t now_us(const struct deliver *s)
{
    return clock_mono_us(s->worker->services->clock);
}

static uint64_t now_ms(const struct deliver *s)
{
    return clock_wall_ms(s->worker->services->clock);
}

static void take_answer(struct flight *f, const struct http_answer *a)
{
    struct deliver *s = f->owner;
    struct judgement j;

    f->is_busy = false;
    s->active--;
    s->sink->judge(s->sink_state, &f->call, a, now_ms(s), &j);
    metric_add(s->calls, 1);
    metric_observe(s->seconds, (double)a->elapsed_us / 1e6);
    call_count_ambiguous(s, &f->call);
    answer_apply(s, &f->call, a, &j);
    deliver_pump(s);
    answer_finish(s);
}

static void take_kept_answer(void *ctx)
{
    struct flight *f = ctx;

    take_answer(f, &f->answer);
}

/* An answer whose reading may kill us is kept until a mark stands. */
static void on_answer(void *ctx, const struct http_answer *a)
{
    struct flight *f = ctx;
    struct arena *to = &f->arena;

    f->http = NULL;
    if (!f->owner->is_alone) {
        take_answer(f, a);
        return;
    }
    arena_reset(to);
    f->answer = (struct http_answer){
        .failure = a->failure ? arena_copy(to, str_of(a->failure)).p : NULL,
        .was_sent = a->was_sent,
        .status = a->status,
        .body = arena_copy(to, a->body),
        .date = arena_copy(to, a->date),
        .error_type = arena_copy(to, a->error_type),
        .request_id = arena_copy(to, a->request_id),
        .retry_after = arena_copy(to, a->retry_after),
        .elapsed_us = a->elapsed_us,
    };
    f->owner->worker->host->announce(f->owner->worker, take_kept_answer, f);
}

static bool call_take(struct deliver *s, struct call *c, struct queue *from)
{
    struct parcel *p = from->first;

    if (c->count &&
        (c->count == s->limits.call_parcels || c->bytes + p->bytes > s->limits.call_bytes))
        return false;
    c->parcels[c->count++] = queue_pop(from);
    c->bytes += p->bytes;
    return true;
}

/* What was sent before goes first, and a group of suspects goes alone. */
static void fill_call(struct deliver *s, struct call *c)
{
    struct queue *again = &s->again, *fresh = &s->fresh;
    uint32_t group = again->first ? again->first->group : 0;
    bool is_wary = group && s->accepted == 0 && fresh->first;

    c->count = 0;
    c->bytes = 0;
    while (!is_wary && again->first && again->first->group == group)
        if (!call_take(s, c, again))
            return;
    if (group && !is_wary)
        return;
    while (fresh->first && call_take(s, c, fresh))
        ;
}

static void begin_call(struct deliver *s, struct flight *f)
{
    call_drop_lost(f);
    if (f->call.count == 0) {
        f->is_busy = false;
        s->active--;
        return;
    }
    s->sink->encode(s->sink_state, &f->call, now_ms(s));
    f->http = http_send(s->worker->services->http, &f->call.request, on_answer, f);
}

/* Not noted: it does not go out, as if it had not been tried. */
static void put_back(struct deliver *s, struct flight *f)
{
    for (uint32_t i = 0; i < f->call.count; i++)
        queue_push(&s->again, f->call.parcels[i]);
    f->is_busy = false;
    s->active--;
    s->pace.resume_us = MAX(s->pace.resume_us, now_us(s) + NOTE_AGAIN_US);
}

static void go_out(void *ctx)
{
    struct flight *f = ctx;
    struct deliver *s = f->owner;

    call_noted(f);
    begin_call(s, f);
    deliver_pump(s);
    answer_finish(s);
}

void call_on_noted(void *ctx, bool is_noted)
{
    struct flight *f = ctx;
    struct deliver *s = f->owner;

    if (is_noted && s->is_alone) {
        s->worker->host->announce(s->worker, go_out, f);
    } else if (is_noted) {
        go_out(f);
    } else {
        put_back(s, f);
        deliver_pump(s);
        answer_finish(s);
    }
}

static void send_call(struct deliver *s)
{
    struct flight *f = s->flights;

    while (f->is_busy)
        f++;
    fill_call(s, &f->call);
    f->is_busy = true;
    s->active++;
    pace_sent(&s->pace, f->call.bytes, now_us(s));
    call_note(f);
    if (f->notes.count == 0)
        begin_call(s, f);
    else
        s->worker->host->note(s->worker, &f->notes);
}

static uint64_t linger_ends_us(const struct deliver *s)
{
    const struct parcel *oldest = s->fresh.first ? s->fresh.first : s->filling;

    return oldest ? oldest->born_us + s->linger_ms * 1000 : UINT64_MAX;
}

/* Nothing more would join: a call is full, the runner waits for us, or it is time. */
static bool is_fresh_ripe(const struct deliver *s, uint64_t now)
{
    const struct sink_limits *l = &s->limits;

    return s->fresh.count >= l->call_parcels || s->held_count >= DELIVER_BATCHES_FULL ||
           s->fresh.bytes + MAX(l->parcel_bytes, (size_t)1) > l->call_bytes || s->is_flushing ||
           s->is_alone || now >= linger_ends_us(s);
}

static bool has_call(struct deliver *s, uint64_t now)
{
    if (s->fresh.first || s->filling) {
        bool is_ripe = is_fresh_ripe(s, now);
        if (is_ripe && s->fresh.bytes < s->limits.call_bytes)
            pack_close(s);
        if (is_ripe)
            return true;
    }
    return s->again.first;
}

static void set_timer(struct deliver *s, uint64_t now)
{
    uint64_t due = linger_ends_us(s);

    timer_stop(s->timer);
    if (s->again.first || is_fresh_ripe(s, now))
        due = pace_due_us(&s->pace);
    if (due == UINT64_MAX || (!s->again.first && !s->fresh.first && !s->filling))
        return;
    due = MAX(due, pace_due_us(&s->pace));
    timer_start(s->timer, due > now ? due - now : 0);
}

static void pump(struct deliver *s)
{
    for (;;) {
        uint64_t now = now_us(s);
        uint32_t room = pace_is_failing(&s->pace) ? 1 : s->limits.in_flight;
        if (s->active >= room) {
            timer_stop(s->timer); /* the next answer comes back here */
            return;
        }
        if (now < pace_due_us(&s->pace) || !has_call(s, now)) {
            set_timer(s, now);
            return;
        }
        if (!s->sink->is_ready(s->sink_state)) {
            s->pace.resume_us = MAX(s->pace.resume_us, now + READY_AGAIN_US);
            set_timer(s, now);
            return;
        }
        send_call(s);
    }
}

void deliver_pump(struct deliver *s)
{
    pump(s);
    if (s->settled)
        timer_start(s->timer, 0); /* without an answer: whoever called us may not finish them */
}

void deliver_cancel(struct deliver *s)
{
    for (uint32_t i = 0; i < s->limits.in_flight; i++) {
        if (!s->flights[i].is_busy)
            continue;
        if (s->flights[i].http)
            http_cancel(s->flights[i].http);
        s->flights[i].http = NULL;
        s->flights[i].is_busy = false;
        for (uint32_t k = 0; k < s->flights[i].call.count; k++)
            parcel_release(s, s->flights[i].call.parcels[k]);
    }
}
