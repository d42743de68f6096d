#pragma once
/* A commented starting pipeline, as text. For `init`. */
#include "tools/init_guess.h"

struct init_column {
    struct init_column *next;
    str name, folded, field; /* as it came; for comparing; of the field made of it */
    str sample;              /* the first value that says something */
    struct guess guess;
};
struct init_test {            /* the first record, and what the pipeline made of it */
    str file, row, cols, out; /* out: members of the document, as JSON; empty: no test */
};
struct init_pipeline {
    const struct init_column *columns;
    const char *const *files;
    int file_count;
    str delimiter;          /* that all files agree in; empty: auto */
    str chosen;             /* what split chose for the first file, in words */
    const char *encoding;   /* that the letters of all files look like; NULL: none to declare */
    const char *looks_like; /* the same of some of them */
    struct init_test test;
};
void init_write(struct say *s, const struct init_pipeline *p);

/* Name of a field: small letters, digits and '_', made of a header; empty: nothing of it is
 * left. */
str init_field_name(struct arena *a, str header) MUST_CHECK;
