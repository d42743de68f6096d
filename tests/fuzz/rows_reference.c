#include "tests/fuzz/rows_reference.h"

#include <csv.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

enum { CELLS_MAX = 64 << 20, BYTES_KEPT = 4096 };

struct reference {
    struct rows_dialect dialect;
    struct rows_limits limits; /* row_bytes and columns are given */
    str text;
    size_t at;
    struct arena *arena;

    struct csv_parser csv;
    struct buf cells; /* of the row at hand: JSON, a comma before each */
    uint32_t n;
    bool is_recoded, is_replaced, is_done;
};

struct line {
    size_t text, n, counted; /* without, with its line end; the last counts one it has not */
};

static int never(unsigned char c)
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

/* libcsv knows no dialect without a quote: take one that the text does not hold. */
static bool find_quote(struct reference *f)
{
    int c = 255;

    while (c > 0 && (c == '\n' || c == '\r' || c == f->dialect.delimiter ||
                     memchr(f->text.p, c, f->text.n)))
        c--;
    f->dialect.quote = (char)c;
    return c > 0;
}

struct reference *reference_new(struct rows_dialect dialect, struct rows_limits limits,
                                str text, struct arena *a)
{
    struct reference *f = xalloc(sizeof(*f));

    *f = (struct reference){.dialect = dialect, .limits = limits, .text = text, .arena = a};
    f->at = str_starts(text, STR("\xef\xbb\xbf")) ? 3 : 0;
    buf_init(&f->cells, CELLS_MAX);
    if (dialect.quote || find_quote(f))
        return f;
    reference_free(f);
    return NULL;
}

void reference_free(struct reference *f)
{
    csv_free(&f->csv);
    buf_free(&f->cells);
    free(f);
}

static void on_cell(void *bytes, size_t n, void *reference)
{
    struct reference *f = reference;
    enum rows_encoding encoding = f->dialect.encoding;
    str cell = {n ? bytes : "", n};

    if (encoding == ROWS_1252 || (encoding == ROWS_UTF8_OR_1252 && !text_is_utf8(cell))) {
        f->is_recoded |= encoding == ROWS_UTF8_OR_1252;
        cell = text_from_1252(f->arena, cell);
    }
    f->is_replaced |= encoding == ROWS_UTF8 && !text_is_utf8(cell);
    f->n++;
    PROMISE(buf_add(&f->cells, STR(",")) && buf_add(&f->cells, json_quoted(f->arena, cell)));
}

static void on_row(int last, void *reference)
{
    (void)last;
    ((struct reference *)reference)->is_done = true;
}

static void begin_row(struct reference *f)
{
    csv_free(&f->csv);
    PROMISE(csv_init(&f->csv, CSV_STRICT) == 0);
    csv_set_delim(&f->csv, (unsigned char)f->dialect.delimiter);
    csv_set_quote(&f->csv, (unsigned char)f->dialect.quote);
    csv_set_space_func(&f->csv, never);
    buf_reset(&f->cells);
    f->n = 0;
    f->is_recoded = f->is_replaced = f->is_done = false;
}

/* False: text behind a closing quote. */
static bool parse(struct reference *f, str bytes, int (*is_end)(unsigned char))
{
    csv_set_term_func(&f->csv, is_end);
    for (;;) {
        size_t n = csv_parse(&f->csv, bytes.p, bytes.n, on_cell, on_row, f);
        if (n == bytes.n)
            return true;
        if (f->csv.quoted)
            return false;
        /* A quote inside an unquoted cell means itself: it passes without strictness. */
        csv_set_opts(&f->csv, 0);
        csv_parse(&f->csv, bytes.p + n, 1, on_cell, on_row, f);
        csv_set_opts(&f->csv, CSV_STRICT);
        bytes = (str){bytes.p + n + 1, bytes.n - n - 1};
    }
}

/* Line ends stay whole inside quotes; outside, CR ends a row as LF does, but only before LF. */
static bool parse_line(struct reference *f, size_t at, struct line line)
{
    bool is_cr = f->dialect.newline == ROWS_NEWLINE_CR;
    str text = {f->text.p + at, line.text}, end = {text.p + line.text, line.n - line.text};

    if (line.counted > line.n)
        end = is_cr ? STR("\r") : STR("\n");
    return parse(f, text, is_cr ? is_return : is_line_feed) &&
           parse(f, end,
                 is_cr       ? is_return
                 : end.n > 1 ? NULL
                             : is_line_feed);
}

static struct line line_at(const struct reference *f, size_t at)
{
    char newline = f->dialect.newline == ROWS_NEWLINE_CR ? '\r' : '\n';
    const char *p = f->text.p + at;
    size_t rest = f->text.n - at, n = 0;

    while (n < rest && p[n] != newline)
        n++;
    struct line line = {n, n + (n < rest), n + 1};
    while (newline == '\n' && line.text && p[line.text - 1] == '\r')
        line.text--;
    return line;
}

static enum rows_status give_bad(struct reference *f, const char *reason, size_t text, size_t n,
                                 struct row *row)
{
    *row = (struct row){.offset = f->at,
                        .end = f->at + n,
                        .reason = str_of(reason),
                        .bytes = {f->text.p + f->at, MIN(text, (size_t)BYTES_KEPT)}};
    f->at += n;
    return ROWS_BAD;
}

static bool is_good(struct reference *f, size_t at, struct line line)
{
    begin_row(f);
    return line.text && parse_line(f, at, line) && f->is_done && f->n == f->limits.cells;
}

/* The lines up to `end` are no row; `reason` NULL: the file ends there. The row is bad up to
 * the next that is one, or else the first. */
static enum rows_status give_torn(struct reference *f, size_t end, const char *reason,
                                  struct row *row)
{
    struct line first = line_at(f, f->at);
    size_t good = f->at + first.n;

    while (f->limits.cells && good < end && !is_good(f, good, line_at(f, good)))
        good += line_at(f, good).n;
    bool is_found = f->limits.cells && good < end,
         is_truncated = f->limits.cells && good == end && !reason;
    if (!reason)
        reason = is_truncated ? "truncated" : "open_quote";
    if ((!is_found && !is_truncated) || good == f->at + first.n)
        return give_bad(f, reason, first.text, first.n, row);
    size_t text = good - f->at;
    while (text && (f->text.p[f->at + text - 1] == '\r' || f->text.p[f->at + text - 1] == '\n'))
        text--;
    return give_bad(f, reason, text, good - f->at, row);
}

static enum rows_status give_row(struct reference *f, size_t end, struct row *row)
{
    *row = (struct row){
        .offset = f->at,
        .end = end,
        .cells = f->n,
        .line = arena_printf(f->arena, "[%zu" STR_FMT "]", f->at, STR_ARG(buf_str(&f->cells))),
        .recoded = f->is_recoded,
        .replaced = f->is_replaced,
        .is_unended =
            f->text.p[end - 1] != (f->dialect.newline == ROWS_NEWLINE_CR ? '\r' : '\n')};
    f->at = end;
    return ROWS_ROW;
}

/* What libcsv has of the row's lines up to `end`, which it has seen; ROWS_MORE: no row yet. */
static enum rows_status judge(struct reference *f, bool is_read, size_t end, uint32_t lines,
                              struct row *row)
{
    struct line first = line_at(f, f->at);

    if (!is_read)
        return give_torn(f, end, "stray_quote", row);
    if (f->n > f->limits.columns)
        return give_bad(f, "too_many_columns", first.text, first.n, row);
    if (f->is_done)
        return give_row(f, end, row);
    return lines == f->limits.lines ? give_torn(f, end, "open_quote", row) : ROWS_MORE;
}

/* A line that is over the cap by itself: only what is short is known to end with CR. */
static enum rows_status give_long(struct reference *f, struct line line, struct row *row)
{
    size_t whole = line.counted - 1;

    return give_bad(f, "row_too_long", whole > BYTES_KEPT ? whole : line.text, line.n, row);
}

enum rows_status reference_next(struct reference *f, struct row *row)
{
    enum rows_status status = ROWS_MORE;
    struct line line = {0};

    for (; f->at < f->text.n; f->at += line.n) {
        line = line_at(f, f->at);
        if (line.text || line.counted > f->limits.row_bytes)
            break;
    }
    if (f->at == f->text.n)
        return ROWS_END;
    begin_row(f);
    size_t end = f->at, start = f->at;
    for (uint32_t lines = 1; status == ROWS_MORE; lines++) {
        if (end == f->text.n)
            return give_torn(f, end, NULL, row);
        line = line_at(f, end);
        if (end + line.counted - start > f->limits.row_bytes)
            return end > start ? give_torn(f, end, "row_too_long", row)
                               : give_long(f, line, row);
        bool is_read = parse_line(f, end, line);
        end += line.n;
        status = judge(f, is_read, end, lines, row);
    }
    return status;
}
