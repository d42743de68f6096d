/* Notes of what a call is about to carry, so that whoever inherits an entry knows how many of
 * its records may have been taken already. A commit takes them away and books what others
 * sent; a sender that lost an entry hears of it here, and does not send. */
#include "common/base/log.h"
#include "common/run/runner.h"

enum {
    CHUNK = 256, /* entries a call of the function */
    DIGITS = 20,
};

str runner_reading(const struct runner *r, struct arena *a, uint64_t reading)
{
    str nonce = r->process->consumer;

    (void)str_cut(&nonce, ':');
    return arena_printf(a, STR_FMT "-%llu", STR_ARG(nonce), (unsigned long long)reading);
}

/* As many as one call of the function takes: they are of one reading. */
static uint32_t chunk_at(const struct notes *n, uint32_t from)
{
    uint32_t end = from;

    while (end < n->count && end - from < CHUNK &&
           n->list[end].batch->reading == n->list[from].batch->reading)
        end++;
    return end - from;
}

static void on_error(struct runner *r, const struct reply *reply)
{
    struct process *p = r->process;

    if (process_is_denied(p, reply, "note what is sent"))
        return;
    log_warn("redis did not note what is to be sent, it is asked again",
             LOG_STR("topic", r->topic), LOG_STR("answer", reply->text));
    if (answer_of(reply) == ANSWER_RECONNECT)
        redis_drop(p->redis, "it is the wrong server now");
    else if (answer_of(reply) == ANSWER_GONE)
        process_begin_again(p);
}

/* What may not have been noted does not go out; the next note says what was sent by then. */
static void take_back(struct notes *n)
{
    for (struct note *i = n->list; i < n->list + n->count; i++)
        i->entry->sent -= i->records;
}

static void on_noted(void *ctx, const struct reply *reply)
{
    struct notes *n = ctx;
    uint32_t count = chunk_at(n, n->answered);
    bool is_good = reply && reply->type == REPLY_ARRAY && reply->n == count;

    for (uint32_t i = 0; is_good && i < count; i++)
        n->list[n->answered + i].entry->is_gone |= reply->items[i].integer == 0;
    n->answered += count;
    n->is_bad |= !is_good;
    bool is_last = n->answered == n->count;
    if (is_last && n->is_bad)
        take_back(n);
    if (is_last)
        n->done(n->ctx, !n->is_bad);
    if (reply && reply->type == REPLY_ERROR)
        on_error(n->runner, reply);
}

static void send_chunk(struct notes *n, uint32_t from, uint32_t count)
{
    const struct runner *r = n->runner;
    const struct process *p = r->process;
    struct arena a = {0};
    str *args = arena_alloc(&a, (9 + 2 * count) * sizeof(*args));
    uint32_t at = 0;

    args[at++] = STR("FCALL");
    args[at++] = STR("sp1_note");
    args[at++] = STR("2");
    args[at++] = r->topic;
    args[at++] = r->notes;
    args[at++] = STR("sp");
    args[at++] = p->consumer;
    args[at++] = runner_reading(r, &a, n->list[from].batch->reading);
    args[at++] = arena_printf(&a, "%u", count);
    for (const struct note *i = n->list + from; i < n->list + from + count; i++) {
        char *digits = arena_alloc(&a, DIGITS);
        args[at++] = i->entry->id;
        args[at++] = (str){digits, (size_t)(str_write_u64(digits, i->entry->sent) - digits)};
    }
    redis_send(p->redis, args, at, NULL, on_noted, n); /* short ones are copied */
    arena_free(&a);
}

void runner_note(struct worker *w, struct notes *n)
{
    uint32_t count, total = n->count; /* `n` may be used again before the last call returns */

    n->runner = w->runner;
    n->answered = 0;
    n->is_bad = false;
    for (struct note *i = n->list; i < n->list + n->count; i++)
        i->entry->sent += i->records;
    for (uint32_t from = 0; from < total; from += count) {
        count = chunk_at(n, from);
        send_chunk(n, from, count);
    }
}
