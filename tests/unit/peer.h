#pragma once
/* A scripted HTTP peer on 127.0.0.1 in a thread of its own: step i of the script is what
 * happens to request i, whichever connection it comes on. Connections are served one after the
 * other, as they are in these tests. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/base.h"

enum peer_act {
    PEER_ANSWER, /* send `text`, keep the connection */
    PEER_CUT,    /* send `text`, close */
    PEER_RESET,  /* send `text`, close with RST */
    PEER_STALL,  /* send `text`, wait until the client closes */
    PEER_EARLY,  /* send `text` after the headers, without reading the body, then read it */
};
struct peer_step {
    enum peer_act act;
    const char *text;
};
struct peer {
    int listener;
    unsigned port;
    pthread_t thread;
    const struct peer_step *steps;
    unsigned step_count;
    atomic_uint requests, connections;
    char head[4096]; /* of the last request; read it when its answer is in */
    size_t body_bytes;
};

static inline size_t peer_read_head(struct peer *p, int fd)
{
    size_t n = 0;

    while (n + 1 < sizeof(p->head)) {
        ssize_t got = read(fd, p->head + n, 1);
        if (got <= 0)
            return 0;
        n++;
        p->head[n] = '\0';
        if (n >= 4 && memcmp(p->head + n - 4, "\r\n\r\n", 4) == 0)
            return n;
    }
    return 0;
}

static inline void peer_read_body(struct peer *p, int fd)
{
    const char *length = strcasestr(p->head, "content-length:");
    size_t want = length ? strtoul(length + 15, NULL, 10) : 0;
    char piece[65536];

    p->body_bytes = 0;
    while (p->body_bytes < want) {
        ssize_t got = read(fd, piece, MIN(sizeof(piece), want - p->body_bytes));
        if (got <= 0)
            return;
        p->body_bytes += (size_t)got;
    }
}

static inline void peer_wait_for_end(int fd)
{
    char piece[4096];

    while (read(fd, piece, sizeof(piece)) > 0)
        ;
}

/* False: the connection is over. */
static inline bool peer_serve_one(struct peer *p, int fd)
{
    if (!peer_read_head(p, fd))
        return false;
    unsigned i = atomic_fetch_add(&p->requests, 1);
    if (i >= p->step_count)
        return false;
    const struct peer_step *s = &p->steps[i];
    if (s->act != PEER_EARLY)
        peer_read_body(p, fd);
    if (s->text && send(fd, s->text, strlen(s->text), MSG_NOSIGNAL) < 0)
        return false;
    if (s->act == PEER_STALL)
        peer_wait_for_end(fd);
    if (s->act == PEER_EARLY)
        peer_read_body(p, fd);
    if (s->act == PEER_RESET) {
        struct linger at_once = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    return s->act == PEER_ANSWER || s->act == PEER_EARLY;
}

static inline void *peer_run(void *ctx)
{
    struct peer *p = ctx;

    for (;;) {
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        atomic_fetch_add(&p->connections, 1);
        while (peer_serve_one(p, fd))
            ;
        close(fd);
    }
}

static inline void peer_start(struct peer *p, const struct peer_step *steps, unsigned n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);

    memset(p, 0, sizeof(*p));
    p->steps = steps;
    p->step_count = n;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(p->listener, (struct sockaddr *)&at, size) != 0 || listen(p->listener, 16) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&at, &size) != 0)
        die("cannot listen on 127.0.0.1");
    p->port = ntohs(at.sin_port);
    if (pthread_create(&p->thread, NULL, peer_run, p) != 0)
        die("pthread_create failed");
}

/* When the client has closed its connections. */
static inline void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
}
