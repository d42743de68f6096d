#include "common/io/server_conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/server_reply.h"

enum {
    READ_AHEAD = 16 * 1024, /* room to read into while the head is not whole */
    READ_MAX = 1 << 20,     /* one read, then the other events have their turn */
    ANSWER_MAX = 64 << 20,  /* bytes of an answer */
    DRAIN_US = 1000000,     /* how long a refused client may go on sending */
};

static void advance(struct server_request *q);

void server_conn_free(struct server_request *q)
{
    struct server *s = q->server;

    *q->link = q->next;
    if (q->next)
        q->next->link = q->link;
    event_free(q->readable);
    event_free(q->writable);
    timer_free(q->timer);
    close(q->fd);
    buf_free(&q->in);
    buf_free(&q->out);
    free(q);
    if (s->connections-- == s->limits.connections && !timer_is_running(s->resume))
        evconnlistener_enable(s->listener);
}

static void close_soon(struct server_request *q)
{
    q->state = CLOSED;
    advance(q);
}

void server_answer(struct server_request *q, int status, const char *type, str body,
                   const char *const *headers, uint32_t header_count)
{
    const struct server_reply reply = {.status = status,
                                       .type = type,
                                       .body = body,
                                       .headers = headers,
                                       .header_count = header_count,
                                       .is_last = q->head.is_last};

    assert(q->state == HANDLING);
    if (!server_reply_write(&q->out, &reply))
        die("an answer of %zu bytes is larger than %d", body.n, ANSWER_MAX);
    q->state = WRITING;
    advance(q);
}

void server_slice(struct server_request *q, size_t bytes, uint64_t pause_us)
{
    q->slice = bytes;
    q->slice_pause_us = pause_us;
}

void server_hang_up(struct server_request *q)
{
    assert(q->state == HANDLING);
    close_soon(q);
}

/* What follows cannot be trusted to begin where we think: answer and close. */
static void refuse(struct server_request *q, int status)
{
    q->head.is_last = true;
    q->state = HANDLING;
    server_answer(q, status, "text/plain", str_of(server_status_text(status)), NULL, 0);
}

static size_t request_size(const struct server_request *q)
{
    return q->scan.n + q->head.content_length;
}

/* The head is whole: know how much is to come and make room for it. */
static int take_head(struct server_request *q)
{
    int status = server_head_read(&q->head, (str){q->in.p, q->scan.n});

    if (status)
        return status;
    if (q->head.content_length > q->server->limits.body_bytes)
        return 413;
    const char *before = q->in.p;
    size_t size = request_size(q);
    if (size > q->in.n && !buf_reserve(&q->in, size - q->in.n))
        return 413;
    if (q->in.p != before) /* the head moved */
        status = server_head_read(&q->head, (str){q->in.p, q->scan.n});
    q->has_head = true;
    if (q->head.expects_continue && q->in.n < size &&
        send(q->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) != 25)
        return 400;
    return status;
}

/* Look at what is there. True when the state changed. */
static bool take_request(struct server_request *q)
{
    if (!q->has_head) {
        str fresh = {q->in.p + q->scan.n, q->in.n - q->scan.n};
        int status = server_scan(&q->scan, fresh, q->server->limits.header_bytes);
        if (status == 0 && q->scan.is_done)
            status = take_head(q);
        if (status) {
            refuse(q, status);
            return true;
        }
    }
    if (!q->has_head || q->in.n < request_size(q))
        return false;
    timer_stop(q->timer);
    q->state = HANDLING;
    q->server->handler(q->server->ctx, q);
    return true;
}

static void start_reading(struct server_request *q)
{
    bool has_begun = q->in.n > 0;

    timer_start(q->timer,
                1000 * (has_begun ? q->server->limits.deadline_ms : q->server->limits.idle_ms));
}

/* Behind an answer: what was read too much is the begin of the next request. */
static void next_request(struct server_request *q)
{
    size_t size = request_size(q), left = q->in.n - size;

    memmove(q->in.p, q->in.p + size, left);
    q->in.n = left;
    buf_reset(&q->out);
    q->sent = q->slice = 0;
    q->scan = (struct server_scan){0};
    q->has_head = false;
    q->state = READING;
    start_reading(q);
}

/* Closing with unread bytes would reset the connection and take our answer away from the
 * client: say that we are done and read on for a moment. */
static void start_draining(struct server_request *q)
{
    q->state = DRAINING;
    shutdown(q->fd, SHUT_WR);
    timer_start(q->timer, DRAIN_US);
}

/* True when the state changed. */
static bool write_answer(struct server_request *q)
{
    size_t left = q->out.n - q->sent;
    ssize_t n =
        send(q->fd, q->out.p + q->sent, q->slice ? MIN(left, q->slice) : left, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        q->state = CLOSED;
        return true;
    }
    q->sent += n > 0 ? (size_t)n : 0;
    if (q->sent < q->out.n) {
        q->is_paused = n > 0 && q->slice;
        timer_start(q->timer,
                    q->is_paused ? q->slice_pause_us : q->server->limits.idle_ms * 1000);
        if (!q->is_paused)
            event_add(q->writable, NULL);
        return false;
    }
    if (q->head.is_last)
        start_draining(q);
    else
        next_request(q);
    return true;
}

static bool step(struct server_request *q)
{
    switch (q->state) {
    case READING:
        return take_request(q);
    case WRITING:
        return write_answer(q);
    case HANDLING:
    case DRAINING:
    case CLOSED:
        break;
    }
    return false;
}

/* Go on until something must be waited for. A handler that answers at once comes back here. */
static void advance(struct server_request *q)
{
    if (q->is_stepping)
        return;
    q->is_stepping = true;
    while (step(q))
        ;
    q->is_stepping = false;
    if (q->state == CLOSED)
        server_conn_free(q);
    else if (q->state == READING || q->state == DRAINING)
        event_add(q->readable, NULL);
    else
        event_del(q->readable);
}

/* How much one read may bring: not beyond this request once its length is known. */
static size_t read_size(const struct server_request *q)
{
    return q->has_head ? MIN(request_size(q) - q->in.n, (size_t)READ_MAX) : READ_AHEAD;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct server_request *q = ctx;
    bool is_first = q->in.n == 0;
    size_t room = READ_AHEAD;

    (void)fd;
    (void)what;
    if (q->state == DRAINING)
        buf_reset(&q->in);
    else
        room = read_size(q);
    if (!buf_reserve(&q->in, room)) {
        close_soon(q);
        return;
    }
    ssize_t n = recv(q->fd, q->in.p + q->in.n, room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_soon(q);
        return;
    }
    if (q->state == DRAINING)
        return;
    q->in.n += (size_t)n;
    if (is_first)
        timer_start(q->timer, q->server->limits.deadline_ms * 1000);
    advance(q);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    advance(ctx);
}

static void on_timer(void *ctx)
{
    struct server_request *q = ctx;

    if (q->state == WRITING && q->is_paused)
        advance(q);
    else
        close_soon(q);
}

void server_conn_open(struct server *s, int fd, bool is_local)
{
    struct server_request *q = xalloc(sizeof(*q));
    struct event_base *base = loop_base(s->loop);

    *q = (struct server_request){
        .server = s, .fd = fd, .is_local = is_local, .next = s->first, .link = &s->first};
    if (s->first)
        s->first->link = &q->next;
    s->first = q;
    q->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, q);
    q->writable = event_new(base, fd, EV_WRITE, on_writable, q);
    if (!q->readable || !q->writable)
        out_of_memory();
    q->timer = timer_new(s->loop, on_timer, q);
    buf_init(&q->in, s->limits.header_bytes + s->limits.body_bytes + READ_AHEAD);
    buf_init(&q->out, ANSWER_MAX);
    if (++s->connections == s->limits.connections)
        evconnlistener_disable(s->listener);
    start_reading(q);
    event_add(q->readable, NULL);
}

str server_method(const struct server_request *q)
{
    return q->head.method;
}

str server_path(const struct server_request *q)
{
    return q->head.path;
}

str server_query(const struct server_request *q)
{
    return q->head.query;
}

str server_header(const struct server_request *q, const char *name)
{
    return server_head_find(&q->head, str_of(name));
}

str server_body(struct server_request *q)
{
    return (str){q->in.p + q->scan.n, q->head.content_length};
}

bool server_header_at(const struct server_request *q, uint32_t i, str *name, str *value)
{
    if (i >= q->head.header_count)
        return false;
    *name = q->head.headers[i].name;
    *value = q->head.headers[i].value;
    return true;
}

bool server_is_local(const struct server_request *q)
{
    return q->is_local;
}
