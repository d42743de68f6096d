/* Answers, good and bad, and calls that are cancelled. */
#include "tests/unit/io/http_world.h"

static void test_http_gives_whole_answer(void)
{
    static const struct peer_step steps[] = {
        {PEER_ANSWER,
         "HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\nDate: Fri, 02 Jan 2026 "
         "03:04:05 GMT\r\nx-amzn-ErrorType: Nope:http://x/\r\nX-Amzn-RequestId: r1\r\n"
         "Retry-After: 7\r\n\r\nmissing"}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    q.headers = (const str[]){STR("Content-Type: application/x-amz-json-1.1")};
    q.header_count = 1;
    struct seen s = send_and_wait(&f, &q);

    CHECK(!s.failed);
    CHECK(s.was_sent);
    CHECK_INT(s.status, 400);
    CHECK_STR(str_of(s.body), STR("missing"));
    CHECK_STR(str_of(s.date), STR("Fri, 02 Jan 2026 03:04:05 GMT"));
    CHECK_STR(str_of(s.error_type), STR("Nope:http://x/"));
    CHECK_STR(str_of(s.request_id), STR("r1"));
    CHECK_STR(str_of(s.retry_after), STR("7"));
    CHECK_INT(f.peer.body_bytes, 5);
    CHECK(strcasestr(f.peer.head, "content-type: application/x-amz-json-1.1\r\n") != NULL);
    end(&f);
}

static void test_http_broken_answers_are_failures(void)
{
    static const struct {
        struct peer_step step;
        int status;
    } cases[] = {
        {{PEER_CUT, NULL}, 0},
        {{PEER_RESET, NULL}, 0},
        {{PEER_STALL, NULL}, 0},
        {{PEER_CUT, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}, 200},
        {{PEER_RESET, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}, 200},
        {{PEER_STALL, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}, 200},
        {{PEER_CUT, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab"}, 200},
        {{PEER_CUT, "SSH-2.0-OpenSSH\r\n"}, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        begin(&f, &cases[i].step, 1);
        struct http_request q = post(&f, STR("hello"));
        q.timeout_ms = 300;
        struct seen s = send_and_wait(&f, &q);
        CHECK(s.failed);
        CHECK(s.was_sent);
        /* A reset may overtake the bytes before it. */
        CHECK(s.status == cases[i].status || cases[i].step.act == PEER_RESET);
        CHECK_INT(f.peer.requests, 1);
        end(&f);
    }
}

static void test_http_caps_the_answer(void)
{
    static const struct peer_step steps[] = {{PEER_STALL, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    q.max_answer = 1;
    struct seen s = send_and_wait(&f, &q);

    CHECK(s.failed);
    CHECK_STR(str_of(s.failure), STR("the answer is larger than its cap"));
    end(&f);
}

static void test_http_caps_the_headers(void)
{
    static char text[128 << 10];
    size_t n = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n");
    while (n < (100 << 10))
        n += (size_t)snprintf(text + n, sizeof(text) - n, "X-Padding: %0512d\r\n", 0);
    snprintf(text + n, sizeof(text) - n, "Content-Length: 0\r\n\r\n");
    const struct peer_step steps[] = {{PEER_CUT, text}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    struct seen s = send_and_wait(&f, &q);

    CHECK(s.failed);
    CHECK(s.was_sent);
    end(&f);
}

static void test_http_refused_connection_was_not_sent(void)
{
    struct fixture f;
    begin(&f, NULL, 0);
    peer_stop(&f.peer);
    struct http_request q = post(&f, STR("hello"));
    struct seen s = send_and_wait(&f, &q);

    CHECK(s.failed);
    CHECK(!s.was_sent);
    CHECK_INT(s.status, 0);
    http_free(f.http);
    loop_free(f.loop);
}

static void test_http_only_speaks_http(void)
{
    static const char *const urls[] = {"file:///etc/hostname", "gopher://127.0.0.1:1/",
                                       "nonsense"};
    struct fixture f;
    begin(&f, NULL, 0);

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct http_request q = post(&f, STR_NONE);
        q.method = STR("GET");
        q.url = str_of(urls[i]);
        struct seen s = send_and_wait(&f, &q);
        CHECK(s.failed);
        CHECK(!s.was_sent);
        CHECK_STR(str_of(s.body), STR_NONE);
    }
    end(&f);
}

static void test_http_does_not_follow(void)
{
    static const struct peer_step steps[] = {
        {PEER_ANSWER, "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"},
        {PEER_ANSWER, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR_NONE);
    q.method = STR("GET");
    struct seen s = send_and_wait(&f, &q);

    CHECK(!s.failed);
    CHECK_INT(s.status, 302);
    CHECK_INT(f.peer.requests, 1);
    end(&f);
}

static void test_http_sends_large_bodies_at_once(void)
{
    enum { SIZE = 5 << 20 };
    static const struct peer_step steps[] = {{PEER_ANSWER, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    char *body = xalloc(SIZE);
    memset(body, 'x', SIZE);
    struct http_request q = post(&f, (str){body, SIZE});
    struct seen s = send_and_wait(&f, &q);

    CHECK_INT(s.status, 200);
    CHECK_INT(f.peer.body_bytes, SIZE);
    CHECK(strcasestr(f.peer.head, "expect:") == NULL);
    free(body);
    end(&f);
}

static void test_http_takes_an_early_answer(void)
{
    static const struct peer_step steps[] = {
        {PEER_EARLY, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    struct seen s = send_and_wait(&f, &q);

    CHECK(!s.failed);
    CHECK_INT(s.status, 413);
    CHECK_STR(str_of(s.body), STR("big"));
    end(&f);
}

static void test_http_retry_after(void)
{
    enum { NOW = 1767323045 }; /* Fri, 02 Jan 2026 03:04:05 GMT */
    static const struct {
        const char *retry_after, *date;
        uint64_t ms;
    } rows[] = {
        {"", "", 0},
        {"0", "", 0},
        {"7", "", 7000},
        {"86400", "", 3600000},
        {"99999999999999999999999", "", 0},
        {"-1", "", 0},
        {"soon", "", 0},
        {"Fri, 02 Jan 2026 03:04:15 GMT", "", 10000},
        {"Friday, 02-Jan-26 03:04:15 GMT", "", 10000},
        {"Fri Jan  2 03:04:15 2026", "", 10000},
        {"Fri, 02 Jan 2026 03:04:05 GMT", "", 0},
        {"Fri, 02 Jan 2026 03:04:00 GMT", "", 0},
        {"Sat, 02 Jan 2027 03:04:00 GMT", "", 3600000},
        {"Fri, 02 Jan 2026 03:04:15 GMT", "Fri, 02 Jan 2026 03:04:13 GMT", 2000},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct http_answer a = {.retry_after = str_of(rows[i].retry_after),
                                      .date = str_of(rows[i].date)};
        CHECK_INT(http_retry_after_ms(&a, NOW * UINT64_C(1000)), rows[i].ms);
    }
}

struct chain { /* sends again from its own callback, and cancels the other */
    struct fixture *f;
    struct http_call *other;
    struct seen first, second;
};

static void note_second(void *ctx, const struct http_answer *a)
{
    struct chain *c = ctx;

    note(&c->second, a);
}

static void send_second(void *ctx, const struct http_answer *a)
{
    struct chain *c = ctx;
    struct http_request q = post(c->f, STR("again"));

    note(&c->first, a);
    http_cancel(c->other);
    http_send(c->f->http, &q, note_second, c);
}

static void test_http_callbacks_may_send_and_cancel(void)
{
    static const struct peer_step steps[] = {{PEER_ANSWER, OK_ANSWER},
                                             {PEER_ANSWER, OK_ANSWER}};
    struct fixture f;
    begin(&f, steps, ARRAY_LEN(steps));
    struct seen cancelled = {0};
    struct chain c = {.f = &f};
    struct http_request q = post(&f, STR("hello"));
    http_send(f.http, &q, send_second, &c);
    struct peer silent; /* accepts and never answers */
    static const struct peer_step silence[] = {{PEER_STALL, NULL}};
    char url[64];
    peer_start(&silent, silence, 1);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", silent.port);
    q.url = str_of(url);
    c.other = http_send(f.http, &q, note, &cancelled);
    while (!c.second.calls)
        loop_once(f.loop);

    CHECK_INT(c.first.status, 200);
    CHECK_INT(c.second.status, 200);
    CHECK_INT(cancelled.calls, 0);
    end(&f);
    peer_stop(&silent);
}

static void tick(void *ctx)
{
    struct timer **t = ctx;

    timer_start(*t, 1000);
}

static void test_http_free_ends_calls_in_flight(void)
{
    static const struct peer_step steps[] = {{PEER_STALL, NULL}};
    struct fixture f;
    struct seen s = {0};
    begin(&f, steps, ARRAY_LEN(steps));
    struct http_request q = post(&f, STR("hello"));
    http_send(f.http, &q, note, &s);
    struct timer *t = timer_new(f.loop, tick, &t);
    timer_start(t, 0);
    while (!atomic_load(&f.peer.requests) && !s.calls)
        loop_once(f.loop);
    timer_free(t);
    end(&f);

    CHECK_INT(s.calls, 0);
}

int main(void)
{
    RUN(test_http_gives_whole_answer);
    RUN(test_http_broken_answers_are_failures);
    RUN(test_http_caps_the_answer);
    RUN(test_http_caps_the_headers);
    RUN(test_http_refused_connection_was_not_sent);
    RUN(test_http_only_speaks_http);
    RUN(test_http_does_not_follow);
    RUN(test_http_sends_large_bodies_at_once);
    RUN(test_http_takes_an_early_answer);
    RUN(test_http_retry_after);
    RUN(test_http_callbacks_may_send_and_cancel);
    RUN(test_http_free_ends_calls_in_flight);
    return check_done();
}
