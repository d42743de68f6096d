#pragma once
/* What `normalise` declares, compiled: for each source its fields in the order in which they
 * are written, names folded, patterns compiled, defaults coerced. For normalise only. */
#include "common/data/coerce.h"
#include "common/data/findings.h"
#include "common/data/pattern.h"
#include "common/data/schema.h"

struct normalise_alias {     /* a header that a field is taken from */
    str name;                /* folded; empty when it is a pattern */
    struct pattern *pattern; /* on the folded header */
    str before, after;       /* "{sqft} sq ft": what the header says, and its cells do not */
};
struct normalise_word { /* a word, or a pattern found in the text, and what the text becomes */
    str word;           /* folded; empty when it is a pattern */
    struct pattern *pattern;
    str means;
};
struct normalise_words {
    const struct normalise_word *list;
    uint32_t n;
    bool has_words, has_patterns;
    bool begins[128]; /* ASCII characters that a text can begin with which folds to a word */
};
/* What lists of patterns said of short texts. */
enum { MEMO_SLOTS = 4096, MEMO_BYTES = 43 };
struct normalise_slot {
    const void *list;                  /* that was asked; NULL: the slot is free */
    const struct normalise_word *word; /* that the text has; NULL: none */
    bool is_found;                     /* a pattern of `match` was, and caught this: */
    uint8_t from, length;
    uint8_t n;
    char text[MEMO_BYTES];
};
struct normalise_memo {
    struct normalise_slot slots[MEMO_SLOTS];
};
enum unmapped { UNMAPPED_KEEP, UNMAPPED_NULL, UNMAPPED_ISSUE };
struct normalise_steps { /* from the text of a cell to that which is parsed */
    unsigned clean;      /* CLEAN_* */
    struct normalise_words nothing, map;
    struct pattern **matches; /* the first that is found: its group 1 is the text */
    uint32_t match_count;
    enum unmapped unmapped;
    struct normalise_memo *memo; /* of all fields */
};
enum field_from {
    FROM_COLUMNS, /* the first that is there and not empty */
    FROM_VALUE,   /* a constant */
    FROM_TEMPLATE,
    FROM_POINTER, /* into a document */
    FROM_NAME,    /* of the source's rules */
    FROM_FILE,    /* last part of the uri */
    FROM_URI,
    FROM_ROW,
    FROM_OFFSET,
    FROM_ACCEPTED, /* ms since the epoch */
    FROM_RAW,      /* all cells by header, as texts */
    FROM_EXTRA,    /* what no field took, as texts */
    FROM_ISSUES,   /* texts, `field:issue` */
};
struct normalise_part { /* of a template: a text, or a column */
    str text;           /* folded name of a column when `is_column` */
    bool is_column;
};
enum unreadable { UNREADABLE_ISSUE, UNREADABLE_NULL, UNREADABLE_DEAD };
enum letter_case { CASE_AS_IS, CASE_UPPER, CASE_LOWER };
struct normalise_field {
    str name, label;    /* dotted; as a JSON string */
    str prefix, suffix; /* ,"name": ; of nested records with what opens and closes them */
    enum field_from from;
    struct normalise_alias *aliases;
    uint32_t alias_count;
    str value; /* FROM_VALUE: the text; FROM_POINTER: RFC 6901 */
    struct normalise_part *parts;
    uint32_t part_count;
    struct normalise_steps steps;
    bool has_steps;                /* any of them does something */
    uint32_t kin;                  /* the first field that reads the same cells alike, and */
    bool has_kin;                  /* takes another part of them, or itself; there are others */
    const struct coercer *coercer; /* NULL: the value as it stands */
    struct coerce_setup setup;
    str scraped;                    /* folded name of the column that relative dates count from;
                                     * empty: setup.now, or nothing */
    const struct schema_type *type; /* NULL: no schema */
    enum letter_case letter_case;
    uint32_t pad_width;
    char pad_with;
    double least, most; /* of a plausible value */
    bool is_bounded;
    enum unreadable unreadable;
    str fallback; /* JSON value; empty: none */
    bool is_required;
};
struct normalise_rules { /* of one source */
    str name;            /* empty: those that hold for all others */
    const str *files;    /* globs on the uri, or on its last part */
    uint32_t file_count;
    struct normalise_field *fields;
    uint32_t n;
    bool has_raw, has_extra, has_issues; /* a field takes it */
};
struct normalise_pattern {
    str source;
    struct pattern *compiled; /* owned */
};
struct normalise_sources {
    struct normalise_rules *list; /* the last has no files and fits all */
    uint32_t n;
    const struct schema *schema;        /* NULL: none */
    struct normalise_pattern *patterns; /* owned; of all fields, each of them once */
    uint32_t pattern_count, pattern_room;
};
struct normalise_config { /* as written */
    const struct node *fields, *sources, *defaults, *rules;
    str schema; /* text of an .avsc */
    const struct node *schema_node;
};

/* Compile it; all but the patterns lives in `a`. Mistakes go to `f`, and the rules are only
 * good for normalise_sources_free() then. */
void normalise_sources_load(struct normalise_sources *s, struct arena *a,
                            const struct normalise_config *config, struct findings *f);
void normalise_sources_free(struct normalise_sources *s);
/* The last part of a uri; empty for an empty one. */
str normalise_file_of(str uri);
/* The rules for what a uri stands for; an empty one gets those without files. */
const struct normalise_rules *normalise_sources_find(const struct normalise_sources *s,
                                                     str uri);
