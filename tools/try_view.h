#pragma once
/* What `try` shows of its files: as text, or as one JSON object. */
#include "tools/say.h"
#include "tools/try_tally.h"

enum try_only { TRY_ALL, TRY_OK, TRY_DEAD, TRY_ISSUES, TRY_FILTERED };
struct try_view {
    struct say say;
    bool is_json, has_pipeline;
    enum try_only only;
    uint64_t limit, shown; /* records of each file that are shown; 0: all */
    str pipeline;          /* as it was called */
    str next;              /* what to do next, with the file's name */
};
void try_view_begin(struct try_view *v);
void try_view_file(struct try_view *v, struct try_file *f, bool is_first);
void try_view_record(struct try_view *v, const struct offline_end *end, bool has_issues,
                     struct arena *scratch);
/* `first`: the file that the columns are compared with. */
void try_view_file_end(struct try_view *v, struct try_file *f, const struct try_file *first);
void try_view_end(struct try_view *v, const struct try_file *files);
