#include <inttypes.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/data/json.h"
#include "common/data/marks.h"
#include "common/data/text.h"
#include "common/run/output.h"
#include "workers/split_document.h"
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

static void end_job(struct batch *b, str state, uint64_t now_ms)
{
    b->progress->is_last = true;
    split_set(b->progress, STR("state"), state);
    split_set_number(b->progress, &b->arena, STR("ended"), now_ms);
}

/* The job itself is the dead letter, or the whole entry when it names no file; what was read
 * before goes on. */
static void end_with_letter(struct worker *w, struct batch *b, const struct trouble *t,
                            str state)
{
    struct split *s = w->state;
    struct entry *e = &b->entries[0];
    struct progress *p = b->progress;
    str detail = arena_copy(&b->arena, str_of(t->err.text));
    str uri = json_quoted(&b->arena, e->uri);
    str line = e->uri.n ? arena_printf(&b->arena, "{\"uri\":" STR_FMT "}", STR_ARG(uri))
                        : output_entry_json(&b->arena, e->fields, e->field_count);

    if (s->reader.src.n)
        e->src = s->reader.src;
    if (b->record_count == 0)
        e->row = p->row;
    record_settle(batch_emit(b, e, line, (uint32_t)(p->row - e->row)), VERDICT_DEAD, t->reason,
                  detail);
    split_set(p, STR("uri"), e->uri);
    split_set(p, STR("error"), detail);
    end_job(b, state, clock_wall_ms(w->services->clock));
    log_warn("a file cannot be split, or not all of it", LOG_STR("uri", e->uri),
             LOG_STR("reason", t->reason), LOG_STR("error", detail));
    source_close(&s->reader.file);
}

static enum work give_up(struct worker *w, struct batch *b, const struct trouble *t)
{
    end_with_letter(w, b, t, STR("failed"));
    return WORK_DONE;
}

/* All rows were read. An archive that breaks off is never done. */
static enum work end(struct worker *w, struct batch *b)
{
    struct split *s = w->state;
    struct source_end end = source_ended(&s->reader.file);
    struct trouble t = {.reason =
                            end.kind == SOURCE_CUT ? STR("incomplete") : STR("trailing_bytes")};

    if (end.kind == SOURCE_WHOLE && s->reader.lacks.n) {
        end.kind = SOURCE_CUT;
        t.reason = STR("incomplete");
        (void)snprintf(end.text, sizeof(end.text), STR_FMT, STR_ARG(s->reader.lacks));
    }
    if (end.kind == SOURCE_WHOLE) {
        end_job(b, STR("done"), clock_wall_ms(w->services->clock));
        return WORK_DONE;
    }
    error_set(&t.err, ERR_DATA, "%s", end.text);
    end_with_letter(w, b, &t, end.kind == SOURCE_CUT ? STR("incomplete") : STR("done"));
    return WORK_DONE;
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

/* Rows. */

/* Which bytes of the file a row is, for its letter, which may hold only the first of them. */
static str where(struct arena *a, const struct reader *r, const struct row *row)
{
    return arena_printf(a, "row of " STR_FMT " at offset %" PRIu64 ", %" PRIu64 " bytes",
                        STR_ARG(r->uri), row->offset, row->end - row->offset);
}

static void emit_half(struct reader *r, struct batch *b, const struct row *row)
{
    struct entry *e = &b->entries[0];
    str raw = json_quoted(&b->arena, row->bytes);
    str line = row->line.n ? row->line
                           : arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset,
                                          STR_ARG(raw));

    record_settle(
        batch_emit(b, e, line, (uint32_t)(r->row++ - e->row)), VERDICT_DEAD, STR("incomplete"),
        arena_printf(&b->arena, "half a " STR_FMT, STR_ARG(where(&b->arena, r, row))));
}

/* A row as a row; but some are no data. */
static void emit_row(const struct split *s, struct batch *b, const struct row *row,
                     uint32_t number, uint8_t marks)
{
    struct record *record = batch_emit(b, &b->entries[0], row->line, number);
    record->marks = marks;
    str reason;
    enum verdict verdict =
        split_policy_of(&s->config.policy, row->line, s->reader.header, &reason);

    if (verdict == VERDICT_PASS)
        return;
    str detail = verdict == VERDICT_DROP ? STR_NONE : where(&b->arena, &s->reader, row);
    record_settle(record, verdict, reason, detail);
}

/* A short last row is half of one, when its file does not end with a line. */
static uint8_t marks_of(const struct reader *r, const struct row *row)
{
    bool is_short = r->format == ROWS_CSV && row->cells < r->limits.cells;

    return (uint8_t)((row->recoded ? MARK_RECODED : 0) | (row->replaced ? MARK_REPLACED : 0) |
                     (is_short && row->is_unended ? MARK_TRUNCATED : 0));
}

static void emit(struct split *s, struct batch *b, const struct row *row, bool is_bad)
{
    struct reader *r = &s->reader;
    struct entry *e = &b->entries[0];
    uint32_t number = (uint32_t)(r->row++ - e->row);
    uint8_t marks = is_bad ? 0 : marks_of(r, row);

    r->replaced += (marks & MARK_REPLACED) != 0;
    r->truncated += (marks & MARK_TRUNCATED) != 0;
    if (row->recoded && r->recoded++ == 0)
        log_warn("a file is not UTF-8 and is read as windows-1252", LOG_STR("uri", r->uri),
                 LOG_U64("offset", row->offset));
    if (!is_bad && r->format == ROWS_CSV) {
        emit_row(s, b, row, number, marks);
        return;
    }
    if (!is_bad) {
        str document =
            split_document(&b->arena, row->line, r->src, r->row - 1, row->offset, marks);
        batch_emit(b, e, document, number);
        return;
    }
    str raw = json_quoted(&b->arena, row->bytes);
    str line = arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset, STR_ARG(raw));
    record_settle(batch_emit(b, e, line, number), VERDICT_DEAD, row->reason,
                  arena_printf(&b->arena, "%s" STR_FMT "%s" STR_FMT,
                               str_is(row->reason, "poison") ? "workers died of this " : "",
                               STR_ARG(where(&b->arena, r, row)), row->why.n ? ": " : "",
                               STR_ARG(row->why)));
}

/* Bytes that belong to no record stand in the job, as a dead letter would have them. */
static void tell_aside(struct split *s, struct batch *b, const struct row *row)
{
    str text = row->bytes;
    for (int i = 0; i < 3 && !text_is_utf8(text); i++)
        text.n--; /* where it was cut */
    if (!text_is_utf8(text))
        text = text_from_1252(&b->arena, row->bytes);
    str quoted = json_quoted(&b->arena, text);

    split_set(b->progress, row->reason,
              arena_printf(&b->arena, "[%" PRIu64 ",%" PRIu64 "," STR_FMT "]", row->offset,
                           row->end, STR_ARG(quoted)));
    log_info("a file has members around its records", LOG_STR("uri", s->reader.uri),
             LOG_STR("where", row->reason), LOG_U64("offset", row->offset));
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
            emit_half(r, b, &row);
            return false;
        }
        switch (status) {
        case ROWS_ROW:
            emit(s, b, &row, false);
            break;
        case ROWS_BAD:
            emit(s, b, &row, true);
            break;
        case ROWS_ASIDE:
            tell_aside(s, b, &row);
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

static uint64_t job_number(const str *job, uint32_t n, const char *name)
{
    uint64_t value;

    return str_to_u64(reader_job_field(job, n, name), &value) ? value : 0;
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

    setup.source = (struct source_setup){.roots = w->services->roots,
                                         .root_count = w->services->root_count,
                                         .unpacked_max = w->services->unpacked_max,
                                         .mark = {.in = job_number(job, n, "packed_at"),
                                                  .out = job_number(job, n, "unpacked_at")},
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
    uint64_t rows;
    struct row row;

    if (!str_to_u64(reader_job_field(job, n, "poison"), &rows))
        rows = 0;
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
    emit(s, b, &row, true);
    split_set_number(b->progress, &b->arena, STR("poison"), rows + 1);
    return true;
}

/* Nobody dares to touch the file: what its job says must do. */
static enum work give_up_unseen(struct worker *w, struct batch *b, const str *job, uint32_t n,
                                uint64_t from)
{
    struct split *s = w->state;
    struct trouble t = {.reason = STR("poison")};
    struct entry *e = &b->entries[0];
    str src = reader_job_field(job, n, "src");
    uint64_t row;

    if (!str_to_u64(reader_job_field(job, n, "row"), &row))
        row = 1;
    reader_drop(&s->reader);
    if (src.n)
        e->src = src;
    split_progress(b, w->host->job(w, b, &job, &n), from, row);
    error_set(&t.err, ERR_DATA, "workers died of '" STR_FMT "' at offset %" PRIu64 "%s",
              STR_ARG(e->uri), from, from ? "" : ", its beginning");
    return give_up(w, b, &t);
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
    uint64_t now_ms = clock_wall_ms(w->services->clock), from = 0;

    s->waiting = NULL;
    if (!is_begun && !str_to_u64(reader_job_field(fields, n, "offset"), &from))
        from = 0; /* a new job */
    bool is_new = !is_begun && reader_job_field(fields, n, "cols").n == 0;
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
        return give_up(w, b, &t);
    b->kept = s;
    e->src = r->src;
    e->cols = r->cols;
    e->row = r->row;

    if (!is_begun)
        p->source = note(r, &b->arena);
    if (is_new) {
        split_describe(r, &b->arena, p, now_ms);
        if (r->format == ROWS_CSV)
            tell_columns(w, b);
    }
    bool goes_on = true; /* where care is taken the beginning is a step of its own */
    if (b->care == CARE_PASS_OVER)
        goes_on = pass_over(s, b, fields, n, &t);
    else if (!is_new || !b->step_bytes)
        goes_on = step(s, b, &t);
    p->to = cutter_boundary(r->cutter);
    p->row = r->row;
    if (r->recoded)
        split_set_number(p, &b->arena, STR("rows:windows-1252"), r->recoded);
    if (r->replaced)
        split_set_number(p, &b->arena, STR("rows:replaced"), r->replaced);
    if (r->truncated)
        split_set_number(p, &b->arena, STR("rows:truncated"), r->truncated);
    if (str_is(r->records, JSON_CUT_ONE))
        split_set(p, STR("records"), r->records);
    if (t.reason.n)
        return give_up(w, b, &t);
    if (t.is_waiting && is_begun && b->record_count == 0 && p->to == from)
        return wait(s, b);
    if (!goes_on)
        return end(w, b);
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
