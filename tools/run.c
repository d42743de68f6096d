/* `standpipe run`: a private Redis, a local Firehose, the dispatcher and the workers of a
 * pipeline, as children of this process. Ctrl-C stops them in the order in which data flows, so
 * that everybody can still hand on what is in hand. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/apply.h"
#include "tools/check_file.h"
#include "tools/commands.h"
#include "tools/run_parts.h"

enum {
    EXIT_BAD_CONFIG = 78,
    WORKER_GRACE_MS = 12 * 1000, /* a worker takes up to 10 s of its own */
    FIREHOSE_GRACE_MS = 5 * 1000,
    REDIS_GRACE_MS = 10 * 1000,
};
static const uint64_t grace_ms[] = {WORKER_GRACE_MS, FIREHOSE_GRACE_MS, REDIS_GRACE_MS};

static const struct setting run_table[] = {
    {"dir", SETTING_STR, "", offsetof(struct run_settings, dir),
     "Directory of the data; without it $XDG_RUNTIME_DIR/standpipe or /tmp/standpipe-<uid>."},
    {"workers", SETTING_COUNT, "1", offsetof(struct run_settings, workers),
     "Workers of each kind, 1 to 64."},
    {"fsync", SETTING_STR, "always", offsetof(struct run_settings, fsync),
     "When Redis writes to disk: always, everysec or no."},
    {"firehose", SETTING_STR, "", offsetof(struct run_settings, firehose),
     "URL of a Firehose endpoint to use instead of a local one."},
    {"buffer_interval", SETTING_MSEC, "60s", offsetof(struct run_settings, buffer_interval_ms),
     "How long the local Firehose collects records before it writes an object."},
    {0},
};

static void stop_group(struct run *r, enum run_group group)
{
    r->stopping = group;
    supervisor_stop(r->supervisor, group, grace_ms[group]);
}

static void stop(struct run *r)
{
    r->phase = RUN_STOPPING;
    stop_group(r, RUN_WORKERS);
}

static void go_on_stopping(struct run *r)
{
    while (r->phase == RUN_STOPPING && supervisor_is_down(r->supervisor, r->stopping)) {
        if (r->stopping == RUN_REDIS)
            r->phase = RUN_OVER;
        else
            stop_group(r, r->stopping + 1);
    }
}

static void on_signal(void *ctx)
{
    struct run *r = ctx;

    if (r->phase >= RUN_STOPPING) /* the second one: no more patience */
        supervisor_stop(r->supervisor, r->stopping, 0);
    else
        stop(r);
}

static void on_child_ended(void *ctx)
{
    struct run *r = ctx;
    int status;

    if (r->phase < RUN_STOPPING && child_is_over(r->redis_server.child, &status)) {
        error_set(&r->failure, ERR_SYSTEM,
                  "redis-server cannot run (status %d); its log is " STR_FMT "/redis.log",
                  status, STR_ARG(r->dir.redis));
        stop(r);
    }
}

static int announce(struct run *r, struct error *err)
{
    const str env[] = {STR("STANDPIPE_REDIS"), r->redis_url,    STR("SOCKET"),  r->dir.socket,
                       STR("FIREHOSE"),        r->firehose_url, STR("OBJECTS"), r->dir.objects};
    int rc = run_dir_write_env(r->arena, &r->dir, env, ARRAY_LEN(env) / 2, err);

    if (rc != 0)
        return rc;
    printf("standpipe ready: redis " STR_FMT "; firehose " STR_FMT, STR_ARG(r->redis_url),
           STR_ARG(r->firehose_url.n ? r->firehose_url : STR("none")));
    if (r->port)
        printf("; objects " STR_FMT, STR_ARG(r->dir.objects));
    printf("; stop with Ctrl-C\n");
    (void)fflush(stdout);
    return 0;
}

static void watch(struct run *r)
{
    r->loop = loop_new();
    r->supervisor = supervisor_new(r->loop, on_child_ended, r);
    loop_signal(r->loop, SIGINT, on_signal, r);
    loop_signal(r->loop, SIGTERM, on_signal, r);
    loop_signal(r->loop, SIGHUP, on_signal, r);
}

/* Everything runs below here until it is stopped; returns what went wrong, if anything did. */
static int live(struct run *r, struct error *err)
{
    watch(r);
    int rc = run_start(r, err);
    if (rc == 0 && r->phase == RUN_STARTING)
        rc = announce(r, err);
    if (r->phase == RUN_STARTING)
        r->phase = RUN_RUNNING;
    if (rc != 0 && r->phase == RUN_RUNNING)
        stop(r);
    for (go_on_stopping(r); r->phase != RUN_OVER; go_on_stopping(r))
        loop_once(r->loop);
    supervisor_free(r->supervisor);
    loop_free(r->loop);
    if (rc == 0 && r->failure.code) {
        *err = r->failure;
        rc = err->code;
    }
    return rc;
}

static int check_options(const struct run_settings *o, struct error *err)
{
    if (o->workers < 1 || o->workers > RUN_WORKERS_MAX)
        return error_set(err, ERR_USAGE, "--workers is 1 to %d", RUN_WORKERS_MAX);
    if (!str_is(o->fsync, "always") && !str_is(o->fsync, "everysec") && !str_is(o->fsync, "no"))
        return error_set(err, ERR_USAGE, "--fsync is always, everysec or no");
    return 0;
}

static int find_exe(struct arena *a, str *exe, struct error *err)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

    if (n <= 0 || n == sizeof(path))
        return error_set(err, ERR_SYSTEM, "cannot read /proc/self/exe: %s", strerror(errno));
    *exe = arena_copy(a, (str){path, (size_t)n});
    return 0;
}

/* What was meant for another Redis must not reach the children. */
static void clean_environment(void)
{
    unsetenv("STANDPIPE_REDIS_USER");
    unsetenv("STANDPIPE_REDIS_PASSWORD_FILE");
}

static int run_run(struct command_call *call, struct error *err)
{
    /* In the arena: it is large. */
    struct run *r = arena_zalloc(call->arena, sizeof(*r));
    struct check_file file;

    r->call = call;
    r->options = call->options;
    r->arena = call->arena;
    int rc = check_options(r->options, err);
    if (rc == 0)
        rc = find_exe(r->arena, &r->exe, err);
    if (rc == 0)
        rc = check_file_load(call, &file, err);
    if (rc != 0)
        return rc;
    apply_report(&file);
    r->pipeline = file.pipeline;
    rc = r->pipeline ? run_dir_open(r->arena, r->options->dir, &r->dir, err) : EXIT_BAD_CONFIG;
    if (rc == 0) {
        clean_environment();
        r->redis_url = arena_printf(r->arena, "unix://" STR_FMT, STR_ARG(r->dir.socket));
        rc = live(r, err);
        run_dir_close(&r->dir);
    }
    check_file_free(&file);
    return rc;
}

const struct command command_run = {
    .name = "run",
    .summary = "Run a pipeline on this machine, with a Redis and a Firehose of its own.",
    .usage = "FILE",
    .examples = "standpipe run pipeline.yaml\n"
                "standpipe run pipeline.yaml --dir ./data --workers 2\n",
    .options = run_table,
    .options_size = sizeof(struct run_settings),
    .run = run_run,
};
