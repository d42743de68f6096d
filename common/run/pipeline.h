#pragma once
/* The pipeline file, checked and compiled: stages, routes, counts. One loader for check, apply,
 * run and the workers, so that they cannot disagree. */
#include "common/base/arena.h"
#include "common/data/findings.h"
#include "common/data/node.h"
#include "common/data/route.h"
#include "common/run/retry.h"
#include "common/run/window.h"
#include "common/run/worker.h"

struct once_rule { /* dedupe: one record a key and time leaves the stage */
    const str *members;
    uint32_t member_count; /* 0: off */
    uint64_t within_ms;
};
struct pipeline_stage {
    str name;
    const struct stage *kind;
    const struct node *config;      /* under the kind's key */
    uint64_t high_bytes, low_bytes; /* marks of its topic */
    struct retry_policy retry;
    uint64_t keep_ms, keep_bytes; /* what is settled stays so long, or while all of the topic
                                     takes so much; 0: no such bound; both: it goes at once */
    struct once_rule once;
};
static inline bool pipeline_keeps(const struct pipeline_stage *s)
{
    return s->keep_ms || s->keep_bytes;
}
struct pipeline_count { /* counts: a row of sp:{lane}:count:<name>:<window> */
    str name;
    uint32_t on;       /* number of the stage whose records count when they leave it */
    str key;           /* member whose text is the field; absent or null counts as `~none` */
    str time;          /* member with the event time, RFC 3339 or epoch; empty: accept time */
    uint64_t every_ms; /* width of a window; 0: one window, named `total` */
    bool replays;      /* what went through before counts again */
    uint64_t keep_ms;  /* a window's hash expires this long after its end; 0: never */
};
struct pipeline_table { /* tables: sp:{lane}:table:<name>, written by records of a stage */
    str name;
    uint32_t on;          /* number of the stage that they leave */
    const str *key, *set; /* members: of the row's name, and of its value */
    uint32_t key_count, set_count;
    str time;     /* member with the event time; empty: accept time, and replays do not write */
    uint64_t max; /* rows; new ones beyond it are not stored */
    bool reduces; /* the records end here */
};
struct pipeline_test {                  /* tests: what is to become of a record */
    str name, stage, from;              /* stage: alone; from: along the routes; one of them */
    str file;                           /* that it was read from; may be empty */
    const struct node *in, *row, *cols; /* a document, or a row and its columns */
    const struct node *out, *issues;    /* NULL: not said */
    const struct node *replies;         /* stage to what it is answered; NULL: none */
    str to, dead, dropped;
    const struct node *node; /* all of it */
};
/* The keys of the file, of a stage (beside the one of its kind), a route, a table, a test. */
extern const struct setting pipeline_settings[], pipeline_stage_settings[],
    pipeline_route_settings[], pipeline_window_settings[], pipeline_table_settings[],
    pipeline_test_settings[];
struct pipeline_dead { /* how long dead letters stay, and how many bytes of them; 0: no bound */
    uint64_t keep_ms, high_bytes;
    bool drops_oldest; /* at `high`; else nothing new comes in */
};
struct pipeline {
    struct arena arena; /* all of it */
    str name;
    uint64_t version; /* 0 until applied */
    struct pipeline_stage *stages;
    uint32_t stage_count;
    struct routes routes;
    struct script *script; /* owned */
    struct pipeline_count *counts;
    uint32_t count_count;
    struct pipeline_window *windows;
    uint32_t window_count; /* at most 64 */
    struct pipeline_table *tables;
    uint32_t table_count;
    struct pipeline_dead dead;
    struct pipeline_test *tests;
    uint32_t test_count;
    const struct node *root;
};

bool pipeline_is_name(str s); /* of stages, counts, tables: [a-z][a-z0-9_-]{0,63} */

/* Load a file's text; files that it names are in `folder`, the present one when that is empty.
 * `kinds`: the stages of this program, ends with NULL. With errors in `f` the result is NULL;
 * warnings alone do not stop it. */
struct pipeline *pipeline_load(str text, str folder, const struct stage *const *kinds,
                               struct findings *f) MUST_CHECK;
void pipeline_free(struct pipeline *p);
const struct pipeline_stage *pipeline_find(const struct pipeline *p, str name,
                                           uint32_t *number);

/* Do records of the stage end there, in a window? */
bool pipeline_reduces(const struct pipeline *p, uint32_t stage);

/* What stands in sp:pipeline: {"version":3,"applied_at":ms,"pipeline":{...}}. */
bool pipeline_to_json(const struct pipeline *p, uint64_t version, uint64_t now_ms,
                      struct buf *out) MUST_CHECK;
struct pipeline *pipeline_from_json(str text, const struct stage *const *kinds,
                                    struct error *err) MUST_CHECK;
