/* `standpipe check`: every mistake of a pipeline file, without Redis and without network; with
 * --live, what it needs around it, too. */
#include <stddef.h>
#include <stdio.h>

#include "tools/check_live.h"
#include "tools/commands.h"

enum { REPORT_MAX = 4 * 1024 * 1024, EXIT_BAD_CONFIG = 78, EXIT_UNAVAILABLE = 69 };

struct check {
    bool json, live;
    str roots;
};
static const struct setting check_options[] = {
    {"json", SETTING_BOOL, "false", offsetof(struct check, json),
     "Print one JSON object instead of text."},
    {"live", SETTING_BOOL, "false", offsetof(struct check, live),
     "Look at what is around it, too: Redis, folders, credentials, destinations; exit 69 when "
     "something is missing."},
    {"roots", SETTING_STR, "", offsetof(struct check, roots),
     "With --live: the folders that workers may read files in, ':' between them."},
    {0},
};

static int check_run(struct command_call *call, struct error *err)
{
    const struct check *options = call->options;
    struct check_file file;
    struct buf out;

    if (check_file_load(call, &file, err))
        return err->code;
    int status = file.pipeline ? 0 : EXIT_BAD_CONFIG;
    if (file.pipeline && options->live && !check_live(call, &file, options->roots))
        status = EXIT_UNAVAILABLE;
    buf_init(&out, REPORT_MAX);
    bool fits = options->json
                    ? check_file_json(&file, &out)
                    : check_file_report(&file, &out) && check_file_summary(&file, &out);
    bool is_out = fits && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
    buf_free(&out);
    check_file_free(&file);
    return is_out ? status : error_set(err, ERR_SYSTEM, "the report could not be written");
}

const struct command command_check = {
    .name = "check",
    .summary = "Find the mistakes of a pipeline file; exit 78 when there are any.",
    .usage = "FILE",
    .examples = "standpipe check pipeline.yaml\nstandpipe check --json - < pipeline.yaml\n"
                "standpipe check --live pipeline.yaml\n",
    .options = check_options,
    .options_size = sizeof(struct check),
    .run = check_run,
};
