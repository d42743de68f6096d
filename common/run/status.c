#include "common/run/status.h"

#include "common/io/server.h"
#include "common/run/metrics.h"

enum { METRICS_MAX = 1024 * 1024 };

static void answer_metrics(struct server_request *q)
{
    struct buf text;

    buf_init(&text, METRICS_MAX);
    bool fits = metrics_write(&text);
    server_answer(q, fits ? 200 : 500, "text/plain; version=0.0.4", buf_str(&text), NULL, 0);
    buf_free(&text);
}

static void answer_ready(const struct process *p, struct server_request *q)
{
    if (!redis_is_ready(p->redis))
        server_answer(q, 503, "text/plain", STR("redis is away\n"), NULL, 0);
    else if (!p->is_role_open)
        server_answer(q, 503, "text/plain", STR("no pipeline is in force\n"), NULL, 0);
    else
        server_answer(q, 200, "text/plain", STR("ready\n"), NULL, 0);
}

static void on_request(void *ctx, struct server_request *q)
{
    const struct process *p = ctx;
    str path = server_path(q);

    if (!str_is(server_method(q), "GET") && !str_is(server_method(q), "HEAD"))
        server_answer(q, 405, "text/plain", STR("GET only\n"), (const char *[]){"Allow: GET"},
                      1);
    else if (str_is(path, "/metrics"))
        answer_metrics(q);
    else if (str_is(path, "/healthz"))
        server_answer(q, 200, "text/plain", STR("alive\n"), NULL, 0);
    else if (str_is(path, "/readyz"))
        answer_ready(p, q);
    else
        server_answer(q, 404, "text/plain", STR("/metrics, /healthz, /readyz\n"), NULL, 0);
}

int status_open(struct process *p, struct error *err)
{
    const struct server_limits limits = {.body_bytes = 1024, .connections = 32};

    if (!p->options->http.n || str_is(p->options->http, "off"))
        return 0;
    p->server = server_new(p->loop, p->options->http, &limits, on_request, p, err);
    if (!p->server)
        return error_wrap(err, "--http");
    str rest = p->options->http;
    str host = str_cut(&rest, ':');
    p->http_address =
        arena_printf(&p->arena, STR_FMT ":%u", STR_ARG(host), server_port(p->server));
    return 0;
}

void status_close(struct process *p)
{
    server_free(p->server);
}

str status_address(const struct process *p)
{
    return p->http_address;
}
