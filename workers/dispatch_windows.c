#include "workers/dispatch_windows.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/run/metrics.h"
#include "common/run/windows_close.h"

enum { EVERY_US = 1000 * 1000, ARGS_MAX = 16 + WINDOW_ARGS_MAX };

struct closer {
    struct process *process;
    struct timer *timer;
    struct arena arena; /* of a round */
    uint32_t waiting;
    bool is_more;                 /* a window has more results */
    bool has_failed, was_failing; /* in this round; in the last one: said once */
};
struct asked { /* a window of this round; in its arena */
    struct closer *closer;
    const struct pipeline_window *window;
};

static void rest(struct closer *c)
{
    if (--c->waiting > 0)
        return;
    timer_start(c->timer, c->is_more ? 0 : EVERY_US);
    process_settled(c->process);
}

static void look_for_failure(struct closer *c, const struct pipeline_window *w, str said)
{
    if (str_starts(said, STR("FULL "))) /* the results wait, as any work does */
        return;
    if (!c->has_failed && !c->was_failing)
        log_warn("a window does not close", LOG_STR("window", w->name),
                 LOG_STR("answer", said));
    c->has_failed = true;
}

static void on_answer(void *ctx, const struct reply *reply)
{
    const struct asked *a = ctx;
    struct closer *c = a->closer;

    if (reply && reply->type == REPLY_ERROR)
        look_for_failure(c, a->window, reply->text);
    if (reply && reply->type == REPLY_ARRAY && reply->n == 3) {
        struct metric *m =
            metrics_get("standpipe_window_results_total", METRIC_COUNTER,
                        "Results of closed windows that went to their stage.", a->window->name);
        metric_add(m, (uint64_t)MAX(reply->items[1].integer, 0));
        c->is_more |= reply->items[2].integer != 0;
    }
    rest(c);
}

static str number(struct arena *a, uint64_t v)
{
    return arena_printf(a, "%llu", (unsigned long long)v);
}

static void ask(struct closer *c, const struct pipeline_window *w)
{
    const struct pipeline *p = c->process->pipeline;
    const struct keys *keys = &c->process->keys;
    struct arena *a = &c->arena;
    struct asked *asked = arena_alloc(a, sizeof(*asked));
    str args[ARGS_MAX] = {STR("FCALL"),
                          STR("sp1_close"),
                          w->has_to ? STR("4") : STR("3"),
                          keys_window(keys, a, w->name),
                          keys_panes(keys, a, w->name),
                          keys_lane(keys, a, "books")};
    uint32_t n = 6;

    if (w->has_to)
        args[n++] = keys_topic(keys, a, p->stages[w->to].name);
    args[n++] = w->name;
    args[n++] = number(a, w->every_ms);
    args[n++] = number(a, w->over_ms);
    args[n++] = number(a, w->lateness_ms);
    args[n++] = number(a, w->idle_ms);
    args[n++] = number(a, w->keep_ms);
    args[n++] = number(a, w->has_to ? p->stages[w->to].high_bytes : 0);
    args[n++] = w->time.n ? STR("0") : STR("1");
    n += window_result_arguments(a, w, args + n);
    *asked = (struct asked){.closer = c, .window = w};
    c->waiting++;
    redis_send(c->process->redis, args, n, a, on_answer, asked);
}

static void on_timer(void *ctx)
{
    struct closer *c = ctx;
    const struct pipeline *p = c->process->pipeline;

    arena_reset(&c->arena);
    c->is_more = false;
    c->was_failing = c->has_failed;
    c->has_failed = false;
    c->waiting = 1; /* this call: early answers do not end the round */
    for (uint32_t i = 0; i < p->window_count && c->process->is_library_there; i++)
        ask(c, &p->windows[i]);
    rest(c);
}

struct closer *closer_open(struct process *p)
{
    struct closer *c = xalloc(sizeof(*c));

    c->process = p;
    c->timer = timer_new(p->loop, on_timer, c);
    timer_start(c->timer, 0);
    return c;
}

void closer_close(struct closer *c)
{
    timer_free(c->timer);
    arena_free(&c->arena);
    free(c);
}

bool closer_is_idle(const struct closer *c)
{
    return c->waiting == 0;
}
