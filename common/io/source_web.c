#include "common/io/source_web.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"

enum {
    AHEAD = 4 << 20, /* read ahead, then the call pauses */
    HEAD = 12 << 20, /* from where it was begun to be read: kept, for it may be read again */
    LEAST = 256 * 1024,
    WAKE = 1 << 20, /* so much at once, where there is as much */
    SILENCE_MS = 30000,
    BACK_OFF_MS = 200,
    BACK_OFF_MAX_MS = 20000,
    AT_ONCE_MAX = 6, /* without a byte in between */
};

static void ask(void *ctx);

enum web_verdict web_fail(struct web *w, str reason, const char *fmt, ...)
{
    char text[sizeof(w->err.text)];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    w->is_failed = true;
    w->reason = reason;
    error_set(&w->err, ERR_DATA, "source '" STR_FMT "': %s", STR_ARG(w->uri), text);
    return WEB_FAIL;
}

void web_add_header(struct web *w, const char *name, str value)
{
    assert(w->header_count < WEB_HEADERS);
    w->header[w->header_count++] =
        arena_printf(&w->scratch, "%s: " STR_FMT, name, STR_ARG(value));
}

static void wake(struct web *w)
{
    if (!w->is_wanted)
        return;
    w->is_wanted = false;
    w->ready(w->ready_ctx);
}

/* What an answer says it is of. */

static bool read_range(str said, uint64_t *from, uint64_t *size)
{
    str rest = said, unit = str_cut(&rest, ' '), first = str_cut(&rest, '-');

    (void)str_cut(&rest, '/');
    if (!str_is(unit, "bytes") || !str_to_u64(first, from))
        return false;
    if (!str_to_u64(rest, size))
        *size = UINT64_MAX;
    return true;
}

static void learn(struct web *w, str etag, str modified, uint64_t size)
{
    struct arena *a = &w->arena;

    w->etag = arena_copy(a, etag);
    w->modified = arena_copy(a, modified);
    w->size = size;
    str validator = etag.n ? etag : modified;
    if (validator.n > 1 && validator.p[0] == '"') /* events of S3 write it without */
        validator = (str){validator.p + 1, validator.n - 2};
    w->version = size == UINT64_MAX
                     ? arena_printf(a, "?-" STR_FMT, STR_ARG(validator))
                     : arena_printf(a, "%" PRIu64 "-" STR_FMT, size, STR_ARG(validator));
    w->is_found = true;
}

/* False: it is of another version, or not what was asked for. */
static bool take_head(struct web *w, int status, str headers)
{
    str etag = http_header(headers, "etag"), modified = http_header(headers, "last-modified");
    uint64_t from = 0, size = UINT64_MAX;

    w->has_head = true;
    if (status == 206 && !read_range(http_header(headers, "content-range"), &from, &size)) {
        web_fail(w, STR("source_unreadable"), "an answer 206 without a Content-Range");
        return false;
    }
    if (status == 200 && !str_to_u64(http_header(headers, "content-length"), &size))
        size = UINT64_MAX;
    if (from > w->asked) {
        web_fail(w, STR("source_unreadable"), "it answers with other bytes than was asked for");
        return false;
    }
    w->skip = w->asked - from;
    if (!w->is_found)
        learn(w, etag, modified, size);
    else if (!str_equal(etag, w->etag) || size != w->size ||
             (!etag.n && !str_equal(modified, w->modified)))
        web_fail(w, STR("source_changed"), "it was replaced while it was read");
    return !w->is_failed;
}

/* Bytes. */

static uint64_t ahead(const struct web *w)
{
    uint64_t end = w->at + w->have;

    return end - MIN(end, MAX(w->wanted, w->at));
}

static void drop_read(struct web *w)
{
    size_t read = (size_t)(MAX(w->wanted, w->at) - w->at);

    if (read < HEAD || read < w->have / 2)
        return;
    read = MIN(read, w->have);
    memmove(w->bytes, w->bytes + read, w->have - read);
    w->have -= read;
    w->at += read;
}

static void append(struct web *w, str piece)
{
    if (w->room < w->have + piece.n) {
        w->room = MAX(w->room + w->room / 2, w->have + piece.n + LEAST);
        w->bytes = xrealloc(w->bytes, w->room);
    }
    memcpy(w->bytes + w->have, piece.p, piece.n);
    w->have += piece.n;
    w->failures = w->at_onces = 0;
}

static bool take(void *ctx, int status, str headers, str piece)
{
    struct web *w = ctx;

    if (!w->has_head && !take_head(w, status, headers)) {
        timer_start(w->timer, 0); /* the call ends there, not inside of itself */
        return false;
    }
    if (w->is_failed || ahead(w) >= AHEAD) {
        w->is_paused = true;
        return false;
    }
    size_t skip = (size_t)MIN(w->skip, (uint64_t)piece.n);
    w->skip -= skip;
    if (piece.n > skip)
        append(w, (str){piece.p + skip, piece.n - skip});
    if (ahead(w) >= w->least)
        wake(w);
    return true;
}

static void back_off(struct web *w, const char *why)
{
    uint64_t most =
        MIN((uint64_t)BACK_OFF_MS << MIN(w->failures, 10u), (uint64_t)BACK_OFF_MAX_MS);
    uint64_t ms = most / 2 + w->remote->random(w->remote->random_ctx) % (most / 2);

    if (w->failures == 0 || most == BACK_OFF_MAX_MS)
        log_warn("a source cannot be read now, it is asked again", LOG_STR("uri", w->uri),
                 LOG_CSTR("why", why), LOG_U64("offset", w->at + w->have));
    w->failures++;
    w->at_onces = 0;
    timer_start(w->timer, ms * 1000);
}

static void on_done(void *ctx, const struct http_answer *a)
{
    struct web *w = ctx;
    bool is_good = a->status == 200 || a->status == 206;

    w->call = NULL;
    w->is_paused = false;
    if (!a->failure && is_good) {
        if (w->has_head || take_head(w, a->status, a->headers)) {
            if (w->size == UINT64_MAX)
                w->size = w->at + w->have;
            w->is_ended = w->at + w->have >= w->size;
            if (!w->is_ended)
                back_off(w, "it answered with fewer bytes than it has");
        }
        wake(w);
        return;
    }
    enum web_verdict verdict = WEB_AGAIN;
    if (!a->failure || w->was_refused)
        verdict = w->kind->judge(w, a);
    if (verdict == WEB_AT_ONCE && w->at_onces++ < AT_ONCE_MAX)
        timer_start(w->timer, 0);
    else if (verdict != WEB_FAIL)
        back_off(w, a->failure ? a->failure : w->err.text);
    else
        wake(w);
}

static void ask(void *ctx)
{
    struct web *w = ctx;

    if (w->call) { /* it gave what nobody wants */
        http_cancel(w->call);
        w->call = NULL;
        w->is_paused = false;
    }
    if (w->is_failed) {
        wake(w);
        return;
    }
    arena_reset(&w->scratch);
    w->header_count = 0;
    w->asked = w->at + w->have;
    w->skip = 0;
    w->has_head = w->was_refused = false;
    if (w->asked > 0)
        web_add_header(w, "Range", arena_printf(&w->scratch, "bytes=%" PRIu64 "-", w->asked));
    if (!w->kind->ask(w)) {
        back_off(w, w->err.text);
        return;
    }
    struct http_request q = {
        .method = STR("GET"),
        .url = w->url,
        .headers = w->header,
        .header_count = w->header_count,
        .silence_ms = SILENCE_MS,
        .max_answer = WEB_ERROR_MAX,
        .take = take,
        .may_connect = w->kind->may_connect,
    };
    w->call = http_send(w->remote->http, &q, on_done, w);
}

static int wait_for(struct web *w, uint64_t least, struct error *err)
{
    w->is_wanted = true;
    w->least = least;
    return error_set(err, ERR_AGAIN, "waiting for bytes");
}

static int failed(const struct web *w, str *reason, struct error *err)
{
    *reason = w->reason;
    *err = w->err;
    return w->err.code;
}

static void go_on(struct web *w)
{
    w->is_paused = false;
    http_go_on(w->call);
}

static bool has_enough(const struct web *w, uint64_t offset, size_t n)
{
    return w->is_ended || w->at + w->have - offset >= MIN(n, (size_t)LEAST);
}

static int web_read(void *self, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                    struct error *err)
{
    struct web *w = self;

    *got = 0;
    if (w->is_failed)
        return failed(w, reason, err);
    if (offset >= w->size)
        return 0;
    bool is_here = offset >= w->at && offset <= w->at + w->have;
    if (!is_here) { /* somewhere else: the stream begins anew there */
        w->at = offset;
        w->have = 0;
        w->is_ended = false;
    }
    w->wanted = offset;
    if (!is_here || (!w->call && !w->is_ended && !timer_is_running(w->timer)))
        ask(w);
    if (!has_enough(w, offset, n) && w->is_paused)
        go_on(w);
    if (!has_enough(w, offset, n))
        return wait_for(w, n < LEAST ? n : WAKE, err);
    size_t there = (size_t)(w->at + w->have - offset);
    *got = MIN(n, there);
    memcpy(to, w->bytes + (offset - w->at), *got);
    w->wanted = offset + *got;
    drop_read(w);
    if (w->is_paused && ahead(w) < AHEAD / 2)
        go_on(w);
    return 0;
}

/* Every answer was of the same version. */
static bool web_is_same(void *self)
{
    (void)self;
    return true;
}

static void web_close(void *self)
{
    struct web *w = self;

    if (w->call)
        http_cancel(w->call);
    timer_free(w->timer);
    arena_free(&w->arena);
    arena_free(&w->scratch);
    free(w->bytes);
    free(w);
}

static const struct source_ops web_ops = {
    .read = web_read, .is_same = web_is_same, .close = web_close};

struct web *web_new(const struct web_kind *kind, const struct source_setup *setup, str uri)
{
    struct web *w = xalloc(sizeof(*w));

    *w = (struct web){.kind = kind,
                      .remote = setup->remote,
                      .ready = setup->ready,
                      .ready_ctx = setup->ready_ctx,
                      .size = UINT64_MAX};
    w->uri = arena_copy(&w->arena, uri);
    w->timer = timer_new(setup->remote->loop, ask, w);
    return w;
}

int web_open(struct source *s, struct arena *a, struct web *w, str *reason, struct error *err)
{
    s->ops = &web_ops;
    s->self = w;
    if (w->is_failed)
        return failed(w, reason, err);
    if (!w->is_found) {
        if (!w->call && !timer_is_running(w->timer))
            ask(w);
        return wait_for(w, 1, err);
    }
    s->is_found = true;
    s->size = w->size;
    s->version = arena_copy(a, w->version);
    return 0;
}
