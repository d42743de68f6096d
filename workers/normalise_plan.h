#pragma once
/* What the rules of `normalise` mean for one set of columns: which of them feeds which field,
 * and the bytes that stand before each in the document. For normalise only. */
#include "workers/normalise_rules.h"

enum { NORMALISE_COLUMNS_MAX = 4096, NORMALISE_PLANS = 8 };
#define COLUMN_NONE UINT32_MAX

enum column_kind {
    COLUMN_PLAIN,
    COLUMN_ID, /* the rest: of documents only, members that standpipe added */
    COLUMN_EXTRA,
    COLUMN_ISSUES,
    COLUMN_KEPT,
};
struct column {
    str prefix; /* ,"name": */
    enum column_kind kind;
    bool is_claimed; /* a field looks at it */
};
struct plan {
    struct arena arena; /* all of it */
    const struct normalise_rules *rules;
    str cols;
    bool is_document;
    bool has_numbered; /* a column may have the name that a cell without one gets: column_7 */
    struct column *columns;
    uint32_t n;
    struct {
        uint32_t *columns, n; /* in the order in which they are tried; of a template: those of
                               * its parts, COLUMN_NONE where it has none */
        const struct normalise_alias **aliases; /* by which each column is named */
        uint32_t scraped; /* what its relative dates count from; COLUMN_NONE: no column */
    } * sources;          /* one a field */
    size_t bound;         /* bytes of all prefixes */
};
struct plans { /* zeroed is ready */
    struct plan list[NORMALISE_PLANS];
    uint32_t n, last, next;
};

/* The plan of `rules` for `cols`, a JSON array of names; made and kept at its first use, in
 * place of the oldest. NULL: `cols` is none, or too long; `why` is a static sentence. */
const struct plan *plans_find(struct plans *p, const struct normalise_rules *rules, str cols,
                              bool is_document, const char **why);
void plans_free(struct plans *p);

/* The same for people: for struct stage's columns(). */
struct column_uses;
void plan_explain(const struct plan *p, struct arena *a, struct column_uses *uses);
