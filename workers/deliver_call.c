/* Calls out, answers in. The rule: a parcel is settled only by what an answer says of it, and
 * what an answer does not say is sent again and counted. Trouble of the world slows the stage
 * down and costs no record an attempt. */
#include "workers/deliver.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/log.h"

enum {
    HOLD_US = 10000000,     /* before a call that a person has to mend */
    COMPLAIN_US = 60000000, /* between two errors for the operator */
    RETRY_AFTER_MAX_S = 60,
    DETAIL_BYTES = 256, /* of the destination's words in a dead letter */
};

static uint64_t now_us(const struct deliver *s)
{
    return clock_mono_us(s->worker->services->clock);
}

static uint64_t now_ms(const struct deliver *s)
{
    return clock_wall_ms(s->worker->services->clock);
}

static void wait_us(struct deliver *s, uint64_t us)
{
    s->pace.resume_us = MAX(s->pace.resume_us, now_us(s) + us);
}

static void back_off(struct deliver *s)
{
    const struct services *v = s->worker->services;

    wait_us(s, pace_wait_us(&s->pace, v->random(v->random_ctx)));
}

static void settle_document(struct deliver *s, struct document *d)
{
    struct held *h = d->held;

    assert(h->open > 0);
    if (--h->open > 0)
        return;
    h->next = s->settled;
    s->settled = h;
}

/* Last of all, when everything else is in order: the runner may hand us the next batch. */
static void finish_settled(struct deliver *s)
{
    while (s->settled) {
        struct held *h = s->settled;
        s->settled = h->next;
        s->held_count--;
        worker_finish(s->worker, h->batch);
    }
}

static void settle_delivered(struct deliver *s, struct parcel *p)
{
    for (struct document *d = p->first, *next; d; d = next) {
        next = d->next;
        settle_document(s, d);
    }
    parcel_release(s, p);
}

static void settle_dead(struct deliver *s, struct parcel *p, const char *reason, str code,
                        str text)
{
    text.n = MIN(text.n, (size_t)DETAIL_BYTES);
    for (struct document *d = p->first, *next; d; d = next) {
        next = d->next;
        str detail =
            arena_printf(&d->held->batch->arena, "%s: " STR_FMT "%s" STR_FMT, s->sink->name,
                         STR_ARG(code), text.n ? ": " : "", STR_ARG(text));
        record_settle(d->record, VERDICT_DEAD, str_of(reason), detail);
        settle_document(s, d);
    }
    parcel_release(s, p);
}

/* Its documents in two parcels, each to be tried alone. */
static void bisect_parcel(struct deliver *s, struct parcel *p)
{
    struct parcel *halves[2] = {parcel_take(s), parcel_take(s)};
    uint32_t i = 0;

    for (struct document *d = p->first, *next; d; d = next, i++) {
        next = d->next;
        parcel_append(halves[i >= (p->documents + 1) / 2], d);
    }
    for (i = 0; i < 2; i++) {
        halves[i]->group = ++s->last_group;
        halves[i]->attempts = p->attempts;
        halves[i]->born_us = p->born_us;
        queue_push(&s->again, halves[i]);
    }
    parcel_release(s, p);
}

/* A single document that is refused is a dead letter, but only by a destination that takes
 * others: one that takes nothing is set up wrongly, and would have us throw everything away. */
static bool refuse_document(struct deliver *s, struct parcel *p, const struct judgement *j)
{
    if (s->accepted) {
        settle_dead(s, p, "refused", j->name, j->text);
        return true;
    }
    p->group = ++s->last_group;
    queue_push(&s->again, p);
    return false;
}

static bool is_suspect(const struct judgement *j, uint32_t i)
{
    return i == j->culprit || i + 1 == j->culprit;
}

/* Those that are not accused first: they show whether the destination takes anything. */
static void accuse(struct deliver *s, const struct call *c, const struct judgement *j)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (!is_suspect(j, i)) {
            c->parcels[i]->group = 0;
            queue_push(&s->again, c->parcels[i]);
        }
    for (uint32_t i = 0; i < c->count; i++)
        if (is_suspect(j, i)) {
            c->parcels[i]->group = ++s->last_group;
            queue_push(&s->again, c->parcels[i]);
        }
}

static void bisect_call(struct deliver *s, const struct call *c)
{
    uint32_t halves[2] = {++s->last_group, ++s->last_group};

    for (uint32_t i = 0; i < c->count; i++) {
        c->parcels[i]->group = halves[i >= (c->count + 1) / 2];
        queue_push(&s->again, c->parcels[i]);
    }
}

static struct log_field field(const char *name, str text)
{
    return LOG_STR(name, text.n ? text : STR("-"));
}

static void complain(struct deliver *s, const struct http_answer *a, const struct judgement *j)
{
    uint64_t now = now_us(s);

    if (s->complained_us && now - s->complained_us < COMPLAIN_US)
        return;
    s->complained_us = now;
    log_error("destination takes nothing", LOG_STR("stage", s->worker->name),
              LOG_CSTR("sink", s->sink->name), LOG_U64("status", a->status),
              field("name", j->name), field("text", j->text), field("request", a->request_id));
}

static void apply_refusal(struct deliver *s, const struct call *c, const struct http_answer *a,
                          const struct judgement *j)
{
    struct parcel *p = c->parcels[0];

    if (c->count > 1) {
        if (j->culprit <= c->count)
            accuse(s, c, j);
        else
            bisect_call(s, c);
        return;
    }
    if (p->documents > 1) {
        bisect_parcel(s, p);
        return;
    }
    if (refuse_document(s, p, j))
        return;
    complain(s, a, j);
    pace_failed(&s->pace);
    back_off(s);
}

static void send_again(struct deliver *s, const struct call *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        queue_push(&s->again, c->parcels[i]);
}

/* An attempt counts only when the destination took others meanwhile: else it is the world that
 * fails, and that may last as long as it likes. */
static void apply_failure(struct deliver *s, struct parcel *p)
{
    p->attempts += p->is_attempt && s->accepted > p->others;
    p->others = s->accepted;
    if (p->attempts >= s->attempts) {
        settle_dead(s, p, "not_taken", p->code, STR("at its last attempt"));
        return;
    }
    p->group = 0;
    queue_push(&s->again, p);
}

static void apply_answer(struct deliver *s, const struct call *c)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < c->count; i++)
        taken += c->parcels[i]->outcome == OUTCOME_DELIVERED;
    s->accepted += taken;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->parcels[i]->outcome == OUTCOME_DELIVERED)
            settle_delivered(s, c->parcels[i]);
        else
            apply_failure(s, c->parcels[i]);
    s->was_at_once = false;
    pace_answered(&s->pace, c->count - taken, c->count);
    if (taken == c->count)
        s->pace.resume_us = 0; /* a success ends the wait of others */
    back_off(s);
}

static void obey_retry_after(struct deliver *s, str seconds)
{
    uint64_t n;

    if (str_to_u64(seconds, &n))
        wait_us(s, MIN(n, (uint64_t)RETRY_AFTER_MAX_S) * 1000000);
}

static void apply(struct deliver *s, const struct call *c, const struct http_answer *a,
                  const struct judgement *j)
{
    switch (j->fate) {
    case FATE_ANSWERED:
        apply_answer(s, c);
        return;
    case FATE_REFUSED:
        apply_refusal(s, c, a, j);
        return;
    case FATE_AT_ONCE:
        send_again(s, c);
        if (!s->was_at_once) {
            s->was_at_once = true;
            return;
        }
        break;
    case FATE_HELD:
        complain(s, a, j);
        send_again(s, c);
        wait_us(s, HOLD_US);
        break;
    case FATE_AGAIN:
        send_again(s, c);
        obey_retry_after(s, a->retry_after);
        break;
    }
    pace_failed(&s->pace);
    back_off(s);
}

static void on_answer(void *ctx, const struct http_answer *a)
{
    struct flight *f = ctx;
    struct deliver *s = f->owner;
    struct judgement j;

    f->http = NULL;
    s->active--;
    s->sink->judge(s->sink_state, &f->call, a, now_ms(s), &j);
    metric_add(s->calls, 1);
    metric_observe(s->seconds, (double)a->elapsed_us / 1e6);
    if (j.fate != FATE_ANSWERED) {
        metric_add(s->failed_calls, 1);
        log_warn("call failed", LOG_STR("stage", s->worker->name), LOG_U64("status", a->status),
                 field("name", j.name), field("text", j.text), field("request", a->request_id),
                 LOG_U64("records", f->call.count));
    }
    apply(s, &f->call, a, &j);
    deliver_pump(s);
    finish_settled(s);
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

static void count_ambiguous(struct deliver *s, const struct parcel *p)
{
    if (p->outcome != OUTCOME_AMBIGUOUS)
        return;
    for (const struct document *d = p->first; d; d = d->next)
        d->held->batch->ambiguous++;
    metric_add(s->ambiguous, p->documents);
}

static void send_call(struct deliver *s)
{
    struct flight *f = s->flights;

    while (f->http)
        f++;
    fill_call(s, &f->call);
    for (uint32_t i = 0; i < f->call.count; i++)
        count_ambiguous(s, f->call.parcels[i]);
    s->sink->encode(s->sink_state, &f->call, now_ms(s));
    f->http = http_send(s->worker->services->http, &f->call.request, on_answer, f);
    s->active++;
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
           now >= linger_ends_us(s);
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
        due = s->pace.resume_us;
    if (due == UINT64_MAX || (!s->again.first && !s->fresh.first && !s->filling))
        return;
    due = MAX(due, s->pace.resume_us);
    timer_start(s->timer, due > now ? due - now : 0);
}

void deliver_pump(struct deliver *s)
{
    for (;;) {
        uint64_t now = now_us(s);
        uint32_t room = pace_is_failing(&s->pace) ? 1 : s->limits.in_flight;
        if (s->active >= room) {
            timer_stop(s->timer); /* the next answer comes back here */
            return;
        }
        if (now < s->pace.resume_us || !has_call(s, now)) {
            set_timer(s, now);
            return;
        }
        send_call(s);
    }
}

void deliver_cancel(struct deliver *s)
{
    for (uint32_t i = 0; i < s->limits.in_flight; i++) {
        if (!s->flights[i].http)
            continue;
        http_cancel(s->flights[i].http);
        s->flights[i].http = NULL;
        for (uint32_t k = 0; k < s->flights[i].call.count; k++)
            parcel_release(s, s->flights[i].call.parcels[k]);
    }
}
