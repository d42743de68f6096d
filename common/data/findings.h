#pragma once
/* What `standpipe check` says: every mistake of a pipeline file, each with its place, its words
 * and the nearest valid one. Filled by the loader, the settings and the stages' own checks. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

enum { FINDINGS_MAX = 50 };
struct finding {
    struct mark at;
    uint32_t length; /* of what the caret underlines, in code points; at least 1 */
    bool is_warning;
    str text, hint; /* one sentence; "did you mean 'm2'?" behind the carets, or empty */
};
struct findings { /* zeroed but for the arena is ready */
    struct arena *arena;
    struct finding list[FINDINGS_MAX];
    uint32_t n, errors, warnings, left_out;
};

enum finding_level { FINDING_ERROR, FINDING_WARNING };
/* One more, of `length` code points (0 is taken as 1); beyond FINDINGS_MAX it is only counted.
 * findings_error(f, at, length, fmt, ...) is the usual form. */
void findings_add(struct findings *f, enum finding_level level, struct mark at, uint32_t length,
                  const char *fmt, ...) PRINTF(5, 6);
#define findings_error(f, ...) findings_add((f), FINDING_ERROR, __VA_ARGS__)
#define findings_warn(f, ...)  findings_add((f), FINDING_WARNING, __VA_ARGS__)
/* The same as findings_error, with the hint made of the valid words: the nearest one (distance
 * at most 2 or a third of the length), and all of them when they are eight or fewer. */
void findings_unknown(struct findings *f, struct mark at, str word, const char *what,
                      const str *valid, uint32_t n);
/* That hint, for words that stand in no file. Empty when no word is near and there are many. */
str findings_hint(struct arena *a, str word, const str *valid, uint32_t n) MUST_CHECK;
void findings_take(struct findings *f, const struct error *err); /* an error with its place */
/* Line `number` of a text, from 1, without its end: what a finding's place is in. */
str findings_line(str text, uint32_t number) MUST_CHECK;
void findings_sort(struct findings *f); /* by place */
