#include "workers/dispatch_admit.h"

#include <inttypes.h>

enum {
    WORDS_MAX = 64,
    SEEN_MS = 24 * 3600 * 1000, /* far longer than an inbox entry stays unacknowledged */
};

struct words { /* the arguments of the FCALL */
    struct arena *arena;
    str list[WORDS_MAX];
    uint32_t n;
};

static void word(struct words *w, str s)
{
    w->list[w->n++] = s;
}

static void word_number(struct words *w, int64_t v)
{
    word(w, arena_printf(w->arena, "%" PRId64, v));
}

static void word_move(struct words *w, str field, int64_t delta)
{
    word(w, field);
    word_number(w, delta);
}

static void word_pair(struct words *w, str field, str value)
{
    word(w, field);
    word(w, value);
}

static str book(struct words *w, str topic, const char *what)
{
    return arena_printf(w->arena, STR_FMT ":%s", STR_ARG(topic), what);
}

static void add_books(struct words *w, const struct admit *a)
{
    bool is_dead = str_is(a->topic, "dead");

    word_number(w, 5);
    word_move(w, book(w, a->topic, "bytes"), (int64_t)a->pack.bytes);
    word_move(w, book(w, a->topic, "records"), a->pack.records);
    word_move(w, is_dead ? STR("inbox:dead") : book(w, a->topic, "in"), a->pack.records);
    word_move(w, STR("inbox:filtered"), a->filtered);
    word_move(w, STR("inbox:in"), a->rows);
}

/* The job's own hash: redis-cli HGETALL shows it from now on. */
static void add_job(struct words *w, const struct entry *e, uint64_t now_ms)
{
    word_number(w, 0);
    word_number(w, 3);
    word_pair(w, STR("uri"), e->uri);
    word_pair(w, STR("state"), STR("queued"));
    word_move(w, STR("queued"), (int64_t)now_ms);
    word_number(w, 0);
}

static void add_source(struct words *w, const struct entry *e, const struct admit *a,
                       uint64_t now_ms)
{
    word_number(w, 4);
    word_move(w, STR("rows"), a->rows);
    word_move(w, STR("dead"), a->dead);
    word_move(w, STR("filtered"), a->filtered);
    word_move(w, STR("open"), a->open);
    /* One of ours that is put in again leaves its source's name alone. */
    bool is_ours = door_came_with_src(e);
    word_number(w, is_ours ? 1 : 3);
    if (!is_ours) {
        word_pair(w, STR("uri"), arena_printf(w->arena, "inbox:" STR_FMT, STR_ARG(e->id)));
        word_pair(w, STR("version"), e->id);
    }
    word_move(w, STR("seen"), (int64_t)now_ms);
    word_number(w, (int64_t)(now_ms + KEYS_SOURCE_KEEP_MS));
}

static void add_keys(struct words *w, const struct admit_context *c, const struct entry *e,
                     const struct admit *a, str topic)
{
    str seen = arena_printf(c->arena, STR_FMT ":" STR_FMT, STR_ARG(e->id), STR_ARG(a->topic));

    word(w, STR("FCALL"));
    word(w, STR("sp1_admit"));
    word(w, STR("4"));
    word(w, topic);
    word(w, keys_lane(c->keys, c->arena, "books"));
    word(w, keys_seen(c->keys, c->arena, seen));
    word(w, a->is_job ? keys_job(c->keys, c->arena, a->job)
                      : keys_source(c->keys, c->arena, e->src));
}

void admit_send(const struct admit_context *c, const struct entry *e, const struct admit *a,
                transaction_done *done, void *ctx)
{
    struct words w = {.arena = c->arena};
    str topic = str_is(a->topic, "dead") ? keys_lane(c->keys, c->arena, "dead")
                                         : keys_topic(c->keys, c->arena, a->topic);

    struct transaction *t = transaction_begin(c->redis, c->arena);
    for (const struct pack_entry *one = a->pack.first; one; one = one->next)
        transaction_add(t, topic, one);
    add_keys(&w, c, e, a, topic);
    word_number(&w, a->pack.entries);
    word_number(&w, SEEN_MS);
    word_number(&w, (int64_t)a->high);
    add_books(&w, a);
    if (a->is_job)
        add_job(&w, e, c->now_ms);
    else
        add_source(&w, e, a, c->now_ms);
    transaction_end(t, w.list, w.n, done, ctx);
}
