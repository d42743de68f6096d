#pragma once
/* Which single-byte encoding a text may have had that was read as windows-1252: by where its
 * letters stand, for people to look at. Nothing in a running pipeline goes by it. */
#include "common/base/str.h"

struct charset {        /* zeroed is ready */
    uint32_t letters;   /* that are not ASCII */
    uint32_t in_runs;   /* three and more of them side by side: no language of Latin letters */
    uint32_t low, high; /* of those in runs: first and second half of the letters of Latin-1 */
    uint32_t cyrillic, greek; /* the commonest vowels of both, where windows-125x has them */
    uint32_t inside;          /* signs between two letters: ¹ ³ of dzia³ka */
};

/* A text that was read as windows-1252, or was UTF-8 before. */
void charset_add(struct charset *c, str utf8);
/* A name for `encoding`, static; NULL: its letters are those of windows-1252, or too few. */
const char *charset_guess(const struct charset *c);
