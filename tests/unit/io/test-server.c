#include "common/io/server.h"

#include "tests/unit/io/server_world.h"

static void test_server_answers_and_keeps_the_connection(void)
{
    struct world *w = world_open(NULL);
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
    struct world *w = world_open(NULL);
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
    struct world *w = world_open(NULL);
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
    struct world *w = world_open(NULL);
    static char body[600000];
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
static void test_server_late_answer(void)
{
    struct world *w = world_open(NULL);
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
    struct world *w = world_open(NULL);
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
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
    struct world *w = world_open(NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(heard(w, fd, ""));
    CHECK_INT(w->n, 0);
    close(fd);
    world_close(w);
}

static void test_server_slices_an_answer(void)
{
    struct world *w = world_open(NULL);
    int fd = dial(w);

    say(w, fd, STR("GET /sliced HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(heard(w, fd, "\r\n\r\nin pieces"));
    w->n = 0;
    say(w, fd, STR(ECHO("whole again", "11")));
    CHECK(heard(w, fd, "\r\n\r\nwhole again"));
    close(fd);
    world_close(w);
}

/* A byte now and then does not move the deadline. */
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
    RUN(test_server_late_answer);
    RUN(test_server_late_answer_to_a_client_that_left);
    RUN(test_server_hangs_up);
    RUN(test_server_slices_an_answer);
    RUN(test_server_refuses_bad_addresses);
    return check_done();
}
