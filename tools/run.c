/* `standpipe run`: a private Redis, a local Firehose, the dispatcher and the workers of a
 * pipeline, as children of this process. Ctrl-C stops them in the order in which data flows, so
 * that everybody can still hand on what is in hand. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "common/run/pipeline.h"
#include "tools/apply.h"
#include "tools/commands.h"
#include "tools/run_dir.h"
#include "tools/run_firehose.h"
#include "tools/supervise.h"

enum group { GROUP_WORKERS, GROUP_FIREHOSE, GROUP_REDIS };
enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_STOPPING, PHASE_OVER };
enum {
    TICK_US = 25 * 1000,
    /* A Redis reads back its append-only file before it answers. */
    REDIS_START_MS = 120 * 1000,
    START_MS = 20 * 1000,
    WORKER_GRACE_MS = 12 * 1000, /* a worker takes up to 10 s of its own */
    FIREHOSE_GRACE_MS = 5 * 1000,
    REDIS_GRACE_MS = 10 * 1000,
    WORKERS_MAX = 64,
    KINDS_MAX = 16,
};
static const uint64_t grace_ms[] = {WORKER_GRACE_MS, FIREHOSE_GRACE_MS, REDIS_GRACE_MS};

struct run_settings {
    str dir, fsync, firehose;
    uint64_t workers, buffer_interval_ms;
};
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

struct part { /* a child, and the key of its heartbeat */
    struct child *child;
    const char *name;
};
struct run {
    struct command_call *call;
    const struct run_settings *options;
    struct arena *arena;
    struct run_dir dir;
    const struct pipeline *pipeline;
    struct loop *loop;
    struct timer *tick;
    struct supervisor *supervisor;
    struct redis *redis; /* only while starting */
    struct part redis_server, firehose, workers[(KINDS_MAX + 1) * WORKERS_MAX];
    uint32_t worker_count;
    str exe, redis_url, firehose_url;
    uint16_t port; /* of firehose-local; 0: none is started */
    enum phase phase;
    enum group stopping;
    struct error failure; /* what ended it, when it was not a signal */
};

/* Stopping. */

static void stop_group(struct run *r, enum group group)
{
    r->stopping = group;
    supervisor_stop(r->supervisor, group, grace_ms[group]);
}

static void stop(struct run *r)
{
    r->phase = PHASE_STOPPING;
    stop_group(r, GROUP_WORKERS);
}

static void go_on_stopping(struct run *r)
{
    while (r->phase == PHASE_STOPPING && supervisor_is_down(r->supervisor, r->stopping)) {
        if (r->stopping == GROUP_REDIS)
            r->phase = PHASE_OVER;
        else
            stop_group(r, r->stopping + 1);
    }
}

static void on_signal(void *ctx)
{
    struct run *r = ctx;

    if (r->phase >= PHASE_STOPPING) /* the second one: no more patience */
        supervisor_stop(r->supervisor, r->stopping, 0);
    else
        stop(r);
}

static void on_child_ended(void *ctx)
{
    struct run *r = ctx;
    int status;

    if (r->phase < PHASE_STOPPING && child_is_over(r->redis_server.child, &status)) {
        error_set(&r->failure, ERR_SYSTEM,
                  "redis-server cannot run (status %d); its log is " STR_FMT "/redis.log",
                  status, STR_ARG(r->dir.redis));
        stop(r);
    }
}

static void on_tick(void *ctx)
{
    struct run *r = ctx;

    timer_start(r->tick, TICK_US);
}

/* Run the loop until `is_so`; false when it took too long or we were told to stop. */
static bool wait_until(struct run *r, bool (*is_so)(struct run *), uint64_t limit_ms)
{
    uint64_t end = clock_mono_us(&clock_system) + limit_ms * 1000;

    timer_start(r->tick, TICK_US);
    while (r->phase < PHASE_STOPPING && clock_mono_us(&clock_system) < end) {
        if (is_so(r)) {
            timer_stop(r->tick);
            return true;
        }
        loop_once(r->loop);
    }
    timer_stop(r->tick);
    return false;
}

/* Starting. */

static bool redis_is_up(struct run *r)
{
    return redis_is_ready(r->redis);
}

static int start_redis(struct run *r, struct error *err)
{
    const char *argv[] = {"redis-server",
                          "--port",
                          "0",
                          "--unixsocket",
                          r->dir.socket.p,
                          "--unixsocketperm",
                          "700",
                          "--dir",
                          r->dir.redis.p,
                          "--appendonly",
                          "yes",
                          "--appendfsync",
                          r->options->fsync.p,
                          "--save",
                          "",
                          "--maxmemory",
                          "512mb",
                          "--maxmemory-policy",
                          "noeviction",
                          "--auto-aof-rewrite-min-size",
                          "4gb",
                          "--daemonize",
                          "no",
                          "--logfile",
                          "redis.log",
                          NULL};
    struct redis_address to = {.path = r->dir.socket};

    r->redis_server.child = supervisor_start(r->supervisor, GROUP_REDIS, "redis-server", argv);
    r->redis = redis_new(r->loop, &to, NULL);
    redis_connect(r->redis);
    if (wait_until(r, redis_is_up, REDIS_START_MS) || r->phase >= PHASE_STOPPING)
        return 0;
    return error_set(err, ERR_REDIS,
                     "redis-server did not become ready; its log is " STR_FMT "/redis.log",
                     STR_ARG(r->dir.redis));
}

static bool firehose_is_up(struct run *r)
{
    return run_port_answers(r->port);
}

static int start_firehose(struct run *r, struct error *err)
{
    str folder = r->exe;

    while (folder.n && folder.p[folder.n - 1] != '/')
        folder.n--;
    str program = arena_printf(r->arena, STR_FMT "firehose-local", STR_ARG(folder));
    if (access(program.p, X_OK) != 0)
        return error_set(err, ERR_CONFIG,
                         "'%s' is missing; name a Firehose endpoint with --firehose",
                         program.p);
    r->port = run_free_port();
    if (!r->port)
        return error_set(err, ERR_SYSTEM, "no free port on 127.0.0.1: %s", strerror(errno));
    if (run_new_credentials(err) != 0)
        return err->code;
    r->firehose_url = arena_printf(r->arena, "http://127.0.0.1:%u", r->port);
    setenv("AWS_ENDPOINT_URL_FIREHOSE", r->firehose_url.p, 1);
    str listen = arena_printf(r->arena, "127.0.0.1:%u", r->port);
    str interval = arena_printf(r->arena, "%" PRIu64 "ms", r->options->buffer_interval_ms);
    const char *argv[] = {program.p,        "--listen",          listen.p,   "--dir",
                          r->dir.objects.p, "--buffer-interval", interval.p, NULL};
    r->firehose.child = supervisor_start(r->supervisor, GROUP_FIREHOSE, "firehose-local", argv);
    if (wait_until(r, firehose_is_up, START_MS) || r->phase >= PHASE_STOPPING)
        return 0;
    return error_set(err, ERR_HTTP, "firehose-local does not listen at %s", r->firehose_url.p);
}

static int find_firehose(struct run *r, struct error *err)
{
    bool is_open;
    str named = run_named_endpoint(r->pipeline, &is_open);

    if (r->options->firehose.n) {
        r->firehose_url = r->options->firehose;
        setenv("AWS_ENDPOINT_URL_FIREHOSE", arena_copy(r->arena, r->firehose_url).p, 1);
        return 0;
    }
    if (is_open)
        return start_firehose(r, err);
    r->firehose_url = named;
    return 0;
}

static void start_worker(struct run *r, const char *kind, uint64_t slot)
{
    const struct options_common *common = r->call->common;
    str name = arena_printf(r->arena, "run-%s-%" PRIu64, kind, slot);
    const char *argv[] = {r->exe.p,      kind,
                          "--redis",     r->redis_url.p,
                          "--prefix",    arena_copy(r->arena, common->prefix).p,
                          "--log",       arena_copy(r->arena, common->log).p,
                          "--log-level", arena_copy(r->arena, common->log_level).p,
                          "--name",      name.p,
                          "--http",      "127.0.0.1:0",
                          "--roots",     "/",
                          NULL};
    struct part *part = &r->workers[r->worker_count++];

    part->name = name.p;
    part->child = supervisor_start(r->supervisor, GROUP_WORKERS, name.p, argv);
}

static bool has_kind(const struct pipeline *p, const struct stage *kind)
{
    for (uint32_t i = 0; i < p->stage_count; i++)
        if (p->stages[i].kind == kind)
            return true;
    return false;
}

/* Each worker has said that it lives: this very process, not one of an earlier run. */
static bool workers_are_up(struct run *r)
{
    struct keys keys = {.prefix = r->call->common->prefix, .lane = STR("0")};

    for (uint32_t i = 0; i < r->worker_count; i++) {
        const struct part *p = &r->workers[i];
        str get[] = {STR("HGET"), keys_worker(&keys, r->arena, str_of(p->name)), STR("pid")};
        const struct reply *pid;
        struct error err = {0};
        uint64_t number;
        if (redis_call(r->redis, get, 3, r->arena, &pid, &err) != 0 ||
            pid->type != REPLY_STRING || !str_to_u64(pid->text, &number) ||
            number != (uint64_t)child_pid(p->child))
            return false;
    }
    return true;
}

static int start_workers(struct run *r, struct error *err)
{
    uint32_t kinds = 0;

    start_worker(r, "dispatch", 1);
    for (const struct stage *const *kind = r->call->kinds; *kind; kind++) {
        if (!has_kind(r->pipeline, *kind) || ++kinds > KINDS_MAX)
            continue;
        for (uint64_t slot = 1; slot <= r->options->workers; slot++)
            start_worker(r, (*kind)->name, slot);
    }
    if (wait_until(r, workers_are_up, START_MS) || r->phase >= PHASE_STOPPING)
        return 0;
    return error_set(err, ERR_SYSTEM, "the workers did not become ready in %d s",
                     START_MS / 1000);
}

static int start_all(struct run *r, struct error *err)
{
    int rc = start_redis(r, err);

    if (rc == 0 && r->phase == PHASE_STARTING)
        rc = find_firehose(r, err);
    if (rc == 0 && r->phase == PHASE_STARTING)
        rc = apply_pipeline(r->call, r->redis, r->pipeline, err);
    if (rc == 0 && r->phase == PHASE_STARTING)
        rc = start_workers(r, err);
    redis_free(r->redis);
    r->redis = NULL;
    return rc;
}

static int announce(struct run *r, struct error *err)
{
    const str env[] = {STR("STANDPIPE_REDIS"), r->redis_url,
                       STR("SOCKET"),          r->dir.socket, STR("FIREHOSE"), r->firehose_url,
                       STR("OBJECTS"),         r->dir.objects};
    int rc = run_dir_write_env(r->arena, &r->dir, env, ARRAY_LEN(env) / 2, err);

    if (rc != 0)
        return rc;
    printf("standpipe ready: redis " STR_FMT "; firehose " STR_FMT, STR_ARG(r->redis_url),
           STR_ARG(r->firehose_url.n ? r->firehose_url : STR("none")));
    if (r->port)
        printf("; objects " STR_FMT, STR_ARG(r->dir.objects));
    printf("; stop with Ctrl-C\n");
    fflush(stdout);
    return 0;
}

static void watch(struct run *r)
{
    r->loop = loop_new();
    r->tick = timer_new(r->loop, on_tick, r);
    r->supervisor = supervisor_new(r->loop, on_child_ended, r);
    loop_signal(r->loop, SIGINT, on_signal, r);
    loop_signal(r->loop, SIGTERM, on_signal, r);
    loop_signal(r->loop, SIGHUP, on_signal, r);
}

/* Everything runs below here until it is stopped; returns what went wrong, if anything did. */
static int live(struct run *r, struct error *err)
{
    watch(r);
    int rc = start_all(r, err);
    if (rc == 0 && r->phase == PHASE_STARTING)
        rc = announce(r, err);
    if (r->phase == PHASE_STARTING)
        r->phase = PHASE_RUNNING;
    if (rc != 0 && r->phase == PHASE_RUNNING)
        stop(r);
    for (go_on_stopping(r); r->phase != PHASE_OVER; go_on_stopping(r))
        loop_once(r->loop);
    supervisor_free(r->supervisor);
    timer_free(r->tick);
    loop_free(r->loop);
    if (rc == 0 && r->failure.code) {
        *err = r->failure;
        rc = err->code;
    }
    return rc;
}

static int check_options(const struct run_settings *o, struct error *err)
{
    if (o->workers < 1 || o->workers > WORKERS_MAX)
        return error_set(err, ERR_USAGE, "--workers is 1 to %d", WORKERS_MAX);
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

static int run_run(struct command_call *call, struct error *err)
{
    /* Too large for the stack of some systems, and it lives as long as the process. */
    struct run *r = arena_zalloc(call->arena, sizeof(*r));

    *r = (struct run){.call = call, .options = call->options, .arena = call->arena};
    if (call->argc != 1)
        return error_set(err, ERR_USAGE, "run takes one pipeline file");
    int rc = check_options(r->options, err);
    if (rc == 0)
        rc = find_exe(r->arena, &r->exe, err);
    if (rc == 0)
        rc = apply_load(call, call->argv[0], &r->pipeline, err);
    if (rc == 0)
        rc = run_dir_open(r->arena, r->options->dir, &r->dir, err);
    if (rc == 0) {
        r->redis_url = arena_printf(r->arena, "unix://" STR_FMT, STR_ARG(r->dir.socket));
        rc = live(r, err);
        run_dir_close(&r->dir);
    }
    pipeline_free(r->pipeline);
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
