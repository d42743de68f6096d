/* Between the work of a stage and its commit: which of the records were there before. */
#include "common/base/log.h"
#include "common/io/answer.h"
#include "common/run/once.h"
#include "common/run/runner.h"

enum { ASK_AGAIN_US = 100 * 1000 };

static void on_marks(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;
    struct arena *a = &f->batch.arena;

    if (!reply || reply->type != REPLY_ARRAY) {
        if (reply)
            log_warn("cannot read the marks of records", LOG_STR("topic", f->runner->topic),
                     LOG_STR("answer", reply->text));
        flight_wait(f, ASK_AGAIN_US, flight_ask_marks);
        return;
    }
    str *values = arena_alloc(a, (reply->n + 1) * sizeof(*values));
    for (uint32_t i = 0; i < reply->n; i++) /* of a foreign type: the commit says so */
        values[i] = reply->items[i].type == REPLY_STRING ? reply->items[i].text : STR_NONE;
    once_learn(&f->batch, values);
    flight_commit(f);
}

void flight_ask_marks(struct flight *f)
{
    struct batch *b = &f->batch;
    str *args = arena_alloc(&b->arena, (b->record_count + 1) * sizeof(*args));
    uint32_t n = 0;

    args[n++] = STR("MGET");
    for (uint32_t i = 0; b->marks && i < b->record_count; i++)
        if (b->marks[i].n)
            args[n++] = b->marks[i];
    if (n == 1)
        flight_commit(f);
    else
        redis_send(f->runner->process->redis, args, n, &b->arena, on_marks, f);
}
