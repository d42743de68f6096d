#include <inttypes.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/data/json.h"
#include "common/data/rows.h"
#include "common/data/text.h"
#include "common/io/source.h"
#include "workers/stages.h"

enum {
    HEAD_BYTES = 64 * 1024,   /* looked at to choose a dialect */
    READ_BYTES = 256 * 1024,  /* asked of the file at a time */
    STEP_BYTES = 1024 * 1024, /* of the file in one commit: some 10 ms of work */
    JOB_FIELDS = 32,          /* names and values that one commit sets at most */
};

struct split {
    str format, delimiter, quote, header, encoding; /* settings */
    uint64_t columns, row_bytes;

    struct source file; /* of the job at hand */
    struct rows *rows;  /* owned */
    struct rows_dialect dialect;
    struct arena arena; /* of the job: names, version */
    str uri, src, cols;
    uint64_t row; /* number of the next record */
    char *bytes;  /* owned; read but not yet taken, from `bytes_at` of the file on */
    size_t have, room;
    uint64_t bytes_at;
    bool is_at_end; /* nothing follows what was read */
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
     "Most columns of a row; a wider row is a dead letter."},
    {"row_bytes", SETTING_BYTES, "1024000B", offsetof(struct split, row_bytes),
     "Longest row in bytes; a longer one is a dead letter."},
    {0},
};

static bool one_char(str text, char *c)
{
    if (str_is(text, "tab"))
        *c = '\t';
    else if (text.n == 1)
        *c = text.p[0];
    else
        return false;
    return *c != '\n' && *c != '\r' && *c != '\0';
}

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
    if (!str_is(s->delimiter, "auto") && !one_char(s->delimiter, &c))
        findings_error(f, node_at(config, "delimiter"), (uint32_t)s->delimiter.n,
                       "delimiter must be one character, 'tab' or 'auto'");
    if (!str_is(s->quote, "none") && !one_char(s->quote, &c))
        findings_error(f, node_at(config, "quote"), (uint32_t)s->quote.n,
                       "quote must be one character or 'none'");
    if (s->row_bytes < 1024 || s->row_bytes > 1024000)
        findings_error(
            f, node_at(config, "row_bytes"), 1,
            "row_bytes must be between 1024 and 1024000, the largest Firehose record");
    if (s->columns < 1 || s->columns > 4096)
        findings_error(f, node_at(config, "columns"), 1, "columns must be between 1 and 4096");
}

static void drop_job(struct split *s)
{
    source_close(&s->file);
    rows_free(s->rows);
    arena_reset(&s->arena);
    s->rows = NULL;
    s->have = 0;
    s->is_at_end = false;
    s->uri = s->src = s->cols = STR_NONE;
    s->row = 0;
}

static void split_close(struct worker *w)
{
    struct split *s = w->state;

    drop_job(s);
    arena_free(&s->arena);
    free(s->bytes);
    s->bytes = NULL;
}

/* Reading: the bytes from rows_offset() on stand in `bytes`, more are read behind them. */

static str piece(const struct split *s)
{
    size_t skip = (size_t)(rows_offset(s->rows) - s->bytes_at);

    return (str){s->bytes + skip, s->have - skip};
}

static int read_more(struct split *s, uint64_t from, struct error *err)
{
    size_t skip = (size_t)(from - s->bytes_at), got;

    s->have -= skip;
    if (s->have)
        memmove(s->bytes, s->bytes + skip, s->have);
    s->bytes_at = from;
    if (s->room < s->have + READ_BYTES) {
        s->room = s->have + READ_BYTES; /* at most the longest row and one read */
        s->bytes = xrealloc(s->bytes, s->room);
    }
    if (source_read(&s->file, s->bytes_at + s->have, s->bytes + s->have, READ_BYTES, &got, err))
        return err->code;
    s->have += got;
    s->is_at_end = got == 0;
    return 0;
}

static enum rows_status next_row(struct split *s, struct arena *a, struct row *row,
                                 struct error *err)
{
    for (;;) {
        enum rows_status status = rows_next(s->rows, piece(s), s->is_at_end, a, row);
        if (status != ROWS_MORE)
            return status;
        if (read_more(s, rows_offset(s->rows), err))
            return ROWS_MORE;
    }
}

/* Opening a job, a new one or one that another worker began. */

struct trouble { /* why a job cannot go on */
    str reason;
    struct error err;
};

static bool fail(struct trouble *t, str reason)
{
    t->reason = reason;
    return false;
}

static str job_field(const str *fields, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i + 1 < n; i += 2)
        if (str_is(fields[i], name))
            return fields[i + 1];
    return STR_NONE;
}

static enum rows_encoding encoding_of(str word)
{
    if (str_is(word, "utf-8"))
        return ROWS_UTF8;
    return str_is(word, "windows-1252") ? ROWS_1252 : ROWS_UTF8_OR_1252;
}

static void choose_dialect(struct split *s)
{
    s->dialect = rows_sniff(text_skip_bom((str){s->bytes, MIN(s->have, (size_t)HEAD_BYTES)}));
    if (!str_is(s->delimiter, "auto"))
        (void)one_char(s->delimiter, &s->dialect.delimiter);
    s->dialect.quote = '\0';
    if (!str_is(s->quote, "none"))
        (void)one_char(s->quote, &s->dialect.quote);
    s->dialect.encoding = encoding_of(s->encoding);
}

static void start_rows(struct split *s, uint64_t offset)
{
    const struct rows_limits limits = {.columns = (uint32_t)s->columns,
                                       .row_bytes = (uint32_t)s->row_bytes};

    s->rows = rows_new(s->dialect, limits, offset);
}

static bool open_source(struct worker *w, str uri, struct trouble *t)
{
    struct split *s = w->state;
    char hex[16];

    s->uri = arena_copy(&s->arena, uri);
    if (source_open(&s->file, &s->arena, s->uri, w->services->roots, w->services->root_count,
                    &t->reason, &t->err))
        return false;
    hash_hex(hash_more(hash_bytes(s->uri), s->file.version), hex);
    s->src = arena_copy(&s->arena, (str){hex, sizeof(hex)});
    return true;
}

/* Bytes 0..2 of a file may be a byte order mark. */
static bool begin_new(struct split *s, struct trouble *t)
{
    struct row row;

    s->bytes_at = 0;
    if (read_more(s, 0, &t->err))
        return fail(t, STR("source_unreadable"));
    bool has_bom = s->have >= 3 && memcmp(s->bytes, "\xef\xbb\xbf", 3) == 0;
    choose_dialect(s);
    start_rows(s, has_bom ? 3 : 0);
    s->row = 1;
    s->cols = STR("[]");
    if (str_is(s->header, "none")) {
        struct rows *rows = s->rows;
        enum rows_status status = next_row(s, &s->arena, &row, &t->err);
        s->cols = rows_numbered(&s->arena, status == ROWS_ROW ? row.cells : 0);
        rows_free(rows); /* it was only looked at */
        start_rows(s, has_bom ? 3 : 0);
        s->have = 0;
        s->bytes_at = has_bom ? 3 : 0;
        s->is_at_end = false;
        return true;
    }
    switch (next_row(s, &s->arena, &row, &t->err)) {
    case ROWS_ROW:
        s->cols = rows_header(&s->arena, row.line);
        return true;
    case ROWS_END:
        return true; /* an empty file has no rows */
    case ROWS_BAD:
        error_set(&t->err, ERR_DATA,
                  "the header at offset %" PRIu64 " cannot be read: " STR_FMT, row.offset,
                  STR_ARG(row.reason));
        return fail(t, STR("bad_header"));
    case ROWS_MORE:
        break;
    }
    return fail(t, STR("source_unreadable"));
}

static bool resume(struct split *s, const str *fields, uint32_t n, struct trouble *t)
{
    str delimiter = job_field(fields, n, "delimiter"), quote = job_field(fields, n, "quote");
    uint64_t offset;

    if (!str_equal(job_field(fields, n, "version"), s->file.version)) {
        error_set(&t->err, ERR_DATA, "'" STR_FMT "' was changed while it was read",
                  STR_ARG(s->uri));
        return fail(t, STR("source_changed"));
    }
    s->cols = arena_copy(&s->arena, job_field(fields, n, "cols"));
    if (!str_to_u64(job_field(fields, n, "offset"), &offset) ||
        !str_to_u64(job_field(fields, n, "row"), &s->row) || delimiter.n != 1) {
        error_set(&t->err, ERR_DATA, "the job's hash was damaged: enqueue the file again");
        return fail(t, STR("bad_job"));
    }
    s->dialect = (struct rows_dialect){
        .delimiter = delimiter.p[0],
        .quote = quote.n ? quote.p[0] : '\0',
        .newline =
            str_is(job_field(fields, n, "newline"), "cr") ? ROWS_NEWLINE_CR : ROWS_NEWLINE_LF,
        .encoding = encoding_of(job_field(fields, n, "encoding")),
    };
    start_rows(s, offset);
    s->bytes_at = offset;
    return true;
}

/* Steps. */

static void describe(const struct split *s, struct arena *a, struct progress *p,
                     uint64_t now_ms)
{
    static const char *const encodings[] = {"auto", "utf-8", "windows-1252"};
    str *f = p->fields + p->field_count;
    const str list[] = {
        STR("uri"),       s->uri,
        STR("src"),       s->src,
        STR("version"),   s->file.version,
        STR("size"),      arena_printf(a, "%" PRIu64, s->file.size),
        STR("cols"),      s->cols,
        STR("delimiter"), arena_copy(a, (str){&s->dialect.delimiter, 1}),
        STR("quote"),     arena_copy(a, (str){&s->dialect.quote, s->dialect.quote != '\0'}),
        STR("newline"),   s->dialect.newline == ROWS_NEWLINE_CR ? STR("cr") : STR("lf"),
        STR("encoding"),  str_of(encodings[s->dialect.encoding]),
        STR("state"),     STR("running"),
        STR("started"),   arena_printf(a, "%" PRIu64, now_ms),
    };

    memcpy(f, list, sizeof(list));
    p->field_count += ARRAY_LEN(list);
}

static void add_field(struct progress *p, str name, str value)
{
    p->fields[p->field_count++] = name;
    p->fields[p->field_count++] = value;
}

static void end_job(struct batch *b, struct progress *p, str state, uint64_t now_ms)
{
    p->is_last = true;
    add_field(p, STR("state"), state);
    add_field(p, STR("ended"), arena_printf(&b->arena, "%" PRIu64, now_ms));
}

static struct progress *new_progress(struct batch *b, str job, uint64_t from)
{
    struct progress *p = arena_zalloc(&b->arena, sizeof(*p));

    *p = (struct progress){.job = job, .from = from, .to = from, .row = 1};
    p->fields = arena_alloc(&b->arena, JOB_FIELDS * sizeof(str));
    return b->progress = p;
}

/* The job itself is the dead letter; what was read before stays delivered. */
static enum work give_up_job(struct worker *w, struct batch *b, struct progress *p,
                             const struct trouble *t)
{
    struct split *s = w->state;
    struct entry *e = &b->entries[0];
    str uri = json_quoted(&b->arena, e->uri);
    uint64_t now_ms = clock_wall_ms(w->services->clock);
    str detail = arena_copy(&b->arena, str_of(t->err.text));

    if (s->src.n)
        e->src = s->src;
    if (b->record_count == 0)
        e->row = MAX(s->row, (uint64_t)1);
    p->row = MAX(s->row, (uint64_t)1);
    str line = arena_printf(&b->arena, "{\"uri\":" STR_FMT "}", STR_ARG(uri));
    record_settle(batch_emit(b, e, line, (uint32_t)(p->row - e->row)), VERDICT_DEAD, t->reason,
                  detail);
    add_field(p, STR("uri"), e->uri);
    add_field(p, STR("error"), detail);
    end_job(b, p, STR("failed"), now_ms);
    log_warn("a file cannot be split", LOG_STR("uri", e->uri), LOG_STR("reason", t->reason),
             LOG_STR("error", detail));
    source_close(&s->file);
    return WORK_DONE;
}

static void emit(struct split *s, struct batch *b, const struct row *row, bool is_bad)
{
    struct entry *e = &b->entries[0];
    uint32_t number = (uint32_t)(s->row++ - e->row);

    if (!is_bad) {
        batch_emit(b, e, row->line, number);
        return;
    }
    str raw = json_quoted(&b->arena, row->bytes);
    str line = arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset, STR_ARG(raw));
    record_settle(batch_emit(b, e, line, number), VERDICT_DEAD, row->reason,
                  arena_printf(&b->arena, "row of " STR_FMT " at offset %" PRIu64,
                               STR_ARG(s->uri), row->offset));
}

/* True: the file goes on. */
static bool step(struct split *s, struct batch *b, struct trouble *t)
{
    uint64_t stop = rows_offset(s->rows) + STEP_BYTES;
    struct row row;

    while (rows_offset(s->rows) < stop) {
        switch (next_row(s, &b->arena, &row, &t->err)) {
        case ROWS_ROW:
            emit(s, b, &row, false);
            break;
        case ROWS_BAD:
            emit(s, b, &row, true);
            break;
        case ROWS_END:
            return false;
        case ROWS_MORE:
            return fail(t, STR("source_unreadable"));
        }
    }
    return true;
}

static bool open_job(struct worker *w, struct batch *b, str *job, struct trouble *t,
                     uint64_t *from)
{
    struct split *s = w->state;
    const str *fields;
    uint32_t n;

    drop_job(s);
    *job = worker_job(w, b, &fields, &n);
    if (!str_to_u64(job_field(fields, n, "offset"), from))
        *from = 0;
    if (!open_source(w, b->entries[0].uri, t))
        return false;
    return job_field(fields, n, "cols").n ? resume(s, fields, n, t) : begin_new(s, t);
}

static struct source_note *note(const struct split *s, struct arena *a)
{
    struct source_note *n = arena_zalloc(a, sizeof(*n));

    *n = (struct source_note){
        .src = s->src, .uri = s->uri, .version = s->file.version, .size = s->file.size};
    return n;
}

static enum work split_process(struct worker *w, struct batch *b)
{
    struct split *s = w->state;
    struct entry *e = &b->entries[0];
    struct trouble t = {0};
    const str *fields;
    uint32_t n;
    str job = worker_job(w, b, &fields, &n);
    bool is_new = b->kept != s;
    uint64_t from = 0;

    if (is_new && !open_job(w, b, &job, &t, &from))
        return give_up_job(w, b, new_progress(b, job, from), &t);
    bool is_first = is_new && from == 0;
    if (!is_first)
        from = rows_offset(s->rows);
    b->kept = s;
    e->src = s->src;
    e->cols = s->cols;
    e->row = s->row;

    struct progress *p = new_progress(b, job, from);
    uint64_t now_ms = clock_wall_ms(w->services->clock);
    if (is_first)
        describe(s, &b->arena, p, now_ms);
    if (is_new)
        p->source = note(s, &b->arena);
    bool goes_on = step(s, b, &t);
    p->to = rows_offset(s->rows);
    p->row = s->row;
    if (!goes_on && !t.reason.n && !source_is_same(&s->file)) {
        error_set(&t.err, ERR_DATA, "'" STR_FMT "' was changed while it was read",
                  STR_ARG(s->uri));
        t.reason = STR("source_changed");
    }
    if (t.reason.n)
        return give_up_job(w, b, p, &t);
    if (!goes_on)
        end_job(b, p, STR("done"), now_ms);
    return goes_on ? WORK_MORE : WORK_DONE;
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
