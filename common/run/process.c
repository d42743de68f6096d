#include "common/run/process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/random.h"
#include "common/io/answer.h"
#include "common/io/credentials.h"
#include "common/io/http.h"
#include "common/run/connect.h"
#include "common/run/heartbeat.h"
#include "common/run/status.h"
#include "common/run/watch.h"

enum {
    AGAIN_US = 200 * 1000,
    BEAT_US = 1000 * 1000,
    STEP_MAX_S = 30, /* of computing, before a step counts as an endless loop */
};

void process_fail(struct process *p, const struct error *err)
{
    log_error("stopping", LOG_ERROR_TEXT(err));
    p->status = error_exit_status(err);
    loop_stop(p->loop);
}

bool process_is_denied(struct process *p, const struct reply *reply, const char *what)
{
    struct error err = {0};

    if (answer_of(reply) != ANSWER_DENIED)
        return false;
    error_set(&err, ERR_CONFIG, "redis denies to %s: " STR_FMT, what, STR_ARG(reply->text));
    process_fail(p, &err);
    return true;
}

/* Exit: at rest, or out of patience; entries that stay claimed are given back. */
static void leave(struct process *p)
{
    if (p->is_role_open)
        p->role->release(p);
    heartbeat_end(p);
}

void process_settled(struct process *p)
{
    if (p->is_role_open && !p->role->is_quiet(p))
        return;
    if (p->is_stopping) {
        leave(p);
        return;
    }
    if (!p->next)
        return;
    if (p->is_role_open)
        p->role->close(p);
    p->is_role_open = false;
    pipeline_free(p->pipeline);
    p->pipeline = p->next;
    p->next = NULL;
    p->services.pipeline_version = p->pipeline->version;
    free(p->levels);
    p->levels = xalloc((p->pipeline->stage_count + 1) * sizeof(*p->levels));

    struct error err = {0};
    if (p->role->open(p, &err)) {
        process_fail(p, &err);
        return;
    }
    p->is_role_open = true;
    log_info("pipeline in force", LOG_STR("pipeline", p->pipeline->name),
             LOG_U64("version", p->pipeline->version));
}

void process_begin_again(struct process *p)
{
    if (!p->is_library_there)
        return; /* under way */
    watch_begin(p, AGAIN_US);
}

static void on_ready(void *ctx)
{
    watch_begin(ctx, 0); /* another server, perhaps */
}

static void on_lost(void *ctx, const struct error *why)
{
    struct process *p = ctx;

    watch_stop(p);
    if (why->code == ERR_CONFIG)
        process_fail(p, why);
    else
        log_warn("redis is away, waiting for it", LOG_ERROR_TEXT(why));
}

static void on_wake_ready(void *ctx)
{
    struct process *p = ctx;
    struct arena *a = &p->wake_names;

    arena_reset(a);
    redis_say(p->wake, NULL, NULL, NULL, STR("SUBSCRIBE"),
              keys_global(&p->keys, a, "pipeline"));
    redis_say(p->wake, NULL, NULL, NULL, STR("PSUBSCRIBE"), keys_global(&p->keys, a, "wake:*"));
}

static void on_message(void *ctx, str channel, str text)
{
    struct process *p = ctx;
    size_t prefix = p->keys.prefix.n + strlen(":wake:");

    if (str_ends(channel, STR(":pipeline")))
        watch_now(p);
    else if (p->is_role_open && channel.n > prefix)
        p->role->woken(p, (str){channel.p + prefix, channel.n - prefix}, text);
}

/* Who comes back to the loop winds it up again; who does not dies of SIGPROF, and its entries
 * go to another. CPU time, because a process that was stopped, or had to wait, does not loop.
 */
static void wind_up_watchdog(void)
{
    const struct itimerval limit = {.it_value = {.tv_sec = STEP_MAX_S}};

    setitimer(ITIMER_PROF, &limit, NULL);
}

static void on_beat(void *ctx)
{
    struct process *p = ctx;

    wind_up_watchdog();
    heartbeat_send(p);
    timer_start(p->beat, BEAT_US);
}

static void on_patience(void *ctx)
{
    struct process *p = ctx;

    log_warn("out of time, what is still in flight is given back");
    leave(p);
}

static void on_signal(void *ctx)
{
    struct process *p = ctx;

    if (p->is_stopping) { /* the second one: at once; entries stay pending, nothing is lost */
        loop_stop(p->loop);
        return;
    }
    log_info("stopping on a signal");
    p->is_stopping = true;
    timer_start(p->patience, p->options->stop_ms * 1000);
    if (p->is_role_open)
        p->role->quiesce(p);
    process_settled(p);
}

/* "/a:/b" to a list; a trailing slash goes. */
static void split_roots(struct process *p, str roots)
{
    str *list = arena_alloc(&p->arena, (roots.n / 2 + 1) * sizeof(str));
    uint32_t n = 0;

    while (roots.n) {
        str one = str_cut(&roots, ':');
        while (one.n > 1 && one.p[one.n - 1] == '/')
            one.n--;
        if (one.n)
            list[n++] = arena_copy(&p->arena, one);
    }
    p->services.roots = list;
    p->services.root_count = n;
}

static int open_process(struct process *p, struct error *err)
{
    const struct redis_events events = {.ready = on_ready, .lost = on_lost, .ctx = p};
    const struct redis_events wake = {.ready = on_wake_ready, .message = on_message, .ctx = p};

    if (connect_address(&p->arena, p->common, &p->address, err))
        return err->code;
    p->loop = loop_new();
    p->http = http_new(p->loop, err);
    if (!p->http)
        return err->code;
    p->keys = (struct keys){.prefix = p->common->prefix, .lane = STR("0")};
    p->services = (struct services){
        .clock = &clock_system, .random = random_bits, .loop = p->loop, .http = p->http};
    split_roots(p, p->options->roots);
    p->services.unpacked_max = p->options->decompressed_max;
    p->remote = (struct remote){
        .http = p->http,
        .loop = p->loop,
        .clock = p->services.clock,
        .random = p->services.random,
        .http_allow = p->options->http_allow,
        .s3_allow = p->options->s3_allow,
        .s3_endpoint = p->options->s3_endpoint,
        .s3_region = p->options->s3_region,
    };
    p->remote.credentials = credentials_new(&p->remote);
    p->services.remote = &p->remote;
    heartbeat_name(p);
    p->redis = redis_new(p->loop, &p->address, &events);
    p->services.redis = p->redis;
    p->services.keys = &p->keys;
    p->wake = redis_new(p->loop, &p->address, &wake);
    watch_open(p);
    p->beat = timer_new(p->loop, on_beat, p);
    p->patience = timer_new(p->loop, on_patience, p);
    loop_signal(p->loop, SIGTERM, on_signal, p);
    loop_signal(p->loop, SIGINT, on_signal, p);
    return status_open(p, err);
}

static void close_process(struct process *p)
{
    if (p->is_role_open)
        p->role->close(p);
    status_close(p);
    redis_free(p->wake);
    redis_free(p->redis);
    credentials_free(p->remote.credentials);
    http_free(p->http);
    watch_close(p);
    timer_free(p->beat);
    timer_free(p->patience);
    pipeline_free(p->next);
    pipeline_free(p->pipeline);
    free(p->levels);
    loop_free(p->loop);
    arena_free(&p->wake_names);
    arena_free(&p->beat_arena);
    arena_free(&p->arena);
}

int process_run(const struct process_role *role, void *work, const struct stage *const *kinds,
                const struct options_common *common, const struct run_options *options)
{
    struct process p = {
        .role = role, .work = work, .kinds = kinds, .common = common, .options = options};
    struct error err = {0};

    signal(SIGPIPE, SIG_IGN);
    if (open_process(&p, &err)) {
        log_error("cannot start", LOG_ERROR_TEXT(&err));
        return error_exit_status(&err);
    }
    redis_connect(p.redis);
    redis_connect(p.wake);
    log_info("started", LOG_STR("name", p.name), LOG_STR("http", status_address(&p)));
    loop_run(p.loop);
    close_process(&p);
    return p.status;
}
