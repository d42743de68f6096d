#pragma once
/* Rows of a file as rows of a table: key and value. Pure. */
#include "common/base/error.h"
#include "common/data/batch.h"

struct table_rows {
    const str *key; /* names of columns or members */
    uint32_t key_count;
    const str *columns; /* of a file with rows; none: documents */
    uint32_t column_count;
    uint32_t places[8]; /* of the key among the columns */
};
/* Key names from "a,b", at most 8; ERR_USAGE. */
int table_rows_key(struct table_rows *t, struct arena *a, str names,
                   struct error *err) MUST_CHECK;
/* The file has these columns, a JSON array; empty: documents. ERR_DATA: the key is not among
 * them. */
int table_rows_columns(struct table_rows *t, struct arena *a, str cols,
                       struct error *err) MUST_CHECK;
/* NULL, or what is wrong with the record: half a sentence, in the arena. */
const char *table_row(const struct table_rows *t, struct arena *a, const struct record *r,
                      str *key, str *value) MUST_CHECK;
