#include "tools/firehose_local/auth.h"

#include <inttypes.h>
#include <strings.h>
#include <time.h>

#include "common/data/digest.h"

enum { SKEW_MS = 5 * 60 * 1000 }; /* IAM guide, "Elements of an AWS API request signature" */

struct claim { /* what the Authorization header says */
    str id, date, region, service, signed_headers, signature;
};

static bool fail(struct failure *failure, const char *name, str message)
{
    *failure = FAILURE(400, name, message);
    return false;
}

/* "name=value" off the front of a list with commas. */
static bool cut_part(str *rest, str name, str *value)
{
    str part = str_trim(str_cut(rest, ','));

    if (!str_starts(part, name))
        return false;
    *value = (str){part.p + name.n, part.n - name.n};
    return value->n > 0;
}

static bool read_claim(str header, struct claim *c)
{
    str scope, prefix = STR("AWS4-HMAC-SHA256 ");

    if (!str_starts(header, prefix))
        return false;
    str rest = {header.p + prefix.n, header.n - prefix.n};
    if (!cut_part(&rest, STR("Credential="), &scope) ||
        !cut_part(&rest, STR("SignedHeaders="), &c->signed_headers) ||
        !cut_part(&rest, STR("Signature="), &c->signature) || rest.n)
        return false;
    c->id = str_cut(&scope, '/');
    c->date = str_cut(&scope, '/');
    c->region = str_cut(&scope, '/');
    c->service = str_cut(&scope, '/');
    return str_is(scope, "aws4_request");
}

static bool read_date(str text, uint64_t *ms)
{
    struct tm utc = {0};
    char copy[17];

    if (text.n != 16)
        return false;
    memcpy(copy, text.p, 16);
    copy[16] = '\0';
    const char *end = strptime(copy, "%Y%m%dT%H%M%SZ", &utc);
    time_t seconds = end && !*end ? timegm(&utc) : -1;
    *ms = (uint64_t)seconds * 1000;
    return seconds >= 0;
}

/* The headers that the signature covers, but those that sigv4 adds itself. */
static uint32_t collect(struct server_request *q, const struct claim *c,
                        struct sigv4_header *headers, bool *has_token)
{
    uint32_t n = 0;
    str name, value;

    for (uint32_t i = 0; server_header_at(q, i, &name, &value); i++) {
        bool is_signed = false,
             is_token = name.n == 20 && strncasecmp(name.p, "x-amz-security-token", 20) == 0;
        for (str rest = c->signed_headers; rest.n && !is_signed;) {
            str one = str_cut(&rest, ';');
            is_signed = one.n == name.n && strncasecmp(one.p, name.p, name.n) == 0;
        }
        *has_token |= is_signed && is_token;
        if (is_signed && !is_token &&
            !(name.n == 10 && strncasecmp(name.p, "x-amz-date", 10) == 0))
            headers[n++] = (struct sigv4_header){name, value};
    }
    return n;
}

static bool is_signature_good(const struct auth *auth, struct server_request *q,
                              const struct claim *c, uint64_t date_ms, struct arena *a)
{
    struct sigv4_header headers[100]; /* the server takes no more */
    struct sigv4_credentials keys = {.id = auth->id, .secret = auth->secret};
    unsigned char hash[DIGEST_BYTES];
    bool has_token = false;
    char date[17];
    struct sigv4_request r = {.method = server_method(q),
                              .path = server_path(q),
                              .query = server_query(q),
                              .region = c->region,
                              .service = c->service,
                              .now_ms = date_ms,
                              .headers = headers,
                              .header_count = collect(q, c, headers, &has_token)};

    if (has_token)
        keys.token = server_header(q, "x-amz-security-token");
    digest_sha256(server_body(q), hash);
    digest_hex(hash, r.payload_hash);
    str ours = sigv4_sign(a, &keys, &r, date), tail = {ours.p + ours.n - 64, 64};
    return digest_equal(tail, c->signature);
}

static bool check_time(uint64_t date_ms, uint64_t now_ms, struct arena *a,
                       struct failure *failure)
{
    if (date_ms + SKEW_MS < now_ms)
        return fail(failure, "InvalidSignatureException",
                    arena_printf(a,
                                 "Signature expired: signed %" PRIu64 " s ago, and 300 s are "
                                 "allowed.",
                                 (now_ms - date_ms) / 1000));
    if (now_ms + SKEW_MS < date_ms)
        return fail(failure, "InvalidSignatureException",
                    arena_printf(a,
                                 "Signature not yet current: signed %" PRIu64 " s ahead, and "
                                 "300 s are allowed.",
                                 (date_ms - now_ms) / 1000));
    return true;
}

bool auth_check(const struct auth *auth, struct server_request *q, uint64_t now_ms,
                struct arena *a, struct failure *failure)
{
    str header = server_header(q, "authorization"), date = server_header(q, "x-amz-date");
    struct claim c = {0};
    uint64_t date_ms;

    if (auth->is_off)
        return true;
    if (header.n == 0)
        return fail(failure, "MissingAuthenticationToken", STR("Missing Authentication Token"));
    if (!read_claim(header, &c))
        return fail(failure, "IncompleteSignature",
                    STR("Authorization header requires 'Credential', 'SignedHeaders' and "
                        "'Signature' parameters, in this order."));
    if (!read_date(date, &date_ms) || !str_starts(date, c.date) || c.date.n != 8)
        return fail(failure, "IncompleteSignature",
                    STR("X-Amz-Date must be there, and of the date in Credential."));
    if (!str_equal(c.id, auth->id))
        return fail(failure, "UnrecognizedClientException",
                    STR("The security token included in the request is invalid."));
    if (!str_is(c.service, "firehose") ||
        (auth->region.n && !str_equal(c.region, auth->region)))
        return fail(failure, "InvalidSignatureException",
                    STR("Credential should be scoped to a valid region and to the service "
                        "firehose."));
    if (!check_time(date_ms, now_ms, a, failure))
        return false;
    if (is_signature_good(auth, q, &c, date_ms, a))
        return true;
    return fail(failure, "InvalidSignatureException",
                STR("The request signature we calculated does not match the signature you "
                    "provided. Check your AWS Secret Access Key and signing method."));
}
