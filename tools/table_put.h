#pragma once
/* Rows on their way into a table, under a name of its own until all of them are there: then it
 * takes the place of the old one in a single step. Memory does not grow with the rows. */
#include "common/base/error.h"
#include "tools/table.h"

enum { TABLE_EXAMPLES = 5 };
struct table_put {
    struct table_call *call;
    str loading;       /* its key */
    uint64_t answered; /* rows */
    uint64_t doubles;  /* rows with a key that stood before */
    struct table_double {
        str key;
        uint64_t row;
    } examples[TABLE_EXAMPLES];
    struct put_chunk *open, *spare;
    uint32_t under_way; /* chunks */
    struct error err;   /* the first that went wrong */
};

void table_put_begin(struct table_put *p, struct table_call *t);
/* `row`: its number. Waits while much is under way. */
int table_put_row(struct table_put *p, str key, str value, uint64_t row,
                  struct error *err) MUST_CHECK;
/* All rows are there, and `about` them says what: swap. `rows`: of the table. */
int table_put_end(struct table_put *p, str about, uint64_t *rows, struct error *err) MUST_CHECK;
/* Behind the end, or instead of it: nothing stays of what was not swapped in. */
void table_put_free(struct table_put *p);
