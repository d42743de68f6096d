#pragma once
/* AWS Signature Version 4 (AWS documentation, "Create a signed AWS API request"): a pure
 * function from a request to its Authorization header. The caller sends every header it signs.
 */
#include "common/base/arena.h"
#include "common/base/str.h"

struct sigv4_credentials {
    str id, secret, token; /* token empty: none */
};
struct sigv4_header {
    str name, value; /* any case; any blanks */
};
struct sigv4_request {
    str method, path, query; /* path as sent, percent-encoded once; query without '?' */
    bool is_s3;              /* path is not encoded again nor normalised */
    str region, service;
    uint64_t now_ms; /* ms since the epoch: x-amz-date is made of it */
    const struct sigv4_header
        *headers; /* all to be signed but x-amz-date, x-amz-security-token */
    uint32_t header_count;
    char payload_hash[64]; /* hex of the SHA-256 of the body */
};
/* Fill `date` (16 characters, "20260102T030405Z") and return the value of Authorization, in the
 * arena. Add x-amz-date, and x-amz-security-token when there is a token, to what is sent. */
str sigv4_sign(struct arena *a, const struct sigv4_credentials *c,
               const struct sigv4_request *r, char date[17]) MUST_CHECK;
/* The canonical request and its parts, for a server that checks and for tests. */
str sigv4_canonical(struct arena *a, const struct sigv4_credentials *c,
                    const struct sigv4_request *r, const char date[17],
                    str *signed_headers) MUST_CHECK;
