/* libcurl's multi interface, its sockets and its one timer on our loop. The one thing to know:
 * a body is handed over by a callback that cannot be rewound, because libcurl quietly sends a
 * request again when a kept connection closes before the answer. The first copy may have been
 * carried out, and only the caller may decide to send another. */
#include "common/io/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <strings.h>

enum {
    CONNECT_MS = 5000,
    NAMES_S = 5, /* how long an address is believed: a service that moves is found again */
    IDLE_CONNECTIONS = 32,
    HEADER_BYTES = 64 << 10,  /* of one answer */
    UPLOAD_BYTES = 512 << 10, /* copied from the body at once */
    KEEP_BYTES = 1 << 20,     /* an answer's buffer that is worth keeping */
};

struct captured { /* a header of the answer that somebody asks for */
    char text[256];
    size_t n;
};
enum { CAPTURE_DATE, CAPTURE_ERROR_TYPE, CAPTURE_REQUEST_ID, CAPTURE_RETRY_AFTER, CAPTURES };
static const char *const capture_names[CAPTURES] = {
    [CAPTURE_DATE] = "date",
    [CAPTURE_ERROR_TYPE] = "x-amzn-errortype",
    [CAPTURE_REQUEST_ID] = "x-amzn-requestid",
    [CAPTURE_RETRY_AFTER] = "retry-after",
};

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
struct http_socket {
    struct event *event;
    short what;
};
struct http {
    CURLM *multi;
    struct loop *loop;
    struct timer *timer;
    struct http_call *active, *idle;
    bool is_calling; /* inside a done callback */
};

static void list_push(struct http_call **head, struct http_call *c)
{
    c->next = *head;
    c->link = head;
    if (c->next)
        c->next->link = &c->next;
    *head = c;
}

static void list_remove(struct http_call *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
}

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

    if (c->taken == 0 && offset == 0 && origin == SEEK_SET)
        return CURL_SEEKFUNC_OK;
    c->broken = "the connection closed before an answer";
    return CURL_SEEKFUNC_FAIL;
}

static size_t on_write(char *bytes, size_t size, size_t n, void *ctx)
{
    struct http_call *c = ctx;

    if (buf_add(&c->answer, (str){bytes, size * n}))
        return size * n;
    c->broken = "the answer is larger than its cap";
    return 0;
}

static void capture(struct http_call *c, str line)
{
    str value = line, name = str_cut(&value, ':');

    if (!value.p)
        return;
    value = str_trim(value);
    for (unsigned i = 0; i < CAPTURES; i++) {
        struct captured *to = &c->captured[i];
        if (strlen(capture_names[i]) != name.n || value.n > sizeof(to->text) ||
            strncasecmp(capture_names[i], name.p, name.n) != 0)
            continue;
        memcpy(to->text, value.p, value.n);
        to->n = value.n;
    }
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    str line = {bytes, size * n};

    c->header_bytes += line.n;
    if (c->header_bytes > HEADER_BYTES) {
        c->broken = "the headers of the answer are larger than their cap";
        return 0;
    }
    if (str_starts(line, STR("HTTP/"))) /* what came before belonged to a 1xx */
        memset(c->captured, 0, sizeof(c->captured));
    else
        capture(c, line);
    return line.n;
}

static void set_fixed_options(struct http_call *c)
{
    CURL *e = c->easy;
    const char *authorities = getenv("SSL_CERT_FILE");

    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->words);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (authorities && *authorities)
        curl_easy_setopt(e, CURLOPT_CAINFO, authorities);
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
}

static struct http_call *call_take(struct http *h)
{
    struct http_call *c = h->idle;

    if (c) {
        list_remove(c);
        return c;
    }
    c = xalloc(sizeof(*c));
    c->owner = h;
    c->easy = curl_easy_init();
    if (!c->easy)
        die("curl_easy_init failed");
    set_fixed_options(c);
    return c;
}

static void call_free(struct http_call *c)
{
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    buf_free(&c->answer);
    free(c);
}

static void call_release(struct http_call *c)
{
    curl_multi_remove_handle(c->owner->multi, c->easy);
    list_remove(c);
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    if (c->answer.size > KEEP_BYTES)
        buf_free(&c->answer);
    list_push(&c->owner->idle, c);
}

static void add_header(struct http_call *c, const char *line)
{
    struct curl_slist *list = curl_slist_append(c->headers, line);

    if (!list)
        die("out of memory");
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

struct http_call *http_send(struct http *h, const struct http_request *q, http_done *done,
                            void *ctx)
{
    struct http_call *c = call_take(h);

    c->body = q->body;
    c->taken = c->header_bytes = 0;
    c->broken = NULL;
    c->words[0] = '\0';
    c->done = done;
    c->ctx = ctx;
    c->answer.max = q->max_answer;
    buf_reset(&c->answer);
    memset(c->captured, 0, sizeof(c->captured));
    add_header(c, "Expect:"); /* libcurl would wait a second for 100-continue above 1 MiB */
    for (uint32_t i = 0; i < q->header_count; i++)
        add_header(c, q->headers[i].p);
    set_method(c, q->method);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_URL, q->url.p);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
    list_push(&h->active, c);
    CURLMcode code = curl_multi_add_handle(h->multi, c->easy);
    if (code != CURLM_OK)
        die("curl_multi_add_handle: %s", curl_multi_strerror(code));
    return c;
}

void http_cancel(struct http_call *c)
{
    call_release(c);
}

static str captured(const struct http_call *c, unsigned i)
{
    return (str){c->captured[i].text, c->captured[i].n};
}

static void call_finish(struct http_call *c, CURLcode code)
{
    struct http *h = c->owner;
    long status = 0, sent = 0;
    curl_off_t elapsed = 0;

    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &elapsed);
    const char *words = c->broken     ? c->broken
                        : c->words[0] ? c->words
                                      : curl_easy_strerror(code);
    struct http_answer answer = {
        .failure = code == CURLE_OK ? NULL : words,
        .was_sent = sent > 0 || c->taken > 0,
        .status = (int)status,
        .body = buf_str(&c->answer),
        .date = captured(c, CAPTURE_DATE),
        .error_type = captured(c, CAPTURE_ERROR_TYPE),
        .request_id = captured(c, CAPTURE_REQUEST_ID),
        .retry_after = captured(c, CAPTURE_RETRY_AFTER),
        .elapsed_us = (uint64_t)elapsed,
    };
    h->is_calling = true;
    c->done(c->ctx, &answer);
    h->is_calling = false;
    call_release(c);
}

static void drain(struct http *h)
{
    for (;;) {
        int left;
        const CURLMsg *m = curl_multi_info_read(h->multi, &left);
        if (!m)
            return;
        struct http_call *c;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
        call_finish(c, m->data.result);
    }
}

static void act(struct http *h, curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(h->multi, fd, what, &running);

    if (code != CURLM_OK)
        die("curl_multi_socket_action: %s", curl_multi_strerror(code));
    drain(h);
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
    act(ctx, fd,
        (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

/* libevent counts from the time its loop last looked at the clock, so we may come a little
 * early; then libcurl finds nothing due, and does not ask again for a time that it has asked
 * for already. */
static void on_timer(void *ctx)
{
    struct http *h = ctx;
    long ms;

    act(h, CURL_SOCKET_TIMEOUT, 0);
    if (!timer_is_running(h->timer) && curl_multi_timeout(h->multi, &ms) == CURLM_OK && ms >= 0)
        timer_start(h->timer, (uint64_t)MAX(ms, 1L) * 1000);
}

static int on_timer_change(CURLM *multi, long ms, void *ctx)
{
    struct http *h = ctx;

    (void)multi;
    if (ms < 0)
        timer_stop(h->timer);
    else
        timer_start(h->timer, (uint64_t)ms * 1000);
    return 0;
}

static void socket_free(struct http_socket *s)
{
    if (!s)
        return;
    event_free(s->event);
    free(s);
}

static int on_socket_change(CURL *easy, curl_socket_t fd, int want, void *ctx, void *at_socket)
{
    struct http *h = ctx;
    struct http_socket *s = at_socket;
    short what = (short)((want & CURL_POLL_IN ? EV_READ : 0) |
                         (want & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

    (void)easy;
    if (want == CURL_POLL_REMOVE) {
        socket_free(s);
        curl_multi_assign(h->multi, fd, NULL);
        return 0;
    }
    if (s && s->what == what)
        return 0;
    socket_free(s);
    s = xalloc(sizeof(*s));
    s->what = what;
    s->event = event_new(loop_base(h->loop), fd, what, on_event, h);
    if (!s->event || event_add(s->event, NULL) != 0)
        die("event_new failed");
    curl_multi_assign(h->multi, fd, s);
    return 0;
}

struct http *http_new(struct loop *l, struct error *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK) {
        error_set(err, ERR_HTTP, "start libcurl: %s", curl_easy_strerror(code));
        return NULL;
    }
    struct http *h = xalloc(sizeof(*h));
    h->loop = l;
    h->timer = timer_new(l, on_timer, h);
    h->multi = curl_multi_init();
    if (!h->multi)
        die("curl_multi_init failed");
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return h;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    assert(!h->is_calling);
    while (h->active)
        call_release(h->active);
    for (struct http_call *c = h->idle, *next; c; c = next) {
        next = c->next;
        call_free(c);
    }
    curl_multi_cleanup(h->multi);
    timer_free(h->timer);
    free(h);
    curl_global_cleanup();
}
