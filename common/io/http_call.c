/* The one thing to know: a body is handed over by a callback that cannot be rewound, because
 * libcurl quietly sends a request again when a kept connection closes before the answer. The
 * first copy may have been carried out, and only the caller may decide to send another. */
#include "common/io/http_call.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    CONNECT_MS = 5000,
    NAMES_S = 5, /* how long an address is believed: a service that moves is found again */
    HEADER_BYTES = 64 << 10,  /* of one answer */
    UPLOAD_BYTES = 512 << 10, /* copied from the body at once */
    KEEP_BYTES = 1 << 20,     /* an answer's buffer that is worth keeping */
};
static size_t on_read(char *to, size_t size, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    size_t take = MIN(size * n, c->body.n - c->taken);

    if (take)
        memcpy(to, c->body.p + c->taken, take);
    c->taken += take;
    return take;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct http_call *c = ctx;

    if ((c->taken == 0 || c->may_repeat) && offset == 0 && origin == SEEK_SET) {
        c->taken = 0;
        return CURL_SEEKFUNC_OK;
    }
    c->broken = "the connection closed before an answer";
    return CURL_SEEKFUNC_FAIL;
}

static size_t on_write(char *bytes, size_t size, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    str piece = {bytes, size * n};
    long status = 0;

    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (c->take && (status == 200 || status == 206))
        return c->take(c->ctx, (int)status, buf_str(&c->head), piece) ? piece.n
                                                                      : CURL_WRITEFUNC_PAUSE;
    if (buf_add(&c->answer, piece))
        return piece.n;
    c->is_too_large = true;
    c->broken = "the answer is larger than its cap";
    return 0;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    str line = {bytes, size * n};

    if (str_starts(line, STR("HTTP/"))) /* what came before belonged to a 1xx */
        buf_reset(&c->head);
    if (buf_add(&c->head, line))
        return line.n;
    c->broken = "the headers of the answer are larger than their cap";
    return 0;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct http_call *c = ctx;

    (void)purpose;
    if (!c->may_connect || c->may_connect(c->ctx, &to->addr))
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    c->broken = "the address may not be connected to";
    return CURL_SOCKET_BAD;
}

static void set_fixed_options(struct http_call *c)
{
    CURL *e = c->easy;
    const char *authorities = getenv("SSL_CERT_FILE");

    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->words);
    if (authorities && *authorities)
        curl_easy_setopt(e, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAMES_S);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(e, CURLOPT_READDATA, c);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(e, CURLOPT_SEEKDATA, c);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
}

struct http_call *http_call_new(struct http *owner)
{
    struct http_call *c = xalloc(sizeof(*c));

    c->owner = owner;
    c->easy = curl_easy_init();
    if (!c->easy)
        out_of_memory();
    buf_init(&c->head, HEADER_BYTES);
    set_fixed_options(c);
    return c;
}

void http_call_free(struct http_call *c)
{
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    buf_free(&c->answer);
    buf_free(&c->head);
    free(c);
}

static void add_header(struct http_call *c, const char *line)
{
    struct curl_slist *list = curl_slist_append(c->headers, line);

    if (!list)
        out_of_memory();
    c->headers = list;
}

static void set_method(struct http_call *c, str method)
{
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, NULL);
    if (str_is(method, "GET")) {
        curl_easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    char name[16] = "";
    assert(method.n < sizeof(name));
    memcpy(name, method.p, method.n);
    curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
    if (strcmp(name, "POST") != 0)
        curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, name);
}

void http_call_begin(struct http_call *c, const struct http_request *q, http_done *done,
                     void *ctx)
{
    c->body = q->body;
    c->taken = 0;
    c->broken = NULL;
    c->may_repeat = q->may_repeat;
    c->is_too_large = false;
    c->words[0] = '\0';
    c->done = done;
    c->ctx = ctx;
    c->answer.max = q->max_answer;
    buf_reset(&c->answer);
    buf_reset(&c->head);
    c->take = q->take;
    c->may_connect = q->may_connect;
    add_header(c, "Expect:"); /* libcurl would wait a second for 100-continue above 1 MiB */
    for (uint32_t i = 0; i < q->header_count; i++)
        add_header(c, q->headers[i].p);
    set_method(c, q->method);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_URL, q->url.p);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
    curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_TIME, (long)(q->silence_ms / 1000));
    bool is_apart = q->may_connect && !q->asks_alike;
    curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, (long)is_apart);
    curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, (long)is_apart);
}

void http_call_tell(struct http_call *c, CURLcode code)
{
    long status = 0, sent = 0;
    const char *redirect = NULL;
    str head = buf_str(&c->head);
    curl_off_t elapsed = 0;

    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &redirect);
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &elapsed);
    const char *words = c->broken     ? c->broken
                        : c->words[0] ? c->words
                                      : curl_easy_strerror(code);
    struct http_answer answer = {
        .failure = code == CURLE_OK ? NULL : words,
        .is_too_large = c->is_too_large,
        .was_sent = sent > 0 || c->taken > 0,
        .status = (int)status,
        .body = buf_str(&c->answer),
        .headers = head,
        .redirect = str_of(redirect),
        .date = http_header(head, "date"),
        .error_type = http_header(head, "x-amzn-errortype"),
        .request_id = http_header(head, "x-amzn-requestid"),
        .retry_after = http_header(head, "retry-after"),
        .elapsed_us = (uint64_t)elapsed,
    };
    c->done(c->ctx, &answer);
}

void http_call_end(struct http_call *c)
{
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    if (c->answer.size > KEEP_BYTES)
        buf_free(&c->answer);
}
