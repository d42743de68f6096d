#include "common/run/consumer.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/io/answer.h"
#include "common/run/adopt.h"
#include "common/run/metrics.h"

enum { DIGITS = 20 };

struct consumer {
    struct process *process;
    struct redis *redis;
    struct adopter *adopter;
    str topic;
    loop_fn *wake;
    void *ctx;
    struct arena *arena; /* of the read under way, and who asked for it */
    consumer_read_done *done;
    void *done_ctx;
    bool is_begun, is_reading;
    bool is_catching_up; /* the next read asks for what is pending */
    bool is_pending;     /* the read under way does */
    bool is_adopted;     /* of what is pending; see struct reading */
};

/* What is pending. */

void consumer_catch_up(struct consumer *c)
{
    c->is_catching_up = true;
}

bool consumer_is_catching_up(const struct consumer *c)
{
    return c->is_catching_up;
}

static void on_ready(void *ctx)
{
    struct consumer *c = ctx;

    consumer_catch_up(c); /* an answer may have been lost on the way: its entries are ours */
    c->wake(c->ctx);
}

static void on_adopted(void *ctx, uint64_t taken)
{
    struct consumer *c = ctx;
    struct process *p = c->process;

    if (!c->is_begun) {
        c->is_begun = true;
        redis_connect(c->redis);
    }
    if (taken > 0) {
        c->is_adopted = true;
        consumer_catch_up(c);
    }
    c->wake(c->ctx);
    process_settled(p);
}

/* Whether nothing is pending any more: then what comes next was in nobody's hands. */
static bool has_caught_up(struct consumer *c, bool is_empty)
{
    if (!c->is_pending)
        return false;
    if (!is_empty)
        c->is_catching_up = true; /* there may be more */
    if (c->is_catching_up)
        return false;
    c->is_adopted = false;
    return true;
}

/* Reading. */

/* nil, or [[topic, [[id, [name, value, ...]], ...]]]; the list is empty when nothing is
 * pending, and a list of fields is nil when the entry was deleted. */
static const struct reply *list_of(const struct reply *reply)
{
    if (!reply || reply->type != REPLY_ARRAY || reply->n != 1 || reply->items[0].n != 2)
        return NULL;
    return &reply->items[0].items[1];
}

static void take(struct consumer *c, const struct reply *item, struct raw_entry *to)
{
    const struct reply *fields = &item->items[1];

    *to = (struct raw_entry){.id = item->items[0].text, .n = fields->n};
    to->fields = arena_alloc(c->arena, (fields->n + 1) * sizeof(*to->fields));
    for (uint32_t i = 0; i < fields->n; i++)
        to->fields[i] = fields->items[i].text;
}

/* An entry was deleted while it was ours. Let go of it on the connection that reads, so that
 * the next read does not find it again. */
static void let_go(struct consumer *c, str id)
{
    log_error("an entry was deleted while it was ours: its records are lost",
              LOG_STR("topic", c->topic), LOG_STR("id", id));
    metric_add(metrics_get("standpipe_lost_entries_total", METRIC_COUNTER,
                           "Entries that somebody deleted while they were being processed.",
                           STR("")),
               1);
    redis_say(c->redis, NULL, NULL, NULL, STR("XACK"), c->topic, STR("sp"), id);
}

static void take_all(struct consumer *c, const struct reply *list, struct reading *to)
{
    struct raw_entry *entries = arena_alloc(c->arena, (list->n + 1) * sizeof(*entries));

    to->entries = entries;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct reply *item = &list->items[i];
        if (item->type != REPLY_ARRAY || item->n != 2)
            continue;
        if (item->items[1].type == REPLY_ARRAY)
            take(c, item, &entries[to->n++]);
        else
            let_go(c, item->items[0].text);
    }
}

static void on_refused(struct consumer *c, const struct reply *reply)
{
    log_warn("reading failed", LOG_STR("topic", c->topic), LOG_STR("answer", reply->text));
    redis_drop(c->redis, "reading failed"); /* and begin again after a while */
    if (answer_of(reply) == ANSWER_GONE)
        process_begin_again(c->process); /* the group is made anew, from the first entry on */
}

static void on_read(void *ctx, const struct reply *reply)
{
    struct consumer *c = ctx;
    const struct reply *list = list_of(reply);
    struct reading got = {.is_pending = c->is_pending};
    bool is_refused = reply && reply->type == REPLY_ERROR;

    c->is_reading = false;
    if (is_refused && process_is_denied(c->process, reply, "read the topic"))
        return;
    if (is_refused)
        on_refused(c, reply);
    got.is_caught_up = has_caught_up(c, reply && !is_refused && (!list || list->n == 0));
    got.is_adopted = c->is_pending && c->is_adopted;
    if (list)
        take_all(c, list, &got);
    c->done(c->done_ctx, &got);
}

bool consumer_can_read(const struct consumer *c)
{
    return c->is_begun && !c->is_reading && c->process->is_library_there &&
           redis_is_ready(c->redis);
}

void consumer_read(struct consumer *c, struct arena *a, uint32_t count,
                   consumer_read_done *done, void *ctx)
{
    char digits[DIGITS];
    str n = {digits, (size_t)(str_write_u64(digits, count) - digits)};

    c->is_reading = true;
    c->is_pending = c->is_catching_up;
    c->is_catching_up = false; /* whoever takes entries over meanwhile sets it again */
    c->arena = a;
    c->done = done;
    c->done_ctx = ctx;
    redis_say(c->redis, a, on_read, c, STR("XREADGROUP"), STR("GROUP"), STR("sp"),
              c->process->consumer, STR("COUNT"), n, STR("BLOCK"), STR("500"), STR("STREAMS"),
              c->topic, c->is_pending ? STR("0") : STR(">")); /* "0" never blocks */
}

/* From the first to the last. */

struct consumer *consumer_new(struct process *p, str topic, loop_fn *wake, void *ctx)
{
    struct consumer *c = xalloc(sizeof(*c));
    const struct redis_events events = {.ready = on_ready, .ctx = c};

    *c = (struct consumer){.process = p, .topic = topic, .wake = wake, .ctx = ctx};
    c->redis = redis_new(p->loop, &p->address, &events);
    c->adopter = adopter_new(p, topic, on_adopted, c);
    return c;
}

void consumer_free(struct consumer *c)
{
    if (!c)
        return;
    redis_free(c->redis);
    adopter_free(c->adopter);
    free(c);
}

void consumer_begin(struct consumer *c)
{
    adopter_round(c->adopter);
}

bool consumer_has_begun(const struct consumer *c)
{
    return c->is_begun;
}

bool consumer_is_idle(const struct consumer *c)
{
    return !c->is_reading && adopter_is_idle(c->adopter);
}

void consumer_release(struct consumer *c)
{
    adopter_release(c->adopter);
}
