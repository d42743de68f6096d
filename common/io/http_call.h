#pragma once
/* One call: libcurl's easy handle, the body that goes out, the answer that comes in. http.c
 * drives it; a handle is used again, with what its connection has learned. */
#include <curl/curl.h>

#include "common/io/http.h"

struct http_call {
    struct http *owner;
    struct http_call *next, **link; /* in the list of calls in flight, or of idle ones */
    CURL *easy;
    struct curl_slist *headers;
    str body;
    size_t taken;
    bool may_repeat, is_too_large;
    const char *broken;          /* why we stopped it ourselves */
    char words[CURL_ERROR_SIZE]; /* of libcurl, when it says more than its code */
    struct buf answer;
    struct buf head; /* header lines of the answer */
    bool (*take)(void *ctx, int status, str headers, str piece);
    bool (*may_connect)(void *ctx, const struct sockaddr *to);
    http_done *done;
    void *ctx;
};

struct http_call *http_call_new(struct http *owner) MUST_CHECK;
void http_call_free(struct http_call *c);
void http_call_begin(struct http_call *c, const struct http_request *q, http_done *done,
                     void *ctx);
void http_call_tell(struct http_call *c, CURLcode code); /* its caller how it ended */
void http_call_end(struct http_call *c); /* what belonged to the call is forgotten */
