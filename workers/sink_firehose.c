/* Amazon Data Firehose: PutRecordBatch. Documents are written, encoded and hashed a Firehose
 * record at a time, so that each piece is still in the cache when the next step reads it. What
 * an answer means stands in sink_firehose_answer.c. */
#include "workers/sink_firehose.h"

#include <assert.h>
#include <stdlib.h>

#include "common/io/aws.h"

enum { CALL_TIMEOUT_MS = 60000, IN_FLIGHT_MAX = 64, BODIES_MAX = 32 << 20, WRAP_BYTES = 16 };

#define SETTING(key, kind, standard, text)                                                     \
    {                                                                                          \
        #key, SETTING_##kind, standard, offsetof(struct firehose, key), text                   \
    }
const struct setting sink_firehose_settings[] = {
    SETTING(stream, STR, NULL, "Name of the delivery stream, 1 to 64 of a-z A-Z 0-9 _ . -"),
    SETTING(region, STR, "", "AWS region; else AWS_REGION, AWS_DEFAULT_REGION, us-east-1."),
    SETTING(endpoint, STR, "",
            "Base URL of the service; else AWS_ENDPOINT_URL_FIREHOSE, AWS_ENDPOINT_URL, the "
            "region's own."),
    SETTING(pack, BOOL, "true",
            "Put many documents into one Firehose record, which is billed in steps of 5 KiB. "
            "Not for OpenSearch."),
    SETTING(newline, BOOL, "true", "End each document with a newline, when not packing."),
    SETTING(record_bytes, BYTES, "100KiB",
            "Fill a Firehose record up to this size, at most 1000KiB."),
    SETTING(call_bytes, BYTES, "1MiB", "Bytes of one call before encoding, at most 4MiB."),
    SETTING(in_flight, COUNT, "4", "Calls at the same time, 1 to 64."),
    SETTING(source, BOOL, "true",
            "Add sp_source: URI, version, row and offset that a document comes from."),
    {0},
};

static bool is_stream_name(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!(ascii_is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return s.n >= 1 && s.n <= 64;
}

static void check(const void *state, const struct node *config, struct findings *f)
{
    const struct firehose *s = state;

    if (!is_stream_name(s->stream))
        findings_error(f, node_at(config, "stream"), (uint32_t)MAX(s->stream.n, (size_t)1),
                       "stream must be 1 to 64 characters of a-z A-Z 0-9 _ . -");
    if (s->record_bytes < 1 || s->record_bytes > FIREHOSE_RECORD_MAX)
        findings_error(f, node_at(config, "record_bytes"), 1,
                       "record_bytes must be 1 to 1000KiB: Firehose takes no larger record");
    if (s->call_bytes < s->record_bytes || s->call_bytes > FIREHOSE_CALL_MAX)
        findings_error(f, node_at(config, "call_bytes"), 1,
                       "call_bytes must be from record_bytes to 4MiB: Firehose takes no more");
    if (s->in_flight < 1 || s->in_flight > IN_FLIGHT_MAX)
        findings_error(f, node_at(config, "in_flight"), 1, "in_flight must be 1 to 64");
    else if (s->call_bytes <= FIREHOSE_CALL_MAX &&
             s->in_flight * BASE64_LENGTH(s->call_bytes) > BODIES_MAX)
        findings_error(f, node_at(config, "in_flight"), 1,
                       "in_flight times call_bytes must not need more than 32 MiB of memory");
}

static int find_service(struct firehose *f, struct arena *a, struct error *err)
{
    struct aws_endpoint e;

    f->region = aws_region(a, f->region);
    f->endpoint = aws_endpoint_url(f->endpoint, "FIREHOSE");
    if (f->endpoint.n == 0)
        f->endpoint =
            arena_printf(a, "https://firehose." STR_FMT ".amazonaws.com", STR_ARG(f->region));
    if (aws_endpoint_parse(a, f->endpoint, &e, err) != 0)
        return error_wrap(err, "the Firehose endpoint");
    f->host = e.host;
    f->path = e.path;
    f->url = arena_printf(a, "%s" STR_FMT STR_FMT, e.is_tls ? "https://" : "http://",
                          STR_ARG(f->host), STR_ARG(f->path));
    return 0;
}

static int firehose_open(void *state, struct arena *a, struct credentials *credentials,
                         struct sink_limits *limits, struct error *err)
{
    struct firehose *f = state;

    if (find_service(f, a, err) != 0)
        return err->code;
    if (!credentials)
        credentials = f->own = credentials_new(NULL);
    f->credentials = credentials;
    if (credentials_check(credentials, err) != 0) {
        credentials_free(f->own);
        f->own = NULL;
        return err->code;
    }
    *limits = (struct sink_limits){
        .document_bytes = FIREHOSE_RECORD_MAX,
        .parcel_bytes = f->pack ? f->record_bytes : 0,
        .parcel_records = FIREHOSE_RECORDS_MAX,
        .unit_bytes = FIREHOSE_UNIT,
        .call_bytes = f->call_bytes,
        .call_parcels = FIREHOSE_RECORDS_MAX,
        .in_flight = (uint32_t)f->in_flight,
        .wants_newline = f->pack || f->newline,
        .wants_source = f->source,
    };
    f->digest = digest_new();
    f->raw = xalloc(FIREHOSE_RECORD_MAX);
    f->body_max = BASE64_LENGTH(MAX(f->call_bytes, (uint64_t)FIREHOSE_RECORD_MAX)) +
                  (FIREHOSE_RECORDS_MAX + 8) * WRAP_BYTES + f->stream.n;
    return 0;
}

static bool firehose_is_ready(void *state)
{
    const struct firehose *f = state;
    const char *why;

    return credentials_get(f->credentials, &why) != NULL;
}

static void firehose_close(void *state)
{
    struct firehose *f = state;

    credentials_free(f->own);
    f->own = NULL;
    digest_free(f->digest);
    free(f->raw);
    f->digest = NULL;
    f->raw = NULL;
}

static char *put(char *out, str s)
{
    memcpy(out, s.p, s.n);
    return out + s.n;
}

static char *put_record(struct firehose *f, const struct parcel *p, char *out)
{
    char *end = f->raw;

    for (const struct document *d = p->first;; d = d->next) {
        end = document_write(d, end);
        if (d == p->last)
            break;
    }
    assert((size_t)(end - f->raw) <= MIN(p->bytes, (size_t)FIREHOSE_RECORD_MAX));
    out = put(out, STR("{\"Data\":\""));
    out = base64_encode(out, (str){f->raw, (size_t)(end - f->raw)});
    return put(out, STR("\"}"));
}

static void write_body(struct firehose *f, struct call *c, char hash[2 * DIGEST_BYTES])
{
    unsigned char sum[DIGEST_BYTES];

    c->body.max = f->body_max;
    buf_reset(&c->body);
    if (!buf_reserve(&c->body, f->body_max))
        die("a body larger than its cap");
    digest_reset(f->digest);
    char *out = put(c->body.p, STR("{\"DeliveryStreamName\":\"")), *hashed = c->body.p;
    out = put(put(out, f->stream), STR("\",\"Records\":["));
    for (uint32_t i = 0; i < c->count; i++) {
        if (i)
            *out++ = ',';
        out = put_record(f, c->parcels[i], out);
        digest_add(f->digest, (str){hashed, (size_t)(out - hashed)});
        hashed = out;
    }
    out = put(out, STR("]}"));
    digest_add(f->digest, (str){hashed, (size_t)(out - hashed)});
    digest_end(f->digest, sum);
    digest_hex(sum, hash);
    c->body.n = (size_t)(out - c->body.p);
    assert(c->body.n <= f->body_max);
}

static void add_header(struct call *c, const char *name, str value)
{
    assert(c->request.header_count < CALL_HEADERS);
    c->headers[c->request.header_count++] =
        arena_printf(&c->arena, "%s: " STR_FMT, name, STR_ARG(value));
}

static void firehose_encode(void *state, struct call *c, uint64_t now_ms)
{
    struct firehose *f = state;
    const struct sigv4_header signed_headers[] = {
        {STR("content-type"), STR("application/x-amz-json-1.1")},
        {STR("host"), f->host},
        {STR("x-amz-target"), STR("Firehose_20150804.PutRecordBatch")},
    };
    struct sigv4_request r = {
        .method = STR("POST"),
        .path = f->path,
        .region = f->region,
        .service = STR("firehose"),
        .now_ms = now_ms + (uint64_t)f->clock_offset_ms,
        .headers = signed_headers,
        .header_count = ARRAY_LEN(signed_headers),
    };
    const struct sigv4_credentials *keys = credentials_last(f->credentials);
    char date[17];

    arena_reset(&c->arena);
    write_body(f, c, r.payload_hash);
    str authorization = sigv4_sign(&c->arena, keys, &r, date);
    c->request = (struct http_request){
        .method = STR("POST"),
        .url = f->url,
        .headers = c->headers,
        .body = buf_str(&c->body),
        .timeout_ms = CALL_TIMEOUT_MS,
        .max_answer = FIREHOSE_ANSWER_MAX,
    };
    add_header(c, "Content-Type", signed_headers[0].value);
    add_header(c, "X-Amz-Target", signed_headers[2].value);
    add_header(c, "X-Amz-Date", (str){date, 16});
    add_header(c, "Authorization", authorization);
    add_header(c, "User-Agent", STR("standpipe/" STANDPIPE_VERSION));
    if (keys->token.n)
        add_header(c, "X-Amz-Security-Token", keys->token);
}

static str firehose_url(const void *state)
{
    return ((const struct firehose *)state)->url;
}

const struct sink sink_firehose = {
    .name = "firehose",
    .summary = "Send documents to an Amazon Data Firehose stream with PutRecordBatch.",
    .state_size = sizeof(struct firehose),
    .settings = sink_firehose_settings,
    .check = check,
    .open = firehose_open,
    .is_ready = firehose_is_ready,
    .encode = firehose_encode,
    .judge = firehose_judge,
    .close = firehose_close,
    .url = firehose_url,
};
