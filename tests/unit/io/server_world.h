#pragma once
/* A server that answers by path, and its clients, in one thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/io/server.h"
#include "tests/unit/check.h"

enum { PATIENCE_US = 5000000, TICK_US = 2000 };

/* A server and its clients in one thread: the loop runs between what the clients do. */
struct world {
    struct loop *loop;
    struct server *server;
    struct timer *tick;
    struct server_request *late; /* what /late left unanswered */
    char got[1 << 20];           /* what the client read last */
    size_t n;
    bool is_closed;
};

static inline void nothing(void *ctx)
{
    (void)ctx;
}

static inline void handle(void *ctx, struct server_request *q)
{
    static const char *const headers[] = {"X-Own: 1"};
    struct world *w = ctx;
    str path = server_path(q);

    if (str_is(path, "/late"))
        w->late = q;
    else if (str_is(path, "/hang"))
        server_hang_up(q);
    else if (str_is(path, "/echo"))
        server_answer(q, 200, "text/plain", server_body(q), headers, 1);
    else if (str_is(path, "/sliced")) {
        server_slice(q, 3, 100);
        server_answer(q, 200, "text/plain", STR("in pieces"), NULL, 0);
    } else
        server_answer(q, 404, "text/plain", STR("no"), NULL, 0);
}

static inline struct world *world_open(const struct server_limits *limits)
{
    struct world *w = xalloc(sizeof(*w));
    struct error err = {0};

    w->loop = loop_new();
    w->tick = timer_new(w->loop, nothing, NULL);
    w->server = server_new(w->loop, STR("127.0.0.1:0"), limits, handle, w, &err);
    if (!w->server)
        die("%s", err.text);
    return w;
}

static inline void world_close(struct world *w)
{
    server_free(w->server);
    timer_free(w->tick);
    loop_free(w->loop);
    free(w);
}

static inline void pump(struct world *w)
{
    timer_start(w->tick, TICK_US);
    loop_once(w->loop);
}

static inline int dial(struct world *w)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(server_port(w->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("connect: %s", strerror(errno));
    w->n = 0;
    w->is_closed = false;
    pump(w);
    return fd;
}

static inline void say(struct world *w, int fd, str bytes)
{
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return;
        bytes.p += MAX(n, 0);
        bytes.n -= (size_t)MAX(n, 0);
        pump(w);
    }
}

static inline void hear(struct world *w, int fd)
{
    ssize_t n = recv(fd, w->got + w->n, sizeof(w->got) - w->n, MSG_DONTWAIT);

    w->is_closed |= n == 0 || (n < 0 && errno == ECONNRESET);
    w->n += (size_t)MAX(n, 0);
}

/* Run until the client has read text that ends with `end`, or was closed when `end` is empty.
 */
static inline bool heard(struct world *w, int fd, const char *end)
{
    uint64_t until = clock_mono_us(&clock_system) + PATIENCE_US;

    while (clock_mono_us(&clock_system) < until) {
        hear(w, fd);
        if (*end ? str_ends((str){w->got, w->n}, str_of(end)) : w->is_closed)
            return true;
        pump(w);
    }
    return false;
}

static inline bool got_status(struct world *w, const char *status)
{
    return str_starts((str){w->got, w->n}, str_of(status));
}

static inline unsigned answers(const struct world *w)
{
    unsigned n = 0;

    for (size_t i = 0; i + 9 <= w->n; i++)
        n += memcmp(w->got + i, "HTTP/1.1 ", 9) == 0;
    return n;
}

#define ECHO(body, n) "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " n "\r\n\r\n" body
