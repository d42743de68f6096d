/* What an answer does to the documents of its call. The rule: a parcel is settled only by what
 * is said of it, and what is not said is sent again. Trouble of the world slows the stage down
 * and costs no record an attempt. */
#include "workers/deliver.h"

#include <assert.h>

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

static void wait_us(struct deliver *s, uint64_t us)
{
    s->pace.resume_us = MAX(s->pace.resume_us, now_us(s) + us);
}

static void back_off(struct deliver *s)
{
    const struct services *v = s->worker->services;

    wait_us(s, pace_wait_us(&s->pace, v->random(v->random_ctx)));
}

void answer_settle(struct deliver *s, struct document *d)
{
    struct held *h = d->held;

    assert(h->open > 0);
    if (--h->open > 0)
        return;
    h->next = s->settled;
    s->settled = h;
}

static void settle_delivered(struct deliver *s, struct parcel *p)
{
    for (struct document *d = p->first, *next; d; d = next) {
        next = d->next;
        answer_settle(s, d);
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
        answer_settle(s, d);
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
        halves[i]->is_noted = p->is_noted;
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
    size_t taken = 0;

    for (uint32_t i = 0; i < c->count; i++)
        if (c->parcels[i]->outcome == OUTCOME_DELIVERED) {
            taken += c->parcels[i]->bytes;
            s->accepted++;
        }
    for (uint32_t i = 0; i < c->count; i++)
        if (c->parcels[i]->outcome == OUTCOME_DELIVERED)
            settle_delivered(s, c->parcels[i]);
        else
            apply_failure(s, c->parcels[i]);
    s->was_at_once = false;
    pace_answered(&s->pace, taken, c->bytes - taken, now_us(s));
    if (taken == c->bytes)
        s->pace.resume_us = 0; /* a success ends the wait of others */
    back_off(s);
}

static void obey_retry_after(struct deliver *s, str seconds)
{
    uint64_t n;

    if (str_to_u64(seconds, &n))
        wait_us(s, MIN(n, (uint64_t)RETRY_AFTER_MAX_S) * 1000000);
}

static void log_failure(const struct deliver *s, const struct call *c,
                        const struct http_answer *a, const struct judgement *j)
{
    log_warn("call failed", LOG_STR("stage", s->worker->name), LOG_U64("status", a->status),
             field("name", j->name), field("text", j->text), field("request", a->request_id),
             LOG_U64("records", c->count));
}

void answer_apply(struct deliver *s, const struct call *c, const struct http_answer *a,
                  const struct judgement *j)
{
    if (j->fate != FATE_ANSWERED) {
        metric_add(s->failed_calls, 1);
        log_failure(s, c, a, j);
    }
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

void answer_finish(struct deliver *s)
{
    while (s->settled) {
        struct held *h = s->settled;
        s->settled = h->next;
        s->held_count--;
        s->worker->host->finish(s->worker, h->batch);
    }
}
