#pragma once
/* A pipeline file, loaded the way every program loads it, and what is wrong with it in words.
 * For all
 * commands that take one. */
#include "common/run/pipeline.h"
#include "tools/command.h"

struct check_file {
    str name, text; /* as it is shown; the whole file */
    struct findings findings;
    struct pipeline *pipeline; /* owned; NULL when there are errors */
};

/* Read and load the file that is the one word of `call`, "-" being stdin. Mistakes in it are
 * findings, no error. */
int check_file_load(struct command_call *call, struct check_file *file,
                    struct error *err) MUST_CHECK;
/* The same, by its path. */
int check_file_read(struct command_call *call, const char *path, struct check_file *file,
                    struct error *err) MUST_CHECK;
void check_file_free(struct check_file *file);

/* All findings, each with its line and a caret below it. False: over the cap of `out`. */
bool check_file_report(const struct check_file *file, struct buf *out) MUST_CHECK;
bool check_file_json(const struct check_file *file, struct buf *out) MUST_CHECK;
/* "2 errors, 1 warning. Nothing was changed." */
bool check_file_summary(const struct check_file *file, struct buf *out) MUST_CHECK;
