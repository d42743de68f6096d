#include "common/io/http.h"

#include "tests/unit/check.h"
#include "tests/unit/peer.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct seen { /* what a callback was told */
    unsigned calls;
    bool failed, was_sent;
    int status;
    char failure[128], body[64], date[64], error_type[64], request_id[64], retry_after[64];
};
struct fixture {
    struct loop *loop;
    struct http *http;
    struct peer peer;
    char url[64];
};

static void keep(char *to, size_t room, str s)
{
    size_t n = MIN(s.n, room - 1);

    memset(to, 0, room);
    if (n)
        memcpy(to, s.p, n);
}

static void note(void *ctx, const struct http_answer *a)
{
    struct seen *s = ctx;

    s->calls++;
    s->failed = a->failure != NULL;
    s->was_sent = a->was_sent;
    s->status = a->status;
    keep(s->failure, sizeof(s->failure), str_of(a->failure));
    keep(s->body, sizeof(s->body), a->body);
    keep(s->date, sizeof(s->date), a->date);
    keep(s->error_type, sizeof(s->error_type), a->error_type);
    keep(s->request_id, sizeof(s->request_id), a->request_id);
    keep(s->retry_after, sizeof(s->retry_after), a->retry_after);
}

static void begin(struct fixture *f, const struct peer_step *steps, unsigned n)
{
    struct error err = {0};

    peer_start(&f->peer, steps, n);
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/", f->peer.port);
    f->loop = loop_new();
    f->http = http_new(f->loop, &err);
    CHECK(f->http != NULL);
}

static void end(struct fixture *f)
{
    http_free(f->http);
    loop_free(f->loop);
    peer_stop(&f->peer);
}

static struct http_request post(const struct fixture *f, str body)
{
    return (struct http_request){.method = STR("POST"),
                                 .url = str_of(f->url),
                                 .body = body,
                                 .timeout_ms = 10000,
                                 .max_answer = 1 << 20};
}

static struct seen send_and_wait(struct fixture *f, const struct http_request *q)
{
    struct seen s = {0};

    http_send(f->http, q, note, &s);
    while (!s.calls) /* the request's own time-out is the deadline */
        loop_once(f->loop);
    return s;
}

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
    RUN(test_http_keeps_connections);
    RUN(test_http_never_sends_a_body_twice);
    RUN(test_http_repeats_a_body_that_may_be);
    RUN(test_http_keeps_no_connection_that_another_may_not_use);
    RUN(test_http_retry_after);
    RUN(test_http_sends_large_bodies_at_once);
    RUN(test_http_takes_an_early_answer);
    RUN(test_http_callbacks_may_send_and_cancel);
    RUN(test_http_free_ends_calls_in_flight);
    return check_done();
}
