#pragma once
/* What io/server.c (listening) and io/server_conn.c (a connection) share. Nobody else. */
#include "common/base/buf.h"
#include "common/io/server.h"
#include "common/io/server_scan.h"

struct event;
struct evconnlistener;
struct server {
    struct loop *loop;
    struct evconnlistener *listener;
    struct timer *resume;
    struct server_limits limits;
    server_handler *handler;
    void *ctx;
    struct server_request *first;
    uint32_t connections;
};

enum server_state { READING, HANDLING, WRITING, DRAINING, CLOSED };

/* A connection and the one request on it that is being read, handled or answered. */
struct server_request {
    struct server *server;
    struct server_request *next, **link;
    enum server_state state;
    bool is_stepping; /* advance() is on the stack: do not enter it again */
    bool is_local, has_head, is_paused;
    int fd;
    struct event *readable, *writable;
    struct timer *timer; /* deadline, idle time, or pause, by the state */
    struct server_scan scan;
    struct server_head head;
    struct buf in, out;
    size_t sent, slice;
    uint64_t slice_pause_us;
};

/* Takes over `fd`, a connected socket that does not block, and puts itself into the list. */
void server_conn_open(struct server *s, int fd, bool is_local);
void server_conn_free(struct server_request *q);
