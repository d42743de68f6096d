/* Which connections are kept, and which requests are sent again on another. */
#include "tests/unit/io/http_world.h"

static void test_http_keeps_connections(void)
{
    static const struct peer_step steps[] = {
        {PEER_ANSWER, OK_ANSWER}, {PEER_ANSWER, OK_ANSWER}, {PEER_ANSWER, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct http_request q = post(&f, STR("hello"));
        CHECK_INT(send_and_wait(&f, &q).status, 200);
    }

    CHECK_INT(f.peer.requests, 3);
    CHECK_INT(f.peer.connections, 1);
    end(&f);
}

/* Left alone, libcurl would send the second request again by itself, and its first copy may
 * have been carried out. */
static void test_http_never_sends_a_body_twice(void)
{
    static const struct peer_step steps[] = {
        {PEER_ANSWER, OK_ANSWER}, {PEER_CUT, NULL}, {PEER_ANSWER, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    CHECK_INT(send_and_wait(&f, &q).status, 200);
    struct seen s = send_and_wait(&f, &q);

    CHECK(s.failed);
    CHECK(s.was_sent);
    CHECK_INT(send_and_wait(&f, &q).status, 200);
    CHECK_INT(f.peer.requests, 3);
    end(&f);
}

static void test_http_repeats_a_body_that_may_be(void)
{
    static const struct peer_step steps[] = {
        {PEER_ANSWER, OK_ANSWER}, {PEER_CUT, NULL}, {PEER_ANSWER, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    q.may_repeat = true;
    CHECK_INT(send_and_wait(&f, &q).status, 200);
    CHECK_INT(send_and_wait(&f, &q).status, 200);

    CHECK_INT(f.peer.requests, 3);
    CHECK_INT(f.peer.body_bytes, 5);
    end(&f);
}

static bool allow_all(void *ctx, const struct sockaddr *to)
{
    (void)ctx;
    (void)to;
    return true;
}

static void test_http_keeps_no_connection_that_another_may_not_use(void)
{
    for (int asks_alike = 0; asks_alike < 2; asks_alike++) {
        static const struct peer_step steps[] = {{PEER_ANSWER, OK_ANSWER},
                                                 {PEER_ANSWER, OK_ANSWER}};
        struct fixture f;
        begin(&f, steps, ARRAY_LEN(steps));
        struct http_request q = post(&f, STR("hello"));
        q.may_connect = allow_all;
        q.asks_alike = asks_alike;
        CHECK_INT(send_and_wait(&f, &q).status, 200);
        CHECK_INT(send_and_wait(&f, &q).status, 200);
        CHECK_INT(f.peer.connections, asks_alike ? 1 : 2);
        end(&f);
    }
}

int main(void)
{
    RUN(test_http_keeps_connections);
    RUN(test_http_never_sends_a_body_twice);
    RUN(test_http_repeats_a_body_that_may_be);
    RUN(test_http_keeps_no_connection_that_another_may_not_use);
    return check_done();
}
