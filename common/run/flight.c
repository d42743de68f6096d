#include "common/run/runner.h"

#include "common/base/log.h"
#include "common/data/entry.h"
#include "common/run/metrics.h"

enum {
    COUNT_MAX = 256, /* entries a read, while they are small */
    SMALL_BATCH = 256 * 1024,
    LARGE_BATCH = 2 * 1024 * 1024,
    GIVE_UP_US = 1000 * 1000,
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
    b->marks = NULL;
}

static void step(struct flight *f)
{
    struct runner *r = f->runner;

    enum work work = r->def->kind->process(&r->worker, &f->batch);
    switch (work) {
    case WORK_DONE:
        flight_settle(f, false);
        break;
    case WORK_MORE:
        flight_settle(f, true);
        break;
    case WORK_LATER: /* runner_finish() or runner_give_up() was or will be called */
        break;
    case WORK_WAIT: /* runner_resume() will be called; until then it may be dropped */
        f->again = flight_process;
        break;
    }
    if (f->is_alone && (work == WORK_LATER || work == WORK_WAIT))
        flight_suspend(f);
    else if (f->is_alone)
        flight_acquit(f);
}

void flight_process(struct flight *f)
{
    struct runner *r = f->runner;
    struct batch *b = &f->batch;

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
    step(f);
}

void runner_finish(struct worker *w, struct batch *b)
{
    struct flight *f = b->owner;

    (void)w;
    flight_settle(f, false);
    if (f->is_alone)
        flight_acquit(f);
}

void runner_give_up(struct worker *w, struct batch *b, const struct error *err)
{
    log_warn("the stage cannot work now, its entries stay", LOG_STR("stage", w->name),
             LOG_ERROR_TEXT(err));
    flight_wait(b->owner, GIVE_UP_US, flight_process);
}

void runner_resume(struct worker *w, struct batch *b)
{
    struct flight *f = b->owner;

    (void)w;
    if (f->phase == FLIGHT_BUSY && f->again == flight_process)
        flight_wait(f, 0, flight_process);
}

/* Reading. */

static void decode(struct flight *f, const struct raw_entry *raw, bool is_pending,
                   struct entry *good, struct entry *bad)
{
    struct batch *b = &f->batch;
    struct entry e = {0};
    str detail = STR_NONE;

    if (entry_decode(&b->arena, &e, raw->id, raw->fields, raw->n, &detail)) {
        f->bad_details[f->bad_count] = detail;
        bad[f->bad_count++] = e;
    } else if (e.try > 0 && !is_pending && !f->runner->def->kind->wants_jobs) {
        runner_park(f->runner, &e);
    } else {
        good[b->entry_count++] = e;
    }
}

/* Good entries first, then what was not understood, in one array: the commit takes both. */
static size_t take_entries(struct flight *f, const struct reading *in)
{
    struct batch *b = &f->batch;
    struct entry *bad = arena_alloc(&b->arena, (in->n + 1) * sizeof(*bad));
    size_t bytes = 0;

    b->entries = arena_alloc(&b->arena, (in->n + 1) * sizeof(*b->entries));
    f->bad_details = arena_alloc(&b->arena, (in->n + 1) * sizeof(str));
    for (uint32_t i = 0; i < in->n; i++)
        decode(f, &in->entries[i], in->is_pending, b->entries, bad);
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

static void start_flight(struct flight *f, const struct reading *in)
{
    struct runner *r = f->runner;

    f->phase = FLIGHT_IDLE; /* not yet among those that own entries */
    size_t bytes = take_entries(f, in);
    if (f->batch.entry_count + f->bad_count == 0) {
        flight_drop(f);
        return;
    }
    if (!r->def->kind->wants_jobs)
        adapt_count(r, in->n, bytes);
    metric_add(r->bytes, bytes);
    f->phase = FLIGHT_BUSY;
    r->readings += in->is_pending;
    f->batch.reading = r->readings;
    f->batch.opened_us = clock_mono_us(r->process->services.clock);
    if (in->is_adopted)
        flight_examine(f);
    else
        flight_prepare(f);
}

static void on_read(void *ctx, const struct reading *in)
{
    struct flight *f = ctx;
    struct runner *r = f->runner;

    if (in->is_caught_up) {
        r->is_careful = false;
        if (r->is_more_due)
            runner_look_for_due(r);
    }
    start_flight(f, in);
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
    struct flight *f = idle_flight(r);
    bool is_pending = consumer_is_catching_up(r->consumer);

    if (r->is_quiescing || r->is_held || !f || !consumer_can_read(r->consumer))
        return;
    if (is_pending && (is_any_busy(r) || r->parks > 0))
        return; /* what is in flight is pending as well: finish it first */
    f->phase = FLIGHT_READING;
    consumer_read(r->consumer, &f->batch.arena, is_pending && r->is_careful ? 1 : r->count,
                  on_read, f);
}
