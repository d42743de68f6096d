#pragma once
/* What scraped text carries besides its words: tags, entities, runs of blanks, characters that
 * nobody sees. Pure functions; declared field by field, never by default. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum clean {
    CLEAN_HTML = 1 << 0,   /* tags off (`<br>` and block ends are a blank), comments, scripts
                            * and styles with what is in them; entities decoded (HTML 4's
                            * names, decimal, hexadecimal; others stay) */
    CLEAN_BLANKS = 1 << 1, /* runs of blanks, of any kind in Unicode, to one space */
    CLEAN_UNDERSCORES = 1 << 2, /* '_' to a space */
    CLEAN_INVISIBLE = 1 << 3, /* zero-width characters, soft hyphens, marks of direction, BOM */
};

/* `text` (UTF-8) without them, outer blanks off; borrowed when nothing changed, else in `a`. */
str clean_text(struct arena *a, str text, unsigned what) MUST_CHECK;
