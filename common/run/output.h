#pragma once
/* From a processed batch to its commit: routes, outputs packed by topic, dead letters, books
 * and counts. Pure: it talks to nobody. */
#include "common/data/keys.h"
#include "common/io/commit.h"
#include "common/run/pipeline.h"

struct output_context { /* of one stage */
    const struct pipeline *pipeline;
    uint32_t stage; /* its number */
    const struct keys *keys;
    uint64_t now_ms;
    uint32_t rewound; /* how often the books were found rolled back, and do not say so yet */
    str (*uri_of)(void *ctx, str src); /* for dead letters; empty: unknown */
    void *uri_ctx;
    uint64_t *closed; /* of each window of the pipeline, ms: as far as we heard */
};

/* Decide where each record goes, once: a record that passed gets its route, or becomes a dead
 * letter. */
void output_route(const struct output_context *c, struct batch *b);

/* The commit of the entries `from` .. `from + n` of a routed batch, in the batch's arena: all
 * but group, consumer, low and channel. May be built again for fewer entries. */
void output_build(const struct output_context *c, struct batch *b, uint32_t from, uint32_t n,
                  struct commit *commit);

/* Bytes that wait in each topic, as the values of a commit tell: calls `told` for the input and
 * for every output. */
void output_levels(const struct output_context *c, const struct commit *commit,
                   const struct commit_answer *answer,
                   void (*told)(void *ctx, uint32_t stage, int64_t bytes), void *ctx);

/* The total of what left the stage, before this commit and behind it. False: the answer does
 * not tell. */
bool output_left(const struct output_context *c, const struct commit *commit,
                 const struct commit_answer *answer, int64_t *before, int64_t *now) MUST_CHECK;

/* An entry that cannot be understood, as a batch of one dead letter: `line` is its fields as
 * JSON. */
str output_entry_json(struct arena *a, const str *fields, uint32_t n) MUST_CHECK;
