/* The rows of a file, three ways: whole; in pieces, with a new object at some boundaries, as
 * after a crash; and by libcsv with the rules of rows.h around it. All must agree, the caps
 * hold, and every byte is in one row or is a line end between two. The first six bytes choose
 * dialect, caps and pieces. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/rows.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/rows_reference.h"

enum { SETUP_BYTES = 6, TRANSCRIPT_MAX = 64 << 20 };

struct setup {
    struct rows_dialect dialect;
    struct rows_limits limits;
    uint32_t seed;
};

static struct arena arena;

static struct setup read_setup(const uint8_t *b)
{
    return (struct setup){
        .dialect = {.delimiter = ",;\t|"[b[0] & 3],
                    .quote = "\"'\"\0"[b[0] >> 2 & 3],
                    .newline = b[0] >> 4 & 1 ? ROWS_NEWLINE_CR : ROWS_NEWLINE_LF,
                    .encoding = (enum rows_encoding)((b[0] >> 5) % 3)},
        .limits = {.row_bytes = b[1] ? MAX(b[1], 2) : 1024000,
                   .columns = b[2] ? b[2] : 4096,
                   .lines = b[4],
                   .cells = b[5]},
        .seed = b[3],
    };
}

static void note(struct buf *out, enum rows_status status, const struct row *row)
{
    bool fits = status == ROWS_ROW ? buf_printf(out, "%d %d %d %u ", row->recoded,
                                                row->replaced, row->is_unended, row->cells) &&
                                         buf_add(out, row->line)
                                   : buf_add(out, row->reason) && buf_add(out, row->bytes);

    PROMISE(fits && buf_printf(out, " %" PRIu64 "-%" PRIu64 "\n", row->offset, row->end));
}

/* Nothing but line ends is between two rows, or a byte order mark in front. */
static void promise_gap(str text, uint64_t from, uint64_t to)
{
    if (from == 0 && to >= 3 && str_starts(text, STR("\xef\xbb\xbf")))
        from = 3;
    PROMISE(from <= to && to <= text.n);
    for (; from < to; from++)
        PROMISE(text.p[from] == '\n' || text.p[from] == '\r');
}

static void promise_row(const struct setup *s, str text, enum rows_status status,
                        const struct row *row)
{
    PROMISE(row->end > row->offset && row->end <= text.n);
    if (status == ROWS_BAD) {
        PROMISE(row->bytes.n <= 4096 && row->bytes.n <= row->end - row->offset);
        PROMISE(str_starts((str){text.p + row->offset, text.n - row->offset}, row->bytes));
        return;
    }
    PROMISE(row->cells > 0 && row->cells <= s->limits.columns);
    PROMISE(row->end - row->offset <= s->limits.row_bytes);
    struct json_limits limits = {.members = 5000, .number_bytes = 20};
    PROMISE(!json_check(row->line, &limits, NULL));
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void read_rows(const struct setup *s, str text, bool is_whole, struct buf *out)
{
    struct rows *r = rows_new(s->dialect, s->limits, 0);
    size_t known = is_whole ? text.n : 0;
    uint32_t seed = s->seed;
    uint64_t behind = 0; /* the last row */
    enum rows_status status = ROWS_MORE;
    struct row row;

    while (status != ROWS_END) {
        str piece = {text.p + rows_offset(r), known - (size_t)rows_offset(r)};
        status = rows_next(r, piece, known == text.n, &arena, &row);
        PROMISE(rows_offset(r) <= known && rows_boundary(r) <= rows_offset(r));
        if (status == ROWS_MORE) {
            size_t more = 1 + next_random(&seed) % (1 + s->seed % 32);
            known = MIN(text.n, known + more);
        }
        if (status != ROWS_ROW && status != ROWS_BAD)
            continue;
        promise_gap(text, behind, row.offset);
        promise_row(s, text, status, &row);
        PROMISE(row.end == rows_offset(r));
        behind = row.end;
        note(out, status, &row);
        if (!is_whole && next_random(&seed) % 4 == 0) {
            rows_free(r);
            r = rows_new(s->dialect, s->limits, row.end);
        }
    }
    promise_gap(text, behind, text.n);
    PROMISE(rows_offset(r) == text.n);
    rows_free(r);
}

/* False: there is no reference for this file. */
static bool read_reference(const struct setup *s, str text, struct buf *out)
{
    struct reference *f = reference_new(s->dialect, s->limits, text, &arena);
    enum rows_status status;
    struct row row;

    while (f && (status = reference_next(f, &row)) != ROWS_END)
        note(out, status, &row);
    if (f)
        reference_free(f);
    return f;
}

static void sniff_and_name(str text)
{
    struct rows_dialect dialect = rows_sniff(text);
    struct rows *r = rows_new(dialect, (struct rows_limits){0}, 0);
    struct row row;

    if (rows_next(r, text, true, &arena, &row) == ROWS_ROW) {
        str names = rows_header(&arena, row.line), rest, name, found;
        struct json_limits limits = {.members = 5000};
        PROMISE(!json_check(names, &limits, NULL) && json_open(names, &rest));
        for (uint32_t i = 0; i < row.cells; i++)
            PROMISE(json_next_item(&rest, &name) && json_unquote(&arena, name, &found));
        PROMISE(!json_next_item(&rest, &name));
    }
    rows_free(r);
}

static void promise_equal(const struct buf *whole, const struct buf *other)
{
    if (str_equal(buf_str(whole), buf_str(other)))
        return;
    die("whole:\n" STR_FMT "\nother:\n" STR_FMT, STR_ARG(buf_str(whole)),
        STR_ARG(buf_str(other)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct buf whole, pieces, wanted;

    if (n < SETUP_BYTES)
        return 0;
    struct setup s = read_setup(bytes);
    str text = {(const char *)bytes + SETUP_BYTES, n - SETUP_BYTES};
    buf_init(&whole, TRANSCRIPT_MAX);
    buf_init(&pieces, TRANSCRIPT_MAX);
    buf_init(&wanted, TRANSCRIPT_MAX);
    read_rows(&s, text, true, &whole);
    read_rows(&s, text, false, &pieces);
    promise_equal(&whole, &pieces);
    if (read_reference(&s, text, &wanted))
        promise_equal(&whole, &wanted);
    sniff_and_name(text);
    buf_free(&whole);
    buf_free(&pieces);
    buf_free(&wanted);
    arena_reset(&arena);
    return 0;
}
