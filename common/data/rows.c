#include "common/data/rows.h"

#include <assert.h>
#include <csv.h>
#include <stdlib.h>

#include "common/data/json.h"
#include "common/data/rows_write.h"

enum {
    COLUMNS = 4096,
    ROW_BYTES = 1024000,
    ROW_BYTES_LEAST = 2,
    BYTES_KEPT = 4096,
    CELL_BLOCK = 64 * 1024
};

struct line {       /* a physical line */
    size_t text, n; /* its length without and with the line end */
    bool is_open;   /* the file ends before its line end */
};

struct rows {
    struct rows_dialect dialect;
    struct rows_limits limits;
    uint64_t offset;   /* of the row at hand */
    size_t parsed;     /* bytes of it that the parser has: whole lines */
    size_t searched;   /* bytes behind these that hold no line end */
    uint32_t lines;    /* of it that the parser has */
    struct line first; /* the first line of a row that has more */
    uint64_t skipped;  /* bytes passed over of a line over the cap; 0: there is none */
    struct buf head;   /* the first of them */

    struct rows_writer writer; /* and what it wrote of the row at hand */
    struct csv_parser csv;
    struct buf out;  /* cells of the row that the parser is in */
    bool is_done;    /* it has seen the end of the row */
    bool is_unended; /* the last line that was taken has no line end */
};

static int never_blank(unsigned char c)
{
    (void)c;
    return 0;
}

static int is_line_feed(unsigned char c)
{
    return c == '\n';
}

static int is_return(unsigned char c)
{
    return c == '\r';
}

/* A parser that made an error or was left inside a quote is of no use: begin with a new one. */
static void start_parser(struct rows *r)
{
    csv_free(&r->csv);
    if (csv_init(&r->csv, CSV_STRICT) != 0)
        die("csv_init failed");
    csv_set_delim(&r->csv, (unsigned char)r->dialect.delimiter);
    csv_set_quote(&r->csv, (unsigned char)r->dialect.quote);
    csv_set_space_func(&r->csv, never_blank);
    csv_set_term_func(&r->csv,
                      r->dialect.newline == ROWS_NEWLINE_CR ? is_return : is_line_feed);
    csv_set_realloc_func(&r->csv, xrealloc);
    csv_set_blk_size(&r->csv, CELL_BLOCK);
}

struct rows *rows_new(struct rows_dialect dialect, struct rows_limits limits, uint64_t offset)
{
    struct rows *r = xalloc(sizeof(*r));

    assert((unsigned char)dialect.delimiter < 0x80 && (unsigned char)dialect.quote < 0x80);
    r->dialect = dialect;
    r->limits.columns = limits.columns ? limits.columns : COLUMNS;
    r->limits.lines = limits.lines;
    r->limits.cells = limits.cells;
    r->limits.row_bytes = limits.row_bytes ? MAX(limits.row_bytes, ROW_BYTES_LEAST) : ROW_BYTES;
    r->offset = offset;
    buf_init(&r->head, BYTES_KEPT);
    buf_init(&r->out, ROWS_ROOM((size_t)r->limits.row_bytes));
    rows_writer_init(&r->writer, dialect, r->limits.row_bytes);
    start_parser(r);
    return r;
}

void rows_free(struct rows *r)
{
    if (!r)
        return;
    csv_free(&r->csv);
    buf_free(&r->head);
    buf_free(&r->out);
    rows_writer_free(&r->writer);
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

static char *put_offset(char *out, uint64_t offset)
{
    *out++ = '[';
    return str_write_u64(out, offset);
}

static void on_cell(void *bytes, size_t n, void *ctx)
{
    struct rows *r = ctx;
    str cell = {n ? bytes : "", n};

    if (r->writer.cells >= r->limits.columns) { /* too many: not kept */
        r->writer.cells++;
        return;
    }
    if (!buf_reserve(&r->out, JSON_QUOTED_MAX(n) + 1))
        die("a row of more than %zu bytes", r->out.max);
    r->out.n = (size_t)(rows_write_cell(&r->writer, r->out.p + r->out.n, cell) - r->out.p);
}

static void on_row(int last, void *ctx)
{
    struct rows *r = ctx;

    (void)last;
    r->is_done = true;
}

/* False: text behind a closing quote. It could be an inner quote that nobody doubled, and then
 * nothing says where the cell ends. */
static bool parse(struct rows *r, str bytes)
{
    for (;;) {
        size_t n = csv_parse(&r->csv, bytes.p, bytes.n, on_cell, on_row, r);
        if (n == bytes.n)
            return true;
        if (r->csv.quoted)
            return false;
        /* A quote inside an unquoted cell, as in 17" wheels: it passes without strictness. */
        csv_set_opts(&r->csv, 0);
        csv_parse(&r->csv, bytes.p + n, 1, on_cell, on_row, r);
        csv_set_opts(&r->csv, CSV_STRICT);
        bytes = (str){bytes.p + n + 1, bytes.n - n - 1};
    }
}

/* Give the parser one line. CR LF ends a row as LF does, but stays whole inside quotes. */
static bool parse_line(struct rows *r, const char *p, struct line line)
{
    str line_end = {p + line.text, line.n - line.text};

    if (line.is_open)
        line_end = r->dialect.newline == ROWS_NEWLINE_CR ? STR("\r") : STR("\n");
    if (line.text && !parse(r, (str){p, line.text}))
        return false;
    if (line_end.n < 2)
        return parse(r, line_end);
    csv_set_term_func(&r->csv, NULL); /* CR too */
    bool is_good = parse(r, line_end);
    csv_set_term_func(&r->csv, is_line_feed);
    return is_good;
}

/* The line behind what is parsed. False: its end is not in the piece. */
static bool find_line(struct rows *r, str piece, bool is_last, struct line *line)
{
    bool is_cr = r->dialect.newline == ROWS_NEWLINE_CR;
    str rest = {piece.p + r->parsed, piece.n - r->parsed};
    const char *from = rest.p + r->searched,
               *at = memchr(from, is_cr ? '\r' : '\n', rest.n - r->searched);

    if (!at && !is_last) {
        r->searched = rest.n;
        return false;
    }
    size_t text = at ? (size_t)(at - rest.p) : rest.n;
    *line = (struct line){.n = at ? text + 1 : text, .is_open = !at};
    while (!is_cr && text && rest.p[text - 1] == '\r') /* CR LF, or CR CR LF */
        text--;
    line->text = text;
    return true;
}

static void begin_row(struct rows *r, uint64_t offset)
{
    r->offset = offset;
    r->parsed = r->searched = 0;
    r->lines = 0;
    r->skipped = 0;
    r->is_done = false;
    rows_writer_reset(&r->writer);
    buf_reset(&r->out);
}

/* The row at hand is `first` and no row: reading goes on behind that line. */
static enum rows_status give_bad(struct rows *r, const char *reason, str first, struct arena *a,
                                 struct row *row)
{
    first.n = MIN(first.n, (size_t)BYTES_KEPT);
    *row = (struct row){.offset = r->offset,
                        .end = r->offset + r->first.n,
                        .reason = str_of(reason),
                        .bytes = arena_copy(a, first)};
    if (r->parsed)
        start_parser(r);
    begin_row(r, row->end);
    return ROWS_BAD;
}

/* Of a line that is a row by itself; 0: it is not. */
static uint32_t count_cells(const struct rows *r, str line)
{
    char quote = r->dialect.quote, delimiter = r->dialect.delimiter;
    bool is_quoted = false, is_start = true;
    uint32_t n = 1;

    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i], next = i + 1 < line.n ? line.p[i + 1] : delimiter;
        if (is_quoted && c == quote && next == quote) {
            i++;
        } else if (is_quoted && c == quote) {
            is_quoted = false;
            if (next != delimiter)
                return 0;
        } else if (!is_quoted && c == delimiter) {
            n++;
            is_start = true;
            continue;
        } else if (is_start && quote && c == quote) {
            is_quoted = true;
        }
        is_start = false;
    }
    return is_quoted ? 0 : n;
}

/* Behind the first of the lines in `all`, the next that is a row as the others; its place, or
 * all.n. */
static size_t find_good(struct rows *r, str all)
{
    size_t parsed = r->parsed, at = r->first.n;
    struct line line;

    r->searched = 0;
    for (r->parsed = at; at < all.n && find_line(r, all, true, &line); r->parsed = at) {
        if (line.text && count_cells(r, (str){all.p + at, line.text}) == r->limits.cells)
            break;
        at += line.n;
    }
    r->parsed = parsed;
    return at;
}

/* A quote is not closed in the lines that the parser has; `is_end`: the file has no more. */
static enum rows_status give_open(struct rows *r, const char *p, bool is_end,
                                  const char *reason, struct arena *a, struct row *row)
{
    str all = {p, r->parsed}, first = {p, r->first.text};
    size_t good = r->limits.cells ? find_good(r, all) : r->first.n;

    if (good == all.n && is_end && r->limits.cells)
        reason = "truncated";
    else if (good == all.n)
        good = r->first.n;
    if (good > r->first.n) { /* with its line ends, but for the last */
        first.n = good;
        while (first.n && (p[first.n - 1] == '\n' || p[first.n - 1] == '\r'))
            first.n--;
        r->first.n = good;
    }
    return give_bad(r, reason, first, a, row);
}

static enum rows_status give_row(struct rows *r, str line, size_t n, struct row *row)
{
    *row = (struct row){.offset = r->offset,
                        .end = r->offset + n,
                        .cells = r->writer.cells,
                        .line = line,
                        .recoded = r->writer.is_recoded,
                        .replaced = r->writer.is_replaced,
                        .is_unended = r->is_unended};
    begin_row(r, row->end);
    return ROWS_ROW;
}

/* A line over the cap: nothing is kept of it but its first bytes. */
static enum rows_status skip_line(struct rows *r, str piece, bool is_last, struct arena *a,
                                  struct row *row)
{
    struct line line = {.n = piece.n, .is_open = true};
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
    r->first = (struct line){.n = r->skipped};
    return give_bad(r, "row_too_long", bytes, a, row);
}

/* Most rows are one line that needs no parser. ROWS_MORE: this one does. */
static enum rows_status give_line(struct rows *r, str line, size_t n, struct arena *a,
                                  struct row *row)
{
    char *start = arena_reserve(a, ROWS_ROOM(line.n)), *out = put_offset(start, r->offset);

    out = rows_write_line(&r->writer, out, line);
    if (!out || r->writer.cells > r->limits.columns) {
        arena_trim(a, start);
        if (out)
            return give_bad(r, "too_many_columns", line, a, row);
        rows_writer_reset(&r->writer);
        return ROWS_MORE;
    }
    *out++ = ']';
    arena_trim(a, out);
    return give_row(r, str_between(start, out), n, row);
}

static enum rows_status give_parsed(struct rows *r, struct arena *a, struct row *row)
{
    char *start = arena_reserve(a, r->out.n + ROWS_ROOM(0)),
         *out = put_offset(start, r->offset);

    memcpy(out, r->out.p, r->out.n);
    out += r->out.n;
    *out++ = ']';
    arena_trim(a, out);
    return give_row(r, str_between(start, out), r->parsed, row);
}

/* Is there a byte order mark, or could there be one? Passed over; false: wait for more. */
static bool pass_mark(struct rows *r, str *piece, bool is_last)
{
    str mark = STR("\xef\xbb\xbf");

    if (r->offset > 0 || r->parsed || r->searched)
        return true;
    if (str_starts(*piece, mark)) {
        *piece = (str){piece->p + mark.n, piece->n - mark.n};
        r->offset = mark.n;
    }
    return is_last || piece->n >= mark.n || r->offset || !str_starts(mark, *piece);
}

/* One more line of the row at hand. ROWS_MORE: and it goes on in the next. */
static enum rows_status add_line(struct rows *r, const char *p, struct line line,
                                 struct arena *a, struct row *row)
{
    bool is_good = parse_line(r, p + r->parsed, line);
    str first = {p, r->first.text};

    r->parsed += line.n;
    r->is_unended = line.is_open;
    r->lines++;
    r->searched = 0;
    if (!is_good)
        return give_open(r, p, false, "stray_quote", a, row);
    if (r->writer.cells > r->limits.columns)
        return give_bad(r, "too_many_columns", first, a, row);
    if (!r->is_done && r->limits.lines && r->lines >= r->limits.lines)
        return give_open(r, p, false, "open_quote", a, row);
    return r->is_done ? give_parsed(r, a, row) : ROWS_MORE;
}

static enum rows_status take_line(struct rows *r, const char *p, struct line line,
                                  struct arena *a, struct row *row)
{
    enum rows_status status = ROWS_MORE;

    if (r->parsed == 0) {
        r->first = line;
        r->is_unended = line.is_open;
        status = give_line(r, (str){p, line.text}, line.n, a, row);
    }
    return status == ROWS_MORE ? add_line(r, p, line, a, row) : status;
}

enum rows_status rows_next(struct rows *r, str piece, bool is_last, struct arena *a,
                           struct row *row)
{
    enum rows_status status = ROWS_MORE;
    struct line line;

    if (r->skipped)
        return skip_line(r, piece, is_last, a, row);
    if (!pass_mark(r, &piece, is_last))
        return ROWS_MORE;
    while (status == ROWS_MORE) {
        assert(piece.n >= r->parsed + r->searched);
        if (r->parsed == piece.n && is_last && !r->parsed) {
            *row = (struct row){0};
            return ROWS_END;
        }
        if (r->parsed == piece.n && is_last)
            return give_open(r, piece.p, true, "open_quote", a, row);
        if (piece.n == 0)
            return ROWS_MORE;
        bool is_found = find_line(r, piece, is_last, &line);
        if (!is_found && piece.n < r->limits.row_bytes)
            return ROWS_MORE;
        if (!is_found || r->parsed + line.n + line.is_open > r->limits.row_bytes)
            return r->parsed ? give_open(r, piece.p, false, "row_too_long", a, row)
                             : skip_line(r, piece, is_last, a, row);
        if (r->parsed == 0 && line.text == 0) { /* blank */
            begin_row(r, r->offset + line.n);
            piece = (str){piece.p + line.n, piece.n - line.n};
            continue;
        }
        status = take_line(r, piece.p, line, a, row);
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
