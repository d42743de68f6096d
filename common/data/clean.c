#include "common/data/clean.h"

str clean_text(struct arena *a, str text, unsigned what)
{
    char *start = arena_reserve(a, text.n), *out = start;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((what & CLEAN_UNDERSCORES) && c == '_')
            c = ' ';
        bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if ((what & CLEAN_BLANKS) && is_blank && (out == start || out[-1] == ' '))
            continue;
        *out++ = (what & CLEAN_BLANKS) && is_blank ? ' ' : c;
    }
    arena_trim(a, out);
    return str_trim(str_between(start, out));
}
