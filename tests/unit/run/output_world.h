#pragma once
/* A small pipeline, a batch behind one of its stages, and what the commit of it holds. */
#include "common/data/entry.h"
#include "common/run/output.h"
#include "tests/unit/check.h"
#include "tests/unit/kinds.h"

static const struct keys keys = {{"sp", 2}, {"0", 1}};
enum { ROWS, TIDY, SHIP, SIDE }; /* numbers of the stages */
static const uint64_t now_ms = 1800000000000, day_ms = 24 * 3600 * 1000;

static const char text[] = "pipeline: test\n"
                           "stages:\n"
                           "  rows: {split: {}}\n"
                           "  tidy: {normalise: {}}\n"
                           "  ship: {deliver: {}}\n"
                           "  side: {deliver: {}}\n"
                           "routes:\n"
                           "  - {from: inbox, to: rows}\n"
                           "  - {from: rows, to: tidy}\n"
                           "  - {from: tidy, when: kind == 'drop', drop: unwanted}\n"
                           "  - {from: tidy, when: kind == 'fork', to: [side, ship]}\n"
                           "  - {from: tidy, when: kind == 'bad', dead: refused}\n"
                           "  - {from: tidy, when: kind == 'ship', to: ship}\n"
                           "counts:\n"
                           "  kinds: {on: tidy, key: kind}\n"
                           "  arrived: {on: ship, key: kind}\n";

struct world {
    struct arena arena;
    struct pipeline *pipeline;
    struct output_context c;
    struct batch batch;
    struct commit commit;
};

static inline str uri_of(void *ctx, str src)
{
    (void)ctx;
    return str_is(src, "00000000000000aa") ? STR("file:///aa.csv") : STR_NONE;
}

static inline void open_world(struct world *w, uint32_t stage)
{
    struct findings findings = {.arena = &w->arena};

    *w = (struct world){0};
    findings.arena = &w->arena;
    w->pipeline = pipeline_load(str_of(text), STR_NONE, kinds, &findings);
    if (!w->pipeline)
        die("the pipeline is wrong: " STR_FMT, STR_ARG(findings.list[0].text));
    w->c = (struct output_context){.pipeline = w->pipeline,
                                   .stage = stage,
                                   .keys = &keys,
                                   .now_ms = now_ms,
                                   .uri_of = uri_of};
}

static inline void close_world(struct world *w)
{
    pipeline_free(w->pipeline);
    arena_free(&w->batch.arena);
    arena_free(&w->arena);
}

/* Documents of the given kinds, one an entry, as an earlier stage wrote them. */
static inline void fill(struct world *w, const struct entry *entries, uint32_t n)
{
    w->batch.entries = arena_alloc(&w->batch.arena, n * sizeof(*entries));
    memcpy(w->batch.entries, entries, n * sizeof(*entries));
    w->batch.entry_count = n;
    batch_cut(&w->batch);
}

static inline void build(struct world *w, uint32_t from, uint32_t n)
{
    output_route(&w->c, &w->batch);
    output_build(&w->c, &w->batch, from, n, &w->commit);
}

static inline const struct commit_hash *hash_of(const struct world *w, const char *key)
{
    const struct commit_hash *found = NULL;

    for (uint32_t i = 0; i < w->commit.hash_count; i++) {
        if (!str_is(w->commit.hashes[i].key, key))
            continue;
        CHECK(!found); /* once each */
        found = &w->commit.hashes[i];
    }
    return found;
}

/* "field delta field delta ..." of a hash, in order; moves of 0 are left out. */
static inline str moves_of(struct world *w, const char *key)
{
    const struct commit_hash *h = hash_of(w, key);
    str all = STR("");

    for (uint32_t i = 0; h && i < h->n; i++)
        if (h->moves[i].delta)
            all = arena_printf(&w->arena, STR_FMT "%s" STR_FMT " %" PRId64, STR_ARG(all),
                               all.n ? " " : "", STR_ARG(h->moves[i].field), h->moves[i].delta);
    return all;
}

static inline const struct commit_output *output_of(const struct world *w, const char *key)
{
    for (uint32_t i = 0; i < w->commit.output_count; i++)
        if (str_is(w->commit.outputs[i].key, key))
            return &w->commit.outputs[i];
    return NULL;
}

/* The `data` of all entries of an output, a bar between them. */
static inline str data_of(struct world *w, const char *key)
{
    const struct commit_output *o = output_of(w, key);
    str all = STR("");

    for (const struct pack_entry *e = o ? o->pack.first : NULL; e; e = e->next)
        for (uint32_t i = 0; i + 1 < e->arg_count; i += 2)
            if (str_is(e->args[i], "data"))
                all = arena_printf(&w->arena, STR_FMT "%s" STR_FMT, STR_ARG(all),
                                   all.n ? "|" : "", STR_ARG(e->args[i + 1]));
    return all;
}

#define AA STR("00000000000000aa")
#define BB STR("00000000000000bb")
#define BOOKED(name, source, number, bytes)                                                    \
    {                                                                                          \
        .id = STR(name), .src = (source), .row = (number), .at = 1000, .n = 1,                 \
        .is_booked = true, .data = STR(bytes),                                                 \
    }
