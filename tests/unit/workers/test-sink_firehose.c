#include "workers/sink_firehose.h"

#include <stdlib.h>

#include "common/data/json.h"
#include "tests/unit/workers/firehose.h"

/* Vector A: made with botocore. */
static void test_encode_signs_as_published(void)
{
    struct fixture *f = firehose_begin();
    firehose_open(f);
    firehose_parcels(f, STR("hello"), 1);
    sink_firehose.encode(f->state, &f->call, NOW_MS);
    const struct http_request *q = &f->call.request;

    CHECK_STR(q->url, STR("https://firehose.us-east-1.amazonaws.com/"));
    CHECK_STR(q->body,
              STR("{\"DeliveryStreamName\":\"s\",\"Records\":[{\"Data\":\"aGVsbG8K\"}]}"));
    CHECK_STR(firehose_header(f, "X-Amz-Date"), STR("20260102T030405Z"));
    CHECK_STR(firehose_header(f, "Content-Type"), STR("application/x-amz-json-1.1"));
    CHECK_STR(firehose_header(f, "X-Amz-Target"), STR("Firehose_20150804.PutRecordBatch"));
    CHECK(str_ends(firehose_header(f, "Authorization"),
                   STR("Signature="
                       "5d8db098260cdc9a884aee281b4c743cf0beb8dd9ed6cf6a6d453eafa6aad936")));
    firehose_end(f);
}

static void test_encode_signs_token_and_host(void)
{
    static const struct {
        const char *token, *endpoint, *url, *signature;
    } cases[] = {
        {"TOKEN/+=", "", "https://firehose.us-east-1.amazonaws.com/",
         "c247abe36507ea26d5abe15d5e336fc485632e0cb3efe2c571b863351e55e639"},
        {"", "http://127.0.0.1:4566", "http://127.0.0.1:4566/",
         "a66fcab87967393e018899c90809c079e64a8cc33b2de3610ec0a147dfbac3c1"},
        {"", "https://firehose.us-east-1.amazonaws.com:443/",
         "https://firehose.us-east-1.amazonaws.com/",
         "5d8db098260cdc9a884aee281b4c743cf0beb8dd9ed6cf6a6d453eafa6aad936"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = firehose_begin();
        setenv("AWS_SESSION_TOKEN", cases[i].token, 1);
        setenv("AWS_ENDPOINT_URL", cases[i].endpoint, 1);
        firehose_open(f);
        firehose_parcels(f, STR("hello"), 1);
        sink_firehose.encode(f->state, &f->call, NOW_MS);
        CHECK_STR(f->call.request.url, str_of(cases[i].url));
        CHECK_STR(firehose_header(f, "X-Amz-Security-Token"), str_of(cases[i].token));
        CHECK(str_ends(firehose_header(f, "Authorization"), str_of(cases[i].signature)));
        firehose_end(f);
    }
}

static void test_encode_holds_500_records_at_the_limit(void)
{
    enum {
        SIZE = 8388
    }; /* 500 with their newlines: 4,194,500 would be too much for one call */
    struct fixture *f = firehose_begin();
    f->state->call_bytes = FIREHOSE_CALL_MAX;
    firehose_open(f);
    char *line = xalloc(SIZE);
    memset(line, 'x', SIZE);
    firehose_parcels(f, (str){line, SIZE - 1}, FIREHOSE_RECORDS_MAX);
    sink_firehose.encode(f->state, &f->call, NOW_MS);
    size_t at, bytes = 0;
    str list, rest, item, data;
    uint32_t n = 0;

    CHECK(json_check(f->call.request.body, NULL, &at) == NULL);
    CHECK(json_find(f->call.request.body, STR("Records"), &list));
    CHECK(json_open(list, &rest));
    for (; json_next_item(&rest, &item); n++) {
        CHECK(json_find(item, STR("Data"), &data));
        unsigned char *raw = xalloc(data.n);
        bytes += (size_t)base64_decode(raw, (str){data.p + 1, data.n - 2});
        CHECK(raw[SIZE - 1] == '\n' && raw[SIZE - 2] == 'x');
        free(raw);
    }
    CHECK_INT(n, FIREHOSE_RECORDS_MAX);
    CHECK_INT(bytes, FIREHOSE_RECORDS_MAX * SIZE);
    free(line);
    firehose_end(f);
}

static void test_open_wants_both_keys(void)
{
    static const struct {
        const char *id, *secret, *endpoint;
    } cases[] = {
        {"", "", ""},
        {"a", "", ""},
        {"", "b", ""},
        {"a", "b", "firehose.us-east-1.amazonaws.com"},
        {"a", "b", "file:///tmp/x"},
        {"a", "b", "http://"},
        {"a", "b", "http://user@host/"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = firehose_begin();
        setenv("AWS_ACCESS_KEY_ID", cases[i].id, 1);
        setenv("AWS_SECRET_ACCESS_KEY", cases[i].secret, 1);
        setenv("AWS_ENDPOINT_URL_FIREHOSE", cases[i].endpoint, 1);
        CHECK_INT(sink_firehose.open(f->state, &f->arena, NULL, &f->limits, &f->err),
                  ERR_CONFIG);
        CHECK(f->err.text[0] != '\0');
        firehose_end(f);
    }
}

static void test_check_knows_the_limits(void)
{
    static const struct {
        const char *stream;
        uint64_t record_bytes, call_bytes, in_flight;
        unsigned errors;
    } cases[] = {
        {"a-b_c.D9", 102400, 1 << 20, 4, 0},
        {"s", 1024000, 4 << 20, 5, 0},
        {"", 102400, 1 << 20, 4, 1},
        {"a b", 102400, 1 << 20, 4, 1},
        {"s", 0, 1 << 20, 4, 1},
        {"s", 1024001, 4 << 20, 4, 1},
        {"s", 102400, 102399, 4, 1},
        {"s", 102400, (4 << 20) + 1, 4, 1},
        {"s", 102400, 1 << 20, 0, 1},
        {"s", 102400, 1 << 20, 65, 1},
        {"s", 102400, 4 << 20, 16, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena = {0};
        struct findings f = {.arena = &arena};
        struct node map = {.type = NODE_MAP};
        struct firehose s = {.stream = str_of(cases[i].stream),
                             .record_bytes = cases[i].record_bytes,
                             .call_bytes = cases[i].call_bytes,
                             .in_flight = cases[i].in_flight};
        sink_firehose.check(&s, &map, &f);
        CHECK_INT(f.errors, cases[i].errors);
        arena_free(&arena);
    }
}

int main(void)
{
    RUN(test_encode_signs_as_published);
    RUN(test_encode_signs_token_and_host);
    RUN(test_encode_holds_500_records_at_the_limit);
    RUN(test_open_wants_both_keys);
    RUN(test_check_knows_the_limits);
    return check_done();
}
