#include "common/io/dial.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    DIAL_KEEPALIVE_S = 15,       /* of silence before the first probe */
    DIAL_USER_TIMEOUT_MS = 5000, /* unacknowledged bytes end the connection */
};

/* EAGAIN is a failure: a unix socket whose backlog is full, and nothing is under way. */
static int start(int fd, const struct sockaddr *to, socklen_t n)
{
    if (connect(fd, to, n) == 0 || errno == EINPROGRESS)
        return fd;
    int problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

int dial_unix(str path, struct error *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    if (path.n >= sizeof(to.sun_path)) {
        error_set(err, ERR_CONFIG, "socket path '%s' is longer than %zu bytes", path.p,
                  sizeof(to.sun_path) - 1);
        return -1;
    }
    memcpy(to.sun_path, path.p, path.n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        fd = start(fd, (const struct sockaddr *)&to, sizeof(to));
    if (fd < 0)
        error_set(err, ERR_REDIS, "connect to unix socket '%s': %s", path.p, strerror(errno));
    return fd;
}

static void set_tcp(int fd)
{
    int on = 1, idle = DIAL_KEEPALIVE_S, unacknowledged = DIAL_USER_TIMEOUT_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof(unacknowledged));
}

static const struct addrinfo *choose(const struct addrinfo *found, uint32_t attempt)
{
    const struct addrinfo *a = found;
    uint32_t n = 0;

    for (; a; a = a->ai_next)
        n++;
    assert(n > 0); /* getaddrinfo() finds one or fails */
    a = found;
    for (uint32_t i = attempt % n; i > 0; i--)
        a = a->ai_next;
    return a;
}

int dial_tcp(str host, uint16_t port, uint32_t attempt, struct error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    int problem = getaddrinfo(host.p, service, &hints, &found);
    if (problem) {
        error_set(err, ERR_REDIS, "look up host '%s': %s", host.p, gai_strerror(problem));
        return -1;
    }
    const struct addrinfo *a = choose(found, attempt);
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        set_tcp(fd);
        fd = start(fd, a->ai_addr, a->ai_addrlen);
    }
    if (fd < 0)
        error_set(err, ERR_REDIS, "connect to %s:%s: %s", host.p, service, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

int dial_result(int fd)
{
    int problem = 0;
    socklen_t n = sizeof(problem);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &n) != 0)
        return errno;
    return problem;
}
