#include "common/run/output.h"

#include "common/data/json.h"
#include "common/run/output_build.h"

static const uint64_t day_ms = 24 * 3600 * 1000;
enum { JOB_KEEP_DAYS = 7 }; /* a job, after its end */

void output_route(const struct output_context *c, struct batch *b)
{
    const struct pipeline_stage *stage = &c->pipeline->stages[c->stage];

    if (stage->kind->is_end || b->is_cut)
        return;
    bool reduces = pipeline_reduces(c->pipeline, c->stage);
    batch_each(r, b) {
        if (r->verdict == VERDICT_PASS && !reduces)
            r->route = route_match(&c->pipeline->routes, stage->name, r, &b->arena);
    }
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

void output_build(const struct output_context *c, struct batch *b, uint32_t from, uint32_t n,
                  struct commit *commit)
{
    const struct pipeline *p = c->pipeline;
    struct builder w = {.c = c, .b = b, .arena = &b->arena, .stage = &p->stages[c->stage]};

    w.counts = counts_new(w.arena, p, c->stage);
    w.parts = parts_new(w.arena, c, b);
    w.windows = parts_sums(w.parts, &part_windows);
    w.reduces = pipeline_reduces(p, c->stage);
    output_sort(&w, from, n);

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
    output_fill_books(&w, commit);
    parts_build(w.parts, commit);
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
