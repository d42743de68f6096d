/* The rows of a file, three ways: whole; in pieces, with a new object at some boundaries, as
 * after a crash; and by a plain splitter that reads the rules of rows.h byte by byte. All must
 * agree, and the caps hold. The first four bytes choose dialect, caps and pieces. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/rows.h"
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

enum { SETUP_BYTES = 4, TRANSCRIPT_MAX = 64 << 20 };

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
        .limits = {.row_bytes = b[1] ? MAX(b[1], 2) : 1024000, .columns = b[2] ? b[2] : 4096},
        .seed = b[3],
    };
}

static void note(struct buf *out, enum rows_status status, const struct row *row)
{
    bool fits = status == ROWS_ROW ? buf_printf(out, "%d %u ", row->recoded, row->cells) &&
                                         buf_add(out, row->line)
                                   : buf_add(out, row->reason) && buf_add(out, row->bytes);

    PROMISE(fits && buf_printf(out, " %" PRIu64 "-%" PRIu64 "\n", row->offset, row->end));
}

static void promise_row(const struct setup *s, enum rows_status status, const struct row *row)
{
    PROMISE(row->end > row->offset);
    if (status == ROWS_BAD) {
        PROMISE(row->bytes.n <= 4096 && row->bytes.n <= row->end - row->offset);
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
        promise_row(s, status, &row);
        PROMISE(row.end == rows_offset(r));
        note(out, status, &row);
        if (!is_whole && next_random(&seed) % 4 == 0) {
            rows_free(r);
            r = rows_new(s->dialect, s->limits, row.end);
        }
    }
    PROMISE(rows_offset(r) == text.n);
    rows_free(r);
}

enum place { CELL_START, UNQUOTED, QUOTED, BEHIND_QUOTE };

struct splitter { /* the reference */
    const struct setup *setup;
    struct row row;
    struct buf cells; /* JSON, a comma before each */
    struct buf cell;
    enum place place;
};

static bool reference_end_cell(struct splitter *p)
{
    enum rows_encoding encoding = p->setup->dialect.encoding;
    str cell = buf_str(&p->cell);

    if (encoding == ROWS_1252 || (encoding == ROWS_UTF8_OR_1252 && !text_is_utf8(cell))) {
        p->row.recoded |= encoding == ROWS_UTF8_OR_1252;
        cell = text_from_1252(&arena, cell);
    }
    p->row.cells++;
    p->place = CELL_START;
    bool fits = buf_add(&p->cells, STR(",")) && buf_add(&p->cells, json_quoted(&arena, cell));
    buf_reset(&p->cell);
    return fits;
}

/* False: a stray quote. */
static bool reference_take(struct splitter *p, char c)
{
    const struct rows_dialect *d = &p->setup->dialect;
    bool is_quote = d->quote && c == d->quote, is_text = true;

    if (p->place == BEHIND_QUOTE && c != d->delimiter && !is_quote)
        return false;
    if (p->place != QUOTED && c == d->delimiter)
        return reference_end_cell(p);
    if (p->place == CELL_START && is_quote) {
        p->place = QUOTED;
        is_text = false;
    } else if (p->place == QUOTED && is_quote) {
        p->place = BEHIND_QUOTE;
        is_text = false;
    } else if (p->place == CELL_START) {
        p->place = UNQUOTED;
    } else if (p->place == BEHIND_QUOTE) {
        p->place = QUOTED;
    }
    PROMISE(!is_text || buf_add(&p->cell, (str){&c, 1}));
    return true;
}

/* From `from` to behind the next line end, and how much of that is text. */
static size_t reference_line(const struct setup *s, str text, size_t from, size_t *text_bytes)
{
    bool is_cr = s->dialect.newline == ROWS_NEWLINE_CR;
    size_t i = from;

    while (i < text.n && text.p[i] != (is_cr ? '\r' : '\n'))
        i++;
    *text_bytes = i - from;
    while (!is_cr && *text_bytes && text.p[from + *text_bytes - 1] == '\r')
        --*text_bytes;
    return i < text.n ? i + 1 - from : i - from;
}

/* Does the line before `end` have a line end? */
static bool reference_has_end(const struct setup *s, str text, size_t end)
{
    return end && text.p[end - 1] == (s->dialect.newline == ROWS_NEWLINE_CR ? '\r' : '\n');
}

/* One line of a row; a reason, or NULL. */
static const char *reference_add(struct splitter *p, str text, size_t at, bool *is_done)
{
    size_t chars, n = reference_line(p->setup, text, at, &chars);
    bool has_end = n > 0 && reference_has_end(p->setup, text, at + n);

    *is_done = false;
    if (at + n + !has_end - p->row.offset > p->setup->limits.row_bytes)
        return "row_too_long";
    for (size_t i = 0; i < chars; i++)
        if (!reference_take(p, text.p[at + i]))
            return "stray_quote";
    *is_done = p->place != QUOTED;
    if (*is_done)
        PROMISE(reference_end_cell(p));
    else
        PROMISE(buf_add(&p->cell, (str){text.p + at + chars, n - chars}));
    if (p->row.cells > p->setup->limits.columns)
        return "too_many_columns";
    return !*is_done && at + n == text.n ? "open_quote" : NULL;
}

/* The row at `at`, which is no blank line, is noted; returns where reading goes on. */
static size_t reference_row(struct splitter *p, str text, size_t at, struct buf *out)
{
    size_t chars, n = reference_line(p->setup, text, at, &chars), end = at;
    const char *reason = NULL;
    bool is_done = false;

    p->row = (struct row){.offset = at};
    p->place = CELL_START;
    buf_reset(&p->cells);
    buf_reset(&p->cell);
    while (!reason && !is_done) {
        size_t ignored;
        reason = reference_add(p, text, end, &is_done);
        end += reference_line(p->setup, text, end, &ignored);
    }
    p->row.end = reason ? at + n : end;
    p->row.reason = str_of(reason);
    p->row.bytes = (str){text.p + at, MIN(chars, (size_t)4096)};
    p->row.line = arena_printf(&arena, "[%zu" STR_FMT "]", at, STR_ARG(buf_str(&p->cells)));
    note(out, reason ? ROWS_BAD : ROWS_ROW, &p->row);
    return (size_t)p->row.end;
}

static void split_plainly(const struct setup *s, str text, struct buf *out)
{
    struct splitter p = {.setup = s};
    size_t at = str_starts(text, STR("\xef\xbb\xbf")) ? 3 : 0;

    buf_init(&p.cells, TRANSCRIPT_MAX);
    buf_init(&p.cell, TRANSCRIPT_MAX);
    while (at < text.n) {
        size_t chars, n = reference_line(s, text, at, &chars);
        bool is_blank =
            !chars && n + !reference_has_end(s, text, at + n) <= s->limits.row_bytes;
        at = is_blank ? at + n : reference_row(&p, text, at, out);
    }
    buf_free(&p.cells);
    buf_free(&p.cell);
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
    struct buf whole, pieces, plain;

    if (n < SETUP_BYTES)
        return 0;
    struct setup s = read_setup(bytes);
    str text = {(const char *)bytes + SETUP_BYTES, n - SETUP_BYTES};
    buf_init(&whole, TRANSCRIPT_MAX);
    buf_init(&pieces, TRANSCRIPT_MAX);
    buf_init(&plain, TRANSCRIPT_MAX);
    read_rows(&s, text, true, &whole);
    read_rows(&s, text, false, &pieces);
    split_plainly(&s, text, &plain);
    promise_equal(&whole, &pieces);
    promise_equal(&whole, &plain);
    sniff_and_name(text);
    buf_free(&whole);
    buf_free(&pieces);
    buf_free(&plain);
    arena_reset(&arena);
    return 0;
}
