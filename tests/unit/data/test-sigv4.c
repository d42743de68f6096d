#include "common/data/sigv4.h"

#include "common/data/digest.h"
#include "tests/unit/check.h"

/* A str in a static table, where a compound literal is no constant. */
#define TEXT(literal)                                                                          \
    {                                                                                          \
        (literal), sizeof(literal) - 1                                                         \
    }

/* Vectors made with botocore and checked by a second implementation; the first and the third
 * with libcurl besides. */
static const struct sigv4_credentials keys = {
    TEXT("AKIDEXAMPLE"), TEXT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), TEXT("")};

enum { NOW_S = 1767323045 }; /* 2026-01-02 03:04:05 UTC */

static const struct sigv4_header firehose[] = {
    {TEXT("content-type"), TEXT("application/x-amz-json-1.1")},
    {TEXT("host"), TEXT("firehose.us-east-1.amazonaws.com")},
    {TEXT("x-amz-target"), TEXT("Firehose_20150804.PutRecordBatch")}};
static const struct sigv4_header local[] = {
    {TEXT("X-Amz-Target"), TEXT("  Firehose_20150804.PutRecordBatch")},
    {TEXT("Content-Type"), TEXT("application/x-amz-json-1.1\t")},
    {TEXT("Host"), TEXT("127.0.0.1:4566")}};
static const struct sigv4_header ranged[] = {
    {TEXT("host"), TEXT("s3.us-east-1.amazonaws.com")},
    {TEXT("range"), TEXT("bytes=10-")},
    {TEXT("if-match"), TEXT("\"etag\"")},
    {TEXT("x-amz-content-sha256"),
     TEXT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")}};
static const struct sigv4_header listing[] = {
    {TEXT("host"), TEXT("s3.us-east-1.amazonaws.com")},
    {TEXT("x-amz-content-sha256"),
     TEXT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")}};
static const struct sigv4_header lambda[] = {
    {TEXT("host"), TEXT("lambda.us-east-1.amazonaws.com")}};

#define REQUEST(m, p, q, svc, h)                                                               \
    {                                                                                          \
        .method = TEXT(m), .path = TEXT(p), .query = TEXT(q), .service = TEXT(svc),            \
        .headers = (h), .header_count = ARRAY_LEN(h), .region = TEXT("us-east-1"),             \
        .now_ms = NOW_S * 1000ULL                                                              \
    }
#define PUT_BATCH "{\"DeliveryStreamName\":\"s\",\"Records\":[{\"Data\":\"aGVsbG8K\"}]}"

static const struct {
    struct sigv4_request request;
    const char *token, *body, *names, *canonical_hash, *signature;
} vectors[] = {
    {REQUEST("POST", "/", "", "firehose", firehose), "", PUT_BATCH,
     "content-type;host;x-amz-date;x-amz-target",
     "6df9306f45a247f0eff86ec915bebc6cd8685d3ba2278d9852c049d4de6e5d5c",
     "5d8db098260cdc9a884aee281b4c743cf0beb8dd9ed6cf6a6d453eafa6aad936"},
    {REQUEST("POST", "/", "", "firehose", firehose), "TOKEN/+=", PUT_BATCH,
     "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
     "f08c35bf42cd977e3226e2c004b1ff48f4251610ba8ee528b8075223d33b2423",
     "c247abe36507ea26d5abe15d5e336fc485632e0cb3efe2c571b863351e55e639"},
    {REQUEST("POST", "", "", "firehose", local), "", PUT_BATCH,
     "content-type;host;x-amz-date;x-amz-target",
     "1d6347de90b49ab105a1aea5109435f1255174687ed6fa95b3c5805a2b53aba6",
     "a66fcab87967393e018899c90809c079e64a8cc33b2de3610ec0a147dfbac3c1"},
    {REQUEST("GET", "/my-bucket/a%20b%2Bc/%C3%A9%3D1%2C2~%28x%29.csv", "", "s3", ranged), "",
     "", "host;if-match;range;x-amz-content-sha256;x-amz-date",
     "99a78f8f7599b383dee7f366927129c6ec4d4fd32ad98497511ae619fb227210",
     "86a84b88266653fdf53252a6687dd505e262f014b850d3d58f8831753d60ae09"},
    {REQUEST("GET", "/my-bucket", "prefix=a%2Fb%20c&list-type=2", "s3", listing), "", "",
     "host;x-amz-content-sha256;x-amz-date",
     "9411b121c7a5881341cfd940c7e5b56b2b21535cd66b0236f574c87867bcbec5",
     "9e91e1bfb720e77446178da97c10f77bd29df236a3f5b38dbb3f3502fdb4de85"},
    {REQUEST("POST",
             "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction"
             "%3Af/invocations",
             "", "lambda", lambda),
     "", "{}", "host;x-amz-date",
     "13dde923cf5bbb9b6575f2dbe91cbe627966e2a08ec787ed8eb386f8632a2953",
     "07ba4518e3660560a62f8e7df8c43e737ab6c1ce6c177d64aa27da15b2ff4ed3"},
};

static str sha256_hex(str bytes, char out[2 * DIGEST_BYTES])
{
    unsigned char digest[DIGEST_BYTES];

    digest_sha256(bytes, digest);
    digest_hex(digest, out);
    return (str){out, (size_t)2 * DIGEST_BYTES};
}

static void test_sigv4_vectors(void)
{
    struct arena a = {0};
    char date[17], hex[2 * DIGEST_BYTES];
    str names;

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct sigv4_request r = vectors[i].request;
        struct sigv4_credentials c = keys;
        c.token = str_of(vectors[i].token);
        r.is_s3 = str_is(r.service, "s3");
        sha256_hex(str_of(vectors[i].body), r.payload_hash);

        str header = sigv4_sign(&a, &c, &r, date);
        CHECK_STR(str_of(date), STR("20260102T030405Z"));
        str canonical = sigv4_canonical(&a, &c, &r, date, &names);
        CHECK_STR(sha256_hex(canonical, hex), str_of(vectors[i].canonical_hash));
        CHECK_STR(names, str_of(vectors[i].names));
        str want = arena_printf(&a,
                                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/"
                                "%.*s/aws4_request, SignedHeaders=%s, Signature=%s",
                                STR_ARG(r.service), vectors[i].names, vectors[i].signature);
        CHECK_STR(header, want);
    }
    arena_free(&a);
}

static void test_sigv4_signing_keys(void)
{
    static const struct {
        const char *text, *want;
    } steps[] = {
        {"20260102", "4a94b7301bf76bc4db30e0c4fffd8434ec90b24fbe8ece2d7b3edb20adc3beb1"},
        {"us-east-1", "c03bbff058855983bc2f24106a6048a046854884abfae2560ef7bcd6d9296e36"},
        {"firehose", NULL},
        {"aws4_request", "929423373193ce1e112d661195e252335aa087b72bbcc69c54a5c7a6489bbb66"},
    };
    unsigned char key[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES];
    str with = STR("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        digest_hmac(with, str_of(steps[i].text), key);
        with = (str){(const char *)key, DIGEST_BYTES};
        digest_hex(key, hex);
        if (steps[i].want)
            CHECK_STR(((str){hex, sizeof(hex)}), str_of(steps[i].want));
    }
}

/* What stands in the first lines of the canonical request. */
static void check_line(const struct sigv4_request *r, uint32_t line, const char *want)
{
    struct arena a = {0};
    str names, found = STR_NONE, rest;

    rest = sigv4_canonical(&a, &keys, r, "20260102T030405Z", &names);
    for (uint32_t i = 0; i <= line; i++)
        found = str_cut(&rest, '\n');
    CHECK_STR(found, str_of(want));
    arena_free(&a);
}

static void test_sigv4_paths(void)
{
    static const struct {
        const char *path, *s3, *others;
    } cases[] = {
        {"", "/", "/"},
        {"/", "/", "/"},
        {"/a//b/", "/a//b/", "/a/b/"},
        {"/a/./b/../c", "/a/./b/../c", "/a/c"},
        {"/../..", "/../..", "/"},
        {"/a/..", "/a/..", "/"},
        {"/a%20b/*~", "/a%20b/*~", "/a%2520b/%2A~"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sigv4_request r = {.method = STR("GET"), .path = str_of(cases[i].path)};
        check_line(&r, 1, cases[i].others);
        r.is_s3 = true;
        check_line(&r, 1, cases[i].s3);
    }
}

static void test_sigv4_queries(void)
{
    static const struct {
        const char *query, *want;
    } cases[] = {
        {"", ""},
        {"uploads", "uploads="},
        {"b=2&a=1", "a=1&b=2"},
        {"a=2&a=1&a", "a=&a=1&a=2"},
        {"a-b=1&a=1", "a=1&a-b=1"},
        {"k=%c3%a9&j=a/b:c", "j=a%2Fb%3Ac&k=%C3%A9"},
        {"k=100%&j=%4", "j=%254&k=100%25"},
        {"k==&", "k=%3D"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sigv4_request r = {.method = STR("GET"), .query = str_of(cases[i].query)};
        check_line(&r, 2, cases[i].want);
    }
}

static void test_sigv4_headers_are_folded_sorted_and_joined(void)
{
    static const struct sigv4_header headers[] = {
        {TEXT("X-Amz-Meta-A-B"), TEXT("  one \t two  ")},
        {TEXT("x-amz-meta-a"), TEXT("2")},
        {TEXT("X-AMZ-META-A"), TEXT("1")},
        {TEXT("Host"), TEXT("")}};
    struct sigv4_request r = {.method = STR("GET"), .headers = headers, .header_count = 4};

    check_line(&r, 3, "host:");
    check_line(&r, 4, "x-amz-date:20260102T030405Z");
    check_line(&r, 5, "x-amz-meta-a:2,1");
    check_line(&r, 6, "x-amz-meta-a-b:one two");
    check_line(&r, 7, "");
    check_line(&r, 8, "host;x-amz-date;x-amz-meta-a;x-amz-meta-a-b");
}

int main(void)
{
    RUN(test_sigv4_vectors);
    RUN(test_sigv4_signing_keys);
    RUN(test_sigv4_paths);
    RUN(test_sigv4_queries);
    RUN(test_sigv4_headers_are_folded_sorted_and_joined);
    return check_done();
}
