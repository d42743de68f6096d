/* One program: the workers, which run a kind of stage, and the operator's commands. The two
 * tables are here; everything else of the command line comes from the tables of options. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/run/run.h"
#include "tools/commands.h"
#include "workers/dispatch.h"
#include "workers/stages.h"

enum { HELP_MAX = 64 * 1024, WORDS_MAX = 64, LISTED_MAX = 8 };

static const struct stage *const kinds[] = {
    &stage_split, &stage_normalise, &stage_enrich, &stage_deliver, NULL,
};
static const struct command *const commands[] = {
    &command_apply,
    &command_audit,
    &command_cache,
    &command_check,
    &command_dead,
    &command_doctor,
    &command_health,
    &command_init,
    &command_replay,
    &command_run,
    &command_schema,
    &command_send,
    &command_table,
    &command_test,
    &command_top,
    &command_trace,
    &command_try,
    &command_window,
    NULL,
};
static const char dispatch_name[] = "dispatch";
static const char dispatch_summary[] =
    "Take entries from the inbox into the pipeline, and keep house.";

static const struct { /* what other programs call it */
    const char *word, *ours;
} foreign_words[] = {
    {"tap", "tail"},      {"validate", "check"}, {"dlq", "dead"},
    {"rewind", "replay"}, {"enqueue", "send"},
};

static const struct command *find_command(str name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (str_is(name, (*c)->name))
            return *c;
    return NULL;
}

static const struct stage *find_kind(str name)
{
    for (const struct stage *const *k = kinds; *k; k++)
        if (str_is(name, (*k)->name))
            return *k;
    return NULL;
}

/* Print what was built; true when it reached stdout. */
static bool print(const struct buf *out)
{
    return fwrite(out->p, 1, out->n, stdout) == out->n && fflush(stdout) == 0;
}

static int help_all(void)
{
    struct buf out;

    buf_init(&out, HELP_MAX);
    bool fits = buf_printf(&out, "Usage: standpipe COMMAND [OPTION...]\n\nCommands:\n");
    for (const struct command *const *c = commands; *c && fits; c++)
        fits = buf_printf(&out, "  %-12s %s\n", (*c)->name, (*c)->summary);
    fits =
        fits && buf_printf(&out, "\nWorkers:\n  %-12s %s\n", dispatch_name, dispatch_summary);
    for (const struct stage *const *k = kinds; *k && fits; k++)
        fits = buf_printf(&out, "  %-12s %s\n", (*k)->name, (*k)->summary);
    fits = fits && buf_printf(&out, "\nOptions of all of them:\n") &&
           options_help(options_common, &out) &&
           buf_printf(&out, "\n'standpipe COMMAND --help' says more.\n");
    bool is_out = fits && print(&out);
    buf_free(&out);
    return is_out ? 0 : 1;
}

static int help_one(const char *name, const char *summary, const struct command *c,
                    const struct setting *options)
{
    struct buf out;
    bool fits = true;

    buf_init(&out, HELP_MAX);
    if (c && c->examples)
        fits = buf_printf(&out, "Examples:\n");
    for (str rest = str_of(c ? c->examples : NULL); rest.n && fits;) {
        str line = str_cut(&rest, '\n');
        fits = buf_printf(&out, "  " STR_FMT "\n", STR_ARG(line));
    }
    fits = fits &&
           buf_printf(&out, "%sUsage: standpipe %s%s%s [OPTION...]\n\n%s\n", out.n ? "\n" : "",
                      name, c && c->usage ? " " : "", c && c->usage ? c->usage : "", summary);
    if (options && options->name)
        fits = fits && buf_printf(&out, "\nOptions:\n") && options_help(options, &out);
    fits =
        fits && buf_printf(&out, "\nCommon options:\n") && options_help(options_common, &out);
    bool is_out = fits && print(&out);
    buf_free(&out);
    return is_out ? 0 : 1;
}

static int unknown_word(struct arena *a, str word, struct error *err)
{
    str valid[WORDS_MAX];
    uint32_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(foreign_words); i++)
        if (str_is(word, foreign_words[i].word) && find_command(str_of(foreign_words[i].ours)))
            return error_set(err, ERR_USAGE, "unknown command '%s': it is called '%s' here",
                             foreign_words[i].word, foreign_words[i].ours);
    for (const struct command *const *c = commands; *c && n < WORDS_MAX; c++)
        valid[n++] = str_of((*c)->name);
    for (const struct stage *const *k = kinds; *k && n < WORDS_MAX; k++)
        valid[n++] = str_of((*k)->name);
    if (n < WORDS_MAX)
        valid[n++] = str_of(dispatch_name);
    str hint = findings_hint(a, word, valid, n);
    return error_set(err, ERR_USAGE, "unknown command '" STR_FMT "'%s" STR_FMT "%s",
                     STR_ARG(word), hint.n ? " (" : "; see 'standpipe --help'", STR_ARG(hint),
                     hint.n ? ")" : "");
}

/* Take `word` out of argv, before a "--". */
static bool take_flag(int *argc, char **argv, const char *word)
{
    for (int i = 0; i < *argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], word) != 0)
            continue;
        memmove(argv + i, argv + i + 1, (size_t)(*argc - i) * sizeof(*argv));
        --*argc;
        return true;
    }
    return false;
}

static int open_log(const char *role, const struct options_common *common, struct error *err)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    if (!str_is(common->log, "logfmt") && !str_is(common->log, "json"))
        return error_set(err, ERR_USAGE, "--log is logfmt or json");
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (!str_is(common->log_level, levels[i]))
            continue;
        log_open(role, str_is(common->log, "json") ? LOG_JSON : LOG_LOGFMT, (enum log_level)i);
        return 0;
    }
    return error_set(err, ERR_USAGE, "--log-level is debug, info, warn or error");
}

static int work(const struct stage *kind, const struct options_common *common, int argc,
                char **argv, struct arena *a, struct error *err)
{
    struct run_options options = {0};
    const char *role = kind ? kind->name : dispatch_name;
    int rc = options_parse(run_options, &options, false, &argc, argv, a, err);

    if (rc == 0 && argc > 0)
        rc = error_set(err, ERR_USAGE, "'%s' takes no word '%s'", role, argv[0]);
    if (rc == 0)
        rc = open_log(role, common, err);
    if (rc != 0)
        return rc;
    return kind ? run_worker(kind, kinds, common, &options)
                : run_dispatcher(kinds, common, &options);
}

static int command(const struct command *c, const struct options_common *common, int argc,
                   char **argv, struct arena *a, struct error *err)
{
    static const struct setting none[] = {{0}};
    struct command_call call = {.common = common,
                                .kinds = kinds,
                                .options = arena_zalloc(a, c->options_size + 1),
                                .argv = argv,
                                .arena = a};
    int rc =
        options_parse(c->options ? c->options : none, call.options, false, &argc, argv, a, err);

    if (rc == 0)
        rc = open_log(c->name, common, err);
    call.argc = argc;
    return rc != 0 ? rc : c->run(&call, err);
}

/* An exit status, or ERR_* with `err` filled. */
static int begin(int argc, char **argv, struct arena *a, struct error *err)
{
    struct options_common common = {0};

    bool wants_help = take_flag(&argc, argv, "--help") || take_flag(&argc, argv, "-h");
    bool wants_version = take_flag(&argc, argv, "--version");
    int rc = options_parse(options_common, &common, true, &argc, argv, a, err);
    if (rc != 0)
        return rc;
    if (wants_version)
        return printf("standpipe %s\n", STANDPIPE_VERSION) > 0 && fflush(stdout) == 0 ? 0 : 1;
    if (argc == 0 && !wants_help)
        return error_set(err, ERR_USAGE, "no command; see 'standpipe --help'");
    if (argc == 0 || strcmp(argv[0], "help") == 0)
        return help_all();
    const struct command *c = find_command(str_of(argv[0]));
    const struct stage *kind = find_kind(str_of(argv[0]));
    bool is_dispatch = strcmp(argv[0], dispatch_name) == 0;
    if (!c && !kind && !is_dispatch)
        return unknown_word(a, str_of(argv[0]), err);
    if (wants_help && c)
        return help_one(c->name, c->summary, c, c->options);
    if (wants_help)
        return help_one(argv[0], kind ? kind->summary : dispatch_summary, NULL, run_options);
    return c ? command(c, &common, argc - 1, argv + 1, a, err)
             : work(kind, &common, argc - 1, argv + 1, a, err);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct error err = {0};

    /* A peer that hangs up is an error of its connection, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    int status = begin(argc - 1, argv + 1, &arena, &err);
    if (status < 0) {
        if (err.text[0])
            fprintf(stderr, "standpipe: %s\n", err.text);
        status = error_exit_status(&err);
    }
    arena_free(&arena);
    return status;
}
