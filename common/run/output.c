#include "common/run/output.h"

#include <assert.h>

#include "common/data/json.h"
#include "common/run/counts.h"
#include "common/run/dead.h"

static const uint64_t day_ms = 24 * 3600 * 1000;
enum {
    JOB_KEEP_DAYS = 7, /* a job, after its end */
    BOOK_MOVES = 10,   /* of the input topic and the dead letters */
    TOPIC_MOVES = 3,   /* of an output topic */
};

struct drop_sum { /* records of a source that were filtered for one reason */
    struct drop_sum *next;
    str reason;
    int64_t n;
};
struct source_sums { /* books of one source in this commit */
    struct source_sums *next;
    str src;
    int64_t rows, delivered, dead, filtered, open;
    struct drop_sum *drops;
    uint32_t drop_count;
};
struct builder {
    const struct output_context *c;
    struct batch *b;
    struct arena *arena;
    const struct pipeline_stage *stage;
    struct record ***lists; /* per stage of the pipeline: what goes there */
    uint32_t *list_lengths;
    struct pack dead, again; /* again: back into the input topic, to be tried later */
    struct counts *counts;
    struct source_sums *sources;
    uint32_t source_count;
    uint32_t record_count; /* of the entries of this commit */
    int64_t in, out, dead_count, filtered, ambiguous, booked_records, booked_bytes;
};

void output_route(const struct output_context *c, struct batch *b)
{
    const struct pipeline_stage *stage = &c->pipeline->stages[c->stage];

    if (stage->kind->is_end || b->is_cut)
        return;
    batch_each(r, b) {
        if (r->verdict == VERDICT_PASS)
            r->route = route_match(&c->pipeline->routes, stage->name, r, &b->arena);
    }
}

static struct source_sums *sums_of(struct builder *w, str src)
{
    for (struct source_sums *s = w->sources; s; s = s->next)
        if (str_equal(s->src, src))
            return s;
    struct source_sums *s = arena_zalloc(w->arena, sizeof(*s));
    *s = (struct source_sums){.next = w->sources, .src = src};
    w->source_count++;
    return w->sources = s;
}

static void drop(struct builder *w, struct source_sums *s, str reason)
{
    struct drop_sum *sum = s->drops;

    w->filtered++;
    s->filtered++;
    if (!reason.n)
        return;
    while (sum && !str_equal(sum->reason, reason))
        sum = sum->next;
    if (!sum) {
        sum = arena_alloc(w->arena, sizeof(*sum));
        *sum = (struct drop_sum){.next = s->drops, .reason = reason};
        s->drops = sum;
        s->drop_count++;
    }
    sum->n++;
}

static void end_record(struct builder *w, struct source_sums *s, struct record *r)
{
    const struct output_context *c = w->c;
    str reason = r->reason, detail = r->detail;
    bool is_drop = r->verdict == VERDICT_DROP;

    if (r->verdict == VERDICT_PASS) { /* a route ends it */
        assert(r->route);
        reason = r->route->reason;
        is_drop = r->route->act == ROUTE_DROP;
    }
    if (is_drop) {
        drop(w, s, reason);
        return;
    }
    dead_add(w->arena, &w->dead, r, reason, detail,
             &(struct dead_context){.stage = w->stage->name,
                                    .now_ms = c->now_ms,
                                    .uri = c->uri_of ? c->uri_of(c->uri_ctx, r->entry->src)
                                                     : STR_NONE});
    w->dead_count++;
    s->dead++;
}

/* A small entry of its own: it must not hold up those that it came with. */
static bool try_again(struct builder *w, struct source_sums *s, struct record *r)
{
    const struct entry *e = r->entry;
    const struct pack_again again = {.try = e->try + 1,
                                     .tried = e->tried ? e->tried : w->c->now_ms,
                                     .reason = r->reason,
                                     .is_copy = pipeline_keeps(w->stage)};

    assert(!w->stage->kind->wants_jobs);
    if (again.try >= w->stage->retry.attempts)
        return false;
    pack_record_again(w->arena, &w->again, r, &again);
    s->open++;
    return true;
}

/* No attempt: the entry is only cut apart. */
static void put_back(struct builder *w, struct source_sums *s, struct record *r)
{
    const struct pack_again as_it_was = {
        .try = r->entry->try, .tried = r->entry->tried, .is_copy = pipeline_keeps(w->stage)};

    pack_record_again(w->arena, &w->again, r, &as_it_was);
    s->open++;
}

static void sort_record(struct builder *w, struct source_sums *s, struct record *r)
{
    bool is_new =
        w->stage->kind->wants_jobs || !r->entry->is_booked; /* to its source's books */
    bool goes_on = r->verdict == VERDICT_PASS && r->route && r->route->act == ROUTE_TO;

    s->rows += is_new;
    s->open -= !is_new;
    if (w->b->is_cut) {
        put_back(w, s, r);
    } else if (goes_on) {
        for (uint32_t i = 0; i < r->route->to_count; i++) {
            uint32_t to = r->route->to[i];
            w->lists[to][w->list_lengths[to]++] = r;
        }
        s->open += r->route->to_count;
        w->out++;
        counts_add(w->counts, r);
    } else if (r->verdict == VERDICT_PASS && w->stage->kind->is_end) {
        s->delivered++;
        w->out++;
        counts_add(w->counts, r);
    } else if (r->verdict != VERDICT_RETRY || !try_again(w, s, r)) {
        end_record(w, s, r);
    }
}

static bool is_within(const struct builder *w, const struct record *r, uint32_t from,
                      uint32_t n)
{
    const struct entry *first = &w->b->entries[from];

    return r->entry >= first && r->entry < first + n;
}

/* Room for what may go to each stage: a batch is built entry by entry, too. */
static void make_lists(struct builder *w, uint32_t from, uint32_t n)
{
    uint32_t stages = w->c->pipeline->stage_count;

    batch_each(r, w->b)
        w->record_count += is_within(w, r, from, n);
    w->lists = arena_alloc(w->arena, stages * sizeof(*w->lists));
    w->list_lengths = arena_zalloc(w->arena, stages * sizeof(*w->list_lengths));
    for (uint32_t i = 0; i < stages; i++)
        w->lists[i] = arena_alloc(w->arena, w->record_count * sizeof(**w->lists));
}

static void sort_records(struct builder *w, uint32_t from, uint32_t n)
{
    struct source_sums *s = NULL;

    batch_each(r, w->b) {
        if (!is_within(w, r, from, n))
            continue;
        if (!s || !str_equal(s->src, r->entry->src))
            s = sums_of(w, r->entry->src);
        sort_record(w, s, r);
    }
}

/* What the books do not know of, by the entry or because it claims another number, comes in as
 * it leaves. */
static void add_entries(struct builder *w, uint32_t from, uint32_t n)
{
    if (w->b->progress && !w->b->progress->is_last)
        return; /* held */
    for (uint32_t i = from; i < from + n; i++) {
        const struct entry *e = &w->b->entries[i];
        w->ambiguous += e->ambiguous;
        if (!e->is_booked)
            continue;
        w->booked_records += e->n;
        w->booked_bytes += (int64_t)(e->data.n ? e->data.n : e->uri.n);
    }
    w->in = (int64_t)(w->stage->kind->wants_jobs ? n : w->record_count) - w->booked_records;
}

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

static void fill_hashes(struct builder *w, struct commit *commit)
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
}

static void fill_outputs(struct builder *w, struct commit *commit)
{
    const struct pipeline *p = w->c->pipeline;
    uint32_t n = 0;

    commit->outputs = arena_zalloc(w->arena, (p->stage_count + 2) * sizeof(*commit->outputs));
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (!w->list_lengths[i])
            continue;
        struct commit_output *o = &commit->outputs[n++];
        o->key = keys_topic(w->c->keys, w->arena, p->stages[i].name);
        pack_records(w->arena, &o->pack, w->lists[i], w->list_lengths[i],
                     w->b->progress ? &w->b->entries[0].cols : NULL);
    }
    if (w->again.entries)
        commit->outputs[n++] = (struct commit_output){.key = commit->topic, .pack = w->again};
    if (w->dead.entries)
        commit->outputs[n++] = (struct commit_output){
            .key = keys_lane(w->c->keys, w->arena, "dead"), .pack = w->dead};
    commit->output_count = n;
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

void output_build(const struct output_context *c, struct batch *b, uint32_t from, uint32_t n,
                  struct commit *commit)
{
    const struct pipeline *p = c->pipeline;
    struct builder w = {.c = c, .b = b, .arena = &b->arena, .stage = &p->stages[c->stage]};

    make_lists(&w, from, n);
    w.counts = counts_new(w.arena, p, c->stage);
    sort_records(&w, from, n);
    add_entries(&w, from, n);

    str *ids = arena_alloc(w.arena, n * sizeof(*ids));
    for (uint32_t i = 0; i < n; i++)
        ids[i] = b->entries[from + i].id;
    *commit = (struct commit){
        .arena = w.arena,
        .topic = keys_topic(c->keys, w.arena, w.stage->name),
        .mode = b->progress && !b->progress->is_last ? COMMIT_HOLD
                : pipeline_keeps(w.stage)            ? COMMIT_KEEP
                                                     : COMMIT_DELETE,
        .ids = ids,
        .id_count = n,
        .progress = b->progress,
        .job_expire_ms =
            b->progress && b->progress->is_last ? c->now_ms + JOB_KEEP_DAYS * day_ms : 0,
    };
    fill_outputs(&w, commit);
    fill_hashes(&w, commit);
    fill_topic_moves(&w, commit);
}

void output_levels(const struct output_context *c, const struct commit *commit,
                   const struct commit_answer *answer,
                   void (*told)(void *ctx, uint32_t stage, int64_t bytes), void *ctx)
{
    const struct pipeline *p = c->pipeline;
    const struct commit_hash *books = &commit->hashes[0];
    uint32_t at = 1;

    if (answer->value_count < books->n)
        return;
    told(ctx, c->stage, answer->values[0]);
    for (uint32_t i = 0; i < p->stage_count && at < books->n; i++) {
        str name = p->stages[i].name, moved = books->moves[at].field;
        if (moved.n == name.n + 6 && str_starts(moved, name) && str_ends(moved, STR(":bytes")))
            told(ctx, i, answer->values[at++]);
    }
    for (; at < books->n; at++)
        if (str_is(books->moves[at].field, "dead:bytes"))
            told(ctx, p->stage_count, answer->values[at]);
}

bool output_left(const struct output_context *c, const struct commit *commit,
                 const struct commit_answer *answer, int64_t *before, int64_t *now)
{
    const struct commit_hash *books = &commit->hashes[0];
    str stage = c->pipeline->stages[c->stage].name;

    for (uint32_t i = 0; i < books->n && answer->value_count >= books->n; i++) {
        const struct commit_move *m = &books->moves[i];
        if (m->field.n != stage.n + 4 || !str_starts(m->field, stage) ||
            !str_ends(m->field, STR(":out")))
            continue;
        *now = answer->values[i];
        *before = *now - m->delta;
        return true;
    }
    return false;
}

str output_entry_json(struct arena *a, const str *fields, uint32_t n)
{
    size_t room = 2;

    for (uint32_t i = 0; i < n; i++)
        room += JSON_QUOTED_MAX(fields[i].n) + 1;
    char *start = arena_reserve(a, room), *end = start;
    *end++ = '{';
    for (uint32_t i = 0; i + 1 < n; i += 2) {
        if (i)
            *end++ = ',';
        end = json_quote(end, fields[i]);
        *end++ = ':';
        end = json_quote(end, fields[i + 1]);
    }
    *end++ = '}';
    arena_trim(a, end);
    return (str){start, (size_t)(end - start)};
}
