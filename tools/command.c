#include "tools/command.h"

#include <stdio.h>

#include "common/base/buf.h"
#include "common/io/redis.h"
#include "common/run/connect.h"

enum { CONNECT_US = 5 * 1000000 };

int command_print(struct buf *out, bool fits, struct error *err)
{
    bool is_out = fits && fwrite(out->p, 1, out->n, stdout) == out->n && fflush(stdout) == 0;
    size_t max = out->max;

    buf_free(out);
    if (!fits)
        return error_set(err, ERR_LIMIT, "more than %zu bytes to show", max);
    return is_out ? 0 : error_set(err, ERR_SYSTEM, "stdout is closed");
}

struct attempt {
    bool is_ready, is_late;
    struct error why; /* of the last loss */
};

static void on_ready(void *ctx)
{
    ((struct attempt *)ctx)->is_ready = true;
}

static void on_lost(void *ctx, const struct error *why)
{
    ((struct attempt *)ctx)->why = *why;
}

static void on_late(void *ctx)
{
    ((struct attempt *)ctx)->is_late = true;
}

int command_connect(struct command_call *call, struct loop **loop, struct redis **redis,
                    struct error *err)
{
    /* In the arena: the connection goes on telling it what happens. */
    struct attempt *attempt = arena_zalloc(call->arena, sizeof(*attempt));
    struct redis_events events = {.ready = on_ready, .lost = on_lost, .ctx = attempt};
    struct redis_address to;
    int rc = connect_address(call->arena, call->common, &to, err);

    if (rc != 0)
        return rc;
    struct loop *l = loop_new();
    struct redis *r = redis_new(l, &to, &events);
    struct timer *late = timer_new(l, on_late, attempt);
    redis_connect(r);
    timer_start(late, CONNECT_US);
    while (!attempt->is_ready && !attempt->is_late && attempt->why.code != ERR_CONFIG)
        loop_once(l);
    timer_free(late);
    if (attempt->is_ready) {
        *loop = l;
        *redis = r;
        return 0;
    }
    redis_free(r);
    loop_free(l);
    *err = attempt->why;
    return err->code ? err->code : error_set(err, ERR_REDIS, "redis did not answer in 5 s");
}
