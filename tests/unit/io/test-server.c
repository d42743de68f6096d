#include "common/io/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
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

static void nothing(void *ctx)
{
    (void)ctx;
}

static void handle(void *ctx, struct server_request *q)
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

static void world_open(struct world *w, const struct server_limits *limits)
{
    struct error err = {0};

    w->loop = loop_new();
    w->tick = timer_new(w->loop, nothing, NULL);
    w->server = server_new(w->loop, STR("127.0.0.1:0"), limits, handle, w, &err);
    if (!w->server)
        die("%s", err.text);
}

static void world_close(struct world *w)
{
    server_free(w->server);
    timer_free(w->tick);
    loop_free(w->loop);
    free(w);
}

static void pump(struct world *w)
{
    timer_start(w->tick, TICK_US);
    loop_once(w->loop);
}

static int dial(struct world *w)
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

static void say(struct world *w, int fd, str bytes)
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

static void hear(struct world *w, int fd)
{
    ssize_t n = recv(fd, w->got + w->n, sizeof(w->got) - w->n, MSG_DONTWAIT);

    w->is_closed |= n == 0 || (n < 0 && errno == ECONNRESET);
    w->n += (size_t)MAX(n, 0);
}

/* Run until the client has read text that ends with `end`, or was closed when `end` is empty.
 */
static bool heard(struct world *w, int fd, const char *end)
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

static bool got_status(struct world *w, const char *status)
{
    return str_starts((str){w->got, w->n}, str_of(status));
}

static unsigned answers(const struct world *w)
{
    unsigned n = 0;

    for (size_t i = 0; i + 9 <= w->n; i++)
        n += memcmp(w->got + i, "HTTP/1.1 ", 9) == 0;
    return n;
}

#define ECHO(body, n) "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " n "\r\n\r\n" body

static void test_server_answers_and_keeps_the_connection(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    for (int i = 0; i < 3; i++) {
        w->n = 0;
        say(w, fd, STR(ECHO("hello", "5")));
        CHECK(heard(w, fd, "\r\n\r\nhello"));
        CHECK(got_status(w, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 5\r\nX-Own: 1\r\nDate: "));
    }
    close(fd);
    world_close(w);
}

static void test_server_takes_bytes_one_by_one(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);
    str request = STR(ECHO("abc", "3"));

    for (size_t i = 0; i < request.n; i++)
        say(w, fd, (str){request.p + i, 1});
    CHECK(heard(w, fd, "\r\n\r\nabc"));
    close(fd);
    world_close(w);
}

static void test_server_answers_pipelined_requests_in_order(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd, STR(ECHO("one", "3") "GET /no HTTP/1.1\r\nHost: a\r\n\r\n" ECHO("three", "5")));
    CHECK(heard(w, fd, "\r\n\r\nthree"));
    CHECK_INT(answers(w), 3);
    str rest = {w->got, w->n};
    CHECK(memmem(rest.p, rest.n, "404 Not Found", 13) != NULL);
    close(fd);
    world_close(w);
}

static void test_server_takes_a_large_body(void)
{
    struct world *w = xalloc(sizeof(*w));
    static char body[600000];
    world_open(w, NULL);
    int fd = dial(w);

    memset(body, 'x', sizeof(body));
    body[sizeof(body) - 1] = '!';
    say(w, fd, STR(ECHO("", "600000")));
    say(w, fd, (str){body, sizeof(body)});
    CHECK(heard(w, fd, "x!"));
    CHECK(w->n > sizeof(body));
    close(fd);
    world_close(w);
}

/* What is refused is answered, and the connection closed behind it. */
static void test_server_refuses_and_closes(void)
{
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
         "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
         "HTTP/1.1 400 "},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "HTTP/1.1 413 "},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n"
         "\r\n",
         "HTTP/1.1 413 "},
        {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 501 "},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = xalloc(sizeof(*w));
        world_open(w, NULL);
        int fd = dial(w);
        say(w, fd, str_of(cases[i].request));
        CHECK(heard(w, fd, ""));
        if (!got_status(w, cases[i].status))
            printf("# case %zu: %.40s\n", i, w->got);
        CHECK(got_status(w, cases[i].status));
        CHECK_INT(answers(w), 1);
        close(fd);
        world_close(w);
    }
}

static void test_server_invites_the_body(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd,
        STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n\r\n"));
    CHECK(heard(w, fd, "HTTP/1.1 100 Continue\r\n\r\n"));
    w->n = 0;
    say(w, fd, STR("ok"));
    CHECK(heard(w, fd, "\r\n\r\nok"));
    close(fd);
    world_close(w);
}

static void test_server_closes_when_asked(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(heard(w, fd, ""));
    CHECK(got_status(w, "HTTP/1.1 404 "));
    close(fd);
    world_close(w);
}

static void test_server_late_answer(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /late HTTP/1.1\r\nHost: a\r\n\r\n" ECHO("next", "4")));
    while (!w->late)
        pump(w);
    CHECK_INT(w->n, 0);
    server_answer(w->late, 200, "text/plain", STR("at last"), NULL, 0);
    CHECK(heard(w, fd, "\r\n\r\nnext"));
    CHECK_INT(answers(w), 2);
    close(fd);
    world_close(w);
}

static void test_server_late_answer_to_a_client_that_left(void)
{
    struct world *w = xalloc(sizeof(*w));
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /late HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (!w->late)
        pump(w);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    pump(w);
    server_answer(w->late, 200, "text/plain", STR("to nobody"), NULL, 0);
    fd = dial(w);
    say(w, fd, STR(ECHO("alive", "5")));
    CHECK(heard(w, fd, "\r\n\r\nalive"));
    close(fd);
    world_close(w);
}

static void test_server_hangs_up(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(heard(w, fd, ""));
    CHECK_INT(w->n, 0);
    close(fd);
    world_close(w);
}

static void test_server_slices_an_answer(void)
{
    struct world *w = xalloc(sizeof(*w));
    world_open(w, NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /sliced HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(heard(w, fd, "\r\n\r\nin pieces"));
    w->n = 0;
    say(w, fd, STR(ECHO("whole again", "11")));
    CHECK(heard(w, fd, "\r\n\r\nwhole again"));
    close(fd);
    world_close(w);
}

static void test_server_closes_slow_and_idle_clients(void)
{
    const struct server_limits limits = {.deadline_ms = 100, .idle_ms = 100};
    static const char *const begins[] = {
        "", "GET / HT", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"};

    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        struct world *w = xalloc(sizeof(*w));
        world_open(w, &limits);
        int fd = dial(w);
        say(w, fd, str_of(begins[i]));
        CHECK(heard(w, fd, ""));
        CHECK_INT(w->n, 0);
        close(fd);
        world_close(w);
    }
}

/* A byte now and then does not move the deadline. */
static void test_server_deadline_is_not_moved_by_bytes(void)
{
    const struct server_limits limits = {.deadline_ms = 100};
    struct world *w = xalloc(sizeof(*w));
    uint64_t begin = clock_mono_us(&clock_system);
    world_open(w, &limits);
    int fd = dial(w);

    say(w, fd, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"));
    while (!w->is_closed && clock_mono_us(&clock_system) - begin < PATIENCE_US) {
        say(w, fd, STR("a"));
        hear(w, fd);
    }
    CHECK(w->is_closed);
    CHECK_INT(w->n, 0);
    close(fd);
    world_close(w);
}

static void test_server_connection_cap(void)
{
    const struct server_limits limits = {.connections = 2};
    struct world *w = xalloc(sizeof(*w));
    world_open(w, &limits);
    int first = dial(w), second = dial(w), third = dial(w);

    say(w, third, STR(ECHO("me too", "6")));
    for (int i = 0; i < 10; i++)
        pump(w);
    hear(w, third);
    CHECK_INT(w->n, 0); /* waits in the backlog */
    close(first);
    CHECK(heard(w, third, "\r\n\r\nme too"));
    close(second);
    close(third);
    world_close(w);
}

static void test_server_refuses_bad_addresses(void)
{
    static const char *const addresses[] = {
        "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:123456789", "300.1.1.1:80"};
    struct loop *l = loop_new();

    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct error err = {0};
        CHECK(!server_new(l, str_of(addresses[i]), NULL, handle, NULL, &err));
        CHECK(err.code == ERR_USAGE && strstr(err.text, addresses[i]));
    }
    loop_free(l);
}

int main(void)
{
    RUN(test_server_answers_and_keeps_the_connection);
    RUN(test_server_takes_bytes_one_by_one);
    RUN(test_server_answers_pipelined_requests_in_order);
    RUN(test_server_takes_a_large_body);
    RUN(test_server_refuses_and_closes);
    RUN(test_server_invites_the_body);
    RUN(test_server_closes_when_asked);
    RUN(test_server_late_answer);
    RUN(test_server_late_answer_to_a_client_that_left);
    RUN(test_server_hangs_up);
    RUN(test_server_slices_an_answer);
    RUN(test_server_closes_slow_and_idle_clients);
    RUN(test_server_deadline_is_not_moved_by_bytes);
    RUN(test_server_connection_cap);
    RUN(test_server_refuses_bad_addresses);
    return check_done();
}
