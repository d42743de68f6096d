#include "common/data/rows_write.h"

#ifdef __SSE2__
    #include <emmintrin.h>
#endif

#include "common/data/json.h"
#include "common/data/json_scan.h"
#include "common/data/text.h"

void rows_writer_init(struct rows_writer *w, struct rows_dialect dialect, uint32_t row_bytes)
{
    *w = (struct rows_writer){
        .delimiter = dialect.delimiter, .quote = dialect.quote, .encoding = dialect.encoding};
    buf_init(&w->scratch, (size_t)row_bytes * 3);
}

void rows_writer_free(struct rows_writer *w)
{
    buf_free(&w->scratch);
}

void rows_writer_reset(struct rows_writer *w)
{
    w->cells = 0;
    w->is_recoded = w->is_replaced = false;
}

static char *put_1252(struct rows_writer *w, char *out, str cell)
{
    buf_reset(&w->scratch);
    if (!buf_reserve(&w->scratch, cell.n * 3))
        die("a cell of %zu bytes, more than its row may have", cell.n);
    char *end = w->scratch.p;
    for (size_t i = 0; i < cell.n; i++)
        end = text_put(end, text_point_1252((unsigned char)cell.p[i]));
    return json_quote(out, str_between(w->scratch.p, end));
}

char *rows_write_cell(struct rows_writer *w, char *out, str cell)
{
    bool is_kept = w->encoding == ROWS_UTF8 ||
                   (w->encoding == ROWS_1252 ? text_is_ascii(cell) : text_is_utf8(cell));

    w->cells++;
    *out++ = ',';
    if (is_kept) {
        w->is_replaced |= w->encoding == ROWS_UTF8 && !text_is_utf8(cell);
        return json_quote(out, cell);
    }
    w->is_recoded |= w->encoding == ROWS_UTF8_OR_1252;
    return put_1252(w, out, cell);
}

/* A line whose bytes all mean themselves: copied as it is, with `","` in the place of each
 * delimiter. Blocks are stored whole, the room behind them is ours. */
static char *write_clean(struct rows_writer *w, char *out, str line)
{
    const char *p = line.p, *end = str_end(line), delimiter = w->delimiter;

    memcpy(out, ",\"", 2);
    out += 2;
    for (;;) {
        size_t n = 0;
#ifdef __SSE2__
        if (end - p >= 16) {
            __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
            __m128i found = _mm_cmpeq_epi8(block, _mm_set1_epi8(delimiter));
            _mm_storeu_si128((__m128i *)(void *)out, block);
            n = (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(found) | 1u << 16);
        }
#endif
        for (; n < 16 && p + n < end && p[n] != delimiter; n++)
            out[n] = p[n];
        p += n;
        out += n;
        if (p == end)
            break;
        if (*p != delimiter)
            continue;
        memcpy(out, "\",\"", 3);
        out += 3;
        p++;
        w->cells++;
    }
    *out++ = '"';
    w->cells++;
    return out;
}

/* Cut the next cell off the line; p == NULL remains behind the last. */
static bool cut_cell(const struct rows_writer *w, str *line, str *cell)
{
    const char *start = line->p + 1, *end = str_end(*line);

    if (!w->quote || line->n == 0 || *line->p != w->quote) {
        *cell = str_cut(line, w->delimiter);
        return true;
    }
    const char *closing = memchr(start, w->quote, line->n - 1);
    if (!closing || (closing + 1 < end && closing[1] != w->delimiter))
        return false;
    *cell = str_between(start, closing);
    *line = closing + 1 < end ? str_between(closing + 2, end) : STR_NONE;
    return true;
}

char *rows_write_line(struct rows_writer *w, char *out, str line)
{
    bool is_clean = json_scan(line.p, str_end(line), SCAN_SPECIAL) == str_end(line) &&
                    (w->quote == '"' || !w->quote || !memchr(line.p, w->quote, line.n));
    str cell;

    if (is_clean)
        return write_clean(w, out, line);
    while (line.p) {
        if (!cut_cell(w, &line, &cell))
            return NULL;
        out = rows_write_cell(w, out, cell);
    }
    return out;
}
