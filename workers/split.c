#include <inttypes.h>

#include "common/base/log.h"
#include "workers/split_emit.h"
#include "workers/split_end.h"
#include "workers/split_head.h"
#include "workers/split_job.h"
#include "workers/split_setup.h"
#include "workers/stages.h"

enum {
    STEP_BYTES = 1024 * 1024, /* of the file in one commit: some 10 ms of work */
    POISON_ROWS_MAX = 16,     /* that killed workers; then the file is given up */
    STEP_ROWS = 32 * 1024,    /* and so many of them, which bounds memory when they are tiny */
    STEP_READ = 8 * STEP_BYTES, /* a longer line is passed over in several steps */
};

struct split {
    struct split_config config; /* settings */
    struct reader reader;
    struct batch *waiting; /* for bytes of its source */
};

static void split_close(struct worker *w)
{
    struct split *s = w->state;

    reader_free(&s->reader);
}

/* Where an archive can be unpacked from, so that a successor need not begin at its start. */
static void set_mark(const struct reader *r, struct arena *a, struct progress *p)
{
    struct source_mark mark = source_mark(&r->file, p->to);

    if (mark.out == 0)
        return;
    split_set_number(p, a, STR("packed_at"), mark.in);
    split_set_number(p, a, STR("unpacked_at"), mark.out);
}

static struct source_note *note(const struct reader *r, struct arena *a)
{
    struct source_note *n = arena_zalloc(a, sizeof(*n));

    *n = (struct source_note){.src = r->src,
                              .uri = r->uri,
                              .version = r->file.version,
                              .size = r->file.size == UINT64_MAX ? 0 : r->file.size};
    return n;
}

/* What is odd about the columns of a new file. */
static void tell_columns(struct worker *w, struct batch *b)
{
    const struct split *s = w->state;
    const struct reader *r = &s->reader;
    struct source_note *n = b->progress->source;
    struct last_columns last = {0};

    if (w->host->columns)
        last = w->host->columns(w, b);
    if (!last.is_own) {
        last.drift = split_head_drift(&b->arena, last.cols, r->cols);
        last.before = last.drift.n ? last.uri : STR_NONE;
    }
    n->cols = r->cols;
    n->drift = last.drift;
    n->before = last.before;
    if (last.drift.n) {
        split_set(b->progress, STR("drift"), last.drift);
        split_set(b->progress, STR("drift_before"), last.before);
        log_warn("a file has other columns than the one before", LOG_STR("uri", r->uri),
                 LOG_STR("columns", last.drift), LOG_STR("before", last.before));
    }
    if (r->missing_columns.n)
        log_warn("a file lacks columns that are expected", LOG_STR("uri", r->uri),
                 LOG_STR("columns", r->missing_columns));
}

/* True: the file goes on. */
static bool step(struct split *s, struct batch *b, struct trouble *t)
{
    struct reader *r = &s->reader;
    uint64_t stop = cutter_boundary(r->cutter) + (b->step_bytes ? b->step_bytes : STEP_BYTES),
             budget = STEP_READ;
    struct row row;

    while (cutter_boundary(r->cutter) < stop && b->record_count < STEP_ROWS) {
        row = (struct row){0}; /* at the end `why` alone is said, or nothing */
        enum rows_status status = reader_next(r, &b->arena, &budget, &row, t);
        if ((status == ROWS_ROW || status == ROWS_BAD) && reader_is_half(r, &row)) {
            split_emit_half(r, b, &row);
            return false;
        }
        switch (status) {
        case ROWS_ROW:
            split_emit(r, &s->config.policy, b, &row, false);
            break;
        case ROWS_BAD:
            split_emit(r, &s->config.policy, b, &row, true);
            break;
        case ROWS_ASIDE:
            split_tell_aside(r, b, &row);
            break;
        case ROWS_END:
            r->lacks = row.why;
            return false;
        case ROWS_MORE:
            return t->reason.n == 0;
        }
    }
    return true;
}

/* The source has bytes again. */
static void on_ready(void *ctx)
{
    struct worker *w = ctx;
    struct split *s = w->state;
    struct batch *b = s->waiting;

    s->waiting = NULL;
    if (b)
        w->host->resume(w, b);
}

static enum work wait(struct split *s, struct batch *b)
{
    s->waiting = b;
    return WORK_WAIT;
}

static bool begin(struct worker *w, struct batch *b, const str *job, uint32_t n,
                  struct trouble *t)
{
    struct split *s = w->state;
    struct reader_setup setup = split_reader_setup(&b->arena, &s->config);

    setup.source =
        (struct source_setup){.roots = w->services->roots,
                              .root_count = w->services->root_count,
                              .unpacked_max = w->services->unpacked_max,
                              .mark = {.in = split_job_number(job, n, "packed_at"),
                                       .out = split_job_number(job, n, "unpacked_at")},
                              .remote = w->services->remote,
                              .loop = w->services->loop,
                              .ready = on_ready,
                              .ready_ctx = w};
    return reader_begin(&s->reader, &setup, b->entries[0].uri, job, n, t);
}

/* The row that killed the others. It is not looked at. */
static bool pass_over(struct split *s, struct batch *b, const str *job, uint32_t n,
                      struct trouble *t)
{
    struct reader *r = &s->reader;
    uint64_t rows = split_job_number(job, n, "poison");
    struct row row;

    if (rows >= POISON_ROWS_MAX) {
        t->reason = STR("poison");
        error_set(&t->err, ERR_DATA,
                  "%" PRIu64 " rows of '" STR_FMT "' killed workers, and so does the one at "
                  "offset %" PRIu64,
                  rows, STR_ARG(r->uri), cutter_boundary(r->cutter));
        return false;
    }
    if (!reader_pass_over(r, &b->arena, &row, t))
        return t->is_waiting;
    split_emit(r, &s->config.policy, b, &row, true);
    split_set_number(b->progress, &b->arena, STR("poison"), rows + 1);
    return true;
}

/* Nobody dares to touch the file: what its job says must do. */
static enum work give_up_unseen(struct worker *w, struct batch *b, const str *job, uint32_t n,
                                uint64_t from)
{
    struct reader *r = &((struct split *)w->state)->reader;
    struct trouble t = {.reason = STR("poison")};
    struct entry *e = &b->entries[0];
    str src = split_job_field(job, n, "src");
    uint64_t row = split_job_number(job, n, "row");

    reader_drop(r);
    if (src.n)
        e->src = src;
    split_progress(b, w->host->job(w, b, &job, &n), from, row);
    error_set(&t.err, ERR_DATA, "workers died of '" STR_FMT "' at offset %" PRIu64 "%s",
              STR_ARG(e->uri), from, from ? "" : ", its beginning");
    return split_give_up(w, r, b, &t);
}

/* A file that was opened. */
static void tell_file(struct worker *w, struct batch *b, bool is_new)
{
    const struct reader *r = &((struct split *)w->state)->reader;

    b->progress->source = note(r, &b->arena);
    if (!is_new)
        return;
    split_describe(r, &b->arena, b->progress, clock_wall_ms(w->services->clock));
    if (r->format == ROWS_CSV)
        tell_columns(w, b);
}

/* As far as it came. */
static void tell_step(const struct reader *r, struct batch *b)
{
    struct progress *p = b->progress;

    p->to = cutter_boundary(r->cutter);
    p->row = r->row;
    split_tally(r, &b->arena, p);
    if (str_is(r->records, JSON_CUT_ONE))
        split_set(p, STR("records"), r->records);
}

static enum work split_process(struct worker *w, struct batch *b)
{
    struct split *s = w->state;
    struct reader *r = &s->reader;
    struct entry *e = &b->entries[0];
    struct trouble t = {0};
    const str *fields;
    uint32_t n;
    str job = w->host->job(w, b, &fields, &n);
    bool is_begun = b->kept == s;
    uint64_t from = is_begun ? 0 : split_job_number(fields, n, "offset");

    s->waiting = NULL;
    bool is_new = !is_begun && split_job_field(fields, n, "cols").n == 0;
    if (b->care == CARE_GIVE_UP || (b->care && is_new))
        return give_up_unseen(w, b, fields, n, from);
    bool can_begin = is_begun || begin(w, b, fields, n, &t);
    if (is_begun)
        from = cutter_boundary(r->cutter);
    struct progress *p = split_progress(b, job, from, r->row);
    if (t.is_waiting)
        return wait(s, b);
    if (t.err.code == ERR_AGAIN) { /* not the file's fault */
        w->host->give_up(w, b, &t.err);
        return WORK_LATER;
    }
    if (!can_begin)
        return split_give_up(w, r, b, &t);
    b->kept = s;
    e->src = r->src;
    e->cols = r->cols;
    e->row = r->row;

    if (!is_begun)
        tell_file(w, b, is_new);
    bool goes_on = true; /* where care is taken the beginning is a step of its own */
    if (b->care == CARE_PASS_OVER)
        goes_on = pass_over(s, b, fields, n, &t);
    else if (!is_new || !b->step_bytes)
        goes_on = step(s, b, &t);
    tell_step(r, b);
    if (t.reason.n)
        return split_give_up(w, r, b, &t);
    if (t.is_waiting && is_begun && b->record_count == 0 && p->to == from)
        return wait(s, b);
    if (!goes_on)
        return split_end(w, r, b);
    set_mark(r, &b->arena, p);
    return WORK_MORE;
}

const struct stage stage_split = {
    .name = "split",
    .summary = "Cut files into records: CSV, NDJSON, JSON, from where the last commit stood.",
    .state_size = sizeof(struct split),
    .settings = split_settings,
    .check = split_check,
    .process = split_process,
    .close = split_close,
    .max_inflight = 1,
    .wants_jobs = true,
};
