#include "common/data/rows.h"

#include <assert.h>
#include <stdlib.h>

#include "common/data/rows_cells.h"
#include "common/data/rows_line.h"
#include "common/data/rows_resync.h"

enum { COLUMNS = 4096, ROW_BYTES = 1024000, ROW_BYTES_LEAST = 2, BYTES_KEPT = 4096 };

struct rows {
    struct rows_dialect dialect;
    struct rows_limits limits;
    uint64_t offset;        /* of the row at hand */
    size_t scanned;         /* bytes of it that the scanner has: whole lines */
    size_t searched;        /* bytes behind these that hold no line end */
    uint32_t lines;         /* of it that the scanner has */
    struct rows_line first; /* of these */
    uint64_t skipped;       /* bytes passed over of a line over the cap; 0: there is none */
    struct buf head;        /* the first of them */
    struct rows_cells cells;
};

static void begin_row(struct rows *r, uint64_t offset)
{
    r->offset = offset;
    r->scanned = r->searched = 0;
    r->lines = 0;
    r->skipped = 0;
    rows_cells_begin(&r->cells, offset);
}

struct rows *rows_new(struct rows_dialect dialect, struct rows_limits limits, uint64_t offset)
{
    struct rows *r = xalloc(sizeof(*r));

    assert((unsigned char)dialect.delimiter < 0x80 && (unsigned char)dialect.quote < 0x80);
    r->dialect = dialect;
    r->limits = limits;
    r->limits.columns = limits.columns ? limits.columns : COLUMNS;
    r->limits.row_bytes = limits.row_bytes ? MAX(limits.row_bytes, ROW_BYTES_LEAST) : ROW_BYTES;
    buf_init(&r->head, BYTES_KEPT);
    rows_cells_init(&r->cells, dialect, r->limits.row_bytes);
    begin_row(r, offset);
    return r;
}

void rows_free(struct rows *r)
{
    if (!r)
        return;
    buf_free(&r->head);
    rows_cells_free(&r->cells);
    free(r);
}

uint64_t rows_offset(const struct rows *r)
{
    return r->offset + r->skipped;
}

uint64_t rows_boundary(const struct rows *r)
{
    return r->offset;
}

/* The line behind what is scanned. False: its end is not in the piece. */
static bool find_line(struct rows *r, str piece, bool is_last, struct rows_line *line)
{
    str rest = {piece.p + r->scanned, piece.n - r->scanned};

    if (rows_line_find(r->dialect.newline, rest, r->searched, is_last, line))
        return true;
    r->searched = rest.n;
    return false;
}

/* The row at hand is `first` and no row: reading goes on behind it. */
static enum rows_status give_bad(struct rows *r, const char *reason, str first, struct arena *a,
                                 struct row *row)
{
    first.n = MIN(first.n, (size_t)BYTES_KEPT);
    *row = (struct row){.offset = r->offset,
                        .end = r->offset + r->first.n,
                        .reason = str_of(reason),
                        .bytes = arena_copy(a, first)};
    begin_row(r, row->end);
    return ROWS_BAD;
}

/* The lines that the scanner has are no row; `reason` NULL: the file ends inside quotes. */
static enum rows_status give_torn(struct rows *r, const char *p, const char *reason,
                                  struct arena *a, struct row *row)
{
    struct rows_torn torn = {.lines = {p, r->scanned}, .first = r->first, .reason = reason};

    rows_resync(&torn, &r->cells, r->dialect.newline, r->limits.cells);
    r->first = torn.first;
    return give_bad(r, torn.reason, (str){p, torn.first.text}, a, row);
}

static enum rows_status give_row(struct rows *r, bool is_unended, struct arena *a,
                                 struct row *row)
{
    *row = (struct row){.offset = r->offset,
                        .end = r->offset + r->scanned,
                        .cells = r->cells.n,
                        .line = rows_cells_end(&r->cells, a),
                        .recoded = r->cells.is_recoded,
                        .replaced = r->cells.is_replaced,
                        .is_unended = is_unended};
    begin_row(r, row->end);
    return ROWS_ROW;
}

/* A line over the cap: nothing is kept of it but its first bytes. */
static enum rows_status skip_line(struct rows *r, str piece, bool is_last, struct arena *a,
                                  struct row *row)
{
    struct rows_line line = {.n = piece.n, .is_open = true};
    bool is_found = piece.n && find_line(r, piece, is_last, &line);
    size_t text = line.n - !line.is_open;

    if (!r->skipped)
        buf_reset(&r->head);
    if (!buf_add(&r->head, (str){piece.p, MIN(text, BYTES_KEPT - r->head.n)}))
        die("more than %d first bytes of a line", BYTES_KEPT);
    r->skipped += line.n;
    r->searched = 0;
    if (!is_found && !is_last)
        return ROWS_MORE;
    str bytes = buf_str(&r->head);
    bool is_whole = bytes.n == r->skipped - !line.is_open;
    while (is_whole && r->dialect.newline == ROWS_NEWLINE_LF && str_ends(bytes, STR("\r")))
        bytes.n--;
    r->first = (struct rows_line){.n = r->skipped};
    return give_bad(r, "row_too_long", bytes, a, row);
}

/* Is there a byte order mark, or could there be one? Passed over; false: wait for more. */
static bool pass_mark(struct rows *r, str *piece, bool is_last)
{
    str mark = STR("\xef\xbb\xbf");

    if (r->offset > 0 || r->scanned || r->searched)
        return true;
    if (str_starts(*piece, mark)) {
        *piece = (str){piece->p + mark.n, piece->n - mark.n};
        begin_row(r, mark.n);
    }
    return is_last || piece->n >= mark.n || r->offset || !str_starts(mark, *piece);
}

/* One more line of the row at hand. ROWS_MORE: and it goes on in the next. */
static enum rows_status take_line(struct rows *r, str piece, struct rows_line line,
                                  struct arena *a, struct row *row)
{
    size_t from = r->scanned;
    enum rows_scan scan =
        rows_cells_add(&r->cells, piece.p, from, from + line.text, str_end(piece));

    if (from == 0)
        r->first = line;
    r->scanned += line.n;
    r->lines++;
    r->searched = 0;
    if (scan == ROWS_SCAN_STRAY)
        return give_torn(r, piece.p, "stray_quote", a, row);
    if (r->cells.n > r->limits.columns)
        return give_bad(r, "too_many_columns", (str){piece.p, r->first.text}, a, row);
    if (scan == ROWS_SCAN_DONE)
        return give_row(r, line.is_open, a, row);
    if (r->limits.lines && r->lines >= r->limits.lines)
        return give_torn(r, piece.p, "open_quote", a, row);
    return ROWS_MORE;
}

enum rows_status rows_next(struct rows *r, str piece, bool is_last, struct arena *a,
                           struct row *row)
{
    enum rows_status status = ROWS_MORE;
    struct rows_line line;

    if (r->skipped)
        return skip_line(r, piece, is_last, a, row);
    if (!pass_mark(r, &piece, is_last))
        return ROWS_MORE;
    while (status == ROWS_MORE) {
        assert(piece.n >= r->scanned + r->searched);
        if (r->scanned == piece.n && is_last && !r->scanned) {
            *row = (struct row){0};
            return ROWS_END;
        }
        if (r->scanned == piece.n && is_last)
            return give_torn(r, piece.p, NULL, a, row);
        if (piece.n == 0)
            return ROWS_MORE;
        bool is_found = find_line(r, piece, is_last, &line);
        if (!is_found && piece.n < r->limits.row_bytes)
            return ROWS_MORE;
        if (!is_found || r->scanned + line.n + line.is_open > r->limits.row_bytes)
            return r->scanned ? give_torn(r, piece.p, "row_too_long", a, row)
                              : skip_line(r, piece, is_last, a, row);
        if (r->scanned == 0 && line.text == 0) { /* blank */
            begin_row(r, r->offset + line.n);
            piece = (str){piece.p + line.n, piece.n - line.n};
            continue;
        }
        status = take_line(r, piece, line, a, row);
    }
    return status;
}

static enum rows_status kind_next(void *self, str piece, bool is_last, struct arena *a,
                                  struct row *row)
{
    return rows_next(self, piece, is_last, a, row);
}

static uint64_t kind_offset(const void *self)
{
    return rows_offset(self);
}

static uint64_t kind_boundary(const void *self)
{
    return rows_boundary(self);
}

static void kind_free(void *self)
{
    rows_free(self);
}

const struct cutter_kind rows_kind = {kind_next, kind_offset, kind_boundary, kind_free};
