#include <inttypes.h>

#include "common/base/log.h"
#include "common/data/json.h"
#include "common/run/output.h"
#include "workers/split_reader.h"
#include "workers/stages.h"

enum {
    STEP_BYTES = 1024 * 1024, /* of the file in one commit: some 10 ms of work */
    POISON_ROWS_MAX = 16,     /* that killed workers; then the file is given up */
    STEP_ROWS = 32 * 1024,    /* and so many of them, which bounds memory when they are tiny */
    STEP_READ = 8 * STEP_BYTES, /* a longer line is passed over in several steps */
    JOB_FIELDS = 64,            /* names and values that one commit sets at most */
};

struct split {
    str format, delimiter, quote, header, encoding; /* settings */
    uint64_t columns, row_bytes;
    struct reader reader;
    struct batch *waiting; /* for bytes of its source */
};

static const struct setting settings[] = {
    {"format", SETTING_STR, "csv", offsetof(struct split, format), "Format of the files: csv."},
    {"delimiter", SETTING_STR, "auto", offsetof(struct split, delimiter),
     "One character between cells, `tab`, or `auto`: chosen from the first 64 KiB of each "
     "file."},
    {"quote", SETTING_STR, "\"", offsetof(struct split, quote),
     "The character around cells that hold delimiters, or `none`."},
    {"header", SETTING_STR, "first", offsetof(struct split, header),
     "`first`: the first row names the columns; `none`: they are column_1, column_2, ..."},
    {"encoding", SETTING_STR, "auto", offsetof(struct split, encoding),
     "`utf-8`, `windows-1252`, or `auto`: a cell that is not UTF-8 is read as windows-1252."},
    {"columns", SETTING_COUNT, "4096", offsetof(struct split, columns),
     "Most columns of a row, 1 to 4096; a wider row is a dead letter."},
    {"row_bytes", SETTING_BYTES, "1024000B", offsetof(struct split, row_bytes),
     "Longest row, 1024 to 1024000 bytes; a longer one is a dead letter."},
    {0},
};

static void check_word(struct findings *f, const struct node *config, const char *key,
                       str value, const str *valid, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_equal(value, valid[i]))
            return;
    findings_unknown(f, node_at(config, key), value, key, valid, n);
}

static void split_check(void *state, const struct node *config, struct findings *f)
{
    const struct split *s = state;
    char c;

    check_word(f, config, "format", s->format, (str[]){STR("csv")}, 1);
    check_word(f, config, "header", s->header, (str[]){STR("first"), STR("none")}, 2);
    check_word(f, config, "encoding", s->encoding,
               (str[]){STR("auto"), STR("utf-8"), STR("windows-1252")}, 3);
    if (!str_is(s->delimiter, "auto") && !reader_is_delimiter(s->delimiter, &c))
        findings_error(f, node_at(config, "delimiter"), (uint32_t)s->delimiter.n,
                       "delimiter must be one character, 'tab' or 'auto'");
    if (!str_is(s->quote, "none") && !reader_is_delimiter(s->quote, &c))
        findings_error(f, node_at(config, "quote"), (uint32_t)s->quote.n,
                       "quote must be one character or 'none'");
    if (s->row_bytes < 1024 || s->row_bytes > 1024000)
        findings_error(f, node_at(config, "row_bytes"), 1,
                       "row_bytes must be from 1024 to 1024000, the largest Firehose record");
    if (s->columns < 1 || s->columns > 4096)
        findings_error(f, node_at(config, "columns"), 1, "columns must be from 1 to 4096");
}

static void split_close(struct worker *w)
{
    struct split *s = w->state;

    reader_free(&s->reader);
}

/* What a commit sets in the job's hash. */

static struct progress *new_progress(struct batch *b, str job, uint64_t from, uint64_t row)
{
    struct progress *p = arena_zalloc(&b->arena, sizeof(*p));

    *p = (struct progress){.job = job, .from = from, .to = from, .row = MAX(row, (uint64_t)1)};
    p->fields = arena_alloc(&b->arena, JOB_FIELDS * sizeof(str));
    return b->progress = p;
}

static void set(struct progress *p, str name, str value)
{
    p->fields[p->field_count++] = name;
    p->fields[p->field_count++] = value;
}

static void set_number(struct progress *p, struct arena *a, str name, uint64_t value)
{
    set(p, name, arena_printf(a, "%" PRIu64, value));
}

static void describe(const struct reader *r, struct arena *a, struct progress *p,
                     uint64_t now_ms)
{
    const struct rows_dialect *d = &r->dialect;

    set(p, STR("uri"), r->uri);
    set(p, STR("src"), r->src);
    set(p, STR("version"), r->file.version);
    if (r->file.size != UINT64_MAX)
        set_number(p, a, STR("size"), r->file.size);
    if (r->file.compression)
        set(p, STR("compression"), str_of(r->file.compression));
    set(p, STR("cols"), r->cols);
    set(p, STR("delimiter"), arena_copy(a, (str){&d->delimiter, 1}));
    set(p, STR("quote"), arena_copy(a, (str){&d->quote, d->quote != '\0'}));
    set(p, STR("newline"), d->newline == ROWS_NEWLINE_CR ? STR("cr") : STR("lf"));
    set(p, STR("encoding"), str_of(reader_encoding_name(d->encoding)));
    set(p, STR("state"), STR("running"));
    set_number(p, a, STR("started"), now_ms);
}

/* Where an archive can be unpacked from, so that a successor need not begin at its start. */
static void set_mark(const struct reader *r, struct arena *a, struct progress *p)
{
    struct source_mark mark = source_mark(&r->file, p->to);

    if (mark.out == 0)
        return;
    set_number(p, a, STR("packed_at"), mark.in);
    set_number(p, a, STR("unpacked_at"), mark.out);
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
    set(b->progress, STR("state"), state);
    set_number(b->progress, &b->arena, STR("ended"), now_ms);
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
    set(p, STR("uri"), e->uri);
    set(p, STR("error"), detail);
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

    if (end.kind == SOURCE_WHOLE) {
        end_job(b, STR("done"), clock_wall_ms(w->services->clock));
        return WORK_DONE;
    }
    error_set(&t.err, ERR_DATA, "%s", end.text);
    end_with_letter(w, b, &t, end.kind == SOURCE_CUT ? STR("incomplete") : STR("done"));
    return WORK_DONE;
}

/* Rows. */

static void emit_half(struct reader *r, struct batch *b, const struct row *row)
{
    struct entry *e = &b->entries[0];
    str raw = json_quoted(&b->arena, row->bytes);
    str line = row->line.n ? row->line
                           : arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset,
                                          STR_ARG(raw));

    record_settle(batch_emit(b, e, line, (uint32_t)(r->row++ - e->row)), VERDICT_DEAD,
                  STR("incomplete"),
                  arena_printf(&b->arena, "half a row of " STR_FMT " at offset %" PRIu64,
                               STR_ARG(r->uri), row->offset));
}

static void emit(struct reader *r, struct batch *b, const struct row *row, bool is_bad)
{
    struct entry *e = &b->entries[0];
    uint32_t number = (uint32_t)(r->row++ - e->row);

    if (!is_bad) {
        batch_emit(b, e, row->line, number);
        return;
    }
    str raw = json_quoted(&b->arena, row->bytes);
    str line = arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset, STR_ARG(raw));
    record_settle(batch_emit(b, e, line, number), VERDICT_DEAD, row->reason,
                  arena_printf(&b->arena, "%srow of " STR_FMT " at offset %" PRIu64,
                               str_is(row->reason, "poison") ? "workers died of this " : "",
                               STR_ARG(r->uri), row->offset));
}

/* True: the file goes on. */
static bool step(struct reader *r, struct batch *b, struct trouble *t)
{
    uint64_t stop = cutter_boundary(r->cutter) + (b->step_bytes ? b->step_bytes : STEP_BYTES),
             budget = STEP_READ;
    struct row row;

    while (cutter_boundary(r->cutter) < stop && b->record_count < STEP_ROWS) {
        enum rows_status status = reader_next(r, &b->arena, &budget, &row, t);
        if ((status == ROWS_ROW || status == ROWS_BAD) && reader_is_half(r, &row)) {
            emit_half(r, b, &row);
            return false;
        }
        switch (status) {
        case ROWS_ROW:
            emit(r, b, &row, false);
            break;
        case ROWS_BAD:
            emit(r, b, &row, true);
            break;
        case ROWS_END:
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
    const struct reader_setup setup = {
        .delimiter = s->delimiter,
        .quote = s->quote,
        .header = s->header,
        .encoding = s->encoding,
        .limits = {.columns = (uint32_t)s->columns, .row_bytes = (uint32_t)s->row_bytes},
        .source = {.roots = w->services->roots,
                   .root_count = w->services->root_count,
                   .unpacked_max = w->services->unpacked_max,
                   .mark = {.in = job_number(job, n, "packed_at"),
                            .out = job_number(job, n, "unpacked_at")},
                   .loop = w->services->loop,
                   .ready = on_ready,
                   .ready_ctx = w},
    };

    return reader_begin(&s->reader, &setup, b->entries[0].uri, job, n, t);
}

/* The row that killed the others. It is not looked at. */
static bool pass_over(struct reader *r, struct batch *b, const str *job, uint32_t n,
                      struct trouble *t)
{
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
    emit(r, b, &row, true);
    set_number(b->progress, &b->arena, STR("poison"), rows + 1);
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
    new_progress(b, w->host->job(w, b, &job, &n), from, row);
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
    struct progress *p = new_progress(b, job, from, r->row);
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
    if (is_new)
        describe(r, &b->arena, p, now_ms);
    bool goes_on = true; /* where care is taken the beginning is a step of its own */
    if (b->care == CARE_PASS_OVER)
        goes_on = pass_over(r, b, fields, n, &t);
    else if (!is_new || !b->step_bytes)
        goes_on = step(r, b, &t);
    p->to = cutter_boundary(r->cutter);
    p->row = r->row;
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
    .summary = "Cut files into rows: CSV with any delimiter, from where the last commit stood.",
    .state_size = sizeof(struct split),
    .settings = settings,
    .check = split_check,
    .process = split_process,
    .close = split_close,
    .max_inflight = 1,
    .wants_jobs = true,
};
