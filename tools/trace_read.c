/* The bytes of one row, cut by the reader that the splitter uses. */
#include <inttypes.h>

#include "tools/trace.h"
#include "tools/trace_world.h"
#include "workers/split_reader.h"
#include "workers/split_words.h"

enum { BYTES_MAX = 1 << 20, JOB_FIELDS = 20, COLUMNS_MAX = 4096, ROW_MAX = 1024000 };
static const uint64_t budget_bytes = (uint64_t)64 << 20; /* a line without an end */

static const struct reader_setup standard = {
    /* the defaults of split */
    .format = {"auto", 4},
    .records = {"auto", 4},
    .delimiter = {"auto", 4},
    .quote = {"\"", 1},
    .header = {"first", 5},
    .preamble = {"auto", 4},
    .encoding = {"auto", 4},
    .limits = {.columns = COLUMNS_MAX, .row_bytes = ROW_MAX, .lines = 1000},
    .is_at_row = true,
};

struct sight { /* one look into a source */
    struct reader reader;
    struct reader_setup setup;
    struct trace_world *world;
    struct arena *arena;
    const struct trace_source *source;
    const struct origin *origin;
    struct trace_row *row;
    struct trouble trouble;
};

static bool refuse(struct sight *s, str problem)
{
    s->row->problem = problem;
    return false;
}

static bool refuse_trouble(struct sight *s)
{
    return refuse(s, arena_copy(s->arena, str_of(s->trouble.err.text)));
}

static bool refuse_place(struct sight *s)
{
    return refuse(s,
                  arena_printf(s->arena, "no row begins at byte %" PRIu64, s->origin->offset));
}

/* True: ask again. What is no answer to wait for stays in `trouble`. */
static bool wait(struct sight *s)
{
    struct trouble *t = &s->trouble;
    struct error last = t->err;

    if (!t->is_waiting)
        return false;
    *t = (struct trouble){0};
    if (trace_world_wait(s->world))
        return true;
    error_set(&t->err, ERR_DATA,
              "the source gave no answer within %" PRIu64 " s (--timeout)%s%s",
              s->world->patience_ms / 1000, last.text[0] ? ": " : "", last.text);
    return false;
}

static bool begin(struct sight *s, const str *fields, uint32_t n)
{
    s->trouble = (struct trouble){0};
    while (!reader_begin(&s->reader, &s->setup, s->source->uri, fields, n, &s->trouble))
        if (!wait(s))
            return false;
    return true;
}

static bool read_at(struct sight *s, uint64_t offset, char *to, size_t n, size_t *got)
{
    struct trouble *t = &s->trouble;

    for (;;) {
        *t = (struct trouble){0};
        int rc = source_read(&s->reader.file, offset, to, n, got, &t->reason, &t->err);
        if (rc == 0)
            return true;
        t->is_waiting = rc == ERR_AGAIN && t->reason.n == 0;
        if (!wait(s))
            return false;
    }
}

/* The job is gone: look at the file as a splitter with default settings does. */
static struct trace_job sniff(const struct reader *r, struct arena *a)
{
    const struct rows_dialect *d = &r->dialect;

    return (struct trace_job){
        .cols = r->cols.n ? arena_copy(a, r->cols) : STR("[]"),
        .format = str_of(split_format_word(r->format)),
        .records = arena_copy(a, r->records),
        .delimiter = arena_copy(a, (str){&d->delimiter, 1}),
        .quote = arena_copy(a, (str){&d->quote, d->quote != '\0'}),
        .newline = d->newline == ROWS_NEWLINE_CR ? STR("cr") : STR("lf"),
        .encoding = arena_copy(a, r->encoding),
    };
}

/* As if a job had come to a stop there. */
static bool stand_at(struct sight *s, const struct trace_job *job)
{
    struct arena *a = s->arena;
    const str fields[JOB_FIELDS] = {
        STR("version"),   arena_copy(a, s->reader.file.version),
        STR("offset"),    arena_printf(a, "%" PRIu64, s->origin->offset),
        STR("row"),       arena_printf(a, "%" PRIu64, s->origin->row),
        STR("cols"),      job->cols,
        STR("format"),    job->format,
        STR("records"),   job->records,
        STR("delimiter"), job->delimiter,
        STR("quote"),     job->quote,
        STR("newline"),   job->newline,
        STR("encoding"),  job->encoding,
    };

    return begin(s, fields, JOB_FIELDS);
}

/* A row begins where the file does, or behind a line end: of text whose bytes are characters.
 */
static bool may_begin(struct sight *s, const struct trace_job *job)
{
    const str plain[] = {STR_NONE, STR("auto"), STR("utf-8"), STR("windows-1252")};
    uint64_t offset = s->origin->offset;
    bool is_plain = false;
    char before;
    size_t got;

    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        is_plain |= str_equal(job->encoding, plain[i]);
    if (offset == 0 || !is_plain || str_is(job->format, "json") ||
        str_is(job->format, "ndjson"))
        return true; /* an object may begin anywhere */
    if (!read_at(s, offset - 1, &before, 1, &got))
        return refuse_trouble(s);
    bool is_good = got && (before == '\n' || before == '\r' ||
                           (offset == 3 && before == '\xbf')); /* BOM */
    return is_good || refuse_place(s);
}

static bool cut_row(struct sight *s)
{
    uint64_t budget = budget_bytes;
    struct row found = {0};
    enum rows_status status;

    do {
        s->trouble = (struct trouble){0};
        status = reader_next(&s->reader, s->arena, &budget, &found, &s->trouble);
    } while (status == ROWS_MORE && wait(s));
    if (status == ROWS_MORE && s->trouble.err.code)
        return refuse_trouble(s);
    bool is_row = status == ROWS_ROW || status == ROWS_BAD;
    if (!is_row || found.offset != s->origin->offset)
        return refuse_place(s);
    s->row->line = found.line;
    s->row->reason = status == ROWS_BAD ? found.reason : STR_NONE;
    s->row->end = found.end;
    return true;
}

static bool copy_bytes(struct sight *s)
{
    uint64_t from = s->origin->offset, all = s->row->end - from;
    size_t n = (size_t)MIN(all, (uint64_t)BYTES_MAX), at = 0, got = 1;
    char *bytes = arena_alloc(s->arena, n + 1);

    for (; at < n && got; at += got)
        if (!read_at(s, from + at, bytes + at, n - at, &got))
            return refuse_trouble(s);
    s->row->bytes = (str){bytes, at};
    s->row->is_cut = all > n;
    return true;
}

static bool read_row(struct sight *s)
{
    struct trace_job job = s->source->job;

    if (!begin(s, NULL, 0) && !s->reader.file.is_open)
        return refuse_trouble(s);
    s->row->version = arena_copy(s->arena, s->reader.file.version);
    if (!job.cols.n)
        job = sniff(&s->reader, s->arena);
    s->row->cols = job.cols;
    if (!may_begin(s, &job))
        return false;
    if (!stand_at(s, &job))
        return refuse_trouble(s);
    return cut_row(s) && copy_bytes(s);
}

void trace_read(struct trace_world *w, const struct trace_source *source,
                const struct origin *o, struct arena *a, struct trace_row *row)
{
    struct sight s = {
        .setup = standard, .world = w, .arena = a, .source = source, .origin = o, .row = row};

    *row = (struct trace_row){0};
    s.setup.source = trace_world_setup(w);
    if (source->job.mark.out <= o->offset)
        s.setup.source.mark = source->job.mark;
    if (source->is_by_hand)
        row->problem = STR("its bytes came by hand through the inbox and are not kept");
    else
        (void)read_row(&s); /* `problem` says it */
    reader_free(&s.reader);
}
