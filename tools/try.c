/* `standpipe try`: what a pipeline would make of files, without Redis, destination and network.
 * Without a pipeline: what is in the files. */
#include <stddef.h>

#include "common/data/json.h"
#include "tools/apply.h"
#include "tools/commands.h"
#include "tools/offline_file.h"
#include "tools/try_view.h"

enum { EXIT_BAD_CONFIG = 78 };

struct try_options {
    str pipeline, stage, only;
    uint64_t limit, rows;
    bool json, fail_on_dead;
};
static const struct setting try_table[] = {
    {"pipeline", SETTING_STR, "", offsetof(struct try_options, pipeline),
     "Pipeline file; without one, the columns of the files and the shapes of their values."},
    {"stage", SETTING_STR, "", offsetof(struct try_options, stage),
     "Stop behind this stage, and show what leaves it."},
    {"limit", SETTING_COUNT, "10", offsetof(struct try_options, limit),
     "Records of each file that are shown; 0: all."},
    {"rows", SETTING_COUNT, "0", offsetof(struct try_options, rows),
     "Stop reading a file behind some so many rows; 0: read all of it."},
    {"only", SETTING_STR, "", offsetof(struct try_options, only),
     "Show only records that are: ok, dead, issues, filtered."},
    {"json", SETTING_BOOL, "false", offsetof(struct try_options, json),
     "Print one JSON object instead of text."},
    {"fail_on_dead", SETTING_BOOL, "false", offsetof(struct try_options, fail_on_dead),
     "Exit 1 when a record died."},
    {0},
};

struct trial {
    struct command_call *call;
    const struct try_options *options;
    struct try_view view;
    struct try_file *files, **last, *file;
    struct arena scratch;
    bool has_issues, is_begun;
};

static void on_begun(void *ctx, const struct offline_file *file)
{
    struct trial *t = ctx;

    try_take_split(t->file, file);
    try_view_file(&t->view, t->file, t->file == t->files);
    t->is_begun = true;
}

static void begin_unread(struct trial *t)
{
    if (!t->is_begun)
        try_view_file(&t->view, t->file, t->file == t->files);
    t->is_begun = true;
}

static void on_worked(void *ctx, struct worker *w, const struct record *r, str was)
{
    struct trial *t = ctx;

    (void)try_take_work(t->file, w, r, was, &t->scratch);
    arena_reset(&t->scratch);
}

static bool has_issues(const struct try_file *f, const struct record *r)
{
    str value, rest, item;
    str member = f->uses.issues.n ? f->uses.issues : STR("sp_issues");

    return record_find(r, member, &value) && json_open(value, &rest) &&
           json_next_item(&rest, &item);
}

static void on_ended(void *ctx, const struct offline_end *end)
{
    struct trial *t = ctx;
    struct try_file *f = t->file;
    bool is_odd = false;
    struct offline_end seen = *end;

    begin_unread(t);
    if (!t->view.has_pipeline && reader_is_record(end))
        seen.fate = OFFLINE_OUT; /* by our own route */
    switch (seen.fate) {
    case OFFLINE_OUT:
        is_odd = has_issues(f, end->record);
        f->ok++;
        f->with_issues += is_odd;
        break;
    case OFFLINE_DEAD:
        f->dead++;
        try_take_death(f, end);
        break;
    case OFFLINE_FILTERED:
        f->filtered++;
        break;
    }
    if (!t->view.has_pipeline && seen.fate == OFFLINE_OUT) {
        charset_add(&f->charset, end->record->line);
        try_take_values(f, end->record, &t->scratch);
    }
    try_view_record(&t->view, &seen, is_odd, &t->scratch);
    arena_reset(&t->scratch);
}

static int only_of(str word, enum try_only *only, struct arena *a, struct error *err)
{
    static const char *const words[] = {"", "ok", "dead", "issues", "filtered"};
    str valid[ARRAY_LEN(words) - 1];

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (i)
            valid[i - 1] = str_of(words[i]);
        if (str_is(word, words[i])) {
            *only = (enum try_only)i;
            return 0;
        }
    }
    str hint = findings_hint(a, word, valid, ARRAY_LEN(valid));
    return error_set(err, ERR_USAGE, "--only '" STR_FMT "': " STR_FMT, STR_ARG(word),
                     STR_ARG(hint));
}

static int try_one(struct trial *t, struct offline *o, const char *name, struct error *err)
{
    struct arena *a = t->call->arena;
    struct named_file named;

    if (named_file_find(a, name, &named, err))
        return err->code;
    t->file = try_file_new(a, named.name, named.uri);
    *t->last = t->file;
    t->last = &t->file->next;
    t->is_begun = false;
    if (offline_file(o, named.uri, named.folder, err))
        return err->code;
    begin_unread(t);
    t->file->rows = offline_rows(o);
    t->file->encoding = reader_encoding(o, &t->file->charset);
    t->file->before_records = arena_copy(a, offline_job(o, STR("before_records")));
    t->file->behind_records = arena_copy(a, offline_job(o, STR("behind_records")));
    try_view_file_end(&t->view, t->file, t->files);
    return 0;
}

static str next_command(const struct trial *t)
{
    struct arena *a = t->call->arena;
    const struct try_options *o = t->options;
    uint64_t dead = 0, odd = 0;
    const char *more = t->files && t->files->next ? " ..." : "";

    for (const struct try_file *f = t->files; f; f = f->next) {
        dead += f->dead;
        odd += f->with_issues;
    }
    if (!t->files)
        return STR_NONE;
    str file = t->files->name;
    const char *only = dead && t->view.only != TRY_DEAD    ? "dead"
                       : odd && t->view.only != TRY_ISSUES ? "issues"
                                                           : NULL;
    if (!o->pipeline.n)
        return arena_printf(a, "standpipe init " STR_FMT "%s", STR_ARG(file), more);
    if (only)
        return arena_printf(a, "standpipe try " STR_FMT "%s --pipeline " STR_FMT " --only %s",
                            STR_ARG(file), more, STR_ARG(o->pipeline), only);
    return arena_printf(a, "standpipe apply " STR_FMT, STR_ARG(o->pipeline));
}

static int try_files(struct trial *t, const struct pipeline *p, struct error *err)
{
    const struct offline_setup setup = {
        .pipeline = p,
        .clock = &clock_system,
        .stop = t->options->stage,
        .rows = t->options->rows,
        .watch = {.begun = on_begun, .worked = on_worked, .ended = on_ended, .ctx = t},
    };
    struct error printing = {0};
    struct offline *o = offline_open(&setup, err);
    uint64_t dead = 0;
    int rc = 0;

    if (!o)
        return err->code;
    try_view_begin(&t->view);
    for (int i = 0; i < t->call->argc && rc == 0; i++)
        rc = try_one(t, o, t->call->argv[i], err);
    t->view.next = next_command(t);
    if (rc == 0)
        try_view_end(&t->view, t->files);
    for (const struct try_file *f = t->files; f; f = f->next)
        dead += f->dead;
    offline_close(o);
    arena_free(&t->scratch);
    if (say_end(&t->view.say, &printing) && rc == 0) {
        *err = printing;
        rc = err->code;
    }
    return rc ? rc : t->options->fail_on_dead && dead;
}

static int try_run(struct command_call *call, struct error *err)
{
    const struct try_options *o = call->options;
    struct trial t = {.call = call, .options = o};
    struct check_file file = {.findings.arena = call->arena};

    t.last = &t.files;
    t.view = (struct try_view){.is_json = o->json,
                               .has_pipeline = o->pipeline.n > 0,
                               .limit = o->limit,
                               .pipeline = o->pipeline};
    if (call->argc < 1)
        return error_set(err, ERR_USAGE, "name the files to try");
    quiet_stages(call, "try");
    if (only_of(o->only, &t.view.only, call->arena, err))
        return err->code;
    if (!o->pipeline.n)
        file.pipeline = reader_pipeline(call, NULL);
    else if (check_file_read(call, arena_copy(call->arena, o->pipeline).p, &file, err))
        return err->code;
    apply_report(&file);
    int rc = file.pipeline ? try_files(&t, file.pipeline, err) : EXIT_BAD_CONFIG;
    check_file_free(&file);
    return rc;
}

const struct command command_try = {
    .name = "try",
    .summary = "Show what a pipeline makes of files, without Redis and without network.",
    .usage = "FILE...",
    .examples = "standpipe try samples/zoopla.csv\n"
                "standpipe try samples/*.csv --pipeline listings.yaml --stage tidy --limit 3\n"
                "standpipe try samples/*.csv --pipeline listings.yaml --only dead\n",
    .options = try_table,
    .options_size = sizeof(struct try_options),
    .run = try_run,
};
