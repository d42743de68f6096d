#include "common/io/loop.h"

#include <event2/event.h>
#include <stdlib.h>

struct signal_watch {
    struct signal_watch *next;
    struct event *event;
    loop_fn *fn;
    void *ctx;
};
struct loop {
    struct event_base *base;
    struct signal_watch *signals;
};
struct timer {
    struct event *event;
    loop_fn *fn;
    void *ctx;
};

struct loop *loop_new(void)
{
    struct loop *l = xalloc(sizeof(*l));

    l->base = event_base_new();
    if (!l->base)
        die("event_base_new failed");
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    for (struct signal_watch *s = l->signals, *next; s; s = next) {
        next = s->next;
        event_free(s->event);
        free(s);
    }
    event_base_free(l->base);
    free(l);
}

void loop_run(struct loop *l)
{
    if (event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
        die("event_base_loop failed");
}

void loop_once(struct loop *l)
{
    if (event_base_loop(l->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
        die("event_base_loop failed");
}

void loop_stop(struct loop *l)
{
    event_base_loopbreak(l->base);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct timer *t = ctx;

    (void)fd;
    (void)what;
    t->fn(t->ctx);
}

struct timer *timer_new(struct loop *l, loop_fn *fn, void *ctx)
{
    struct timer *t = xalloc(sizeof(*t));

    *t = (struct timer){.fn = fn, .ctx = ctx};
    t->event = evtimer_new(l->base, on_timer, t);
    if (!t->event)
        out_of_memory();
    return t;
}

void timer_free(struct timer *t)
{
    if (!t)
        return;
    event_free(t->event);
    free(t);
}

void timer_start(struct timer *t, uint64_t us)
{
    struct timeval tv = {.tv_sec = (time_t)(us / 1000000),
                         .tv_usec = (suseconds_t)(us % 1000000)};

    if (evtimer_add(t->event, &tv) != 0)
        die("evtimer_add failed");
}

void timer_stop(struct timer *t)
{
    evtimer_del(t->event);
}

bool timer_is_running(const struct timer *t)
{
    return evtimer_pending(t->event, NULL);
}

static void on_signal(evutil_socket_t number, short what, void *ctx)
{
    struct signal_watch *s = ctx;

    (void)number;
    (void)what;
    s->fn(s->ctx);
}

void loop_signal(struct loop *l, int number, loop_fn *fn, void *ctx)
{
    struct signal_watch *s = xalloc(sizeof(*s));

    *s = (struct signal_watch){.next = l->signals, .fn = fn, .ctx = ctx};
    s->event = evsignal_new(l->base, number, on_signal, s);
    if (!s->event || evsignal_add(s->event, NULL) != 0)
        die("cannot watch signal %d", number);
    l->signals = s;
}
