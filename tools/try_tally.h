#pragma once
/* What `try` counts of one file: shapes of values, issues of fields, deaths, columns. */
#include "common/data/charset.h"
#include "common/run/offline.h"

enum { TRY_SHAPES_MAX = 24, TRY_COLUMNS_MAX = 4096 };
struct try_shape {
    struct try_shape *next;
    str shape, sample;
    uint64_t count, row; /* row: of the sample */
};
struct try_group { /* a column; an issue of a field; a reason to die */
    struct try_group *next;
    str name, word, detail; /* column or field or stage; issue or reason; of the first */
    uint64_t count, others; /* others: of shapes that found no room */
    struct try_shape *shapes;
    uint32_t shape_count;
};
struct try_column {
    struct try_column *next;
    str name, folded;
    struct try_group *values; /* without a pipeline */
};
struct try_file {
    struct try_file *next;
    struct arena *arena; /* lives as long as all files */
    str name, uri;       /* as it was called */
    const str *split;    /* what split made of it: name, value, ... */
    uint32_t split_count;
    struct try_column *columns, **last_column;
    uint32_t column_count;
    struct worker *worker; /* the stage that explains the columns, of `uses` */
    struct column_uses uses;
    uint32_t used_columns; /* that `uses` knows of */
    uint64_t rows, ok, with_issues, dead, filtered;
    struct try_group *issues, *deaths;
    struct charset charset; /* of its rows */
    const char *encoding;   /* that the rows look like which were no UTF-8; NULL: no other */
    str before_records, behind_records; /* as in the job: what stands around them in JSON */
};

struct try_file *try_file_new(struct arena *a, str name, str uri) MUST_CHECK;
void try_take_split(struct try_file *f, const struct offline_file *file);

/* A record that a stage worked on: what it says of its columns, and issues. True: it has some.
 */
bool try_take_work(struct try_file *f, struct worker *w, const struct record *r, str was,
                   struct arena *scratch);
/* The cells of a record, without a pipeline. */
void try_take_values(struct try_file *f, const struct record *r, struct arena *scratch);
void try_take_death(struct try_file *f, const struct offline_end *end);

void try_explain(struct try_file *f); /* bring `uses` up to date */
/* The name most like that of a column, among the fields that found no column; empty: none. */
str try_near(const struct try_file *f, str column, struct arena *scratch) MUST_CHECK;
void try_sort(struct try_file *f); /* the most frequent first */
