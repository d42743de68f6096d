#include "workers/split_head.h"

#include "common/data/json.h"
#include "common/data/text.h"
#include "workers/split_words.h"

enum { ROWS_LOOKED_AT = 64, LINES_MAX = 100, TEXT_KEPT = 4096, HINT_BYTES = 5 };

struct look { /* a row of the head */
    uint64_t offset;
    uint32_t cells, filled; /* filled: without those at its end that are empty */
    bool has_number;
};

static bool is_number(str cell)
{
    bool has_digit = false;

    for (size_t i = 1; i + 1 < cell.n; i++) {
        has_digit |= ascii_is_digit(cell.p[i]);
        if (!memchr("0123456789 .,+-%$/:", cell.p[i], 19))
            return false;
    }
    return has_digit;
}

static struct look look_at(const struct row *row)
{
    struct look look = {.offset = row->offset};
    str rest, cell;

    if (!json_open(row->line, &rest) || !json_next_item(&rest, &cell))
        return look;
    while (json_next_item(&rest, &cell)) {
        look.cells++;
        if (!str_equal(cell, STR("\"\"")))
            look.filled = look.cells;
        look.has_number |= is_number(cell);
    }
    return look;
}

static uint32_t look_around(const struct reader_setup *setup, struct rows_dialect dialect,
                            str head, uint64_t start, struct look *looks)
{
    struct rows *r = rows_new(dialect, setup->limits, start);
    struct arena scratch = {0};
    struct row row;
    uint32_t n = 0;

    while (n < ROWS_LOOKED_AT) {
        size_t at = (size_t)rows_offset(r);
        enum rows_status status =
            rows_next(r, (str){head.p + at, head.n - at}, false, &scratch, &row);
        if (status == ROWS_MORE || status == ROWS_END)
            break;
        looks[n++] = status == ROWS_ROW ? look_at(&row) : (struct look){.offset = row.offset};
    }
    arena_free(&scratch);
    rows_free(r);
    return n;
}

/* The width that most rows have; 0: less than half of them agree, or only one. */
static uint32_t common_width(const struct look *looks, uint32_t n)
{
    uint32_t width = 0, most = 1;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t same = 0;
        for (uint32_t j = 0; j < n; j++)
            same += looks[j].cells == looks[i].cells;
        if (same > most || (same == most && most > 1 && looks[i].cells > width)) {
            most = same;
            width = looks[i].cells;
        }
    }
    return most * 2 >= n ? width : 0;
}

/* One cell less than the others may be a header without a name for the row numbers. */
static bool is_before_header(const struct look *look, uint32_t width)
{
    if (look->cells == width)
        return width > 2 && look->filled <= 1; /* a title, padded by a spreadsheet */
    return look->cells * 2 <= width || look->cells + 1 < width;
}

/* The header is the first row as wide as the rest; a row with numbers in it is no header, and
 * then nothing is passed over. */
static uint64_t find_header(const struct reader_setup *setup, struct rows_dialect dialect,
                            str head, uint64_t start)
{
    struct look looks[ROWS_LOOKED_AT];
    uint32_t n = look_around(setup, dialect, head, start, looks), i = 0;
    uint32_t width = common_width(looks, n);

    while (i < n && is_before_header(&looks[i], width))
        i++;
    bool is_found = width > 1 && i > 0 && i < n && !looks[i].has_number;
    return is_found ? looks[i].offset : start;
}

static uint64_t count_lines(str text, char newline)
{
    uint64_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == newline;
    return n;
}

static size_t skip_lines(str head, size_t at, uint64_t n, char newline)
{
    for (; n && at < head.n; at++)
        n -= head.p[at] == newline;
    return at;
}

/* `sep=;` in the first line, which a spreadsheet writes for itself. */
static bool take_hint(str head, size_t *start, char *delimiter)
{
    str text = {head.p + *start, head.n - *start};

    if (!str_starts(text, STR("sep=")) || text.n <= HINT_BYTES ||
        (text.p[HINT_BYTES] != '\n' && text.p[HINT_BYTES] != '\r'))
        return false;
    *delimiter = text.p[HINT_BYTES - 1];
    const char *end = memchr(text.p, '\n', text.n);
    *start += end ? (size_t)(end + 1 - text.p) : HINT_BYTES + 1;
    return true;
}

static str why(struct arena *a, const struct rows_dialect *d, const struct rows_sniffed *s)
{
    str rival = s->rival
                    ? arena_printf(a, "; next 0x%02x in %u", (unsigned)s->rival, s->rival_lines)
                    : STR_NONE;

    return arena_printf(a, "0x%02x: %u of the first %u lines hold %u of it" STR_FMT,
                        (unsigned)(unsigned char)d->delimiter, s->steady_lines, s->lines,
                        s->count, STR_ARG(rival));
}

static void choose_dialect(struct arena *a, const struct reader_setup *setup, str head,
                           size_t *start, struct split_head *h)
{
    struct rows_sniffed sniffed;
    char hint;
    bool has_hint = str_is(setup->preamble, "auto") && take_hint(head, start, &hint);

    h->dialect = rows_sniff_why((str){head.p + *start, head.n - *start}, &sniffed);
    if (!str_is(setup->delimiter, "auto"))
        (void)split_is_delimiter(setup->delimiter, &h->dialect.delimiter);
    else if (has_hint)
        h->dialect.delimiter = hint;
    if (str_is(setup->delimiter, "auto"))
        h->chosen = has_hint ? STR("the first line says so") : why(a, &h->dialect, &sniffed);
    h->dialect.quote = '\0';
    if (!str_is(setup->quote, "none"))
        (void)split_is_delimiter(setup->quote, &h->dialect.quote);
}

void split_head_look(struct arena *a, const struct reader_setup *setup, str head,
                     struct split_head *h)
{
    size_t mark = text_skip_bom(head).p - head.p, start = mark;
    bool has_header = str_is(setup->header, "first");
    uint64_t lines;

    *h = (struct split_head){0};
    choose_dialect(a, setup, head, &start, h);
    char newline = h->dialect.newline == ROWS_NEWLINE_CR ? '\r' : '\n';
    if (str_to_u64(setup->preamble, &lines))
        start = skip_lines(head, mark, lines, newline);
    else if (str_is(setup->preamble, "auto") && has_header)
        start = (size_t)find_header(setup, h->dialect, head, start);
    str before = {head.p + mark, start - mark};
    h->start = start;
    h->lines = count_lines(before, newline);
    before.n = MIN(before.n, (size_t)TEXT_KEPT);
    h->before = text_is_utf8(before) ? before : text_from_1252(a, before);
}

/* Columns. */

static uint32_t fold_names(struct arena *a, str array, str **names)
{
    str rest, item;
    uint32_t n = 0;

    *names = arena_alloc(a, (array.n / 2 + 1) * sizeof(**names));
    if (json_open(array, &rest))
        while (json_next_item(&rest, &item))
            (*names)[n++] = text_fold(a, json_text(a, item));
    return n;
}

static bool is_among(str name, const str *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_equal(names[i], name))
            return true;
    return false;
}

/* Items of `array` that are not among `names`, as a JSON array. */
static str without(struct arena *a, str array, const str *names, uint32_t n, bool *is_any)
{
    char *start = arena_reserve(a, array.n + 2), *out = start;
    str rest, item;
    struct arena scratch = {0};

    *is_any = false;
    *out++ = '[';
    if (json_open(array, &rest))
        while (json_next_item(&rest, &item)) {
            if (is_among(text_fold(&scratch, json_text(&scratch, item)), names, n))
                continue;
            if (*is_any)
                *out++ = ',';
            out = mempcpy(out, item.p, item.n);
            *is_any = true;
        }
    *out++ = ']';
    arena_trim(a, out);
    arena_free(&scratch);
    return str_between(start, out);
}

str split_head_missing(struct arena *a, str expect, str cols)
{
    str *names;
    uint32_t n = fold_names(a, cols, &names);
    bool is_any;
    str missing = without(a, expect, names, n, &is_any);

    return is_any ? missing : STR_NONE;
}

str split_head_drift(struct arena *a, str last, str cols)
{
    str *before, *now;
    bool is_new, is_gone;

    if (!last.n || str_equal(last, cols))
        return STR_NONE;
    uint32_t n = fold_names(a, cols, &now), m = fold_names(a, last, &before);
    str new = without(a, cols, before, m, &is_new), gone = without(a, last, now, n, &is_gone);
    return arena_printf(a, "{\"new\":" STR_FMT ",\"gone\":" STR_FMT ",\"reordered\":%s}",
                        STR_ARG(new), STR_ARG(gone), is_new || is_gone ? "false" : "true");
}
