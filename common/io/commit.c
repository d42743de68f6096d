#include "common/io/commit.h"

#include <assert.h>

#include "common/io/transaction.h"

struct list { /* arguments, as many as were counted before */
    str *items;
    uint32_t n, room;
};

struct call { /* one commit under way; in its arena */
    struct commit *commit;
    commit_done *done;
    void *ctx;
};

static const str modes[] = {
    [COMMIT_DELETE] = {"del", 3}, [COMMIT_KEEP] = {"keep", 4}, [COMMIT_HOLD] = {"hold", 4}};

static void push(struct list *l, str s)
{
    assert(l->n < l->room);
    l->items[l->n++] = s;
}

static void push_all(struct list *l, const str *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        push(l, s[i]);
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

    n += 3 + 2; /* notes; how many keys and parts */
    n += 3 + 1 + c->id_count + 1 + c->output_count + 1;
    for (uint32_t i = 0; i < c->hash_count; i++)
        n += 2 + 2 * c->hashes[i].n;
    n += 4 + 2 * (2 + (c->progress ? c->progress->field_count : 0)) + 2;
    for (uint32_t i = 0; i < c->part_count; i++)
        n += 2 + 2 * c->parts[i].key_count + c->parts[i].arg_count;
    for (uint32_t i = 0; with_entries && i < c->output_count; i++)
        for (const struct pack_entry *e = c->outputs[i].pack.first; e; e = e->next)
            n += 1 + e->arg_count;
    return n;
}

static void push_job(struct list *l, const struct commit *c)
{
    const struct progress *p = c->progress;

    if (!p)
        return;
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

static uint32_t count_part_keys(const struct commit *c)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->part_count; i++)
        n += c->parts[i].key_count;
    return n;
}

static void push_parts(struct list *l, const struct commit *c)
{
    if (!c->part_count)
        return;
    push_u64(l, c->arena, c->part_count);
    for (const struct commit_part *p = c->parts; p < c->parts + c->part_count; p++) {
        push(l, p->kind);
        push_u64(l, c->arena, p->key_count);
        push_all(l, p->args, p->arg_count);
    }
}

static void push_keys(struct list *l, const struct commit *c, uint32_t part_keys)
{
    push_u64(l, c->arena,
             1 + c->output_count + c->hash_count + (c->progress != NULL) + (c->notes.n > 0) +
                 part_keys);
    push(l, c->topic);
    for (uint32_t i = 0; i < c->output_count; i++)
        push(l, c->outputs[i].key);
    for (uint32_t i = 0; i < c->hash_count; i++)
        push(l, c->hashes[i].key);
    if (c->progress)
        push(l, c->progress->job);
    if (c->notes.n)
        push(l, c->notes);
    for (uint32_t i = 0; i < c->part_count; i++)
        push_all(l, c->parts[i].keys, c->parts[i].key_count);
}

static struct list settle_arguments(const struct commit *c, str function, bool with_entries)
{
    uint32_t room = count_arguments(c, with_entries);
    struct list l = {.items = arena_alloc(c->arena, room * sizeof(str)), .room = room};
    uint32_t part_keys = count_part_keys(c);

    push(&l, STR("FCALL"));
    push(&l, function);
    push_keys(&l, c, part_keys);
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
    push_u64(&l, c->arena, (c->progress ? 1 : 0) + (c->part_count ? 2 : 0));
    if (c->part_count)
        push_u64(&l, c->arena, part_keys);
    push_job(&l, c);
    push_u64(&l, c->arena, c->low);
    push(&l, c->channel);
    if (c->notes.n) {
        push(&l, c->ambiguous);
        push(&l, c->reading);
    }
    push_parts(&l, c);
    return l;
}

static void on_answer(void *ctx, const struct reply *reply)
{
    const struct call *call = ctx;
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

static struct call *call_new(struct commit *c, commit_done *done, void *ctx)
{
    struct call *call = arena_alloc(c->arena, sizeof(*call));

    *call = (struct call){.commit = c, .done = done, .ctx = ctx};
    return call;
}

void commit_send(struct redis *r, struct commit *c, commit_done *done, void *ctx)
{
    struct transaction *t = transaction_begin(r, c->arena);
    struct list l = settle_arguments(c, STR("sp1_settle"), false);

    for (uint32_t i = 0; i < c->output_count; i++)
        for (const struct pack_entry *e = c->outputs[i].pack.first; e; e = e->next)
            transaction_add(t, c->outputs[i].key, e);
    transaction_end(t, l.items, l.n, on_answer, call_new(c, done, ctx));
}

void commit_send_oom(struct redis *r, struct commit *c, commit_done *done, void *ctx)
{
    struct list l = settle_arguments(c, STR("sp1_settle_oom"), true);

    for (uint32_t i = 0; i < c->output_count; i++) {
        for (const struct pack_entry *e = c->outputs[i].pack.first; e; e = e->next) {
            push_u64(&l, c->arena, e->arg_count);
            for (uint32_t j = 0; j < e->arg_count; j++)
                push(&l, e->args[j]);
        }
    }
    redis_send(r, l.items, l.n, c->arena, on_answer, call_new(c, done, ctx));
}
