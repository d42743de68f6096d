/* One call: what is asked, and what its answers mean. */
#include "tests/unit/workers/lookup_world.h"

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
    RUN(test_lookup_sends_what_is_asked);
    return check_done();
}
