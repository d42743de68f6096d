/* Records to be tried again later: parking their entries, and taking what is due. The payload
 * stays in the topic all the while. */
#include "common/base/log.h"
#include "common/io/answer.h"
#include "common/run/metrics.h"
#include "common/run/runner.h"

enum {
    LOOK_US = 1500 * 1000, /* when nobody told that something is due */
    DIGITS = 20,
};

static str later_key(struct runner *r)
{
    if (!r->later.n)
        r->later = keys_lane(&r->process->keys, &r->arena, "later");
    return r->later;
}

/* What could not be parked stands in our pending list, and is worked on at once. */
static void on_parked(void *ctx, const struct reply *reply)
{
    struct runner *r = ctx;
    enum answer kind = answer_of(reply);

    r->parks--;
    if (kind == ANSWER_GOOD) {
        metric_add(metrics_get("standpipe_parked_total", METRIC_COUNTER,
                               "Entries put aside to be tried again later.", STR("")),
                   1);
    } else if (kind != ANSWER_DONE && kind != ANSWER_FENCED) {
        if (reply)
            log_warn("an entry cannot be put aside, it is tried again now",
                     LOG_STR("topic", r->topic), LOG_STR("answer", reply->text));
        consumer_catch_up(r->consumer);
    }
    runner_pump(r);
    process_settled(r->process);
}

void runner_park(struct runner *r, const struct entry *e)
{
    struct process *p = r->process;
    uint64_t random = p->services.random(p->services.random_ctx);
    uint64_t delay = retry_delay_ms(&r->def->retry, e->try, random);
    char digits[DIGITS];

    r->parks++;
    redis_say(p->redis, NULL, on_parked, r, STR("FCALL"), STR("sp1_park"), STR("2"), r->topic,
              later_key(r), STR("sp"), p->consumer, e->id, r->def->name,
              (str){digits, (size_t)(str_write_u64(digits, delay) - digits)});
}

static void on_due(void *ctx, const struct reply *reply)
{
    struct runner *r = ctx;

    r->asks--;
    r->is_asking_due = false;
    if (reply && reply->type == REPLY_ERROR)
        log_warn("cannot look for entries that are due", LOG_STR("topic", r->topic),
                 LOG_STR("answer", reply->text));
    if (reply && reply->type == REPLY_ARRAY && reply->n == 3) {
        if (reply->items[0].integer > 0)
            consumer_catch_up(r->consumer);
        if (reply->items[2].integer > 0)
            log_error("entries were deleted while they were put aside: their records are lost",
                      LOG_STR("topic", r->topic),
                      LOG_U64("entries", (uint64_t)reply->items[2].integer));
        r->is_more_due |= reply->items[1].integer > 0;
    }
    runner_pump(r);
    process_settled(r->process);
}

void runner_look_for_due(struct runner *r)
{
    const struct process *p = r->process;

    if (r->def->kind->wants_jobs)
        return; /* a job is no record */
    timer_start(r->due, LOOK_US);
    if (r->is_asking_due || !consumer_has_begun(r->consumer) || r->is_quiescing || r->is_held ||
        !p->is_library_there || !redis_is_ready(p->redis))
        return;
    r->is_more_due = consumer_is_catching_up(r->consumer);
    if (r->is_more_due) /* first what was taken before */
        return;
    r->is_asking_due = true;
    r->asks++;
    redis_say(p->redis, NULL, on_due, r, STR("FCALL"), STR("sp1_due"), STR("2"), r->topic,
              later_key(r), STR("sp"), p->consumer, r->def->name, STR("256"));
}

void runner_on_due_timer(void *ctx)
{
    runner_look_for_due(ctx);
}
