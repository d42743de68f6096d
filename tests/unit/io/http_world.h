#pragma once
/* An HTTP client, a peer that follows its steps, and what a callback was told. */
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

static inline void keep(char *to, size_t room, str s)
{
    size_t n = MIN(s.n, room - 1);

    memset(to, 0, room);
    if (n)
        memcpy(to, s.p, n);
}

static inline void note(void *ctx, const struct http_answer *a)
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

static inline void begin(struct fixture *f, const struct peer_step *steps, unsigned n)
{
    struct error err = {0};

    peer_start(&f->peer, steps, n);
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/", f->peer.port);
    f->loop = loop_new();
    f->http = http_new(f->loop, &err);
    CHECK(f->http != NULL);
}

static inline void end(struct fixture *f)
{
    http_free(f->http);
    loop_free(f->loop);
    peer_stop(&f->peer);
}

static inline struct http_request post(const struct fixture *f, str body)
{
    return (struct http_request){.method = STR("POST"),
                                 .url = str_of(f->url),
                                 .body = body,
                                 .timeout_ms = 10000,
                                 .max_answer = 1 << 20};
}

static inline struct seen send_and_wait(struct fixture *f, const struct http_request *q)
{
    struct seen s = {0};

    http_send(f->http, q, note, &s);
    while (!s.calls) /* the request's own time-out is the deadline */
        loop_once(f->loop);
    return s;
}
