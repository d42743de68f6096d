#pragma once
/* HTTP client: libcurl's multi interface on the loop. No redirects, no proxy, no `Expect`, only
 * http and https, connections kept. SSL_CERT_FILE names other authorities than the system's.
 * The result of a call is transport code and status and body. A body is sent at most once,
 * unless it says that it may be repeated: a kept connection that closes before the answer is a
 * failure. */
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/io/loop.h"

struct http;
struct sockaddr;
struct http_call; /* one in flight */
struct http_request {
    str method, url;    /* url NUL-terminated */
    const str *headers; /* "Name: value", NUL-terminated */
    uint32_t header_count;
    str body;            /* must live until `done` */
    uint64_t timeout_ms; /* whole call; 0: none */
    uint64_t silence_ms; /* without a byte, unless it is paused; 0: any */
    size_t max_answer;   /* bytes of the body; more is a transport error */
    /* Optional, for bodies of 200 and 206: pieces as they come; false: pause, the same piece
     * comes again behind http_go_on(). The body of the answer is empty then. */
    bool (*take)(void *ctx, int status, str headers, str piece);
    /* Optional: may this address be connected to? No kept connection is used then, unless all
     * calls of this client ask alike. */
    bool (*may_connect)(void *ctx, const struct sockaddr *to);
    bool asks_alike;
    bool may_repeat; /* sending the body twice does no harm */
};
struct http_answer {
    const char *failure; /* NULL: a whole answer came; else what broke, libcurl's words; valid
                            in the callback only */
    bool was_sent;     /* with a failure: some byte of the request may have reached the peer */
    bool is_too_large; /* that is what broke */
    int status;
    str body;    /* valid in the callback only */
    str headers; /* lines, for http_header() */
    str date, error_type, request_id,
        retry_after; /* headers Date, X-Amzn-ErrorType, X-Amzn-RequestId, Retry-After; empty:
                        none */
    str redirect;    /* absolute URL; empty: none */
    uint64_t elapsed_us;
};
typedef void http_done(void *ctx, const struct http_answer *answer);

struct http *http_new(struct loop *l, struct error *err) MUST_CHECK;
void http_keep(struct http *h, uint32_t connections); /* of those nobody uses (32) */
void http_free(struct http *h); /* no callback runs any more; not from inside one */
/* `done` runs later, from the loop, and may send and cancel other calls. Never NULL. */
struct http_call *http_send(struct http *h, const struct http_request *q, http_done *done,
                            void *ctx);
void http_go_on(struct http_call *c); /* behind a pause; `take` may run inside */
str http_header(str headers, const char *name) MUST_CHECK; /* the last one; empty: none */
bool http_date(str text, uint64_t *ms) MUST_CHECK; /* a header's date, since the epoch */
/* How long Retry-After asks to wait, in seconds or up to a date; 0: it does not. At most an
 * hour. */
uint64_t http_retry_after_ms(const struct http_answer *a, uint64_t now_ms) MUST_CHECK;
void http_cancel(struct http_call *c); /* its callback never runs */
