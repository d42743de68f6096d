#include "common/data/rows.h"

#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/text.h"

enum { SNIFF_LINES = 64 };

/* In this order when two are equally steady: a comma is also a decimal sign. */
static const char delimiters[] = {'\t', ';', '|', '\x1f', '\x01', ',', '^', '~'};

struct tally {
    uint32_t lines;                      /* whole ones, blank ones not counted */
    uint32_t now[ARRAY_LEN(delimiters)]; /* in this one */
    uint32_t counts[ARRAY_LEN(delimiters)][SNIFF_LINES]; /* in each */
};

static void end_line(struct tally *t)
{
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++) {
        t->counts[i][t->lines] = t->now[i];
        t->now[i] = 0;
    }
    t->lines++;
}

static void count(struct tally *t, char c)
{
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++)
        t->now[i] += c == delimiters[i];
}

/* Most lines that hold the same number, above 0, of a delimiter; and that number. */
static uint32_t steadiness(const uint32_t *counts, uint32_t lines, uint32_t *number)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < lines; i++) {
        uint32_t same = 0;
        for (uint32_t j = 0; j < lines; j++)
            same += counts[j] == counts[i];
        if (counts[i] && (same > most || (same == most && counts[i] > *number))) {
            most = same;
            *number = counts[i];
        }
    }
    return most;
}

static char most_steady(const struct tally *t, struct rows_sniffed *why)
{
    char best = ',';

    *why = (struct rows_sniffed){.lines = t->lines};
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++) {
        uint32_t number = 0, lines = steadiness(t->counts[i], t->lines, &number);
        if (lines > why->steady_lines) {
            why->rival = why->steady_lines ? (unsigned char)best : 0;
            why->rival_lines = why->steady_lines;
            why->steady_lines = lines;
            why->count = number;
            best = delimiters[i];
        } else if (lines > why->rival_lines) {
            why->rival = (unsigned char)delimiters[i];
            why->rival_lines = lines;
        }
    }
    return best;
}

/* Is byte `i` inside quotes, or one? A quote opens a cell only at its start: behind a line end
 * or what may be a delimiter; or at once behind the one that closed it, for then it was
 * doubled. */
static bool is_quoted(str head, size_t i, bool *is_open, size_t *closed_at)
{
    char before = i ? head.p[i - 1] : '\n';
    bool may_open = before == '\n' || before == '\r' || (i && i == *closed_at + 1) ||
                    memchr(delimiters, before, sizeof(delimiters));

    if (head.p[i] != '"')
        return *is_open;
    if (*is_open) {
        *is_open = false;
        *closed_at = i;
        return true;
    }
    *is_open = may_open;
    return may_open;
}

/* By the first line end; CR CR LF is one. A CR that ends the head says nothing. */
static bool find_newline(str head, size_t i, enum rows_newline *newline)
{
    size_t behind = i;

    while (behind < head.n && head.p[behind] == '\r')
        behind++;
    bool is_return = behind > i && behind < head.n && head.p[behind] != '\n';

    if (head.p[i] != '\n' && !is_return)
        return false;
    *newline = is_return ? ROWS_NEWLINE_CR : ROWS_NEWLINE_LF;
    return true;
}

struct rows_dialect rows_sniff(str head)
{
    struct rows_sniffed why;

    return rows_sniff_why(head, &why);
}

struct rows_dialect rows_sniff_why(str head, struct rows_sniffed *why)
{
    struct rows_dialect dialect = {.delimiter = ',', .quote = '"', .newline = ROWS_NEWLINE_LF};
    struct tally tally = {0};
    bool is_open = false, is_blank = true, knows_newline = false;
    size_t closed_at = 0;

    head = text_skip_bom(head);
    for (size_t i = 0; i < head.n && tally.lines < SNIFF_LINES; i++) {
        if (is_quoted(head, i, &is_open, &closed_at)) {
            is_blank = false;
            continue;
        }
        knows_newline = knows_newline || find_newline(head, i, &dialect.newline);
        if (head.p[i] != (dialect.newline == ROWS_NEWLINE_CR ? '\r' : '\n')) {
            count(&tally, head.p[i]);
            is_blank = is_blank && head.p[i] == '\r';
        } else if (!is_blank) {
            end_line(&tally);
            is_blank = true;
        }
    }
    if (tally.lines == 0) /* not one whole line: what there is must do */
        end_line(&tally);
    dialect.delimiter = most_steady(&tally, why);
    return dialect;
}

/* Names of a header that were given out: open addressing, never more than half full. The header
 * is foreign, but at most rows_limits.columns long. */
struct name {
    str text;
    uint32_t last; /* the number its last namesake got */
};
struct names {
    struct name *slots;
    size_t mask;
};

static struct name *find_name(const struct names *names, str text)
{
    size_t i = hash_bytes(text) & names->mask;

    while (names->slots[i].text.p && !str_equal(names->slots[i].text, text))
        i = (i + 1) & names->mask;
    return &names->slots[i];
}

static str unique_name(struct names *names, struct arena *a, str text)
{
    struct name *namesake = find_name(names, text);
    str name = text;

    while (find_name(names, name)->text.p)
        name = arena_printf(a, STR_FMT "_%u", STR_ARG(text), ++namesake->last);
    *find_name(names, name) = (struct name){name, 1};
    return name;
}

/* An array of as many strings as there are names. */
static str write_names(struct arena *a, const str *names, uint32_t n)
{
    size_t room = 2;

    for (uint32_t i = 0; i < n; i++)
        room += JSON_QUOTED_MAX(names[i].n) + 1;
    char *start = arena_reserve(a, room), *out = start;
    *out++ = '[';
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            *out++ = ',';
        out = json_quote(out, names[i]);
    }
    *out++ = ']';
    arena_trim(a, out);
    return str_between(start, out);
}

static uint32_t count_items(str array)
{
    str rest, item;
    uint32_t n = 0;

    if (json_open(array, &rest))
        while (json_next_item(&rest, &item))
            n++;
    return n;
}

str rows_header(struct arena *a, str line)
{
    uint32_t items = count_items(line), n = 0;
    struct names names = {.mask = 15};
    str rest, item;

    while (names.mask < 2 * (size_t)items)
        names.mask = names.mask * 2 + 1;
    names.slots = arena_zalloc(a, (names.mask + 1) * sizeof(*names.slots));
    str *list = arena_alloc(a, (items + 1) * sizeof(*list));
    if (!json_open(line, &rest) || !json_next_item(&rest, &item)) /* the offset */
        return STR("[]");
    while (json_next_item(&rest, &item)) {
        str text = str_trim(text_skip_bom(str_trim(json_text(a, item))));
        if (text.n == 0)
            text = arena_printf(a, "column_%u", n + 1);
        list[n++] = unique_name(&names, a, text);
    }
    return write_names(a, list, n);
}

str rows_numbered(struct arena *a, uint32_t n)
{
    str *list = arena_alloc(a, (n + 1) * sizeof(*list));

    for (uint32_t i = 0; i < n; i++)
        list[i] = arena_printf(a, "column_%u", i + 1);
    return write_names(a, list, n);
}

str rows_object(struct arena *a, str cols, str line)
{
    char *start = arena_reserve(a, cols.n + line.n + 2), *out = start;
    str names, cells, name, cell;

    *out++ = '{';
    if (json_open(cols, &names) && json_open(line, &cells) && json_next_item(&cells, &cell))
        while (json_next_item(&names, &name) && json_next_item(&cells, &cell)) {
            if (out > start + 1)
                *out++ = ',';
            out = mempcpy(out, name.p, name.n);
            *out++ = ':';
            out = mempcpy(out, cell.p, cell.n);
        }
    *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}
