#include "workers/dispatch_watch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/run/metrics.h"

enum { EVERY_US = 1000 * 1000 };

struct said { /* of a topic, the last time */
    struct said *next;
    int64_t vanished;
    char stage[]; /* with a NUL */
};
struct watcher {
    struct process *process;
    struct timer *timer;
    struct arena arena; /* of a round */
    str *stages;        /* in the order of the answer */
    uint32_t n;
    struct said *said; /* owned */
    bool is_waiting, has_failed;
};

static struct said *said_of(struct watcher *w, str stage)
{
    struct said *s = w->said;

    while (s && !str_is(stage, s->stage))
        s = s->next;
    if (s)
        return s;
    s = xalloc(sizeof(*s) + stage.n + 1);
    memcpy(s->stage, stage.p, stage.n);
    s->next = w->said;
    w->said = s;
    return s;
}

static void tell(struct watcher *w, str stage, int64_t vanished)
{
    struct said *s = said_of(w, stage);

    metric_set(metrics_get("standpipe_vanished_entries", METRIC_GAUGE,
                           "Entries that were trimmed or deleted by hand.",
                           arena_printf(&w->arena, "stage=\"" STR_FMT "\"", STR_ARG(stage))),
               (double)MAX(vanished, 0));
    if (vanished > s->vanished)
        log_error("entries vanished from a topic: trimmed or deleted by hand, or evicted",
                  LOG_STR("topic", stage), LOG_U64("entries", (uint64_t)vanished),
                  LOG_CSTR("more", "standpipe audit"));
    s->vanished = vanished;
}

static void on_answer(void *ctx, const struct reply *reply)
{
    struct watcher *w = ctx;
    bool is_good = reply && reply->type == REPLY_ARRAY && reply->n == w->n;

    for (uint32_t i = 0; is_good && i < w->n; i++)
        tell(w, w->stages[i], reply->items[i].integer);
    if (reply && !is_good && !w->has_failed)
        log_warn("nobody sees whether entries vanish", LOG_STR("answer", reply->text));
    if (reply)
        w->has_failed = !is_good;
    w->is_waiting = false;
    timer_start(w->timer, EVERY_US);
    process_settled(w->process);
}

static void ask(struct watcher *w)
{
    const struct process *p = w->process;
    struct arena *a = &w->arena;
    uint32_t stages = p->pipeline->stage_count, at = 0;
    str *args = arena_alloc(a, (6 + stages) * sizeof(str));

    w->n = stages + 2;
    w->stages = arena_alloc(a, w->n * sizeof(str));
    args[at++] = STR("FCALL");
    args[at++] = STR("sp1_vanished");
    args[at++] = arena_printf(a, "%" PRIu32, stages + 2);
    args[at++] = keys_lane(&p->keys, a, "books");
    for (uint32_t i = 0; i < stages; i++) {
        /* A newer pipeline may come before the answer. */
        w->stages[i] = arena_copy(a, p->pipeline->stages[i].name);
        args[at++] = keys_topic(&p->keys, a, w->stages[i]);
    }
    w->stages[stages] = STR("dead");
    w->stages[stages + 1] = STR("inbox");
    args[at++] = keys_lane(&p->keys, a, "dead");
    args[at++] = keys_global(&p->keys, a, "inbox");
    redis_send(p->redis, args, at, a, on_answer, w);
}

static void on_timer(void *ctx)
{
    struct watcher *w = ctx;

    if (!w->process->is_library_there) {
        timer_start(w->timer, EVERY_US);
        return;
    }
    arena_reset(&w->arena);
    w->is_waiting = true;
    ask(w);
}

struct watcher *watcher_open(struct process *p)
{
    struct watcher *w = xalloc(sizeof(*w));

    *w = (struct watcher){.process = p};
    w->timer = timer_new(p->loop, on_timer, w);
    timer_start(w->timer, 0);
    return w;
}

void watcher_close(struct watcher *w)
{
    while (w->said) {
        struct said *next = w->said->next;
        free(w->said);
        w->said = next;
    }
    timer_free(w->timer);
    arena_free(&w->arena);
    free(w);
}

bool watcher_is_idle(const struct watcher *w)
{
    return !w->is_waiting;
}
