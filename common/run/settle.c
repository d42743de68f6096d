/* The commit of a flight and every answer it can get. A commit whose answer got lost is sent
 * again as it is; one that was refused because somebody else owns an entry is tried entry by
 * entry. */
#include "common/base/log.h"
#include "common/run/metrics.h"
#include "common/run/once.h"
#include "common/run/parts.h"
#include "common/run/runner.h"

enum {
    RETRY_FIRST_US = 50 * 1000,
    RETRY_LAST_US = 2000 * 1000,
    HALT_US = 5000 * 1000, /* foreign data, a bug: nothing changes by itself */
};

static void send_commit(struct flight *f);
static void build(struct flight *f);

static void tell_level(void *ctx, uint32_t stage, int64_t bytes)
{
    struct runner *r = ctx;

    r->process->levels[stage] = bytes;
}

static void count_good(struct flight *f)
{
    struct runner *r = f->runner;
    uint64_t now = clock_mono_us(r->process->services.clock);
    uint32_t n = r->def->kind->wants_jobs ? f->batch.record_count : 0;

    for (uint32_t i = f->at; i < f->at + f->n && !r->def->kind->wants_jobs; i++)
        n += f->batch.entries[i].n;
    metric_add(r->records, n);
    r->process->records += n;
    metric_observe(r->commits, (double)(now - f->sent_us) / 1e6);
}

/* The entries of the present commit are settled, by us or by others. */
static void go_on(struct flight *f)
{
    struct runner *r = f->runner;

    f->at += f->n;
    f->tries = 0;
    while (f->at < f->batch.entry_count && f->batch.entries[f->at].is_gone)
        f->at++;
    if (f->at < f->batch.entry_count) {
        f->n = 1;
        build(f);
        return;
    }
    if (f->is_more && !r->is_quiescing) {
        f->at = 0;
        flight_process(f);
        return;
    }
    flight_end(f);
}

/* Totals never fall: what we were told before is not there any more. */
static void look_for_rewind(struct flight *f, const struct commit_answer *answer)
{
    struct runner *r = f->runner;
    int64_t before, now;

    r->out.rewound = 0; /* this commit has said so */
    if (!output_left(&r->out, &f->commit, answer, &before, &now))
        return;
    if (before < r->left) {
        r->out.rewound = 1;
        log_error("redis has forgotten what it had answered: the books are behind, records may "
                  "come again",
                  LOG_STR("stage", r->def->name), LOG_U64("told", (uint64_t)r->left),
                  LOG_U64("found", (uint64_t)MAX(before, (int64_t)0)));
    }
    r->left = now;
}

static void on_good(struct flight *f, const struct commit_answer *answer)
{
    struct runner *r = f->runner;

    output_levels(&r->out, &f->commit, answer, tell_level, r);
    look_for_rewind(f, answer);
    count_good(f);
    runner_look_at_gate(r);
    go_on(f);
}

/* Not ours any more, or done before. */
static void on_not_ours(struct flight *f, const struct commit_answer *answer)
{
    struct runner *r = f->runner;

    if (f->n > 1) { /* some of them are still ours: one by one */
        f->n = 1;
        build(f);
        return;
    }
    if (answer->kind == ANSWER_FENCED) {
        metric_add(r->fenced, 1);
        log_warn("another worker owns the entry, ours is undone", LOG_STR("topic", r->topic),
                 LOG_STR("answer", answer->text));
    }
    f->is_more = false; /* a job that is not ours: forget it */
    go_on(f);
}

/* The job stands elsewhere: where this commit wanted it, when an earlier try went through. */
static void on_stale(struct flight *f, const struct commit_answer *answer)
{
    str digits = {answer->text.p + strlen("STALE "), answer->text.n - strlen("STALE ")};
    uint64_t offset;

    if (str_to_u64(digits, &offset) && offset == f->batch.progress->to) {
        go_on(f);
        return;
    }
    f->at = 0;
    flight_prepare(f);
}

static void again_later(struct flight *f, const struct commit_answer *answer, uint64_t us)
{
    f->tries++;
    if (answer->kind != ANSWER_LOST)
        log_warn("redis refused the commit, it is sent again",
                 LOG_STR("topic", f->runner->topic),
                 LOG_CSTR("meaning", answer_name(answer->kind)),
                 LOG_STR("answer", answer->text), LOG_U64("try", f->tries));
    flight_wait(f, us, send_commit);
}

static uint64_t back_off(const struct flight *f)
{
    return MIN((uint64_t)RETRY_FIRST_US << MIN(f->tries, 8u), (uint64_t)RETRY_LAST_US);
}

/* Others were faster: what a part of the commit was built from is outdated. */
static void on_again(struct flight *f, const struct commit_answer *answer)
{
    uint64_t wait = f->tries++ ? back_off(f) : 0;

    if (str_starts(answer->text, STR("TWICE ")))
        flight_wait(f, wait, flight_ask_marks);
    else if (parts_learn(&f->runner->out, answer->text))
        flight_wait(f, wait, build);
    else
        again_later(f, answer, HALT_US);
}

static void on_denied(struct flight *f, const struct commit_answer *answer)
{
    struct error err = {0};

    error_set(&err, ERR_CONFIG, "redis denies the commit to '" STR_FMT "': " STR_FMT,
              STR_ARG(f->runner->topic), STR_ARG(answer->text));
    process_fail(f->runner->process, &err);
}

static void on_answer(void *ctx, const struct commit_answer *answer)
{
    struct flight *f = ctx;
    struct process *p = f->runner->process;

    switch (answer->kind) {
    case ANSWER_GOOD:
        on_good(f, answer);
        break;
    case ANSWER_DONE:
    case ANSWER_FENCED:
        on_not_ours(f, answer);
        break;
    case ANSWER_STALE:
        on_stale(f, answer);
        break;
    case ANSWER_OOM: /* a splitter is a door: it waits; inside, work is finished so that memory
                        drains */
        f->is_full = !f->runner->def->kind->wants_jobs;
        again_later(f, answer, f->is_full && f->tries == 0 ? 0 : back_off(f));
        break;
    case ANSWER_RECONNECT:
        again_later(f, answer, back_off(f));
        redis_drop(p->redis, "it is the wrong server now");
        break;
    case ANSWER_DENIED:
        on_denied(f, answer);
        break;
    case ANSWER_GONE:
        again_later(f, answer, back_off(f));
        process_begin_again(p);
        break;
    case ANSWER_AGAIN:
        on_again(f, answer);
        break;
    case ANSWER_FOREIGN:
    case ANSWER_BUG:
    case ANSWER_SEEN:
    case ANSWER_FULL:
    case ANSWER_ABORTED:
        again_later(f, answer, HALT_US);
        break;
    case ANSWER_LOST:
    case ANSWER_LIBRARY:
    case ANSWER_WAIT:
        again_later(f, answer, back_off(f));
        break;
    }
}

/* For the next file of the series. What changed stays to be seen until the next change. */
static void register_columns(struct flight *f, const struct source_note *s, str job, str now)
{
    struct process *p = f->runner->process;
    struct arena *a = &f->batch.arena;
    str key = f->columns_key;

    redis_say(p->redis, a, NULL, NULL, STR("HSET"), key, STR("cols"), s->cols, STR("uri"),
              s->uri, STR("job"), job, STR("seen"), now, STR("stage"), f->runner->def->name,
              STR("drift"), s->drift, STR("before"), s->before);
    if (s->drift.n)
        redis_say(p->redis, a, NULL, NULL, STR("HSET"), key, STR("last_drift"), s->drift,
                  STR("last_drift_uri"), s->uri, STR("last_drift_before"), s->before,
                  STR("last_drift_at"), now);
    redis_say(p->redis, a, NULL, NULL, STR("PEXPIREAT"), key,
              arena_printf(a, "%llu",
                           (unsigned long long)f->runner->out.now_ms + KEYS_SOURCE_KEEP_MS));
}

static void register_source(struct flight *f)
{
    struct process *p = f->runner->process;
    const struct source_note *s = f->batch.progress ? f->batch.progress->source : NULL;
    struct arena *a = &f->batch.arena;

    if (!s)
        return;
    str job = f->batch.progress->job; /* its key ends with its id */
    size_t skip = keys_job(&p->keys, a, STR_NONE).n;
    str id = {job.p + skip, job.n - skip};
    str now = arena_printf(a, "%llu", (unsigned long long)f->runner->out.now_ms);
    redis_say(p->redis, a, NULL, NULL, STR("HSET"), keys_source(&p->keys, a, s->src),
              STR("uri"), s->uri, STR("version"), s->version, STR("size"),
              arena_printf(a, "%llu", (unsigned long long)s->size), STR("seen"), now,
              STR("job"), id);
    if (s->cols.n)
        register_columns(f, s, id, now);
}

static void send_commit(struct flight *f)
{
    struct process *p = f->runner->process;

    if (!redis_is_ready(p->redis) || !p->is_library_there) {
        flight_wait(f, back_off(f), send_commit); /* runner_begin() comes earlier */
        return;
    }
    f->sent_us = clock_mono_us(p->services.clock);
    register_source(f);
    if (f->is_full)
        commit_send_oom(p->redis, &f->commit, on_answer, f);
    else
        commit_send(p->redis, &f->commit, on_answer, f);
    f->is_full = false;
}

static void build(struct flight *f)
{
    struct runner *r = f->runner;

    arena_rewind(&f->batch.arena, f->made); /* what was refused is needed no more */
    r->out.now_ms = clock_wall_ms(r->process->services.clock);
    output_build(&r->out, &f->batch, f->at, f->n, &f->commit);
    f->commit.group = STR("sp");
    f->commit.consumer = r->process->consumer;
    f->commit.low = r->def->low_bytes;
    f->commit.channel = r->channel;
    if (r->notes.n) {
        f->commit.notes = r->notes;
        f->commit.ambiguous =
            arena_printf(&f->batch.arena, STR_FMT ":ambiguous", STR_ARG(r->def->name));
        f->commit.reading = runner_reading(r, &f->batch.arena, f->batch.reading);
    }
    send_commit(f);
}

/* What was not understood leaves as dead letters in the same commit. */
static void add_bad(struct flight *f)
{
    struct batch *b = &f->batch;

    for (uint32_t i = 0; i < f->bad_count; i++) {
        struct entry *e = &f->bad[i];
        str line = output_entry_json(&b->arena, e->fields, e->field_count);
        record_settle(batch_emit(b, e, line, 0), VERDICT_DEAD, STR("bad_entry"),
                      f->bad_details[i]);
    }
    b->entry_count += f->bad_count;
    f->bad_count = 0;
}

static bool is_any_gone(const struct batch *b)
{
    for (uint32_t i = 0; i < b->entry_count; i++)
        if (b->entries[i].is_gone)
            return true;
    return false;
}

void flight_settle(struct flight *f, bool is_more)
{
    add_bad(f);
    f->is_more = is_more;
    f->at = 0;
    f->n = f->batch.entry_count;
    f->tries = 0;
    output_route(&f->runner->out, &f->batch);
    once_find(&f->runner->out, &f->batch);
    f->made = arena_mark(&f->batch.arena);
    flight_ask_marks(f);
}

void flight_commit(struct flight *f)
{
    if (f->at > 0 || !is_any_gone(&f->batch)) {
        build(f);
        return;
    }
    f->n = 0; /* those that are still ours one by one */
    go_on(f);
}
