#include "common/data/findings.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 500, LISTED_MAX = 8 };

/* Findings are shown on terminals, and words of the file stand in them: control bytes, C1 in
 * its UTF-8 form too, become dots. */
static void clean(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            *p = '.';
        else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
            p[0] = p[1] = '.';
    }
}

static str format(struct arena *a, const char *fmt, va_list args) PRINTF(2, 0);
static str format(struct arena *a, const char *fmt, va_list args)
{
    char *text = arena_reserve(a, TEXT_MAX);

    vsnprintf(text, TEXT_MAX, fmt, args);
    clean(text);
    str result = str_of(text);
    arena_trim(a, text + result.n + 1);
    return result;
}

/* What several parts of a file inherit is wrong once. */
static bool is_known(const struct findings *f, struct mark at, str text)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->list[i].at.line == at.line && f->list[i].at.column == at.column &&
            str_equal(f->list[i].text, text))
            return true;
    return false;
}

void findings_add(struct findings *f, enum finding_level level, struct mark at, uint32_t length,
                  const char *fmt, ...)
{
    bool is_warning = level == FINDING_WARNING;
    va_list args;

    va_start(args, fmt);
    str text = format(f->arena, fmt, args);
    va_end(args);
    if (is_known(f, at, text))
        return;
    f->warnings += is_warning;
    f->errors += !is_warning;
    if (f->n == FINDINGS_MAX) {
        f->left_out++;
        return;
    }
    f->list[f->n++] = (struct finding){.at = at,
                                       .length = MAX(length, 1u),
                                       .is_warning = is_warning,
                                       .text = text,
                                       .hint = STR("")};
}

/* The valid word a person may have meant. A word of which nothing is left is not near. */
static str nearest(str word, const str *valid, uint32_t n)
{
    unsigned best = MAX(2u, (unsigned)(word.n / 3)) + 1;
    str found = STR_NONE;

    for (uint32_t i = 0; i < n; i++) {
        unsigned distance = str_distance(word, valid[i], best);
        if (distance < best && distance < MAX(word.n, valid[i].n)) {
            best = distance;
            found = valid[i];
        }
    }
    return found;
}

str findings_hint(struct arena *a, str word, const str *valid, uint32_t n)
{
    str near = word.n <= 64 ? nearest(word, valid, n) : STR_NONE;
    str hint = STR("");

    if (near.n)
        hint = arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(near));
    if (n == 0 || n > LISTED_MAX || (n == 1 && near.n))
        return hint;
    for (uint32_t i = 0; i < n; i++)
        hint = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(hint),
                            i > 0    ? ", "
                            : near.n ? " one of: "
                                     : "one of: ",
                            STR_ARG(valid[i]));
    return hint;
}

void findings_unknown(struct findings *f, struct mark at, str word, const char *what,
                      const str *valid, uint32_t n)
{
    uint32_t before = f->n;

    findings_error(f, at, (uint32_t)str_code_points(word), "unknown %s '" STR_FMT "'", what,
                   STR_ARG(word));
    if (f->n > before)
        f->list[before].hint = findings_hint(f->arena, word, valid, n);
}

void findings_take(struct findings *f, const struct error *err)
{
    findings_error(f, err->at, 1, "%s", err->text);
}

str findings_line(str text, uint32_t number)
{
    str line = str_cut(&text, '\n');

    for (; number > 1 && text.p; number--)
        line = str_cut(&text, '\n');
    if (number != 1)
        return STR("");
    return str_ends(line, STR("\r")) ? (str){line.p, line.n - 1} : line;
}

static bool is_before(struct mark a, struct mark b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

void findings_sort(struct findings *f)
{
    for (uint32_t i = 1; i < f->n; i++) {
        struct finding moved = f->list[i];
        uint32_t to = i;
        for (; to > 0 && is_before(moved.at, f->list[to - 1].at); to--)
            f->list[to] = f->list[to - 1];
        f->list[to] = moved;
    }
}
