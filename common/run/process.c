#include "common/run/process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/io/answer.h"
#include "common/io/http.h"
#include "common/io/library.h"
#include "common/run/connect.h"
#include "common/run/heartbeat.h"
#include "common/run/metrics.h"
#include "common/run/status.h"

enum {
    POLL_US = 1000 * 1000,      /* look for a new pipeline, when no message told of it */
    POLL_START_US = 200 * 1000, /* while there is none */
    BEAT_US = 1000 * 1000,
    LIBRARY_POLLS = 5, /* who loads the library looks so often whether it is still there */
    STEP_MAX_S = 30,   /* of computing, before a step counts as an endless loop */
};

static uint64_t system_random(void *ctx)
{
    uint64_t value;

    (void)ctx;
    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
        die("getrandom failed");
    return value;
}

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

static void take_pipeline(struct process *p, str text)
{
    struct error err = {0};
    uint64_t hash = hash_bytes(text);

    if (hash == p->pipeline_hash)
        return;
    p->pipeline_hash = hash; /* also of one that cannot be loaded: said once */
    struct pipeline *found = pipeline_from_json(text, p->kinds, &err);
    if (!found) {
        log_error("the pipeline in redis cannot be loaded, the old one stays in force",
                  LOG_ERROR_TEXT(&err));
        return;
    }
    pipeline_free(p->next);
    p->next = found;
    if (p->is_role_open)
        p->role->quiesce(p);
    process_settled(p);
}

/* The data set under us may be another one: a Redis that lost its data answers happily. */
static bool is_same_data(struct process *p, const struct reply *mark)
{
    struct error err = {0};
    bool is_there = mark->type == REPLY_STRING;

    if (is_there && !p->mark.n)
        p->mark = arena_copy(&p->arena, mark->text);
    if (!p->mark.n || (is_there && str_equal(mark->text, p->mark)))
        return true;
    error_set(&err, ERR_CONFIG,
              "this redis holds another data set than before%s (its mark was " STR_FMT
              "): if that is meant, apply the pipeline and restart the workers",
              is_there ? "" : ", or none", STR_ARG(p->mark));
    process_fail(p, &err);
    return false;
}

/* [pipeline, mark]. False: no such answer, or the process is about to end; who may ask again
 * does. */
static bool is_answer(struct process *p, const struct reply *reply)
{
    if (!reply || process_is_denied(p, reply, "read the pipeline"))
        return false;
    if (reply->type != REPLY_ARRAY || reply->n != 2) {
        timer_start(p->poll, POLL_START_US);
        return false;
    }
    return is_same_data(p, &reply->items[1]);
}

static void on_polled(void *ctx, const struct reply *reply)
{
    struct process *p = ctx;

    if (!is_answer(p, reply))
        return;
    if (reply->items[0].type == REPLY_STRING && !p->is_stopping)
        take_pipeline(p, reply->items[0].text);
    timer_start(p->poll, p->pipeline ? POLL_US : POLL_START_US);
}

static void on_library(void *ctx, bool found, const struct reply *answer)
{
    struct process *p = ctx;

    if (!answer || process_is_denied(p, answer, "look for the function library"))
        return;
    if (found && !p->is_library_there) {
        p->is_library_there = true;
        timer_start(p->beat, 0);
        if (p->is_role_open)
            p->role->resume(p);
    }
    timer_start(p->poll, found ? 0 : POLL_START_US);
}

/* It is the data that we know: only now anything is written, the library first. */
static void on_recognised(void *ctx, const struct reply *reply)
{
    struct process *p = ctx;

    if (is_answer(p, reply))
        library_check(&p->library, p->redis,
                      p->role->loads_library ? LIBRARY_OURS : LIBRARY_FOUND, on_library, p);
}

static void on_poll(void *ctx)
{
    struct process *p = ctx;
    struct arena *a = &p->scratch;

    if (!redis_is_ready(p->redis))
        return; /* ready() begins again */
    bool is_due = p->role->loads_library && ++p->polls % LIBRARY_POLLS == 0;
    if (p->is_library_there && is_due) {
        library_check(&p->library, p->redis, LIBRARY_ENOUGH, on_library, p);
        return;
    }
    arena_reset(a);
    redis_say(p->redis, a, p->is_library_there ? on_polled : on_recognised, p, STR("MGET"),
              keys_global(&p->keys, a, "pipeline"), keys_global(&p->keys, a, "mark"));
}

void process_begin_again(struct process *p)
{
    if (!p->is_library_there)
        return; /* under way */
    p->is_library_there = false;
    timer_start(p->poll, POLL_START_US);
}

static void on_ready(void *ctx)
{
    struct process *p = ctx;

    p->is_library_there = false; /* another server, perhaps */
    timer_start(p->poll, 0);
}

static void on_lost(void *ctx, const struct error *why)
{
    struct process *p = ctx;

    timer_stop(p->poll);
    p->is_library_there = false; /* nothing is read or written before ready() has looked */
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
        timer_start(p->poll, 0);
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

void process_lost_entry(struct redis *reader, str topic, str id)
{
    log_error("an entry was deleted while it was ours: its records are lost",
              LOG_STR("topic", topic), LOG_STR("id", id));
    metric_add(metrics_get("standpipe_lost_entries_total", METRIC_COUNTER,
                           "Entries that somebody deleted while they were being processed.",
                           STR("")),
               1);
    redis_say(reader, NULL, NULL, NULL, STR("XACK"), topic, STR("sp"), id);
}

struct levels_call {
    struct process *process;
    uint64_t version; /* of the pipeline, to see that it is still in force */
    struct arena arena;
    loop_fn *done;
    void *ctx;
};

static void on_levels(void *ctx, const struct reply *reply)
{
    struct levels_call *c = ctx;
    struct process *p = c->process;

    if (reply && reply->type == REPLY_ARRAY && p->pipeline->version == c->version) {
        for (uint32_t i = 0; i < reply->n && i <= p->pipeline->stage_count; i++)
            if (!str_to_i64(reply->items[i].text, &p->levels[i]))
                p->levels[i] = 0;
        c->done(c->ctx);
    }
    arena_free(&c->arena);
    free(c);
}

void process_levels(struct process *p, loop_fn *done, void *ctx)
{
    struct levels_call *c = xalloc(sizeof(*c));
    const struct pipeline *pipeline = p->pipeline;

    *c = (struct levels_call){
        .process = p, .version = pipeline->version, .done = done, .ctx = ctx};
    str *args = arena_alloc(&c->arena, (3 + pipeline->stage_count) * sizeof(str));
    args[0] = STR("HMGET");
    args[1] = keys_lane(&p->keys, &c->arena, "books");
    for (uint32_t i = 0; i < pipeline->stage_count; i++)
        args[2 + i] =
            arena_printf(&c->arena, STR_FMT ":bytes", STR_ARG(pipeline->stages[i].name));
    args[2 + pipeline->stage_count] = STR("dead:bytes");
    redis_send(p->redis, args, 3 + pipeline->stage_count, &c->arena, on_levels, c);
}

bool process_is_dead_full(const struct process *p)
{
    const struct pipeline_dead *d = &p->pipeline->dead;

    return !d->drops_oldest && d->high_bytes &&
           p->levels[p->pipeline->stage_count] >= (int64_t)d->high_bytes;
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
        .clock = &clock_system, .random = system_random, .loop = p->loop, .http = p->http};
    split_roots(p, p->options->roots);
    heartbeat_name(p);
    p->redis = redis_new(p->loop, &p->address, &events);
    p->wake = redis_new(p->loop, &p->address, &wake);
    p->poll = timer_new(p->loop, on_poll, p);
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
    http_free(p->http);
    timer_free(p->poll);
    timer_free(p->beat);
    timer_free(p->patience);
    pipeline_free(p->next);
    pipeline_free(p->pipeline);
    free(p->levels);
    loop_free(p->loop);
    arena_free(&p->wake_names);
    arena_free(&p->beat_arena);
    arena_free(&p->scratch);
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
