/* libcurl's multi interface, its sockets and its one timer on our loop. */
#include "common/io/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>

#include "common/io/http_call.h"

enum { IDLE_CONNECTIONS = 32 };

struct http_socket {
    struct event *event;
    short what;
};
struct http {
    CURLM *multi;
    struct loop *loop;
    struct timer *timer;
    struct http_call *active, *idle;
    bool is_calling; /* inside a done callback */
};

static void list_push(struct http_call **head, struct http_call *c)
{
    c->next = *head;
    c->link = head;
    if (c->next)
        c->next->link = &c->next;
    *head = c;
}

static void list_remove(struct http_call *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
}

/* A call is idle, and kept for the next, or active. */

static struct http_call *call_take(struct http *h)
{
    struct http_call *c = h->idle;

    if (!c)
        return http_call_new(h);
    list_remove(c);
    return c;
}

static void call_release(struct http_call *c)
{
    struct http *h = c->owner;

    curl_multi_remove_handle(h->multi, c->easy);
    list_remove(c);
    http_call_end(c);
    list_push(&h->idle, c);
}

struct http_call *http_send(struct http *h, const struct http_request *q, http_done *done,
                            void *ctx)
{
    struct http_call *c = call_take(h);

    http_call_begin(c, q, done, ctx);
    list_push(&h->active, c);
    CURLMcode code = curl_multi_add_handle(h->multi, c->easy);
    if (code != CURLM_OK)
        die("curl_multi_add_handle: %s", curl_multi_strerror(code));
    return c;
}

void http_go_on(struct http_call *c)
{
    curl_easy_pause(c->easy, CURLPAUSE_CONT);
}

void http_cancel(struct http_call *c)
{
    call_release(c);
}

static void call_finish(struct http_call *c, CURLcode code)
{
    struct http *h = c->owner;

    h->is_calling = true;
    http_call_tell(c, code);
    h->is_calling = false;
    call_release(c);
}

/* The loop. */

static void drain(struct http *h)
{
    for (;;) {
        int left;
        const CURLMsg *m = curl_multi_info_read(h->multi, &left);
        if (!m)
            return;
        struct http_call *c;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
        call_finish(c, m->data.result);
    }
}

static void act(struct http *h, curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(h->multi, fd, what, &running);

    if (code != CURLM_OK)
        die("curl_multi_socket_action: %s", curl_multi_strerror(code));
    drain(h);
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
    act(ctx, fd,
        (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

/* libevent counts from the time its loop last looked at the clock, so we may come a little
 * early; then libcurl finds nothing due, and does not ask again for a time that it has asked
 * for already. */
static void on_timer(void *ctx)
{
    struct http *h = ctx;
    long ms;

    act(h, CURL_SOCKET_TIMEOUT, 0);
    if (!timer_is_running(h->timer) && curl_multi_timeout(h->multi, &ms) == CURLM_OK && ms >= 0)
        timer_start(h->timer, (uint64_t)MAX(ms, 1L) * 1000);
}

static int on_timer_change(CURLM *multi, long ms, void *ctx)
{
    struct http *h = ctx;

    (void)multi;
    if (ms < 0)
        timer_stop(h->timer);
    else
        timer_start(h->timer, (uint64_t)ms * 1000);
    return 0;
}

static void socket_free(struct http_socket *s)
{
    if (!s)
        return;
    event_free(s->event);
    free(s);
}

static int on_socket_change(CURL *easy, curl_socket_t fd, int want, void *ctx, void *at_socket)
{
    struct http *h = ctx;
    struct http_socket *s = at_socket;
    short what = (short)((want & CURL_POLL_IN ? EV_READ : 0) |
                         (want & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

    (void)easy;
    if (want == CURL_POLL_REMOVE) {
        socket_free(s);
        curl_multi_assign(h->multi, fd, NULL);
        return 0;
    }
    if (s && s->what == what)
        return 0;
    socket_free(s);
    s = xalloc(sizeof(*s));
    s->what = what;
    s->event = event_new(loop_base(h->loop), fd, what, on_event, h);
    if (!s->event || event_add(s->event, NULL) != 0)
        out_of_memory();
    curl_multi_assign(h->multi, fd, s);
    return 0;
}

struct http *http_new(struct loop *l, struct error *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK) {
        error_set(err, ERR_HTTP, "start libcurl: %s", curl_easy_strerror(code));
        return NULL;
    }
    struct http *h = xalloc(sizeof(*h));
    h->loop = l;
    h->timer = timer_new(l, on_timer, h);
    h->multi = curl_multi_init();
    if (!h->multi)
        out_of_memory();
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return h;
}

void http_keep(struct http *h, uint32_t connections)
{
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)connections);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    assert(!h->is_calling);
    while (h->active)
        call_release(h->active);
    for (struct http_call *c = h->idle, *next; c; c = next) {
        next = c->next;
        http_call_free(c);
    }
    curl_multi_cleanup(h->multi);
    timer_free(h->timer);
    free(h);
    curl_global_cleanup();
}
