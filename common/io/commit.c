#include "common/io/commit.h"

#include <assert.h>
#include <inttypes.h>

struct list { /* arguments, as many as were counted before */
    str *items;
    uint32_t n, room;
};

struct call { /* one commit under way; in its arena */
    struct redis *redis;
    struct commit *commit;
    commit_done *done;
    void *ctx;
    const struct reply *problem; /* the first error of a queued command */
};

static const str modes[] = {
    [COMMIT_DELETE] = {"del", 3}, [COMMIT_KEEP] = {"keep", 4}, [COMMIT_HOLD] = {"hold", 4}};

static void push(struct list *l, str s)
{
    assert(l->n < l->room);
    l->items[l->n++] = s;
}

static void push_u64(struct list *l, struct arena *a, uint64_t v)
{
    char *p = arena_alloc(a, 20);

    push(l, (str){p, (size_t)(str_write_u64(p, v) - p)});
}

static void push_i64(struct list *l, struct arena *a, int64_t v)
{
    char *p = arena_alloc(a, 21), *end = p;

    if (v < 0)
        *end++ = '-';
    end = str_write_u64(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    push(l, (str){p, (size_t)(end - p)});
}

static uint32_t count_arguments(const struct commit *c, bool with_entries)
{
    uint32_t n = 3 + 1 + c->output_count + c->hash_count + 1; /* FCALL name numkeys, keys */

    n += 3 + 1 + c->id_count + 1 + c->output_count + 1;
    for (uint32_t i = 0; i < c->hash_count; i++)
        n += 2 + 2 * c->hashes[i].n;
    n += 4 + 2 * (2 + (c->progress ? c->progress->field_count : 0)) + 2;
    for (uint32_t i = 0; with_entries && i < c->output_count; i++)
        for (const struct pack_entry *e = c->outputs[i].pack.first; e; e = e->next)
            n += 1 + e->arg_count;
    return n;
}

static void push_job(struct list *l, const struct commit *c)
{
    const struct progress *p = c->progress;

    if (!p) {
        push(l, STR("0"));
        return;
    }
    push(l, STR("1"));
    push_u64(l, c->arena, p->from);
    push_u64(l, c->arena, c->job_expire_ms);
    push_u64(l, c->arena, 2 + p->field_count / 2);
    push(l, STR("offset"));
    push_u64(l, c->arena, p->to);
    push(l, STR("row"));
    push_u64(l, c->arena, p->row);
    for (uint32_t i = 0; i < p->field_count; i++)
        push(l, p->fields[i]);
}

static struct list settle_arguments(const struct commit *c, str function, bool with_entries)
{
    uint32_t room = count_arguments(c, with_entries);
    struct list l = {.items = arena_alloc(c->arena, room * sizeof(str)), .room = room};

    push(&l, STR("FCALL"));
    push(&l, function);
    push_u64(&l, c->arena, 1 + c->output_count + c->hash_count + (c->progress != NULL));
    push(&l, c->topic);
    for (uint32_t i = 0; i < c->output_count; i++)
        push(&l, c->outputs[i].key);
    for (uint32_t i = 0; i < c->hash_count; i++)
        push(&l, c->hashes[i].key);
    if (c->progress)
        push(&l, c->progress->job);

    push(&l, c->group);
    push(&l, c->consumer);
    push(&l, modes[c->mode]);
    push_u64(&l, c->arena, c->id_count);
    for (uint32_t i = 0; i < c->id_count; i++)
        push(&l, c->ids[i]);
    push_u64(&l, c->arena, c->output_count);
    for (uint32_t i = 0; i < c->output_count; i++)
        push_u64(&l, c->arena, c->outputs[i].pack.entries);
    push_u64(&l, c->arena, c->hash_count);
    for (const struct commit_hash *h = c->hashes; h < c->hashes + c->hash_count; h++) {
        push_u64(&l, c->arena, h->expire_ms);
        push_u64(&l, c->arena, h->n);
        for (uint32_t i = 0; i < h->n; i++) {
            push(&l, h->moves[i].field);
            push_i64(&l, c->arena, h->moves[i].delta);
        }
    }
    push_job(&l, c);
    push_u64(&l, c->arena, c->low);
    push(&l, c->channel);
    return l;
}

static void answer(struct call *call, const struct reply *reply)
{
    enum answer kind = answer_of(reply);

    /* The cause is an earlier one; a MULTI that was refused leaves an EXEC without it. */
    if ((kind == ANSWER_ABORTED || kind == ANSWER_BUG) && call->problem)
        reply = call->problem;
    struct commit_answer a = {.kind = answer_of(reply)};

    if (reply && reply->type == REPLY_ERROR)
        a.text = reply->text;
    if (reply && a.kind == ANSWER_GOOD && reply->type == REPLY_ARRAY) {
        int64_t *values = arena_alloc(call->commit->arena, reply->n * sizeof(*values) + 1);
        for (uint32_t i = 0; i < reply->n; i++)
            values[i] = reply->items[i].integer;
        a.values = values;
        a.value_count = reply->n;
    } else if (a.kind == ANSWER_GOOD) {
        a.kind = ANSWER_BUG; /* no answer of ours: nobody said that it was done */
    }
    call->done(call->ctx, &a);
}

/* The function was missing, or does not know what an exhausted stream has taken, so the XADDs
 * of this EXEC stand: take them back by their ids. */
static void take_back(const struct call *call, const struct reply *exec)
{
    const struct commit *c = call->commit;
    uint32_t at = 0;

    for (uint32_t i = 0; i < c->output_count; i++)
        for (uint32_t j = 0; j < c->outputs[i].pack.entries && at < exec->n; j++, at++)
            if (exec->items[at].type == REPLY_STRING)
                redis_say(call->redis, NULL, NULL, NULL, STR("XDEL"), c->outputs[i].key,
                          exec->items[at].text);
}

static void on_queued(void *ctx, const struct reply *reply)
{
    struct call *call = ctx;

    if (reply && reply->type == REPLY_ERROR && !call->problem)
        call->problem = reply;
}

static void on_exec(void *ctx, const struct reply *reply)
{
    struct call *call = ctx;

    if (!reply || reply->type != REPLY_ARRAY || reply->n == 0) {
        answer(call, reply);
        return;
    }
    const struct reply *last = &reply->items[reply->n - 1];
    if (answer_of(last) == ANSWER_LIBRARY || str_starts(last->text, STR("EXHAUSTED ")))
        take_back(call, reply);
    answer(call, last);
}

static struct call *call_new(struct redis *r, struct commit *c, commit_done *done, void *ctx)
{
    struct call *call = arena_alloc(c->arena, sizeof(*call));

    *call = (struct call){.redis = r, .commit = c, .done = done, .ctx = ctx};
    return call;
}

void commit_send(struct redis *r, struct commit *c, commit_done *done, void *ctx)
{
    struct call *call = call_new(r, c, done, ctx);

    redis_say(r, c->arena, on_queued, call, STR("MULTI"));
    for (uint32_t i = 0; i < c->output_count; i++) {
        for (const struct pack_entry *e = c->outputs[i].pack.first; e; e = e->next) {
            str *args = arena_alloc(c->arena, (3 + e->arg_count) * sizeof(str));
            args[0] = STR("XADD");
            args[1] = c->outputs[i].key;
            args[2] = STR("*");
            memcpy(args + 3, e->args, e->arg_count * sizeof(str));
            redis_send(r, args, 3 + e->arg_count, c->arena, on_queued, call);
        }
    }
    struct list l = settle_arguments(c, STR("sp1_settle"), false);
    redis_send(r, l.items, l.n, c->arena, on_queued, call);
    redis_say(r, c->arena, on_exec, call, STR("EXEC"));
}

static void on_oom_answer(void *ctx, const struct reply *reply)
{
    answer(ctx, reply);
}

void commit_send_oom(struct redis *r, struct commit *c, commit_done *done, void *ctx)
{
    struct call *call = call_new(r, c, done, ctx);
    struct list l = settle_arguments(c, STR("sp1_settle_oom"), true);

    for (uint32_t i = 0; i < c->output_count; i++) {
        for (const struct pack_entry *e = c->outputs[i].pack.first; e; e = e->next) {
            push_u64(&l, c->arena, e->arg_count);
            for (uint32_t j = 0; j < e->arg_count; j++)
                push(&l, e->args[j]);
        }
    }
    redis_send(r, l.items, l.n, c->arena, on_oom_answer, call);
}
