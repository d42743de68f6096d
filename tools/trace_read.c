/* The bytes of one row, cut by the reader that the splitter uses. */
#include <inttypes.h>

#include "tools/trace.h"
#include "workers/split_reader.h"

enum { BYTES_MAX = 1 << 20, JOB_FIELDS = 20, COLUMNS_MAX = 4096, ROW_MAX = 1024000 };
static const uint64_t budget_bytes = (uint64_t)64 << 20; /* a line without an end */

static const str root = {"/", 1};
static const struct reader_setup setup = {
    /* the defaults of split */
    .format = {"auto", 4},
    .records = {"auto", 4},
    .delimiter = {"auto", 4},
    .quote = {"\"", 1},
    .header = {"first", 5},
    .preamble = {"auto", 4},
    .encoding = {"auto", 4},
    .limits = {.columns = COLUMNS_MAX, .row_bytes = ROW_MAX, .lines = 1000},
    .source = {.roots = &root, .root_count = 1},
    .is_at_row = true,
};

static bool refuse(struct trace_row *row, struct arena *a, const struct trouble *t)
{
    row->problem = arena_copy(a, str_of(t->err.text));
    return false;
}

/* The job is gone: look at the file as a splitter with default settings does. */
static struct trace_job sniff(const struct reader *r, struct arena *a)
{
    const struct rows_dialect *d = &r->dialect;

    return (struct trace_job){
        .cols = r->cols.n ? arena_copy(a, r->cols) : STR("[]"),
        .format = str_of(reader_format_name(r->format)),
        .records = arena_copy(a, r->records),
        .delimiter = arena_copy(a, (str){&d->delimiter, 1}),
        .quote = arena_copy(a, (str){&d->quote, d->quote != '\0'}),
        .newline = d->newline == ROWS_NEWLINE_CR ? STR("cr") : STR("lf"),
        .encoding = arena_copy(a, r->encoding),
    };
}

/* As if a job had come to a stop there. */
static bool stand_at(struct reader *r, str uri, const struct trace_job *job,
                     const struct origin *o, struct arena *a, struct trouble *t)
{
    const str fields[JOB_FIELDS] = {
        STR("version"),   arena_copy(a, r->file.version),
        STR("offset"),    arena_printf(a, "%" PRIu64, o->offset),
        STR("row"),       arena_printf(a, "%" PRIu64, o->row),
        STR("cols"),      job->cols,
        STR("format"),    job->format,
        STR("records"),   job->records,
        STR("delimiter"), job->delimiter,
        STR("quote"),     job->quote,
        STR("newline"),   job->newline,
        STR("encoding"),  job->encoding,
    };

    return reader_begin(r, &setup, uri, fields, JOB_FIELDS, t);
}

/* A row begins where the file does, or behind a line end. */
static bool is_begin(struct reader *r, const struct trace_job *job, uint64_t offset)
{
    struct error err = {0};
    char before;
    size_t got;
    str reason;

    if (offset == 0 || str_is(job->format, "json") || str_is(job->format, "ndjson") ||
        str_starts(job->encoding, STR("utf-16")))
        return true; /* an object may begin anywhere */
    if (offset >= r->file.size ||
        source_read(&r->file, offset - 1, &before, 1, &got, &reason, &err) != 0 || got == 0)
        return false;
    return before == '\n' || before == '\r' || (offset == 3 && before == '\xbf'); /* BOM */
}

static bool cut_row(struct reader *r, const struct origin *o, struct arena *a,
                    struct trace_row *row, struct trouble *t)
{
    uint64_t budget = budget_bytes;
    struct row found = {0};
    enum rows_status status = reader_next(r, a, &budget, &found, t);

    if (status == ROWS_MORE && t->reason.n)
        return refuse(row, a, t);
    if (status == ROWS_MORE || status == ROWS_END || found.offset != o->offset) {
        row->problem = arena_printf(a, "no row begins at byte %" PRIu64, o->offset);
        return false;
    }
    row->line = found.line;
    row->reason = status == ROWS_BAD ? found.reason : STR_NONE;
    row->end = found.end;
    return true;
}

static bool copy_bytes(struct reader *r, const struct origin *o, struct arena *a,
                       struct trace_row *row, struct trouble *t)
{
    size_t n = (size_t)MIN(row->end - o->offset, (uint64_t)BYTES_MAX), at = 0, got = 1;
    char *bytes = arena_alloc(a, n + 1);

    for (; at < n && got; at += got)
        if (source_read(&r->file, o->offset + at, bytes + at, n - at, &got, &t->reason,
                        &t->err) != 0)
            return refuse(row, a, t);
    row->bytes = (str){bytes, at};
    row->is_cut = row->end - o->offset > n;
    return true;
}

static bool read_row(struct reader *r, const struct trace_source *s, const struct origin *o,
                     struct arena *a, struct trace_row *row)
{
    struct trace_job job = s->job;
    struct trouble t = {0};

    if (!reader_begin(r, &setup, s->uri, NULL, 0, &t) && !r->file.is_open)
        return refuse(row, a, &t);
    row->version = arena_copy(a, r->file.version);
    if (!job.cols.n)
        job = sniff(r, a);
    row->cols = job.cols;
    if (!is_begin(r, &job, o->offset)) {
        row->problem = arena_printf(a, "no row begins at byte %" PRIu64, o->offset);
        return false;
    }
    t = (struct trouble){0};
    if (!stand_at(r, s->uri, &job, o, a, &t))
        return refuse(row, a, &t);
    return cut_row(r, o, a, row, &t) && copy_bytes(r, o, a, row, &t);
}

void trace_read(const struct trace_source *s, const struct origin *o, struct arena *a,
                struct trace_row *row)
{
    struct reader r = {0};

    *row = (struct trace_row){0};
    if (s->is_by_hand)
        row->problem = STR("its bytes came by hand through the inbox and are not kept");
    else
        (void)read_row(&r, s, o, a, row); /* `problem` says it */
    reader_free(&r);
}
