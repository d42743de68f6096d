#pragma once
/* The door of the dispatcher: pipelines, and one inbox entry sorted by them. */
#include "common/data/entry.h"
#include "tests/unit/check.h"
#include "tests/unit/kinds.h"
#include "workers/dispatch_door.h"

static const struct keys keys = {{"sp", 2}, {"0", 1}};

#define STAGES                                                                                 \
    "pipeline: test\n"                                                                         \
    "stages:\n"                                                                                \
    "  rows: {split: {}, high: 4KiB, low: 1KiB}\n"                                             \
    "  more: {split: {}}\n"                                                                    \
    "  tidy: {normalise: {}, high: 8KiB, low: 1KiB}\n"                                         \
    "  ship: {deliver: {}}\n"                                                                  \
    "routes:\n"                                                                                \
    "  - {from: rows, to: tidy}\n"                                                             \
    "  - {from: more, to: tidy}\n"                                                             \
    "  - {from: tidy, to: ship}\n"

/* Documents to tidy, some to ship, some nowhere; files to rows. */
static const char mixed[] = STAGES "  - {from: inbox, when: kind == 'drop', drop: unwanted}\n"
                                   "  - {from: inbox, when: kind == 'fork', to: [tidy, ship]}\n"
                                   "  - {from: inbox, when: kind == 'bad', dead: refused}\n"
                                   "  - {from: inbox, when: uri ~= nil, to: rows}\n"
                                   "  - {from: inbox, when: kind == 'doc', to: tidy}\n";
static const char files_only[] = STAGES "  - {from: inbox, to: rows}\n";
static const char two_splits[] = STAGES "  - {from: inbox, to: [rows, more]}\n";
static const char no_files[] = STAGES "  - {from: inbox, when: kind == 'x', to: rows}\n"
                                      "  - {from: inbox, when: uri ~= nil, drop: no_files}\n"
                                      "  - {from: inbox, to: [tidy, more]}\n";

struct world {
    struct arena arena;
    struct pipeline *pipeline;
    struct batch batch;
    struct entry entry;
    struct admit *admits;
};

/* `fields` ends with NULL. */
static inline void sort(struct world *w, const char *pipeline, const char *const *fields)
{
    struct findings findings = {0};
    str list[20], detail = STR_NONE;
    uint32_t n = 0;

    *w = (struct world){0};
    findings.arena = &w->arena;
    w->pipeline = pipeline_load(str_of(pipeline), STR_NONE, kinds, &findings);
    if (!w->pipeline)
        die("the pipeline is wrong: " STR_FMT, STR_ARG(findings.list[0].text));
    for (; fields[n]; n++)
        list[n] = str_of(fields[n]);
    str *kept = arena_alloc(&w->batch.arena, (n + 1) * sizeof(*kept));
    memcpy(kept, list, n * sizeof(*kept));
    const char *why = entry_decode(&w->batch.arena, &w->entry, STR("5000-7"), kept, n, &detail);
    w->batch.entries = &w->entry;
    w->batch.entry_count = 1;
    if (!why && !w->entry.uri.n)
        batch_cut(&w->batch);
    const struct door_context c = {.pipeline = w->pipeline, .keys = &keys, .now_ms = 9000};
    w->admits = door_sort(&c, &w->batch, &w->entry, why, detail);
    CHECK(w->admits != NULL);
}

static inline void done(struct world *w)
{
    pipeline_free(w->pipeline);
    arena_free(&w->batch.arena);
    arena_free(&w->arena);
}

static inline const struct admit *admit_of(const struct world *w, const char *topic)
{
    const struct admit *found = NULL;

    for (const struct admit *a = w->admits; a; a = a->next) {
        if (!str_is(a->topic, topic))
            continue;
        CHECK(!found); /* its `seen` is one a topic */
        found = a;
    }
    return found;
}

static inline str field(const struct pack_entry *e, const char *name)
{
    for (uint32_t i = 0; e && i + 1 < e->arg_count; i += 2)
        if (str_is(e->args[i], name))
            return e->args[i + 1];
    return STR_NONE;
}

static inline str data_of(const struct world *w, const char *topic)
{
    const struct admit *a = admit_of(w, topic);

    return a ? field(a->pack.first, "data") : STR_NONE;
}

#define FIELDS(...)     ((const char *const[]){__VA_ARGS__, NULL})
#define ID(row, offset) "\"sp_id\":\"" SRC "-" #row "-" #offset "\""
#define SRC             "00000000000000aa"

struct totals {
    int64_t rows, dead, filtered, open;
};

static inline struct totals totals_of(const struct world *w)
{
    struct totals t = {0};

    for (const struct admit *a = w->admits; a; a = a->next) {
        t.rows += a->rows;
        t.dead += a->dead;
        t.filtered += a->filtered;
        t.open += a->open;
    }
    return t;
}

static inline void check_totals(const struct world *w, struct totals want)
{
    struct totals got = totals_of(w);

    CHECK_INT(got.rows, want.rows);
    CHECK_INT(got.dead, want.dead);
    CHECK_INT(got.filtered, want.filtered);
    CHECK_INT(got.open, want.open);
}
