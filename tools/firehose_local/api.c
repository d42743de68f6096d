#include "tools/firehose_local/api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"

enum { SKEWED_MS = 60 * 60 * 1000, SLICE_BYTES = 1000, SLICE_PAUSE_US = 1000 };

struct late { /* an answer that `latency_ms` holds back */
    struct late *next, **link;
    struct api *api;
    struct server_request *q;
    struct timer *timer;
    struct arena arena;
    struct reply reply;
};

static uint64_t now_ms(const struct api *a)
{
    return clock_wall_ms(&clock_system) + (a->ops.faults.clock_skew ? SKEWED_MS : 0);
}

static str date_header(struct arena *a, uint64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    char text[40];
    struct tm utc;

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return arena_printf(a, "Date: %s", text);
}

static void send_reply(struct api *a, struct server_request *q, const struct reply *r,
                       struct arena *arena)
{
    const char *headers[3];
    uint32_t n = 0;

    if (r->is_dropped) {
        server_hang_up(q);
        return;
    }
    headers[n++] = date_header(arena, now_ms(a)).p;
    headers[n++] = arena_printf(arena, "x-amzn-RequestId: 00000000-0000-4000-8000-%012" PRIx64,
                                ++a->answers & 0xffffffffffff)
                       .p;
    if (r->error)
        headers[n++] = arena_printf(arena, "x-amzn-ErrorType: %s", r->error).p;
    if (r->is_sliced)
        server_slice(q, SLICE_BYTES, SLICE_PAUSE_US);
    server_answer(q, r->status, r->type, r->body, headers, n);
}

static void late_free(struct late *l)
{
    *l->link = l->next;
    if (l->next)
        l->next->link = l->link;
    timer_free(l->timer);
    arena_free(&l->arena);
    free(l);
}

static void on_late(void *ctx)
{
    struct late *l = ctx;

    send_reply(l->api, l->q, &l->reply, &l->arena);
    late_free(l);
}

static void hold_back(struct api *a, struct server_request *q, const struct reply *r)
{
    struct late *l = xalloc(sizeof(*l));

    *l = (struct late){.next = a->late, .link = &a->late, .api = a, .q = q, .reply = *r};
    if (a->late)
        a->late->link = &l->next;
    a->late = l;
    l->reply.body = arena_copy(&l->arena, r->body);
    l->timer = timer_new(a->loop, on_late, l);
    timer_start(l->timer, a->ops.faults.latency_ms * 1000);
}

static struct reply run(struct api *a, struct server_request *q)
{
    struct failure f;
    str type = server_header(q, "content-type");

    if (!auth_check(&a->auth, q, now_ms(a), &a->arena, &f))
        return operations_fail(&a->ops, f);
    if (a->ops.faults.expired_token)
        return operations_fail(
            &a->ops, FAILURE(400, "ExpiredTokenException",
                             STR("The security token included in the request is expired")));
    if (!str_is(type, "application/x-amz-json-1.1"))
        return operations_fail(&a->ops, FAILURE(400, "SerializationException",
                                                STR("Content-Type must be "
                                                    "application/x-amz-json-1.1")));
    return operations_run(&a->ops, server_header(q, "x-amz-target"), server_body(q), &a->arena);
}

static void answer_local(struct server_request *q, int status, struct buf *body)
{
    bool fits = buf_add(body, STR("\n"));

    if (!fits)
        die("an answer under /_local is too large");
    server_answer(q, status, "application/json", buf_str(body), NULL, 0);
}

static void answer_meter(struct api *a, struct server_request *q)
{
    struct buf *out = &a->ops.body;
    struct meter total = {0};
    bool fits = buf_add(out, STR("{\"streams\":{"));
    struct stream *first = store_first(a->ops.store);

    for (struct stream *s = first; s; s = s->next) {
        fits = fits && buf_printf(out, "%s\"%s\":", s == first ? "" : ",", s->name) &&
               meter_write(&s->meter, out);
        meter_add(&total, &s->meter);
    }
    fits = fits && buf_add(out, STR("},\"total\":")) && meter_write(&total, out) &&
           buf_add(out, STR("}"));
    if (!fits)
        buf_reset(out);
    answer_local(q, fits ? 200 : 500, out);
}

static void answer_faults(struct api *a, struct server_request *q)
{
    struct buf *out = &a->ops.body;
    struct error err = {0};
    bool is_post = str_is(server_method(q), "POST");

    if (is_post && faults_read(&a->ops.faults, server_body(q), &err)) {
        str text = arena_printf(&a->arena, "%s\n", err.text);
        server_answer(q, 400, "text/plain", text, NULL, 0);
        return;
    }
    if (!faults_write(&a->ops.faults, out))
        die("the faults are larger than a reply");
    answer_local(q, 200, out);
}

void api_handle(void *api, struct server_request *q)
{
    struct api *a = api;
    str path = server_path(q);
    bool is_post = str_is(server_method(q), "POST");

    arena_reset(&a->arena);
    buf_reset(&a->ops.body);
    if (str_is(path, "/") && is_post) {
        struct reply r = run(a, q);
        if (a->ops.faults.latency_ms)
            hold_back(a, q, &r);
        else
            send_reply(a, q, &r, &a->arena);
    } else if (str_is(path, "/healthz") && !is_post) {
        server_answer(q, 200, "text/plain", STR("ok\n"), NULL, 0);
    } else if (str_is(path, "/_local/meter") && !is_post && server_is_local(q)) {
        answer_meter(a, q);
    } else if (str_is(path, "/_local/faults") && server_is_local(q)) {
        answer_faults(a, q);
    } else {
        server_answer(q, 404, "text/plain", STR("not found\n"), NULL, 0);
    }
}

void api_free(struct api *a)
{
    for (struct late *l = a->late, *next; l; l = next) {
        next = l->next;
        late_free(l);
    }
    operations_free(&a->ops);
    arena_free(&a->arena);
}
