#include "common/io/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "tests/unit/check.h"

static char folder[] = "/tmp/standpipe-dial-XXXXXX";

/* 0, or the errno that the connect ended with. */
static int outcome(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int n = poll(&p, 1, 5000);
    int problem = n == 1 ? dial_result(fd) : ETIMEDOUT;

    close(fd);
    return problem;
}

static int listen_tcp(int family, uint16_t *port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.any.sa_family = (sa_family_t)family};
    socklen_t n = family == AF_INET ? sizeof(at.v4) : sizeof(at.v6);
    int fd = socket(family, SOCK_STREAM, 0);

    if (family == AF_INET)
        at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        at.v6.sin6_addr = in6addr_loopback;
    if (fd < 0 || bind(fd, &at.any, n) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, &at.any, &n) != 0)
        return -1;
    *port = ntohs(family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
    return fd;
}

static int listen_unix(str path, int backlog)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(at.sun_path, path.p, path.n);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, backlog) != 0)
        die("cannot listen on '%s'", at.sun_path);
    return fd;
}

static void test_dial_tcp_reaches_a_listener(void)
{
    struct error err = {0};
    uint16_t port = 0;
    int listener = listen_tcp(AF_INET, &port);
    int fd = dial_tcp(STR("127.0.0.1"), port, 0, &err);

    CHECK(fd >= 0);
    CHECK_INT(outcome(fd), 0);
    close(listener);
    fd = dial_tcp(STR("127.0.0.1"), port, 0, &err);
    CHECK(fd < 0 || outcome(fd) == ECONNREFUSED);
}

/* `localhost` is ::1 and 127.0.0.1; the server listens on one of them. */
static void test_dial_tcp_tries_every_address_of_a_host(void)
{
    const int families[] = {AF_INET, AF_INET6};

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        struct error err = {0};
        uint16_t port = 0;
        int listener = listen_tcp(families[i], &port), reached = 0;

        if (listener < 0)
            continue; /* no IPv6 here */
        for (uint32_t attempt = 0; attempt < 4; attempt++) {
            int fd = dial_tcp(families[i] == AF_INET ? STR("localhost") : STR("::1"), port,
                              attempt, &err);
            reached += fd >= 0 && outcome(fd) == 0;
        }
        CHECK(reached > 0);
        close(listener);
    }
}

static void test_dial_tcp_names_what_it_cannot_find(void)
{
    struct error err = {0};

    CHECK_INT(dial_tcp(STR("no-such-host.invalid"), 1, 0, &err), -1);
    CHECK_INT(err.code, ERR_REDIS);
    CHECK(strstr(err.text, "no-such-host.invalid") != NULL);
}

static void test_dial_unix_says_what_is_wrong(void)
{
    struct arena a = {0};
    struct error err = {0};
    char deep[200];
    str path = arena_printf(&a, "%s/s", folder);
    int listener = listen_unix(path, 8);

    int fd = dial_unix(path, &err);
    CHECK(fd >= 0);
    CHECK_INT(outcome(fd), 0);
    close(listener);

    CHECK_INT(dial_unix(path, &err), -1); /* nobody listens any more */
    CHECK_INT(err.code, ERR_REDIS);
    CHECK(strstr(err.text, path.p) && strstr(err.text, strerror(ECONNREFUSED)));
    unlink(path.p);
    CHECK_INT(dial_unix(path, &err), -1);
    CHECK(strstr(err.text, strerror(ENOENT)) != NULL);

    memset(deep, 'd', sizeof(deep));
    deep[0] = '/';
    deep[sizeof(deep) - 1] = '\0';
    CHECK_INT(dial_unix(str_of(deep), &err), -1);
    CHECK_INT(err.code, ERR_CONFIG); /* no restart mends it */
    arena_free(&a);
}

/* Linux answers EAGAIN when the backlog of a unix socket is full: no connect is under way. */
static void test_dial_unix_of_a_full_backlog_is_an_error(void)
{
    struct arena a = {0};
    struct error err = {0};
    str path = arena_printf(&a, "%s/full", folder);
    int listener = listen_unix(path, 0), fds[16], last = 0;
    size_t n = 0;

    while (n < ARRAY_LEN(fds) && last >= 0) {
        last = dial_unix(path, &err);
        if (last >= 0)
            fds[n++] = last;
    }
    CHECK(n >= 1 && n < ARRAY_LEN(fds));
    CHECK_INT(err.code, ERR_REDIS);
    while (n > 0)
        close(fds[--n]);
    close(listener);
    unlink(path.p);
    arena_free(&a);
}

int main(void)
{
    if (!mkdtemp(folder))
        die("mkdtemp failed");
    RUN(test_dial_tcp_reaches_a_listener);
    RUN(test_dial_tcp_tries_every_address_of_a_host);
    RUN(test_dial_tcp_names_what_it_cannot_find);
    RUN(test_dial_unix_says_what_is_wrong);
    RUN(test_dial_unix_of_a_full_backlog_is_an_error);
    rmdir(folder);
    return check_done();
}
