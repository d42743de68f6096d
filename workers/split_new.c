/* A file that nobody has read before: its encoding, format, dialect and header. */
#include <inttypes.h>

#include "common/data/json.h"
#include "common/data/recode.h"
#include "workers/split_head.h"
#include "workers/split_reader_parts.h"
#include "workers/split_words.h"

enum {
    HEAD_BYTES = 64 * 1024,         /* looked at to choose a dialect */
    HEADER_BYTES = 8 * 1024 * 1024, /* a longer first row is not looked for the end of */
};

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
    r->dialect.encoding = split_encoding_of(r->encoding);
}

/* The first bytes as text; `*sizes` NULL: as they are. */
static str head_text(struct reader *r, const uint8_t **sizes)
{
    str head = {r->bytes, r->have};
    struct recode *recode = split_is_plain(r->encoding) ? NULL : recode_new(r->encoding);

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
        r->format =
            is_found ? rows_format_of(head, r->is_at_end) : split_format_of(setup->format);
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
    reader_begin_rows(r);
    return expect_columns(r, setup, t);
}

bool reader_begin_new(struct reader *r, const struct reader_setup *setup, struct trouble *t)
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
