#include "tools/offline_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "tools/file_uri.h"

static const char reader[] = "stages:\n"
                             "  rows: {split: {}}\n"
                             "routes:\n"
                             "  - {from: inbox, to: rows}\n"
                             "  - {from: rows, drop: seen}\n";

int named_file_find(struct arena *a, const char *name, struct named_file *f, struct error *err)
{
    char path[PATH_MAX];
    struct stat st;

    if (!realpath(name, path) || stat(path, &st) != 0)
        return error_set(err, ERR_USAGE, "cannot read '%s': %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_USAGE, "'%s' is no plain file", name);
    const char *slash = strrchr(path, '/');
    f->name = str_of(name);
    f->uri = file_uri(a, path);
    f->folder = arena_copy(a, slash == path ? STR("/") : str_between(path, slash));
    return 0;
}

bool reader_is_record(const struct offline_end *end)
{
    return end->fate == OFFLINE_FILTERED && str_is(end->reason, "seen");
}

void quiet_stages(const struct command_call *call, const char *role)
{
    bool is_json = str_is(call->common->log, "json");

    if (str_is(call->common->log_level, "info"))
        log_open(role, is_json ? LOG_JSON : LOG_LOGFMT, LEVEL_ERROR);
}

struct pipeline *reader_pipeline(struct command_call *call)
{
    struct findings f = {.arena = call->arena};
    struct pipeline *p = pipeline_load(str_of(reader), STR_NONE, call->kinds, &f);

    if (!p)
        die("a pipeline of our own has %u mistakes", f.errors);
    return p;
}
