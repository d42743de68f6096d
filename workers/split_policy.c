#include "workers/split_policy.h"

/* From the first comma on: the cells, and the bracket behind them. */
static str cells_of(str line)
{
    const char *comma = memchr(line.p, ',', line.n);

    return comma ? str_between(comma, str_end(line)) : STR_NONE;
}

/* Nothing but blanks in any cell: a comma outside them has a quote behind it. */
static bool is_empty(str cells)
{
    for (size_t i = 0; i + 1 < cells.n; i++) {
        char c = cells.p[i];
        bool is_comma = c == ',' && cells.p[i + 1] == '"';
        if (c != ' ' && c != '"' && !is_comma)
            return false;
    }
    return cells.n > 1;
}

/* Files that were joined bring a byte order mark along. */
static bool is_header(str cells, str header)
{
    const size_t mark = 3;

    if (cells.n < 2 || header.n < 2)
        return false;
    if (cells.n == header.n + mark && cells.p[1] == '"' &&
        memcmp(cells.p + 2, "\xef\xbb\xbf", mark) == 0)
        return memcmp(cells.p + 2 + mark, header.p + 2, header.n - 2) == 0;
    return cells.n == header.n && memcmp(cells.p + 1, header.p + 1, header.n - 1) == 0;
}

static enum verdict verdict_of(str word)
{
    if (str_is(word, "keep"))
        return VERDICT_PASS;
    return str_is(word, "dead") ? VERDICT_DEAD : VERDICT_DROP;
}

enum verdict split_policy_of(const struct split_policy *p, str line, str header, str *reason)
{
    str cells = cells_of(line);

    if (is_empty(cells)) {
        *reason = STR("empty");
        return verdict_of(p->empty);
    }
    if (is_header(cells, header)) {
        *reason = STR("repeated_header");
        return verdict_of(p->repeated_header);
    }
    return VERDICT_PASS;
}
