#include "tools/trace_world.h"

#include "common/base/random.h"
#include "common/io/credentials.h"
#include "common/io/http.h"
#include "common/io/loop.h"

static const str root = {"/", 1};

static void on_late(void *ctx)
{
    ((struct trace_world *)ctx)->is_late = true;
}

static void on_ready(void *ctx)
{
    ((struct trace_world *)ctx)->is_ready = true;
}

int trace_world_open(struct trace_world *w, struct error *err)
{
    w->http = http_new(w->loop, err);
    if (!w->http)
        return err->code;
    w->remote.http = w->http;
    w->remote.loop = w->loop;
    w->remote.clock = &clock_system;
    w->remote.random = random_bits;
    w->remote.credentials = credentials_new(&w->remote);
    w->late = timer_new(w->loop, on_late, w);
    return 0;
}

void trace_world_close(struct trace_world *w)
{
    timer_free(w->late);
    credentials_free(w->remote.credentials);
    http_free(w->http);
}

struct source_setup trace_world_setup(struct trace_world *w)
{
    return (struct source_setup){.roots = &root,
                                 .root_count = 1,
                                 .remote = &w->remote,
                                 .loop = w->loop,
                                 .ready = on_ready,
                                 .ready_ctx = w};
}

bool trace_world_wait(struct trace_world *w)
{
    w->is_ready = w->is_late = false;
    timer_start(w->late, w->patience_ms * 1000);
    while (!w->is_ready && !w->is_late)
        loop_once(w->loop);
    timer_stop(w->late);
    return w->is_ready;
}
