#include "common/run/watch.h"

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/io/library.h"

enum {
    POLL_US = 1000 * 1000,      /* look for a new pipeline, when no message told of it */
    POLL_START_US = 200 * 1000, /* while there is none */
    LIBRARY_POLLS = 5, /* who loads the library looks so often whether it is still there */
};

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

void watch_open(struct process *p)
{
    p->poll = timer_new(p->loop, on_poll, p);
}

void watch_close(struct process *p)
{
    timer_free(p->poll);
    arena_free(&p->scratch);
}

void watch_begin(struct process *p, uint64_t after_us)
{
    p->is_library_there = false;
    timer_start(p->poll, after_us);
}

void watch_stop(struct process *p)
{
    p->is_library_there = false;
    timer_stop(p->poll);
}

void watch_now(struct process *p)
{
    timer_start(p->poll, 0);
}
