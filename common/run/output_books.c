/* Books and counts of a commit. */
#include "common/run/output_build.h"

enum {
    BOOK_MOVES = 10, /* of the input topic and the dead letters */
    TOPIC_MOVES = 3, /* of an output topic */
};

static str field(struct builder *w, str topic, const char *what)
{
    return arena_printf(w->arena, STR_FMT ":%s", STR_ARG(topic), what);
}

static void move(struct commit_hash *h, str name, int64_t delta)
{
    h->moves[h->n++] = (struct commit_move){.field = name, .delta = delta};
}

static void move_if(struct commit_hash *h, str name, int64_t delta)
{
    if (delta)
        move(h, name, delta);
}

/* The input's waiting bytes come first: the function publishes when they fall to the low mark.
 * Then each output topic's bytes, so that output_levels() finds them. */
static void fill_books(struct builder *w, const struct commit *commit, struct commit_hash *h)
{
    const struct pipeline *p = w->c->pipeline;
    str in = w->stage->name;
    uint32_t room = BOOK_MOVES + TOPIC_MOVES * commit->output_count;

    h->key = keys_lane(w->c->keys, w->arena, "books");
    h->moves = arena_alloc(w->arena, room * sizeof(*h->moves));
    move(h, field(w, in, "bytes"), (int64_t)w->again.bytes - w->booked_bytes);
    for (uint32_t i = 0; i < p->stage_count; i++)
        if (w->list_lengths[i])
            move(h, field(w, p->stages[i].name, "bytes"), 0);
    move_if(h, field(w, in, "records"), (int64_t)w->again.records - w->booked_records);
    move_if(h, field(w, in, "in"), w->in);
    move_if(h, field(w, in, "out"), w->out);
    move_if(h, field(w, in, "dead"), w->dead_count);
    move_if(h, field(w, in, "filtered"), w->filtered);
    move_if(h, field(w, in, "ambiguous"), w->ambiguous);
    move_if(h, field(w, in, "rewound"), w->c->rewound);
    move_if(h, STR("dead:records"), w->dead.records);
    if (w->dead.bytes || w->stage->kind->wants_jobs) /* who holds at their bound hears of it */
        move(h, STR("dead:bytes"), (int64_t)w->dead.bytes);
}

static void fill_source(struct builder *w, const struct source_sums *s, struct commit_hash *h)
{
    h->key = keys_source(w->c->keys, w->arena, s->src);
    h->expire_ms = w->c->now_ms + KEYS_SOURCE_KEEP_MS;
    h->moves = arena_alloc(w->arena, (5 + s->drop_count) * sizeof(*h->moves));
    move_if(h, STR("rows"), s->rows);
    move_if(h, STR("delivered"), s->delivered);
    move_if(h, STR("dead"), s->dead);
    move_if(h, STR("filtered"), s->filtered);
    move_if(h, STR("open"), s->open);
    for (const struct drop_sum *d = s->drops; d; d = d->next)
        move(h, arena_printf(w->arena, "filtered:" STR_FMT, STR_ARG(d->reason)), d->n);
}

/* Now that the outputs are packed their sizes are known. */
static void fill_topic_moves(struct builder *w, struct commit *commit)
{
    const struct pipeline *p = w->c->pipeline;
    struct commit_hash *h = &commit->hashes[0];
    uint32_t at = 0;

    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (!w->list_lengths[i])
            continue;
        const struct pack *pack = &commit->outputs[at++].pack;
        h->moves[at].delta = (int64_t)pack->bytes;
        move(h, field(w, p->stages[i].name, "records"), pack->records);
        move(h, field(w, p->stages[i].name, "in"), pack->records);
    }
}

void output_fill_books(struct builder *w, struct commit *commit)
{
    uint32_t windows;
    struct commit_hash *counted = counts_hashes(w->counts, w->c->keys, w->c->now_ms, &windows);
    struct commit_hash *h =
        arena_zalloc(w->arena, (1 + w->source_count + windows) * sizeof(*h));

    commit->hashes = h;
    fill_books(w, commit, h++);
    for (const struct source_sums *s = w->sources; s; s = s->next) {
        fill_source(w, s, h);
        h += h->n > 0;
    }
    if (windows)
        memcpy(h, counted, windows * sizeof(*h));
    commit->hash_count = (uint32_t)(h - commit->hashes) + windows;
    fill_topic_moves(w, commit);
}
