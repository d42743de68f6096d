#include "common/data/rows_resync.h"

/* Is the line at `p` a row as the others? */
static bool is_good(struct rows_cells *c, const char *p, size_t n, uint32_t cells)
{
    rows_cells_begin(c, 0);
    return n && rows_cells_add(c, p, 0, n, p + n) == ROWS_SCAN_DONE && c->n == cells;
}

/* Where the next good line begins behind the first; the end of all: there is none. */
static size_t find_good(const struct rows_torn *t, struct rows_cells *c,
                        enum rows_newline newline, uint32_t cells)
{
    struct rows_line line;
    size_t at = t->first.n;

    while (at < t->lines.n) {
        str rest = {t->lines.p + at, t->lines.n - at};
        bool is_line = rows_line_find(newline, rest, 0, true, &line);
        if (!is_line || is_good(c, rest.p, line.text, cells))
            break;
        at += line.n;
    }
    return at;
}

void rows_resync(struct rows_torn *t, struct rows_cells *c, enum rows_newline newline,
                 uint32_t cells)
{
    size_t good = cells ? find_good(t, c, newline, cells) : t->lines.n;
    bool is_truncated = cells && good == t->lines.n && !t->reason;

    if (!t->reason)
        t->reason = is_truncated ? "truncated" : "open_quote";
    if ((good == t->lines.n && !is_truncated) || good == t->first.n)
        return;
    t->first.n = t->first.text = good; /* without the last of its line ends */
    while (t->first.text &&
           (t->lines.p[t->first.text - 1] == '\n' || t->lines.p[t->first.text - 1] == '\r'))
        t->first.text--;
}
