#include "common/run/runner.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/run/levels.h"
#include "common/run/metrics.h"

enum {
    COUNT_FIRST = 16,  /* entries a read; a job a read */
    FLIGHTS_LEAST = 2, /* one is processed while the commit of the other is answered */
    GATE_POLL_US = 250 * 1000,
    BEGIN_AGAIN_US = 500 * 1000,
};

/* Gate: read only while every topic that we feed is below its high mark; once above, until all
 * are below their low marks. Files wait, too, while the dead letters are at their bound. */

static bool is_any_above(const struct runner *r, bool high)
{
    const struct pipeline *p = r->process->pipeline;

    for (uint32_t i = 0; i < p->stage_count; i++) {
        uint64_t mark = high ? p->stages[i].high_bytes : p->stages[i].low_bytes;
        if (r->is_output & (1ULL << i) && r->process->levels[i] > (int64_t)mark)
            return true;
    }
    return false;
}

static void on_levels(void *ctx)
{
    runner_look_at_gate(ctx);
}

static void on_gate_timer(void *ctx)
{
    struct runner *r = ctx;

    levels_ask(r->process, on_levels, r);
    timer_start(r->gate, GATE_POLL_US);
}

void runner_look_at_gate(struct runner *r)
{
    bool was_held = r->is_held;

    r->is_held = is_any_above(r, !was_held) ||
                 (r->def->kind->wants_jobs && levels_is_dead_full(r->process));
    if (r->is_held == was_held)
        return;
    metric_set(r->held_metric, r->is_held);
    if (r->is_held) {
        timer_start(r->gate, GATE_POLL_US);
        return;
    }
    timer_stop(r->gate);
    for (struct flight *f = r->flights; f; f = f->next)
        if (f->phase == FLIGHT_BUSY && f->again == flight_process)
            flight_wait(f, 0, flight_process);
    runner_pump(r);
}

/* Beginning: the group, what dead workers hold, the levels of the topics we feed; then reading.
 */

static void on_wake(void *ctx)
{
    runner_pump(ctx);
}

static void on_group(void *ctx, const struct reply *reply)
{
    struct runner *r = ctx;

    r->asks--;
    if (reply && process_is_denied(r->process, reply, "make a consumer group"))
        return;
    /* A full redis refuses it though the group is there: whoever cannot read will hear so. */
    if (reply && (reply->type != REPLY_ERROR || str_starts(reply->text, STR("BUSYGROUP")) ||
                  answer_of(reply) == ANSWER_OOM)) {
        consumer_begin(r->consumer);
        levels_ask(r->process, on_levels, r);
    } else if (reply) {
        log_warn("cannot make the consumer group yet", LOG_STR("topic", r->topic),
                 LOG_STR("answer", reply->text));
        timer_start(r->again, BEGIN_AGAIN_US);
    }
    process_settled(r->process);
}

static void on_again(void *ctx)
{
    struct runner *r = ctx;

    if (!r->is_quiescing)
        process_begin_again(r->process);
}

void runner_begin(struct runner *r)
{
    timer_stop(r->again);
    r->asks++;
    redis_say(r->process->redis, NULL, on_group, r, STR("XGROUP"), STR("CREATE"), r->topic,
              STR("sp"), STR("0"), STR("MKSTREAM"));
    for (struct flight *f = r->flights; f; f = f->next)
        if (f->again && f->again != flight_process)
            flight_wait(f, 0, f->again);
    if (!timer_is_running(r->due))
        runner_look_for_due(r);
    runner_pump(r);
}

/* Opening and closing. */

static uint64_t outputs_of(const struct pipeline *p, uint32_t stage)
{
    str from = p->stages[stage].name;
    uint64_t outputs = 0;

    for (uint32_t i = 0; i < p->routes.n; i++) {
        const struct route *row = &p->routes.rows[i];
        if (row->act != ROUTE_TO || !str_equal(row->from, from))
            continue;
        for (uint32_t j = 0; j < row->to_count; j++)
            outputs |= 1ULL << row->to[j];
    }
    for (const struct pipeline_window *w = p->windows; w < p->windows + p->window_count; w++)
        if (w->on == stage && w->has_late)
            outputs |= 1ULL << w->late;
    return outputs;
}

static const struct host host = {
    .finish = runner_finish,
    .give_up = runner_give_up,
    .resume = runner_resume,
    .announce = runner_announce,
    .note = runner_note,
    .job = runner_job,
    .columns = runner_columns,
    .source = runner_source,
};

static str uri_of(void *ctx, str src)
{
    struct runner *r = ctx;
    struct source_info info;

    return runner_source(&r->worker, src, &info) ? info.uri : STR_NONE;
}

static void open_metrics(struct runner *r)
{
    str label = arena_printf(&r->arena, "stage=\"" STR_FMT "\"", STR_ARG(r->def->name));

    r->records = metrics_get("standpipe_records_total", METRIC_COUNTER,
                             "Records of the entries that were committed.", label);
    r->bytes = metrics_get("standpipe_read_bytes_total", METRIC_COUNTER,
                           "Bytes of data read from the topic.", label);
    r->commits = metrics_get("standpipe_commit_seconds", METRIC_HISTOGRAM,
                             "Time from sending a commit to its answer.", label);
    r->fenced = metrics_get("standpipe_fenced_total", METRIC_COUNTER,
                            "Commits refused because another worker owns an entry.", label);
    r->held_metric = metrics_get("standpipe_held", METRIC_GAUGE,
                                 "1 while a full output topic stops this stage.", label);
}

static int open_stage(struct runner *r, struct error *err)
{
    struct process *p = r->process;
    struct findings findings = {.arena = &r->arena};

    r->worker = (struct worker){.stage = r->def->kind,
                                .services = &p->services,
                                .name = r->def->name,
                                .config = r->def->config,
                                .arena = &r->arena,
                                .host = &host,
                                .runner = r};
    r->worker.state = arena_zalloc(&r->arena, r->def->kind->state_size);
    setting_fill(r->def->kind->settings, r->def->config, r->worker.state, &findings);
    if (findings.errors)
        return error_set(err, ERR_CONFIG, "stage '" STR_FMT "': " STR_FMT,
                         STR_ARG(r->def->name), STR_ARG(findings.list[0].text));
    return r->def->kind->open ? r->def->kind->open(&r->worker, err) : 0;
}

static void open_flights(struct runner *r)
{
    const struct stage *kind = r->def->kind;
    uint32_t n = kind->wants_jobs ? 1 : MAX(kind->max_inflight, (uint32_t)FLIGHTS_LEAST);

    for (uint32_t i = 0; i < n; i++) {
        struct flight *f = xalloc(sizeof(*f));
        *f = (struct flight){.next = r->flights, .runner = r};
        f->batch.owner = f;
        f->timer = timer_new(r->process->loop, flight_on_timer, f);
        r->flights = f;
    }
}

struct runner *runner_open(struct process *p, uint32_t stage, struct error *err)
{
    struct runner *r = xalloc(sizeof(*r));

    r->process = p;
    r->def = &p->pipeline->stages[stage];
    r->count = r->def->kind->wants_jobs ? 1 : COUNT_FIRST;
    r->out = (struct output_context){.pipeline = p->pipeline,
                                     .stage = stage,
                                     .keys = &p->keys,
                                     .uri_of = uri_of,
                                     .uri_ctx = r};
    r->out.closed = arena_zalloc(&r->arena, (p->pipeline->window_count + 1) * sizeof(uint64_t));
    r->topic = keys_topic(&p->keys, &r->arena, r->def->name);
    if (r->def->kind->is_end)
        r->notes = keys_notes(&p->keys, &r->arena, r->def->name);
    r->channel = arena_printf(&r->arena, STR_FMT ":wake:" STR_FMT, STR_ARG(p->keys.prefix),
                              STR_ARG(r->def->name));
    r->is_output = outputs_of(p->pipeline, stage);
    open_metrics(r);
    if (open_stage(r, err)) {
        arena_free(&r->arena);
        free(r);
        return NULL;
    }
    open_flights(r);
    r->consumer = consumer_new(p, r->topic, on_wake, r);
    r->gate = timer_new(p->loop, on_gate_timer, r);
    r->due = timer_new(p->loop, runner_on_due_timer, r);
    r->again = timer_new(p->loop, on_again, r);
    return r;
}

void runner_close(struct runner *r)
{
    if (!r)
        return;
    if (r->def->kind->close)
        r->def->kind->close(&r->worker);
    consumer_free(r->consumer);
    timer_free(r->gate);
    timer_free(r->due);
    timer_free(r->again);
    for (struct flight *f = r->flights, *next; f; f = next) {
        next = f->next;
        timer_free(f->timer);
        arena_free(&f->batch.arena);
        free(f);
    }
    arena_free(&r->source_arena);
    arena_free(&r->arena);
    free(r);
}

void runner_quiesce(struct runner *r)
{
    r->is_quiescing = true;
    if (r->def->kind->flush)
        r->def->kind->flush(&r->worker);
    for (struct flight *f = r->flights; f; f = f->next)
        if (f->phase == FLIGHT_BUSY && f->again == flight_process && r->def->kind->wants_jobs) {
            if (r->process->alone == f)
                r->process->alone = NULL;
            flight_drop(f); /* between two steps of a job: its entry stays ours */
        }
}

bool runner_is_quiet(const struct runner *r)
{
    for (const struct flight *f = r->flights; f; f = f->next)
        if (f->phase != FLIGHT_IDLE)
            return false;
    return r->asks == 0 && r->parks == 0 && consumer_is_idle(r->consumer);
}

void runner_release(struct runner *r)
{
    consumer_release(r->consumer);
}
