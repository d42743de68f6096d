#pragma once
/* What the values of a column can be read as, by trying the coercers on all of them. Nothing is
 * decided that the values leave open. */
#include "common/base/arena.h"
#include "tools/say.h"

enum { GUESS_RULES_MAX = 64, GUESS_WORDS_MAX = 8 };
struct guess {
    uint64_t values;                                         /* that say something */
    uint64_t empty;                                          /* and those that do not */
    uint64_t fits[GUESS_RULES_MAX], silent[GUESS_RULES_MAX]; /* silent: read as no value */
    uint64_t wordy[GUESS_RULES_MAX]; /* that do not fit, and have no digit */
    uint64_t ranges;                 /* with two ends, or one that is open */
    bool is_signed;                  /* a '.' or ',' between digits */
    bool is_long;                    /* digits only, beyond 15, or with a leading 0 */
    bool is_json;                    /* an object or an array */
    bool has_several;                /* a sign of several currencies */
    str words[GUESS_WORDS_MAX];      /* that mean nothing; of a static table */
    uint32_t word_count;
    str odd[GUESS_RULES_MAX]; /* the first that did not fit; in the arena */
};

void guess_add(struct guess *g, struct arena *a, str text, struct arena *scratch);

struct guessed {
    const char *rule;      /* "parse: integer"; "" for text as it stands */
    const char *others[4]; /* that fit just as well: then `rule` is "" */
    uint32_t other_count;
    uint64_t misfits;   /* values that it cannot read */
    str odd;            /* one of them */
    const char *remark; /* what the user should declare; NULL: nothing */
};
/* `name`: of the column; some names are of texts that look like numbers. */
struct guessed guess_best(const struct guess *g, str name);
