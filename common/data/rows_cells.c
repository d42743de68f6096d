#include "common/data/rows_cells.h"

#include "common/data/json.h"
#include "common/data/rows_clean.h"
#include "common/data/text.h"

/* Bytes that `n` bytes of a row need as JSON: each cell its quotes and comma, which the
 * delimiters pay for; then the bracket and the offset, or the last block that is stored. */
#define ROOM(n) ((n)*6 + 64)

void rows_cells_init(struct rows_cells *c, struct rows_dialect dialect, uint32_t row_bytes)
{
    *c = (struct rows_cells){
        .delimiter = dialect.delimiter, .quote = dialect.quote, .encoding = dialect.encoding};
    buf_init(&c->json, ROOM((size_t)row_bytes) + ROOM(0));
    buf_init(&c->scratch, (size_t)row_bytes * 3);
}

void rows_cells_free(struct rows_cells *c)
{
    buf_free(&c->json);
    buf_free(&c->scratch);
}

static void reserve(struct buf *b, size_t more)
{
    if (!buf_reserve(b, more))
        die("a row of more than %zu bytes", b->max);
}

void rows_cells_begin(struct rows_cells *c, uint64_t offset)
{
    buf_reset(&c->json);
    reserve(&c->json, ROOM(0));
    c->json.p[0] = '[';
    c->json.n = (size_t)(str_write_u64(c->json.p + 1, offset) - c->json.p);
    c->n = 0;
    c->is_recoded = c->is_replaced = c->is_open = c->has_pairs = false;
}

str rows_cells_end(struct rows_cells *c, struct arena *a)
{
    reserve(&c->json, 1);
    c->json.p[c->json.n++] = ']';
    return arena_copy(a, buf_str(&c->json));
}

/* In which way the text of a cell becomes JSON. */
enum reading { AS_UTF8, AS_1252, AS_ANYTHING };

static enum reading reading_of(const struct rows_cells *c, str cell)
{
    bool is_utf8 = c->encoding == ROWS_1252 ? text_is_ascii(cell) : text_is_utf8(cell);

    if (is_utf8)
        return AS_UTF8;
    return c->encoding == ROWS_UTF8 ? AS_ANYTHING : AS_1252;
}

static char *put_1252(struct rows_cells *c, char *out, str text)
{
    buf_reset(&c->scratch);
    reserve(&c->scratch, text.n * 3);
    char *end = c->scratch.p;
    for (size_t i = 0; i < text.n; i++)
        end = text_put(end, text_point_1252((unsigned char)text.p[i]));
    return json_escape_utf8(out, str_between(c->scratch.p, end));
}

static inline char *put_text(struct rows_cells *c, char *out, str text, enum reading reading)
{
    if (reading == AS_1252)
        return put_1252(c, out, text);
    return reading == AS_UTF8 ? json_escape_utf8(out, text) : json_escape(out, text);
}

/* Two quotes mean one when the cell has such pairs. */
static char *put_cell(struct rows_cells *c, char *out, str cell, bool has_pairs)
{
    enum reading reading = reading_of(c, cell);
    const char *pair;

    c->n++;
    c->is_replaced |= reading == AS_ANYTHING;
    c->is_recoded |= reading == AS_1252 && c->encoding == ROWS_UTF8_OR_1252;
    memcpy(out, ",\"", 2);
    out += 2;
    while (has_pairs && (pair = memchr(cell.p, c->quote, cell.n))) {
        out = put_text(c, out, str_between(cell.p, pair + 1), reading);
        cell = str_between(pair + 2, str_end(cell));
    }
    out = put_text(c, out, cell, reading);
    *out++ = '"';
    return out;
}

static void take_unquoted(struct rows_cells *c, struct rows_cursor *k)
{
    const char *end = memchr(k->p, c->delimiter, (size_t)(k->end - k->p));

    if (!end)
        end = k->end;
    k->out = put_cell(c, k->out, str_between(k->p, end), false);
    k->p = end;
}

/* The quote that closes the cell; NULL: it is not in this line. */
static const char *find_closing(struct rows_cells *c, const struct rows_cursor *k)
{
    const char *p = k->p, *quote;

    while ((quote = memchr(p, c->quote, (size_t)(k->end - p)))) {
        if (quote + 1 == k->end || quote[1] != c->quote)
            return quote;
        c->has_pairs = true;
        p = quote + 2;
    }
    return NULL;
}

/* From inside quotes; the cell's text began at row + open_at. */
static enum rows_scan take_quoted(struct rows_cells *c, struct rows_cursor *k, const char *row)
{
    const char *closing = find_closing(c, k);

    c->is_open = !closing;
    if (!closing)
        return ROWS_SCAN_OPEN;
    if (closing + 1 < k->end && closing[1] != c->delimiter)
        return ROWS_SCAN_STRAY;
    k->out = put_cell(c, k->out, str_between(row + c->open_at, closing), c->has_pairs);
    k->p = closing + 1;
    return ROWS_SCAN_DONE;
}

static bool is_at_quote(const struct rows_cells *c, const struct rows_cursor *k)
{
    return c->quote && k->p < k->end && *k->p == c->quote;
}

/* The next cell, which is no clean one. */
static enum rows_scan take_cell(struct rows_cells *c, struct rows_cursor *k, const char *row)
{
    if (!is_at_quote(c, k)) {
        take_unquoted(c, k);
        return ROWS_SCAN_DONE;
    }
    if (rows_take_clean_quoted(c, k))
        return ROWS_SCAN_DONE;
    k->p++;
    c->has_pairs = false;
    c->open_at = (size_t)(k->p - row);
    return take_quoted(c, k, row);
}

static enum rows_scan take_line(struct rows_cells *c, struct rows_cursor *k, const char *row)
{
    bool is_inside = c->is_open;

    for (;;) {
        if (!is_inside && !is_at_quote(c, k) && rows_take_clean(c, k))
            return ROWS_SCAN_DONE;
        enum rows_scan scan = is_inside ? take_quoted(c, k, row) : take_cell(c, k, row);
        if (scan != ROWS_SCAN_DONE || k->p == k->end)
            return scan;
        k->p++; /* the delimiter */
        is_inside = false;
    }
}

enum rows_scan rows_cells_add(struct rows_cells *c, const char *row, size_t from, size_t to,
                              const char *limit)
{
    reserve(&c->json, ROOM(to - (c->is_open ? c->open_at : from)));
    struct rows_cursor k = {row + from, row + to, limit, c->json.p + c->json.n};
    enum rows_scan scan = take_line(c, &k, row);

    c->json.n = (size_t)(k.out - c->json.p);
    return scan;
}
