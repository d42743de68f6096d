#pragma once
/* What rules make of a record, through the whole stage. */
#include "common/data/json.h"
#include "common/data/yaml.h"
#include "tests/unit/check.h"
#include "workers/stages.h"

static str uri;

static inline bool fake_source(struct worker *w, str src, struct source_info *info)
{
    (void)w, (void)src;
    *info = (struct source_info){.uri = uri};
    return uri.n > 0;
}

static const struct host host = {.source = fake_source};

struct rules_case {
    const char *config, *cols, *line;
    const char *want; /* behind sp_id; "!reason" of a dead letter */
};

struct rules_rig { /* the stage, open, and a batch for it */
    struct arena arena;
    struct worker worker;
    struct entry entry;
    struct batch batch;
};

static inline void rig_open(struct rules_rig *g, const char *config, const char *cols)
{
    struct error err = {0};
    struct findings findings = {.arena = &g->arena};
    struct worker *w = &g->worker;

    *w = (struct worker){.stage = &stage_normalise, .arena = &g->arena, .host = &host};
    w->config = yaml_load(&g->arena, str_of(config), &err);
    w->state = arena_zalloc(&g->arena, stage_normalise.state_size);
    CHECK_STR(str_of(err.text), STR(""));
    setting_fill(stage_normalise.settings, w->config, w->state, &findings);
    stage_normalise.check(w->state, w->config, &findings);
    for (uint32_t i = 0; i < findings.n; i++)
        CHECK_STR(findings.list[i].text, STR(""));
    CHECK_INT(stage_normalise.open(w, &err), 0);
    g->entry = (struct entry){
        .src = STR("0123456789abcdef"), .cols = str_of(cols), .row = 7, .at = 1700000000000};
}

static inline void rig_free(struct rules_rig *g)
{
    stage_normalise.close(&g->worker);
    arena_free(&g->batch.arena);
    arena_free(&g->arena);
}

static inline void rig_check(struct rules_rig *g, const char *line, const char *want)
{
    const str id = STR("{\"sp_id\":\"0123456789abcdef-9-");
    size_t at;

    g->batch.records = NULL;
    g->batch.record_count = g->batch.record_room = 0;
    struct record *r = batch_emit(&g->batch, &g->entry, str_of(line), 2);
    stage_normalise.process(&g->worker, &g->batch);
    if (want[0] == '!') {
        CHECK_STR(r->reason, str_of(want + 1));
        return;
    }
    CHECK_STR(str_of(json_check(r->line, NULL, &at)), STR(""));
    CHECK(str_starts(r->line, id));
    str got = {r->line.p + id.n, r->line.n - id.n};
    (void)str_cut(&got, '"'); /* the offset, 0 of a document */
    CHECK_STR(got, str_of(want));
}

static inline void check_case(const struct rules_case *c)
{
    struct rules_rig g = {0};

    rig_open(&g, c->config, c->cols);
    rig_check(&g, c->line, c->want);
    rig_free(&g);
}

static inline void check_cases(const struct rules_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_case(&cases[i]);
}
