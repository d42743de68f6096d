#include "common/data/marks.h"

enum { RUN_MAX = 40 }; /* two numbers, a word and what stands between */

const struct mark_kind mark_kinds[MARKS] = {
    {{"windows-1252", 12},
     {"encoding", 8},
     {"it is not UTF-8 and was read as windows-1252", 44}},
    {{"replaced", 8},
     {"encoding", 8},
     {"bytes that are no text in its encoding were replaced by U+FFFD", 62}},
    {{"truncated", 9},
     {"truncated", 9},
     {"the file ends with this row, without a line end and with cells missing", 70}},
};

/* Behind the last of the neighbours from `i` on that have the mark. */
static uint32_t run_end(const uint8_t *marks, uint32_t n, uint32_t i, unsigned mark)
{
    while (i < n && marks[i] & mark)
        i++;
    return i;
}

static char *put_run(char *out, uint32_t first, uint32_t last, str word)
{
    out = str_write_u64(out, first);
    if (last > first) {
        *out++ = '-';
        out = str_write_u64(out, last);
    }
    *out++ = ' ';
    out = mempcpy(out, word.p, word.n);
    *out++ = ',';
    return out;
}

str marks_write(struct arena *a, const uint8_t *marks, uint32_t n)
{
    char *start = arena_reserve(a, (size_t)MARKS * (n / 2 + 1) * RUN_MAX), *out = start;

    for (unsigned k = 0; k < MARKS; k++)
        for (uint32_t i = 0; i < n; i++) {
            uint32_t end = run_end(marks, n, i, 1U << k);
            if (end == i)
                continue;
            out = put_run(out, i, end - 1, mark_kinds[k].word);
            i = end;
        }
    if (out > start)
        out--;
    arena_trim(a, out);
    return str_between(start, out);
}

static uint8_t mark_of(str word)
{
    for (unsigned k = 0; k < MARKS; k++)
        if (str_equal(word, mark_kinds[k].word))
            return (uint8_t)(1U << k);
    return 0;
}

bool marks_next(str *rest, struct marks_run *run)
{
    while (rest->n) {
        str word = str_cut(rest, ','), numbers = str_cut(&word, ' ');
        str first = str_cut(&numbers, '-');
        uint64_t from, to;
        if (!str_to_u64(first, &from) || !str_to_u64(numbers.n ? numbers : first, &to) ||
            from > to || to > UINT32_MAX || !mark_of(word))
            continue;
        *run = (struct marks_run){(uint32_t)from, (uint32_t)to, mark_of(word)};
        return true;
    }
    return false;
}
