#include "workers/sink_firehose.h"

#include <stdlib.h>

#include "common/data/json.h"
#include "tests/unit/check.h"

/* 2026-01-02T03:04:05Z, as in the published vectors of sigv4. */
static const uint64_t NOW_MS = 1767323045000;
enum { PARCELS = 4 };

struct fixture {
    struct arena arena;
    struct firehose *state;
    struct sink_limits limits;
    struct error err;
    struct call call;
    struct parcel parcels[FIREHOSE_RECORDS_MAX], *pointers[FIREHOSE_RECORDS_MAX];
    struct entry entry;
    struct record records[FIREHOSE_RECORDS_MAX];
    struct document documents[FIREHOSE_RECORDS_MAX];
};

static void set_environment(void)
{
    static const char *const none[] = {"AWS_REGION",
                                       "AWS_DEFAULT_REGION",
                                       "AWS_ENDPOINT_URL",
                                       "AWS_SESSION_TOKEN",
                                       "AWS_ENDPOINT_URL_FIREHOSE",
                                       "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};

    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        unsetenv(none[i]);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
}

static void fill(struct fixture *f)
{
    struct findings findings = {.arena = &f->arena};
    struct node name = {.type = NODE_TEXT, .key = STR("stream"), .text = STR("s")};
    struct node map = {.type = NODE_MAP, .children = &name, .count = 1};

    f->state = arena_zalloc(&f->arena, sink_firehose.state_size);
    setting_fill(sink_firehose.settings, &map, f->state, &findings);
    CHECK_INT(findings.errors, 0);
    sink_firehose.check(f->state, &map, &findings);
    CHECK_INT(findings.errors, 0);
}

static void open_sink(struct fixture *f)
{
    CHECK_INT(sink_firehose.open(f->state, &f->arena, &f->limits, &f->err), 0);
}

static struct fixture *begin(void)
{
    struct fixture *f = xalloc(sizeof(*f));

    set_environment();
    fill(f);
    return f;
}

/* `n` parcels of one document each. */
static void set_parcels(struct fixture *f, str line, uint32_t n)
{
    f->call.parcels = f->pointers;
    f->call.count = n;
    for (uint32_t i = 0; i < n; i++) {
        f->records[i] = (struct record){.entry = &f->entry, .line = line};
        f->documents[i] = (struct document){.record = &f->records[i], .has_newline = true};
        document_measure(&f->documents[i]);
        f->parcels[i] = (struct parcel){.first = &f->documents[i],
                                        .last = &f->documents[i],
                                        .documents = 1,
                                        .bytes = f->documents[i].length,
                                        .outcome = OUTCOME_AGAIN};
        f->pointers[i] = &f->parcels[i];
    }
}

static void end(struct fixture *f)
{
    sink_firehose.close(f->state);
    buf_free(&f->call.body);
    arena_free(&f->call.arena);
    arena_free(&f->arena);
    free(f);
}

static str header(const struct fixture *f, const char *name)
{
    for (uint32_t i = 0; i < f->call.request.header_count; i++) {
        str value = f->call.request.headers[i], found = str_cut(&value, ':');
        if (str_is(found, name))
            return str_trim(value);
    }
    return STR_NONE;
}

/* Vector A: made with botocore. */
static void test_encode_signs_as_published(void)
{
    struct fixture *f = begin();
    open_sink(f);
    set_parcels(f, STR("hello"), 1);
    sink_firehose.encode(f->state, &f->call, NOW_MS);
    const struct http_request *q = &f->call.request;

    CHECK_STR(q->url, STR("https://firehose.us-east-1.amazonaws.com/"));
    CHECK_STR(q->body,
              STR("{\"DeliveryStreamName\":\"s\",\"Records\":[{\"Data\":\"aGVsbG8K\"}]}"));
    CHECK_STR(header(f, "X-Amz-Date"), STR("20260102T030405Z"));
    CHECK_STR(header(f, "Content-Type"), STR("application/x-amz-json-1.1"));
    CHECK_STR(header(f, "X-Amz-Target"), STR("Firehose_20150804.PutRecordBatch"));
    CHECK(str_ends(header(f, "Authorization"),
                   STR("Signature="
                       "5d8db098260cdc9a884aee281b4c743cf0beb8dd9ed6cf6a6d453eafa6aad936")));
    end(f);
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
        struct fixture *f = begin();
        setenv("AWS_SESSION_TOKEN", cases[i].token, 1);
        setenv("AWS_ENDPOINT_URL", cases[i].endpoint, 1);
        open_sink(f);
        set_parcels(f, STR("hello"), 1);
        sink_firehose.encode(f->state, &f->call, NOW_MS);
        CHECK_STR(f->call.request.url, str_of(cases[i].url));
        CHECK_STR(header(f, "X-Amz-Security-Token"), str_of(cases[i].token));
        CHECK(str_ends(header(f, "Authorization"), str_of(cases[i].signature)));
        end(f);
    }
}

static void test_encode_holds_500_records_at_the_limit(void)
{
    enum {
        SIZE = 8388
    }; /* 500 with their newlines: 4,194,500 would be too much for one call */
    struct fixture *f = begin();
    f->state->call_bytes = FIREHOSE_CALL_MAX;
    open_sink(f);
    char *line = xalloc(SIZE);
    memset(line, 'x', SIZE);
    set_parcels(f, (str){line, SIZE - 1}, FIREHOSE_RECORDS_MAX);
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
    end(f);
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
        struct fixture *f = begin();
        setenv("AWS_ACCESS_KEY_ID", cases[i].id, 1);
        setenv("AWS_SECRET_ACCESS_KEY", cases[i].secret, 1);
        setenv("AWS_ENDPOINT_URL_FIREHOSE", cases[i].endpoint, 1);
        CHECK_INT(sink_firehose.open(f->state, &f->arena, &f->limits, &f->err), ERR_CONFIG);
        CHECK(f->err.text[0] != '\0');
        end(f);
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

#define ID "{\"RecordId\":\"x\"}"
/* One letter a record: Delivered, Again, aMbiguous, Refused. */
struct judge_case {
    struct http_answer answer;
    const char *outcomes; /* of PARCELS records; one letter: of all */
    enum fate fate;
    uint32_t culprit;
};

static char letter(enum outcome o)
{
    return "MDAR"[o];
}

static void judge_case(struct fixture *f, const struct judge_case *c, size_t i)
{
    struct judgement j;
    char got[PARCELS + 1] = "", want[PARCELS + 1] = "";

    set_parcels(f, STR("{}"), PARCELS);
    sink_firehose.judge(f->state, &f->call, &c->answer, NOW_MS, &j);
    for (uint32_t k = 0; k < PARCELS; k++) {
        got[k] = letter(f->parcels[k].outcome);
        want[k] = c->outcomes[strlen(c->outcomes) == 1 ? 0 : k];
    }
    if (!str_is(str_of(got), want) || j.fate != c->fate || j.culprit != c->culprit)
        printf("# case %zu: fate %d, culprit %u\n", i, (int)j.fate, j.culprit);
    CHECK_STR(str_of(got), str_of(want));
    CHECK_INT(j.fate, c->fate);
    CHECK_INT(j.culprit, c->culprit);
}

#define WHOLE(code, text)                                                                      \
    {                                                                                          \
        .was_sent = true, .status = (code), .body = STR(text)                                  \
    }
#define BROKEN(sent, code)                                                                     \
    {                                                                                          \
        .failure = "broken", .was_sent = (sent), .status = (code)                              \
    }
#define NAMED(code, name)                                                                      \
    {                                                                                          \
        .was_sent = true, .status = (code), .body = STR("{\"__type\":\"" name "\"}")           \
    }
#define RESPONSES(count, list)                                                                 \
    WHOLE(200, "{\"FailedPutCount\":" count ",\"RequestResponses\":[" list "]}")
#define UNKNOWN UINT32_MAX

static void test_judge_reads_by_index(void)
{
    const struct judge_case cases[] = {
        {RESPONSES("0", ID "," ID "," ID "," ID), "D", FATE_ANSWERED, UNKNOWN},
        /* Blanks, order of members, other members, the words inside a text. */
        {WHOLE(200,
               " { \"RequestResponses\" : [ " ID " , { \"ErrorMessage\" : "
               "\"\\\"FailedPutCount\\\":0\" , \"ErrorCode\" : \"ServiceUnavailableException\" "
               "} , " ID " ,\n" ID "], \"Encrypted\": false, \"FailedPutCount\" : 1 } "),
         "DADD", FATE_ANSWERED, UNKNOWN},
        {RESPONSES("2", ID ",{\"ErrorCode\":\"InternalFailure\",\"ErrorMessage\":\"m\"}," ID
                           ",{\"ErrorCode\":\"ServiceUnavailableException\"}"),
         "DMDA", FATE_ANSWERED, UNKNOWN},
        /* A record id beside an error code is no delivery. */
        {RESPONSES("1", "{\"RecordId\":\"x\",\"ErrorCode\":\"Odd\"}," ID "," ID "," ID), "ADDD",
         FATE_ANSWERED, UNKNOWN},
        {RESPONSES("0", "{\"RecordId\":\"x\",\"ErrorCode\":null}," ID "," ID "," ID), "D",
         FATE_ANSWERED, UNKNOWN},
        {RESPONSES("0", "{}," ID "," ID "," ID), "MDDD", FATE_ANSWERED, UNKNOWN},
        {RESPONSES("1", "{\"ErrorCode\":7}," ID "," ID "," ID), "MDDD", FATE_ANSWERED, UNKNOWN},
        /* What contradicts itself, or answers another call, says nothing. */
        {RESPONSES("0", ID "," ID "," ID), "M", FATE_AGAIN, UNKNOWN},
        {RESPONSES("0", ID "," ID "," ID "," ID "," ID), "M", FATE_AGAIN, UNKNOWN},
        {RESPONSES("0", ""), "M", FATE_AGAIN, UNKNOWN},
        {RESPONSES("1", ID "," ID "," ID "," ID), "M", FATE_AGAIN, UNKNOWN},
        {RESPONSES("0", ID "," ID "," ID ",1"), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(200, "{\"RequestResponses\":[" ID "," ID "," ID "," ID "]}"), "M", FATE_AGAIN,
         UNKNOWN},
        {WHOLE(200, "{\"FailedPutCount\":0}"), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(200, "{\"FailedPutCount\":0,\"RequestResponses\":{}}"), "M", FATE_AGAIN,
         UNKNOWN},
        {WHOLE(200, "{\"FailedPutCount\":0,\"RequestResponses\":[" ID "," ID), "M", FATE_AGAIN,
         UNKNOWN},
        {WHOLE(200, ""), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(200, "<html>ok</html>"), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(204, ""), "M", FATE_AGAIN, UNKNOWN},
    };
    struct fixture *f = begin();

    open_sink(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        judge_case(f, &cases[i], i);
    end(f);
}

static void test_judge_whole_calls(void)
{
    const struct judge_case cases[] = {
        /* The transport before the status. */
        {BROKEN(false, 0), "A", FATE_AGAIN, UNKNOWN},
        {BROKEN(true, 0), "M", FATE_AGAIN, UNKNOWN},
        {BROKEN(true, 200), "M", FATE_AGAIN, UNKNOWN},
        {BROKEN(true, 400), "M", FATE_AGAIN, UNKNOWN},
        {BROKEN(true, 503), "M", FATE_AGAIN, UNKNOWN},
        /* The name before the status. */
        {NAMED(503, "ServiceUnavailableException"), "A", FATE_AGAIN, UNKNOWN},
        {NAMED(500, "ServiceUnavailableException"), "A", FATE_AGAIN, UNKNOWN},
        {NAMED(500, "InternalFailure"), "M", FATE_AGAIN, UNKNOWN},
        {NAMED(400, "InternalFailure"), "M", FATE_AGAIN, UNKNOWN},
        {NAMED(400, "ThrottlingException"), "A", FATE_AGAIN, UNKNOWN},
        {NAMED(400, "LimitExceededException"), "A", FATE_AGAIN, UNKNOWN},
        {NAMED(503, "SlowDown"), "A", FATE_AGAIN, UNKNOWN},
        {NAMED(400, "RequestTimeout"), "A", FATE_AGAIN, UNKNOWN},
        {NAMED(400, "InvalidKMSResourceException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(400, "ResourceNotFoundException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(400, "InvalidSourceException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(400, "AccessDeniedException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(403, "ExpiredTokenException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(400, "UnrecognizedClientException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(403, "InvalidSignatureException"), "A", FATE_HELD, UNKNOWN},
        {NAMED(400, "com.amazonaws.firehose#ResourceNotFoundException"), "A", FATE_HELD,
         UNKNOWN},
        {NAMED(400, "SerializationException"), "R", FATE_REFUSED, UNKNOWN},
        {NAMED(400, "InvalidArgumentException"), "R", FATE_REFUSED, UNKNOWN},
        {WHOLE(400,
               "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: "
               "Value 'x' at 'records.2.member.data' failed\"}"),
         "R", FATE_REFUSED, 2},
        {WHOLE(
             400,
             "{\"__type\":\"ValidationException\",\"Message\":\"at 'Records.3.member.data'\"}"),
         "R", FATE_REFUSED, 3},
        {WHOLE(400, "{\"__type\":\"ValidationException\",\"message\":\"at 'deliveryStreamName' "
                    "failed\"}"),
         "A", FATE_HELD, UNKNOWN},
        {{.was_sent = true,
          .status = 400,
          .error_type = STR("ThrottlingException:http://x.y/z"),
          .body = STR("{\"__type\":\"ValidationException\"}")},
         "A",
         FATE_AGAIN,
         UNKNOWN},
        /* Without a name. */
        {WHOLE(500, "{}"), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(502, "<html>"), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(503, ""), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(504, ""), "M", FATE_AGAIN, UNKNOWN},
        {NAMED(503, "NeverHeardOf"), "M", FATE_AGAIN, UNKNOWN},
        {WHOLE(429, ""), "A", FATE_AGAIN, UNKNOWN},
        {WHOLE(413, ""), "R", FATE_REFUSED, UNKNOWN},
        {WHOLE(302, ""), "A", FATE_HELD, UNKNOWN},
        {WHOLE(400, "what?"), "A", FATE_HELD, UNKNOWN},
        {WHOLE(404, ""), "A", FATE_HELD, UNKNOWN},
        {NAMED(400, "NeverHeardOf"), "A", FATE_HELD, UNKNOWN},
    };
    struct fixture *f = begin();

    open_sink(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        judge_case(f, &cases[i], i);
    end(f);
}

static void test_judge_counts_attempts_of_records_alone(void)
{
    const struct http_answer answer =
        RESPONSES("3", ID ",{\"ErrorCode\":\"InternalFailure\"},{\"ErrorCode\":\"Odd\"},"
                          "{\"ErrorCode\":\"ServiceUnavailableException\"}");
    struct fixture *f = begin();
    struct judgement j;
    open_sink(f);
    set_parcels(f, STR("{}"), PARCELS);
    sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);

    CHECK(f->parcels[1].is_attempt);
    CHECK(f->parcels[2].is_attempt);
    CHECK(!f->parcels[3].is_attempt);
    CHECK_STR(f->parcels[2].code, STR("Odd"));
    end(f);
}

static void test_judge_takes_their_clock_once(void)
{
    static const struct {
        const char *name, *date;
        enum fate first, second;
    } cases[] = {
        {"RequestExpired", "Fri, 02 Jan 2026 05:04:05 GMT", FATE_AT_ONCE, FATE_HELD},
        {"RequestTimeTooSkewed", "Thu, 01 Jan 2026 03:04:05 GMT", FATE_AT_ONCE, FATE_HELD},
        {"SignatureDoesNotMatch", "Fri, 02 Jan 2026 05:04:05 GMT", FATE_AT_ONCE, FATE_HELD},
        {"SignatureDoesNotMatch", "Fri, 02 Jan 2026 03:05:05 GMT", FATE_HELD, FATE_HELD},
        {"RequestExpired", "yesterday", FATE_HELD, FATE_HELD},
        {"RequestExpired", "", FATE_HELD, FATE_HELD},
        {"AccessDenied", "Fri, 02 Jan 2026 05:04:05 GMT", FATE_HELD, FATE_HELD},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin();
        struct http_answer answer = {.was_sent = true,
                                     .status = 403,
                                     .error_type = str_of(cases[i].name),
                                     .date = str_of(cases[i].date)};
        struct judgement j;
        open_sink(f);
        set_parcels(f, STR("{}"), 1);
        sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);
        CHECK_INT(j.fate, cases[i].first);
        sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);
        CHECK_INT(j.fate, cases[i].second);
        if (i == 0) {
            sink_firehose.encode(f->state, &f->call, NOW_MS);
            CHECK_STR(header(f, "X-Amz-Date"), STR("20260102T050405Z"));
        }
        end(f);
    }
}

static void test_judge_reads_a_long_answer(void)
{
    struct fixture *f = begin();
    struct buf body;
    struct judgement j;
    buf_init(&body, 1 << 20);
    open_sink(f);
    set_parcels(f, STR("{}"), FIREHOSE_RECORDS_MAX);
    CHECK(buf_add(&body, STR("{\"FailedPutCount\":1,\"RequestResponses\":[")));
    for (uint32_t i = 0; i < FIREHOSE_RECORDS_MAX; i++)
        CHECK(i == 499 ? buf_add(&body, STR("{\"ErrorCode\":\"InternalFailure\"}"))
                       : buf_printf(&body, "{\"RecordId\":\"%0220u\"},", i));
    CHECK(buf_add(&body, STR("]}")));
    struct http_answer answer = {.was_sent = true, .status = 200, .body = buf_str(&body)};
    sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);

    CHECK(body.n > 110000);
    CHECK_INT(j.fate, FATE_ANSWERED);
    for (uint32_t i = 0; i < FIREHOSE_RECORDS_MAX; i++)
        CHECK_INT(f->parcels[i].outcome, i == 499 ? OUTCOME_AMBIGUOUS : OUTCOME_DELIVERED);
    buf_free(&body);
    end(f);
}

int main(void)
{
    RUN(test_encode_signs_as_published);
    RUN(test_encode_signs_token_and_host);
    RUN(test_encode_holds_500_records_at_the_limit);
    RUN(test_open_wants_both_keys);
    RUN(test_check_knows_the_limits);
    RUN(test_judge_reads_by_index);
    RUN(test_judge_whole_calls);
    RUN(test_judge_counts_attempts_of_records_alone);
    RUN(test_judge_takes_their_clock_once);
    RUN(test_judge_reads_a_long_answer);
    return check_done();
}
