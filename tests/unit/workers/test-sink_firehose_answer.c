#include "tests/unit/workers/firehose.h"

enum { PARCELS = 4 };

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

    firehose_parcels(f, STR("{}"), PARCELS);
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
    struct fixture *f = firehose_begin();

    firehose_open(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        judge_case(f, &cases[i], i);
    firehose_end(f);
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
    struct fixture *f = firehose_begin();

    firehose_open(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        judge_case(f, &cases[i], i);
    firehose_end(f);
}

static void test_judge_counts_attempts_of_records_alone(void)
{
    const struct http_answer answer =
        RESPONSES("3", ID ",{\"ErrorCode\":\"InternalFailure\"},{\"ErrorCode\":\"Odd\"},"
                          "{\"ErrorCode\":\"ServiceUnavailableException\"}");
    struct fixture *f = firehose_begin();
    struct judgement j;
    firehose_open(f);
    firehose_parcels(f, STR("{}"), PARCELS);
    sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);

    CHECK(f->parcels[1].is_attempt);
    CHECK(f->parcels[2].is_attempt);
    CHECK(!f->parcels[3].is_attempt);
    CHECK_STR(f->parcels[2].code, STR("Odd"));
    firehose_end(f);
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
        struct fixture *f = firehose_begin();
        struct http_answer answer = {.was_sent = true,
                                     .status = 403,
                                     .error_type = str_of(cases[i].name),
                                     .date = str_of(cases[i].date)};
        struct judgement j;
        firehose_open(f);
        firehose_parcels(f, STR("{}"), 1);
        sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);
        CHECK_INT(j.fate, cases[i].first);
        sink_firehose.judge(f->state, &f->call, &answer, NOW_MS, &j);
        CHECK_INT(j.fate, cases[i].second);
        if (i == 0) {
            sink_firehose.encode(f->state, &f->call, NOW_MS);
            CHECK_STR(firehose_header(f, "X-Amz-Date"), STR("20260102T050405Z"));
        }
        firehose_end(f);
    }
}

static void test_judge_reads_a_long_answer(void)
{
    struct fixture *f = firehose_begin();
    struct buf body;
    struct judgement j;
    buf_init(&body, 1 << 20);
    firehose_open(f);
    firehose_parcels(f, STR("{}"), FIREHOSE_RECORDS_MAX);
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
    firehose_end(f);
}

int main(void)
{
    RUN(test_judge_reads_by_index);
    RUN(test_judge_whole_calls);
    RUN(test_judge_counts_attempts_of_records_alone);
    RUN(test_judge_takes_their_clock_once);
    RUN(test_judge_reads_a_long_answer);
    return check_done();
}
