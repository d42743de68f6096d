#pragma once
/* Look-ups, those who ask, and a service in the same loop that answers by path. */
#include "common/io/server.h"
#include "tests/unit/check.h"
#include "workers/lookup.h"

enum { ASKED_MAX = 1024, PATIENT_US = 20000000 };

struct asked { /* one who asked, and what he was told */
    unsigned calls;
    enum lookup_result result;
    char body[64], reason[32], detail[200];
    bool may_retry;
    uint64_t retry_after_ms, at_us;
};
struct fixture {
    struct loop *loop;
    struct server *server;
    struct services services;
    struct lookup_config config;
    struct address_range loopback;
    uint16_t missing[2];
    struct lookup *lookup;
    struct asked asked[ASKED_MAX];
    unsigned answered;
    /* the server's side */
    unsigned requests, failures_left, in_flight, most_in_flight;
    uint64_t request_us[64];
    struct server_request *held[ASKED_MAX];
    unsigned held_count, hold; /* answer when so many are there */
    struct timer *soon;        /* or then */
    char path[128], query[128], body[128], key_header[64];
};

static struct fixture only; /* large, and one at a time */

static inline uint64_t now_us(void)
{
    return clock_mono_us(&clock_system);
}

static inline uint64_t no_random(void *ctx) /* shortest waits */
{
    (void)ctx;
    return 0;
}

static inline uint64_t long_random(void *ctx)
{
    (void)ctx;
    return 199999;
}

static inline void keep(char *to, size_t room, str s)
{
    size_t n = MIN(s.n, room - 1);

    memset(to, 0, room);
    if (n)
        memcpy(to, s.p, n);
}

static inline void answer(struct server_request *q, int status, const char *body,
                          const char *header)
{
    server_answer(q, status, "application/json", str_of(body), &header, header ? 1 : 0);
}

static inline void answer_held(void *ctx)
{
    struct fixture *f = ctx;

    while (f->held_count)
        answer(f->held[--f->held_count], 200, "{\"held\":true}", NULL);
}

static inline void hold(struct fixture *f, struct server_request *q)
{
    f->held[f->held_count++] = q;
    f->most_in_flight = MAX(f->most_in_flight, f->held_count);
    if (f->held_count >= f->hold)
        answer_held(f);
}

static inline void answer_failing(struct fixture *f, struct server_request *q, str path)
{
    if (f->failures_left-- == 0) {
        f->failures_left = 0;
        answer(q, 200, "{\"at\":\"last\"}", NULL);
    } else if (str_is(path, "/busy")) {
        answer(q, 429, "{}", "Retry-After: 1");
    } else if (str_is(path, "/cut")) {
        server_hang_up(q);
    } else {
        answer(q, 500, "{}", NULL);
    }
}

static inline void on_request(void *ctx, struct server_request *q)
{
    static char big[4096];
    struct fixture *f = ctx;
    str path = server_path(q);

    if (f->requests < ARRAY_LEN(f->request_us))
        f->request_us[f->requests] = now_us();
    f->requests++;
    keep(f->path, sizeof(f->path), path);
    keep(f->query, sizeof(f->query), server_query(q));
    keep(f->body, sizeof(f->body), server_body(q));
    keep(f->key_header, sizeof(f->key_header), server_header(q, "x-key"));
    if (str_is(path, "/missing")) {
        answer(q, 404, "nothing", NULL);
    } else if (str_is(path, "/forbidden")) {
        answer(q, 403, "{}", NULL);
    } else if (str_is(path, "/moved")) {
        answer(q, 302, "{}", "Location: /found");
    } else if (str_is(path, "/html")) {
        answer(q, 200, "<html>", NULL);
    } else if (str_is(path, "/big")) {
        memset(big, ' ', sizeof(big) - 1);
        answer(q, 200, big, NULL);
    } else if (str_is(path, "/held") || str_is(path, "/never")) {
        hold(f, q);
    } else if (str_is(path, "/soon")) {
        hold(f, q);
        if (!timer_is_running(f->soon))
            timer_start(f->soon, 5000);
    } else if (str_is(path, "/found")) {
        answer(q, 200, "{\"lat\":1.10}", NULL);
    } else {
        answer_failing(f, q, path);
    }
}

static inline void begin(struct fixture *f)
{
    struct error err = {0};
    const struct server_limits limits = {.connections = ASKED_MAX, .deadline_ms = 60000};

    *f = (struct fixture){.loop = loop_new(), .missing = {404, 410}, .hold = UINT32_MAX};
    f->server = server_new(f->loop, STR("127.0.0.1:0"), &limits, on_request, f, &err);
    f->soon = timer_new(f->loop, answer_held, f);
    CHECK(f->server != NULL);
    CHECK(address_range_parse(STR("127.0.0.0/8"), &f->loopback));
    f->services =
        (struct services){.clock = &clock_system, .random = no_random, .loop = f->loop};
    f->config = (struct lookup_config){.name = STR("locate"),
                                       .timeout_ms = 5000,
                                       .tries = 3,
                                       .patience_ms = 20000,
                                       .max_answer = 1024,
                                       .allow = &f->loopback,
                                       .allow_count = 1,
                                       .missing = f->missing,
                                       .missing_count = 2};
}

static inline void open_lookup(struct fixture *f, const struct lookup_gate *gate)
{
    struct error err = {0};

    f->lookup = lookup_new(&f->config, &f->services, gate, &err);
    CHECK(f->lookup != NULL);
}

static inline void end(struct fixture *f)
{
    lookup_free(f->lookup);
    server_free(f->server);
    timer_free(f->soon);
    loop_free(f->loop);
}

static inline void on_done(void *ctx, const struct lookup_answer *a)
{
    struct asked *asked = ctx;

    asked->calls++;
    asked->result = a->result;
    keep(asked->body, sizeof(asked->body), a->body);
    keep(asked->reason, sizeof(asked->reason), a->reason);
    keep(asked->detail, sizeof(asked->detail), a->detail);
    asked->may_retry = a->may_retry;
    asked->retry_after_ms = a->retry_after_ms;
    asked->at_us = now_us();
    only.answered++;
}

static inline void ask_as(struct fixture *f, unsigned i, const char *path, const char *key)
{
    char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server_port(f->server), path);
    const struct lookup_request q = {
        .key = str_of(key), .method = STR("GET"), .url = str_of(url)};
    lookup_send(f->lookup, &q, on_done, &f->asked[i]);
}

static inline void wait_until_answered(struct fixture *f, unsigned n)
{
    uint64_t end = now_us() + PATIENT_US;

    while (f->answered < n && now_us() < end)
        loop_once(f->loop);
    CHECK_INT(f->answered, n);
}

static inline struct asked ask_and_wait(struct fixture *f, const char *path)
{
    unsigned i = f->answered;

    ask_as(f, i, path, path);
    CHECK_INT(f->asked[i].calls, 0);
    wait_until_answered(f, i + 1);
    return f->asked[i];
}
