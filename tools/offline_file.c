#include "tools/offline_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "tools/file_uri.h"

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

struct pipeline *reader_pipeline(struct command_call *call, const char *encoding)
{
    struct findings f = {.arena = call->arena};
    str text = arena_printf(call->arena,
                            "stages:\n"
                            "  rows: {split: {encoding: %s}}\n"
                            "routes:\n"
                            "  - {from: inbox, to: rows}\n"
                            "  - {from: rows, drop: seen}\n",
                            encoding ? encoding : "auto");
    struct pipeline *p = pipeline_load(text, STR_NONE, call->kinds, &f);

    if (!p)
        die("a pipeline of our own has %u mistakes", f.errors);
    return p;
}

const char *reader_encoding(const struct offline *o, const struct charset *letters)
{
    str recoded = offline_job(o, STR("rows:windows-1252"));

    return recoded.n && !str_is(recoded, "0") ? charset_guess(letters) : NULL;
}
