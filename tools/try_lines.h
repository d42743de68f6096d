#pragma once
/* The lines of `try` below the records of a file: columns, drift, issues, deaths. */
#include "tools/say.h"
#include "tools/try_tally.h"

void try_lines_text(struct say *s, const struct try_file *f, const struct try_file *first,
                    bool has_pipeline);
void try_lines_json(struct say *s, const struct try_file *f, const struct try_file *first);
