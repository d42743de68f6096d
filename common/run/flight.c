#include "common/run/runner.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/data/entry.h"
#include "common/run/metrics.h"

enum {
    COUNT_MAX = 256, /* entries a read, while they are small */
    SMALL_BATCH = 256 * 1024,
    LARGE_BATCH = 2 * 1024 * 1024,
    GIVE_UP_US = 1000 * 1000,
    ID_MAX = 48, /* of a stream */
};

void flight_on_timer(void *ctx)
{
    struct flight *f = ctx;
    void (*again)(struct flight *) = f->again;

    f->again = NULL;
    again(f);
}

void flight_wait(struct flight *f, uint64_t us, void (*again)(struct flight *f))
{
    f->again = again;
    timer_start(f->timer, us);
}

static struct flight *idle_flight(struct runner *r)
{
    for (struct flight *f = r->flights; f; f = f->next)
        if (f->phase == FLIGHT_IDLE)
            return f;
    return NULL;
}

void flight_drop(struct flight *f)
{
    struct arena arena = f->batch.arena;

    timer_stop(f->timer);
    arena_reset(&arena);
    *f = (struct flight){.next = f->next, .runner = f->runner, .timer = f->timer};
    f->batch = (struct batch){.arena = arena, .owner = f};
}

void flight_end(struct flight *f)
{
    struct runner *r = f->runner;

    flight_drop(f);
    runner_pump(r);
    process_settled(r->process);
}

static void begin_step(struct flight *f)
{
    struct batch *b = &f->batch;

    arena_rewind(&b->arena, f->mark);
    b->records = NULL;
    b->record_count = b->record_room = 0;
    b->progress = NULL;
}

static void step(struct flight *f)
{
    struct runner *r = f->runner;

    switch (r->def->kind->process(&r->worker, &f->batch)) {
    case WORK_DONE:
        flight_settle(f, false);
        break;
    case WORK_MORE:
        flight_settle(f, true);
        break;
    case WORK_LATER: /* worker_finish() or worker_give_up() was or will be called */
        break;
    }
}

void flight_process(struct flight *f)
{
    struct runner *r = f->runner;
    struct batch *b = &f->batch;
    bool is_alone = f->is_alone;
    char id[ID_MAX]; /* the batch may be gone behind the step */

    if (r->is_held && r->def->kind->wants_jobs && !r->is_quiescing) {
        f->again = flight_process; /* the gate calls when it opens */
        return;
    }
    begin_step(f);
    if (b->entry_count == 0) { /* none was understood */
        flight_settle(f, false);
        return;
    }
    if (!r->def->kind->wants_jobs)
        batch_cut(b);
    if (!flight_may_go(f))
        return;
    snprintf(id, sizeof(id), STR_FMT, STR_ARG(b->entries[0].id));
    step(f);
    if (is_alone)
        runner_acquit(r, str_of(id));
}

void worker_finish(struct worker *w, struct batch *b)
{
    (void)w;
    flight_settle(b->owner, false);
}

void worker_give_up(struct worker *w, struct batch *b, const struct error *err)
{
    log_warn("the stage cannot work now, its entries stay", LOG_STR("stage", w->name),
             LOG_ERROR_TEXT(err));
    flight_wait(b->owner, GIVE_UP_US, flight_process);
}

/* Reading. */

static void decode(struct flight *f, const struct reply *item, struct entry *good,
                   struct entry *bad)
{
    struct batch *b = &f->batch;
    const struct reply *fields = &item->items[1];
    str *list = arena_alloc(&b->arena, (fields->n + 1) * sizeof(*list));
    struct entry e = {0};
    str detail = STR_NONE;

    for (uint32_t i = 0; i < fields->n; i++)
        list[i] = fields->items[i].text;
    if (entry_decode(&b->arena, &e, item->items[0].text, list, fields->n, &detail)) {
        f->bad_details[f->bad_count] = detail;
        bad[f->bad_count++] = e;
    } else if (e.try > 0 && !f->runner->is_reading_ours && !f->runner->def->kind->wants_jobs) {
        runner_park(f->runner, &e);
    } else {
        good[b->entry_count++] = e;
    }
}

/* Good entries first, then what was not understood, in one array: the commit takes both. */
static size_t take_entries(struct flight *f, const struct reply *list)
{
    struct runner *r = f->runner;
    struct batch *b = &f->batch;
    struct entry *bad = arena_alloc(&b->arena, (list->n + 1) * sizeof(*bad));
    size_t bytes = 0;

    b->entries = arena_alloc(&b->arena, (list->n + 1) * sizeof(*b->entries));
    f->bad_details = arena_alloc(&b->arena, (list->n + 1) * sizeof(str));
    for (uint32_t i = 0; i < list->n; i++) {
        const struct reply *item = &list->items[i];
        if (item->type != REPLY_ARRAY || item->n != 2)
            continue;
        if (item->items[1].type == REPLY_ARRAY)
            decode(f, item, b->entries, bad);
        else
            process_lost_entry(r->reader, r->topic, item->items[0].text);
    }
    f->bad = b->entries + b->entry_count;
    memcpy(f->bad, bad, f->bad_count * sizeof(*bad));
    batch_each_entry(e, b)
        bytes += e->data.n;
    return bytes;
}

static void adapt_count(struct runner *r, uint32_t entries, size_t bytes)
{
    if (bytes > LARGE_BATCH && r->count > 1)
        r->count /= 2;
    else if (entries == r->count && bytes < SMALL_BATCH && r->count < COUNT_MAX)
        r->count *= 2;
}

static void start_flight(struct flight *f, const struct reply *list)
{
    struct runner *r = f->runner;

    f->phase = FLIGHT_IDLE; /* not yet among those that own entries */
    size_t bytes = take_entries(f, list);
    if (f->batch.entry_count + f->bad_count == 0) {
        flight_drop(f);
        return;
    }
    if (!r->def->kind->wants_jobs)
        adapt_count(r, list->n, bytes);
    metric_add(r->bytes, bytes);
    f->phase = FLIGHT_BUSY;
    f->batch.reading = r->readings;
    f->batch.opened_us = clock_mono_us(r->process->services.clock);
    if (r->is_reading_ours)
        flight_examine(f);
    else
        flight_prepare(f);
}

static void end_catching_up(struct runner *r)
{
    r->is_adopted = r->is_careful = false;
    if (r->is_more_due)
        runner_look_for_due(r);
}

/* nil, or [[topic, [[id, [name, value, ...]], ...]]]; empty when a commit was undone. */
static void on_read(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;
    struct runner *r = f->runner;
    const struct reply *list = NULL;
    bool is_good = reply && reply->type != REPLY_ERROR;

    r->is_reading = false;
    if (reply && reply->type == REPLY_ARRAY && reply->n == 1 && reply->items[0].n == 2)
        list = &reply->items[0].items[1];
    if (reply && reply->type == REPLY_ERROR) {
        if (process_is_denied(r->process, reply, "read the topic"))
            return;
        log_warn("reading failed", LOG_STR("topic", r->topic), LOG_STR("answer", reply->text));
        redis_drop(r->reader, "reading failed"); /* and begin again after a while */
        if (answer_of(reply) == ANSWER_GONE)
            process_begin_again(
                r->process); /* the group is made anew, from the first entry on */
    }
    if (r->is_reading_ours && !(is_good && (!list || list->n == 0)))
        r->is_catching_up = true; /* there may be more */
    else if (r->is_reading_ours && !r->is_catching_up)
        end_catching_up(r);
    if (list && list->n > 0)
        start_flight(f, list);
    else
        flight_drop(f);
    runner_pump(r);
    process_settled(r->process);
}

static bool is_any_busy(const struct runner *r)
{
    for (const struct flight *f = r->flights; f; f = f->next)
        if (f->phase == FLIGHT_BUSY)
            return true;
    return false;
}

void runner_pump(struct runner *r)
{
    char digits[20];
    struct flight *f = idle_flight(r);

    if (!r->is_begun || r->is_quiescing || r->is_reading || r->is_held || !f ||
        !r->process->is_library_there || !redis_is_ready(r->reader))
        return;
    if (r->is_catching_up && (is_any_busy(r) || r->parks > 0))
        return; /* what is in flight stands in our pending list as well: finish it first */
    r->is_reading = true;
    r->is_reading_ours = r->is_catching_up;
    f->phase = FLIGHT_READING;
    uint32_t n = r->is_reading_ours && r->is_careful ? 1 : r->count;
    str count = {digits, (size_t)(str_write_u64(digits, n) - digits)};
    r->readings += r->is_reading_ours;
    r->is_catching_up = false; /* whoever takes entries over meanwhile sets it again */
    if (r->is_reading_ours)
        redis_say(r->reader, &f->batch.arena, on_read, f, STR("XREADGROUP"), STR("GROUP"),
                  STR("sp"), r->process->consumer, STR("COUNT"), count, STR("STREAMS"),
                  r->topic, STR("0"));
    else
        redis_say(r->reader, &f->batch.arena, on_read, f, STR("XREADGROUP"), STR("GROUP"),
                  STR("sp"), r->process->consumer, STR("COUNT"), count, STR("BLOCK"),
                  STR("500"), STR("STREAMS"), r->topic, STR(">"));
}
