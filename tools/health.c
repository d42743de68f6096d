/* `standpipe health`: is the process that answers at this address alive? For the health checks
 * of containers, which then need no curl: exit 0 when GET /healthz says 200, else 1. */
#include <stdio.h>

#include "common/base/arena.h"
#include "common/io/http.h"
#include "tools/command.h"

struct health {
    str http;
};
static const struct setting health_options[] = {
    {"http", SETTING_STR, "127.0.0.1:9600", offsetof(struct health, http),
     "Address of the process, as given to its own --http; 0.0.0.0 stands for this machine."},
    {0},
};

struct health_check {
    struct loop *loop;
    bool is_healthy;
};

static void health_done(void *ctx, const struct http_answer *answer)
{
    struct health_check *c = ctx;

    c->is_healthy = !answer->failure && answer->status == 200;
    if (answer->failure)
        fprintf(stderr, "standpipe: no answer: %s\n", answer->failure);
    else if (!c->is_healthy)
        fprintf(stderr, "standpipe: answered %d: " STR_FMT "\n", answer->status,
                STR_ARG(answer->body));
    loop_stop(c->loop);
}

static str health_url(struct arena *a, str address)
{
    str any = STR("0.0.0.0:");

    if (!str_starts(address, any))
        return arena_printf(a, "http://" STR_FMT "/healthz", STR_ARG(address));
    address = (str){address.p + any.n, address.n - any.n};
    return arena_printf(a, "http://127.0.0.1:" STR_FMT "/healthz", STR_ARG(address));
}

static int health_run(struct command_call *call, struct error *err)
{
    const struct health *options = call->options;
    struct health_check c = {.loop = loop_new()};
    struct http *http = http_new(c.loop, err);
    struct http_request q = {.method = STR("GET"),
                             .url = health_url(call->arena, options->http),
                             .timeout_ms = 2000,
                             .max_answer = 4096};

    if (!http) {
        loop_free(c.loop);
        return err->code;
    }
    http_send(http, &q, health_done, &c);
    loop_run(c.loop);
    http_free(http);
    loop_free(c.loop);
    return c.is_healthy ? 0 : 1;
}

const struct command command_health = {
    .name = "health",
    .summary = "Ask a process whether it is alive; exit 0 or 1.",
    .usage = "",
    .examples = "standpipe health --http 127.0.0.1:9600\n",
    .options = health_options,
    .options_size = sizeof(struct health),
    .run = health_run,
};
