#include "workers/lookup.h"

#include "common/io/server.h"
#include "tests/unit/check.h"

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

static uint64_t now_us(void)
{
    return clock_mono_us(&clock_system);
}

static uint64_t no_random(void *ctx) /* shortest waits */
{
    (void)ctx;
    return 0;
}

static uint64_t long_random(void *ctx)
{
    (void)ctx;
    return 199999;
}

static void keep(char *to, size_t room, str s)
{
    size_t n = MIN(s.n, room - 1);

    memset(to, 0, room);
    if (n)
        memcpy(to, s.p, n);
}

static void answer(struct server_request *q, int status, const char *body, const char *header)
{
    server_answer(q, status, "application/json", str_of(body), &header, header ? 1 : 0);
}

static void answer_held(void *ctx)
{
    struct fixture *f = ctx;

    while (f->held_count)
        answer(f->held[--f->held_count], 200, "{\"held\":true}", NULL);
}

static void hold(struct fixture *f, struct server_request *q)
{
    f->held[f->held_count++] = q;
    f->most_in_flight = MAX(f->most_in_flight, f->held_count);
    if (f->held_count >= f->hold)
        answer_held(f);
}

static void answer_failing(struct fixture *f, struct server_request *q, str path)
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

static void on_request(void *ctx, struct server_request *q)
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

static void begin(struct fixture *f)
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

static void open_lookup(struct fixture *f, const struct lookup_gate *gate)
{
    struct error err = {0};

    f->lookup = lookup_new(&f->config, &f->services, gate, &err);
    CHECK(f->lookup != NULL);
}

static void end(struct fixture *f)
{
    lookup_free(f->lookup);
    server_free(f->server);
    timer_free(f->soon);
    loop_free(f->loop);
}

static void on_done(void *ctx, const struct lookup_answer *a)
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

static void ask_as(struct fixture *f, unsigned i, const char *path, const char *key)
{
    char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server_port(f->server), path);
    const struct lookup_request q = {
        .key = str_of(key), .method = STR("GET"), .url = str_of(url)};
    lookup_send(f->lookup, &q, on_done, &f->asked[i]);
}

static void wait_until_answered(struct fixture *f, unsigned n)
{
    uint64_t end = now_us() + PATIENT_US;

    while (f->answered < n && now_us() < end)
        loop_once(f->loop);
    CHECK_INT(f->answered, n);
}

static struct asked ask_and_wait(struct fixture *f, const char *path)
{
    unsigned i = f->answered;

    ask_as(f, i, path, path);
    CHECK_INT(f->asked[i].calls, 0);
    wait_until_answered(f, i + 1);
    return f->asked[i];
}

static void test_lookup_answers_by_kind(void)
{
    static const struct {
        const char *path;
        unsigned failures;
        enum lookup_result result;
        const char *body, *reason;
        bool may_retry;
        unsigned requests;
    } rows[] = {
        {"/found", 0, LOOKUP_FOUND, "{\"lat\":1.10}", "", false, 1},
        {"/missing", 0, LOOKUP_MISSING, "", "", false, 1},
        {"/forbidden", 0, LOOKUP_FAILED, "", "refused", false, 1},
        {"/moved", 0, LOOKUP_FAILED, "", "refused", false, 1},
        {"/html", 0, LOOKUP_FAILED, "", "not_json", false, 1},
        {"/big", 0, LOOKUP_FAILED, "", "too_large", false, 1},
        {"/flaky", 2, LOOKUP_FOUND, "{\"at\":\"last\"}", "", false, 3},
        {"/flaky", 3, LOOKUP_FAILED, "", "server_error", true, 3},
        {"/cut", 2, LOOKUP_FOUND, "{\"at\":\"last\"}", "", false, 3},
        {"/cut", 9, LOOKUP_FAILED, "", "no_answer", true, 3},
        {"/never", 0, LOOKUP_FAILED, "", "no_answer", true, 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture *f = &only;
        begin(f);
        f->failures_left = rows[i].failures;
        f->config.timeout_ms = 300;
        open_lookup(f, NULL);
        struct asked a = ask_and_wait(f, rows[i].path);
        CHECK_INT(a.result, rows[i].result);
        CHECK_STR(str_of(a.body), str_of(rows[i].body));
        CHECK_STR(str_of(a.reason), str_of(rows[i].reason));
        CHECK_INT(a.may_retry, rows[i].may_retry);
        CHECK((a.detail[0] != '\0') == (a.result == LOOKUP_FAILED));
        if (f->requests != rows[i].requests)
            printf("# %s: %u requests\n", rows[i].path, f->requests);
        CHECK_INT(f->requests, rows[i].requests);
        end(f);
    }
}

static void test_lookup_waits_as_long_as_the_service_asks(void)
{
    struct fixture *f = &only;
    begin(f);
    f->failures_left = 2;
    f->config.tries = 1; /* a wait that is asked for costs none */
    open_lookup(f, NULL);
    struct asked a = ask_and_wait(f, "/busy");

    CHECK_INT(a.result, LOOKUP_FOUND);
    CHECK_INT(f->requests, 3);
    for (unsigned i = 1; i < f->requests; i++)
        CHECK(f->request_us[i] - f->request_us[i - 1] >= 990000);
    end(f);
}

/* Nobody calls while one was told to wait. */
static void test_lookup_pauses_all_calls(void)
{
    struct fixture *f = &only;
    begin(f);
    f->failures_left = 1;
    open_lookup(f, NULL);
    ask_as(f, 0, "/busy", "first");
    ask_as(f, 1, "/found", "second");
    wait_until_answered(f, 2);

    CHECK_INT(f->requests, 3);
    CHECK(f->request_us[1] - f->request_us[0] >= 990000);
    CHECK_INT(f->asked[0].result, LOOKUP_FOUND);
    CHECK_INT(f->asked[1].result, LOOKUP_FOUND);
    end(f);
}

static void test_lookup_calls_global_addresses_alone(void)
{
    static const char *const hosts[] = {
        "127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "127.1", "0", "[::1]", "0x7f000001"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct fixture *f = &only;
        char url[128];
        begin(f);
        f->config.allow_count = 0;
        open_lookup(f, NULL);
        snprintf(url, sizeof(url), "http://%s:%u/found", hosts[i], server_port(f->server));
        const struct lookup_request q = {
            .key = STR("k"), .method = STR("GET"), .url = str_of(url)};
        lookup_send(f->lookup, &q, on_done, &f->asked[0]);
        wait_until_answered(f, 1);
        CHECK_INT(f->asked[0].result, LOOKUP_FAILED);
        CHECK_STR(str_of(f->asked[0].reason), STR("address_refused"));
        CHECK(!f->asked[0].may_retry);
        CHECK_INT(f->requests, 0);
        end(f);
    }
}

static void test_lookup_asks_once_for_a_key(void)
{
    struct fixture *f = &only;
    begin(f);
    open_lookup(f, NULL);
    for (unsigned i = 0; i < 100; i++)
        ask_as(f, i, "/found", "same");
    wait_until_answered(f, 100);
    CHECK_INT(f->requests, 1);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_INT(f->asked[i].calls, 1);
        CHECK_STR(str_of(f->asked[i].body), STR("{\"lat\":1.10}"));
    }
    CHECK_INT(lookup_look(f->lookup).joined, 99);
    ask_as(f, 100, "/found", "same"); /* answered is forgotten: keeping is the cache's */
    wait_until_answered(f, 101);
    CHECK_INT(f->requests, 2);
    end(f);
}

static void test_lookup_has_hundreds_in_flight(void)
{
    enum { CALLS = 400 };
    struct fixture *f = &only;
    char key[16];
    begin(f);
    f->config.in_flight = CALLS;
    f->hold = CALLS; /* nobody is answered before all are there */
    open_lookup(f, NULL);
    for (unsigned i = 0; i < CALLS; i++) {
        snprintf(key, sizeof(key), "%u", i);
        ask_as(f, i, "/held", key);
    }
    CHECK_INT(lookup_look(f->lookup).waiting, CALLS);
    wait_until_answered(f, CALLS);
    CHECK_INT(f->most_in_flight, CALLS);
    CHECK_INT(lookup_look(f->lookup).in_flight, 0);
    CHECK_INT(lookup_look(f->lookup).waiting, 0);
    end(f);
}

static void test_lookup_keeps_to_its_limit(void)
{
    struct fixture *f = &only;
    char key[16];
    begin(f);
    f->config.in_flight = 3;
    f->hold = 3;
    open_lookup(f, NULL);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(key, sizeof(key), "%u", i);
        ask_as(f, i, "/held", key);
    }
    wait_until_answered(f, 30);
    CHECK_INT(f->most_in_flight, 3);
    end(f);
}

/* One at a time at first, and more when that goes well. */
static void test_lookup_finds_its_limit(void)
{
    struct fixture *f = &only;
    char key[16];
    begin(f);
    open_lookup(f, NULL);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "%u", i);
        ask_as(f, i, "/soon", key);
    }
    CHECK_INT(lookup_look(f->lookup).limit, 1);
    wait_until_answered(f, 300);
    CHECK(f->most_in_flight > 2);
    CHECK(lookup_look(f->lookup).mean_us > 1000);
    end(f);
}

struct gate { /* of one token a time, on demand */
    lookup_granted *granted;
    void *lookup;
    unsigned asks, good, bad, left;
    uint32_t want;
    uint64_t retry_after_ms;
};

static void gate_ask(void *ctx, uint32_t want, lookup_granted *granted, void *lookup)
{
    struct gate *g = ctx;

    g->asks++;
    g->want = want;
    g->granted = granted;
    g->lookup = lookup;
}

static void gate_report(void *ctx, bool is_good, uint64_t retry_after_ms)
{
    struct gate *g = ctx;

    g->good += is_good;
    g->bad += !is_good;
    g->retry_after_ms = retry_after_ms;
}

static void gate_leave(void *ctx)
{
    struct gate *g = ctx;

    g->left++;
}

static void wait_for_ask(struct fixture *f, struct gate *g, unsigned asks)
{
    uint64_t end = now_us() + PATIENT_US;

    while (g->asks < asks && now_us() < end)
        loop_once(f->loop);
    CHECK_INT(g->asks, asks);
}

static void test_lookup_begins_what_the_gate_grants(void)
{
    struct fixture *f = &only;
    struct gate g = {0};
    const struct lookup_gate gate = {&g, gate_ask, gate_report, gate_leave};
    begin(f);
    f->config.in_flight = 10;
    open_lookup(f, &gate);
    ask_as(f, 0, "/found", "a");
    ask_as(f, 1, "/found", "b");
    ask_as(f, 2, "/found", "c");
    wait_for_ask(f, &g, 1);
    CHECK_INT(g.want, 3);
    CHECK_INT(f->requests, 0);
    g.granted(g.lookup, 2, 0, false);
    wait_until_answered(f, 2);
    CHECK_INT(f->requests, 2);
    wait_for_ask(f, &g, 2);
    CHECK_INT(g.want, 1);
    uint64_t asked_at = now_us();
    g.granted(g.lookup, 0, 50000, false); /* none now */
    wait_for_ask(f, &g, 3);
    CHECK(now_us() - asked_at >= 45000);
    g.granted(g.lookup, 5, 0, false); /* more than are wanted: thrown away */
    wait_until_answered(f, 3);
    CHECK_INT(g.good, 3);
    CHECK_INT(g.asks, 3);
    end(f);
    CHECK_INT(g.left, 1);
}

static void test_lookup_tells_the_gate_of_failures(void)
{
    struct fixture *f = &only;
    struct gate g = {0};
    const struct lookup_gate gate = {&g, gate_ask, gate_report, gate_leave};
    begin(f);
    f->failures_left = 1;
    open_lookup(f, &gate);
    ask_as(f, 0, "/busy", "a");
    wait_for_ask(f, &g, 1);
    g.granted(g.lookup, 1, 0, false);
    wait_for_ask(f, &g, 2);
    CHECK_INT(g.bad, 1);
    CHECK_INT(g.retry_after_ms, 1000);
    end(f);
}

/* An open breaker holds what waits for as long as its patience, no longer. */
static void test_lookup_gives_up_behind_an_open_breaker(void)
{
    struct fixture *f = &only;
    struct gate g = {0};
    const struct lookup_gate gate = {&g, gate_ask, gate_report, gate_leave};
    begin(f);
    f->config.patience_ms = 100;
    open_lookup(f, &gate);
    ask_as(f, 0, "/found", "a");
    wait_for_ask(f, &g, 1);
    uint64_t opened_at = now_us();
    g.granted(g.lookup, 0, 60000000, true);
    wait_until_answered(f, 1);
    CHECK(f->asked[0].at_us - opened_at >= 95000);
    CHECK_INT(f->asked[0].result, LOOKUP_FAILED);
    CHECK_STR(str_of(f->asked[0].reason), STR("no_answer"));
    CHECK(f->asked[0].may_retry);
    CHECK_INT(f->requests, 0);
    end(f);
}

static void test_lookup_stop_answers_what_is_not_in_flight(void)
{
    struct fixture *f = &only;
    begin(f);
    f->config.in_flight = 1;
    open_lookup(f, NULL);
    ask_as(f, 0, "/never", "a");
    ask_as(f, 1, "/never", "b");
    ask_as(f, 2, "/never", "c");
    uint64_t end_us = now_us() + PATIENT_US;
    while (f->requests == 0 && now_us() < end_us)
        loop_once(f->loop);
    lookup_stop(f->lookup);
    CHECK_INT(f->answered, 0);
    wait_until_answered(f, 2);
    CHECK_INT(f->asked[0].calls, 0);
    CHECK_STR(str_of(f->asked[1].reason), STR("stopping"));
    CHECK(f->asked[2].may_retry);
    end(f); /* drops the one in flight */
    CHECK_INT(f->asked[0].calls, 0);
}

static void test_lookup_free_drops_calls_of_any_state(void)
{
    struct fixture *f = &only;
    begin(f);
    f->config.in_flight = 2;
    f->failures_left = 1000;
    f->services.random = long_random; /* a wait of 200 ms */
    open_lookup(f, NULL);
    ask_as(f, 0, "/never", "in flight");
    ask_as(f, 1, "/flaky", "resting");
    ask_as(f, 2, "/never", "next");
    ask_as(f, 3, "/never", "queued");
    uint64_t end_us = now_us() + PATIENT_US;
    while (f->requests < 3 && now_us() < end_us)
        loop_once(f->loop);
    CHECK_INT(f->requests, 3);
    CHECK_INT(lookup_look(f->lookup).waiting, 2);
    end(f);
    CHECK_INT(f->answered, 0);
}

static void test_lookup_sends_what_is_asked(void)
{
    struct fixture *f = &only;
    char url[128];
    begin(f);
    open_lookup(f, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/found?q=N1%%209GU", server_port(f->server));
    const str headers[] = {STR("Content-Type: application/json"), STR("X-Key: secret")};
    const struct lookup_request q = {.key = STR("k"),
                                     .method = STR("POST"),
                                     .url = str_of(url),
                                     .body = STR("{\"q\":1}"),
                                     .headers = headers,
                                     .header_count = 2};
    lookup_send(f->lookup, &q, on_done, &f->asked[0]);
    memset(url, 'x', sizeof(url)); /* it has its own copy */
    wait_until_answered(f, 1);
    CHECK_INT(f->asked[0].result, LOOKUP_FOUND);
    CHECK_STR(str_of(f->path), STR("/found"));
    CHECK_STR(str_of(f->query), STR("q=N1%209GU"));
    CHECK_STR(str_of(f->body), STR("{\"q\":1}"));
    CHECK_STR(str_of(f->key_header), STR("secret"));
    end(f);
}

int main(void)
{
    RUN(test_lookup_answers_by_kind);
    RUN(test_lookup_waits_as_long_as_the_service_asks);
    RUN(test_lookup_pauses_all_calls);
    RUN(test_lookup_calls_global_addresses_alone);
    RUN(test_lookup_asks_once_for_a_key);
    RUN(test_lookup_has_hundreds_in_flight);
    RUN(test_lookup_keeps_to_its_limit);
    RUN(test_lookup_finds_its_limit);
    RUN(test_lookup_begins_what_the_gate_grants);
    RUN(test_lookup_tells_the_gate_of_failures);
    RUN(test_lookup_gives_up_behind_an_open_breaker);
    RUN(test_lookup_stop_answers_what_is_not_in_flight);
    RUN(test_lookup_free_drops_calls_of_any_state);
    RUN(test_lookup_sends_what_is_asked);
    return check_done();
}
