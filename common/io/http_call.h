#pragma once
/* One call: libcurl's easy handle, the body that goes out, the answer that comes in. http.c
 * drives it; a handle is used again, with what its connection has learned. */
#include <curl/curl.h>

#include "common/io/http.h"

struct captured { /* a header of the answer that somebody asks for */
    char text[256];
    size_t n;
};
enum { CAPTURE_DATE, CAPTURE_ERROR_TYPE, CAPTURE_REQUEST_ID, CAPTURE_RETRY_AFTER, CAPTURES };
struct http_call {
    struct http *owner;
    struct http_call *next, **link; /* in the list of calls in flight, or of idle ones */
    CURL *easy;
    struct curl_slist *headers;
    str body;
    size_t taken, max_answer, header_bytes;
    const char *broken;          /* why we stopped it ourselves */
    char words[CURL_ERROR_SIZE]; /* of libcurl, when it says more than its code */
    struct buf answer;
    struct captured captured[CAPTURES];
    http_done *done;
    void *ctx;
};

struct http_call *http_call_new(struct http *owner) MUST_CHECK;
void http_call_free(struct http_call *c);
void http_call_begin(struct http_call *c, const struct http_request *q, http_done *done,
                     void *ctx);
void http_call_tell(struct http_call *c, CURLcode code); /* its caller how it ended */
void http_call_end(struct http_call *c); /* what belonged to the call is forgotten */
