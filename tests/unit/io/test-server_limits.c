/* Whom the server refuses, and when it closes. */
#include "tests/unit/io/server_world.h"

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
        struct world *w = world_open(NULL);
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
    struct world *w = world_open(NULL);
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
    struct world *w = world_open(NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(heard(w, fd, ""));
    CHECK(got_status(w, "HTTP/1.1 404 "));
    close(fd);
    world_close(w);
}

static void test_server_closes_slow_and_idle_clients(void)
{
    const struct server_limits limits = {.deadline_ms = 100, .idle_ms = 100};
    static const char *const begins[] = {
        "", "GET / HT", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"};

    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        struct world *w = world_open(&limits);
        int fd = dial(w);
        say(w, fd, str_of(begins[i]));
        CHECK(heard(w, fd, ""));
        CHECK_INT(w->n, 0);
        close(fd);
        world_close(w);
    }
}

static void test_server_deadline_is_not_moved_by_bytes(void)
{
    const struct server_limits limits = {.deadline_ms = 100};
    struct world *w = world_open(&limits);
    uint64_t begin = clock_mono_us(&clock_system);
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
    struct world *w = world_open(&limits);
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

int main(void)
{
    RUN(test_server_refuses_and_closes);
    RUN(test_server_invites_the_body);
    RUN(test_server_closes_when_asked);
    RUN(test_server_closes_slow_and_idle_clients);
    RUN(test_server_deadline_is_not_moved_by_bytes);
    RUN(test_server_connection_cap);
    return check_done();
}
