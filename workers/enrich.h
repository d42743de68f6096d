#pragma once
/* What the files of the stage `enrich` share. Private to them. The way of a record: what the
 * condition does not hold for passes; a key is made of the others, and a `want` for each waits
 * for the answer; the batch is finished when the last of its wants is settled, or when others
 * have waited for them long enough. */
#include "common/data/script.h"
#include "common/run/metrics.h"
#include "common/run/worker.h"
#include "workers/enrich_map.h"
#include "workers/lookup_plan.h"

enum { ENRICH_BATCHES = 8 }; /* kept at the same time, those being committed included */

enum enrich_outcome {
    OUTCOME_PASS,  /* as it came */
    OUTCOME_ISSUE, /* and sp_issues says so */
    OUTCOME_DEAD,
    OUTCOME_DROP,
    OUTCOME_RETRY,
};
struct enrich_plan { /* the settings, checked and compiled */
    str when;
    const struct node *http, *set;
    str on_missing, on_failure;

    struct script *script; /* owned; NULL: no condition */
    uint32_t condition;
    struct enrich_map map;
    struct lookup_plan *lookups;
    enum enrich_outcome missing, failure;
};
struct held { /* a batch with records that wait; in its arena */
    struct held *next, **link;
    struct batch *batch;
    struct want *wants;
    uint32_t open;
    uint64_t since_us;
};
struct want {                  /* a record that waits for an answer */
    struct want *next, **link; /* of its batch; next also of the spare ones */
    struct held *held;         /* NULL: it does not wait any more */
    struct enrich *owner;
    struct record *record;
};
struct enrich {
    struct enrich_plan plan; /* first: the settings' offsets are its */
    struct worker *worker;
    struct lookup *lookup; /* NULL: there is no network here */
    struct held *held;
    struct want *spare;
    struct arena wants;  /* of all of them; they are used again */
    struct arena answer; /* of the answer at hand */
    struct timer *timer;
    bool is_stopping;
    struct metric *found, *missing, *failed, *skipped, *no_key;
};

/* enrich_plan.c */
extern const struct setting enrich_settings[];
/* Fills what the settings say; all mistakes go to `f`. All in `a` but for the script. */
void enrich_plan_load(struct enrich_plan *p, const struct node *config, str name,
                      struct arena *a, struct findings *f);
void enrich_plan_free(struct enrich_plan *p);

/* enrich_settle.c: what becomes of a record. */
void enrich_found(struct enrich *s, struct batch *b, struct record *r, str members);
void enrich_missing(struct enrich *s, struct batch *b, struct record *r, str detail);
void enrich_no_key(struct enrich *s, struct batch *b, struct record *r,
                   const struct url_expanded *e);
void enrich_failed(struct enrich *s, struct batch *b, struct record *r,
                   const struct lookup_answer *a);
