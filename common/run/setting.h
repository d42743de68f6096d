#pragma once
/* One table feeds the checker, --help, the editor schema and the manual. Scalars arrive as text
 * and are typed here, so 01234 and NO survive. */
#include "common/base/arena.h"
#include "common/data/findings.h"
#include "common/data/node.h"

enum setting_type {                 /* what stands at `offset` */
                    SETTING_STR,    /* str, in the arena */
                    SETTING_BOOL,   /* bool: true or false only */
                    SETTING_SECRET, /* str: the name behind !secret */
                    SETTING_COUNT,  /* uint64_t: 500 200k 2M */
                    SETTING_BYTES,  /* uint64_t: 64KiB 4MiB 4MB */
                    SETTING_MSEC,   /* uint64_t: 200ms 30s 5m 1h 30d */
                    SETTING_RATE,   /* struct rate: 40/s 600/m */
                    SETTING_SPAN,   /* struct span_ms: 200ms..30s */
                    SETTING_FILE,   /* str: the text of a file that the pipeline file names */
                    SETTING_NODE,   /* const struct node *: the stage reads it itself */
};
enum setting_inside { /* what a SETTING_NODE holds, for the editor schema */
                      INSIDE_ANYTHING,
                      INSIDE_KEYS,   /* a map with the keys of `members` */
                      INSIDE_NAMED,  /* names, each with such a map */
                      INSIDE_FIELDS, /* names, each with such a map or a word */
                      INSIDE_LIST,   /* a list of such maps */
};
struct rate {
    uint64_t count, period_ms;
};
struct span_ms {
    uint64_t least, most;
};
struct setting { /* a row: key, type, default, where it goes, help; ends with a NULL name */
    const char *name;
    enum setting_type type;
    const char *fallback; /* as one would write it; NULL: the key is required; "" for NODE and
                           * SECRET: may be absent */
    size_t offset;        /* of the destination in the state */
    const char *help;     /* whole sentence, with unit and limits */
    enum setting_inside inside;
    const struct setting *members;
};

/* Fill `state` from a map (or from nothing: NODE_EMPTY, NULL) by the table. Every unknown,
 * missing, doubled or mistyped key becomes a finding; what was good is filled in all the same,
 * the rest has its default. False: a required key has no value, and further checks make no
 * sense. */
bool setting_fill(const struct setting *table, const struct node *map, void *state,
                  struct findings *f);

/* The lexer of all typed text: NULL when good, else the static end of a sentence ("is no
 * duration: write 30s"). A str borrows `text`; a bare 0 is good for any unit. Not for NODE. */
const char *setting_parse(enum setting_type type, str text, void *value) MUST_CHECK;
/* The whole sentence ("30 what? write 30s"), in the arena. */
str setting_problem(struct arena *a, enum setting_type type, str text,
                    const char *problem) MUST_CHECK;
/* Put the default of one row into `state`; nothing when it has none. */
void setting_default(const struct setting *s, void *state);
