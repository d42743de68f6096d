#include "workers/split_reader.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/recode.h"
#include "workers/split_job.h"
#include "workers/split_reader_parts.h"
#include "workers/split_words.h"

enum { READ_BYTES = 256 * 1024 }; /* asked of the file at a time */

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

/* The bytes that the cutter has not taken. */
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
    struct recode *recode = split_is_plain(r->encoding) ? NULL : recode_new(r->encoding);
    if (recode)
        r->cutter = recode_cutter(recode, r->cutter, offset);
}

void reader_begin_rows(struct reader *r)
{
    str rest, name;

    r->limits.cells = 0;
    if (json_open(r->cols, &rest))
        while (json_next_item(&rest, &name))
            r->limits.cells++;
    reader_start_rows(r, cutter_boundary(r->cutter), false);
}

/* A file that another worker, or an earlier life of this one, began. */
static bool resume(struct reader *r, const str *job, uint32_t n, bool is_at_row,
                   struct trouble *t)
{
    str delimiter = split_job_field(job, n, "delimiter");
    str quote = split_job_field(job, n, "quote");
    uint64_t offset;

    if (!str_equal(split_job_field(job, n, "version"), r->file.version))
        return fail_changed(r, t);
    if (!str_to_u64(split_job_field(job, n, "offset"), &offset) ||
        !str_to_u64(split_job_field(job, n, "row"), &r->row) || delimiter.n != 1) {
        error_set(&t->err, ERR_DATA, "the hash of the job is damaged: enqueue the file again");
        return reader_fail(t, STR("bad_job"));
    }
    r->format = split_format_of(split_job_field(job, n, "format"));
    r->encoding = arena_copy(&r->arena, split_job_field(job, n, "encoding"));
    r->recoded = split_job_number(job, n, "rows:windows-1252");
    r->replaced = split_job_number(job, n, "rows:replaced");
    r->truncated = split_job_number(job, n, "rows:truncated");
    r->records = arena_copy(&r->arena, split_job_field(job, n, "records"));
    if (r->format == ROWS_CSV)
        r->cols = arena_copy(&r->arena, split_job_field(job, n, "cols"));
    str header = split_job_field(job, n, "header");
    r->header = header.n ? arena_copy(&r->arena, header) : r->cols;
    if (str_is(header, "none"))
        r->header = STR_NONE;
    bool is_cr = str_is(split_job_field(job, n, "newline"), "cr");
    r->dialect = (struct rows_dialect){
        .delimiter = delimiter.p[0],
        .quote = quote.n ? quote.p[0] : '\0',
        .newline = is_cr ? ROWS_NEWLINE_CR : ROWS_NEWLINE_LF,
        .encoding = split_encoding_of(r->encoding),
    };
    reader_start_rows(r, offset, is_at_row);
    if (r->format == ROWS_CSV)
        reader_begin_rows(r);
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
    bool is_begun = split_job_field(job, job_count, "cols").n
                        ? resume(r, job, job_count, setup->is_at_row, t)
                        : reader_begin_new(r, setup, t);
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
