#include "common/io/transaction.h"

#include "common/io/answer.h"

struct added { /* the streams of the XADDs, in order */
    struct added *next;
    str stream;
};
struct transaction {
    struct redis *redis;
    struct arena *arena;
    struct added *first, **last;
    const struct reply *problem; /* the first error of a queued command */
    transaction_done *done;
    void *ctx;
};

static void on_queued(void *ctx, const struct reply *reply)
{
    struct transaction *t = ctx;

    if (reply && reply->type == REPLY_ERROR && !t->problem)
        t->problem = reply;
}

struct transaction *transaction_begin(struct redis *r, struct arena *a)
{
    struct transaction *t = arena_zalloc(a, sizeof(*t));

    *t = (struct transaction){.redis = r, .arena = a, .last = &t->first};
    redis_say(r, a, on_queued, t, STR("MULTI"));
    return t;
}

void transaction_add(struct transaction *t, str stream, const struct pack_entry *e)
{
    struct added *added = arena_alloc(t->arena, sizeof(*added));
    str *args = arena_alloc(t->arena, (3 + e->arg_count) * sizeof(str));

    *added = (struct added){.stream = stream};
    *t->last = added;
    t->last = &added->next;
    memcpy(args, (const str[]){STR("XADD"), stream, STR("*")}, 3 * sizeof(str));
    memcpy(args + 3, e->args, e->arg_count * sizeof(str));
    redis_send(t->redis, args, 3 + e->arg_count, t->arena, on_queued, t);
}

static void take_back(const struct transaction *t, const struct reply *exec)
{
    const struct reply *id = exec->items;

    for (const struct added *a = t->first; a && id < exec->items + exec->n; a = a->next, id++)
        if (id->type == REPLY_STRING)
            redis_say(t->redis, NULL, NULL, NULL, STR("XDEL"), a->stream, id->text);
}

static void on_exec(void *ctx, const struct reply *reply)
{
    struct transaction *t = ctx;

    if (reply && reply->type == REPLY_ARRAY && reply->n > 0) {
        const struct reply *last = &reply->items[reply->n - 1];
        if (answer_of(last) == ANSWER_LIBRARY || str_starts(last->text, STR("EXHAUSTED ")))
            take_back(t, reply);
        t->done(t->ctx, last);
        return;
    }
    /* The cause is an earlier one; a MULTI that was refused leaves an EXEC without it. */
    enum answer kind = answer_of(reply);
    bool is_followup = kind == ANSWER_ABORTED || kind == ANSWER_BUG;
    t->done(t->ctx, is_followup && t->problem ? t->problem : reply);
}

void transaction_end(struct transaction *t, const str *call, uint32_t n, transaction_done *done,
                     void *ctx)
{
    t->done = done;
    t->ctx = ctx;
    redis_send(t->redis, call, n, t->arena, on_queued, t);
    redis_say(t->redis, t->arena, on_exec, t, STR("EXEC"));
}
