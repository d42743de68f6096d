/* Between the work of a stage and its commit: which of the records were there before. */
#include "common/base/log.h"
#include "common/run/once.h"
#include "common/run/runner.h"

enum { ASK_AGAIN_US = 100 * 1000 };

static void go_on(struct flight *f)
{
    if (--f->asked > 0)
        return;
    if (f->is_bad_answer)
        flight_wait(f, ASK_AGAIN_US, flight_ask_marks);
    else
        flight_commit(f);
}

static void on_marks(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;

    if (reply && reply->type == REPLY_ARRAY) {
        str *values = arena_alloc(&f->batch.arena, (reply->n + 1) * sizeof(*values));
        for (uint32_t i = 0; i < reply->n; i++)
            values[i] = reply->items[i].type == REPLY_STRING ? reply->items[i].text : STR_NONE;
        once_learn(&f->runner->out, &f->batch, values);
    } else {
        f->is_bad_answer = true;
        if (reply)
            log_warn("cannot read which records went before",
                     LOG_STR("topic", f->runner->topic), LOG_STR("answer", reply->text));
    }
    go_on(f);
}

void flight_ask_marks(struct flight *f)
{
    struct runner *r = f->runner;
    struct batch *b = &f->batch;
    str hashes[ONCE_HASHES];
    uint32_t n = 2;

    if (!b->marks) {
        flight_commit(f);
        return;
    }
    arena_rewind(&b->arena, f->made); /* redis may be away for long: asking costs nothing */
    str *args = arena_alloc(&b->arena, (b->record_count + 2) * sizeof(*args));
    for (uint32_t i = 0; i < b->record_count; i++)
        if (b->marks[i].p)
            args[n++] = b->marks[i];
    r->out.now_ms = clock_wall_ms(r->process->services.clock);
    once_hashes(&r->out, &b->arena, hashes);
    f->is_bad_answer = false;
    f->asked = 1; /* this call's own, so that early answers do not run ahead */
    args[0] = STR("HMGET");
    for (uint32_t i = 0; i < ONCE_HASHES; i++) {
        args[1] = hashes[i];
        f->asked++;
        redis_send(r->process->redis, args, n, &b->arena, on_marks, f);
    }
    go_on(f);
}
