#include "tools/run_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "tools/apply.h"
#include "tools/run_firehose.h"

enum {
    TICK_US = 25 * 1000,
    REDIS_START_MS = 120 * 1000, /* it reads its append-only file before it answers */
    START_MS = 20 * 1000,
    TRIES = 3,
};

static void on_tick(void *ctx)
{
    struct run *r = ctx;

    timer_start(r->tick, TICK_US);
}

/* Run the loop until `is_so`, it took too long, or we were told to stop. */
static void wait_until(struct run *r, bool (*is_so)(struct run *), uint64_t limit_ms)
{
    uint64_t end = clock_mono_us(&clock_system) + limit_ms * 1000;

    timer_start(r->tick, TICK_US);
    while (r->phase < RUN_STOPPING && clock_mono_us(&clock_system) < end && !is_so(r))
        loop_once(r->loop);
    timer_stop(r->tick);
}

/* It keeps dying: there is nothing to wait for. */
static bool is_hopeless(const struct child *c)
{
    int status;

    return child_is_over(c, &status) || child_ends(c) >= TRIES;
}

static bool redis_is_decided(struct run *r)
{
    return redis_is_ready(r->redis) || is_hopeless(r->redis_server.child);
}

static int start_redis(struct run *r, struct error *err)
{
    const char *const settings[][2] = {
        {"--port", "0"},
        {"--unixsocket", r->dir.socket.p},
        {"--unixsocketperm", "700"},
        {"--dir", r->dir.redis.p},
        {"--logfile", "redis.log"},
        {"--appendonly", "yes"},
        {"--appendfsync", r->options->fsync.p},
        {"--aof-load-truncated", "no"}, /* half a transaction is cut off before it starts */
        {"--auto-aof-rewrite-min-size", "4gb"},
        {"--save", ""},
        {"--maxmemory", "512mb"},
        {"--maxmemory-policy", "noeviction"},
        {"--proto-max-bulk-len", "16mb"},
        {"--busy-reply-threshold", "1000"},
        {"--lazyfree-lazy-expire", "yes"},
        {"--daemonize", "no"},
    };
    const char *argv[2 * ARRAY_LEN(settings) + 7] = {
        "bash", "-c", run_redis_start, "redis-start", r->dir.redis.p, "redis-server"};
    struct redis_address to = {.path = r->dir.socket};

    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        memcpy(argv + 6 + 2 * i, settings[i], sizeof(settings[i]));
    r->redis_server.child = supervisor_start(r->supervisor, RUN_REDIS, "redis-server", argv);
    r->redis = redis_new(r->loop, &to, NULL);
    redis_connect(r->redis);
    wait_until(r, redis_is_decided, REDIS_START_MS);
    if (redis_is_ready(r->redis) || r->phase >= RUN_STOPPING)
        return 0;
    return error_set(err, ERR_REDIS,
                     "redis-server did not become ready; its log is " STR_FMT "/redis.log",
                     STR_ARG(r->dir.redis));
}

static bool firehose_is_decided(struct run *r)
{
    return run_port_answers(r->port) || is_hopeless(r->firehose.child);
}

/* Beside our own program: where both are installed, or in the tree that built them. */
static str find_program(struct run *r, struct error *err)
{
    static const char *const places[] = {"firehose-local", "../tools/firehose-local"};
    str folder = r->exe;

    while (folder.n && folder.p[folder.n - 1] != '/')
        folder.n--;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        str program = arena_printf(r->arena, STR_FMT "%s", STR_ARG(folder), places[i]);
        if (access(program.p, X_OK) == 0)
            return program;
    }
    error_set(err, ERR_CONFIG,
              "'firehose-local' is not beside '%s'; name an endpoint with --firehose",
              r->exe.p);
    return STR_NONE;
}

static int start_firehose(struct run *r, struct error *err)
{
    str program = find_program(r, err);

    if (!program.n)
        return err->code;
    r->port = run_free_port();
    if (!r->port)
        return error_set(err, ERR_SYSTEM, "no free port on 127.0.0.1: %s", strerror(errno));
    if (run_new_credentials(err) != 0)
        return err->code;
    r->firehose_url = arena_printf(r->arena, "http://127.0.0.1:%u", r->port);
    setenv("AWS_ENDPOINT_URL_FIREHOSE", r->firehose_url.p, 1);
    str listen = arena_printf(r->arena, "127.0.0.1:%u", r->port);
    str interval = arena_printf(r->arena, "%" PRIu64 "ms", r->options->buffer_interval_ms);
    str streams = run_stream_names(r->arena, r->pipeline);
    const char *argv[] = {
        program.p,           "--listen", listen.p,    "--dir",   r->dir.objects.p,
        "--buffer-interval", interval.p, "--streams", streams.p, NULL};
    r->firehose.child = supervisor_start(r->supervisor, RUN_FIREHOSE, "firehose-local", argv);
    wait_until(r, firehose_is_decided, START_MS);
    if (r->phase >= RUN_STOPPING || run_port_answers(r->port))
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
    const char *const settings[][2] = {
        {"--redis", r->redis_url.p},
        {"--prefix", arena_copy(r->arena, common->prefix).p},
        {"--log", arena_copy(r->arena, common->log).p},
        {"--log-level", arena_copy(r->arena, common->log_level).p},
        {"--name", name.p},
        {"--http", "127.0.0.1:0"},
        {"--roots", "/"}, /* whoever may write to our Redis may read our files as it is */
    };
    const char *argv[2 * ARRAY_LEN(settings) + 3] = {r->exe.p, kind};
    struct run_part *part = &r->workers[r->worker_count++];

    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        memcpy(argv + 2 + 2 * i, settings[i], sizeof(settings[i]));
    part->name = name.p;
    part->child = supervisor_start(r->supervisor, RUN_WORKERS, name.p, argv);
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
        const struct run_part *p = &r->workers[i];
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

static bool workers_are_decided(struct run *r)
{
    for (uint32_t i = 0; i < r->worker_count; i++)
        if (is_hopeless(r->workers[i].child))
            return true;
    return workers_are_up(r);
}

static int start_workers(struct run *r, struct error *err)
{
    uint32_t kinds = 0;

    start_worker(r, "dispatch", 1);
    for (const struct stage *const *kind = r->call->kinds; *kind; kind++) {
        if (!has_kind(r->pipeline, *kind) || ++kinds > RUN_KINDS_MAX)
            continue;
        for (uint64_t slot = 1; slot <= r->options->workers; slot++)
            start_worker(r, (*kind)->name, slot);
    }
    wait_until(r, workers_are_decided, START_MS);
    if (r->phase >= RUN_STOPPING || workers_are_up(r))
        return 0;
    return error_set(err, ERR_SYSTEM,
                     "the workers did not become ready; the log above says why");
}

int run_start(struct run *r, struct error *err)
{
    uint64_t version;

    r->tick = timer_new(r->loop, on_tick, r);
    int rc = start_redis(r, err);

    if (rc == 0 && r->phase == RUN_STARTING)
        rc = find_firehose(r, err);
    if (rc == 0 && r->phase == RUN_STARTING)
        rc = apply_pipeline(r->call, r->redis, r->pipeline, &version, err);
    if (rc == 0 && r->phase == RUN_STARTING)
        rc = start_workers(r, err);
    redis_free(r->redis);
    r->redis = NULL;
    timer_free(r->tick);
    return rc;
}
