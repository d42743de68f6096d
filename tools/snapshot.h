#pragma once
/* What a pipeline does right now, read from Redis: the books, the heads of the topics, the
 * heartbeats. For top, and for whoever else wants to show it. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/data/keys.h"
#include "common/run/pipeline.h"

struct redis;
struct snapshot_stage {
    str name, kind;
    uint64_t in, out, dead, filtered;    /* totals of the books */
    uint64_t records, bytes, high_bytes; /* waiting; mark at which its feeders stop */
    uint64_t oldest_ms;                  /* age of the head of its topic; 0: it is empty */
    uint64_t workers;                    /* of its kind */
    str held_by;                         /* an output that is at its mark, or empty */
};
struct snapshot {
    uint64_t at_ms; /* by the clock of Redis */
    uint64_t version, inbox, dead_records, dead_bytes, workers;
    bool has_dispatcher;
    struct snapshot_stage *stages; /* in the order of the pipeline file */
    uint32_t stage_count;
};

/* The applied pipeline; pipeline_free() it. ERR_CONFIG: none is applied. */
int snapshot_pipeline(struct redis *r, const struct keys *k, const struct stage *const *kinds,
                      struct arena *a, struct pipeline **pipeline,
                      struct error *err) MUST_CHECK;
/* All of it in `a`; one command a stage and a worker. */
int snapshot_take(struct redis *r, const struct keys *k, const struct pipeline *p,
                  struct arena *a, struct snapshot *s, struct error *err) MUST_CHECK;

enum snapshot_state { STAGE_OK, STAGE_BEHIND, STAGE_HELD, STAGE_ALONE };
enum snapshot_state snapshot_state(const struct snapshot_stage *s);
uint32_t snapshot_fill(const struct snapshot_stage *s); /* per cent of the high mark */
