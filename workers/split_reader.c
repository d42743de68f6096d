#include "workers/split_reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/recode.h"
#include "common/data/text.h"
#include "workers/split_head.h"
#include "workers/split_reader_parts.h"

enum {
    HEAD_BYTES = 64 * 1024,         /* looked at to choose a dialect */
    HEADER_BYTES = 8 * 1024 * 1024, /* a longer first row is not looked for the end of */
    READ_BYTES = 256 * 1024,        /* asked of the file at a time */
};

static const char *const formats[] = {
    [ROWS_CSV] = "csv", [ROWS_NDJSON] = "ndjson", [ROWS_JSON] = "json"};

const char *reader_format_name(enum rows_format format)
{
    return formats[format];
}

/* A job of an older build does not say: it is CSV. */
static enum rows_format format_of(str word)
{
    if (str_is(word, "ndjson"))
        return ROWS_NDJSON;
    return str_is(word, "json") ? ROWS_JSON : ROWS_CSV;
}

static enum rows_encoding encoding_of(str word)
{
    if (str_is(word, "utf-8"))
        return ROWS_UTF8;
    return str_is(word, "windows-1252") ? ROWS_1252 : ROWS_UTF8_OR_1252;
}

/* Cells are read as they stand in the file; in any other encoding it is read as UTF-8. */
bool reader_is_plain(str encoding)
{
    return !encoding.n || str_is(encoding, "auto") || str_is(encoding, "utf-8") ||
           str_is(encoding, "windows-1252");
}

bool reader_is_encoding(str word)
{
    if (reader_is_plain(word))
        return true;
    struct recode *r = recode_new(word);
    recode_free(r);
    return r != NULL;
}

bool reader_is_delimiter(str word, char *c)
{
    if (str_is(word, "tab"))
        *c = '\t';
    else if (word.n == 1)
        *c = word.p[0];
    else
        return false;
    return *c != '\n' && *c != '\r' && *c != '\0';
}

str reader_job_field(const str *fields, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i + 1 < n; i += 2)
        if (str_is(fields[i], name))
            return fields[i + 1];
    return STR_NONE;
}

bool reader_fail(struct trouble *t, str reason)
{
    t->reason = reason;
    return false;
}

static bool fail_source(struct trouble *t)
{
    t->is_waiting = t->err.code == ERR_AGAIN && t->reason.n == 0;
    return false;
}

/* Bytes: those from rows_offset() on stand in `bytes`, more are read behind them. */

static str piece(const struct reader *r)
{
    size_t skip = (size_t)(cutter_offset(r->cutter) - r->bytes_at);

    return (str){r->bytes + skip, r->have - skip};
}

static bool fail_changed(const struct reader *r, struct trouble *t)
{
    error_set(&t->err, ERR_DATA, "'" STR_FMT "' was changed while it was read",
              STR_ARG(r->uri));
    return reader_fail(t, STR("source_changed"));
}

bool reader_read_more(struct reader *r, uint64_t from, struct trouble *t)
{
    size_t skip = (size_t)(from - r->bytes_at), got;

    r->have -= skip;
    if (r->have)
        memmove(r->bytes, r->bytes + skip, r->have);
    r->bytes_at = from;
    if (r->room < r->have + READ_BYTES) {
        r->room = r->have + READ_BYTES; /* at most the longest row and one read */
        r->bytes = xrealloc(r->bytes, r->room);
    }
    if (source_read(&r->file, from + r->have, r->bytes + r->have, READ_BYTES, &got, &t->reason,
                    &t->err))
        return fail_source(t);
    r->have += got;
    r->is_at_end = got == 0;
    return !r->is_at_end || source_is_same(&r->file) || fail_changed(r, t);
}

enum rows_status reader_next(struct reader *r, struct arena *a, uint64_t *budget,
                             struct row *row, struct trouble *t)
{
    for (;;) {
        enum rows_status status = cutter_next(r->cutter, piece(r), r->is_at_end, a, row);
        if ((status == ROWS_ROW || status == ROWS_BAD) &&
            row->is_alone) /* a successor has to know it */
            r->records = STR(JSON_CUT_ONE);
        if (status != ROWS_MORE || *budget == 0)
            return status;
        if (!reader_read_more(r, cutter_offset(r->cutter), t))
            return ROWS_MORE;
        *budget -= MIN(*budget, (uint64_t)READ_BYTES);
    }
}

bool reader_is_half(const struct reader *r, const struct row *row)
{
    if (!r->is_at_end || source_ended(&r->file).kind != SOURCE_CUT)
        return false;
    if (str_is(row->reason, "truncated"))
        return true;
    char last = r->have ? r->bytes[r->have - 1] : '\n';
    return row->end >= r->bytes_at + r->have && last != '\n' && last != '\r';
}

void reader_start_rows(struct reader *r, uint64_t offset, bool is_at_row)
{
    const struct json_cut how = {.row_bytes = r->limits.row_bytes,
                                 .encoding = r->dialect.encoding,
                                 .records = r->records,
                                 .is_at_item = is_at_row};

    cutter_free(&r->cutter);
    if (r->format == ROWS_NDJSON)
        r->cutter = (struct cutter){&json_lines_kind, json_lines_new(&how, offset)};
    else if (r->format == ROWS_JSON)
        r->cutter = (struct cutter){&json_items_kind, json_items_new(&how, offset)};
    else
        r->cutter = (struct cutter){&rows_kind, rows_new(r->dialect, r->limits, offset)};
    struct recode *recode = reader_is_plain(r->encoding) ? NULL : recode_new(r->encoding);
    if (recode)
        r->cutter = recode_cutter(recode, r->cutter, offset);
}

/* A new file: dialect, header. */

/* By its mark; or by NUL bytes, which no text in UTF-8 has in every other place. */
static str utf16_of(str head)
{
    const char *p = head.p;

    if (str_starts(head, STR("\xff\xfe")))
        return STR("utf-16le");
    if (str_starts(head, STR("\xfe\xff")))
        return STR("utf-16be");
    if (head.n >= 4 && p[0] && !p[1] && p[2] && !p[3])
        return STR("utf-16le");
    return head.n >= 4 && !p[0] && p[1] && !p[2] && p[3] ? STR("utf-16be") : STR_NONE;
}

static void choose_encoding(struct reader *r, const struct reader_setup *setup)
{
    str found = utf16_of((str){r->bytes, r->have});
    bool may_be_found = str_is(setup->encoding, "auto") || str_is(setup->encoding, "utf-16");

    r->encoding = may_be_found && found.n ? found : arena_copy(&r->arena, setup->encoding);
    r->dialect.encoding = reader_is_plain(r->encoding) ? encoding_of(r->encoding) : ROWS_UTF8;
}

/* The first bytes as text; `*sizes` NULL: as they are. */
static str head_text(struct reader *r, const uint8_t **sizes)
{
    str head = {r->bytes, r->have};
    struct recode *recode = reader_is_plain(r->encoding) ? NULL : recode_new(r->encoding);

    *sizes = NULL;
    if (recode)
        head = recode_text(recode, &r->arena, head, sizes);
    recode_free(recode);
    return head;
}

static void choose_format(struct reader *r, const struct reader_setup *setup, str head)
{
    bool is_found = str_is(setup->format, "auto");

    r->records = arena_copy(&r->arena, setup->records);
    if (is_found && !str_is(setup->records, "auto"))
        r->format = ROWS_JSON; /* only there a pointer leads anywhere */
    else
        r->format = is_found ? rows_format_of(head, r->is_at_end) : format_of(setup->format);
}

/* Of a CSV file: where its rows begin, and in what dialect. */
static uint64_t choose_dialect(struct reader *r, const struct reader_setup *setup, str head,
                               const uint8_t *sizes)
{
    struct split_head h;
    uint64_t start = 0;

    if (r->format != ROWS_CSV)
        return 0;
    head.n = MIN(head.n, (size_t)HEAD_BYTES);
    split_head_look(&r->arena, setup, head, &h);
    h.dialect.encoding = r->dialect.encoding;
    r->dialect = h.dialect;
    r->chosen = h.chosen;
    r->before = arena_copy(&r->arena, h.before);
    r->lines_before = h.lines;
    for (uint64_t i = 0; i < h.start; i++)
        start += sizes ? sizes[i] : 1;
    return start;
}

/* The cells of a row without its offset. */
static str cells_of(struct arena *a, str line)
{
    const char *comma = memchr(line.p, ',', line.n);
    str rest = comma ? str_between(comma + 1, str_end(line)) : STR("]");

    return arena_printf(a, "[" STR_FMT, STR_ARG(rest));
}

/* Look at the first row again: it is data. */
static void go_back(struct reader *r, uint64_t start)
{
    reader_start_rows(r, start, false);
    r->have = 0;
    r->bytes_at = start;
    r->is_at_end = false;
}

static void name_columns(struct reader *r, const struct reader_setup *setup,
                         const struct row *row, uint64_t start)
{
    if (str_is(setup->header, "first")) {
        r->header = cells_of(&r->arena, row->line);
        r->cols = rows_header(&r->arena, row->line);
        return;
    }
    if (setup->names
            .n) { /* should they stand in the file as well, they are a repeated header */
        str line = arena_printf(&r->arena, "[0," STR_FMT,
                                STR_ARG(((str){setup->names.p + 1, setup->names.n - 1})));
        r->header = arena_copy(&r->arena, setup->names);
        r->cols = rows_header(&r->arena, line);
    } else {
        r->cols = rows_numbered(&r->arena, row->cells);
    }
    go_back(r, start);
}

static bool expect_columns(struct reader *r, const struct reader_setup *setup,
                           struct trouble *t)
{
    if (setup->expect.n)
        r->missing_columns = split_head_missing(&r->arena, setup->expect, r->cols);
    if (!r->missing_columns.n || !str_is(setup->missing, "dead"))
        return true;
    error_set(&t->err, ERR_DATA, "'" STR_FMT "' has no column " STR_FMT, STR_ARG(r->uri),
              STR_ARG(r->missing_columns));
    return reader_fail(t, STR("missing_columns"));
}

/* Now that the columns are known. */
static void begin_rows(struct reader *r)
{
    str rest, name;

    r->limits.cells = 0;
    if (json_open(r->cols, &rest))
        while (json_next_item(&rest, &name))
            r->limits.cells++;
    reader_start_rows(r, cutter_boundary(r->cutter), false);
}

static bool read_header(struct reader *r, const struct reader_setup *setup, struct trouble *t)
{
    uint64_t start = cutter_boundary(r->cutter), budget = HEADER_BYTES;
    struct row row;

    switch (reader_next(r, &r->arena, &budget, &row, t)) {
    case ROWS_ROW:
        name_columns(r, setup, &row, start);
        break;
    case ROWS_ASIDE: /* of JSON only */
    case ROWS_END:   /* an empty file has no rows */
        r->cols = STR("[]");
        return true;
    case ROWS_BAD:
        error_set(&t->err, ERR_DATA,
                  "the first row, at offset %" PRIu64 ", cannot be read: " STR_FMT, row.offset,
                  STR_ARG(row.reason));
        return reader_fail(t, STR("bad_header"));
    case ROWS_MORE:
        if (t->reason.n || t->is_waiting)
            return false;
        error_set(&t->err, ERR_DATA, "the first row does not end within %d bytes",
                  HEADER_BYTES);
        return reader_fail(t, STR("bad_header"));
    }
    begin_rows(r);
    return expect_columns(r, setup, t);
}

static bool begin_new(struct reader *r, const struct reader_setup *setup, struct trouble *t)
{
    const uint8_t *sizes;

    r->have = 0; /* it may be called again */
    r->bytes_at = 0;
    r->is_at_end = false;
    do
        if (!reader_read_more(r, 0, t))
            return false;
    while (r->have < HEAD_BYTES && !r->is_at_end);
    choose_encoding(r, setup);
    str head = head_text(r, &sizes);
    choose_format(r, setup, head);
    uint64_t start = choose_dialect(r, setup, head, sizes);
    reader_start_rows(r, start, false);
    r->row = 1;
    return r->format != ROWS_CSV || read_header(r, setup, t);
}

static uint64_t job_count(const str *job, uint32_t n, const char *name)
{
    uint64_t count;

    return str_to_u64(reader_job_field(job, n, name), &count) ? count : 0;
}

/* A file that another worker, or an earlier life of this one, began. */
static bool resume(struct reader *r, const str *job, uint32_t n, bool is_at_row,
                   struct trouble *t)
{
    str delimiter = reader_job_field(job, n, "delimiter");
    str quote = reader_job_field(job, n, "quote");
    uint64_t offset;

    if (!str_equal(reader_job_field(job, n, "version"), r->file.version))
        return fail_changed(r, t);
    if (!str_to_u64(reader_job_field(job, n, "offset"), &offset) ||
        !str_to_u64(reader_job_field(job, n, "row"), &r->row) || delimiter.n != 1) {
        error_set(&t->err, ERR_DATA, "the hash of the job is damaged: enqueue the file again");
        return reader_fail(t, STR("bad_job"));
    }
    r->format = format_of(reader_job_field(job, n, "format"));
    r->encoding = arena_copy(&r->arena, reader_job_field(job, n, "encoding"));
    r->recoded = job_count(job, n, "rows:windows-1252");
    r->replaced = job_count(job, n, "rows:replaced");
    r->truncated = job_count(job, n, "rows:truncated");
    r->records = arena_copy(&r->arena, reader_job_field(job, n, "records"));
    if (r->format == ROWS_CSV)
        r->cols = arena_copy(&r->arena, reader_job_field(job, n, "cols"));
    str header = reader_job_field(job, n, "header");
    r->header = header.n ? arena_copy(&r->arena, header) : r->cols;
    if (str_is(header, "none"))
        r->header = STR_NONE;
    bool is_cr = str_is(reader_job_field(job, n, "newline"), "cr");
    r->dialect = (struct rows_dialect){
        .delimiter = delimiter.p[0],
        .quote = quote.n ? quote.p[0] : '\0',
        .newline = is_cr ? ROWS_NEWLINE_CR : ROWS_NEWLINE_LF,
        .encoding = reader_is_plain(r->encoding) ? encoding_of(r->encoding) : ROWS_UTF8,
    };
    reader_start_rows(r, offset, is_at_row);
    if (r->format == ROWS_CSV)
        begin_rows(r);
    r->bytes_at = offset;
    return true;
}

bool reader_begin(struct reader *r, const struct reader_setup *setup, str uri, const str *job,
                  uint32_t job_count, struct trouble *t)
{
    char hex[16];

    if (!r->is_beginning || !str_equal(uri, r->uri)) {
        reader_drop(r);
        r->limits = setup->limits;
        r->uri = arena_copy(&r->arena, uri);
    }
    r->is_beginning = false;
    if (!r->file.is_open &&
        source_open(&r->file, &r->arena, r->uri, &setup->source, &t->reason, &t->err)) {
        fail_source(t);
        r->is_beginning = t->is_waiting;
        return false;
    }
    hash_hex(hash_more(hash_bytes(r->uri), r->file.version), hex);
    r->src = arena_copy(&r->arena, (str){hex, sizeof(hex)});
    bool is_begun = reader_job_field(job, job_count, "cols").n
                        ? resume(r, job, job_count, setup->is_at_row, t)
                        : begin_new(r, setup, t);
    r->is_beginning = t->is_waiting;
    return is_begun;
}

void reader_drop(struct reader *r)
{
    source_close(&r->file);
    cutter_free(&r->cutter);
    arena_reset(&r->arena);
    *r = (struct reader){.arena = r->arena, .bytes = r->bytes, .room = r->room};
}

void reader_free(struct reader *r)
{
    reader_drop(r);
    arena_free(&r->arena);
    free(r->bytes);
    r->bytes = NULL;
    r->room = 0;
}
