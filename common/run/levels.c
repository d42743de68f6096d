#include "common/run/levels.h"

#include <stdlib.h>

struct ask {
    struct process *process;
    uint64_t version; /* of the pipeline, to see that it is still in force */
    struct arena arena;
    loop_fn *done;
    void *ctx;
};

static void on_levels(void *ctx, const struct reply *reply)
{
    struct ask *c = ctx;
    struct process *p = c->process;

    if (reply && reply->type == REPLY_ARRAY && p->pipeline->version == c->version) {
        for (uint32_t i = 0; i < reply->n && i <= p->pipeline->stage_count; i++)
            if (!str_to_i64(reply->items[i].text, &p->levels[i]))
                p->levels[i] = 0;
        c->done(c->ctx);
    }
    arena_free(&c->arena);
    free(c);
}

void levels_ask(struct process *p, loop_fn *done, void *ctx)
{
    struct ask *c = xalloc(sizeof(*c));
    const struct pipeline *pipeline = p->pipeline;

    *c = (struct ask){.process = p, .version = pipeline->version, .done = done, .ctx = ctx};
    str *args = arena_alloc(&c->arena, (3 + pipeline->stage_count) * sizeof(str));
    args[0] = STR("HMGET");
    args[1] = keys_lane(&p->keys, &c->arena, "books");
    for (uint32_t i = 0; i < pipeline->stage_count; i++)
        args[2 + i] =
            arena_printf(&c->arena, STR_FMT ":bytes", STR_ARG(pipeline->stages[i].name));
    args[2 + pipeline->stage_count] = STR("dead:bytes");
    redis_send(p->redis, args, 3 + pipeline->stage_count, &c->arena, on_levels, c);
}

bool levels_is_dead_full(const struct process *p)
{
    const struct pipeline_dead *d = &p->pipeline->dead;

    return !d->drops_oldest && d->high_bytes &&
           p->levels[p->pipeline->stage_count] >= (int64_t)d->high_bytes;
}
