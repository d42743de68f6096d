#include "common/io/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/io/server_conn.h"

enum { ACCEPT_PAUSE_US = 100 * 1000 }; /* when accept() failed, say for want of descriptors */

static bool is_loopback(const struct sockaddr *peer)
{
    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)peer;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const void *)peer;
    return peer->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *peer, int peer_size, void *ctx)
{
    int on = 1;

    (void)listener;
    (void)peer_size;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* without it only slower */
    server_conn_open(ctx, fd, is_loopback(peer));
}

static void on_accept_failed(struct evconnlistener *listener, void *ctx)
{
    struct server *s = ctx;

    evconnlistener_disable(listener);
    timer_start(s->resume, ACCEPT_PAUSE_US);
}

static void on_resume(void *ctx)
{
    struct server *s = ctx;

    if (s->connections < s->limits.connections)
        evconnlistener_enable(s->listener);
}

/* "host:port", "[v6]:port", ":port" into something that getaddrinfo() understands. */
static struct addrinfo *resolve(str address, struct error *err)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    char host[256], port[8];
    struct addrinfo *found;
    const char *colon = address.n ? memrchr(address.p, ':', address.n) : NULL;
    str left = {address.p, colon ? (size_t)(colon - address.p) : 0};
    str right = {colon ? colon + 1 : "", colon ? address.n - left.n - 1 : 0};

    if (left.n >= 2 && left.p[0] == '[' && left.p[left.n - 1] == ']')
        left = (str){left.p + 1, left.n - 2};
    if (right.n == 0 || right.n >= sizeof(port) || left.n >= sizeof(host)) {
        error_set(err, ERR_USAGE, "'" STR_FMT "' is no address: write host:port",
                  STR_ARG(address));
        return NULL;
    }
    memcpy(host, left.n ? left.p : "", left.n);
    host[left.n] = '\0';
    memcpy(port, right.p, right.n);
    port[right.n] = '\0';
    int failed = getaddrinfo(left.n ? host : NULL, port, &hints, &found);
    if (failed) {
        error_set(err, ERR_USAGE, "address '" STR_FMT "': %s", STR_ARG(address),
                  gai_strerror(failed));
        return NULL;
    }
    return found;
}

static struct server_limits with_defaults(const struct server_limits *given)
{
    struct server_limits l = given ? *given : (struct server_limits){0};

    l.body_bytes = l.body_bytes ? l.body_bytes : 1 << 20;
    l.header_bytes = l.header_bytes ? l.header_bytes : 8 << 10;
    l.connections = l.connections ? l.connections : 256;
    l.deadline_ms = l.deadline_ms ? l.deadline_ms : 10 * 1000;
    l.idle_ms = l.idle_ms ? l.idle_ms : 30 * 1000;
    return l;
}

struct server *server_new(struct loop *l, str address, const struct server_limits *limits,
                          server_handler *handler, void *ctx, struct error *err)
{
    struct addrinfo *at = resolve(address, err);

    if (!at)
        return NULL;
    struct server *s = xalloc(sizeof(*s));
    *s = (struct server){
        .loop = l, .limits = with_defaults(limits), .handler = handler, .ctx = ctx};
    s->listener = evconnlistener_new_bind(loop_base(l), on_accept, s,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
                                              LEV_OPT_REUSEABLE,
                                          128, at->ai_addr, (int)at->ai_addrlen);
    freeaddrinfo(at);
    if (!s->listener) {
        error_set(err, ERR_SYSTEM, "listen at " STR_FMT ": %s", STR_ARG(address),
                  strerror(errno));
        free(s);
        return NULL;
    }
    evconnlistener_set_error_cb(s->listener, on_accept_failed);
    s->resume = timer_new(l, on_resume, s);
    return s;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    while (s->first)
        server_conn_free(s->first);
    evconnlistener_free(s->listener);
    timer_free(s->resume);
    free(s);
}

uint16_t server_port(const struct server *s)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.v6 = {0}};
    socklen_t size = sizeof(at);

    if (getsockname(evconnlistener_get_fd(s->listener), &at.any, &size) != 0)
        die("getsockname: %s", strerror(errno));
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}
