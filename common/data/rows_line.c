#include "common/data/rows_line.h"

bool rows_line_find(enum rows_newline newline, str rest, size_t searched, bool is_last,
                    struct rows_line *line)
{
    bool is_cr = newline == ROWS_NEWLINE_CR;
    const char *at = memchr(rest.p + searched, is_cr ? '\r' : '\n', rest.n - searched);

    if (!at && !is_last)
        return false;
    size_t text = at ? (size_t)(at - rest.p) : rest.n;
    *line = (struct rows_line){.n = at ? text + 1 : text, .is_open = !at};
    while (!is_cr && text && rest.p[text - 1] == '\r') /* CR LF, or CR CR LF */
        text--;
    line->text = text;
    return true;
}
