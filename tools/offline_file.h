#pragma once
/* A file by its name, for the engine without Redis. */
#include "common/data/charset.h"
#include "common/run/offline.h"
#include "tools/command.h"

struct named_file {
    str name, uri, folder; /* as it was called; file:///...; what holds it */
};
/* ERR_USAGE: there is no such file, or it is none. */
int named_file_find(struct arena *a, const char *name, struct named_file *f,
                    struct error *err) MUST_CHECK;

/* What stages log for operators stands in what is printed: only errors, unless a level was
 * asked for. */
void quiet_stages(const struct command_call *call, const char *role);

/* A pipeline that only splits. `encoding`: of the files; NULL: as split finds it. */
struct pipeline *reader_pipeline(struct command_call *call, const char *encoding) MUST_CHECK;
/* One of its records, as split made it? Others ended in split. */
bool reader_is_record(const struct offline_end *end);
/* What the letters of the last file look like, where it was no UTF-8 and read as windows-1252;
 * NULL: like nothing else. */
const char *reader_encoding(const struct offline *o, const struct charset *letters);
